"""Schedules: reading, writing, resolving on a sampler call, and the defaults."""

from __future__ import annotations

import pytest
import torch

from prism_core.schedule import (
    Mark,
    Round,
    ScheduleError,
    format_schedule,
    parse_schedule,
    resolve,
    suggested,
)

# Ten steps, sigma 1, 0.9, ... 0
SIGMAS = torch.linspace(1, 0, 11)


def steps(text: str, candidates: int = 8, sigmas: torch.Tensor = SIGMAS):
    return resolve(parse_schedule(text), sigmas, candidates)


def test_the_three_kinds_of_moments():
    assert parse_schedule("2:4, 12.5%:2,s0.93:1") == (
        Round(Mark("step", 2), 4),
        Round(Mark("percent", 12.5), 2),
        Round(Mark("sigma", 0.93), 1),
    )


@pytest.mark.parametrize("text", [" 2 : 4 ,5:2 ", "2:4,\n5:2,", "\t02:4, 5:02"])
def test_text_is_read_kindly(text):
    assert format_schedule(parse_schedule(text)) == "2:4, 5:2"


@pytest.mark.parametrize("text", ["2:4, 5:2, 10:1", "10%:4", "s0.93:2, s0.5:1", "s0.0000001:1"])
def test_text_round_trip(text):
    assert format_schedule(parse_schedule(text)) == text


def test_every_float_survives_the_round_trip():
    rounds = (Round(Mark("sigma", 0.1 + 0.2), 3), Round(Mark("percent", 100 / 3), 2))
    assert parse_schedule(format_schedule(rounds)) == rounds


@pytest.mark.parametrize(
    ("text", "character", "message"),
    [
        ("2:4, x:2", "x", "no step"),
        ("2:x", "x", "no number of candidates"),
        ("2:4y", "y", "no number of candidates"),
        ("2:1.5", ".", "no number of candidates"),
        ("2:4,, 5:2", ",", "round is missing"),
        ("2:4; 5:2", ";", "no number of candidates"),
        ("2:4, 12z:2", "z", "no step"),
        ("2.5:2", ".", "no step"),
        ("0:2", "0", "count from 1"),
        ("3:0", "0", "at least 1"),
        ("4:2, 6:3", "3", "fewer than the one before"),
        ("100%:2", "1", "between 0 and 100"),
        ("s1.2:1", "1", "noise fraction"),
        ("s0:1", "0", "noise fraction"),
        ("s0.9.:1", ".", "no step"),
        ("-1:2", "-", "no step"),
    ],
)
def test_errors_point_at_the_character(text, character, message):
    with pytest.raises(ScheduleError, match=message) as error:
        parse_schedule(text)
    _, line, caret, form = str(error.value).splitlines()
    assert line[4:] == text
    assert line[caret.index("^")] == character
    assert "2:4, 5:2, 10:1" in form


@pytest.mark.parametrize(
    ("text", "missing"), [("2", '":" and the number'), ("2:4, 3 : ", "the number to keep is missing")]
)
def test_an_unfinished_round_points_behind_its_end(text, missing):
    with pytest.raises(ScheduleError, match=missing) as error:
        parse_schedule(text)
    assert str(error.value).splitlines()[2].index("^") == 4 + len(text.rstrip())


def test_long_and_strange_texts_keep_the_caret_in_place():
    text = ", ".join(f"{step}:{99 - step}" for step in range(1, 40)) + ",\n\u0663:2"
    with pytest.raises(ScheduleError) as error:
        parse_schedule(text)
    _, line, caret, _ = str(error.value).splitlines()
    assert line[caret.index("^")] == "?"
    assert len(line) < 80


@pytest.mark.parametrize("text", ["", " , ", "\n"])
def test_an_empty_text_says_what_to_write(text):
    with pytest.raises(ScheduleError, match="holds no round.*2:4"):
        parse_schedule(text)


def test_moments_become_steps():
    assert steps("2:4, 5:2, 9:1") == ((2, 4), (5, 2), (9, 1))
    assert steps("1%:4, 25%:2") == ((1, 4), (3, 2))
    assert steps("s0.95:4, s0.5:2") == ((1, 4), (5, 2))
    assert steps("s0.9:4, s0.899:2", sigmas=torch.tensor([1, 0.9, 0.8, 0.0])) == ((1, 4), (2, 2))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10:1", "step 10, but this sampler call has 10 steps.*step 1 .*to step 9"),
        ("11:1", "never reached"),
        ("s0.05:1", "step 10"),
        ("s1:1", "step 0"),
        ("99%:1", "step 10"),
        ("s0.5:4, 5:2", '"5:2" falls on step 5.*already cuts at step 5'),
        ("5:4, 2:2", "already cuts at step 5"),
        ("2:8", '"2:8" would drop nothing: 8 candidates start'),
        ("2:9", "would drop nothing"),
    ],
)
def test_what_a_sampler_call_cannot_do_is_refused(text, message):
    with pytest.raises(ScheduleError, match=message):
        steps(text)


@pytest.mark.parametrize(
    ("second", "message"), [(4, "leaves only 4"), (0, "at least 1 must be kept")]
)
def test_rounds_made_by_hand_are_checked_too(second, message):
    rounds = [Round(Mark("step", 1), 4), Round(Mark("step", 2), second)]
    with pytest.raises(ScheduleError, match=message):
        resolve(rounds, SIGMAS, 8)


def test_the_end_of_a_first_stage_is_a_moment_too():
    # the high-noise half of two samplers ends above zero: its steps but the last can prune
    half = SIGMAS[:6]
    assert steps("4:1", sigmas=half) == ((4, 1),)
    with pytest.raises(ScheduleError, match="to step 4"):
        steps("5:1", sigmas=half)


def test_a_sigma_that_was_passed_before_this_call_is_not_reached():
    with pytest.raises(ScheduleError, match="from sigma 0.5 to 0"):
        steps("s0.93:2", sigmas=SIGMAS[5:])


def test_one_step_leaves_no_moment():
    with pytest.raises(ScheduleError, match="at least 2 steps"):
        steps("1:1", sigmas=torch.tensor([1.0, 0.0]))


@pytest.mark.parametrize("count", [20, 25, 30, 40, 50])
def test_the_default_of_long_runs_is_an_early_cut(count):
    step, keep, note = suggested(count, 8)
    assert 0.12 <= step / count <= 0.2
    assert (keep, note) == (2, None)


def test_the_default_of_few_steps_tells_the_true_price():
    step, keep, note = suggested(4, 4)
    assert (step, keep) == (1, 1)
    # 4 rows x 1 call + 4 x 0.4 probe + 1 row x 3 calls = 8.6 of 16
    assert "With 4 steps" in note and "2.1 clips" in note and "46 %" in note


def test_the_default_always_fits_and_never_keeps_none():
    for count in range(2, 60):
        for candidates in (2, 3, 4, 8, 16):
            step, keep, _ = suggested(count, candidates)
            assert 1 <= step < count and 1 <= keep < candidates


def test_nothing_to_prune_is_said():
    assert "nothing to prune" in suggested(1, 4)[2]
    assert "nothing to prune" in suggested(20, 1)[2]
