"""Diverse: near-equals are told apart by their features, clear leads are not touched."""

from __future__ import annotations

import pytest
import torch

from prism_core.diverse import NO_FEATURES, Diverse
from prism_core.policy import TopK, Watch

# Rows 0 and 1 look alike, 2 and 3 do not; the distance of all to their mean is the same.
LOOKS = torch.tensor([[1.0, 0.02], [1.0, -0.02], [-1.0, 1.0], [-1.0, -1.0]])


def decide(*scores: float, keep: int = 2, looks: torch.Tensor | None = LOOKS, eta: float = 5.0):
    policy = Diverse(TopK(((3, keep),)), eta)
    return policy.decide(Watch(3, 0.8, (0, 2, 5, 7), torch.tensor(scores), looks))


def test_of_two_that_look_alike_one_makes_room():
    decision = decide(2.0, 1.9, 1.8, 0.1)
    assert decision.keep == (0, 5)
    assert decision.reasons == {
        2: "rank 2 of 4 at step 3, most like candidate 0",
        7: "rank 4 of 4 at step 3",
    }


def test_a_clear_lead_is_kept_whatever_it_looks_like():
    # log 5 = 1.6: rows 0 and 2 lead by more, although they look alike
    assert decide(9.0, 8.0, 1.0, 0.9).keep == (0, 2)


def test_far_behind_is_never_chosen_for_its_looks():
    assert decide(2.0, 1.9, -3.0, -3.0).keep == (0, 2)


def test_the_best_is_always_kept():
    assert 0 in decide(2.0, 1.9, 1.8, 1.7).keep
    assert decide(1.9, 2.0, 1.8, 1.7, keep=1).keep == (2,)


def test_the_head_says_how_close_is_close():
    scores = (2.0, 1.5, 0.9, 0.8)
    assert 2 not in decide(*scores, eta=5.0).keep
    assert decide(*scores, eta=1.2).keep == (0, 2)


def test_what_all_have_in_common_does_not_count():
    assert decide(2.0, 1.9, 1.8, 0.1, looks=LOOKS + 1000.0).keep == (0, 5)


def test_without_features_scores_decide_and_it_is_said():
    decision = decide(2.0, 1.9, 1.8, 0.1, looks=None)
    assert (decision.keep, decision.note) == ((0, 2), NO_FEATURES)


def test_rows_that_look_the_same_are_no_trouble():
    assert decide(2.0, 1.9, 1.8, 0.1, looks=torch.ones(4, 3)).keep == (0, 2)


def test_nothing_to_drop_needs_no_features():
    decision = decide(2.0, 1.9, 1.8, 0.1, keep=4, looks=None)
    assert (decision.keep, decision.note) == ((0, 2, 5, 7), None)


def test_it_cuts_where_the_schedule_does():
    policy = Diverse(TopK(((3, 2), (5, 1))))
    assert policy.steps() == (3, 5)
    assert policy.budget_keep(3, 4) == 2


def test_features_that_overflowed_are_refused():
    with pytest.raises(ValueError, match="features of some candidate are not finite"):
        decide(2.0, 1.9, 1.8, 0.1, looks=LOOKS * float("inf"))
