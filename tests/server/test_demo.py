"""The demo from end to end, as `run.py demo` runs it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from launcher import layout
from launcher.comfyui import DEFAULT, released
from launcher.demo import demo
from launcher.server import free_port

PACK = ("nodes", "prism_core", "workflows", "web")


def pack_files() -> dict[str, bytes]:
    """Every file of the pack; bytecode is not part of it."""
    return {str(path): path.read_bytes() for folder in PACK for path in (layout.ROOT / folder).rglob("*")
            if path.is_file() and path.suffix != ".pyc"}


def test_demo_keeps_its_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, runs = pack_files(), sorted(layout.BUILD.glob("demo-*"))
    report = demo(released(), free_port(), tmp_path)

    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == report
    assert list(report) == ["comfyui_version", "candidates", "keep", "steps", "prune_step", "sigma", "scores", "kept",
                            "oracle", "evaluations", "seconds", "files"]
    assert report["comfyui_version"] == DEFAULT and report["seconds"] > 0
    assert len(report["scores"]) == report["candidates"] and all(map(math.isfinite, report["scores"]))
    best = sorted(range(report["candidates"]), key=report["scores"].__getitem__)[-report["keep"]:]
    assert report["kept"] == sorted(best)
    assert 0 <= report["oracle"]["kept_mean"] <= report["oracle"]["best"] <= 1
    assert report["evaluations"]["spent"] < report["evaluations"]["plain"] == report["candidates"] * report["steps"]
    assert all((tmp_path / name).stat().st_size > 0 for name in report["files"])
    assert "candidates.png" in report["files"]
    assert sum(name.endswith(".webp") for name in report["files"]) == report["keep"]

    shown = capsys.readouterr().out
    assert shown.count("kept  ") == report["keep"] and f"dropped at step {report['prune_step']}" in shown
    assert pack_files() == before, "running the pack must not change it"
    assert sorted(layout.BUILD.glob("demo-*")) == runs, "the demo must clean up after itself"
