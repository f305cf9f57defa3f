"""The Python environment: made once, checked in a millisecond, resumed where an install was cut off."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import layout
from .errors import LauncherError, quoted
from .process import clean_environment, run_shown
from .python_version import complaint, platform_complaint

NEEDED_BYTES = 7 * 10**9
NETWORK_SIGNS = (
    "error sending request", "dns error", "failed to lookup", "client error (connect)", "tcp connect error",
    "connection refused", "network is unreachable", "name resolution", "newconnectionerror", "operation timed out",
    "connecttimeout", "getaddrinfo failed", "tunnel error", "no matching distribution found", "proxyerror",
)

Report = Callable[[str], None]


@dataclass(frozen=True)
class Environment:
    """A virtual environment that holds exactly what a hashed requirements file lists."""

    path: Path = layout.ENVIRONMENT
    requirements: Path = layout.REQUIREMENTS / "run.txt"
    installer: Path = layout.REQUIREMENTS / "uv.txt"

    @property
    def python(self) -> Path:
        """Its interpreter, whether or not it exists yet."""
        return environment_python(self.path)

    @property
    def stamp(self) -> Path:
        """A file that exists only once everything is installed; it holds the requirements' fingerprint."""
        return self.path / "prism-installed"

    def fingerprint(self) -> str:
        """What the stamp must hold for the environment to count as finished."""
        # Line endings are left out: a checkout on Windows may have turned them round.
        return hashlib.sha256(self.requirements.read_bytes().replace(b"\r\n", b"\n")).hexdigest()

    def ready(self) -> bool:
        """Whether nothing is left to install. The interpreter itself may have gone with a system upgrade."""
        return (self.python.exists() and self.stamp.is_file()
                and self.stamp.read_text(encoding="ascii").strip() == self.fingerprint())

    def ensure(self, report: Report = print) -> Path:
        """The environment's Python, after installing whatever is missing.

        Raises LauncherError where the Python, the disk, venv or the network does not allow it.
        """
        if self.ready():
            return self.python
        check_machine(self.path.parent)
        if not starts(self.python):
            check_ensurepip()
            report(f"Making the Python environment in {self.path}")
            create(self.path)
        self.install(report)
        partial = self.stamp.with_suffix(".partial")
        partial.write_text(self.fingerprint(), encoding="ascii")
        os.replace(partial, self.stamp)
        report("The environment is ready.")
        return self.python

    def install(self, report: Report) -> None:
        """Install the requirements with uv, or with pip where uv cannot be had or cannot reach the packages."""
        report("Installing packages (about 5 GB on Linux, less elsewhere); this is needed once.")
        show = indented(report)
        hashed = ("--require-hashes", "--requirement")
        pip = (self.python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", *hashed)
        code, lines = run_shown((*pip, self.installer), show)
        if code == 0:
            uv = (self.python, "-m", "uv", "pip", "install", "--python", self.python, *hashed, self.requirements)
            code, lines = run_shown(uv, show)
        if code != 0:
            # uv does not read pip's settings: where those name the only reachable index, pip still gets through.
            report("Trying once more with pip.")
            code, lines = run_shown((*pip, self.requirements), show)
        if code != 0:
            raise install_error(lines, "Run the same command again; if it fails in the same place, delete "
                                       f"{self.path} and try once more.")


def environment_python(path: Path) -> Path:
    """The interpreter of the virtual environment at `path`, whether or not it exists."""
    return path / "Scripts" / "python.exe" if os.name == "nt" else path / "bin" / "python"


def starts(python: Path) -> bool:
    """Whether an interpreter runs and has pip; an environment cut off while being made does not."""
    try:
        probe = subprocess.run([str(python), "-c", "import pip"], env=clean_environment(),
                               stdin=subprocess.DEVNULL, capture_output=True)
    except OSError:
        return False
    return probe.returncode == 0


def create(path: Path) -> None:
    """Make a virtual environment with pip, in place of a broken one if need be."""
    code, lines = run_shown((sys.executable, "-m", "venv", "--clear", path), lambda line: None)
    if code != 0:
        raise LauncherError(
            f"Python could not make a virtual environment in {path}:\n{quoted(lines[-10:])}\n{VENV_REMEDY}")


def check_machine(folder: Path) -> None:
    """Raise LauncherError where the pinned packages cannot be installed by this Python into this folder."""
    problem = complaint(sys.version_info, installing=True) or platform_complaint(
        platform.system(), platform.machine(), struct.calcsize("P") * 8)
    if problem:
        raise LauncherError(problem)
    check_disk(shutil.disk_usage(folder).free, folder)


def check_disk(free: int, folder: Path) -> None:
    """Raise LauncherError if `free` bytes do not hold the environment."""
    if free < NEEDED_BYTES:
        raise LauncherError(
            f"{free / 1e9:.1f} GB are free on the disk of {folder}, and the environment needs "
            f"{NEEDED_BYTES / 1e9:.0f} GB (PyTorch is most of it).\n"
            "Free some space, move the checkout to a larger disk, or use an existing ComfyUI with its own Python:\n"
            "    python3 run.py demo --comfyui PATH")


VENV_REMEDY = (
    "On Debian and Ubuntu:  sudo apt install python3-venv\n"
    "Elsewhere install Python from its official installer or with your package manager's full package.")


def check_ensurepip() -> None:
    """Raise LauncherError if this Python cannot put pip into a virtual environment."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise LauncherError(
            f"This Python ({sys.executable}) comes without {' and '.join(missing)}, "
            f"so it cannot make a virtual environment.\n{VENV_REMEDY}")


def install_error(lines: list[str], remedy: str = "Run the same command again.") -> LauncherError:
    """The error for an installer that gave up with these last lines; `remedy` for causes other than the network."""
    said = "\n".join(lines).lower()
    if any(sign in said for sign in NETWORK_SIGNS):
        return LauncherError(
            f"The packages could not be downloaded:\n{quoted(lines[-3:])}\n"
            "The first run needs the network (later ones do not). Check the connection, the proxy settings or the "
            "package index that pip is configured for, then run the same command again: it goes on where it stopped.")
    return LauncherError(f"Installing failed:\n{quoted(lines[-15:])}\n{remedy}")


def indented(report: Report) -> Report:
    """Report the lines of an installer's output that tell progress, set apart from the launcher's own."""
    idle = ("Ignoring ", "Requirement already satisfied", "Using cached", "+ ", "[notice]")

    def show(line: str) -> None:
        if not line.strip().startswith(idle):
            report(f"  {line}")
    return show
