"""`bench tune`: whether the chart's promises come true on the Shapes workflows: seconds, and how often the best stays.

Seconds: a run of the workflow's own cut is what the chart knows; what the page then says of other cuts is held against
runs of those. How often the best stays: watched runs of the test prompts, with noise that nothing was measured with,
judged by the oracle. What the page works out is worked out by its own modules, so Node has to be there.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import logging
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import comfy.model_management
import torch

from ..nodes.bridge.live import Settings, attach
from ..nodes.panel.asking import Wishes
from ..nodes.panel.board import Board
from ..nodes.panel.session import Session
from ..prism_core.schedule import Mark, Round
from . import models
from .machine import hardware
from .promises import promises
from .scene import Scene
from .timing import interleaved

STEPS, CANDIDATES = 20, 8
REPETITIONS, QUICK_REPETITIONS = 11, 1
PROMPTS, QUICK_PROMPTS = 400, 2
CHART = Path(__file__).resolve().parent.parent / "web" / "prism" / "chart"
NOTES = (
    "seconds: medians over repetitions, in an order that changes; predicted from the run of the workflow's own cut in "
    "the same repetition, from its first model call to its end, as the chart counts. error: predicted / measured - 1.",
    "least: the run that is known drops nobody, and the page says that the others take at least so long.",
    "prism_prune_shapes is not here: its graph runs in stages, which have no chart.",
    "retention: watched runs of the workflow with a head, one for each test prompt of Shapes, seeds from 4,000,000 on. "
    "interval: 95 %, after Wilson. inside: whether what the chart promises lies in it.",
    "joint: several cuts; promised by the page from what is promised for each.",
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Case:
    """A bundled workflow: its own cut, those that the marker could be moved to, and whether a head decides.

    watch: its own run drops nobody, so the page has seen no fewer candidates and promises only the least.
    """

    workflow: str
    cut: tuple[int, int]
    others: tuple[tuple[int, int], ...]
    by_head: bool
    watch: bool = False


CASES = (Case("prism_best_of_n_shapes", (5, 2), ((2, 2), (10, 2), (15, 2), (5, 1), (5, 4)), True),
         Case("prism_choose_shapes", (8, 1), ((3, 1), (12, 1), (16, 1), (8, 4)), False),
         Case("prism_trial_shapes", (5, 2), ((2, 2), (10, 2), (15, 2), (5, 1), (5, 4)), True, watch=True))
KNOWN = "known"    # the run whose chart makes the promises


def main(arguments: Sequence[str]) -> None:
    """Measure, and write the figures to the file that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args(arguments)
    if shutil.which("node") is None:
        raise SystemExit("There is no Node on this machine, and the page's own arithmetic is needed "
                         "(Debian: apt install nodejs).")
    logging.getLogger(__package__.rpartition(".")[0]).setLevel(logging.ERROR)
    logger.setLevel(logging.INFO)
    scene = models.shapes(STEPS, as_it_is=True)[0]
    with torch.inference_mode():
        found = {
            "benchmark": "tune", "date": datetime.date.today().isoformat(), "command": chosen.command,
            "hardware": hardware(comfy.model_management.get_torch_device()), "quick": chosen.quick, "notes": NOTES,
            "steps": STEPS, "candidates": CANDIDATES,
            "workflows": [timed(scene, case, QUICK_REPETITIONS if chosen.quick else REPETITIONS) for case in CASES],
            "promises": promises(partial(watched, scene), QUICK_PROMPTS if chosen.quick else PROMPTS, page,
                                 lambda text: logger.info("%s", text))}
    chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def timed(scene: Scene, case: Case, repetitions: int) -> dict[str, Any]:
    """Predicted and measured seconds of one workflow."""
    run = partial(told, scene, case)
    tasks = {str(list(cut)): partial(run, cut) for cut in (case.cut, *case.others)}
    if case.watch:
        tasks[KNOWN] = partial(run, case.cut, watch=True)
    for task in tasks.values():    # the first run of a cut warms up
        task()
    runs = interleaved(tasks, repetitions, lambda text: logger.info("%s: %s", case.workflow, text))
    known = runs[KNOWN if case.watch else str(list(case.cut))]
    predicted = page("""value.runs.map((curves) => value.cuts.map(([step, keep]) => {
        const knobs = { candidates: curves.candidates, pruneStep: step, keep, schedule: "", policy: "top-k" };
        return readout.read(curves, knobs, null).seconds.taken;
    }))""", {"runs": known, "cuts": [case.cut, *case.others]})
    cuts = [_compared(cut, [row[place] for row in predicted], [_seconds(found) for found in runs[str(list(cut))]])
            for place, cut in enumerate((case.cut, *case.others))]
    return {"workflow": case.workflow, "cut": case.cut, "least": case.watch, "repetitions": repetitions, "cuts": cuts}


def _compared(cut: tuple[int, int], predicted: list[float], measured: list[float]) -> dict[str, Any]:
    error = median(predicted) / median(measured) - 1
    return {"cut": cut, "predicted": round(median(predicted), 4), "measured": round(median(measured), 4),
            "error": round(error, 4)}


def _seconds(curves: dict[str, Any]) -> float:
    return curves["cost"]["seconds"] - curves["pace"]["setup"]


def told(scene: Scene, case: Case, cut: tuple[int, int], **changes: Any) -> dict[str, Any]:
    """What the chart is told of a run, as a page gets it."""
    gc.collect()
    board = Board(lambda event, data: None)
    head = scene.head if case.by_head else None
    hooks = Session("1", head, Wishes(), board).hooks(asks=False)
    if not case.by_head:
        hooks["chooser"] = lambda choice: choice.rows[:choice.keep]
    step, keep = cut
    settings = Settings(head, CANDIDATES, (Round(Mark("step", step), keep),), **hooks, **changes)
    scene.sampled(attach(scene.model, settings), CANDIDATES)
    view, = board.views()
    return board.curves(view.run).json()


def watched(scene: Scene, positive: list, seed: int) -> tuple[dict[str, Any], torch.Tensor]:
    """(what the chart is told of a run that drops nobody, its clips (N, T, H, W, 3))."""
    board = Board(lambda event, data: None, lambda: False)
    hooks = Session("1", scene.head, Wishes(), board).hooks(asks=False)
    settings = Settings(scene.head, CANDIDATES, (Round(Mark("step", 5), 2),), watch=True, **hooks)
    scene = replace(scene, positive=positive, seed=seed)
    latent = scene.sampled(attach(scene.model, settings), CANDIDATES)
    view, = board.views()
    return board.curves(view.run).json(), scene.decode(latent).unflatten(0, (CANDIDATES, -1))


def page(expression: str, value: Any) -> Any:
    """What the page makes of a value."""
    modules = "\n".join(f'import * as {name} from "{(CHART / f"{name}.mjs").as_uri()}";' for name in ("readout", "joint"))
    script = f"{modules}\nconst value = {json.dumps(value)};\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run(["node", "--input-type=module", "-"], input=script, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)
