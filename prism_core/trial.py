"""A blind trial: an artist ranks finished clips without knowing what PRISM thought of them; how far do the two agree?

A ranking is a tuple of places from best to worst, and a place the rows that are equally good. Pairs that the artist
holds equal say nothing and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from math import comb

from .cost import predicted
from .forecast import wilson
from .record import RunRecord
from .reliability import Estimate
from .replay import signed, unsigned

Ranking = tuple[tuple[int, ...], ...]


def parse_ranking(text: str, candidates: int) -> tuple[Ranking, str | None]:
    """(all rows from best to worst, digest or None) of a text such as "3 > 0, 5 > 1 #1a2b3c4d".

    ">" separates places, "," rows of one place; rows that are not named share the last place. Raises ValueError that
    points at what is no row of a batch of `candidates`, at a row named twice, or at an empty place.
    """
    body, digest = unsigned(text)
    places = tuple(tuple(_row(entry.strip(), text, candidates) for entry in place.split(",")) for place in body.split(">"))
    return complete(places, candidates), digest


def format_ranking(ranking: Ranking, digest: str | None = None) -> str:
    """The text that `parse_ranking` reads."""
    return signed(" > ".join(", ".join(map(str, place)) for place in ranking), digest)


def complete(places: Iterable[Iterable[int]], candidates: int) -> Ranking:
    """A ranking of all rows: those that were not named share a last place. Raises ValueError on a row named twice."""
    ranking = tuple(map(tuple, places))
    named = [row for place in ranking for row in place]
    twice = next((row for row in named if named.count(row) > 1), None)
    if twice is not None:
        raise ValueError(f"Candidate {twice} has two places in this ranking; name every candidate once.")
    left = tuple(row for row in range(candidates) if row not in named)
    return (*ranking, left) if left else ranking


def _row(entry: str, text: str, candidates: int) -> int:
    if not re.fullmatch("[0-9]{1,9}", entry) or int(entry) >= candidates:
        raise ValueError(
            f'"{entry}" in the ranking "{text}" is no candidate: they are counted from 0 to {candidates - 1}. Write the '
            'best first and equally good ones with a comma, such as "3 > 0, 5 > 1".')
    return int(entry)


@dataclass(frozen=True)
class Share:
    """`agreed` of `count`; a half for each that was equal on one side only."""

    agreed: float
    count: int

    @property
    def value(self) -> float | None:
        """None where there was nothing to agree about."""
        return self.agreed / self.count if self.count else None

    def __add__(self, other: Share) -> Share:
        return Share(self.agreed + other.agreed, self.count + other.count)


@dataclass(frozen=True)
class Trial:
    """One ranking beside what PRISM would have kept. scores: (N,) by row, None without a head.

    Raises ValueError where they are not of the same candidates, or PRISM would have kept all or none of them.
    """

    ranking: Ranking
    kept: tuple[int, ...]
    scores: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        rows = sorted(row for place in self.ranking for row in place)
        if rows != list(range(len(rows))) or () in self.ranking:
            raise ValueError(f"The ranking names the candidates {rows}; it needs each from 0 on exactly once.")
        if not set(self.kept) < set(rows) or not self.kept:
            raise ValueError(f"PRISM keeps {list(self.kept)} of {len(rows)} candidates, so there is nothing to compare.")
        if self.scores is not None and len(self.scores) != len(rows):
            raise ValueError(f"There are {len(self.scores)} scores for {len(rows)} candidates.")

    @property
    def candidates(self) -> int:
        """How many clips were ranked."""
        return sum(map(len, self.ranking))

    @property
    def places(self) -> dict[int, int]:
        """Each row's place, 1 for the best."""
        return {row: number for number, place in enumerate(self.ranking, start=1) for row in place}

    @property
    def best_kept(self) -> bool:
        """Whether PRISM keeps the best clip; of several equally good ones, any."""
        return not set(self.ranking[0]).isdisjoint(self.kept)

    @property
    def chance(self) -> float:
        """How likely that is for as many kept at random."""
        rows, best = self.candidates, len(self.ranking[0])
        return 1 - comb(rows - best, len(self.kept)) / comb(rows, len(self.kept))

    @property
    def pairs(self) -> Share:
        """Of the pairs of a kept and a dropped clip, those in which the artist prefers the kept one. Chance: a half."""
        places = self.places
        told = [(a, b) for a in self.kept for b in places if b not in self.kept and places[a] != places[b]]
        return Share(sum(places[a] < places[b] for a, b in told), len(told))

    @property
    def ordered(self) -> Share:
        """Of all pairs, those that the scores order as the artist does. Chance: a half."""
        return _sum(self._orders()) if self.scores is not None else Share(0.0, 0)

    def _orders(self) -> Iterator[Share]:
        places, scores = self.places, self.scores
        for a, b in combinations(sorted(places), 2):
            if places[a] != places[b]:
                agreed = 0.5 if scores[a] == scores[b] else float((scores[a] > scores[b]) == (places[a] < places[b]))
                yield Share(agreed, 1)


@dataclass(frozen=True)
class Tally:
    """Several trials together. best: how often the best clip was among those kept, with a 95 % interval; chance: how
    often by luck.
    """

    trials: int
    best: Estimate
    chance: float
    pairs: Share
    ordered: Share


def tally(trials: Sequence[Trial]) -> Tally:
    """What these trials say together. Raises ValueError without any."""
    if not trials:
        raise ValueError("There are no trials to add up.")
    count = len(trials)
    return Tally(count, wilson(sum(trial.best_kept for trial in trials) / count, count),
                 sum(trial.chance for trial in trials) / count, _sum(trial.pairs for trial in trials),
                 _sum(trial.ordered for trial in trials))


def _sum(shares: Iterable[Share]) -> Share:
    return sum(shares, Share(0.0, 0))


@dataclass(frozen=True)
class Saving:
    """What pruning would have saved: a share of the model's work, the same in whole clips, and seconds of this run."""

    share: float
    clips: float
    seconds: float


def saving(record: RunRecord, probe: float) -> Saving:
    """Of a run that was only watched. probe: evaluations that scoring one row in a call of its own costs."""
    spent, steps = record.evaluations, len(record.sigmas) - 1
    calls = round(spent.plain / record.candidates)
    table = [round(calls * step / steps) for step in range(steps + 1)]
    cost = predicted(_rounds(record), record.candidates, table, probe, 1.0)
    share = cost.saved / cost.plain
    return Saving(share, share * record.candidates, record.seconds * cost.saved / (spent.spent + spent.probes))


def _rounds(record: RunRecord) -> list[tuple[int, int]]:
    """(step, how many would be left after it)."""
    steps = sorted({drop.step for drop in record.imagined})
    gone = accumulate(sum(drop.step == step for drop in record.imagined) for step in steps)
    return [(step, record.candidates - count) for step, count in zip(steps, gone)]


def deciding_scores(record: RunRecord) -> tuple[float, ...] | None:
    """(N,) scores of all rows at the last cut; None where they were not all scored there."""
    cut = max((drop.step for drop in record.imagined), default=len(record.sigmas))
    whole = [watch for watch in record.watches if len(watch.rows) == record.candidates and watch.step <= cut]
    return whole[-1].scores if whole else None
