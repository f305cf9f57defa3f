"""A policy tried on recorded scores: who would have been kept, and at what price.

With the scores of all candidates at many steps recorded once, every policy and schedule can be
compared without sampling again: survivors of a pruned run equal the same rows of the full one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .cost import call_table, probe_cost, probe_saves
from .policy import Policy, Watch
from .reliability import Ratio


@dataclass(frozen=True)
class Simulated:
    """P runs of one policy.

    kept    rows that were finished, ascending, one tuple a prompt
    spent   (P,) rows through the sampler's model calls
    probes  (P,) evaluations of probes beside them
    calls   model calls of one run, which is the price of a plain clip
    gap     how much of the way from an average candidate to the best one the kept ones come, for
            `reliability.bootstrap` and `reliability.paired_difference`
    """

    kept: tuple[tuple[int, ...], ...]
    spent: np.ndarray
    probes: np.ndarray
    calls: int
    gap: Ratio

    @property
    def clips(self) -> np.ndarray:
        """(P,) what each run costs, in plain clips."""
        return (self.spent + self.probes) / self.calls


def simulate(
    make_policy: Callable[[], Policy],
    scores: Mapping[int, Any],
    sigmas: Sequence[float] | Tensor,
    oracle: Any,
    *,
    depth: float,
    share: float,
    calls: Sequence[int] | int | None = None,
    embeddings: Mapping[int, Any] | None = None,
) -> Simulated:
    """Run a policy on P prompts of N candidates each, as a live run would.

    make_policy: makes a new policy for each prompt. scores: step -> (P, N). sigmas: (S + 1,) noise
    fractions. oracle: (P, N) true quality. depth, share: as in `cost.probe_cost`. calls: as in
    `cost.call_table`; None is one model call a step. embeddings: step -> (P, N, D). Raises
    ValueError when shapes differ or the policy asks for a step that was not recorded.
    """
    truth = np.asarray(oracle, np.float64)
    recorded = {step: torch.as_tensor(values).float() for step, values in scores.items()}
    for step, values in recorded.items():
        if values.shape != truth.shape:
            raise ValueError(
                f"Scores of step {step} are {tuple(values.shape)} and oracle values {truth.shape}; "
                "both must be (prompts, candidates)."
            )
    sigmas = [float(sigma) for sigma in sigmas]
    table = call_table(len(sigmas) - 1 if calls is None else calls)
    pooled = {step: torch.as_tensor(values) for step, values in (embeddings or {}).items()}
    runs = [
        _Run(make_policy(), truth.shape[1], table, depth, share).go(recorded, pooled, sigmas, prompt)
        for prompt in range(len(truth))
    ]
    return Simulated(
        kept=tuple(run.alive for run in runs),
        spent=np.array([run.spent for run in runs], float),
        probes=np.array([run.probes for run in runs], float),
        calls=table[-1],
        gap=_gap([run.alive for run in runs], truth),
    )


class _Run:
    """One prompt: the living rows and what they have cost."""

    def __init__(
        self, policy: Policy, candidates: int, table: tuple[int, ...], depth: float, share: float
    ) -> None:
        self.policy, self.table, self.depth, self.share = policy, table, depth, share
        self.alive: tuple[int, ...] = tuple(range(candidates))
        self.spent, self.probes, self._done = 0, 0.0, 0

    def go(
        self,
        scores: Mapping[int, Tensor],
        embeddings: Mapping[int, Tensor],
        sigmas: Sequence[float],
        prompt: int,
    ) -> _Run:
        decided = 0
        while pending := [step for step in self.policy.steps() if step > decided]:
            # several steps on one model call are one decision, at the last of them
            call = self.table[pending[0]]
            step = max(step for step in pending if self.table[step] == call)
            if step not in scores:
                raise ValueError(
                    f"The policy wants to decide at step {step}, but scores were recorded at "
                    f"{sorted(scores)} only; give it these steps."
                )
            rows = list(self.alive)
            pooled = embeddings[step][prompt, rows] if step in embeddings else None
            self._decide(step, sigmas[step], scores[step][prompt, rows], pooled)
            decided = step
        self._advance(self.table[-1])
        return self

    def _decide(self, step: int, sigma: float, scores: Tensor, pooled: Tensor | None) -> None:
        """Decide at a step; `_done` calls are behind, the one of this step is not."""
        alive, call = len(self.alive), self.table[step]
        expected = self.policy.budget_keep(step, alive)
        # a call that an earlier decision already rode on is under way: too late for a probe
        probed = call >= self._done and probe_saves(alive, expected, self.depth, self.share)
        self._advance(call)
        if probed:
            self.probes += probe_cost(alive, self.depth, self.share)
        watch = Watch(step, sigma, self.alive, scores, pooled, probed)
        keep = self.policy.decide(watch).keep
        if not probed and len(keep) < alive:
            self._advance(call + 1)
        self.alive = keep

    def _advance(self, call: int) -> None:
        """All living rows run until so many model calls are made."""
        call = min(call, self.table[-1])
        self.spent += len(self.alive) * max(0, call - self._done)
        self._done = max(self._done, call)


def _gap(kept: Sequence[tuple[int, ...]], truth: np.ndarray) -> Ratio:
    mean = truth.mean(1)
    reached = np.array([values[list(rows)].mean() for values, rows in zip(truth, kept, strict=True)])
    return Ratio(reached - mean, truth.max(1) - mean)
