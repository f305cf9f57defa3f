"""`bench live`: what pruning inside the running sampler costs and saves, against ComfyUI's own sampler."""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import comfy.model_management
import torch

from ..prism_core import VERSION
from . import models
from .machine import hardware
from .measure import Bench, Plan
from .scene import Scene

FULL = Plan(candidates=8, cuts=(0.1, 0.2, 0.4), repetitions=15, scaling=(1, 2, 4, 8, 16, 32), scaling_repetitions=7)
QUICK = Plan(candidates=4, cuts=(0.1, 0.2, 0.4), repetitions=1, scaling=(1, 2, 4), memory_steps=2)
STEPS, QUICK_STEPS = 50, 10

# size of Wan, frames -> steps, candidates, repetitions: a step of the largest takes seconds on the best GPU
REAL = {("1.3B", 33): (10, 4, 3), ("1.3B", 81): (10, 4, 3), ("14B", 33): (5, 4, 3), ("14B", 81): (5, 2, 1)}

NOTES = (
    "Ratios are medians over repetitions of seconds against the mean of that repetition's two plain runs; low and high "
    "are quartiles.",
    "Every run begins at a random depth of Python's stack: a run whose hot calls lie across the end of one of its chunks "
    "is slower, whatever it does.",
    "Seconds are taken without the meter that counts and times every call of model and head, which takes time itself; "
    "every run is done once more with it for everything else. model, head and outside are the run's ratio divided as the "
    "meter found.",
    "outside_forwards: what a pruned or watched run spends in neither model nor head (patch, wrappers, hooks' "
    "bookkeeping between calls), less what the plain run spends there, as a share of the plain run; the largest of "
    "outside_forwards_by_run. The head's own time is head_share.",
    "full_best_of_n: pruned and the survivor decoded, against the whole batch sampled and decoded; a judge of finished "
    "clips would come on top of the latter.",
    "The head is taken to be reliable at every sigma, so it looks at every step and no cut waits: its highest price.",
)

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> None:
    """Measure, and write the figures to the file that is named."""
    chosen = _parser().parse_args(arguments)
    logging.getLogger(__package__.rpartition(".")[0]).setLevel(logging.ERROR)    # or each run repeats its warnings
    logger.setLevel(logging.INFO)
    device = comfy.model_management.get_torch_device()
    found = {
        "benchmark": "live", "version": VERSION, "date": datetime.date.today().isoformat(), "command": chosen.command,
        "hardware": hardware(device), "quick": chosen.quick, "notes": NOTES, **_shapes(chosen.quick)}
    if device.type == "cuda":
        found["real_size"] = [_real(size, frames, device) for size, frames in chosen.sizes]
    _write(chosen.json, json.dumps(found, indent=1) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", type=_sizes, default=tuple(REAL))
    return parser


def _sizes(text: str) -> tuple[tuple[str, int], ...]:
    """Real sizes written as "1.3B/33,14B/81", or "none"."""
    named = {f"{size}/{frames}": (size, frames) for size, frames in REAL}
    wanted = [] if text == "none" else text.split(",")
    if not set(wanted) <= set(named):
        raise argparse.ArgumentTypeError(f"{text!r} is not 'none' or some of {','.join(named)}")
    return tuple(named[name] for name in wanted)


def _shapes(quick: bool) -> dict[str, Any]:
    scene, head = models.shapes(QUICK_STEPS if quick else STEPS)
    plan = QUICK if quick else FULL
    return {"settings": _settings("Shapes", scene, plan, head), **_measured(scene, plan, "Shapes")}


def _real(size: str, frames: int, device: torch.device) -> dict[str, Any]:
    steps, candidates, repetitions = REAL[size, frames]
    name = f"Wan 2.1 {size}, {frames} frames, 480p"
    comfy.model_management.unload_all_models()    # what was measured before must not count as memory of this one
    logger.info("%s: making random weights", name)
    scene = models.wan(models.WAN[size], frames, steps, device)
    plan = replace(FULL, candidates=candidates, repetitions=repetitions, scaling=(), memory_steps=2, rivals=False)
    return {"settings": _settings(name, scene, plan, "random weights"), **_measured(scene, plan, name)}


def _measured(scene: Scene, plan: Plan, name: str) -> dict[str, Any]:
    return Bench(scene, plan, lambda text: logger.info("%s: %s", name, text)).everything()


def _settings(name: str, scene: Scene, plan: Plan, head: str) -> dict[str, Any]:
    return {"model": name, "head": head, "latent": list(scene.shape), "candidates": plan.candidates, "keep": 1,
            "steps": scene.steps, "cfg": scene.cfg, "sampler": scene.sampler, "scheduler": scene.scheduler,
            "tap_depth": scene.depth}


def _write(path: Path, text: str) -> None:
    """All of it or nothing."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
