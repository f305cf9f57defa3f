"""Runs one benchmark in a process that holds ComfyUI: start.py COMFYUI FOLDER NAME [arguments].

The pack is loaded as ComfyUI itself loads it, and the benchmark is a module of it. The repository's root is never on
this process's path: ComfyUI has a module called `nodes` of its own.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
from pathlib import Path

PACK = Path(__file__).resolve().parent.parent


def load_pack(comfyui: Path, folder: Path) -> str:
    """Import ComfyUI, which may write below `folder` only, and the pack into it; the pack's package name."""
    sys.path[0] = str(comfyui)
    os.chdir(comfyui)
    import torch
    device = () if torch.cuda.is_available() else ("--cpu",)
    sys.argv = ["main.py", *device, "--base-directory", str(folder)]
    import comfy.options
    comfy.options.enable_args_parsing()
    import comfy.utils
    import nodes
    comfy.utils.set_progress_bar_enabled(False)
    if not asyncio.run(nodes.load_custom_node(str(PACK))):
        raise SystemExit("ComfyUI could not load the PRISM nodes; the reason stands above.")
    ours = str(PACK / "nodes" / "bridge" / "__init__.py")
    loaded = (name for name, module in list(sys.modules.items()) if getattr(module, "__file__", None) == ours)
    return next(loaded).removesuffix(".nodes.bridge")


def main(comfyui: str, folder: str, benchmark: str, *arguments: str) -> None:
    """Load everything, then let the benchmark go on."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    package = load_pack(Path(comfyui), Path(folder))
    importlib.import_module(f"{package}.benchmarks.{benchmark}").main(arguments)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
