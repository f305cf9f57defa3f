"""Diverse: where scores hardly differ, keep candidates that differ otherwise.

A head's scores are logits of the Rao-Kupper model, in which a lead of less than log(eta) is no even
bet to win. Among candidates that close to the last place to be had, features decide: each next one
kept is the one least like those kept before. The best candidate is always kept.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from .policy import Decision, TopK, Watch, ranked
from .preference import ETA
from .said import say

NO_FEATURES = say(
    "noFeatures", "The head gave no features to tell candidates apart by; scores alone decided."
)


class Diverse:
    """Cuts where and as far as `inner` does, but chooses near-equals by their features.

    eta: tie threshold of the head's preference model, as its file states it.
    """

    def __init__(self, inner: TopK, eta: float = ETA) -> None:
        self.inner, self.margin = inner, math.log(eta)

    def steps(self) -> tuple[int, ...]:
        return self.inner.steps()

    def budget_keep(self, step: int, alive: int) -> int:
        return self.inner.budget_keep(step, alive)

    def decide(self, watch: Watch) -> Decision:
        """Raises ValueError on scores or features that are not finite."""
        plain = self.inner.decide(watch)
        if not plain.reasons:
            return plain
        if watch.embeddings is None:
            return Decision(plain.keep, plain.reasons, NO_FEATURES)
        unlike = _distances(watch.embeddings)
        order = torch.argsort(watch.scores, descending=True, stable=True).tolist()
        kept = self._choose(watch.scores.tolist(), order, unlike, len(plain.keep))
        rows = [watch.rows[index] for index in kept]
        reasons = {
            watch.rows[index]: self._reason(watch, index, order, kept, unlike)
            for index in order
            if index not in kept
        }
        return Decision(tuple(sorted(rows)), reasons)

    def _choose(
        self, scores: list[float], order: list[int], unlike: Tensor, keep: int
    ) -> list[int]:
        """Indices of `keep` rows; order: all of them, the best first."""
        last = scores[order[keep - 1]]
        close = [index for index in order if abs(scores[index] - last) < self.margin]
        kept = [index for index in order[:keep] if index not in close] or [order[0]]
        while len(kept) < keep:
            left = [index for index in close if index not in kept]
            kept.append(max(left, key=lambda index: float(unlike[index, kept].min())))
        return kept

    def _reason(
        self, watch: Watch, index: int, order: list[int], kept: list[int], unlike: Tensor
    ) -> str:
        rank = ranked(order.index(index) + 1, watch)
        if order.index(index) >= len(kept):
            return rank
        alike = min(kept, key=lambda other: float(unlike[index, other]))
        return say("alike", "{rank}, most like candidate {row}", rank=rank, row=watch.rows[alike])


def _distances(embeddings: Tensor) -> Tensor:
    """(N, N) cosine distances of (N, D) features, without what all rows have in common."""
    features = embeddings.detach().double()
    if not torch.isfinite(features).all():
        raise ValueError(
            "The head's features of some candidate are not finite; the model's precision "
            "overflowed. Try a wider dtype for the model."
        )
    directions = normalize(features - features.mean(0), dim=1)
    return 1.0 - directions @ directions.T
