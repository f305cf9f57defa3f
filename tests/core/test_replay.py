"""Replay texts: a choice, and the run it was made in."""

from __future__ import annotations

import pytest

from prism_core.replay import check_digest, format_replay, parse_replay


def test_text_round_trip():
    assert format_replay([4, 1], "1A2b3c4d5e6f") == "1, 4 #1a2b3c4d"
    assert parse_replay("1, 4 #1a2b3c4d", 8) == ([1, 4], "1a2b3c4d")


def test_rows_alone_apply_to_any_run():
    assert format_replay([1], None) == "1"
    rows, digest = parse_replay(" 4 1 ", 8)
    assert (rows, digest) == ([1, 4], None)
    check_digest(digest, "1a2b3c4d")


def test_text_is_read_kindly():
    assert parse_replay("4,1#1A2B3C4D ", 8) == ([1, 4], "1a2b3c4d")


@pytest.mark.parametrize("text", ["1 #", "1 #1a2b", "1 #1a2b3c4x", "1 #1a2b3c4d5e", "1 ##1a2b3c4"])
def test_a_broken_digest_is_refused(text):
    with pytest.raises(ValueError, match="no digest of a run"):
        parse_replay(text, 8)


def test_bad_rows_are_pointed_at():
    with pytest.raises(ValueError, match='Entry 2 .* is "9".*0 to 7'):
        parse_replay("1, 9 #1a2b3c4d", 8)
    with pytest.raises(ValueError, match="names no candidate"):
        parse_replay("#1a2b3c4d", 8)


def test_a_choice_is_not_applied_to_another_run():
    check_digest("1a2b3c4d", "1A2B3C4D5e6f")
    with pytest.raises(ValueError, match="#1a2b3c4d, and this run is #ffffffff.*delete '#1a2b3c4d'"):
        check_digest("1a2b3c4d", "ffffffff")


def test_a_digest_that_could_not_be_read_back_is_not_written():
    with pytest.raises(ValueError, match="hexadecimal"):
        format_replay([1], "xyz")
