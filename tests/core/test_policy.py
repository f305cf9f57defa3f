"""Top-k as a policy of a live run."""

from __future__ import annotations

import pytest
import torch

from prism_core.policy import TopK, Watch


def watch(step: int, rows: tuple[int, ...], *scores: float) -> Watch:
    return Watch(step, 0.9, rows, torch.tensor(scores))


def test_each_round_keeps_its_best_rows():
    policy = TopK(((2, 2), (5, 1)))
    assert policy.steps() == (2, 5)
    decision = policy.decide(watch(2, (0, 1, 2, 3), 0.0, 3.0, 1.0, 2.0))
    assert decision.keep == (1, 3)
    assert decision.reasons == {0: "rank 4 of 4 at step 2", 2: "rank 3 of 4 at step 2"}
    assert decision.note is None
    # rows keep their numbers in the whole batch
    decision = policy.decide(watch(5, (1, 3), 0.1, 0.2))
    assert decision.keep == (3,)
    assert decision.reasons == {1: "rank 2 of 2 at step 5"}


def test_equal_scores_keep_the_lower_row():
    decision = TopK(((1, 1),)).decide(watch(1, (2, 5), 1.0, 1.0))
    assert decision.keep == (2,)
    assert decision.reasons == {5: "rank 2 of 2 at step 1"}


def test_the_forecast_is_exact():
    policy = TopK(((2, 2), (5, 1)))
    assert [policy.budget_keep(step, 4) for step in (1, 2, 4, 5, 9)] == [4, 2, 2, 1, 1]
    assert policy.budget_keep(2, 1) == 1


def test_a_call_that_passes_two_rounds_decides_once():
    assert TopK(((2, 2), (5, 1))).decide(watch(5, (0, 1, 2), 1.0, 2.0, 3.0)).keep == (2,)


def test_fewer_rows_than_a_round_keeps_all_stay():
    assert TopK(((2, 4),)).decide(watch(2, (1, 3), 1.0, 2.0)).keep == (1, 3)


def test_scores_that_cannot_be_ranked_are_refused():
    with pytest.raises(ValueError, match="score of candidate 1"):
        TopK(((1, 1),)).decide(watch(1, (0, 1), 1.0, float("nan")))


@pytest.mark.parametrize("rows", [(0,), (1, 0), (1, 1)])
def test_a_watch_that_names_its_rows_wrongly_is_refused(rows):
    with pytest.raises(ValueError, match="every living row needs one"):
        Watch(1, 0.9, rows, torch.zeros(2))


def test_no_round_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        TopK(())
