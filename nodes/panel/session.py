"""One patched model's runs as pages see them: told as they go on, and asked about where a person is to choose."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from comfy.model_management import InterruptProcessingException
from torch import Tensor

from ...prism_core.record import WATCH
from ...prism_core.said import say
from ..bridge.call import NOT_NAMED
from ..bridge.judge import Head
from ..bridge.live import Choice
from . import keeping
from .asking import Asked, Wishes, ask
from .board import BOARD, Board
from .curves import Curves
from .messages import Card, View
from .picks import Chosen, loras_of, record, record_finished
from .sheet import Previews
from .where import Where, here

logger = logging.getLogger(__name__)

AUTO, PERSON, HEAD = "auto", "me", "head"
CHOOSERS = [AUTO, PERSON, HEAD, WATCH]
BLIND = say("blind", "PRISM Trial is to be blind: scores are shown here once the clips are ranked.")
PAUSE = 0.1    # seconds; cards that change more often would cost the run more than anybody sees


@dataclass
class _Run:
    """What a session remembers of one open run. picks: ids of what was recorded of it; latest: step, rows and
    predictions that the sampler told last; scored: scores and ranks that the cards do not show yet;
    shown: when they were last brought up to date; hidden: fields of cards that a trial keeps back.
    """

    started: dict[str, Any]
    where: Where
    previews: Previews
    curves: Curves
    questions: int = 0
    latest: tuple[int, Sequence[int], Tensor] | None = None
    scored: dict[int, dict[str, Any]] = field(default_factory=dict)
    shown: float = 0.0
    picks: list[int] = field(default_factory=list)
    hidden: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        return len(self.started["sigmas"]) - 1

    @property
    def latent_format(self) -> Any:
        return self.started["model"].model.latent_format


class Session:
    """Listens to the runs of one patched model. `node` is the execution id of the node that shows them.

    blind: pages hear nothing of seeds, scores and whom the head would drop before a trial of the run is over.
    """

    def __init__(self, node: str | None, head: Head | None, wishes: Wishes, board: Board = BOARD,
                 blind: bool = False) -> None:
        self._node, self._head, self._wishes, self._board, self._blind = node or "", head, wishes, board, blind
        self._runs: dict[str, _Run] = {}

    def hooks(self, asks: bool) -> dict[str, Any]:
        """What a live run's settings need: listeners, marks, and a chooser where a person is to be asked."""
        return {"listeners": (self.hear,), "marks": self._board.marks, "chooser": self.choose if asks else None}

    def hear(self, event: dict[str, Any]) -> None:
        """Show what happened. A page that cannot be told must not end a run that takes minutes."""
        try:
            self._heard[event["event"]](self, event)
        except Exception:
            logger.warning("PRISM could not show what happens in this run; it goes on.", exc_info=True)

    def choose(self, choice: Choice) -> Sequence[int]:
        """Ask a person, and record what they said; the rows that live on."""
        run = self._runs[choice.run]
        self._show(choice.run, choice.step)
        run.previews.offer(choice.step, choice.rows, choice.x0, run.latent_format, force=True)
        run.questions += 1
        verdict = ask(choice.run, Asked(run.questions, choice.step, choice.rows, choice.keep, choice.scores),
                      self._wishes, self._board)
        if verdict.by_person:
            self._record(choice.run, Chosen(
                "prune-step", choice.step, choice.sigma, choice.rows, verdict.rows, self._board.marks(choice.run),
                choice.scores, choice.noisy))
        return verdict.rows

    def _record(self, run: str, chosen: Chosen) -> None:
        known = self._runs[run]
        pick = record(chosen, run, known.started, known.where, self._head, partial(self._board.note, run))
        known.picks += [] if pick is None else [pick]

    # Events of a run

    def _started(self, event: dict[str, Any]) -> None:
        run, alive = event["run"], set(event["rows"])
        where = here(self._node)
        curves = Curves(self._head, event["candidates"], event["sigmas"], event["share"],
                        self._unmeasured(event, where))
        previews = Previews(run, self._board, wanted=keeping.previews())
        self._runs[run] = known = _Run(event, where, previews, curves)
        seeds = event["seeds"] or ()
        cards = [Card(row=row, seed=str(seeds[row]) if seeds and not self._blind else "",
                      state="alive" if row in alive else "dropped", reason=None if row in alive else NOT_NAMED)
                 for row in range(event["candidates"])]
        judges = {"replay": "replay", "choice": "person", WATCH: "none" if self._blind else WATCH}
        judge = judges.get(event["policy"], "head")
        self._board.open(View(
            run=run, node=known.where.node or known.where.sampler, workflow=known.where.workflow,
            client=known.where.client, prompt=known.where.prompt, steps=known.steps, judge=judge,
            cuts=[list(cut) for cut in event["cuts"]], head=self._head.name if self._head else "",
            seed=str(event["seed"]), candidates=cards, notes=[*event["warnings"], *([BLIND] if self._blind else [])]))
        if self._blind:
            self._board.veil(run, partial(self._unveil, run, known))
        else:
            self._board.set_curves(run, curves)

    def _unveil(self, run: str, known: _Run) -> None:
        """Show what was kept back."""
        seeds = known.started["seeds"] or ()
        for row, seed in enumerate(seeds):
            known.hidden.setdefault(row, {})["seed"] = str(seed)
        notes = [note for note in self._board.get(run).notes if note.text != BLIND]
        self._board.change_cards(run, known.hidden, notes=notes, judge=WATCH)
        self._board.set_curves(run, known.curves)

    def _tell(self, run: str, cards: dict[int, dict[str, Any]], **fields: Any) -> None:
        """Change cards by what would end a trial's blindness: keep it back there."""
        if not self._blind:
            self._board.change_cards(run, cards, **fields)
            return
        for row, facts in cards.items():
            self._runs[run].hidden.setdefault(row, {}).update(facts)
        self._board.change(run, **fields)

    def _unmeasured(self, event: dict[str, Any], where: Where) -> tuple[str, ...]:
        """LoRAs of the model that the head was not measured with; "" for patches that have no name here."""
        if self._head is None or not event["model"].patches:
            return ()
        measured = {lora for entry in self._head.info.reliability for lora in entry.get("loras", ())}
        names = loras_of(where)
        return tuple(name for name in names if name not in measured) if names else ("",)

    def _watched(self, event: dict[str, Any]) -> None:
        self._runs[event["run"]].curves.watched(event["step"], event["rows"], event["scores"])
        self._runs[event["run"]].scored = ranked(event["rows"], event["scores"])

    def _x0(self, event: dict[str, Any]) -> None:
        known, done = self._runs[event["run"]], event["step"] + 1
        known.latest = done, event["rows"], event["x0"]
        self._preview(known, force=done == known.steps)
        if done == known.steps or time.monotonic() - known.shown > PAUSE:
            self._show(event["run"], done)

    def _show(self, run: str, step: int) -> None:
        """Bring the cards up to date."""
        known = self._runs[run]
        known.shown = time.monotonic()
        if known.scored:
            self._tell(run, known.scored, step=step)
            known.scored = {}
        else:
            self._board.change(run, step=step)

    def _preview(self, known: _Run, force: bool) -> None:
        """Show what the sampler told last, if that costs little; by force if anybody looks at all."""
        if known.latest is not None:
            known.previews.offer(*known.latest, known.latent_format, force=force and self._board.listening())

    def _marked(self, event: dict[str, Any]) -> None:
        kept = [row for row in event["rows"] if event["marks"].get(row) == "pin"]
        self._record(event["run"], Chosen("marks", event["step"], event["sigma"], event["rows"], kept, event["marks"],
                                          event["scores"], event["noisy"]))

    def _dropped(self, event: dict[str, Any]) -> None:
        self._preview(self._runs[event["run"]], force=True)    # the last that will be seen of them
        self._show(event["run"], event["step"])
        self._board.change_cards(event["run"], {
            row: {"state": "dropped", "dropped_at": event["step"], "reason": reason, "rank": None}
            for row, reason in event["dropped"].items()})

    def _imagined(self, event: dict[str, Any]) -> None:
        self._tell(event["run"], {
            row: {"imagined_at": event["step"], "reason": reason} for row, reason in event["dropped"].items()})

    def _finished(self, event: dict[str, Any]) -> None:
        known, done = self._runs.pop(event["run"]), event["record"]
        known.curves.finished(done, event["pace"].completed(
            other.pace for other in self._board.earlier(event["run"])))
        for warning in done.warnings:    # beside what was noted on the way, such as of its previews
            self._board.note(event["run"], warning)
        self._board.change_cards(
            event["run"], {row: {"state": "kept"} for row in event["kept"]}, status="finished", replay=done.replay,
            group=done.group)
        record_finished(known.picks, event["kept"], event["samples"], partial(self._board.note, event["run"]))

    def _failed(self, event: dict[str, Any]) -> None:
        self._runs.pop(event["run"])
        stopped = isinstance(event["error"], InterruptProcessingException)
        self._board.change(event["run"], status="stopped" if stopped else "failed")
        if not stopped:
            self._board.note(event["run"], str(event["error"]))

    _heard: Mapping[str, Callable[[Session, dict[str, Any]], None]] = {
        "started": _started, "watched": _watched, "x0": _x0, "marked": _marked, "dropped": _dropped,
        "imagined": _imagined, "finished": _finished, "failed": _failed}


def asks(choose: str, head: Any, replays: bool) -> bool:
    """Whether a person is to be asked."""
    return not replays and (choose == PERSON or choose == AUTO and head is None)


def ranked(rows: Sequence[int], scores: Sequence[float]) -> dict[int, dict[str, Any]]:
    """Fields of the cards of these rows: score, and rank from 1."""
    order = sorted(range(len(rows)), key=lambda index: -scores[index])
    return {rows[index]: {"score": scores[index], "rank": place} for place, index in enumerate(order, start=1)}

