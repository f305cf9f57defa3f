"""When to prune and how many to keep: the schedule, as text and as steps of one sampler call.

Written as rounds, "2:4, 5:2, 10:1": after step 2 keep 4 candidates, after step 5 keep 2, after
step 10 keep 1. A moment may also be a share of the steps ("10%:4") or a noise fraction ("s0.93:2",
the first step whose sigma is 0.93 or less). Steps count within one sampler call's own sigmas.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from torch import Tensor

from .cost import predicted

FORM = 'Write rounds such as "2:4, 5:2, 10:1" (step:keep), "10%:4" or "s0.93:2" (sigma:keep).'

FEW_STEPS = 8  # up to here a model is distilled: the first step is an eighth of the run or more
EARLY_SHARE = 0.15  # of the steps of a longer run: late enough to judge, early enough to save
_NOTE_DEPTH = 0.4  # tap depth and share of a typical head on a distilled model, for the note's price
_NOTE_SHARE = 1.0
_SHOWN = 72  # characters of a long text that fit beside a caret


class ScheduleError(ValueError):
    """A schedule that cannot be read, or that does not fit the sampler call; the text says why."""


@dataclass(frozen=True)
class Mark:
    """A moment of a sampler call: kind "step" (1, 2, ...), "percent" of the steps, or "sigma"."""

    kind: str
    value: float


@dataclass(frozen=True)
class Round:
    """One cut: from the moment `at` on, only `keep` candidates live."""

    at: Mark
    keep: int


def parse_schedule(text: str) -> tuple[Round, ...]:
    """The rounds of a text such as "2:4, 5:2", "10%:4" or "s0.93:2"; inverse of `format_schedule`.

    White space is free and a comma may end the text. Raises ScheduleError, whose message holds the
    text and a caret line under the first character that is wrong.
    """
    if not text.strip(" \t\r\n,"):
        raise ScheduleError(f'The schedule "{text.strip()}" holds no round. {FORM}')
    rounds: list[Round] = []
    start = 0
    for part in text.split(","):
        if part.strip() or start + len(part) < len(text):  # only the last part may be empty
            found = _parse_round(text, start, part)
            if rounds and found.keep >= rounds[-1].keep:
                raise _error(
                    text,
                    start + len(part.rstrip()) - len(str(found.keep)),
                    f"keeps {found.keep}, but the round before leaves only {rounds[-1].keep}; "
                    "every round must keep fewer than the one before",
                )
            rounds.append(found)
        start += len(part) + 1
    return tuple(rounds)


def format_schedule(rounds: Sequence[Round]) -> str:
    """The rounds as text, "2:4, 10%:2, s0.5:1"; `parse_schedule` reads it back unchanged."""
    return ", ".join(f"{_format_mark(entry.at)}:{entry.keep}" for entry in rounds)


def resolve(
    rounds: Sequence[Round], sigmas: Tensor, candidates: int
) -> tuple[tuple[int, int], ...]:
    """The rounds as (step, keep), ascending in step, for one sampler call.

    sigmas: (S + 1,) noise fractions of that call, descending. candidates: how many start. A share
    of the steps is rounded to the nearest step, at least 1. Raises ScheduleError when a step is
    never reached or leaves nothing to sample, when steps do not ascend, or when a round does not
    keep fewer than the one before, and at least 1.
    """
    values = [float(sigma) for sigma in sigmas]
    steps: list[tuple[int, int]] = []
    for entry in rounds:
        name = f'Round "{format_schedule([entry])}"'
        step = _step_of(entry.at, values)
        _check_step(name, step, values)
        _check_keep(name, entry.keep, steps[-1][1] if steps else candidates, first=not steps)
        if steps and step <= steps[-1][0]:
            raise ScheduleError(
                f"{name} falls on step {step} of this sampler call, but the round before it "
                f"already cuts at step {steps[-1][0]}. Rounds must follow one another by at least "
                "one step: leave one out, or use more steps."
            )
        steps.append((step, entry.keep))
    return tuple(steps)


def suggested(steps: int, candidates: int) -> tuple[int, int, str | None]:
    """Defaults for a sampler call: (prune step, keep, note for the artist or None).

    A quarter of the candidates is kept, after about 15 % of the steps. Up to 8 steps it is one cut
    after step 1, and the note tells what that really saves.
    """
    keep = max(1, candidates // 4)
    if steps < 2 or candidates < 2:
        return 1, keep, "There is nothing to prune: it takes at least 2 steps and 2 candidates."
    if steps > FEW_STEPS:
        return max(1, math.floor(EARLY_SHARE * steps + 0.5)), keep, None
    cost = predicted(((1, keep),), candidates, steps, _NOTE_DEPTH, _NOTE_SHARE)
    note = (
        f"With {steps} steps the first one is already a large share: keeping {keep} of "
        f"{candidates} after step 1 costs about {cost.total / steps:.1f} clips and saves "
        f"{100 * cost.saved / cost.plain:.0f} %, not more."
    )
    return 1, keep, note


def _parse_round(text: str, start: int, part: str) -> Round:
    """One round from part = text[start:...] without its comma."""
    blank = len(part) - len(part.lstrip())
    if not part.strip():
        raise _error(text, start + blank, "here a round is missing")
    mark, colon, keep = part.partition(":")
    if not keep.strip():
        missing = "the number to keep is" if colon else '":" and the number to keep are'
        raise _error(text, start + len(part.rstrip()), f"here {missing} missing")
    at = _parse_mark(text, start + blank, mark.strip())
    where = start + len(mark) + 1
    where += len(keep) - len(keep.lstrip())
    keep = keep.strip()
    if not re.fullmatch(r"[0-9]{1,6}", keep):
        raise _error(text, where + _digits(keep), f'"{_short(keep)}" is no number of candidates')
    if int(keep) < 1:
        raise _error(text, where, "at least 1 candidate must be kept")
    return Round(at, int(keep))


def _parse_mark(text: str, where: int, mark: str) -> Mark:
    kind, number, offset = "step", mark, 0
    if mark[:1] in ("s", "S"):
        kind, number, offset = "sigma", mark[1:], 1
    elif mark.endswith("%"):
        kind, number = "percent", mark[:-1]
    number = number.strip()
    pattern = r"[0-9]{1,6}" if kind == "step" else r"(?=\.?[0-9])[0-9]{0,6}(\.[0-9]{0,20})?"
    if not re.fullmatch(pattern, number):
        offset += _digits(number, dots=kind != "step")
        raise _error(text, where + offset, f'"{_short(mark)}" is no step, percentage or sigma')
    value = float(number)
    if kind == "step" and value < 1:
        raise _error(text, where, "steps count from 1")
    if kind == "percent" and not 0 < value < 100:
        raise _error(text, where, "a percentage of the steps lies between 0 and 100")
    if kind == "sigma" and not 0 < value <= 1:
        raise _error(text, where + 1, "a sigma here is a noise fraction, above 0 and at most 1")
    return Mark(kind, value)


def _digits(entry: str, dots: bool = False) -> int:
    """How many characters of a bad number are still good: the caret goes to the next one."""
    good = len(re.match(r"[0-9]*\.?[0-9]*" if dots else r"[0-9]*", entry)[0])
    return good if good < len(entry) else 0


def _short(entry: str) -> str:
    return entry if len(entry) <= 20 else entry[:17] + "..."


def _error(text: str, position: int, problem: str) -> ScheduleError:
    """The message: problem, text, caret. A caret needs one line of characters of one width."""
    line = "".join(
        character if 32 <= ord(character) < 127 else " " if character.isspace() else "?"
        for character in text
    )
    first = max(0, position - _SHOWN // 2)
    shown = line[first : first + _SHOWN]
    return ScheduleError(
        f"The schedule cannot be read at character {position + 1}: {problem}.\n"
        f"    {shown}\n    {' ' * (position - first)}^\n{FORM}"
    )


def _format_mark(mark: Mark) -> str:
    # Decimal writes every digit that a float needs, and never an exponent
    number = format(Decimal(repr(float(mark.value))), "f")
    number = number.rstrip("0").rstrip(".") if "." in number else number
    return {"step": "{}", "percent": "{}%", "sigma": "s{}"}[mark.kind].format(number)


def _step_of(mark: Mark, sigmas: list[float]) -> int:
    last = len(sigmas) - 1
    if mark.kind == "step":
        return int(mark.value)
    if mark.kind == "percent":
        return max(1, math.floor(mark.value / 100 * last + 0.5))
    return next((step for step, sigma in enumerate(sigmas) if sigma <= mark.value), last + 1)


def _check_step(name: str, step: int, sigmas: list[float]) -> None:
    last = len(sigmas) - 1
    usable = [step for step in range(1, last) if sigmas[step] > 0]
    if step in usable:
        return
    if not usable:
        raise ScheduleError(
            f"{name} cannot be used: this sampler call has {last} step(s) and no moment between "
            "them at which to prune. Use at least 2 steps."
        )
    found = f"step {step}" if step <= last else "a moment that is never reached"
    raise ScheduleError(
        f"{name} means {found}, but this sampler call has {last} steps, from sigma "
        f"{sigmas[0]:.3g} to {sigmas[-1]:.3g}; it can prune after step {usable[0]} (sigma "
        f"{sigmas[usable[0]]:.3g}) to step {usable[-1]} (sigma {sigmas[usable[-1]]:.3g}). Steps "
        "count within this sampler call: choose one of these, or put PRISM on the model of the "
        "sampler that reaches it."
    )


def _check_keep(name: str, keep: int, alive: int, first: bool) -> None:
    if 1 <= keep < alive:
        return
    if keep < 1:
        raise ScheduleError(f"{name} keeps {keep} candidates; at least 1 must be kept.")
    left = f"{alive} candidates start" if first else f"the round before leaves only {alive}"
    raise ScheduleError(
        f"{name} would drop nothing: {left}. Every round must keep fewer than the one before."
    )
