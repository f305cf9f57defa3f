"""Running other programs: show what they say while they say it, and keep the end of it for an error."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

KEPT_LINES = 400


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would lead another Python to foreign modules."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**kept, **(extra or {})}


def run_shown(command: Sequence[str | Path], show: Callable[[str], None]) -> tuple[int, list[str]]:
    """Run a command, pass every line of its output to `show`; exit code and last lines."""
    process = subprocess.Popen(
        [str(part) for part in command], env=clean_environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace")
    lines: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            show(lines[-1])
        return process.wait(), list(lines)
    finally:
        # Reached early only when the person interrupts; the installer must not go on behind their back.
        if process.poll() is None:
            process.kill()
            process.wait()
