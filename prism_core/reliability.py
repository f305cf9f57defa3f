"""How far a head can be trusted at a sigma: measured on prompts it has not seen.

Every figure here is a ratio of two sums over prompts, so it is kept as such: a `Ratio` holds what
each prompt adds to the numerator and to the denominator. Resampling prompts is then one matrix
product, and two scorers compared on the same resamples share everything but their numerators.

Arrays are (prompts, candidates): `scores` of the judge, `oracle` the truth; only candidates of the
same prompt are ever compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Ratio:
    """sum(numerator) / sum(denominator), both (prompts,) float64."""

    numerator: np.ndarray
    denominator: np.ndarray

    @property
    def value(self) -> float:
        """The figure on the prompts as they are."""
        return float(self.numerator.sum() / self.denominator.sum())


@dataclass(frozen=True)
class Estimate:
    """A measured figure with its bootstrap interval."""

    value: float
    low: float
    high: float


def pairwise_accuracy(
    scores: Any, oracle: Any, tie_fraction: float = 0.1, clear: float | None = None
) -> Ratio:
    """Fraction of same-prompt pairs that the scores order as the oracle does.

    scores, oracle: (prompts, candidates). The closest `tie_fraction` of all pairs, by oracle
    difference over all prompts, is left out; with `clear` given, exactly the pairs at least that
    far apart are kept instead. A pair that scores or oracle hold equal counts one half, so that
    ties can never beat a coin. Raises ValueError on bad arrays or when no pair is left.
    """
    scores, oracle = _arrays(scores, oracle)
    first, second = np.triu_indices(scores.shape[1], k=1)
    difference = oracle[:, first] - oracle[:, second]
    agreement = np.sign(scores[:, first] - scores[:, second]) * np.sign(difference)
    used = _separated(np.abs(difference), tie_fraction, clear)
    if not used.any():
        raise ValueError("No pair of candidates is left to judge; lower tie_fraction or clear.")
    return Ratio(((agreement + 1.0) / 2.0 * used).sum(1), used.sum(1).astype(np.float64))


def retention(scores: Any, oracle: Any, keep: int, candidates: int | None = None) -> Ratio:
    """Chance that the best candidate is among the `keep` of highest score.

    scores, oracle: (prompts, M). `candidates`: the size N of the batch to prune, M when None; for
    N < M the exact mean over all batches of N that can be drawn from the M. Of equal scores the
    lower index is kept, as in pruning; of several equally good candidates any one is the best.
    Raises ValueError unless 1 <= keep <= N <= M.
    """
    scores, oracle = _arrays(scores, oracle)
    prompts, available = scores.shape
    size = available if candidates is None else candidates
    _check_keep(keep, size, available)
    rank = _ranks(scores)
    ahead = rank[:, None, :] < rank[:, :, None]  # [p, i, j]: j is kept before i
    worse = (oracle[:, None, :] < oracle[:, :, None]) | (
        (oracle[:, None, :] == oracle[:, :, None]) & (rank[:, None, :] > rank[:, :, None])
    )
    # A batch in which i is best holds i and N - 1 of the worse; i survives while fewer than `keep`
    # of those are kept before it.
    table = _surviving_batches(available, size, keep)
    kept = table[worse.sum(2), (worse & ahead).sum(2)].sum(1)
    return Ratio(kept / comb(available, size), np.ones(prompts))


def gap_recovered(scores: Any, oracle: Any, keep: int = 1) -> Ratio:
    """How much of the way from an average candidate to the best one the kept ones come.

    scores, oracle: (prompts, candidates). (mean oracle of the kept - mean of all) over (best - mean
    of all), as sums over prompts; 1 at keep = 1 is a perfect judge, 0 a random one. Raises
    ValueError when keep is out of range or when every candidate is equally good.
    """
    scores, oracle = _arrays(scores, oracle)
    _check_keep(keep, scores.shape[1], scores.shape[1])
    mean = oracle.mean(1)
    kept = (oracle * (_ranks(scores) < keep)).sum(1) / keep
    gap = oracle.max(1) - mean
    if not gap.any():
        raise ValueError(
            "Every candidate of every prompt is equally good; there is no gap to recover."
        )
    return Ratio(kept - mean, gap)


def bootstrap(
    ratio: Ratio, samples: int = 2000, seed: int = 0, confidence: float = 0.95
) -> Estimate:
    """The ratio with its percentile interval over resampled prompts."""
    low, high = _interval(_resample(ratio, samples, seed), confidence)
    return Estimate(ratio.value, low, high)


def paired_difference(
    first: Ratio, second: Ratio, samples: int = 2000, seed: int = 0, confidence: float = 0.95
) -> Estimate:
    """first - second of two scorers measured on the same prompts, on the same resamples.

    An interval above zero: the first is better on these prompts. Raises ValueError when the two
    were not measured on equally many prompts.
    """
    if first.numerator.shape != second.numerator.shape:
        raise ValueError(
            f"One scorer was measured on {len(first.numerator)} prompts and the other on "
            f"{len(second.numerator)}; a paired difference needs the same prompts."
        )
    difference = _resample(first, samples, seed) - _resample(second, samples, seed)
    return Estimate(first.value - second.value, *_interval(difference, confidence))


def reliability_entry(
    sigma: float,
    scores: Any,
    oracle: Any,
    *,
    candidates: Sequence[int] | None = None,
    tie_fraction: float = 0.1,
    samples: int = 2000,
    seed: int = 0,
    **conditions: Any,
) -> dict[str, Any]:
    """One entry of a head file's `reliability` list, ready for JSON.

    scores, oracle: (prompts, M) at this sigma. candidates: batch sizes N to state retention for,
    for every K from 1 to N; default M alone. conditions: under what it was measured, for instance
    sampler="euler", loras=[].
    """
    ratio = pairwise_accuracy(scores, oracle, tie_fraction)
    estimate = bootstrap(ratio, samples, seed)
    sizes = (np.shape(scores)[1],) if candidates is None else candidates
    return {
        "sigma": float(sigma),
        "accuracy": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "pairs": int(ratio.denominator.sum()),
        "retention": {
            str(size): {
                str(k): retention(scores, oracle, k, size).value for k in range(1, size + 1)
            }
            for size in sizes
        },
        **conditions,
    }


def _arrays(scores: Any, oracle: Any) -> tuple[np.ndarray, np.ndarray]:
    scores, oracle = np.asarray(scores, np.float64), np.asarray(oracle, np.float64)
    if (
        scores.shape != oracle.shape
        or scores.ndim != 2
        or scores.shape[0] < 1
        or scores.shape[1] < 2
    ):
        raise ValueError(
            f"Scores are {scores.shape} and oracle values {oracle.shape}; both must be (prompts, "
            "candidates), with at least two candidates to compare."
        )
    if not (np.isfinite(scores).all() and np.isfinite(oracle).all()):
        raise ValueError("Scores and oracle values must be finite; a NaN cannot be ordered.")
    return scores, oracle


def _separated(distance: np.ndarray, tie_fraction: float, clear: float | None) -> np.ndarray:
    """Which pairs are judged: bool, shape of `distance` (prompts, pairs)."""
    if clear is not None:
        if clear <= 0:
            raise ValueError(f"clear is {clear}; a clear difference is greater than 0.")
        return distance >= clear
    if not 0.0 <= tie_fraction < 1.0:
        raise ValueError(f"tie_fraction is {tie_fraction}; it must be at least 0 and below 1.")
    used = np.ones(distance.size, dtype=bool)
    closest = np.argsort(distance, axis=None, kind="stable")
    used[closest[: int(tie_fraction * distance.size)]] = False
    return used.reshape(distance.shape)


def _ranks(scores: np.ndarray) -> np.ndarray:
    """(prompts, M) position of each candidate, 0 for the highest score, equal ones by index."""
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable")


def _surviving_batches(available: int, size: int, keep: int) -> np.ndarray:
    """[m, a]: batches in which a candidate with m worse ones, a of them ahead, is best and kept."""
    table = np.zeros((available, available))
    for worse in range(available):
        for ahead in range(worse + 1):
            table[worse, ahead] = sum(
                comb(ahead, j) * comb(worse - ahead, size - 1 - j) for j in range(min(keep, size))
            )
    return table


def _check_keep(keep: int, size: int, available: int) -> None:
    if not 1 <= keep <= size <= available:
        raise ValueError(
            f"Cannot keep {keep} of {size} candidates when {available} were measured; "
            "1 <= keep <= candidates <= measured is needed."
        )


def _resample(ratio: Ratio, samples: int, seed: int) -> np.ndarray:
    """(samples,) values of the ratio on prompts drawn with replacement."""
    prompts = len(ratio.numerator)
    draws = np.random.default_rng(seed).multinomial(
        prompts, np.full(prompts, 1.0 / prompts), samples
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return (draws @ ratio.numerator) / (draws @ ratio.denominator)


def _interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    tail = 50.0 * (1.0 - confidence)
    low, high = np.nanpercentile(values, [tail, 100.0 - tail])
    return float(low), float(high)
