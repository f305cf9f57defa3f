"""One batch of model calls that a sampler asks for, and how to make it for some of its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .rows import active, fitting_all, take_conds
from .sigmas import flow_sigma

Forward = Callable[..., list[Tensor]]    # (model, conds, x, timestep, options) -> one prediction an entry


def same(forward: Forward) -> Forward:
    """The model call as it is."""
    return forward


@dataclass(frozen=True)
class Request:
    """Every row, with every conditioning entry, at one sigma.

    route    takes a wrapper of a single model call and gives the function that makes the whole batch; with context
             windows, that makes many calls of one row
    conds    lists of processed conditioning, None where a slot is not needed
    alone    whether rows must go one at a time
    """

    route: Callable[[Callable[[Forward], Forward]], Forward]
    model: Any
    conds: list[list[dict] | None]
    x: Tensor
    timestep: Tensor
    options: dict
    alone: bool = False

    @property
    def sigma(self) -> float:
        """The model's own sigma."""
        return float(self.timestep.flatten()[0])

    @property
    def flow_sigma(self) -> float:
        """The noise fraction in [0, 1]."""
        return flow_sigma(self.model.model_sampling, self.sigma)

    @property
    def entries(self) -> list[dict]:
        """The conditioning that takes part now."""
        sigma = self.sigma
        return [cond for entries in self.conds if entries for cond in entries if active(cond, sigma)]

    def times(self, rows: Sequence[int]) -> Tensor:
        """The timestep of some rows."""
        return self.timestep[list(rows)] if len(self.timestep) == len(self.x) else self.timestep

    def forward(self, rows: Sequence[int], options: dict | None = None, conds: list | None = None,
                wrap: Callable[[Forward], Forward] = same) -> list[Tensor]:
        """Predictions of some rows, one tensor a conditioning slot; all rows go as they came, uncopied."""
        options, conds, rows = options or self.options, conds or self.conds, list(rows)
        call = self.route(wrap)
        if rows == list(range(len(self.x))):
            return call(self.model, conds, self.x, self.timestep, options)
        return call(self.model, take_conds(conds, rows), self.x[rows], self.times(rows), options)

    def group(self, wanted: int) -> int:
        """How many rows to run together: what was asked for, or what fits into free memory (0)."""
        if self.alone:
            return 1
        return wanted or fitting_all(self.model, self.x.shape, self.entries, self.x.device)
