"""One wait for a person: whoever answers first is heard."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from ...prism_core.said import say
from .board import Closed
from .messages import Answer


class Question:
    """Asks which of `rows` live on. Answers come from any thread; `id` tells the questions of one run apart."""

    def __init__(self, id: int, rows: Iterable[int]) -> None:
        self.id, self.rows = id, frozenset(rows)
        self._answer: Answer | None = None
        self._over = False
        self._change = threading.Condition()

    def put(self, answer: Answer) -> None:
        """Take the answer. Raises Closed where there is one already, ValueError where it names rows that do not live."""
        with self._change:
            if self._over:
                raise Closed("This question has been answered.")
            strangers = sorted(set(answer.rows) - self.rows)
            if strangers:
                raise ValueError(say("cannotKeep", "Candidate {row} is not among those that can be kept: {rows}.",
                                     row=strangers[0], rows=", ".join(map(str, sorted(self.rows)))))
            self._answer, self._over = answer, True
            self._change.notify_all()

    def wait(self, seconds: float) -> Answer | None:
        """The answer, as soon as it is there; None where it is not there in time."""
        with self._change:
            self._change.wait_for(lambda: self._over, seconds)
            return self._answer

    def close(self) -> None:
        """Take no more answers."""
        with self._change:
            self._over = True
