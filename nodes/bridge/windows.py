"""Context windows: ComfyUI's handler takes one row, so it is given the candidates one after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from .request import Request


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
        return self._evaluate(Request(route, model, conds, x, timestep, options, windows=True))
