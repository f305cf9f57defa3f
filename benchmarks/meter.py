"""What happens at the model itself: how many rows go through how many of its blocks, and how long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..prism_core.backbones import identify
from .timing import Result


@dataclass(frozen=True)
class Call:
    """One call of the diffusion model.

    rows     batch entries: candidates times the conditions that share the call
    depth    share of the model's blocks that ran; below 1 the call ended early
    seconds  without what the head took within it
    """

    rows: int
    depth: float
    seconds: float


@dataclass(frozen=True)
class Reading:
    """One run.

    seconds      all of it
    calls        of the diffusion model
    head_within  seconds of the head in model calls that were made anyway
    head_alone   seconds of the head after a probe
    """

    seconds: float
    calls: tuple[Call, ...]
    head_within: float
    head_alone: float

    @property
    def rows(self) -> float:
        """Rows through the model, a call that ended early counted by the share of the blocks that ran."""
        return sum(call.rows * call.depth for call in self.calls)

    @property
    def outside(self) -> float:
        """Seconds spent neither in the model nor in the head."""
        return self.seconds - self.head_within - self.head_alone - sum(call.seconds for call in self.calls)

    @property
    def probe_seconds(self) -> float:
        """The calls that ended early, without the head."""
        return sum(call.seconds for call in self.calls if call.depth < 1)


class Meter:
    """Measures runs of one MODEL and all its clones, which share the diffusion module, and of one head."""

    def __init__(self, model: Any, head: nn.Module) -> None:
        self.module, self.head, self.cuda = model.model.diffusion_model, head, model.load_device.type == "cuda"
        backbone = identify(self.module)
        self.blocks = [self.module.get_submodule(backbone.block_path(n + 1)) for n in range(backbone.blocks)]

    def timed(self, run: Callable[[], Result]) -> tuple[float, Result]:
        """Run it as it is; its seconds, and what it returned."""
        self._wait()
        began = time.perf_counter()
        result = run()
        self._wait()
        return time.perf_counter() - began, result

    def measure(self, run: Callable[[], Result]) -> tuple[Reading, Result]:
        """Run it with everything counted and timed; what was read, and what it returned."""
        self._calls: list[_Span] = []
        self._heads: list[_Span] = []
        self._open: _Span | None = None
        with self._attached():
            seconds, result = self.timed(run)
        return self._reading(seconds), result

    def _reading(self, seconds: float) -> Reading:
        calls = tuple(Call(span.rows, span.blocks / len(self.blocks), span.seconds()) for span in self._calls)
        within = sum(head.seconds() for span in self._calls for head in span.within)
        return Reading(seconds, calls, within, sum(span.seconds() for span in self._heads) - within)

    @contextmanager
    def _attached(self) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(_replaced(self.module, "forward", self._forward))
            stack.enter_context(_replaced(self.head, "forward", self._judge))
            for block in self.blocks:
                stack.callback(block.register_forward_pre_hook(self._block).remove)
            yield

    def _forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        span = self._open = _Span(len(x), self._mark())
        self._calls.append(span)
        try:
            return type(self.module).forward(self.module, x, *args, **kwargs)
        finally:
            span.end, self._open = self._mark(), None

    def _block(self, module: nn.Module, args: tuple) -> None:
        self._open.blocks += 1

    def _judge(self, visual: Tensor, *args: Any, **kwargs: Any) -> Any:
        span = _Span(len(visual), self._mark())
        self._heads.append(span)
        if self._open is not None:
            self._open.within.append(span)
        scores = type(self.head).forward(self.head, visual, *args, **kwargs)
        span.end = self._mark()
        return scores

    def _mark(self) -> Any:
        """This moment; on a GPU a mark in its queue, for work is only queued when a call returns."""
        if not self.cuda:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def _wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()


@dataclass
class _Span:
    rows: int
    begin: Any
    end: Any = None
    blocks: int = 0
    within: list[_Span] = field(default_factory=list)    # calls of the head during this one

    def seconds(self) -> float:
        """Its length without the spans within it."""
        whole = self.end - self.begin if isinstance(self.end, float) else self.begin.elapsed_time(self.end) / 1000
        return whole - sum(span.seconds() for span in self.within)


@contextmanager
def _replaced(module: nn.Module, name: str, function: Callable) -> Iterator[None]:
    """The module with a method of this object alone replaced."""
    setattr(module, name, function)
    try:
        yield
    finally:
        delattr(module, name)
