"""The commands of run.py."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import comfyui, layout
from .bench import bench
from .demo import demo
from .environment import Environment
from .process import clean_environment
from .server import Server, check_port, free_port
from .welcome import welcome


def run_demo(folder: Path | None, port: int | None) -> int:
    """The demo, in the person's own ComfyUI if they name it."""
    port = port or free_port()
    check_port(port)  # before a long install, not after it
    demo(_comfyui(folder), port)
    return 0


def run_serve(folder: Path | None, port: int) -> int:
    """A ComfyUI for the browser, until Ctrl-C."""
    check_port(port)
    with Server(_comfyui(folder), layout.OUTPUT / f"serve-{port}", port, only_prism=False) as server:
        print(f"\n{welcome(server)}", flush=True)
        server.wait()
    return 0


def run_tests(arguments: Sequence[str]) -> int:
    """Every test, or those that the arguments for pytest select; pytest's exit code."""
    return _run_module("pytest", arguments)


def run_shapes(arguments: Sequence[str]) -> int:
    """The training program of the Shapes world; its exit code."""
    return _run_module("prism_core.shapes", arguments)


def run_pictures(arguments: Sequence[str]) -> int:
    """The recorder of help pictures and thumbnails; its exit code."""
    return _run_module("recorder", arguments)


def run_bench(arguments: Sequence[str]) -> int:
    """The benchmark that is named; its exit code."""
    return bench(arguments)


def _comfyui(folder: Path | None) -> comfyui.ComfyUI:
    return comfyui.existing(folder) if folder else comfyui.released()


def _run_module(module: str, arguments: Sequence[str]) -> int:
    """Run a module in the environment. `-m` puts the repository on that process's path, and on no other's."""
    python = Environment().ensure()
    process = subprocess.Popen([str(python), "-m", module, *arguments], cwd=layout.ROOT, env=clean_environment())
    try:
        return process.wait()
    except KeyboardInterrupt as interrupt:
        # The terminal sends Ctrl-C to both of us; a signal to this process alone has arguments and is passed on.
        if interrupt.args:
            process.send_signal(signal.SIGINT)
        process.wait()
        raise
