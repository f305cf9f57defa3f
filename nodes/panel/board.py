"""All that the server remembers of runs for its pages, and when it tells them.

Samplers write here from the worker's thread, routes read and answer from the server's, pictures come from a third; one
lock guards it all. Nothing is encoded while no page listens: a page that comes later asks for everything itself.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...prism_core.said import say
from . import pages
from .curves import Curves
from .messages import OVER, Answer, Card, Mark, Sheet, View
from .pace import Pace, later

EVENT = "prism.run"
FINISHED = 16            # runs that are remembered after their end
SHEETS = 8               # pictures that are held, those of open runs first

Send = Callable[[str, dict], None]


class Closed(Exception):
    """A question that is answered already, or over."""


class Question(Protocol):
    """One wait for a person; the rows are those that are alive."""

    id: int
    rows: frozenset[int]

    def put(self, answer: Answer) -> None:
        """Take an answer. Raises Closed, and ValueError where a row is not alive."""


@dataclass
class _Entry:
    """What is remembered of one run."""

    view: View
    curves: Curves | None = None
    image: tuple[bytes, str] | None = None
    question: Question | None = None
    marks: dict[int, str] = field(default_factory=dict)
    waited: float = 0.0    # seconds
    waits_since: float | None = None
    asked: float = 0.0     # when its `waiting` was set
    veiled: Callable[[], None] | None = None    # shows what is kept back

    def shown(self, now: float) -> View:
        """The view with what is left of its deadline by now."""
        waiting = self.view.waiting
        if waiting is None or waiting.deadline_s is None:
            return self.view
        left = max(0.0, waiting.deadline_s - (now - self.asked))
        return self.view.model_copy(update={"waiting": waiting.model_copy(update={"deadline_s": left})})


class Board:
    """The runs that pages know of; safe to use from several threads.

    send       called as send(event, data) with what goes to all pages
    listening  whether any page is there to hear it
    clock      seconds, ever growing
    later      calls a function after so many seconds, in another thread
    """

    def __init__(self, send: Send, listening: Callable[[], bool] = lambda: True,
                 clock: Callable[[], float] = time.monotonic, later: Callable[..., None] = later) -> None:
        self._send, self._listening, self._clock = send, listening, clock
        self._runs: OrderedDict[str, _Entry] = OrderedDict()    # finished ones move to the end when they finish
        self._versions = 0
        self._lock = threading.RLock()
        self._pace = Pace(self._tell_pages, listening, clock, later, self._lock)

    def listening(self) -> bool:
        """Whether any page would hear a message."""
        return self._listening()

    # Runs

    def open(self, view: View) -> View:
        """Show a run that begins. Raises ValueError where its id is known already."""
        with self._lock:
            if view.run in self._runs:
                raise ValueError(f"Run {view.run} is on the board already; every run needs an id of its own.")
            self._runs[view.run] = _Entry(view, asked=self._clock())
            self._time(self._runs[view.run])
            self._pace.tell(view.run, urgent=True)
            return view

    def change(self, run: str, **fields: Any) -> View:
        """Set fields of a view; what it shows of marks stays what people set. A run that is over waits no more.

        Raises KeyError where the run is not known, and pydantic's ValueError where a field does not fit.
        """
        with self._lock:
            entry, before = self._runs[run], self._runs[run].view
            if fields.get("status") in OVER:
                fields["waiting"], entry.question = None, None
            if "candidates" in fields:
                fields["candidates"] = [_marked(card, entry.marks) for card in fields["candidates"]]
            entry.view = View(**{**dict(before), **fields, "seq": before.seq + 1})
            self._time(entry)
            entry.asked = self._clock() if "waiting" in fields else entry.asked
            if entry.view.over and not before.over:
                self._runs.move_to_end(run)
                self._forget()
            self._pace.tell(run, urgent=_asks(entry.view) != _asks(before))
            return entry.view

    def change_cards(self, run: str, changes: dict[int, dict[str, Any]], **fields: Any) -> View:
        """Set fields of cards, by row; rows that have none are passed over. Other fields of the view go with them."""
        with self._lock:
            cards = [Card(**{**dict(card), **changes.get(card.row, {})}) for card in self._runs[run].view.candidates]
            return self.change(run, candidates=cards, **fields)

    def note(self, run: str, text: str) -> None:
        """Show a text with the run, once; an empty one, or one for a run that is not known, is passed over."""
        with self._lock:
            known = self._runs[run].view.notes if run in self._runs else None
            if text and known is not None and text not in [note.text for note in known]:
                self.change(run, notes=[*known, text])

    def get(self, run: str) -> View | None:
        """The latest state of a run."""
        with self._lock:
            return self._runs[run].shown(self._clock()) if run in self._runs else None

    def views(self) -> list[View]:
        """Every run: open ones first, then those that are over, the latest of each before the others."""
        with self._lock:
            views = [entry.shown(self._clock()) for entry in reversed(self._runs.values())]
        return sorted(views, key=lambda view: view.over)

    def set_curves(self, run: str, curves: Curves) -> None:
        """Keep what the chart of a run shows; whoever made it goes on writing there."""
        with self._lock:
            self._runs[run].curves = curves

    def curves(self, run: str) -> Curves | None:
        """What the chart of a run shows; None where there is none."""
        with self._lock:
            return self._runs[run].curves if run in self._runs else None

    def earlier(self, run: str) -> list[Curves]:
        """The charts of what the same node of the same workflow ran before, the latest first."""
        with self._lock:
            view = self._runs[run].view
            return [entry.curves for other, entry in reversed(self._runs.items())
                    if other != run and entry.curves is not None and entry.view.over
                    and (entry.view.node, entry.view.workflow) == (view.node, view.workflow)]

    def veil(self, run: str, show: Callable[[], None]) -> None:
        """Keep back what `show` shows of a run until it is unveiled."""
        with self._lock:
            self._runs[run].veiled = show

    def unveil(self, run: str) -> None:
        """Show what was kept back, once, of a run that is still known."""
        with self._lock:
            entry = self._runs.get(run)
            show = entry and entry.veiled
            if show:
                entry.veiled = None
                show()

    # Pictures

    def set_sheet(self, run: str, sheet: Sheet, image: bytes, mime: str) -> View:
        """Show a picture in place of the one before; its version is given here. KeyError where the run is unknown."""
        with self._lock:
            entry = self._runs[run]
            self._versions += 1
            entry.image = image, mime
            view = self.change(run, sheet=sheet.model_copy(update={"version": self._versions}))
            self._drop_sheets()
            return view

    def sheet(self, run: str, version: int) -> tuple[bytes, str] | None:
        """The picture of that version and its media type, as long as it is the latest one."""
        with self._lock:
            entry = self._runs.get(run)
            known = entry is not None and entry.view.sheet is not None and entry.view.sheet.version == version
            return entry.image if known else None

    # People

    def ask(self, run: str, question: Question) -> None:
        """Take answers to this question from now on; do it before the view says that the run waits."""
        with self._lock:
            self._runs[run].question = question

    def question(self, run: str) -> Question | None:
        """What the run waits for; None where it does not wait, or is not known."""
        with self._lock:
            return self._runs[run].question if run in self._runs else None

    def settled(self, run: str) -> None:
        """Take no more answers to the question of this run."""
        with self._lock:
            if run in self._runs:
                self._runs[run].question = None

    def waited(self, run: str) -> float:
        """Seconds that the run has waited for people so far; 0 for one that is not known."""
        with self._lock:
            entry = self._runs.get(run)
            if entry is None:
                return 0.0
            return entry.waited + (0.0 if entry.waits_since is None else self._clock() - entry.waits_since)

    def marks(self, run: str) -> dict[int, str]:
        """What people pinned or banned, by row."""
        with self._lock:
            return dict(self._runs[run].marks)

    def mark(self, run: str, mark: Mark) -> View:
        """Pin or ban a candidate, or take that back.

        Raises KeyError where the run is not known, ValueError where it is over or the candidate is not alive.
        """
        with self._lock:
            entry = self._runs[run]
            alive = [card.row for card in entry.view.candidates if card.state == "alive"]
            if entry.view.kind == "trial":
                raise ValueError(say("markTrial", "Clips of a trial are ranked; they cannot be marked."))
            if entry.view.over or mark.row not in alive:
                raise ValueError(say("markOver", "Candidate {row} cannot be marked: the run is over.", row=mark.row)
                                 if entry.view.over else say("markDead", "Candidate {row} cannot be marked: it is not "
                                                             "among those that are alive.", row=mark.row))
            entry.marks.pop(mark.row, None)
            if mark.mark != "none":
                entry.marks[mark.row] = mark.mark
            return self.change_cards(run, {})

    # Time and memory

    def _time(self, entry: _Entry) -> None:
        if entry.view.status == "waiting":
            entry.waits_since = self._clock() if entry.waits_since is None else entry.waits_since
        elif entry.waits_since is not None:
            entry.waited, entry.waits_since = entry.waited + self._clock() - entry.waits_since, None

    def _forget(self) -> None:
        over = [run for run, entry in self._runs.items() if entry.view.over]
        for run in over[:-FINISHED]:
            del self._runs[run]
            self._pace.forget(run)
        self._drop_sheets()

    def _drop_sheets(self) -> None:
        """Let go of the pictures of those runs that have been over for longest."""
        holding = sorted((run for run, entry in self._runs.items() if entry.image), key=self._open)
        for run in holding[:-SHEETS]:
            entry = self._runs[run]
            entry.image, entry.view = None, entry.view.model_copy(update={"sheet": None, "seq": entry.view.seq + 1})
            self._pace.tell(run)

    def _open(self, run: str) -> bool:
        return not self._runs[run].view.over

    # Messages

    def _tell_pages(self, run: str) -> None:
        self._send(EVENT, self._runs[run].shown(self._clock()).model_dump(mode="json"))


def _marked(card: Card, marks: dict[int, str]) -> Card:
    return card.model_copy(update={"mark": marks.get(card.row, "none")})


def _asks(view: View) -> tuple[str, int | None]:
    """What a person should see at once."""
    return view.status, view.waiting.question if view.waiting else None


BOARD = Board(pages.send, pages.listening)
