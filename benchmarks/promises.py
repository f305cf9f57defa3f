"""How often the best really stays, on the test prompts, beside what the chart promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..nodes.shapes import PrismShapesPrompt
from ..prism_core.forecast import wilson
from ..prism_core.reliability import Estimate, retention
from ..prism_core.shapes.oracle import judge
from ..prism_core.shapes.prompts import splits

SEEDS = 4_000_000        # beyond those that the head was trained and measured with
SCHEDULES = (((2, 4), (5, 2)), ((3, 4), (8, 2)), ((2, 4), (5, 2), (10, 1)), ((3, 5), (6, 3), (12, 1)))

Page = Callable[[str, Any], Any]
Watched = Callable[[list, int], tuple[dict[str, Any], Any]]    # conditioning, seed -> curves, clips


def promises(watched: Watched, prompts: int, page: Page, report: Callable[[str], None]) -> dict[str, Any]:
    """All figures of so many test prompts."""
    told, scores, oracle = None, [], []
    for place, prompt in enumerate(splits()["test"][:prompts]):
        told, clips = watched(PrismShapesPrompt.execute(str(prompt)).args[0], SEEDS + 1000 * place)
        scores.append({watch["step"]: watch["scores"] for watch in told["watches"]})
        oracle.append(judge(clips, prompt).overall.tolist())
        if place % 20 == 0:
            report(f"test prompts, {place + 1} of {prompts}")
    by_step = {step: np.array([found[step] for found in scores]) for step in scores[0]}
    return {"prompts": prompts, "retention": list(_single(told, by_step, np.array(oracle))),
            "joint": [_joint(told, by_step, np.array(oracle), rounds, page) for rounds in SCHEDULES]}


def _single(told: dict[str, Any], scores: dict[int, np.ndarray], oracle: np.ndarray):
    for step, odds in enumerate(told["retention"]):
        for keep, (promised, low, high) in enumerate(odds or (), start=1):
            if step in scores:
                # A bootstrap of what never failed would be sure that it never will.
                measured = wilson(retention(scores[step], oracle, keep).value, len(oracle))
                yield {"step": step, "keep": keep, "promised": promised, "promised_interval": [low, high], **_held(
                    promised, measured)}


def _held(promised: float, measured: Estimate) -> dict[str, Any]:
    return {"measured": round(measured.value, 4), "interval": [round(measured.low, 4), round(measured.high, 4)],
            "inside": measured.low <= promised <= measured.high}


def _joint(told: dict[str, Any], scores: dict[int, np.ndarray], oracle: np.ndarray,
           rounds: Sequence[tuple[int, int]], page: Page) -> dict[str, Any]:
    text = ", ".join(f"{step}:{keep}" for step, keep in rounds)
    knobs = {"candidates": oracle.shape[1], "pruneStep": 1, "keep": 1, "schedule": text, "policy": "top-k"}
    promised = page("readout.read(value[0], value[1], null).joint", [told, knobs])
    alive = np.ones(oracle.shape, bool)
    for step, keep in rounds:
        floor = np.sort(np.where(alive, scores[step], -np.inf), 1)[:, -keep][:, None]
        alive &= scores[step] >= floor
    measured = wilson(float(alive[np.arange(len(oracle)), oracle.argmax(1)].mean()), len(oracle))
    return {"schedule": text, "promised": round(promised["value"], 4), "bounds": [promised["low"], promised["high"]],
            **_held(promised["value"], measured)}
