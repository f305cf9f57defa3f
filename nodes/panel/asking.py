"""Waiting for a person at a prune step, and what happens if nobody comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import comfy.model_management
import torch
from torch import Tensor

from ...prism_core.marks import BAN, PIN, overruled
from ...prism_core.policy import TopK, Watch
from .board import BOARD, Board
from .messages import Answer, Waiting
from .question import Question

BEST, ALL, STOP = "best", "all", "stop"
OUTCOMES = [BEST, ALL, STOP]
ALONE_SECONDS = 30.0     # without any page that somebody could answer on
TICK = 0.1               # seconds between looks at the interrupt button


@dataclass(frozen=True)
class Wishes:
    """How long to wait, in seconds, 0 for ever; what then: "best" (the head's choice), "all" or "stop"."""

    timeout: float = 0.0
    outcome: str = BEST


@dataclass(frozen=True)
class Asked:
    """What a person is to decide: which of `rows` live on after a step; the schedule means to keep `keep` of them.

    scores: (len(rows),), or None without a head.
    """

    number: int
    step: int
    rows: tuple[int, ...]
    keep: int
    scores: Tensor | None


@dataclass(frozen=True)
class Verdict:
    """The rows that live on, and whether a person said so."""

    rows: tuple[int, ...]
    by_person: bool


class Nobody(RuntimeError):
    """There was nobody to choose, and nothing to choose by."""


def ask(run: str, asked: Asked, wishes: Wishes, board: Board = BOARD) -> Verdict:
    """Show the question on every page and wait, with the sampler, for the first answer.

    Raises:
        Nobody: no page was connected for a while, or time was up, and there is no head to choose in a person's place.
        InterruptProcessingException: the run was stopped, here or by ComfyUI's own button.
    """
    question = Question(asked.number, asked.rows)
    board.ask(run, question)
    try:
        board.change(run, status="waiting", waiting=_waiting(run, asked, wishes, board))
        answer = answered(question, wishes, board)
    finally:
        question.close()
        board.settled(run)
    verdict = _verdict(answer, run, asked, wishes, board)
    board.change(run, status="sampling", waiting=None)
    return verdict


def answered(question: Question, wishes: Wishes, board: Board) -> Answer | str:
    """What a person said, or why nobody did: "time" or "alone"."""
    alone_since = None
    for left in _remaining(wishes.timeout):
        comfy.model_management.throw_exception_if_processing_interrupted()
        answer = question.wait(TICK if left is None else min(TICK, left))
        if answer is not None:
            return answer
        now = time.monotonic()
        alone_since = None if board.listening() else alone_since or now
        if alone_since is not None and now - alone_since > ALONE_SECONDS:
            return "alone"
    return "time"


def _remaining(timeout: float) -> Iterator[float | None]:
    """Seconds that are left, again and again until there are none; None for ever without a timeout."""
    ends = time.monotonic() + timeout
    while not timeout or time.monotonic() < ends:
        yield ends - time.monotonic() if timeout else None


def _waiting(run: str, asked: Asked, wishes: Wishes, board: Board) -> Waiting:
    suggested = [row for row, mark in board.marks(run).items() if mark == PIN and row in asked.rows]
    if asked.scores is not None:
        suggested = _best(run, asked, board)
    return Waiting(question=asked.number, keep=asked.keep, suggested=sorted(suggested), outcome=wishes.outcome,
                   deadline_s=wishes.timeout or None, has_head=asked.scores is not None)


def _verdict(answer: Answer | str, run: str, asked: Asked, wishes: Wishes, board: Board) -> Verdict:
    by_person = isinstance(answer, Answer)
    action = answer.action if by_person else BEST if answer == "alone" else wishes.outcome
    if action == STOP:
        raise comfy.model_management.InterruptProcessingException()
    if action == BEST and asked.scores is None:
        raise Nobody(_nobody(answer))
    if action == BEST:
        return Verdict(tuple(_best(run, asked, board)), by_person)
    marks = board.marks(run)
    if action == ALL:
        return Verdict(tuple(row for row in asked.rows if marks.get(row) != BAN) or asked.rows, by_person)
    pinned = {row for row in asked.rows if marks.get(row) == PIN}
    return Verdict(tuple(sorted({*answer.rows, *pinned})), by_person)


def _nobody(answer: Answer | str) -> str:
    if isinstance(answer, Answer):
        return "PRISM was asked for the head's choice, but no head is connected. Run again and choose by eye."
    waited = (f"no page of this ComfyUI has been open for {ALONE_SECONDS:.0f} seconds" if answer == "alone" else
              "the time that 'timeout' allows is up")
    return (f"PRISM has waited for somebody to choose, but {waited}, and no head is connected to choose instead. Open "
            "ComfyUI in a browser and run again, connect a head, or name the candidates to keep in 'kept', such as "
            "'1, 4'.")


def _best(run: str, asked: Asked, board: Board) -> list[int]:
    """The head's choice, with the marks that people have set."""
    watch = Watch(asked.step, 0.0, asked.rows, torch.as_tensor(asked.scores, dtype=torch.float32))
    decision = TopK([(asked.step, asked.keep)]).decide(watch)
    return list(overruled(decision, watch, board.marks(run)).keep)
