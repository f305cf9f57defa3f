"""What comes of a trial: how far PRISM agreed, what is recorded of it, and what pages are told at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...prism_core.record import RunRecord, ranking
from ...prism_core.replay import unsigned
from ...prism_core.said import say
from ...prism_core.trial import Ranking, Saving, Tally, Trial, deciding_scores, format_ranking, saving, tally
from ..bridge.ledger import Finished
from . import keeping
from .asking import Wishes
from .before import ranked_before
from .messages import Agreement, Totals
from .picks import Chosen, record
from .session import ranked

if TYPE_CHECKING:
    from ...prism_core.picks.pick import Pick
    from .trial import Stage


@dataclass(frozen=True)
class Outcome:
    """What is known after a trial. trial: None where nobody ranked the clips; tally: None where nothing is recorded."""

    record: RunRecord
    saving: Saving
    trial: Trial | None
    tally: Tally | None = None

    @property
    def replay(self) -> str:
        """The text that gives the same ranking again; "" without one."""
        return format_ranking(self.trial.ranking, unsigned(self.record.replay)[1]) if self.trial else ""

    @property
    def places(self) -> Mapping[int, int]:
        """Each candidate's place, 1 for the best; none without a ranking."""
        return self.trial.places if self.trial else {}

    @property
    def best(self) -> int:
        """The candidate that the artist named first, else PRISM's own best."""
        if self.trial:
            return self.trial.ranking[0][0]
        return next(row for row in ranking(self.record) if row in self.record.chosen)

    def cards(self) -> dict[int, dict[str, Any]]:
        """Fields of each candidate's card."""
        seeds, scores = self.record.seeds, deciding_scores(self.record)
        rows = range(self.record.candidates)
        cards: dict[int, dict[str, Any]] = {row: {"seed": str(seeds[row])} if seeds else {} for row in rows}
        for row, facts in (ranked(rows, scores) if scores else {}).items():
            cards[row].update(facts)
        for drop in self.record.imagined:
            cards[drop.row].update(imagined_at=drop.step, reason=drop.reason)
        return cards

    def told(self) -> dict[str, Any]:
        """Fields of a `Reveal`."""
        trial, totals = self.trial, self.tally
        return {
            "keep": len(self.record.chosen), "saved": self.saving.share, "saved_s": self.saving.seconds,
            "agreement": trial and Agreement(
                best_kept=trial.best_kept, chance=trial.chance, pairs=[trial.pairs.agreed, float(trial.pairs.count)],
                ordered=[trial.ordered.agreed, float(trial.ordered.count)]),
            "totals": totals and Totals(trials=totals.trials, best=totals.best.value, low=totals.best.low,
                                        high=totals.best.high, chance=totals.chance)}


@dataclass(frozen=True)
class Clips:
    """The finished clips of a run: what a sampler with this model returned."""

    model: Any
    latent: Any

    @property
    def samples(self) -> Tensor:
        """(N, ...) in the model's space, without their sound."""
        nested = getattr(self.latent, "is_nested", False)
        return self.model.model.process_latent_in(self.latent.unbind()[0] if nested else self.latent)


def decided(finished: Finished, clips: Clips, stage: Stage, wishes: Wishes, anew: bool) -> Outcome:
    """By the first ranking of the very same clips where there is one, else, or `anew`, by what a person says now.

    Every trial is recorded once for each head and cut: whoever ranks again knows already whose the clips are.
    """
    found = finished.record
    before = ranked_before(found, clips.samples)
    if before and not anew:
        first = before.first
        stage.note(say("rankedBefore", "You ranked these clips on {day}, and that ranking is shown again. To rank them "
                       "anew, set 'ask' to always.", day=time.strftime("%Y-%m-%d", time.localtime(first.time))))
        outcome = concluded(finished, first.ranking)
        return outcome if before.counted else recorded(outcome, stage, clips, first.shown)
    ranking = stage.ask(wishes)
    outcome = concluded(finished, ranking)
    if ranking and before:
        stage.note(say("rankedAgain", "You knew these clips from an earlier trial, so this ranking is not recorded, and "
                       "not added up."))
    return recorded(outcome, stage, clips, stage.order) if ranking and not before else outcome


def concluded(finished: Finished, ranking: Ranking | None) -> Outcome:
    """What a ranking says of a run that was watched, beside the trials that are recorded already."""
    found = finished.record
    trial = ranking and Trial(ranking, found.chosen, deciding_scores(found))
    outcome = Outcome(found, saving(found, finished.probe), trial)
    return replace(outcome, tally=_tally(found)) if trial else outcome


def recorded(outcome: Outcome, stage: Stage, clips: Clips, shown: Sequence[int]) -> Outcome:
    """Record a ranking that a person gave, unless that is switched off, and count it in. shown: rows in their order."""
    found, trial = outcome.record, outcome.trial
    scores = None if trial.scores is None else torch.tensor(trial.scores)
    chosen = Chosen("trial", len(found.sigmas) - 1, found.sigmas[-1], range(found.candidates), trial.ranking[0], {},
                    scores, clips.samples, shown, trial.ranking, trial.kept)
    started = {"seeds": found.seeds, "sigmas": found.sigmas, "model": clips.model, "sampler": found.sampler, "conds": {}}
    record(chosen, stage.run, started, stage.where, found.head, stage.note)
    return replace(outcome, tally=_tally(found))


def _tally(found: RunRecord) -> Tally | None:
    """All trials so far with this head, as many clips and as many kept; None where none is kept on this machine."""
    from ...prism_core.picks.errors import StoreError

    if not keeping.settings().recording:
        return None
    try:
        trials = keeping.store().trials(vars(found.head), found.candidates, len(found.chosen))
    except (StoreError, OSError, ValueError):    # what cannot be read must not cost the ranking that was just given
        return None
    return tally([_trial(pick) for pick in trials]) if trials else None


def _trial(pick: Pick) -> Trial:
    scores = None if pick.scores is None else dict(zip(pick.shown, pick.scores))
    return Trial(pick.ranking, pick.verdict, scores and tuple(scores[row] for row in sorted(scores)))
