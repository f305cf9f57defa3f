"""The record of one live run: what was seen, who was dropped and why, what it cost.

It goes into the saved file's metadata, so it is plain JSON, and reading it back is strict.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

FORMAT = "prism-run/1"
WATCH = "watch"    # policy of a run in which nobody was dropped
SOURCES = ("probe", "forward", "predictor")


@dataclass(frozen=True)
class HeadUsed:
    """The head that judged: its file name, and the file's SHA-256 where that is known."""

    name: str
    sha256: str | None = None


@dataclass(frozen=True)
class Watched:
    """Scores at one step, one a living row.

    source: "probe" (a call of its own, as far as the tap), "forward" (read from the call that was
    made anyway) or "predictor" (the same, inside the step before, as some second-order samplers do).
    """

    step: int
    sigma: float
    rows: tuple[int, ...]
    scores: tuple[float, ...]
    source: str


@dataclass(frozen=True)
class Drop:
    """One candidate that was not finished; score is None where nobody scored it."""

    row: int
    step: int
    sigma: float
    score: float | None
    reason: str


@dataclass(frozen=True)
class Evaluations:
    """Rows through model calls: the sampler's own, the probes', and the plain run's."""

    spent: float
    probes: float
    plain: float
    saved: float


@dataclass(frozen=True)
class RunRecord:
    """One run of PrismBestOfN. Raises ValueError when its parts contradict each other.

    model     family, as text for people
    sigmas    (S + 1,) noise fractions of this sampler call
    seeds     one a candidate, where the candidates were made from seeds
    group     rows evaluated together; a replay uses the same
    schedule  as it was given; policy  "top-k", "racing", ... or how else was chosen
    kept      surviving rows, ascending; replay  the text that repeats this choice
    imagined  whom the policy would have dropped in a run that was only watched, and that kept everybody
    """

    version: str
    head: HeadUsed | None
    model: str
    sampler: str
    sigmas: tuple[float, ...]
    candidates: int
    seed: int
    seeds: tuple[int, ...] | None
    group: int
    schedule: str
    policy: str
    kept: tuple[int, ...]
    replay: str
    watches: tuple[Watched, ...]
    drops: tuple[Drop, ...]
    evaluations: Evaluations
    seconds: float
    warnings: tuple[str, ...] = ()
    imagined: tuple[Drop, ...] = ()

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            _require(check(getattr(self, name)), name, getattr(self, name))
        rows = range(self.candidates)
        _require(_ascending(self.kept, rows) and self.kept, "kept", self.kept)
        _require(self.seeds is None or len(self.seeds) == len(rows), "seeds", self.seeds)
        for position, watch in enumerate(self.watches):
            well_formed = _watched(watch) and _ascending(watch.rows, rows)
            _require(well_formed, f"watches[{position}]", watch)
        for position, drop in enumerate(self.drops):
            well_formed = _drop(drop) and drop.row in rows and drop.row not in self.kept
            _require(well_formed, f"drops[{position}]", drop)
        gone = [drop.row for drop in self.drops]
        _require(sorted([*gone, *self.kept]) == list(rows), "drops", gone)
        spared = [drop.row for drop in self.imagined]
        _require(len(set(spared)) == len(spared) < len(self.kept), "imagined", spared)
        _require(set(spared) <= set(self.kept), "imagined", spared)

    def to_json(self) -> str:
        """The record as JSON of one line. Raises ValueError on a number that JSON cannot hold."""
        values = asdict(self)
        if not self.imagined:    # records are read strictly, and older versions do not know it
            del values["imagined"]
        return json.dumps({"format": FORMAT, **values}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """The inverse of `to_json`. Raises ValueError on anything it would not have written."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"This is no run record: it is not valid JSON ({error}).") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            found = values.get("format") if isinstance(values, dict) else type(values).__name__
            raise ValueError(
                f"This is no run record that this version of PRISM reads: its format is {found!r}, "
                f"and {FORMAT!r} is needed. Update PRISM, or run the graph anew."
            )
        values.pop("format")
        values["head"] = values.get("head") and _build(HeadUsed, values["head"], "head")
        values.setdefault("imagined", [])
        values["evaluations"] = _build(Evaluations, values.get("evaluations"), "evaluations")
        for name, kind in (("watches", Watched), ("drops", Drop), ("imagined", Drop)):
            _require(isinstance(values.get(name), list), name, values.get(name))
            values[name] = [
                _build(kind, entry, f"{name}[{position}]")
                for position, entry in enumerate(values[name])
            ]
        return _build(cls, values, "the record")

    @property
    def chosen(self) -> tuple[int, ...]:
        """The rows that the policy kept, or would have kept in a run that was only watched."""
        gone = {drop.row for drop in self.imagined}
        return tuple(row for row in self.kept if row not in gone)

    @property
    def clips(self) -> float:
        """What the run cost, in plain clips of one candidate."""
        clip = self.evaluations.plain / self.candidates
        return (self.evaluations.spent + self.evaluations.probes) / clip if clip else 0.0


def summary(record: RunRecord) -> str:
    """The record for people, the best candidate first."""
    lines = [
        f"Kept {len(record.kept)} of {record.candidates} candidates: "
        f"{', '.join(map(str, record.kept))}.",
        f"Cost {record.clips:.2f} clips instead of {record.candidates}: "
        f"{_percent(record)} % of the model's work saved. {record.seconds:.1f} s.",
        f"Chosen by {record.policy}"
        + (f" with the head {record.head.name}" if record.head else "")
        + (f", schedule {record.schedule}." if record.schedule else "."),
        *_imagined_line(record),
        "",
    ]
    lines += [_candidate_line(record, row) for row in ranking(record)]
    lines += ["", f"To repeat this choice, write into 'kept': {record.replay}"]
    lines += [f"Warning: {warning}" for warning in record.warnings]
    return "\n".join(lines)


def ranking(record: RunRecord) -> list[int]:
    """All rows, the best first: survivors by their last score, then the others, last dropped first."""
    last = _last_scores(record)
    dropped_at = {drop.row: drop.step for drop in record.drops}

    def place(row: int) -> tuple[float, float, int]:
        lived = -dropped_at.get(row, math.inf)
        return lived, -last[row][0] if row in last else math.inf, row

    return sorted(range(record.candidates), key=place)


def _last_scores(record: RunRecord) -> dict[int, tuple[float, int]]:
    """The latest score of each row and its step."""
    return {
        row: (score, watch.step)
        for watch in record.watches
        for row, score in zip(watch.rows, watch.scores, strict=True)
    }


def _imagined_line(record: RunRecord) -> list[str]:
    if record.policy != WATCH:
        return []
    return [f"Only watched: nobody was dropped. Kept would have been {', '.join(map(str, record.chosen))}."]


def _candidate_line(record: RunRecord, row: int) -> str:
    score = _last_scores(record).get(row)
    scored = f"score {score[0]:.2f} at step {score[1]}" if score else "not scored"
    seed = f" (seed {record.seeds[row]})" if record.seeds else ""
    drop = next((drop for drop in (*record.drops, *record.imagined) if drop.row == row), None)
    would = "kept, but would have been " if drop in record.imagined else ""
    fate = f"{would}dropped after step {drop.step}: {drop.reason}" if drop else "kept"
    return f"Candidate {row}{seed}: {fate}; {scored}."


def _percent(record: RunRecord) -> int:
    plain = record.evaluations.plain
    return round(100 * record.evaluations.saved / plain) if plain else 0


def _build(kind: type, values: Any, where: str) -> Any:
    """A dataclass from a JSON object with exactly its fields; lists become tuples."""
    names = {field.name for field in fields(kind)}
    if not isinstance(values, dict) or values.keys() != names:
        found = sorted(values) if isinstance(values, dict) else type(values).__name__
        raise ValueError(
            f"This run record is damaged: {where} needs exactly {sorted(names)}, but has {found}."
        )
    return kind(
        **{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    )


def _require(condition: Any, name: str, value: Any) -> None:
    if not condition:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise ValueError(f"A run record cannot be: its {name} is {shown}.")


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _amount(value: Any) -> bool:
    return _number(value) and value >= 0


def _tuple_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(map(check, value))


def _ascending(rows: Any, allowed: Sequence[int]) -> bool:
    return (
        _tuple_of(_whole)(rows)
        and list(rows) == sorted(set(rows))
        and all(row in allowed for row in rows)
    )


def _head(head: Any) -> bool:
    return isinstance(head, HeadUsed) and _text(head.name) and isinstance(head.sha256, str | None)


def _watched(watch: Any) -> bool:
    return (
        isinstance(watch, Watched)
        and _whole(watch.step)
        and _amount(watch.sigma)
        and _tuple_of(_number)(watch.scores)
        and isinstance(watch.rows, tuple)
        and len(watch.rows) == len(watch.scores)
        and watch.source in SOURCES
    )


def _drop(drop: Any) -> bool:
    return (
        isinstance(drop, Drop)
        and _whole(drop.row)
        and _whole(drop.step)
        and _amount(drop.sigma)
        and (drop.score is None or _number(drop.score))
        and _text(drop.reason)
    )


def _evaluations(cost: Any) -> bool:
    return (
        isinstance(cost, Evaluations)
        and all(map(_amount, (cost.spent, cost.probes, cost.plain)))
        and _number(cost.saved)
        and math.isclose(cost.saved, cost.plain - cost.spent - cost.probes, abs_tol=1e-6)
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "version": _text,
    "head": lambda head: head is None or _head(head),
    "model": _text,
    "sampler": _text,
    "sigmas": _tuple_of(_amount),
    "candidates": lambda count: _whole(count) and count >= 1,
    "seed": _whole,
    "seeds": lambda seeds: seeds is None or _tuple_of(_whole)(seeds),
    "group": lambda group: _whole(group) and group >= 1,
    "schedule": _text,
    "policy": _text,
    "replay": _text,
    "watches": lambda watches: isinstance(watches, tuple),
    "drops": lambda drops: isinstance(drops, tuple),
    "evaluations": _evaluations,
    "seconds": _amount,
    "warnings": _tuple_of(_text),
    "imagined": lambda drops: isinstance(drops, tuple) and all(map(_drop, drops)),
}
