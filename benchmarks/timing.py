"""Fair comparison of things that are done one after the other on a machine that is never quite quiet."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import TypeVar

Result = TypeVar("Result")

CHUNK = 140    # frames of `_deeper`: about as many as one chunk of CPython's stack holds


def interleaved(tasks: Mapping[str, Callable[[], Result]], repetitions: int,
                report: Callable[[str], None] = lambda text: None, frames: int = 0) -> dict[str, list[Result]]:
    """What each task returned, once a repetition; every repetition has an order of its own, always the same one.

    So whatever slows the machine down for a while slows all of them, and nothing always follows the same neighbour.
    With `frames`, say CHUNK, every run begins below up to so many frames more: CPython asks the system for a chunk of
    stack and gives it back whenever a call crosses a chunk's end, so a run whose hot calls happen to lie across one takes
    longer. What is to be compared although it calls the model from different depths needs that.
    """
    orders, results = random.Random(0), {name: [] for name in tasks}
    for repetition in range(repetitions):
        report(f"{repetition + 1} of {repetitions}")
        for name in orders.sample(list(tasks), len(tasks)):
            results[name].append(_deeper(orders.randrange(frames) if frames else 0, tasks[name]))
    return results


def _deeper(frames: int, run: Callable[[], Result]) -> Result:
    """Run it below so many more frames."""
    return run() if frames == 0 else _deeper(frames - 1, run)


def paired(values: Sequence[float], reference: Sequence[float]) -> list[float]:
    """values / reference, repetition by repetition."""
    return [value / other for value, other in zip(values, reference, strict=True)]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles of repeated measurements: {"measured", "low", "high"}."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return {"measured": median(values), "low": low, "high": high}
