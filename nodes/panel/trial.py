"""Finished clips on the pages, to be ranked by somebody who is told nothing about them.

Pages know the clips by their positions alone. Which candidate stands at which position they hear when it is over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import torch
from comfy.model_management import InterruptProcessingException, throw_exception_if_processing_interrupted
from torch import Tensor
from torch.nn import functional as F

from ...prism_core.record import RunRecord
from ...prism_core.trial import Ranking, complete
from .asking import STOP, Wishes, answered
from .board import BOARD, Board
from .frames import FRAMES, picked
from .messages import Answer, Card, Reveal, View, Waiting
from .question import Question
from .sheet import Album
from .where import Where, here

SKIP = "skip"
OUTCOMES = [SKIP, STOP]
ACTIONS = ("rank", SKIP, STOP)
LONGEST = 256            # pixels of a preview's longer side
QUESTION = 1


def blind_order(record: RunRecord) -> list[int]:
    """The candidate at each position: as if by chance, the same for the same run, and from nothing that pages know."""
    secret = repr((record.replay, [watch.scores for watch in record.watches]))
    return random.Random(secret).sample(range(record.candidates), record.candidates)


def preview(images: Tensor) -> Tensor:
    """The loop (n, h, w, 3) in bytes of a decoded clip (T, H, W, 3) in [0, 1]; small, so that many fit into memory."""
    frames = images[picked(len(images), FRAMES)].movedim(-1, 1)[:, :3].float().cpu().clamp(0, 1)
    scale = LONGEST / max(frames.shape[-2:])
    size = [max(1, round(side * scale)) for side in frames.shape[-2:]] if scale < 1 else list(frames.shape[-2:])
    small = F.interpolate(frames, size, mode="bicubic", antialias=True) if scale < 1 else frames
    return small.clamp(0, 1).mul(255).round().to(torch.uint8).movedim(1, -1)


class Stage:
    """One trial on the pages. order: the candidate at each position. Use it as a context: an error ends the trial there."""

    def __init__(self, node: str | None, order: Sequence[int], head: str, board: Board = BOARD) -> None:
        self.run, self.order, self._board, self._where = uuid4().hex, tuple(order), board, here(node or "")
        where = self._where
        board.open(View(run=self.run, node=where.node or where.sampler, workflow=where.workflow, client=where.client,
                        prompt=where.prompt, kind="trial", judge="person", head=head, steps=len(order),
                        candidates=[Card(row=position) for position in range(len(order))]))

    @contextmanager
    def on(self) -> Iterator[Stage]:
        """Let an error, or the interrupt button, end the trial on the pages as well."""
        try:
            yield self
        except BaseException as error:
            stopped = isinstance(error, InterruptProcessingException)
            self._board.change(self.run, status="stopped" if stopped else "failed")
            if not stopped:
                self._board.note(self.run, str(error))
            raise

    def decoded(self, decode: Callable[[int], Tensor]) -> dict[int, Tensor]:
        """The loop of each candidate, which are decoded one after the other to images (T, H, W, 3)."""
        loops = {}
        for done, row in enumerate(self.order, start=1):
            throw_exception_if_processing_interrupted()
            loops[row] = preview(decode(row))
            self._board.change(self.run, step=done)
        self._show(loops)
        return loops

    def _show(self, loops: Mapping[int, Tensor]) -> None:
        album = Album(LONGEST)
        album.add(range(len(self.order)), torch.stack([loops[row] for row in self.order]))
        picture = album.picture(0)
        self._board.set_sheet(self.run, picture.sheet, picture.image, picture.mime)

    def ask(self, wishes: Wishes) -> Ranking | None:
        """Wait for a ranking; of candidates, not of positions. None where nobody gave one."""
        question = Question(QUESTION, range(len(self.order)), ACTIONS)
        self._board.ask(self.run, question)
        try:
            self._board.change(self.run, status="waiting", waiting=Waiting(
                question=QUESTION, keep=1, suggested=[], outcome=wishes.outcome, deadline_s=wishes.timeout or None,
                has_head=False))
            answer = answered(question, wishes, self._board)
        finally:
            question.close()
            self._board.settled(self.run)
        self._board.change(self.run, status="sampling", waiting=None)
        return self._ranking(answer, wishes)

    def _ranking(self, answer: Answer | str, wishes: Wishes) -> Ranking | None:
        action = answer.action if isinstance(answer, Answer) else SKIP if answer == "alone" else wishes.outcome
        if action == STOP:
            raise InterruptProcessingException()
        if action == SKIP:
            return None
        return complete(([self.order[position] for position in place] for place in answer.ranking), len(self.order))

    @property
    def where(self) -> Where:
        """Which page's graph it belongs to."""
        return self._where

    def note(self, text: str) -> None:
        """Show a text with the trial."""
        self._board.note(self.run, text)

    def reveal(self, facts: Mapping[int, Mapping[str, Any]], places: Mapping[int, int], replay: str,
               **told: Any) -> None:
        """Tell whose the clips are: fields of the card, and the place, of each candidate. It ends the trial."""
        shown = Reveal(rows=list(self.order), places=[places[row] for row in self.order] if places else [], **told)
        self._board.change_cards(self.run, {position: {**facts[row], "state": "kept"}
                                            for position, row in enumerate(self.order)},
                                 status="finished", reveal=shown, replay=replay)
