"""What a cut is likely to keep: a head's measured retention, at any sigma and for any batch.

A head file states retention at some sigmas and for some sizes of a batch. Between sigmas it is read off straight
lines. For other sizes scores and true quality are taken as jointly normal, with the correlation that the measured
pairwise accuracy stands for. The other way round, several cuts are told from the correlations that measured retention
stands for: quality is not normal, so each cut has one of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import comb, sqrt
from typing import Any

import numpy as np

from .reliability import Estimate
from .trust import TIE_FRACTION, Trust

Z = 1.96                # of a 95 % interval
DRAWS = 160_000         # candidates, for what normal scores keep
CORRELATIONS = np.linspace(0.0, 0.999, 41)


class Forecast:
    """The chance that the best of N is among the K kept, by what one head's file says.

    reliability, sigma_range: as in the file. Raises ValueError without entries: then nothing is known.
    """

    def __init__(self, reliability: Sequence[Mapping[str, Any]], sigma_range: tuple[float, float]) -> None:
        self._trust = Trust(reliability, sigma_range)
        self._entries = sorted(reliability, key=lambda entry: entry["sigma"])
        self._sigmas = np.array([entry["sigma"] for entry in self._entries], float)

    def retention(self, sigma: float, candidates: int) -> tuple[Estimate, ...] | None:
        """For every K from 1 to N - 1, with a 95 % interval; None where the head's scores say nothing.

        sigma: noise fraction. The interval is that of the measurement, over prompts; of what was not measured, that of
        the pairwise accuracy it is derived from.
        """
        if self._trust.doubt(sigma) is not None:
            return None
        if all(str(candidates) in entry["retention"] for entry in self._entries):
            return tuple(self._measured(sigma, candidates, keep) for keep in range(1, candidates))
        values, lows, highs = (_normal(round(self._at(sigma, key), 3), candidates) for key in ("accuracy", "low", "high"))
        return tuple(map(Estimate, values, lows, highs))

    def accuracy(self, sigma: float) -> Estimate | None:
        """How often the scores order two candidates rightly, near-equals left out, with its 95 % interval; None where
        they say nothing.
        """
        if self._trust.doubt(sigma) is not None:
            return None
        return Estimate(*(self._at(sigma, key) for key in ("accuracy", "low", "high")))

    def correlations(self, sigma: float, candidates: int) -> tuple[float, ...] | None:
        """For every K from 1 to N - 1, the correlation in [0, 1) with true quality at which normal scores keep the best
        as often as `retention` says; None where the scores say nothing.
        """
        found = self.retention(sigma, candidates)
        return found and tuple(float(np.interp(one.value, kept, CORRELATIONS))
                               for one, kept in zip(found, _kept(candidates).T, strict=True))

    def _at(self, sigma: float, key: str) -> float:
        return float(np.interp(sigma, self._sigmas, [entry[key] for entry in self._entries]))

    def _measured(self, sigma: float, candidates: int, keep: int) -> Estimate:
        table = [entry["retention"][str(candidates)][str(keep)] for entry in self._entries]
        value = float(np.interp(sigma, self._sigmas, table))
        return wilson(value, min(map(_prompts, self._entries)))


def _prompts(entry: Mapping[str, Any]) -> int:
    """On how many prompts an entry rests: each gave the pairs of its largest batch, those nearly equal left out."""
    largest = max(map(int, entry["retention"]))
    return max(1, round(entry["pairs"] / ((1 - TIE_FRACTION) * comb(largest, 2))))


def wilson(value: float, count: int) -> Estimate:
    """A share of `count` trials with its 95 % interval, after Wilson (1927)."""
    spread = Z * sqrt(value * (1 - value) / count + Z**2 / (4 * count**2))
    middle, scale = value + Z**2 / (2 * count), 1 + Z**2 / count
    return Estimate(value, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


@lru_cache(maxsize=256)
def _normal(accuracy: float, candidates: int) -> tuple[float, ...]:
    """Retention for every K from 1 to N - 1 of scores with that pairwise accuracy, if all is normal."""
    correlation = _correlation(accuracy)
    return tuple(float(np.interp(correlation, CORRELATIONS, kept)) for kept in _kept(candidates).T)


@lru_cache(maxsize=64)
def _kept(candidates: int) -> np.ndarray:
    """(correlations, N - 1) retention of normal scores at each of CORRELATIONS, for every K; never falling with them."""
    generator = np.random.default_rng(0)
    quality, noise = generator.standard_normal((2, max(2, DRAWS // candidates), candidates))
    best = quality.argmax(1)[:, None]
    table = np.empty((len(CORRELATIONS), candidates - 1))
    for row, correlation in zip(table, CORRELATIONS, strict=True):
        scores = correlation * quality + sqrt(1 - correlation**2) * noise
        ahead = (scores > np.take_along_axis(scores, best, 1)).sum(1)
        row[:] = np.bincount(ahead, minlength=candidates).cumsum()[:-1] / len(best)
    return np.maximum.accumulate(table)


def _correlation(accuracy: float) -> float:
    entry = {"sigma": 0.5, "accuracy": accuracy, "low": accuracy, "high": accuracy}
    return Trust([entry]).correlation(0.5)
