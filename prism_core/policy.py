"""Who is kept at a prune step: the policies of a live run.

A policy is asked at the steps that it names. It holds what it has seen of one run, so every run
makes a new one. Rows are always named by their number in the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from .pruning import top_k
from .said import Said, say


@dataclass(frozen=True)
class Watch:
    """What a head saw at one step.

    step        of the sampler call
    sigma       noise fraction in [0, 1] at which the rows were scored
    rows        the living rows, ascending
    scores      (len(rows),) float32, higher is better
    embeddings  (len(rows), D) what the head pooled from each row, or None
    probed      whether a probe scored them, before the model call of this step; None where the
                policy shall take it that a probe was made if its own forecast made one save
    """

    step: int
    sigma: float
    rows: tuple[int, ...]
    scores: Tensor
    embeddings: Tensor | None = None
    probed: bool | None = None

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.scores) or list(self.rows) != sorted(set(self.rows)):
            raise ValueError(
                f"There are {len(self.scores)} scores for rows {self.rows}; every living row needs "
                "one, in ascending order."
            )


def among(watch: Watch, rows: Sequence[int]) -> Watch:
    """What was seen of some of its rows, as if the others had been gone; nothing is said of a probe."""
    index = [watch.rows.index(row) for row in sorted(rows)]
    embeddings = None if watch.embeddings is None else watch.embeddings[index]
    return Watch(watch.step, watch.sigma, tuple(sorted(rows)), watch.scores[index], embeddings)


@dataclass(frozen=True)
class Decision:
    """keep: rows that live on, ascending. reasons: why each other row was dropped. note: a warning."""

    keep: tuple[int, ...]
    reasons: dict[int, str] = field(default_factory=dict)
    note: str | None = None


class Policy(Protocol):
    """Decides who lives on; one object a run."""

    def steps(self) -> tuple[int, ...]:
        """The steps at which it wants to decide, ascending; empty once there is nothing to decide."""
        ...

    def budget_keep(self, step: int, alive: int) -> int:
        """How many of `alive` rows it means to keep at a step, before it has seen their scores.

        Only a forecast, by which a run chooses between a probe and the forward that is made anyway.
        """
        ...

    def decide(self, watch: Watch) -> Decision:
        """Which of the watched rows live on, at least one."""
        ...


class TopK:
    """Keeps the highest scores of each round.

    rounds: (step, keep) as from `schedule.resolve`. A watch at a later step than a round's counts
    as that round, so a call that passes several steps at once makes one decision, the last.
    """

    def __init__(self, rounds: Sequence[tuple[int, int]]) -> None:
        if not rounds:
            raise ValueError("There is no round to decide in; a schedule needs at least one.")
        self.rounds = tuple(sorted(rounds))

    def steps(self) -> tuple[int, ...]:
        return tuple(step for step, _ in self.rounds)

    def budget_keep(self, step: int, alive: int) -> int:
        return min([alive, *(keep for at, keep in self.rounds if at <= step)])

    def decide(self, watch: Watch) -> Decision:
        """Raises ValueError on scores that are not finite."""
        keep = self.budget_keep(watch.step, len(watch.rows))
        kept = tuple(watch.rows[index] for index in top_k(watch.scores, keep))
        order = torch.argsort(watch.scores, descending=True, stable=True).tolist()
        rank = {watch.rows[index]: place for place, index in enumerate(order, start=1)}
        return Decision(
            kept,
            {
                row: ranked(rank[row], watch)
                for row in watch.rows
                if row not in kept
            },
        )


def ranked(rank: int, watch: Watch) -> Said:
    """The reason that a low score is; rank 1 is the best."""
    return say("rank", "rank {rank} of {count} at step {step}", rank=rank, count=len(watch.rows), step=watch.step)
