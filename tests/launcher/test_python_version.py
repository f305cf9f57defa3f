from __future__ import annotations

import ast
import re
import sys

import pytest

from launcher import layout
from launcher.python_version import NEWEST, OLDEST, TORCH, complaint, platform_complaint


def test_supported_versions_are_accepted() -> None:
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        assert complaint((3, minor, 1), installing=True) is None


@pytest.mark.parametrize("installing", [False, True])
def test_too_old_python_is_told_what_to_install(installing: bool) -> None:
    text = complaint((3, 9, 18, "final", 0), installing)
    assert "Python 3.9.18" in text and "too old" in text and sys.executable in text
    assert "use it" in text or "Install Python 3.10 to 3.14" in text


def test_too_new_python_matters_only_for_installing_torch() -> None:
    text = complaint((3, 15, 0), installing=True)
    assert "too new" in text and TORCH in text
    assert complaint((3, 15, 0), installing=False) is None


def test_platforms_without_torch() -> None:
    assert "Intel Macs" in platform_complaint("Darwin", "x86_64", 64)
    assert "64-bit" in platform_complaint("Windows", "AMD64", 32)
    for system, machine in (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64")):
        assert platform_complaint(system, machine, 64) is None


def test_torch_is_the_one_that_is_pinned() -> None:
    pinned = re.search(r"^torch==(\S+)", (layout.REQUIREMENTS / "run.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and pinned.group(1) == TORCH


@pytest.mark.parametrize("name", ["run.py", "launcher/__init__.py", "launcher/python_version.py"])
def test_what_runs_before_the_version_check_parses_on_old_pythons(name: str) -> None:
    source = (layout.ROOT / name).read_text(encoding="ascii")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source
