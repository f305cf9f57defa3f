"""One sampler call while it runs: who lives, what has been scored, what it has cost.

The sampler keeps its batch of N rows, its multistep history and its stream of noise. Only the model calls are cut
down to the living rows; a dead row is held at its last prediction, which keeps it finite and lets it come to rest.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ...prism_core.cost import probe_cost, probe_saves
from ...prism_core.policy import Watch, among
from ...prism_core.said import say
from .alone import guider_request, mixes
from .decide import Decider, unscored
from .eyes import Eyes
from .request import Request
from .rows import in_micro_batches
from .settings import Choice, Settings
from .steps import Steps
from .times import Times

logger = logging.getLogger(__name__)


class Run:
    """The state of one sampler call; made when it starts, gone when it ends.

    count: rows of the batch. alive: rows that live at first. eyes: the head, or None. video: takes the video out of
    predictions that hold sound as well.
    """

    def __init__(self, settings: Settings, count: int, alive: Sequence[int], steps: Steps, decider: Decider,
                 eyes: Eyes | None, video: Callable[[Tensor], Tensor]) -> None:
        self.id, self.settings, self.count = uuid.uuid4().hex, settings, count
        self.alive, self._next = list(alive), list(alive)
        self.steps, self.decider, self.eyes, self._video = steps, decider, eyes, video
        self.group = settings.group
        self.calls = self.spent = 0
        self.probes = 0.0
        self.times = Times()
        self.warnings: list[str] = []
        self.last_x0: dict[int, Tensor] = {}    # of each dropped row, in the model's space
        self._last: Tensor | None = None        # the latest prediction of all rows, while some may still be dropped
        self._in_call = self._inside = False
        self._counted = self._looked = False
        self._imagined = list(alive)            # who would be alive in a run that is only watched

    # What the sampler and the guider do

    def predict(self, executor: Callable, *args: Any, **kwargs: Any) -> Tensor:
        """PREDICT_NOISE: one model call of the sampler, whatever the guider makes of it."""
        with self._sampler_call() as done:
            if mixes(executor.class_obj):
                done += self.evaluate(guider_request(executor.class_obj, executor, *args, **kwargs))
            else:
                done.append(executor(*args, **kwargs))
            return done[0]

    def calc(self, executor: Callable, model: Any, conds: list, x: Tensor, timestep: Tensor, options: dict) -> list:
        """CALC_COND_BATCH: the model calls for a batch of rows and conditioning."""
        if self._inside:
            return executor(model, conds, x, timestep, options)
        return self.evaluate(Request(lambda wrap: wrap(executor), model, conds, x, timestep, options))

    def prepare(self, executor: Callable, model: Any, noise_shape: Sequence[int], conds: dict, **options: Any) -> Any:
        """PREPARE_SAMPLING: room for one micro-batch is enough, so that many candidates push no weights out."""
        return executor(model, [min(self.group or 1, noise_shape[0]), *noise_shape[1:]], conds, **options)

    def callback(self, given: Callable | None) -> Callable:
        """The sampler's callback, which shows the living rows only: previews take the first one."""
        def shown(step: int, x0: Tensor, x: Tensor, total: int) -> None:
            self.decider.stepped()
            if given is None and not self.settings.listeners:
                return
            rows = self.alive
            if len(rows) < self.count == len(x0) == len(x):
                x0, x = x0[rows], x[rows]
            if self.settings.listeners:
                self.settings.tell("x0", run=self.id, step=step, rows=tuple(rows), x0=self._video(x0))
            if given is not None:
                given(step, x0, x, total)
        return shown

    # One model call of the sampler

    @contextmanager
    def _sampler_call(self):
        if self._in_call:
            yield []
            return
        self.decider.called_again()
        self._in_call, self._counted, self._looked, done = True, False, False, []
        try:
            yield done
        finally:
            self._in_call = False
        self._end(done[0] if done else None)

    def _end(self, x0: Tensor | None) -> None:
        """What was decided while the model ran takes effect now."""
        whole = x0 if torch.is_tensor(x0) and len(x0) == self.count else None
        self._bury([row for row in self.alive if row not in self._next], whole)
        self.alive = list(self._next)
        self._last = whole if self.decider.waiting else None

    def _bury(self, rows: Sequence[int], x0: Tensor | None) -> None:
        for row in rows:
            if x0 is not None:
                self.last_x0[row] = x0[row].clone()

    def evaluate(self, request: Request) -> list[Tensor]:
        """The predictions of all rows, N to a slot; only those of living rows are computed."""
        if self._inside:
            return request.forward(range(len(request.x)))
        if len(request.x) != self.count:
            self._warn(say("otherRows", "A node called the model with {rows} rows instead of {count}; that call was not "
                           "pruned.", rows=len(request.x), count=self.count))
            return request.forward(range(len(request.x)))
        with self._sampler_call(), self._alone():
            cond = self._arrive(request)
            if not self._counted:
                self.calls, self.spent, self._counted = self.calls + 1, self.spent + len(self.alive), True
                self.times.called(len(self.alive))
            predictions = self._living(request, cond)
            if cond is not None:
                self._decide(self._look(request, "forward"), request)
            return predictions

    @contextmanager
    def _alone(self):
        """Model calls from here on are our own."""
        self._inside = True
        try:
            yield
        finally:
            self._inside = False

    def _living(self, request: Request, cond: dict | None) -> list[Tensor]:
        """Predictions of the living rows, put in their places; with `cond`, they are scored on the way."""
        parts: dict[int, list[Tensor]] = {}

        def one(part: slice) -> None:
            rows = self.alive[part]
            options = None if cond is None else self.eyes.listening(request, cond, rows)
            parts[part.start] = request.forward(rows, options)

        self._in_groups(request, one)
        if list(parts) == [0] and len(self.alive) == self.count:
            return parts[0]
        return [self._whole(slot) for slot in zip(*parts.values(), strict=True)]

    def _in_groups(self, request: Request, one: Callable[[slice], None]) -> None:
        size = min(self.group, 1) if request.alone else self.group
        size = in_micro_batches(len(self.alive), size or request.group(self.settings.group), one, progress=False)
        self.group = min(size, self.group or size)

    def _whole(self, parts: Sequence[Tensor]) -> Tensor:
        living = torch.cat(parts)
        whole = living.new_zeros((self.count, *living.shape[1:]))
        whole[self.alive] = living
        for row, x0 in self.last_x0.items():
            if row not in self.alive and x0.shape == whole.shape[1:]:    # some samplers change the size on their way
                whole[row] = x0
        return whole

    # Scoring and deciding

    def _arrive(self, request: Request) -> dict | None:
        """Note the step. Decide now where that is cheaper; else the conditioning by which this call is to be scored."""
        if self._looked or self.eyes and not self.eyes.concerns(request):
            return None
        self._looked = True
        if not self.steps.arrive(request.sigma):
            return None
        if not self.decider.due(self.steps.reached):
            return self._cond_to_watch(request)
        if self.settings.chooser is not None:
            return self._choose(request)
        if self._should_probe(request):
            self._probe(request)
            self._decide(self._look(request, "probe"), request)
            self._apply()
            return None
        return self.eyes.cond_of(request)

    def _cond_to_watch(self, request: Request) -> dict | None:
        """What to score by where nothing hangs on it: only if that is free and says something."""
        if len(self.alive) == 1 or self.eyes is None or not self.eyes.can_listen(request) or not self.eyes.knows(request):
            return None
        try:
            return self.eyes.cond_of(request)
        except ValueError:
            return None

    def _should_probe(self, request: Request) -> bool:
        alive = len(self.alive)
        if not self.eyes.can_listen(request):
            return True
        if self.settings.watch:
            return False
        keep = self.decider.policy.budget_keep(self.steps.reached, alive)
        return not self._counted and keep < alive and probe_saves(alive, keep, self.eyes.depth, self._share(request))

    def _share(self, request: Request) -> float:
        return 1 / max(1, len(request.entries))

    def _probe(self, request: Request) -> None:
        cond = self.eyes.cond_of(request)
        with self.times.probing(len(self.alive)):
            self._in_groups(request, lambda part: self.eyes.probe(request, cond, self.alive[part]))
        self.probes += probe_cost(len(self.alive), self.eyes.depth, self._share(request))

    def _look(self, request: Request, source: str) -> Watch:
        watch = Watch(self.steps.reached, request.flow_sigma, tuple(self.alive), self.eyes.scores(self.alive),
                      self.eyes.embeddings(self.alive), probed=source == "probe")
        self.decider.watched(watch.step, watch.sigma, watch.rows, watch.scores, source)
        self.settings.tell("watched", run=self.id, step=watch.step, sigma=watch.sigma, rows=watch.rows,
                           scores=watch.scores.tolist(), source=source)
        return watch

    def _decide(self, watch: Watch, request: Request) -> None:
        if not self.decider.due(watch.step):
            return
        if self.settings.watch:
            self._imagine(watch)
            return
        marks = self._marks()
        if marks:
            self.settings.tell("marked", run=self.id, step=watch.step, sigma=watch.sigma, rows=watch.rows, marks=marks,
                               scores=watch.scores, noisy=self._video(request.x[self.alive]))
        self._keep(watch, self.decider.decide(watch, marks).keep)

    def _imagine(self, watch: Watch) -> None:
        """Write down what would be decided here, if those who would have been dropped before were gone."""
        known = len(self.decider.drops)
        self._imagined = list(self.decider.decide(among(watch, self._imagined), {}).keep)
        self.settings.tell("imagined", run=self.id, step=watch.step, sigma=watch.sigma, kept=tuple(self._imagined),
                           dropped={drop.row: drop.reason for drop in self.decider.drops[known:]})

    def _marks(self) -> dict[int, str]:
        marks = {} if self.settings.marks is None else self.settings.marks(self.id)
        return {row: mark for row, mark in marks.items() if row in self.alive}

    def _choose(self, request: Request) -> dict | None:
        """Let somebody else decide, by what the clips would be by now and by scores where there is a head.

        Returns what to score by where nobody needs to be asked.
        """
        step, means_to_keep = self.steps.reached, self.decider.policy.budget_keep(self.steps.reached, len(self.alive))
        if means_to_keep >= len(self.alive):    # an earlier answer left no more than that
            self.decider.pass_over(step)
            return self._cond_to_watch(request)
        if self.eyes is not None:
            self._probe(request)
        watch = self._look(request, "probe") if self.eyes else unscored(step, request.flow_sigma, self.alive)
        x0 = None if self._last is None else self._video(self._last[self.alive])
        choice = Choice(self.id, step, watch.sigma, watch.rows, means_to_keep, watch.scores if self.eyes else None,
                        self._video(request.x[self.alive]), x0)
        with self.times.waiting():
            keep = self.settings.chooser(choice)
        self._keep(watch, self.decider.obey(watch, keep).keep)
        self._apply()
        return None

    def _keep(self, watch: Watch, keep: Sequence[int]) -> None:
        self._next = sorted(keep)
        gone = [drop for drop in self.decider.drops if drop.row in self.alive]
        if gone:
            self.settings.tell("dropped", run=self.id, step=watch.step, sigma=watch.sigma, kept=tuple(self._next),
                               dropped={drop.row: drop.reason for drop in gone})

    def _apply(self) -> None:
        """A decision that was made before the model call takes effect in it."""
        self._bury([row for row in self.alive if row not in self._next], self._last)
        self.alive = list(self._next)

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
            logger.warning("PrismBestOfN: %s", text)

    def close(self) -> None:
        """The sampler has returned: make the decisions that it never came to, by the last scores there are."""
        self.times.ended()
        if not self.decider.waiting:
            return
        step = max(self.decider.policy.steps())
        if self.settings.chooser is not None or not self.decider.watches:
            self._warn(say("neverCalled", "This sampler never called the model at step {step}, so nothing was dropped "
                           "there.", step=step))
            return
        last = self.decider.watches[-1]
        alive = self._imagined if self.settings.watch else self.alive
        scores = dict(zip(last.rows, last.scores, strict=True))
        watch = Watch(step, last.sigma, tuple(alive), torch.tensor([scores[row] for row in alive]))
        self._warn(say("decidedByLast", "This sampler never called the model at step {step}; the scores of step {last} "
                       "decided.", step=step, last=last.step))
        if self.settings.watch:
            self._imagine(watch)
            return
        self._keep(watch, self.decider.decide(watch, self._marks()).keep)
        self._apply()
