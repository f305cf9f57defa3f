"""Racing: what it keeps, what it never does, and what it gains on simulated prompts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prism_core.policy import TopK, Watch
from prism_core.racing import Racing
from prism_core.reliability import paired_difference
from prism_core.simulation import simulate

STEPS = 20
SIGMAS = np.linspace(1, 0, STEPS + 1)
PRICE = {"depth": 0.4, "share": 0.5}


def reliability(*figures: tuple[float, float]) -> list[dict]:
    return [{"sigma": s, "accuracy": a, "low": a - 0.02, "high": a + 0.02} for s, a in figures]


RELIABLE = reliability((0.95, 0.58), (0.5, 0.7), (0.1, 0.75))


def race(budget: float, candidates: int = 6, keep: int = 1, **changes) -> Racing:
    options = {"reliability": RELIABLE, **PRICE, **changes}
    return Racing(SIGMAS, candidates=candidates, keep=keep, budget=budget, **options)


def prompts(count: int, candidates: int = 6, seed: int = 0):
    """Scores by step and true quality: errors of neighbouring steps are alike, late ones smaller."""
    random = np.random.default_rng(seed)
    quality, scores = random.normal(size=(count, candidates)), {}
    error = random.normal(size=quality.shape)
    for step in range(1, STEPS):
        share = np.interp(SIGMAS[step], (0.1, 0.5, 0.95), (0.72, 0.6, 0.26))
        error = 0.9 * error + np.sqrt(1 - 0.81) * random.normal(size=quality.shape)
        scores[step] = 3 * (share * quality + np.sqrt(1 - share**2) * error) + 7
    return scores, quality


def watch(policy: Racing, rows: tuple[int, ...], *scores: float, step: int | None = None) -> Watch:
    step = policy.steps()[0] if step is None else step
    return Watch(step, float(SIGMAS[step]), rows, torch.tensor(scores))


@pytest.mark.parametrize("above", [9.5, 21.7, 1e9])
@pytest.mark.parametrize("keep", [1, 2, 5])
@pytest.mark.parametrize("price", [(0.4, 0.5), (0.7, 1.0)])
def test_the_budget_holds_and_exactly_keep_are_left(above, keep, price):
    depth, share = price
    budget = 20.0 * keep + above
    scores, quality = prompts(5, seed=keep)
    found = simulate(
        lambda: race(budget, keep=keep, depth=depth, share=share),
        scores, SIGMAS, quality, depth=depth, share=share,
    )  # fmt: skip
    assert {len(rows) for rows in found.kept} == {keep}
    assert (found.spent + found.probes).max() <= budget + 1e-6


def test_the_budget_holds_for_a_sampler_of_uneven_calls():
    table = [0, 1, 3, 4, 4, *range(6, 6 + 2 * (STEPS - 4), 2)]
    scores, quality = prompts(5)
    for budget in (60.0, 75.5):
        found = simulate(
            lambda: race(budget, calls=table), scores, SIGMAS, quality, calls=table, **PRICE
        )
        assert (found.spent + found.probes).max() <= budget + 1e-6
        assert {len(rows) for rows in found.kept} == {1}


def test_the_last_step_forces():
    policy = race(1e9)
    decision = policy.decide(watch(policy, (0, 1, 2), 0.0, 0.1, 0.05, step=policy.steps()[-1]))
    assert decision.keep == (1,)
    assert policy.steps() == ()


def test_most_of_the_budget_is_used():
    scores, quality = prompts(20)
    for budget in (32.0, 48.0):
        found = simulate(lambda: race(budget), scores, SIGMAS, quality, **PRICE)
        assert (found.spent + found.probes).mean() > 0.85 * budget


def test_racing_beats_the_best_single_cut_at_equal_spend():
    scores, quality = prompts(200)
    raced = simulate(lambda: race(50.0), scores, SIGMAS, quality, **PRICE)
    cuts = [
        simulate(lambda at=step: TopK([(at, 1)]), scores, SIGMAS, quality, **PRICE)
        for step in range(1, 7)
    ]
    assert cuts[-1].clips.mean() > 50.0 / STEPS  # no later cut is paid for
    best = max(cuts[:-1], key=lambda cut: cut.gap.value)
    assert paired_difference(raced.gap, best.gap).low > 0


def test_more_budget_buys_a_better_choice():
    scores, quality = prompts(100)
    small, large = (
        simulate(lambda price=budget: race(price), scores, SIGMAS, quality, **PRICE).gap
        for budget in (28.0, 90.0)
    )
    assert paired_difference(large, small).low > 0


def test_a_hopeless_candidate_goes_although_the_budget_would_carry_it():
    sure = reliability((0.95, 0.95), (0.1, 0.95))
    policy = race(1e9, reliability=sure)
    decision = policy.decide(watch(policy, (0, 1, 2, 3), 5.0, 5.1, 4.9, -9.0))
    assert decision.keep == (0, 1, 2)
    assert "0 % chance to beat candidate 1, rank 4 of 4 at step 1" == decision.reasons[3]


def test_rows_keep_their_numbers_and_reasons_are_for_the_dropped():
    policy = race(27.0)
    decision = policy.decide(watch(policy, (0, 1, 3, 4, 6, 9), 1.0, 2.0, 0.0, 9.0, 3.0, 2.5))
    assert 4 in decision.keep
    assert set(decision.reasons) == {0, 1, 3, 4, 6, 9} - set(decision.keep)
    assert all("% chance to beat candidate 4" in text for text in decision.reasons.values())


def test_the_scale_of_the_scores_does_not_matter():
    scores, quality = prompts(6)
    kept = [
        simulate(
            lambda: race(40.0), {k: scale * v - 3 for k, v in scores.items()}, SIGMAS, quality, **PRICE
        ).kept
        for scale in (1.0, 1000.0)
    ]
    assert kept[0] == kept[1]


def test_equal_scores_are_no_trouble():
    policy, rows = race(40.0), tuple(range(6))
    while policy.steps():
        rows = policy.decide(watch(policy, rows, *[1.0] * len(rows))).keep
    assert rows == (0,)


def test_the_forecast_changes_nothing():
    policy = race(40.0)
    first = [policy.budget_keep(step, 6) for step in policy.steps()]
    assert first == [policy.budget_keep(step, 6) for step in policy.steps()]
    assert policy.budget_keep(policy.steps()[-1], 6) == 1
    assert policy.budget_keep(1, 1) == 1


def test_fewer_rows_than_are_to_be_kept_stay():
    policy = race(200.0, keep=3)
    assert policy.decide(watch(policy, (2, 5), 1.0, 2.0)).keep == (2, 5)
    assert policy.steps() == ()


def test_it_waits_where_the_head_cannot_be_trusted_and_says_so():
    policy = race(110.0, sigma_range=(0.0, 0.82))
    assert min(policy.steps()) == 4  # sigma 0.8
    decision = policy.decide(watch(policy, (0, 1, 2), 1.0, 2.0, 3.0))
    assert "step 1 sigma is 0.950" in decision.note and "waits for step 4" in decision.note
    assert policy.notes == (decision.note,)
    assert policy.decide(watch(policy, decision.keep, *[0.0] * len(decision.keep))).note is None


def test_weak_entries_make_it_wait_too():
    figures = reliability((0.9, 0.51), (0.85, 0.6), (0.1, 0.7))
    policy = race(110.0, reliability=figures)
    assert min(policy.steps()) == 3
    assert "better than a coin" in policy.notes[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reliability": []}, "does not say how reliable"),
        ({"sigma_range": (0.0, 0.01)}, "no step at which scores can decide"),
        ({"steps": [0, 20, 33]}, "no step at which scores can decide"),
        ({"budget": 25.0}, "budget of 1.25 clips does not cover.*costs 1.31 clips"),
        ({"keep": 6}, "cannot keep 6 of 6"),
        ({"keep": 0}, "cannot keep 0 of 6"),
    ],
)
def test_what_cannot_be_raced_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        race(**{"budget": 60.0, **changes})


def test_scores_that_cannot_be_ranked_are_refused():
    policy = race(60.0)
    with pytest.raises(ValueError, match="score of candidate 1"):
        policy.decide(watch(policy, (0, 1), 1.0, float("nan")))


def test_given_steps_are_used():
    assert race(60.0, steps=[9, 3, 3]).steps() == (3, 9)
