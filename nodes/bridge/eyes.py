"""A head in a live run: scores of rows, from a probe or from the model call that is made anyway."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...prism_core.backbones import Backbone
from ...prism_core.features import Features
from .judge import Head
from .request import Forward, Request
from .rows import choose_cond
from .tap import Tapped, is_compiled, listen, tap, tapped_options


class Eyes:
    """Scores the rows of one run by one conditioning entry, found by its uuid and never by its place."""

    def __init__(self, head: Head, backbone: Backbone, positive: Iterable[Any], embeds: bool = False) -> None:
        self.head, self.backbone, self.positive, self.embeds = head, backbone, frozenset(positive), embeds
        self.block = head.info.backbone.tap_block
        self.depth = self.block / backbone.blocks
        self._seen: dict[int, list[float]] = {}
        self._pooled: dict[int, list[Tensor]] = {}

    def _entries(self, request: Request) -> list[dict]:
        return [cond for slot in request.conds if slot for cond in slot if cond["uuid"] in self.positive]

    def concerns(self, request: Request) -> bool:
        """Whether this request holds the positive prompt."""
        return bool(self._entries(request))

    def knows(self, request: Request) -> bool:
        """Whether the head was trained for this sigma; scores at others are guesses."""
        low, high = self.head.info.sigma_range
        return low <= request.flow_sigma <= high

    def cond_of(self, request: Request) -> dict:
        """The entry to score by. Raises ValueError where none covers the whole picture now."""
        return choose_cond(self._entries(request), request.sigma)

    def can_listen(self, request: Request) -> bool:
        """Whether the model call that is made anyway can be read: not through torch.compile."""
        return not is_compiled(request.model, request.options)

    def listening(self, request: Request, cond: dict, rows: Sequence[int]) -> dict:
        """Model options with which a call of these rows is scored on its way, and comes out unchanged."""
        self._forget(rows)
        note = partial(self._note, rows, request.flow_sigma)
        return tapped_options(request.options, listen(self.backbone, self.block, cond["uuid"], note), eager=False)

    def probe(self, request: Request, cond: dict, rows: Sequence[int]) -> None:
        """Score these rows in a call of their own that ends at the tap."""
        self._forget(rows)
        options = tapped_options(request.options, tap(self.backbone, self.block), eager=True)
        request.forward(rows, options, [[cond]], partial(self._ending, rows, request.flow_sigma))

    def scores(self, rows: Sequence[int]) -> Tensor:
        """(len(rows),) float32 on the CPU, of what was seen last; a row seen in several windows gets their mean.

        Raises:
            RuntimeError: a row was not seen, or its score is not finite.
        """
        missing = [row for row in rows if row not in self._seen]
        if missing:
            raise RuntimeError(
                f"PrismBestOfN got no score for candidate {missing[0]}: the model answered without running its block "
                f"{self.block}. Connect the model from before nodes that skip its blocks, as caching nodes do.")
        values = torch.tensor([sum(self._seen[row]) / len(self._seen[row]) for row in rows])
        if not torch.isfinite(values).all():
            raise RuntimeError(
                f"The head '{self.head.name}' gave scores that are not finite: {values.tolist()}. The model's hidden "
                "states overflowed at this step; load the model in another precision, or prune at another step.")
        return values

    def embeddings(self, rows: Sequence[int]) -> Tensor | None:
        """(len(rows), D) what the head pooled from the rows that were seen last, where that was asked for."""
        return torch.stack([sum(self._pooled[row]) / len(self._pooled[row]) for row in rows]) if self.embeds else None

    def _forget(self, rows: Sequence[int]) -> None:
        for row in rows:
            self._seen.pop(row, None)
            self._pooled.pop(row, None)

    def _note(self, rows: Sequence[int], sigma: float, read: Tapped) -> None:
        at = torch.full((len(read.visual),), sigma, device=read.visual.device)
        features = Features(read.visual, read.text, read.text_mask, read.grid, at)
        with self._pooling() as pooled:
            scores = self.head.patcher.model.score(features).tolist()
        for row, score in zip(rows, scores, strict=True):
            self._seen.setdefault(row, []).append(score)
        for row, vector in zip(rows, torch.cat(pooled).float().cpu() if pooled else ()):
            self._pooled.setdefault(row, []).append(vector)

    @contextmanager
    def _pooling(self) -> Iterator[list[Tensor]]:
        """Collects the pooled vectors (B, D) of the head's calls in this thread, if anybody wants them."""
        pooled, thread = [], threading.get_ident()

        def hook(module: nn.Module, args: tuple, output: Tensor) -> None:
            if threading.get_ident() == thread:
                pooled.append(output)
        handle = self.head.patcher.model.norm_pooled.register_forward_hook(hook) if self.embeds else None
        try:
            yield pooled
        finally:
            if handle is not None:
                handle.remove()

    def _ending(self, rows: Sequence[int], sigma: float, forward: Forward) -> Forward:
        """A model call that ends at the tap; whoever puts windows together gets zeros to work with."""
        def ended(model, conds, x, timestep, options):
            try:
                forward(model, conds, x, timestep, options)
            except Tapped as read:
                self._note(rows, sigma, read)
            return [torch.zeros_like(x) for _ in conds]
        return ended
