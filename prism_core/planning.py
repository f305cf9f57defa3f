"""How to spend a budget of evaluations on a race: when to drop how many.

The model behind it. Within one prompt the true qualities are normal with deviation 1, and a score
at step k correlates with them by rho_k (`trust.Trust`). What is believed of a row after step k, the
conditional mean of its quality, then has variance rho_k^2 over the rows and moves on like a fair
game: from step k to l it gains a normal increment of variance rho_l^2 - rho_k^2. Dropping early
saves evaluations, and waiting buys variance to choose by. A plan is worth the expected belief of
the rows that it keeps; the best plan within the budget is found by trying all of three cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

DRAWS = 4096  # of each batch size; errors of the tables are below one percent
_SLACK = 1e-6  # evaluations; sums of probes are no exact floats


@dataclass(frozen=True)
class Course:
    """What lies ahead: the moments at which one may cut, and what they tell and cost.

    calls        (G,) model calls before each moment, ascending
    information  (G,) rho^2 at each moment, never falling
    total        model calls of the whole run
    probe        evaluations of probing one row
    """

    calls: np.ndarray
    information: np.ndarray
    total: int
    probe: float


@dataclass(frozen=True)
class Plan:
    """The best use of a budget: keep so many now, so many at the next cut; worth in deviations."""

    keep: int
    worth: float
    cost: float


@lru_cache(maxsize=256)
def selection(candidates: int) -> tuple[np.ndarray, np.ndarray]:
    """What picking the best of `candidates` standard normal values gives.

    Returns (mean, variance), each (candidates + 1,): entry c is the expected mean, and the expected
    sample variance, of the c highest. Entry 0 means nothing.
    """
    values = np.random.default_rng(0).standard_normal((DRAWS, candidates))
    mean, variance = top_moments(values)
    mean, variance = mean.mean(0), variance.mean(0)
    mean[candidates], variance[candidates] = 0.0, 1.0 if candidates > 1 else 0.0  # known exactly
    return mean, variance


def top_moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(..., n) values -> mean and sample variance (..., n + 1) of the c highest, for c = 0...n."""
    best_first = -np.sort(-values, axis=-1)
    count = np.arange(1, values.shape[-1] + 1)
    mean = best_first.cumsum(-1) / count
    squares = (best_first**2).cumsum(-1) - count * mean**2
    variance = np.maximum(squares, 0.0) / np.maximum(count - 1, 1)
    nothing = np.zeros((*values.shape[:-1], 1))
    return np.concatenate([nothing, mean], -1), np.concatenate([nothing, variance], -1)


def forecast(variance: float, gained: float, alive: int) -> tuple[np.ndarray, np.ndarray]:
    """Moments of the c best of `alive` rows before they are scored; as `top_moments`.

    variance: of the present beliefs of these rows. gained: what the score will add to it.
    """
    mean, spread = selection(alive)
    total = variance + gained
    return np.sqrt(total) * mean, total * spread


def best_plan(
    course: Course,
    at: int,
    moments: tuple[np.ndarray, np.ndarray],
    keep: int,
    left: float,
    fees: np.ndarray,
) -> Plan | None:
    """The best plan from moment `at` on, or None when the budget does not even allow to stop now.

    moments: mean and variance (alive + 1,) of the beliefs of the c best rows now. left: evaluations
    that may still be spent from here on. fees: (alive + 1,) extra price of keeping only c now.
    """
    alive = len(fees) - 1
    kept = np.arange(keep, alive + 1)
    options = _later(course, at, moments, keep, kept)
    worth, cost = (np.concatenate([stop, more]) for stop, more in zip(*options, strict=True))
    first = np.concatenate([[keep], np.repeat(kept, (len(worth) - 1) // len(kept))])
    cost = cost + fees[first]
    worth = np.where(cost <= left + _SLACK, worth, -np.inf)
    best = int(worth.argmax())
    if worth[best] == -np.inf:
        return None
    return Plan(int(first[best]), float(worth[best]), float(cost[best]))


def _later(
    course: Course,
    at: int,
    moments: tuple[np.ndarray, np.ndarray],
    keep: int,
    kept: np.ndarray,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Worth and cost of stopping now, and of every way to go on with `kept` rows.

    Axes while they last: rows kept now, the moment of the second cut, rows kept there, the moment
    of the last cut.
    """
    mean, variance = moments
    now, rest = course.calls[at], course.total - course.calls[at]
    stop = np.array([mean[keep]]), np.array([float(keep * rest)])
    ahead = np.arange(at + 1, len(course.calls))
    first, second, then, last = np.ix_(kept, ahead, kept, ahead)
    gain, spread, fee = _tables(int(kept[-1]), keep, course.probe)
    info = course.information
    before = variance[first] + info[second] - info[at]
    after = before * spread[first, then] + np.maximum(info[last] - info[second], 0.0)
    worth = mean[first] + np.sqrt(before) * gain[first, then] + np.sqrt(after) * gain[then, keep]
    cost = (
        first * (course.calls[second] - now)
        + fee[first, then]
        + then * (course.calls[last] - course.calls[second])
        + fee[then, keep]
        + keep * (course.total - course.calls[last])
    )
    # two cuts at one moment are one: the second has nothing left to cut
    real = (then <= first) & ((last > second) | ((last == second) & (then == keep)))
    return stop, (np.where(real, worth, -np.inf).ravel(), np.broadcast_to(cost, real.shape).ravel())


@lru_cache(maxsize=256)
def _tables(alive: int, keep: int, probe: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[a, c] for a cut from a rows to c: expected mean, expected variance, extra evaluations."""
    gain, spread = np.zeros((alive + 1, alive + 1)), np.zeros((alive + 1, alive + 1))
    for rows in range(keep, alive + 1):
        gain[rows, : rows + 1], spread[rows, : rows + 1] = selection(rows)
    rows, kept = np.ogrid[: alive + 1, : alive + 1]
    return gain, spread, cut_fee(rows, kept, probe)


def cut_fee(rows: np.ndarray, kept: np.ndarray, probe: float) -> np.ndarray:
    """Extra evaluations of a cut: a probe of all rows, or one more call of those that go."""
    return np.where(kept < rows, np.minimum(rows * probe, rows - kept), 0.0)


def spread_steps(steps: int, count: int, usable: Sequence[int]) -> tuple[int, ...]:
    """Up to `count` of the usable steps, most of them early, where a step's price is highest."""
    if not usable:
        return ()
    wanted = np.geomspace(1, steps - 1, count) if steps > 2 else [1.0]
    nearest = {min(usable, key=lambda step, at=at: (abs(step - at), step)) for at in wanted}
    return tuple(sorted(nearest))
