"""Blind trials: rankings as text, what agreement means, and what pruning would have saved."""

from __future__ import annotations

from itertools import combinations, permutations
from statistics import mean

import pytest

from prism_core.trial import (
    Saving, Share, Trial, complete, deciding_scores, format_ranking, parse_ranking, saving, tally)
from tests.core.trial_records import watched


@pytest.mark.parametrize("text, ranking, digest", [
    ("3 > 0, 5 > 1", ((3,), (0, 5), (1,), (2, 4)), None),
    ("2", ((2,), (0, 1, 3, 4, 5)), None),
    (" 0,1,2 ,3,4,5 #1A2B3C4D", ((0, 1, 2, 3, 4, 5),), "1a2b3c4d"),
    ("5 > 4 > 3 > 2 > 1 > 0 #1a2b3c4d", ((5,), (4,), (3,), (2,), (1,), (0,)), "1a2b3c4d"),
])
def test_rankings_are_read(text, ranking, digest):
    assert parse_ranking(text, 6) == (ranking, digest)
    assert parse_ranking(format_ranking(ranking, digest), 6) == (ranking, digest)


@pytest.mark.parametrize("text, complaint", [
    ("", '"" in the ranking'), ("1 >", '"" in the ranking'), ("1 > 6", "counted from 0 to 5"), ("-1", "no candidate"),
    ("1 > 2, 1", "Candidate 1 has two places"), ("1 = 2", "with a comma"), ("1 #12", "8 hexadecimal"),
    ("1 > 99999999999", "no candidate")])
def test_rankings_that_make_no_sense_are_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_ranking(text, 6)


def test_those_left_over_share_the_last_place():
    assert complete([[2], [0]], 4) == ((2,), (0,), (1, 3)) and complete([[1, 0]], 2) == ((1, 0),)


def test_the_best_one_kept():
    assert Trial(((3,), (0, 1, 2)), (3,)).best_kept and not Trial(((3,), (0, 1, 2)), (0, 1)).best_kept
    assert Trial(((3, 1), (0, 2)), (1,)).best_kept, "of two equally good ones either will do"


@pytest.mark.parametrize("ranking", [((0,), (1, 2, 3, 4)), ((0, 1), (2, 3, 4)), ((0, 1, 2), (3, 4))])
@pytest.mark.parametrize("keep", [1, 2, 4])
def test_the_level_of_chance_is_that_of_all_choices(ranking, keep):
    choices = [Trial(ranking, kept) for kept in combinations(range(5), keep)]
    assert choices[0].chance == pytest.approx(mean(trial.best_kept for trial in choices))
    pairs = [trial.pairs for trial in choices]
    assert sum(share.agreed for share in pairs) == sum(share.count for share in pairs) / 2


def test_pairs_of_kept_and_dropped():
    trial = Trial(((3,), (0, 1), (2,)), kept=(0, 3))
    assert trial.pairs == Share(3, 3)    # 3 over 1 and 2, 0 over 2; 0 and 1 are equally good
    assert Trial(((3,), (0, 1), (2,)), kept=(2,)).pairs == Share(0, 3)
    assert Trial(((0, 1, 2),), kept=(2,)).pairs.value is None


def test_scores_against_the_ranking():
    ranking = ((1,), (0,), (2, 3))
    assert Trial(ranking, (1,), (2.0, 3.0, 1.0, 1.5)).ordered == Share(5, 5)
    assert Trial(ranking, (1,), (3.0, 2.0, 1.0, 1.5)).ordered == Share(4, 5)
    assert Trial(ranking, (1,), (1.0, 1.0, 1.0, 1.0)).ordered == Share(2.5, 5), "equal scores are no better than a coin"
    assert Trial(ranking, (1,)).ordered == Share(0, 0)
    every = [Trial(tuple((row,) for row in order), (0,), (3.0, 2.0, 1.0, 0.0)).ordered.value
             for order in permutations(range(4))]
    assert mean(every) == pytest.approx(0.5)


@pytest.mark.parametrize("ranking, kept, scores, complaint", [
    (((0,), (2,)), (0,), None, "exactly once"), (((0,), (0, 1)), (0,), None, "exactly once"),
    (((0,), (), (1,)), (0,), None, "exactly once"), (((0,), (1,)), (0, 1), None, "nothing to compare"),
    (((0,), (1,)), (), None, "nothing to compare"), (((0,), (1,)), (5,), None, "nothing to compare"),
    (((0,), (1,)), (0,), (1.0,), "1 scores for 2")])
def test_a_trial_that_contradicts_itself_is_refused(ranking, kept, scores, complaint):
    with pytest.raises(ValueError, match=complaint):
        Trial(ranking, kept, scores)


def test_a_tally_adds_up():
    hit, miss = Trial(((0,), (1, 2, 3)), (0,), (3.0, 2.0, 1.0, 0.0)), Trial(((3,), (0, 1, 2)), (0,), (3.0, 2.0, 1.0, 0.0))
    found = tally([hit, hit, miss, hit])
    assert found.trials == 4 and found.best.value == 0.75 and found.chance == pytest.approx(0.25)
    assert found.best.low == pytest.approx(0.3006, abs=1e-3) and found.best.high == pytest.approx(0.9544, abs=1e-3)
    assert found.pairs == Share(9, 10) and found.ordered == Share(9, 12)
    alone = tally([hit]).best
    assert alone.value == 1 and alone.low < 0.25, "one trial says little"
    with pytest.raises(ValueError, match="no trials"):
        tally([])


def test_what_would_have_been_saved():
    # 4 candidates, 10 steps: after a probe at step 2 one goes on, so 4 x 2 + 8 evaluations and 4 probes of 0.2
    found = saving(watched({1: 2, 2: 2, 3: 2}, steps=10, seconds=80.0), probe=0.2)
    assert found == Saving(pytest.approx((40 - 16.8) / 40), pytest.approx(2.32), pytest.approx(80 * 23.2 / 40))
    in_two = saving(watched({1: 2, 2: 2, 3: 5}, steps=10, seconds=80.0), probe=0.2)
    assert in_two.share == pytest.approx((40 - (8 + 6 + 5) - 0.8 - 0.4) / 40)
    twice = saving(watched({1: 2, 2: 2, 3: 2}, steps=10, calls=20, seconds=80.0), probe=0.2)
    assert twice.share == pytest.approx((80 - (16 + 16) - 0.8) / 80), "two model calls a step"
    assert saving(watched({}, steps=10), probe=0.2) == Saving(0, 0, 0)


def test_the_scores_that_decided():
    record = watched({1: 2, 2: 2, 3: 5}, steps=10)
    assert deciding_scores(record) == tuple(record.watches[4].scores) and record.watches[4].step == 5
    assert deciding_scores(watched({1: 2}, steps=10, watches=())) is None
