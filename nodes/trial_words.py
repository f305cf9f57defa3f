"""What a trial says, as text: of one clip, of the ranking, and of all trials so far."""

from __future__ import annotations

from ..prism_core.record import RunRecord, ranking
from ..prism_core.trial import Saving, Share, Tally, Trial, format_ranking

Tile = tuple[str, str, str]    # a figure, what it counts, and how to read it
FEW = 10                       # trials of which a share is hardly worth telling


def in_order(record: RunRecord, trial: Trial | None) -> list[int]:
    """All candidates: in the artist's order, or in PRISM's own, those first that it keeps."""
    if trial is None:
        return sorted(ranking(record), key=lambda row: row not in record.chosen)
    return [row for place in trial.ranking for row in sorted(place, key=lambda row: row not in trial.kept)]


def verdict(record: RunRecord, row: int) -> tuple[bool, str]:
    """Whether PRISM keeps a candidate, and what becomes of it."""
    drop = next((drop for drop in record.imagined if drop.row == row), None)
    return drop is None, "kept" if drop is None else f"dropped at step {drop.step}"


def agreement(trial: Trial) -> list[Tile]:
    """How far PRISM and the artist agree."""
    kept, count = len(trial.kept), trial.candidates
    best = ("yes" if trial.best_kept else "no", f"best clip kept ({kept} of {count})",
            f"chance alone: {percent(trial.chance)}")
    return [best, _pairs(trial.pairs, "kept above dropped"), *(
        [_pairs(trial.ordered, "scored in this order")] if trial.scores is not None else [])]


def _pairs(share: Share, of: str) -> Tile:
    if not share.count:
        return "-", of, "all ranked equally good"
    return f"{share.agreed:g} of {share.count}", of, f"pairs of clips; chance: {share.count / 2:g}"


def savings(saving: Saving, record: RunRecord) -> Tile:
    """What pruning would have saved, or cost."""
    if saving.share < 0:
        return f"{percent(-saving.share)} more", "work than finishing all", "scoring costs more than it saves here"
    return (percent(saving.share), "of the work saved",
            f"{seconds(saving.seconds)} of {seconds(record.seconds)} of sampling")


def of_all(tally: Tally) -> tuple[str, str]:
    """How often PRISM kept the best over all trials, with what may be made of that."""
    kept = round(tally.best.value * tally.trials)
    if tally.trials == 1:
        return ("1 trial so far with this head and this many clips",
                "1 trial says little. Run more, with other prompts and seeds.")
    return (f"Best clip kept in {kept} of {tally.trials} trials with this head",
            f"95 % interval {percent(tally.best.low)} to {percent(tally.best.high)}, by chance {percent(tally.chance)}."
            + (" More trials narrow it." if tally.trials < FEW else ""))


def report(record: RunRecord, saving: Saving, trial: Trial | None, tally: Tally | None, replay: str) -> str:
    """All of it as text, the best clip first."""
    places = trial.places if trial else {}
    lines = [_line(record, row, places.get(row)) for row in in_order(record, trial)]
    if trial is None:
        lines[:0] = ["Nobody ranked these clips, so there is nothing to compare. In PRISM's own order:"]
    else:
        best = "keeps" if trial.best_kept else "would have dropped"
        lines[:0] = [f"PRISM {best} the best clip. Ranked first: {format_ranking(trial.ranking[:1])}."]
        lines += ["", *_pairs_told(trial)]
    figure, line, small = savings(saving, record)
    lines += [f"{figure} {line} ({small})."]
    if tally:
        lines += [". ".join(of_all(tally))]
    return "\n".join([*lines, *([f"To give this ranking again, write into 'ranking': {replay}"] if trial else [])])


def _pairs_told(trial: Trial) -> list[str]:
    told = {"a kept and a dropped clip, in which the kept one was ranked higher": trial.pairs,
            "clips that the scores order as the ranking does": trial.ordered}
    return [f"{share.agreed:g} of {share.count} pairs of {what}; by chance {share.count / 2:g}."
            for what, share in told.items() if share.count]


def _line(record: RunRecord, row: int, place: int | None) -> str:
    drop = next((drop for drop in record.imagined if drop.row == row), None)
    seed = f" (seed {record.seeds[row]})" if record.seeds else ""
    fate = "kept" if drop is None else f"would have been dropped at step {drop.step}: {drop.reason}"
    return f"{f'{place}. ' if place else ''}Candidate {row}{seed}: {fate}."


def percent(share: float) -> str:
    """A share as text."""
    return f"{100 * share:.0f} %"


def seconds(amount: float) -> str:
    """A time as text: minutes where it is long."""
    return f"{amount:.1f} s" if amount < 10 else f"{amount:.0f} s" if amount < 120 else f"{amount / 60:.1f} min"
