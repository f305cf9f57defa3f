"""The machine that was measured, in words."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch
from comfyui_version import __version__ as comfyui_version


def hardware(device: torch.device) -> dict[str, str | int]:
    """Processors, cores, and the versions that matter."""
    words: dict[str, str | int] = {"cpu": _processor(), "cores": _cores(), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        words["gpu"] = torch.cuda.get_device_name(device)
        words["cuda"] = str(torch.version.cuda)
    return {**words, "system": f"{platform.system()} {platform.machine()}", "python": platform.python_version(),
            "torch": torch.__version__, "comfyui": comfyui_version}


def _processor() -> str:
    """The processor's name; Linux keeps it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
