"""Runs the tests below inside/ in processes of their own that hold ComfyUI, once for each supported version."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from launcher.comfyui import RELEASES, released
from launcher.process import clean_environment

INSIDE = Path(__file__).parent / "inside"
FILES = sorted(path.stem for path in INSIDE.glob("test_*.py"))


@lru_cache(maxsize=None)
def run(version: str, folder: Path) -> tuple[int, str, dict[str, list[str]]]:
    """Exit code, output, and the failures of each test file."""
    comfyui, report = released(version, report=lambda line: None), folder / f"{version}.xml"
    done = subprocess.run(
        [comfyui.python, "-m", "pytest", "-q", "-c", INSIDE / "pytest.ini", "--junitxml", report, INSIDE],
        cwd=INSIDE, capture_output=True, text=True, timeout=1800,    # a busy machine takes its time
        env=clean_environment({"PRISM_TEST_COMFYUI": str(comfyui.root), "PRISM_TEST_FOLDER": str(folder / version),
                               "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2")}))
    output = done.stdout + done.stderr
    if not report.exists():
        return done.returncode, output, {}
    failures: dict[str, list[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        bad = [*case.iter("failure"), *case.iter("error")]
        failures.setdefault(case.get("classname", ""), []).extend(f"{case.get('name')}\n{part.text}" for part in bad)
    return done.returncode, output, failures


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("inside")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("version", RELEASES)
def test_inside(version: str, file: str, folder: Path) -> None:
    code, output, failures = run(version, folder)
    assert file in failures, f"{file} did not run (exit code {code}):\n{output[-4000:]}"
    assert not failures[file], "\n\n".join(failures[file])
