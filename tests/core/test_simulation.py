"""Simulated runs: spend equals the cost model, and choices equal top-k on the recorded scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prism_core.cost import predicted
from prism_core.policy import Decision, TopK, Watch
from prism_core.reliability import gap_recovered
from prism_core.simulation import simulate

SIGMAS = np.linspace(1, 0, 11)
RANDOM = np.random.default_rng(0)
ORACLE = RANDOM.random((20, 8))
SCORES = {step: ORACLE + 0.3 * RANDOM.normal(size=ORACLE.shape) for step in range(1, 10)}


def run(rounds, depth=0.4, share=0.5, calls=None, scores=SCORES):
    return simulate(
        lambda: TopK(rounds), scores, SIGMAS, ORACLE, depth=depth, share=share, calls=calls
    )


@pytest.mark.parametrize("rounds", [((3, 1),), ((1, 4), (2, 2), (6, 1)), ((2, 7), (3, 6), (9, 1))])
@pytest.mark.parametrize("price", [(0.4, 0.5), (0.7, 1.0)])
@pytest.mark.parametrize("calls", [None, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19]])
def test_spend_is_what_the_cost_model_predicts(rounds, price, calls):
    found = run(rounds, *price, calls)
    cost = predicted(rounds, 8, calls or 10, *price)
    assert set(found.spent) == {cost.spent}
    assert found.probes.tolist() == pytest.approx([cost.probes] * 20)
    assert found.clips[0] == pytest.approx(cost.total / (calls or [10])[-1])


def test_a_single_cut_recovers_what_reliability_says():
    for keep in (1, 3):
        found, known = run(((4, keep),)).gap, gap_recovered(SCORES[4], ORACLE, keep)
        assert found.numerator == pytest.approx(known.numerator)
        assert found.denominator == pytest.approx(known.denominator)


def test_the_oracle_recovers_everything():
    perfect = {step: ORACLE for step in SCORES}
    assert run(((4, 2), (5, 1)), scores=perfect).gap.value == pytest.approx(1)


def test_only_survivors_are_scored_again():
    late = {**SCORES, 5: -ORACLE}
    found = run(((3, 2), (5, 1)), scores=late)
    for prompt, (row,) in enumerate(found.kept):
        finalists = np.argsort(-SCORES[3][prompt])[:2]
        assert row == min(finalists, key=lambda index: ORACLE[prompt, index])


def test_rounds_on_one_call_are_one_decision():
    table = [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9]
    found = run(((3, 4), (4, 2)), calls=table)
    assert set(found.spent) == {predicted(((3, 4), (4, 2)), 8, table, 0.4, 0.5).spent}
    assert found.kept[0] == tuple(sorted(np.argsort(-SCORES[4][0])[:2]))


def test_policies_are_given_embeddings_and_how_they_were_scored():
    seen: list[Watch] = []

    class Spy(TopK):
        def decide(self, watch: Watch) -> Decision:
            seen.append(watch)
            return super().decide(watch)

    pooled = {step: RANDOM.normal(size=(20, 8, 3)) for step in (2, 4)}
    simulate(
        lambda: Spy(((2, 2), (4, 1))), SCORES, SIGMAS, ORACLE, depth=0.7, share=1.0, embeddings=pooled
    )
    first, second = seen[:2]
    assert first.probed and not second.probed  # 8 x 0.7 < 8 - 2, but 2 x 0.7 > 2 - 1
    assert torch.equal(second.embeddings, torch.as_tensor(pooled[4][0, list(second.rows)]))
    assert first.sigma == pytest.approx(0.8)


def test_a_step_that_was_not_recorded_is_named():
    with pytest.raises(ValueError, match="decide at step 4.*recorded at \\[3\\]"):
        run(((4, 1),), scores={3: SCORES[3]})


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="Scores of step 3"):
        run(((3, 1),), scores={3: SCORES[3][:, :4]})
