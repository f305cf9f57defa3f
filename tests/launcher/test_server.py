"""The server's life with a stand-in for ComfyUI's main.py. tests/server has the real one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher import layout, server
from launcher.comfyui import ComfyUI
from launcher.errors import LauncherError
from launcher.link import installed_in, link_folder, link_pack, unlink_folder
from launcher.server import GUARD, HOST, Server, check_port, free_port

ANSWERING = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
print("   0.1 seconds%s: x/custom_nodes/prism", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Server]:
    """A server whose main.py is the given program."""
    def make(program: str) -> Server:
        root = tmp_path / "ComfyUI"
        root.mkdir()
        (root / "main.py").write_text(program, encoding="ascii")
        (root / "comfyui_version.py").write_text('__version__ = "0.99.0"\n', encoding="ascii")
        return Server(ComfyUI(root, Path(sys.executable)), tmp_path / "run", free_port())
    monkeypatch.setattr(server, "device_options", lambda python: ())
    return make


def test_comfyui_that_fails_shows_the_end_of_its_log(fake: Callable[[str], Server]) -> None:
    failing = fake("import sys\nprint('\\033[31mModuleNotFoundError: No module named torchsde\\033[0m')\nsys.exit(3)")
    with pytest.raises(LauncherError) as error:
        failing.start()
    text = str(error.value)
    assert "ComfyUI 0.99.0 ended with exit code 3" in text
    assert "| ModuleNotFoundError: No module named torchsde\n" in text and str(failing.log) in text


def test_comfyui_that_hangs_is_ended(fake: Callable[[str], Server]) -> None:
    hanging = fake("import time\nprint('Starting', flush=True)\ntime.sleep(60)")
    with pytest.raises(LauncherError, match="did not answer within 1 seconds"):
        hanging.start(seconds=1)
    assert hanging.process.poll() is not None


def test_pack_that_does_not_load_is_an_error(fake: Callable[[str], Server]) -> None:
    broken = fake(ANSWERING % " (IMPORT FAILED)")
    with pytest.raises(LauncherError, match="could not load the PRISM nodes"):
        broken.start()
    assert broken.process.poll() is not None


def test_server_starts_and_is_gone_afterwards(fake: Callable[[str], Server]) -> None:
    with fake(ANSWERING % "") as running:
        assert running.client.answers() and (running.folder / "custom_nodes" / "prism" / "run.py").exists()
    assert running.process.poll() is not None and not running.client.answers()
    assert not (running.folder / "custom_nodes" / "prism").exists()
    check_port(running.port)


def test_server_does_not_outlive_a_killed_starter(tmp_path: Path) -> None:
    program = tmp_path / "main.py"
    program.write_text("import sys, time\nprint(sys.path[0], sys.argv[1:], flush=True)\ntime.sleep(60)", encoding="ascii")
    starter = ("import subprocess, sys, time\n"
               f"child = subprocess.Popen([sys.executable, {str(GUARD)!r}, {str(program)!r}, 'x'], stdin=subprocess.PIPE)\n"
               "time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout.readline().strip() == f"{tmp_path} ['x']"
        killed.kill()
        # The pipe that the child inherited ends only with the child.
        assert killed.stdout.read() == ""


def test_server_that_ends_by_itself_is_reported(fake: Callable[[str], Server]) -> None:
    with fake(ANSWERING % "") as running:
        running.process.kill()
        with pytest.raises(LauncherError, match="ended with exit code"):
            running.wait()


def test_command_keeps_comfyui_offline_and_its_files_together(fake: Callable[[str], Server], tmp_path: Path) -> None:
    command = fake("").command()
    assert {"--disable-api-nodes", "--disable-auto-launch", "--disable-all-custom-nodes"} <= set(command)
    for option in ("--output-directory", "--input-directory", "--user-directory", "--temp-directory"):
        assert Path(command[command.index(option) + 1]).is_relative_to(tmp_path / "run")
    assert str(tmp_path / "run") in command[command.index("--database-url") + 1]


def test_foreign_comfyui_gets_no_bytecode(tmp_path: Path) -> None:
    foreign = Server(ComfyUI(tmp_path, Path(sys.executable), foreign=True), tmp_path / "run", 1)
    assert Path(foreign.variables()["PYTHONPYCACHEPREFIX"]).is_relative_to(layout.BUILD)


def test_pythonpath_does_not_reach_comfyui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(layout.ROOT))
    assert "PYTHONPATH" not in Server(ComfyUI(tmp_path, Path(sys.executable)), tmp_path, 1).variables()


def test_taken_port(fake: Callable[[str], Server]) -> None:
    refused = fake("")
    with socket.socket() as other:
        other.bind((HOST, refused.port))
        other.listen()
        with pytest.raises(LauncherError, match=f"Port {refused.port} cannot be used") as error:
            refused.start()
    assert refused.process is None and "--port NUMBER" in str(error.value)


def test_free_port_is_free() -> None:
    check_port(free_port())


def test_link_shows_the_pack_and_nothing_beside_it(tmp_path: Path) -> None:
    pack = tmp_path / "checkouts" / "prism-clone"
    pack.mkdir(parents=True)
    (pack / "__init__.py").touch()
    (tmp_path / "checkouts" / "other").mkdir()
    paths = link_pack(tmp_path / "run \u00e9", pack)
    folder = Path(json.loads(paths.read_text(encoding="utf-8"))["prism"]["custom_nodes"])
    assert [entry.name for entry in folder.iterdir()] == ["prism"] and (folder / "prism" / "__init__.py").exists()
    link_pack(tmp_path / "run \u00e9", pack)
    assert installed_in(folder, pack) == "prism" and installed_in(tmp_path / "nowhere", pack) is None


def test_unlinking_leaves_the_target(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "file").touch()
    link_folder(tmp_path / "pack", tmp_path / "link")
    unlink_folder(tmp_path / "link")
    unlink_folder(tmp_path / "link")
    assert (tmp_path / "pack" / "file").exists() and not os.path.lexists(tmp_path / "link")
