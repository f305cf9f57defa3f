"""What a head's measured reliability says about its scores at a sigma.

A head file states pairwise accuracy at some sigmas, measured without the pairs that the truth holds
nearly equal. Two readings of that figure are needed. How strongly scores and true quality correlate
within a prompt, as if both were normal; planning needs that. And the factor that turns differences
of standardised scores into strengths of the Rao-Kupper model, so that the model is right as often
as the head was; a head's own logits promise far more than they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .preference import ETA, log_probabilities
from .said import Said, say

TIE_FRACTION = 0.1  # of the pairs, left out where accuracy is measured (`reliability`)
COIN = 0.5
_PAIRS = 400  # quantiles of the differences between two candidates
_TABLE = 200


class Trust:
    """One head's reliability, at any sigma.

    reliability: entries as made by `reliability.reliability_entry`. sigma_range: noise fractions the
    head was trained on. Raises ValueError without entries: then nothing is known about the scores.
    """

    def __init__(
        self,
        reliability: Sequence[Mapping[str, Any]],
        sigma_range: tuple[float, float] = (0.0, 1.0),
        eta: float = ETA,
    ) -> None:
        if not reliability:
            raise ValueError(
                "This head's file does not say how reliable it is, so there is no telling who is "
                "unlikely to be the best. Choose the policy top-k, or a head that was measured."
            )
        entries = sorted(reliability, key=lambda entry: entry["sigma"])
        self._sigmas = np.array([entry["sigma"] for entry in entries], float)
        self._accuracy = np.array([entry["accuracy"] for entry in entries], float)
        self._low = np.array([entry["low"] for entry in entries], float)
        self.sigma_range, self.eta = sigma_range, eta

    def accuracy(self, sigma: float) -> float:
        """Pairwise accuracy, between measured sigmas by a straight line, beyond them as at the end."""
        return float(np.interp(sigma, self._sigmas, self._accuracy))

    def doubt(self, sigma: float) -> Said | None:
        """Why scores at this noise fraction should not decide; None where they may."""
        low, high = self.sigma_range
        if not low <= sigma <= high:
            return untrained(low, high)
        if np.interp(sigma, self._sigmas, self._low) <= COIN:
            return say("coin", "the head was not found to be better than a coin there")
        return None

    def correlation(self, sigma: float) -> float:
        """Correlation of scores and true quality among candidates of one prompt, in [0, 1)."""
        correlations, accuracies = _accuracy_table()
        return float(np.interp(self.accuracy(sigma), accuracies, correlations))

    def chance(self, sigma: float, behind: Tensor) -> Tensor:
        """Chance to be the better one of two, given that one of them is.

        behind: by how many standard deviations of the prompt's scores it trails, any shape.
        """
        scales, accuracies = _strength_table(self.eta)
        scale = float(np.interp(self.accuracy(sigma), accuracies, scales))
        return _better(-scale * behind, self.eta)


def untrained(low: float, high: float) -> Said:
    """Why scores outside a head's range should not decide."""
    return say("untrained", "the head was trained for sigma {low:.3g} to {high:.3g}", low=low, high=high)


def _better(delta: Tensor, eta: float) -> Tensor:
    """Rao-Kupper chance that a wins, once ties are left out."""
    win, _, loss = log_probabilities(delta, eta)
    return torch.sigmoid(win - loss)


def _distances(without: float) -> Tensor:
    """Quantiles of |a - b| for standard normal a and b, without that share of the closest pairs."""
    share = without + (1.0 - without) * (torch.arange(_PAIRS, dtype=torch.float64) + 0.5) / _PAIRS
    return 2.0 * torch.erfinv(share)


@lru_cache(maxsize=1)
def _accuracy_table() -> tuple[np.ndarray, np.ndarray]:
    """(correlations, accuracies) of two normal variables, ties left out as they are measured."""
    correlation = torch.linspace(0.0, 0.999, _TABLE, dtype=torch.float64)[:, None]
    apart = _distances(TIE_FRACTION) / 2.0**0.5
    accuracy = torch.special.ndtr(correlation * apart / (1.0 - correlation**2).sqrt()).mean(1)
    return correlation[:, 0].numpy(), accuracy.numpy()


@lru_cache(maxsize=8)
def _strength_table(eta: float) -> tuple[np.ndarray, np.ndarray]:
    """(scales, accuracies): how often Rao-Kupper expects the higher of two scores to be better."""
    scale = torch.cat([torch.zeros(1), torch.logspace(-3, 3, _TABLE)]).double()
    return scale.numpy(), _better(scale[:, None] * _distances(0.0), eta).mean(1).numpy()
