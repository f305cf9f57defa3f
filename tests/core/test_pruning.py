"""Which rows survive, and the text that replays a choice."""

from __future__ import annotations

import pytest
import torch

from prism_core.pruning import dropped, format_kept, parse_kept, top_k


def test_the_best_are_kept_in_their_old_order():
    assert top_k(torch.tensor([0.1, 3.0, -2.0, 0.7, 5.0]), 3) == [1, 3, 4]


def test_equal_scores_keep_the_lower_row():
    assert top_k(torch.zeros(5), 2) == [0, 1]
    assert top_k(torch.tensor([1.0, 2.0, 1.0, 2.0, 1.0]), 3) == [0, 1, 3]


def test_one_candidate_and_all_candidates():
    assert top_k(torch.tensor([-4.0]), 1) == [0]
    assert top_k(torch.tensor([2.0, 1.0, 3.0]), 3) == [0, 1, 2]


def test_top_k_moves_with_the_rows():
    scores = torch.tensor([0.3, -1.0, 2.0, 0.9, 0.1])
    order = torch.tensor([3, 0, 4, 2, 1])
    kept = {order[row].item() for row in top_k(scores[order], 2)}
    assert kept == set(top_k(scores, 2))


def test_scores_of_half_precision_and_with_gradients():
    assert top_k(torch.tensor([1.0, 2.0], dtype=torch.bfloat16, requires_grad=True), 1) == [1]


@pytest.mark.parametrize("keep", [0, -1, 4])
def test_keeping_none_or_too_many_is_refused(keep):
    with pytest.raises(ValueError, match=f"Cannot keep {keep} of 3 .* from 1 to 3"):
        top_k(torch.zeros(3), keep)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_cannot_be_ranked_are_refused(score):
    with pytest.raises(ValueError, match="score of candidate 1 is"):
        top_k(torch.tensor([0.0, score, 1.0]), 1)


@pytest.mark.parametrize("shape", [(0,), (2, 1), ()])
def test_scores_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="one score a candidate"):
        top_k(torch.zeros(shape), 1)


def test_dropped_are_the_others():
    assert dropped(5, [1, 4]) == [0, 2, 3]
    assert dropped(2, [0, 1]) == []


def test_text_round_trip():
    assert format_kept([6, 1, 4]) == "1, 4, 6"
    assert parse_kept(format_kept([1, 4, 6]), 8) == [1, 4, 6]


@pytest.mark.parametrize("text", ["6,1 4", " 1,4,6, ", "1\n4\n6", "+1 04 6"])
def test_text_is_read_kindly(text):
    assert parse_kept(text, 7) == [1, 4, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no candidate"),
        (" , ", "names no candidate"),
        ("1, x, 6", 'Entry 2 .* is "x".*no row number'),
        ("1.5", 'Entry 1 .* is "1.5"'),
        ("1; 2", 'Entry 1 .* is "1;"'),
        ("0, 8", 'Entry 2 .* is "8".*8 candidates.*0 to 7'),
        ("-1", 'Entry 1 .* is "-1".*0 to 7'),
        ("3, 1, 3", 'Entry 3 .* is "3".*already'),
        ("9" * 5000, "no row number"),
        ("\u0663", "no row number"),
    ],
)
def test_text_errors_point_at_the_entry(text, message):
    with pytest.raises(ValueError, match=message):
        parse_kept(text, 8)
