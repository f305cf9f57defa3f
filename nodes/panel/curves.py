"""What the chart of a run shows: scores over its steps, what each cut is likely to keep, and what the run cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...prism_core.forecast import Forecast
from ...prism_core.record import RunRecord
from ..bridge.judge import Head


@dataclass
class Curves:
    """The curves of one run of `candidates` rows over noise fractions `sigmas` (S + 1,).

    share: of a model call that a probe needs beside its depth, as in `cost.probe_cost`.
    """

    head: Head | None
    candidates: int
    sigmas: tuple[float, ...]
    share: float
    watches: dict[int, dict[str, Any]] = field(default_factory=dict)
    cost: dict[str, float] | None = None

    def watched(self, step: int, rows: Sequence[int], scores: Sequence[float]) -> None:
        """Note the scores of the living rows at a step."""
        self.watches[step] = {"step": step, "rows": list(rows), "scores": [round(score, 4) for score in scores]}

    def finished(self, record: RunRecord) -> None:
        """Note what the run cost, in evaluations and in seconds."""
        spent = record.evaluations
        self.cost = {"seconds": round(record.seconds, 3), "spent": spent.spent, "probes": spent.probes,
                     "plain": spent.plain}

    def json(self) -> dict[str, Any]:
        """All of it, for the page. `retention[step][keep - 1]` is [chance, low, high]; null where nothing is known."""
        return {"candidates": self.candidates, "sigmas": [round(sigma, 5) for sigma in self.sigmas],
                "share": self.share, "depth": self._depth(), "watches": [self.watches[k] for k in sorted(self.watches)],
                "retention": self._retention(), "cost": self.cost}

    def _depth(self) -> float | None:
        backbone = self.head.info.backbone if self.head else None
        return backbone and backbone.tap_block / backbone.blocks

    def _retention(self) -> list[list[list[float]] | None]:
        info = self.head.info if self.head else None
        if info is None or not info.reliability or self.candidates < 2:
            return [None] * len(self.sigmas)
        forecast = Forecast(info.reliability, info.sigma_range)
        found = (forecast.retention(sigma, self.candidates) for sigma in self.sigmas)
        return [odds and [[round(part, 4) for part in (one.value, one.low, one.high)] for one in odds] for odds in found]
