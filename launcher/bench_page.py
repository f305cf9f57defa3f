"""The benchmark of the page: run beside a server in the launcher's own environment, shown as a table."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import layout
from .console import table
from .environment import Environment
from .errors import LauncherError
from .process import clean_environment

COLUMNS = ("what", "frames", "median", "95 %", "largest", "script", "style", "layout", "paint")
NAMES = {"alone": "empty panel", "still": "candidates, no messages", "live": "ten messages a second",
         "busy": "those frames with messages", "drag": "a marker is dragged"}


def measure(quick: bool, keeps: bool) -> dict[str, Any]:
    """The figures; LauncherError where it did not come to an end."""
    python = Environment().ensure()
    options = ["--quick"] if quick else []
    words = " ".join(["python3 run.py bench page", *options, *(["--json FILE"] if keeps else [])])
    layout.BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=layout.BUILD))
    try:
        figures = folder / "figures.json"
        code = subprocess.call([str(python), "-m", "benchmarks.page", "--json", str(figures), "--command", words,
                                *options], cwd=layout.ROOT, env=clean_environment(), stdin=subprocess.DEVNULL)
        if code != 0:
            raise LauncherError(f"The benchmark ended with exit code {code}; the reason stands above.")
        return json.loads(figures.read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def report(found: dict[str, Any]) -> str:
    """The figures for people."""
    machine = found["hardware"]
    lines = [f"{machine['cpu']}, {machine['cores']} cores; Chromium {machine['chromium']}, front end "
             f"{machine['frontend']}; {found['date']}"]
    if found["quick"]:
        lines.append("A quick run: its times mean nothing.")
    lines.append(f"{found['candidates']} candidates, milliseconds a frame; at most {found['limit_ms']} at the 95th "
                 "percentile are wanted. The parts are 95th percentiles as well.")
    for renderer, parts in found["renderers"].items():
        lines.append("\n" + {"canvas": "Canvas", "nodes2": "Nodes 2.0"}[renderer])
        lines.append(table(COLUMNS, [_row(NAMES[name], part) for name, part in parts.items()]))
    return "\n".join(lines)


def _row(name: str, part: dict[str, Any]) -> tuple[str, ...]:
    each = part["p95_of_parts"]
    paint = each["PrePaint"] + each["Paint"] + each["Layerize"]
    times = (part["median"], part["p95"], part["max"], each["script"], each["UpdateLayoutTree"], each["Layout"], paint)
    return name, str(part["frames"]), *(f"{time:.2f}" for time in times)
