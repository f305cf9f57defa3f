"""What a cut is likely to keep."""

from __future__ import annotations

import pytest
import torch

from prism_core.forecast import Forecast, wilson
from prism_core.reliability import bootstrap, reliability_entry, retention

PROMPTS, SIGMAS = 400, (0.95, 0.5)


def judged(correlation: float, candidates: int = 8):
    """(scores, oracle) of a judge whose scores correlate so with the truth."""
    generator = torch.Generator().manual_seed(round(100 * correlation))
    oracle, noise = torch.randn(2, PROMPTS, candidates, generator=generator)
    return correlation * oracle + (1 - correlation**2) ** 0.5 * noise, oracle


@pytest.fixture(scope="module")
def forecast():
    entries = [reliability_entry(sigma, *judged(correlation), candidates=(2, 4, 8), samples=200)
               for sigma, correlation in zip(SIGMAS, (0.5, 0.8))]
    return Forecast(entries, (0.2, 0.97))


def test_measured_figures_are_repeated_where_they_were_measured(forecast):
    scores, oracle = judged(0.5)
    for keep, found in enumerate(forecast.retention(0.95, 8), start=1):
        measured = bootstrap(retention(scores, oracle, keep), 500)
        assert found.value == pytest.approx(measured.value)
        assert found.low == pytest.approx(measured.low, abs=0.02) and found.high == pytest.approx(measured.high, abs=0.02)


def test_between_sigmas_it_lies_between(forecast):
    early, middle, late = (forecast.retention(sigma, 8)[0].value for sigma in (0.95, 0.7, 0.5))
    assert early < middle < late


@pytest.mark.parametrize("candidates", [6, 16])
def test_what_was_not_measured_is_derived(forecast, candidates):
    truth = [retention(*judged(0.5, candidates), keep).value for keep in range(1, candidates)]
    found = forecast.retention(0.95, candidates)
    assert all(abs(one.value - true) < 0.06 for one, true in zip(found, truth, strict=True))
    assert all(one.low <= one.value <= one.high for one in found)


def test_keeping_more_keeps_the_best_more_often(forecast):
    for candidates in (8, 5):
        values = [one.value for one in forecast.retention(0.8, candidates)]
        assert values == sorted(values) and values[0] < values[-1] < 1


def test_normal_scores_have_one_correlation_whatever_is_kept(forecast):
    for candidates in (8, 5):
        found = forecast.correlations(0.95, candidates)
        assert len(found) == candidates - 1
        assert found == pytest.approx([0.5] * len(found), abs=0.12)    # of 400 prompts, few lose the best when most stay


def test_a_cut_that_keeps_the_best_more_often_goes_closer_with_the_truth():
    """Quality with ties at the top, as many real ones have: each cut has a correlation of its own."""
    scores, oracle = judged(0.7)
    forecast = Forecast([reliability_entry(0.5, scores, oracle.clamp(max=1), samples=200)], (0.0, 1.0))
    for keep, (one, correlation) in enumerate(zip(forecast.retention(0.5, 8), forecast.correlations(0.5, 8)), start=1):
        generator = torch.Generator().manual_seed(3)
        quality, noise = torch.randn(2, 20_000, 8, generator=generator)
        again = retention(correlation * quality + (1 - correlation**2) ** 0.5 * noise, quality, keep).value
        assert again == pytest.approx(one.value, abs=0.015)


@pytest.mark.parametrize("sigma", [0.99, 0.1])
def test_outside_the_heads_range_nothing_is_known(forecast, sigma):
    assert forecast.retention(sigma, 8) is None and forecast.correlations(sigma, 8) is None


def test_intervals_hold_what_they_promise():
    """Of repeated trials of a true share, about 95 in 100 intervals hold it."""
    draws = torch.distributions.Binomial(50, torch.full((2000,), 0.3))
    torch.manual_seed(0)
    intervals = [wilson(float(hits) / 50, 50) for hits in draws.sample()]
    share = sum(one.low <= 0.3 <= one.high for one in intervals) / len(intervals)
    assert 0.92 < share < 0.98
