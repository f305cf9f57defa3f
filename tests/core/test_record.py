"""Run records: what goes in comes out, nothing else goes in, and the text for people."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from prism_core.record import (
    Drop,
    Evaluations,
    HeadUsed,
    RunRecord,
    Watched,
    ranking,
    summary,
)

RECORD = RunRecord(
    version="0.1.0",
    head=HeadUsed("shapes.safetensors", "ab" * 32),
    model="wan",
    sampler="euler",
    sigmas=(1.0, 0.9, 0.5, 0.0),
    candidates=4,
    seed=42,
    seeds=(42, 43, 44, 45),
    group=2,
    schedule="1:3, 2:2",
    policy="top-k",
    kept=(1, 3),
    replay="1, 3 #1a2b3c4d",
    watches=(
        Watched(1, 0.9, (0, 1, 2, 3), (-1.0, 2.0, 0.5, 0.0), "probe"),
        Watched(2, 0.5, (1, 2, 3), (1.0, -1.0, 1.5), "forward"),
    ),
    drops=(
        Drop(0, 1, 0.9, -1.0, "rank 4 of 4 at step 1"),
        Drop(2, 2, 0.5, -1.0, "rank 3 of 3 at step 2"),
    ),
    evaluations=Evaluations(spent=9, probes=0.5, plain=12, saved=2.5),
    seconds=3.25,
    warnings=("The head was not measured with this LoRA.",),
)


def changed(**values) -> str:
    """The record's JSON with some values replaced; None is a value, a missing key is `...`."""
    raw = {**json.loads(RECORD.to_json()), **values}
    return json.dumps({key: value for key, value in raw.items() if value is not ...}, default=str)


def test_json_round_trip():
    assert RunRecord.from_json(RECORD.to_json()) == RECORD
    assert json.loads(RECORD.to_json())["format"] == "prism-run/1"
    assert "\n" not in RECORD.to_json()


def test_a_run_without_head_or_seeds_round_trips():
    drops = tuple(replace(drop, score=None, reason="not chosen") for drop in RECORD.drops)
    record = replace(RECORD, head=None, seeds=None, watches=(), drops=drops, warnings=())
    assert RunRecord.from_json(record.to_json()) == record
    assert "not scored" in summary(record)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": "prism-run/2"}, "format is 'prism-run/2'"),
        ({"format": ...}, "format is None"),
        ({"seconds": ...}, "the record needs exactly"),
        ({"extra": 1}, "the record needs exactly"),
        ({"kept": []}, "kept"),
        ({"kept": [3, 1]}, "kept"),
        ({"kept": [1, 4]}, "kept"),
        ({"kept": [1, 1.5]}, "kept"),
        ({"kept": [1]}, "drops"),
        ({"drops": None}, "drops"),
        ({"drops": [{"row": 0}]}, r"drops\[0\] needs exactly"),
        ({"watches": {}}, "watches"),
        ({"seeds": [1, 2]}, "seeds"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"group": 0}, "group"),
        ({"candidates": 0}, "candidates"),
        ({"model": None}, "model"),
        ({"head": "x"}, "head needs exactly"),
        ({"head": {"name": "x", "sha256": 3}}, "head"),
        ({"evaluations": {"spent": 9, "probes": 0.5, "plain": 12, "saved": 3}}, "evaluations"),
        ({"evaluations": None}, "evaluations needs exactly"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"sigmas": "1"}, "sigmas"),
        ({"warnings": [1]}, "warnings"),
    ],
)
def test_reading_is_strict(values, message):
    with pytest.raises(ValueError, match=message):
        RunRecord.from_json(changed(**values))


@pytest.mark.parametrize(
    "value",
    [
        {"rows": (0, 1)},
        {"rows": (1, 0, 2, 3)},
        {"rows": (0, 1, 2, 9)},
        {"scores": (1.0, 2.0, 3.0, float("nan"))},
        {"source": "guess"},
        {"step": -1},
    ],
)
def test_a_watch_that_cannot_be_is_refused(value):
    with pytest.raises(ValueError, match=r"watches\[0\]"):
        replace(RECORD, watches=(replace(RECORD.watches[0], **value),))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100000])
def test_what_is_no_record_is_refused(text):
    with pytest.raises(ValueError, match="no run record"):
        RunRecord.from_json(text)


def test_cost_in_clips():
    assert RECORD.clips == pytest.approx(9.5 / 3)


def test_the_best_comes_first():
    # survivors by their last score, then whoever lived longer
    assert ranking(RECORD) == [3, 1, 2, 0]


def test_the_text_for_people():
    lines = summary(RECORD).splitlines()
    assert lines[0] == "Kept 2 of 4 candidates: 1, 3."
    assert "3.17 clips instead of 4" in lines[1] and "21 %" in lines[1]
    assert "top-k" in lines[2] and "shapes.safetensors" in lines[2] and "1:3, 2:2" in lines[2]
    assert lines[4] == "Candidate 3 (seed 45): kept; score 1.50 at step 2."
    assert lines[7].startswith("Candidate 0 (seed 42): dropped after step 1: rank 4 of 4 at step 1")
    assert "1, 3 #1a2b3c4d" in summary(RECORD)
    assert lines[-1] == "Warning: The head was not measured with this LoRA."


WATCHED = replace(RECORD, policy="watch", kept=(0, 1, 2, 3), drops=(), imagined=RECORD.drops,
                  evaluations=Evaluations(spent=12, probes=0, plain=12, saved=0))


def test_a_run_that_was_only_watched_tells_whom_it_would_have_dropped():
    assert RunRecord.from_json(WATCHED.to_json()) == WATCHED
    assert WATCHED.chosen == (1, 3) == RECORD.chosen
    text = summary(WATCHED)
    assert "nobody was dropped. Kept would have been 1, 3." in text
    assert "Candidate 2 (seed 44): kept, but would have been dropped after step 2: rank 3 of 3" in text
    assert "would" not in summary(RECORD)


def test_records_of_runs_that_drop_are_written_as_before():
    assert "imagined" not in RECORD.to_json()


@pytest.mark.parametrize("imagined", [
    RECORD.drops * 2,                                                   # twice the same
    (Drop(9, 1, 0.9, None, "nobody"),),                                 # nobody of this run
    tuple(Drop(row, 1, 0.9, None, "all of them") for row in range(4)),  # nobody would be left
])
def test_what_cannot_have_been_imagined_is_refused(imagined):
    with pytest.raises(ValueError, match="imagined"):
        replace(WATCHED, imagined=imagined)
