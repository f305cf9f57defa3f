"""The machine that was measured, in words."""

from __future__ import annotations

import platform

import torch
from comfyui_version import __version__ as comfyui_version

from .processor import cores, processor


def hardware(device: torch.device) -> dict[str, str | int]:
    """Processors, cores, and the versions that matter."""
    words: dict[str, str | int] = {"cpu": processor(), "cores": cores(), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        words["gpu"] = torch.cuda.get_device_name(device)
        words["cuda"] = str(torch.version.cuda)
    return {**words, "system": f"{platform.system()} {platform.machine()}", "python": platform.python_version(),
            "torch": torch.__version__, "comfyui": comfyui_version}
