"""A real ComfyUI server on loopback: started, watched and ended by the one who started it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from . import layout
from .client import Client
from .comfyui import ComfyUI
from .errors import LauncherError, quoted
from .link import installed_in, link_pack, unlink_folder
from .process import clean_environment

HOST = "127.0.0.1"
START_SECONDS = 300  # the first start compiles every module of torch and ComfyUI
STOP_SECONDS = 15  # more than the guard's own patience
LOG_LINES = 25
GUARD = layout.ROOT / "launcher" / "guarded.py"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DEVICE_PROBE = """
import torch
xpu = getattr(torch, "xpu", None)
found = torch.cuda.is_available() or torch.backends.mps.is_available() or (xpu and xpu.is_available())
print("gpu" if found else "cpu")
"""


class Server:
    """A ComfyUI process with the pack linked in. Use as a context manager, or start() and stop().

    Everything that ComfyUI writes goes under `folder`, its log to folder/comfyui.log. With `only_prism` no other
    custom node of that ComfyUI is loaded.
    """

    def __init__(self, comfyui: ComfyUI, folder: Path, port: int, *, pack: Path = layout.ROOT,
                 only_prism: bool = True, options: Sequence[str] = ()) -> None:
        self.comfyui = comfyui
        self.folder = folder
        self.port = port
        self.pack = pack
        self.only_prism = only_prism
        self.options = tuple(options)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{HOST}:{self.port}"

    @property
    def client(self) -> Client:
        """A new connection, with an id of its own."""
        return Client(HOST, self.port)

    @property
    def log(self) -> Path:
        """Everything that ComfyUI printed in this run."""
        return self.folder / "comfyui.log"

    @property
    def output(self) -> Path:
        """Where this server's save nodes write."""
        return self.folder / "output"

    def start(self, seconds: float = START_SECONDS) -> Server:
        """Start ComfyUI and wait until it answers with the pack loaded; LauncherError with its log if it does not."""
        check_port(self.port)
        command = self.command()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.comfyui.root, env=self.variables(), stdin=subprocess.PIPE, stdout=log,
                stderr=subprocess.STDOUT, **own_group())
        try:
            self.wait_until_ready(seconds)
        except BaseException:
            self.stop()
            raise
        return self

    def command(self) -> list[str]:
        """ComfyUI's command line, after making the folders that it names."""
        folders = {name: self.folder / name for name in ("output", "input", "user")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        installed = installed_in(self.comfyui.root / "custom_nodes", self.pack)
        linked = () if installed else ("--extra-model-paths-config", str(link_pack(self.folder, self.pack)))
        alone = ("--disable-all-custom-nodes", "--whitelist-custom-nodes", self.pack_name)
        return [
            str(self.comfyui.python), str(GUARD), "main.py", "--listen", HOST, "--port", str(self.port),
            "--disable-auto-launch", "--disable-api-nodes", *linked, *(alone if self.only_prism else ()),
            *(part for kind, folder in folders.items() for part in (f"--{kind}-directory", str(folder))),
            "--temp-directory", str(self.folder), "--database-url", f"sqlite:///{self.folder / 'comfyui.db'}",
            *device_options(self.comfyui.python), *self.options,
        ]

    def variables(self) -> dict[str, str]:
        """The process's environment: nothing is fetched, and a person's own ComfyUI gets no bytecode from us."""
        # An empty value unsets it: without bytecode every start compiles a few thousand modules again.
        extra = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "HF_HUB_OFFLINE": "1",
                 "PYTHONDONTWRITEBYTECODE": ""}
        if self.comfyui.foreign:
            extra["PYTHONPYCACHEPREFIX"] = str(layout.BUILD / "bytecode")
        return clean_environment(extra)

    def wait_until_ready(self, seconds: float) -> None:
        """Return once the server answers; LauncherError if the process ends, hangs or could not load the pack."""
        deadline = time.monotonic() + seconds
        while not self.client.answers():
            self.check_alive()
            if time.monotonic() > deadline:
                raise self.failure(f"did not answer within {seconds:.0f} seconds")
            time.sleep(0.1)
        if any("(IMPORT FAILED)" in line and self.pack_name in line for line in self.log_lines()):
            raise self.failure("could not load the PRISM nodes")

    @property
    def pack_name(self) -> str:
        """The folder name under which this ComfyUI sees the pack."""
        return installed_in(self.comfyui.root / "custom_nodes", self.pack) or layout.PACK

    def check_alive(self) -> None:
        """Raise LauncherError with the end of the log if the process has ended."""
        if self.process is None or self.process.poll() is not None:
            code = "was never started" if self.process is None else f"ended with exit code {self.process.returncode}"
            raise self.failure(code)

    def failure(self, what: str) -> LauncherError:
        """An error that says what happened and shows the end of the log."""
        return LauncherError(
            f"ComfyUI {self.comfyui.version} {what}. The end of its log:\n{quoted(self.log_lines()[-LOG_LINES:])}\n"
            f"The whole log is {self.log}. If ComfyUI cannot import a package, delete {layout.ENVIRONMENT} and run the "
            "same command again.")

    def log_lines(self) -> list[str]:
        """The log so far; a progress bar counts as one line, in its last state."""
        if not self.log.exists():
            return []
        text = COLOUR.sub("", self.log.read_text(encoding="utf-8", errors="replace"))
        return [line.rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n") if line.strip()]

    def wait(self) -> None:
        """Return when the server ends by itself; LauncherError with its log, since nobody asked it to."""
        while True:
            self.check_alive()
            time.sleep(0.5)  # waiting on the process itself would keep Ctrl-C away on Windows

    def stop(self) -> None:
        """End the process that start() made, politely first, and take the link to the pack away."""
        unlink_folder(self.folder / "custom_nodes" / layout.PACK)
        if self.process is None:
            return
        assert self.process.stdin is not None
        for end in (self.process.stdin.close, self.process.terminate, self.process.kill):
            end()  # the first one is how launcher/guarded.py is asked to end, politely
            try:
                self.process.wait(STOP_SECONDS)
                return
            except subprocess.TimeoutExpired:
                continue


def own_group() -> dict[str, object]:
    """Popen options that keep the terminal's Ctrl-C for the launcher, which then ends the server itself."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def device_options(python: Path) -> tuple[str, ...]:
    """("--cpu",) where torch sees no accelerator: without it ComfyUI gives up on such a machine."""
    probe = subprocess.run([str(python), "-c", DEVICE_PROBE], env=clean_environment(), capture_output=True,
                           text=True, stdin=subprocess.DEVNULL)
    return () if probe.stdout.strip() == "gpu" else ("--cpu",)


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def check_port(port: int) -> None:
    """Raise LauncherError if the port cannot be listened on."""
    with socket.socket() as probe:
        if os.name != "nt":
            # A port on which a server has just ended counts as free, as it does for ComfyUI itself.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as problem:
            raise LauncherError(
                f"Port {port} cannot be used ({problem}): most likely another program, perhaps another ComfyUI, "
                "listens on it.\nStop that program or choose another port with --port NUMBER.") from problem
