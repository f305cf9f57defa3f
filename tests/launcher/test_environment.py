from __future__ import annotations

import importlib.util
import os
import shutil
import time
import venv
from pathlib import Path

import pytest

from launcher import environment
from launcher.environment import NEEDED_BYTES, Environment, check_disk, check_ensurepip, install_error
from launcher.errors import LauncherError

MISSING = "prism-no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n"


STUB = """
import pathlib, sys
with open(pathlib.Path(sys.prefix) / "calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
"""


@pytest.fixture
def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment that needs nothing from the network: both requirement files are empty."""
    for name in ("run.txt", "uv.txt"):
        (tmp_path / name).write_text("# nothing\n", encoding="ascii")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 0, NEEDED_BYTES))
    return Environment(tmp_path / "venv", tmp_path / "run.txt", tmp_path / "uv.txt")


@pytest.fixture
def small(plain: Environment, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """The same with a pip that only notes its arguments: the real one takes seconds to do nothing."""
    def create(path: Path) -> None:
        venv.create(path, clear=True, symlinks=os.name != "nt")
        packages = next(path.rglob("site-packages"))
        (packages / "pip").mkdir()
        (packages / "pip" / "__init__.py").touch()
        (packages / "pip" / "__main__.py").write_text(STUB, encoding="ascii")
    monkeypatch.setattr(environment, "create", create)
    return plain


def calls(made: Environment) -> list[str]:
    """How pip was called in an environment, call by call."""
    return (made.path / "calls").read_text(encoding="utf-8").splitlines()


def test_finished_environment_costs_milliseconds(small: Environment) -> None:
    said: list[str] = []
    assert small.ensure(said.append) == small.python and small.python.exists()
    assert said

    said.clear()
    start = time.perf_counter()
    assert small.ensure(said.append) == small.python
    assert time.perf_counter() - start < 0.1 and not said


def test_interrupted_install_goes_on_in_the_same_environment(small: Environment) -> None:
    small.ensure(lambda line: None)
    small.stamp.unlink()
    (small.path / "kept").touch()
    small.ensure(lambda line: None)
    assert small.ready() and (small.path / "kept").exists()


def test_half_made_environment_is_made_again(small: Environment) -> None:
    small.python.parent.mkdir(parents=True)
    small.python.write_text("not a program", encoding="ascii")
    small.python.chmod(0o755)
    small.ensure(lambda line: None)
    assert small.ready() and environment.starts(small.python)


def test_changed_requirements_are_installed(small: Environment) -> None:
    small.ensure(lambda line: None)
    small.requirements.write_text("# nothing, in other words\n", encoding="ascii")
    assert not small.ready()
    small.ensure(lambda line: None)
    assert small.ready()


def test_line_endings_do_not_count_as_a_change(small: Environment) -> None:
    before = small.fingerprint()
    small.requirements.write_bytes(b"# nothing\r\n")
    assert small.fingerprint() == before


def test_installs_by_hash_and_falls_back_to_pip_where_uv_does_not_run(small: Environment) -> None:
    small.ensure(lambda line: None)
    first, second = calls(small)
    assert "--require-hashes" in first and first.endswith("uv.txt")
    assert "--require-hashes" in second and second.endswith("run.txt")


def test_no_network_on_the_first_run(plain: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    plain.requirements.write_text(MISSING, encoding="ascii")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(LauncherError, match="needs the network.*run the same command again"):
        plain.ensure(lambda line: None)
    assert not plain.ready()


def test_uv_without_network_is_recognised() -> None:
    lines = ["error: Failed to fetch: `http://127.0.0.1:9/simple/torch/`",
             "  Caused by: error sending request for url", "  Caused by: client error (Connect)"]
    assert "could not be downloaded" in str(install_error(lines))
    assert "No space left" in str(install_error(["error: failed to copy", "  Caused by: No space left on device"]))


def test_too_little_disk_is_refused_only_when_installing(small: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    small.ensure(lambda line: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, NEEDED_BYTES - 1))
    small.ensure(lambda line: None)
    small.stamp.unlink()
    with pytest.raises(LauncherError, match="7.0 GB are free.*needs 7 GB"):
        small.ensure(lambda line: None)


def test_disk_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LauncherError) as error:
        check_disk(6_500_000_000, tmp_path)
    assert "6.5 GB are free" in str(error.value) and "--comfyui PATH" in str(error.value)
    check_disk(NEEDED_BYTES, tmp_path)


def test_python_without_ensurepip(small: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ensurepip" else real(name, *rest))
    with pytest.raises(LauncherError, match="without ensurepip") as error:
        small.ensure(lambda line: None)
    assert "apt install python3-venv" in str(error.value)
    assert not small.path.exists()


def test_ensurepip_is_here() -> None:
    check_ensurepip()


def test_python_that_is_too_new_for_torch(small: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 15, 0, "final", 0))
    with pytest.raises(LauncherError, match="too new: torch"):
        small.ensure(lambda line: None)


def test_requirements_hold_no_addresses() -> None:
    for file in environment.layout.REQUIREMENTS.glob("*.txt"):
        text = file.read_text(encoding="ascii")
        assert "://" not in text and "--hash=sha256:" in text and "uv pip compile" in text
