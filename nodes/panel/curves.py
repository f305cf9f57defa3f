"""What the chart of a run shows: scores over its steps, what each cut is likely to keep, and what the run cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from ...prism_core.forecast import Forecast
from ...prism_core.record import RunRecord
from ...prism_core.reliability import Estimate
from ..bridge.judge import Head
from ..bridge.times import Pace

PROMISES = ("retention", "accuracy", "correlation")


@dataclass
class Curves:
    """The curves of one run of `candidates` rows over noise fractions `sigmas` (S + 1,).

    share: of a model call that a probe needs beside its depth, as in `cost.probe_cost`. loras: those of the model that
    the head was not measured with, "" for weight patches without a name.
    """

    head: Head | None
    candidates: int
    sigmas: tuple[float, ...]
    share: float
    loras: tuple[str, ...] = ()
    watches: dict[int, dict[str, Any]] = field(default_factory=dict)
    cost: dict[str, float] | None = None
    pace: Pace | None = None

    def watched(self, step: int, rows: Sequence[int], scores: Sequence[float]) -> None:
        """Note the scores of the living rows at a step."""
        self.watches[step] = {"step": step, "rows": list(rows), "scores": [round(score, 4) for score in scores]}

    def finished(self, record: RunRecord, pace: Pace) -> None:
        """Note what the run cost, in evaluations and in seconds, and what each of its model calls took."""
        spent, self.pace = record.evaluations, pace
        self.cost = {"seconds": round(record.seconds, 3), "spent": spent.spent, "probes": spent.probes,
                     "plain": spent.plain}

    def json(self) -> dict[str, Any]:
        """All of it, for the page; a list with an entry a step holds null where nothing is known.

        `retention[step][keep - 1]` is [chance, low, high]. `accuracy[step]` is [value, low, high] of pairs ordered
        rightly. `correlation[step][keep - 1]` is `Forecast.correlations`. `pace.calls` are [rows, how many,
        seconds each], `pace.probes` [rows, seconds].
        """
        promised = self._forecast or dict.fromkeys(PROMISES, [None] * len(self.sigmas))
        return {"candidates": self.candidates, "sigmas": [round(sigma, 5) for sigma in self.sigmas],
                "share": self.share, "depth": self._depth(), "loras": list(self.loras),
                "watches": [self.watches[k] for k in sorted(self.watches)], "cost": self.cost,
                "pace": self.pace and asdict(self.pace), **promised}

    def _depth(self) -> float | None:
        backbone = self.head.info.backbone if self.head else None
        return backbone and backbone.tap_block / backbone.blocks

    @cached_property
    def _forecast(self) -> dict[str, list[Any]] | None:
        """What the head's file promises at each step, by the names of PROMISES; None where it promises nothing.

        The same all through a run, whose page asks once a second.
        """
        info = self.head.info if self.head else None
        if info is None or not info.reliability or self.candidates < 2:
            return None
        forecast = Forecast(info.reliability, info.sigma_range)
        odds = [forecast.retention(sigma, self.candidates) for sigma in self.sigmas]
        right = [forecast.accuracy(sigma) for sigma in self.sigmas]
        known = [forecast.correlations(sigma, self.candidates) for sigma in self.sigmas]
        return dict(zip(PROMISES, (
            [found and [_rounded(one) for one in found] for found in odds],
            [found and _rounded(found) for found in right],
            [found and [round(one, 4) for one in found] for found in known]), strict=True))


def _rounded(found: Estimate) -> list[float]:
    return [round(part, 4) for part in (found.value, found.low, found.high)]
