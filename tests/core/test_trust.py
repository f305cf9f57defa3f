"""What reliability says about scores: against drawing candidates and judging them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prism_core.reliability import pairwise_accuracy
from prism_core.trust import Trust


def entry(sigma: float, accuracy: float, low: float | None = None) -> dict:
    low = accuracy - 0.02 if low is None else low
    return {"sigma": sigma, "accuracy": accuracy, "low": low, "high": 1.0, "pairs": 9}


TRUST = Trust([entry(0.9, 0.6), entry(0.5, 0.7)], (0.2, 0.95))


def test_between_measured_sigmas_by_a_straight_line():
    assert TRUST.accuracy(0.7) == pytest.approx(0.65)
    assert TRUST.accuracy(0.99) == 0.6
    assert TRUST.accuracy(0.1) == 0.7


@pytest.mark.parametrize("correlation", [0.2, 0.5, 0.8])
def test_the_correlation_behind_an_accuracy(correlation):
    random = np.random.default_rng(0)
    truth = random.normal(size=(20000, 2))
    scores = correlation * truth + np.sqrt(1 - correlation**2) * random.normal(size=truth.shape)
    found = Trust([entry(0.5, pairwise_accuracy(scores, truth).value)]).correlation(0.5)
    assert found == pytest.approx(correlation, abs=0.02)


def test_a_coin_and_worse_tell_nothing():
    for accuracy in (0.5, 0.3):
        trust = Trust([entry(0.5, accuracy)])
        assert trust.correlation(0.5) == 0
        assert trust.chance(0.5, torch.tensor([5.0])).item() == pytest.approx(0.5)


@pytest.mark.parametrize("accuracy", [0.55, 0.7, 0.9])
@pytest.mark.parametrize("eta", [1.5, 5.0])
def test_chances_are_right_as_often_as_the_head_was(accuracy, eta):
    scores = torch.randn(20000, 2, generator=torch.Generator().manual_seed(0)).double()
    behind = (scores[:, 0] - scores[:, 1]).abs()
    chance = Trust([entry(0.5, accuracy)], eta=eta).chance(0.5, behind)
    assert 1 - chance.mean().item() == pytest.approx(accuracy, abs=0.01)


def test_who_trails_further_has_less_of_a_chance():
    chance = TRUST.chance(0.5, torch.tensor([-1.0, 0.0, 1.0, 3.0]))
    assert chance[1] == 0.5 and chance[0] == pytest.approx(1 - chance[2])
    assert (chance.diff() < 0).all()
    assert TRUST.chance(0.9, torch.tensor([3.0])) > chance[3]


def test_doubts():
    assert TRUST.doubt(0.7) is None
    assert "trained for sigma 0.2 to 0.95" in TRUST.doubt(0.96)
    assert "trained" in TRUST.doubt(0.1)
    weak = Trust([entry(0.9, 0.51, low=0.49), entry(0.5, 0.7)])
    assert "coin" in weak.doubt(0.9)
    assert weak.doubt(0.5) is None


def test_a_head_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match="does not say how reliable.*top-k"):
        Trust([])
