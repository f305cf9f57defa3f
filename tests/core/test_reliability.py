"""Reliability figures on examples small enough to work out by hand, and against brute force."""

from __future__ import annotations

import json
import time
from itertools import combinations

import numpy as np
import pytest
import torch

from prism_core.reliability import (
    Ratio,
    bootstrap,
    gap_recovered,
    paired_difference,
    pairwise_accuracy,
    reliability_entry,
    retention,
)

# Two prompts of three candidates.
ORACLE = [[0.1, 0.5, 0.9], [0.2, 0.3, 0.8]]
SCORES = [[1.0, 3.0, 2.0], [2.0, 1.0, 3.0]]


def noisy(prompts: int = 60, candidates: int = 6, noise: float = 0.4, seed: int = 0):
    """Oracle values and the scores of a judge that sees them through noise."""
    random = np.random.default_rng(seed)
    oracle = random.random((prompts, candidates))
    return oracle + noise * random.normal(size=oracle.shape), oracle


def test_accuracy_of_the_example():
    # prompt 1: (0,1) right, (0,2) right, (1,2) wrong; prompt 2: (0,1) wrong, the rest right
    ratio = pairwise_accuracy(SCORES, ORACLE, tie_fraction=0)
    assert ratio.numerator.tolist() == [2, 2]
    assert ratio.denominator.tolist() == [3, 3]
    assert ratio.value == pytest.approx(4 / 6)


def test_the_closest_pairs_over_all_prompts_are_left_out():
    # one sixth of the six pairs is the closest one: prompt 2's (0,1), 0.1 apart, judged wrong
    ratio = pairwise_accuracy(SCORES, ORACLE, tie_fraction=1 / 6)
    assert ratio.denominator.tolist() == [3, 2]
    assert ratio.value == pytest.approx(4 / 5)


def test_less_than_one_pair_leaves_every_pair_in():
    assert pairwise_accuracy(SCORES, ORACLE, tie_fraction=0.16).denominator.sum() == 6


def test_clear_keeps_the_pairs_at_least_that_far_apart():
    # differences: 0.4, 0.8, 0.4 and 0.1, 0.6, 0.5
    ratio = pairwise_accuracy(SCORES, ORACLE, clear=0.45)
    assert ratio.denominator.tolist() == [1, 2]
    assert ratio.value == 1
    at_threshold = pairwise_accuracy([[1.0, 0.0]], [[0.75, 0.25]], clear=0.5)
    assert at_threshold.denominator.sum() == 1


def test_candidates_of_different_prompts_are_never_compared():
    # every candidate of prompt 2 outscores prompt 1's though all are worse: not its affair
    scores = [[0.0, 1.0], [10.0, 11.0]]
    oracle = [[0.8, 0.9], [0.1, 0.2]]
    assert pairwise_accuracy(scores, oracle, tie_fraction=0).value == 1


def test_equal_scores_and_equal_truths_count_as_a_coin():
    assert pairwise_accuracy([[1.0, 1.0, 1.0]], [[0.1, 0.5, 0.9]], tie_fraction=0).value == 0.5
    assert pairwise_accuracy([[1.0, 2.0]], [[0.5, 0.5]], tie_fraction=0).value == 0.5


def test_a_reversed_judge_is_as_wrong_as_the_judge_is_right():
    scores, oracle = noisy()
    right = pairwise_accuracy(scores, oracle).value
    assert pairwise_accuracy(-scores, oracle).value == pytest.approx(1 - right)
    assert right > 0.6


def test_retention_of_the_example():
    # the best is candidate 2: ranked second in prompt 1, first in prompt 2
    assert [retention(SCORES, ORACLE, keep).value for keep in (1, 2, 3)] == [0.5, 1, 1]


def test_retention_of_smaller_batches_is_the_mean_over_all_of_them():
    scores, oracle = noisy()
    for size, keep in ((2, 1), (4, 2), (5, 1), (6, 3)):
        kept = []
        for batch in combinations(range(6), size):
            batch = list(batch)
            top = np.argsort(-scores[:, batch], axis=1)[:, :keep]
            kept.append((top == oracle[:, batch].argmax(1)[:, None]).any(1))
        assert retention(scores, oracle, keep, size).value == pytest.approx(np.mean(kept))


def test_keeping_any_of_several_best_keeps_the_best():
    oracle = [[1.0, 1.0, 0.0]]
    assert retention([[0.0, 2.0, 1.0]], oracle, 1).value == 1
    assert retention([[0.0, 1.0, 2.0]], oracle, 1).value == 0
    assert retention([[0.0, 1.0, 2.0]], oracle, 2).value == 1


def test_equal_scores_keep_the_lower_row_as_pruning_does():
    assert retention([[1.0, 1.0]], [[0.9, 0.1]], 1).value == 1
    assert retention([[1.0, 1.0]], [[0.1, 0.9]], 1).value == 0


def test_gap_recovered_of_the_example():
    # prompt 1 keeps 0.5 (mean 0.5, best 0.9); prompt 2 keeps 0.8 (mean 13/30, best 0.8)
    gap_1, gap_2 = 0.4, 0.8 - 13 / 30
    found = gap_recovered(SCORES, ORACLE, keep=1)
    assert found.value == pytest.approx(gap_2 / (gap_1 + gap_2))
    # keeping two: means 0.7 and 0.5
    wanted = ((0.7 - 0.5) + (0.5 - 13 / 30)) / (gap_1 + gap_2)
    assert gap_recovered(SCORES, ORACLE, keep=2).value == pytest.approx(wanted)


