"""Runs in which rows must go one at a time: context windows, and guiders that weigh the whole batch at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import comfy.samplers
from torch import Tensor

from .request import Forward, Request, same
from .rows import take_conds

MIXING_GUIDERS = ("Guider_PerpNeg",)    # they weigh all rows by one sum over the batch


class RowByRow:
    """Stands in for a context handler during one run, and is like it in everything but the rows."""

    def __init__(self, handler: Any, evaluate: Callable[[Request], list[Tensor]]) -> None:
        self._handler, self._evaluate = handler, evaluate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)

    def execute(self, calc: Callable, model: Any, conds: list, x: Tensor, timestep: Tensor, options: dict) -> list:
        """The handler's own work, a row at a time."""
        def route(wrap: Callable) -> Callable:
            return partial(self._handler.execute, wrap(calc))
        return self._evaluate(Request(route, model, conds, x, timestep, options, alone=True))


def mixes(guider: Any) -> bool:
    """Whether a guider must be given one row at a time, for rows not to depend on each other."""
    return type(guider).__name__ in MIXING_GUIDERS


@dataclass(frozen=True)
class GuiderRequest(Request):
    """A whole guidance step as one prediction, made for a row at a time with conditioning of that row."""

    guider: Any = None
    guide: Callable[..., Tensor] | None = None

    def forward(self, rows: Sequence[int], options: dict | None = None, conds: list | None = None,
                wrap: Callable[[Forward], Forward] = same) -> list[Tensor]:
        """As in `Request`; without `conds`, one tensor: what the guider makes of all its conditioning."""
        if conds is not None:
            return super().forward(rows, options, conds, wrap)
        rows, given = list(rows), self.guider.conds
        self.guider.conds = {name: take_conds([entries], rows)[0] for name, entries in given.items()}
        try:
            return [self.guide(self.x[rows], self.times(rows), options or self.options)]
        finally:
            self.guider.conds = given


def guider_request(guider: Any, guide: Callable, x: Tensor, timestep: Tensor, options: dict,
                   seed: Any = None) -> GuiderRequest:
    """The request that a guider's PREDICT_NOISE stands for; `guide` is that function without its wrappers."""
    def route(wrap: Callable) -> Callable:
        return wrap(comfy.samplers.calc_cond_batch)
    return GuiderRequest(route, guider.inner_model, list(guider.conds.values()), x, timestep, options, alone=True,
                         guider=guider, guide=lambda *args: guide(*args, seed))
