"""The measurements of live pruning on one scene."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import Any

import torch

from ..nodes.bridge.live import Finished
from .memory import measure_name, peak_mb
from .meter import Meter, Reading
from .scene import Scene
from .timing import CHUNK, interleaved, paired, spread

CLOSE = 1e-6    # of an evaluation: shares of blocks are rounded
AT = 0.2        # the cut by which full Best-of-N and numbers of candidates are compared

Outcome = tuple[dict, Finished | None]    # a LATENT, and what the patch remembers


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    cuts     shares of the steps
    scaling  numbers of candidates
    rivals   whether the staged graph, decoding every candidate and the plain batch's memory are measured too
    """

    candidates: int
    cuts: tuple[float, ...]
    repetitions: int
    scaling: tuple[int, ...] = ()
    scaling_repetitions: int = 1
    memory: tuple[int, ...] = (1, 4, 16)
    memory_steps: int = 4
    rivals: bool = True


@dataclass(frozen=True)
class Run:
    """One timed run.

    seconds   without the meter, which takes time itself at every call of the model
    reading   of the same run done once more, with it
    decoding  seconds to decode what it returned
    """

    seconds: float
    reading: Reading
    decoding: float


Runs = dict[str, list[Run]]


@dataclass
class Bench:
    """Measures one scene and compares every run's evaluations with the formula."""

    scene: Scene
    plan: Plan
    report: Callable[[str], None]
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.meter = Meter(self.scene.model, self.scene.head.patcher.model)

    def everything(self) -> dict[str, Any]:
        """All figures, as the JSON holds them."""
        with torch.inference_mode():
            self.warm_up()
            found = {**self.speed(), "scaling": self.scaling(), **self.memory()}
        found["evaluations_match"] = all(check["match"] for check in self.checks.values())
        return {**found, "evaluations": list(self.checks.values())}

    def warm_up(self) -> None:
        """The first call of everything loads, compiles or allocates something."""
        scene = replace(self.scene, steps=3)
        scene.pruned(self.plan.candidates, ((1, 1),))
        latent = scene.plain(self.plan.candidates)
        if self.plan.rivals:
            scene.decode(latent)

    def step_at(self, share: float) -> int:
        """The step nearest to a share of all steps, at least 1."""
        return max(1, round(share * self.scene.steps))

    # Seconds

    def speed(self) -> dict[str, Any]:
        """Watching, cuts, the staged graph and full Best-of-N, all against the plain batch."""
        rows, steps = self.plan.candidates, sorted({self.step_at(share) for share in self.plan.cuts})
        # One row is to go in the last step: too late to save anything, so nothing is dropped while it samples.
        tasks = {"plain": self._plain(rows), "plain again": self._plain(rows, decode=False),
                 "watch": self._pruned("watch", rows, self.scene.steps - 1, rows - 1, decode=False),
                 "page": self._pruned("with a page", rows, self.scene.steps - 1, rows - 1, decode=False, page=True)}
        for step in steps:
            tasks[f"cut {step}"] = self._pruned(f"cut after step {step}", rows, step, 1)
            if self.plan.rivals:
                tasks[f"staged {step}"] = self._staged(rows, step)
        runs = interleaved(tasks, self.plan.repetitions, lambda text: self.report(f"seconds, {text}"), CHUNK)
        watch = self._against_plain(runs, "watch")
        outside = {name: self._outside(runs, name) for name in runs if name.startswith(("watch", "cut"))}
        page = spread(paired(_seconds(runs["page"]), _seconds(runs["watch"])))
        return {"watch_ratio": watch["measured"], "watch": watch, "page_against_watch": page,
                "outside_forwards": max(outside.values()),
                "outside_forwards_by_run": outside, "head_share": self._head_share(runs),
                "cuts": [self._cut(runs, step) for step in steps], "probe": self._probe(runs, steps),
                "full_best_of_n": self._full(runs) if self.plan.rivals else None, "runs": self.plan.repetitions,
                "plain": self._against_plain(runs, "plain"),
                "spread": {"plain_against_plain": spread(paired(_seconds(runs["plain again"]),
                                                                _seconds(runs["plain"])))}}

    def _plain(self, rows: int, decode: bool = True) -> Callable[[], Run]:
        return partial(self._run, f"plain, {rows} candidates", lambda: (self.scene.plain(rows), None),
                       float(rows * self.scene.steps), decode)

    def _pruned(self, name: str, rows: int, step: int, keep: int, decode: bool = True,
                page: bool = False) -> Callable[[], Run]:
        rounds = ((step, keep),) if keep < rows else ()
        return partial(self._run, f"{name}, {rows} candidates",
                       lambda: self.scene.pruned(rows, ((step, keep),), page=page),
                       self.scene.cost(rounds, rows).total, decode)

    def _staged(self, rows: int, step: int) -> Callable[[], Run]:
        return partial(self._run, f"staged after step {step}, {rows} candidates",
                       lambda: (self.scene.staged(rows, step, 1), None),
                       self.scene.cost(((step, 1),), rows).total, False)

    def _run(self, name: str, run: Callable[[], Outcome], formula: float, decode: bool) -> Run:
        gc.collect()
        seconds, (latent, _) = self.meter.timed(run)
        decoding = self.meter.timed(lambda: self.scene.decode(latent))[0] if decode and self.plan.rivals else 0.0
        gc.collect()
        reading, (_, finished) = self.meter.measure(run)
        self._check(name, reading, finished, formula)
        return Run(seconds, reading, decoding)

    def _check(self, name: str, reading: Reading, finished: Finished | None, formula: float) -> None:
        """Compare the evaluations at the model, and those in PRISM's own record, with the formula; one miss stays."""
        counted = [reading.rows / self.scene.conditions]
        if finished is not None:
            counted.append(finished.record.evaluations.spent + finished.record.evaluations.probes)
        found = {"run": name, "formula": round(formula, 6), "counted": round(counted[0], 6),
                 "match": all(abs(value - formula) < CLOSE for value in counted)}
        if self.checks.get(name, found)["match"]:
            self.checks[name] = found

    def _against_plain(self, runs: Runs, name: str) -> dict[str, float]:
        """Seconds as shares of the plain batch, and how they divide, by the meter, into model, head and all else."""
        ratios, readings = paired(_seconds(runs[name]), _plain_seconds(runs)), [run.reading for run in runs[name]]
        parts = {"model": [sum(call.seconds for call in reading.calls) for reading in readings],
                 "head": [reading.head_within + reading.head_alone for reading in readings],
                 "outside": [reading.outside for reading in readings]}
        shares = {part: median(paired(seconds, [reading.seconds for reading in readings]))
                  for part, seconds in parts.items()}
        return {**spread(ratios), **{part: share * median(ratios) for part, share in shares.items()}}

    def _outside(self, runs: Runs, name: str) -> float:
        """PRISM's extra time in neither the model nor the head, as a share of the plain run; the patch counts."""
        both = zip(runs["plain"], runs["plain again"], strict=True)
        usual = median((one.reading.outside + two.reading.outside) / 2 for one, two in both)    # the sampler's own
        return (median(run.reading.outside for run in runs[name]) - usual) / _metered(runs["plain"])

    def _head_share(self, runs: Runs) -> float:
        """What the head takes when it looks at every step, as a share of the plain run."""
        return median(run.reading.head_within for run in runs["watch"]) / _metered(runs["plain"])

    def _cut(self, runs: Runs, step: int) -> dict[str, Any]:
        cost = self.scene.cost(((step, 1),), self.plan.candidates)
        cut = {"at": step / self.scene.steps, "step": step, "ideal": cost.total / cost.plain,
               **self._against_plain(runs, f"cut {step}")}
        if self.plan.rivals:
            staged = self._against_plain(runs, f"staged {step}")
            cut |= {"staged": staged["measured"], "staged_spread": staged}
            cut["against_staged"] = median(paired(_seconds(runs[f"cut {step}"]), _seconds(runs[f"staged {step}"])))
            cut["against_full_best_of_n"] = median(paired(_finished(runs[f"cut {step}"]), _finished(runs["plain"])))
        return cut

    def _probe(self, runs: Runs, steps: list[int]) -> dict[str, float]:
        """What a probe with its scores takes, in evaluations of one row, and as a share of a step of the batch."""
        scene, rows, cuts = self.scene, self.plan.candidates, [run for step in steps for run in runs[f"cut {step}"]]
        step = _metered(runs["plain"]) / scene.steps
        one = median(sum(call.seconds for call in run.reading.calls) for run in runs["plain"]) / (rows * scene.steps)
        model = median(run.reading.probe_seconds for run in cuts)
        head = median(run.reading.head_alone for run in cuts)
        return {"ideal": scene.depth * scene.share, "measured": (model + head) / rows / one,
                "model": model / rows / one, "head": head / rows / one,
                "probe_of_a_step": model / step, "head_of_a_step": head / step}

    def _full(self, runs: Runs) -> dict[str, float]:
        """Pruned and one clip decoded, against everything sampled and decoded; the rival's judge costs nothing."""
        step = min(self.step_at(share) for share in self.plan.cuts if share >= AT)
        ratios = paired(_finished(runs[f"cut {step}"]), _finished(runs["plain"]))
        return {"at": step / self.scene.steps, **spread(ratios)}

    def scaling(self) -> list[dict[str, float]]:
        """One survivor of 1...N candidates: seconds, and what that is in plain clips of one candidate."""
        if not self.plan.scaling:
            return []
        step = self.step_at(AT)
        tasks = {str(rows): self._pruned(f"cut after step {step}", rows, step, 1, decode=False)
                 for rows in self.plan.scaling}
        runs = interleaved(tasks, self.plan.scaling_repetitions, lambda text: self.report(f"scaling, {text}"), CHUNK)
        first = _seconds(runs[str(self.plan.scaling[0])])
        return [{"n": rows, "seconds": median(_seconds(runs[str(rows)])),
                 "clips": median(paired(_seconds(runs[str(rows)]), first)),
                 "ideal": self.scene.cost(((step, 1),) if rows > 1 else (), rows).total / self.scene.steps}
                for rows in self.plan.scaling]

    # Memory

    def memory(self) -> dict[str, Any]:
        """Peaks with micro-batches of one candidate, so that N candidates differ by their row buffers alone."""
        scene, device = replace(self.scene, steps=self.plan.memory_steps), self.scene.model.load_device
        rounds = ((max(1, self.plan.memory_steps // 2), 1),)
        peaks, plain = {}, {}
        for rows in self.plan.memory:
            self.report(f"memory, {rows} candidates")
            peaks[str(rows)] = peak_mb(partial(scene.pruned, rows, rounds, group=1), device)
            if self.plan.rivals:
                plain[str(rows)] = peak_mb(partial(scene.plain, rows), device)
        few, many = self.plan.memory[-2:]    # a single candidate passes through, so the first peak has no head in it
        grown = (peaks[str(many)] - peaks[str(few)]) / (many - few)
        return {"peak_mb": peaks, "memory": {
            "measure": measure_name(device), "group": 1, "latent_mb": scene.row_mb,
            "latents_a_candidate": grown / scene.row_mb, "plain_batch_mb": plain or None}}


def _seconds(runs: list[Run]) -> list[float]:
    return [run.seconds for run in runs]


def _metered(runs: list[Run]) -> float:
    """Seconds with the meter: what parts of a run that it has timed are shares of."""
    return median(run.reading.seconds for run in runs)


def _finished(runs: list[Run]) -> list[float]:
    """Seconds to sample and decode."""
    return [run.seconds + run.decoding for run in runs]


def _plain_seconds(runs: Runs) -> list[float]:
    """Of the plain batch, each repetition's two runs averaged."""
    return [(one + two) / 2 for one, two in zip(_seconds(runs["plain"]), _seconds(runs["plain again"]), strict=True)]
