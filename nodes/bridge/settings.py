"""What an artist asks of a live run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ...prism_core.replay import parse_replay
from ...prism_core.schedule import Round
from .judge import Head

MANY = 1_000_000    # rows; parses a replay text before the size of the batch is known


@dataclass(frozen=True)
class Choice:
    """What a person or a program is shown to choose by, at one prune step.

    rows    the living rows, ascending
    keep    how many the schedule means to keep
    scores  (len(rows),) on the CPU, or None without a head
    noisy   (len(rows), ...) the rows as they are, in the model's space
    x0      (len(rows), ...) what they would be by now, in the model's space and without their sound; None before the
            first prediction
    """

    run: str
    step: int
    sigma: float
    rows: tuple[int, ...]
    keep: int
    scores: Tensor | None
    noisy: Tensor
    x0: Tensor | None


@dataclass(frozen=True)
class Settings:
    """One patched model's wishes; the same for every run of it.

    candidates   rows made of a latent of one row
    rounds       when to cut, and to how many
    policy       "top-k", "racing" or "diverse"
    budget       for racing: what a run may cost, in plain clips; 0 is what the schedule itself costs
    group        rows in one model call; 0 lets free memory decide
    kept         replay text of rows to keep; with it neither head nor schedule is used
    listeners    called with a dictionary at every event of a run, in the sampler's thread
    chooser      called at a prune step with a `Choice`; returns the rows that live on
    marks        called with a run's id at a decision; which rows people have pinned ("pin") or banned ("ban") by then
    watch        score at every step and ask the policy, but drop nobody: what it would have done is written down
    always_widen  make candidates even from a finished clip, which otherwise passes through
    sliced_after  whoever takes the samples slices the latent's other entries to the survivors
    """

    head: Head | None
    candidates: int
    rounds: tuple[Round, ...]
    policy: str = "top-k"
    budget: float = 0.0
    group: int = 0
    kept: str = ""
    listeners: tuple[Callable[[dict], None], ...] = ()
    chooser: Callable[[Choice], Sequence[int]] | None = None
    marks: Callable[[str], Mapping[int, str]] | None = None
    watch: bool = False
    always_widen: bool = False
    sliced_after: bool = False

    @property
    def replays(self) -> bool:
        """Whether the rows are named beforehand."""
        return bool(self.kept.strip())

    @property
    def final_keep(self) -> int:
        """How many rows a run ends with."""
        return len(parse_replay(self.kept, MANY)[0]) if self.replays else self.rounds[-1].keep

    def tell(self, event: str, **facts: Any) -> None:
        """Hand an event to every listener."""
        for listener in self.listeners:
            listener({"event": event, **facts})
