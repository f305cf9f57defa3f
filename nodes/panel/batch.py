"""One question about the rows of a LATENT, which nothing samples just now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from comfy.model_management import InterruptProcessingException
from torch import Tensor

from ..bridge.decide import NOT_CHOSEN
from ..sockets import Scores
from . import keeping
from .asking import Asked, Verdict, Wishes, ask
from .board import BOARD, Board
from .messages import Card, View
from .picks import Chosen, record
from .session import ranked
from .sheet import Previews
from .where import Where, here


@dataclass(frozen=True)
class Batch:
    """What is shown. samples, pictures: (N, ...) as a LATENT holds them; seeds of the rows where they are known."""

    model: Any
    samples: Tensor
    seeds: tuple[int, ...]
    pictures: Tensor
    scores: Scores | None

    @property
    def rows(self) -> tuple[int, ...]:
        return tuple(range(len(self.samples)))

    @property
    def values(self) -> Tensor | None:
        """Scores (N,), or None."""
        return None if self.scores is None else self.scores.values


def pick(node: str | None, batch: Batch, keep: int, wishes: Wishes, board: Board = BOARD) -> tuple[int, ...]:
    """Show the rows on the page and wait; those that a person, time or the head chose, ascending."""
    run, where = uuid4().hex, here(node or "")
    board.open(_view(run, where, batch))
    try:
        verdict = _asked(run, batch, keep, wishes, board)
    except BaseException as error:
        board.change(run, status="stopped" if isinstance(error, InterruptProcessingException) else "failed")
        raise
    board.change_cards(run, {
        row: {"state": "kept"} if row in verdict.rows else {"state": "dropped", "reason": NOT_CHOSEN}
        for row in batch.rows}, status="finished", replay=", ".join(map(str, verdict.rows)))
    if verdict.by_person:
        _record(run, batch, verdict, where, board)
    return verdict.rows


def _view(run: str, where: Where, batch: Batch) -> View:
    cards = [Card(row=row, seed=str(batch.seeds[row]) if batch.seeds else "") for row in batch.rows]
    fields = ranked(batch.rows, batch.values.tolist()) if batch.scores is not None else {}
    cards = [card.model_copy(update=fields.get(card.row, {})) for card in cards]
    return View(run=run, node=where.node or where.sampler, workflow=where.workflow, client=where.client,
                prompt=where.prompt, kind="pick", judge="person", candidates=cards,
                head=batch.scores.head if batch.scores else "")


def _asked(run: str, batch: Batch, keep: int, wishes: Wishes, board: Board) -> Verdict:
    model = batch.model.model
    previews = Previews(run, board, wanted=keeping.previews())
    previews.offer(0, batch.rows, model.process_latent_in(batch.pictures), model.latent_format, force=True)
    return ask(run, Asked(1, 0, batch.rows, keep, batch.values), wishes, board)


def _record(run: str, batch: Batch, verdict: Verdict, where: Where, board: Board) -> None:
    sigma = 0.0 if batch.scores is None else batch.scores.sigma
    noisy = batch.model.model.process_latent_in(batch.samples)
    chosen = Chosen("finished-pick", 0, sigma, batch.rows, verdict.rows, board.marks(run), batch.values, noisy)
    started = {"seeds": batch.seeds, "sigmas": (sigma,), "model": batch.model, "sampler": "", "conds": {}}
    record(chosen, run, started, where, None, partial(board.note, run))
