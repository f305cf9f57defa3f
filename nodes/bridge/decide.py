"""When a run decides, by what, and what is written down about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ...prism_core.marks import overruled
from ...prism_core.policy import Decision, Policy, Watch
from ...prism_core.record import Drop, Watched
from ...prism_core.said import say

NOT_CHOSEN = say("notChosen", "not chosen")


class Decider:
    """Asks a policy at its steps, and keeps the log: what was watched, and who was dropped."""

    def __init__(self, policy: Policy | None) -> None:
        self.policy, self.decided = policy, 0
        self.watches: list[Watched] = []
        self.drops: list[Drop] = []
        self.notes: list[str] = []
        self._open = False    # the last watch may still turn out to lie inside a step

    @property
    def waiting(self) -> bool:
        """Whether there are decisions to come."""
        return self.policy is not None and any(step > self.decided for step in self.policy.steps())

    def due(self, step: int) -> bool:
        """Whether a decision falls on a model call at this step."""
        return self.policy is not None and any(self.decided < at <= step for at in self.policy.steps())

    def watched(self, step: int, sigma: float, rows: Sequence[int], scores: Tensor, source: str) -> None:
        """Write down scores (len(rows),)."""
        self.watches.append(Watched(step, sigma, tuple(rows), tuple(scores.tolist()), source))
        self._open = True

    def stepped(self) -> None:
        """The sampler has finished the evaluation that was watched: it was that of a step."""
        self._open = False

    def called_again(self) -> None:
        """The sampler calls the model again without having said so: the watch lay inside the step before."""
        if self._open:
            last = self.watches[-1]
            self.watches[-1] = Watched(last.step, last.sigma, last.rows, last.scores, "predictor")
        self._open = False

    def decide(self, watch: Watch, marks: Mapping[int, str]) -> Decision:
        """The policy's decision with a person's marks in it, checked and written down."""
        self.decided = max(self.decided, watch.step)
        decision = overruled(self.policy.decide(watch), watch, marks)
        self._drop(watch, decision)
        return decision

    def pass_over(self, step: int) -> None:
        """Leave the decisions up to a step unmade."""
        self.decided = max(self.decided, step)

    def obey(self, watch: Watch, keep: Sequence[int]) -> Decision:
        """A decision that somebody else made, checked and written down."""
        self.decided = max(self.decided, watch.step)
        keep = tuple(sorted({int(row) for row in keep}))
        reason = say("notChosenAt", "not chosen at step {step}", step=watch.step)
        decision = Decision(keep, {row: reason for row in watch.rows if row not in keep})
        self._drop(watch, decision)
        return decision

    def _drop(self, watch: Watch, decision: Decision) -> None:
        """Write down who a decision drops."""
        if not decision.keep or not set(decision.keep) <= set(watch.rows):
            raise ValueError(
                f"PrismBestOfN was told to keep {decision.keep} at step {watch.step}, but the living candidates are "
                f"{watch.rows}. Keep at least one of them.")
        if decision.note:
            self.notes.append(decision.note)
        for row, score in zip(watch.rows, watch.scores.tolist(), strict=True):
            if row not in decision.keep:
                reason = decision.reasons.get(row, NOT_CHOSEN)
                known = None if score != score else score
                self.drops.append(Drop(row, watch.step, watch.sigma, known, reason))


def unscored(step: int, sigma: float, rows: Sequence[int]) -> Watch:
    """A moment that no head has looked at."""
    return Watch(step, sigma, tuple(rows), torch.full((len(rows),), float("nan")))
