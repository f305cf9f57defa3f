"""Racing: candidates run side by side, and whoever is not worth its evaluations any more drops out.

Before the run, a plan: how many candidates to carry how far, so that the budget buys the best
choice that scores of the head's reliability allow. At every watched step the plan is made anew from
what the scores say: a field that has torn apart is cut sooner, a close one later, and evaluations
saved go into the finish between the last ones. Whoever has hardly a chance is dropped in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .cost import call_table, probe_saves
from .planning import Course, best_plan, cut_fee, forecast, spread_steps, top_moments
from .policy import Decision, Watch, ranked
from .preference import ETA
from .pruning import top_k
from .said import Said, say
from .trust import Trust

WATCHES = 16
UNLIKELY = 0.02


class Racing:
    """Drops candidates over many steps, within a budget; ends with exactly `keep`.

    sigmas       (S + 1,) noise fractions of the sampler call, descending
    candidates   how many start; keep  how many are finished
    budget       evaluations that the whole run may cost, probes and survivors included
    reliability, sigma_range, eta  as the head's file states them
    depth, share  price of a probe, as in `cost.probe_cost`
    steps        where it may decide; None: up to 16 steps, most of them early
    calls        as in `cost.call_table`; None: one model call a step

    `notes` holds warnings about steps at which the head cannot be trusted: it waits for the next.
    Raises ValueError when the head states no reliability or can be trusted at none of the steps,
    and when the budget does not even cover a cut at the first of them.
    """

    def __init__(
        self,
        sigmas: Tensor | Sequence[float],
        *,
        candidates: int,
        keep: int,
        budget: float,
        reliability: Sequence[Mapping[str, Any]],
        sigma_range: tuple[float, float] = (0.0, 1.0),
        eta: float = ETA,
        depth: float,
        share: float,
        steps: Sequence[int] | None = None,
        calls: Sequence[int] | int | None = None,
    ) -> None:
        if not 1 <= keep < candidates:
            raise ValueError(
                f"Racing cannot keep {keep} of {candidates} candidates; it must keep at least 1 "
                "and drop at least 1."
            )
        self._trust = Trust(reliability, sigma_range, eta)
        self._sigmas = [float(sigma) for sigma in sigmas]
        self._table = call_table(len(self._sigmas) - 1 if calls is None else calls)
        self._keep, self._depth, self._share = keep, depth, share
        self._moments, self.notes = self._choose(steps)
        self._course = self._survey()
        self._left, self._call = float(budget), 0  # evaluations left for that call and all later
        self._alive, self._decided = candidates, 0
        self._deviation: float | None = None  # of the scores while every candidate was seen
        self._dropped = False
        self._variance = self._known = 0.0  # of the living rows' beliefs; what is in them
        self._check_budget(candidates)

    def steps(self) -> tuple[int, ...]:
        """The steps still to come; none once only `keep` are left."""
        if self._alive <= self._keep:
            return ()
        return tuple(step for step in self._moments if step > self._decided)

    def budget_keep(self, step: int, alive: int) -> int:
        """How many the plan keeps at a step, as far as that can be known before they are scored."""
        if alive <= self._keep:
            return alive
        at = self._at(step)
        gained = max(0.0, self._course.information[at] - self._known)
        fees = cut_fee(alive, np.arange(alive + 1), self._course.probe)
        moments = forecast(self._variance, gained, alive)
        return self._planned(at, moments, fees, self._left_at(step, alive))

    def decide(self, watch: Watch) -> Decision:
        """Raises ValueError on scores that are not finite."""
        top_k(watch.scores, 1)  # refuses what cannot be ranked
        alive = len(watch.rows)
        fees, left = self._fees(watch), self._left_at(watch.step, alive)
        beliefs = self._believe(watch)
        chances = self._chances(watch)
        keep = alive
        if alive > self._keep:
            moments = top_moments(beliefs.numpy())
            keep = self._planned(self._at(watch.step), moments, fees, left)
            keep = max(self._keep, min(keep, int((chances >= UNLIKELY).sum())))
        kept = top_k(beliefs, keep)
        note = self.notes[0] if not self._decided and self.notes else None
        self._settle(watch.step, beliefs[kept], left - fees[keep])
        rows = tuple(watch.rows[index] for index in kept)
        return Decision(rows, self._reasons(watch, rows, chances), note)

    def _choose(self, steps: Sequence[int] | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """The steps at which to decide, no two on one model call, and warnings."""
        last = len(self._sigmas) - 1
        asked = range(1, last) if steps is None else sorted({int(step) for step in steps})
        asked = [step for step in asked if 1 <= step < last and self._sigmas[step] > 0]
        doubts = {step: self._trust.doubt(self._sigmas[step]) for step in asked}
        usable = {self._table[step]: step for step in reversed(asked) if doubts[step] is None}
        chosen = tuple(sorted(usable.values()))
        early = [step for step in asked if doubts[step] and step < min(chosen, default=last)]
        if not chosen:
            found = [
                f"At step {step} sigma is {self._sigmas[step]:.3f}, but {doubts[step]}."
                for step in early[:1]
            ]
            raise ValueError(
                " ".join(found) + " Racing finds no step at which scores can decide. Use a head "
                "made for the sigmas of this sampler call, or the policy top-k."
            )
        notes = tuple(
            say(
                "raceWaits",
                "At step {step} sigma is {sigma:.3f}, but {doubt}. Racing waits for step {later}.",
                step=step,
                sigma=self._sigmas[step],
                doubt=doubts[step],
                later=chosen[0],
            )
            for step in early[:1]
        )
        return (spread_steps(last, WATCHES, chosen) if steps is None else chosen), notes

    def _survey(self) -> Course:
        correlation = [self._trust.correlation(self._sigmas[step]) for step in self._moments]
        # what an earlier score told is not forgotten when a later one tells less
        information = np.maximum.accumulate(np.square(correlation))
        calls = np.array([self._table[step] for step in self._moments])
        return Course(calls, information, self._table[-1], self._depth * self._share)

    def _check_budget(self, candidates: int) -> None:
        first, total = int(self._course.calls[0]), self._table[-1]
        fee = cut_fee(candidates, np.arange(candidates + 1), self._course.probe)[self._keep]
        least = candidates * first + float(fee) + self._keep * (total - first)
        if self._left < least:
            raise ValueError(
                f"A budget of {self._left / total:.2f} clips does not cover this race: running "
                f"{candidates} candidates to step {self._moments[0]} and {self._keep} of them to "
                f"the end costs {least / total:.2f} clips. Raise the budget, or use fewer "
                "candidates."
            )

    def _at(self, step: int) -> int:
        """The moment of a step: the last one that has come."""
        return max(0, int(np.searchsorted(self._moments, step, side="right")) - 1)

    def _left_at(self, step: int, alive: int) -> float:
        """Evaluations left for the call of a step and all later, `alive` rows having run so far."""
        return self._left - alive * max(0, self._table[step] - self._call)

    def _fees(self, watch: Watch) -> np.ndarray:
        """(alive + 1,) extra evaluations of keeping only so many now: a probe, or rows in a call
        that is under way."""
        alive, probed = len(watch.rows), watch.probed
        if probed is None:
            planned = self.budget_keep(watch.step, alive)
            probed = probe_saves(alive, planned, self._depth, self._share)
        if probed:
            return np.full(alive + 1, alive * self._course.probe)
        return (alive - np.arange(alive + 1)).astype(float)

    def _planned(
        self, at: int, moments: tuple[np.ndarray, np.ndarray], fees: np.ndarray, left: float
    ) -> int:
        if at == len(self._moments) - 1:
            return self._keep
        plan = best_plan(self._course, at, moments, self._keep, left, fees)
        return self._keep if plan is None else plan.keep

    def _standardised(self, watch: Watch) -> Tensor:
        """Scores in deviations of all candidates' scores: the few left would look far apart."""
        scores = watch.scores.double()
        if self._deviation is None or not self._dropped:
            self._deviation = float(scores.std()) if len(scores) > 1 else 0.0
        centred = scores - scores.mean()
        return centred / self._deviation if self._deviation > 0 else torch.zeros_like(centred)

    def _believe(self, watch: Watch) -> Tensor:
        """What the scores let one expect of each row's quality, in deviations, (alive,) float64.

        The latest score alone: where a head reads an unfinished clip, what an earlier score knew is
        in the later one, and their errors are nearly the same; a mean over steps did worse.
        """
        return self._trust.correlation(watch.sigma) * self._standardised(watch)

    def _chances(self, watch: Watch) -> Tensor:
        """(alive,) chance of each row to be better than the last one that can be finished."""
        scores = self._standardised(watch)
        rival = scores.sort(descending=True).values[min(self._keep, len(scores)) - 1]
        return self._trust.chance(watch.sigma, rival - scores)

    def _settle(self, step: int, beliefs: Tensor, left: float) -> None:
        """Go on with these rows and so much of the budget."""
        self._left, self._call = left, max(self._call, self._table[step])
        self._dropped = self._dropped or len(beliefs) < self._alive
        self._alive, self._decided = len(beliefs), max(self._decided, step)
        self._variance = float(beliefs.var()) if len(beliefs) > 1 else 0.0
        self._known = float(self._course.information[self._at(step)])

    def _reasons(self, watch: Watch, kept: Sequence[int], chances: Tensor) -> dict[int, str]:
        order = torch.argsort(watch.scores, descending=True, stable=True).tolist()
        rival = watch.rows[order[min(self._keep, len(order)) - 1]]
        place = {watch.rows[index]: rank for rank, index in enumerate(order, start=1)}
        return {
            row: _outrun(chance, rival, ranked(place[row], watch))
            for row, chance in zip(watch.rows, chances.tolist(), strict=True)
            if row not in kept
        }


def _outrun(chance: float, rival: int, rank: Said) -> Said:
    sentence = "{percent:.0f} % chance to beat candidate {rival}, {rank}"
    return say("outrun", sentence, percent=100 * chance, rival=rival, rank=rank)
