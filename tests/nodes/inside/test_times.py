"""What the model calls of a run took."""

from __future__ import annotations

import pytest
from conftest import node, pack
from live_runs import FULL, STEPS, finished, patched

times = pack("nodes.bridge.times")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def timed(*acts):
    """The times of a run that does these things: (rows, seconds) of a call, or a function of the clock and the times."""
    clock = Clock()
    found = times.Times(clock)
    clock.now += 5.0
    for act in acts:
        if callable(act):
            act(clock, found)
        else:
            found.called(act[0])
            clock.now += act[1]
    found.ended()
    return found


def probe(clock, found):
    with found.probing(8):
        clock.now += 0.5


def wait(clock, found):
    with found.waiting():
        clock.now += 60.0


def test_calls_are_told_apart_by_their_rows():
    pace = timed((8, 9.0), (8, 4.0), (8, 2.0), (1, 1.0), (1, 3.0)).pace()
    assert pace.setup == 5.0
    assert pace.calls == ((1, 2, 2.0), (8, 2, 3.0)), "the first call warms up"


def test_a_first_call_that_is_the_only_one_of_its_size_counts():
    assert timed((8, 9.0), (1, 1.0)).pace().calls == ((1, 1, 1.0), (8, 1, 9.0))


def test_probes_and_waiting_are_kept_apart():
    found = timed((8, 4.0), (8, 4.0), probe, wait, (2, 1.0))
    assert found.waited == 60.0
    assert found.pace() == times.Pace(5.0, ((2, 1, 1.0), (8, 1, 4.0)), ((8, 0.5),))
    assert timed(wait, (8, 4.0)).pace().setup == 5.0


def test_without_a_call_there_is_none():
    assert timed().pace() == times.Pace(0.0, (), ())


def test_rows_that_a_run_did_not_have_are_taken_from_an_earlier_one():
    earlier = timed((8, 4.0), (8, 4.0), (2, 2.0)).pace()
    alone = timed((8, 6.0), (8, 6.0)).pace()
    assert alone.completed([None, timed((4, 1.0)).pace(), earlier]).calls == ((2, 0, 3.0), (8, 1, 6.0))
    assert alone.completed([]) == alone and earlier.completed([alone]) == earlier


def test_a_run_is_timed_call_by_call_and_its_record_leaves_waiting_out(loaded, head, sample, monkeypatch):
    """A person who takes a minute costs the run nothing."""
    def choose(choice):
        clock.now += 60.0
        return choice.rows[:2]
    clock = Clock()
    events = []
    monkeypatch.setattr(times.Times.__init__, "__defaults__", (clock,))
    monkeypatch.setattr(pack("nodes.bridge.call").time, "perf_counter", clock)
    model = patched(loaded, head, "2:2", chooser=choose, listeners=(events.append,))
    record = finished(model, sample(None, model, **FULL)["samples"]).record
    pace = next(event["pace"] for event in events if event["event"] == "finished")
    assert record.seconds == 0.0
    assert {rows: count for rows, count, _ in pace.calls} == {4: 1, 2: STEPS - 2}, "the first of two calls warms up"
    assert [rows for rows, _ in pace.probes] == [4]