def test_gap_of_a_perfect_a_useless_and_a_keep_all_judge():
    scores, oracle = noisy(prompts=400)
    assert gap_recovered(oracle, oracle).value == pytest.approx(1)
    assert gap_recovered(scores, oracle, keep=6).value == pytest.approx(0)
    assert abs(gap_recovered(np.random.default_rng(5).random(oracle.shape), oracle).value) < 0.15


def test_torch_tensors_are_welcome():
    found = pairwise_accuracy(torch.tensor(SCORES), torch.tensor(ORACLE), tie_fraction=0)
    assert found.value == pytest.approx(4 / 6)


def test_bootstrap_covers_the_normal_interval_of_a_proportion():
    hits = np.zeros(400)
    hits[:300] = 1
    estimate = bootstrap(Ratio(hits, np.ones(400)), samples=20000)
    deviation = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert estimate.value == 0.75
    assert estimate.low == pytest.approx(0.75 - deviation, abs=0.003)
    assert estimate.high == pytest.approx(0.75 + deviation, abs=0.003)


def test_bootstrap_resamples_prompts_not_pairs():
    # one prompt of a thousand pairs all right, one all wrong: pairs would pretend certainty
    ratio = Ratio(np.array([1000.0, 0.0]), np.array([1000.0, 1000.0]))
    estimate = bootstrap(ratio)
    assert (estimate.low, estimate.high) == (0, 1)


def test_bootstrap_is_reproducible_and_wider_at_higher_confidence():
    ratio = pairwise_accuracy(*noisy())
    assert bootstrap(ratio, seed=3) == bootstrap(ratio, seed=3)
    assert bootstrap(ratio, seed=3) != bootstrap(ratio, seed=4)
    wide, narrow = bootstrap(ratio, confidence=0.99), bootstrap(ratio, confidence=0.8)
    assert wide.low < narrow.low < ratio.value < narrow.high < wide.high


def test_paired_difference_uses_the_same_resamples():
    scores, oracle = noisy()
    ratio = pairwise_accuracy(scores, oracle)
    same = paired_difference(ratio, ratio)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    worse = pairwise_accuracy(scores + np.random.default_rng(1).normal(size=scores.shape), oracle)
    difference = paired_difference(ratio, worse)
    assert difference.value == pytest.approx(ratio.value - worse.value)
    assert 0 < difference.low < difference.value < difference.high


def test_paired_difference_needs_the_same_prompts():
    with pytest.raises(ValueError, match="same prompts"):
        paired_difference(Ratio(np.ones(2), np.ones(2)), Ratio(np.ones(3), np.ones(3)))


def test_entry_is_json_with_the_head_files_keys():
    scores, oracle = noisy(candidates=8)
    entry = reliability_entry(0.93, scores, oracle, candidates=(4, 8), sampler="euler", loras=[])
    assert json.loads(json.dumps(entry)) == entry
    names = {"sigma", "accuracy", "low", "high", "pairs", "retention", "sampler", "loras"}
    assert set(entry) == names
    assert entry["pairs"] == 60 * 28 - 168
    assert entry["low"] < entry["accuracy"] < entry["high"]
    assert list(entry["retention"]) == ["4", "8"]
    assert entry["retention"]["8"]["4"] == retention(scores, oracle, 4).value
    assert entry["retention"]["4"]["4"] == 1


def test_two_thousand_resamples_of_four_hundred_prompts_take_under_a_second():
    scores, oracle = noisy(400, 8)
    start = time.perf_counter()
    for ratio in (pairwise_accuracy(scores, oracle), gap_recovered(scores, oracle)):
        bootstrap(ratio, samples=2000)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("scores", "oracle", "message"),
    [
        ([[1.0, 2.0]], [[1.0, 2.0, 3.0]], "must be"),
        ([1.0, 2.0], [1.0, 2.0], "prompts, candidates"),
        ([[1.0]], [[1.0]], "at least two"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "prompts"),
        ([[float("nan"), 1.0]], [[0.1, 0.2]], "finite"),
        ([[0.0, 1.0]], [[float("inf"), 0.2]], "finite"),
    ],
)
def test_bad_arrays_are_refused(scores, oracle, message):
    for measure in (pairwise_accuracy, gap_recovered, lambda s, o: retention(s, o, 1)):
        with pytest.raises(ValueError, match=message):
            measure(scores, oracle)


def test_bad_options_are_refused():
    for tie_fraction in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="tie_fraction"):
            pairwise_accuracy(SCORES, ORACLE, tie_fraction)
    with pytest.raises(ValueError, match="greater than 0"):
        pairwise_accuracy(SCORES, ORACLE, clear=0)
    with pytest.raises(ValueError, match="No pair"):
        pairwise_accuracy(SCORES, ORACLE, clear=2)
    for keep, size in ((0, 3), (4, 3), (1, 4), (3, 2)):
        with pytest.raises(ValueError, match="Cannot keep"):
            retention(SCORES, ORACLE, keep, size)
    with pytest.raises(ValueError, match="Cannot keep"):
        gap_recovered(SCORES, ORACLE, 4)
    with pytest.raises(ValueError, match="no gap"):
        gap_recovered([[1.0, 2.0]], [[0.5, 0.5]])
