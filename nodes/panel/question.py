"""One wait for a person: whoever answers first is heard."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from ...prism_core.said import say
from .board import Closed
from .messages import Answer


CHOICES = ("keep", "best", "all", "stop")


class Question:
    """Asks which of `rows` live on, or which are best. Answers come from any thread.

    id: tells the questions of one run apart. actions: what may be answered.
    """

    def __init__(self, id: int, rows: Iterable[int], actions: Sequence[str] = CHOICES) -> None:
        self.id, self.rows, self._actions = id, frozenset(rows), actions
        self._answer: Answer | None = None
        self._over = False
        self._change = threading.Condition()

    def put(self, answer: Answer) -> None:
        """Take the answer. Raises Closed where there is one already, ValueError where it does not fit the question."""
        with self._change:
            if self._over:
                raise Closed("This question has been answered.")
            if answer.action not in self._actions:
                raise ValueError(say("wrongAnswer", "This run cannot be answered with '{action}', only with {actions}.",
                                     action=answer.action, actions=", ".join(self._actions)))
            strangers = sorted({*answer.rows, *(row for place in answer.ranking for row in place)} - self.rows)
            if strangers:
                raise ValueError(say("notAsked", "Candidate {row} is not among those that are asked about: {rows}.",
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
