"""The store of picks under kill -9, two processes and a full disk: what was recorded stays recorded."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from prism_core.picks.errors import StoreFull
from prism_core.picks.store import PickStore

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 10**9

if not hasattr(__import__("os"), "fork"):
    pytest.skip("needs processes that can be forked and killed", allow_module_level=True)


def writer(*arguments: object) -> dict:
    """What picks_writer.py says of a run with these arguments."""
    done = subprocess.run([sys.executable, "-m", "tests.core.picks_writer", *map(str, arguments)], cwd=ROOT,
                          capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def held(path: Path) -> dict[int, tuple[int, int]]:
    """(writer, number) of every pick by its id, each checked with its latents; the file checked as a whole."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        blobs = connection.execute("SELECT count(*) FROM blobs").fetchone()[0]
    connection.close()
    store, found = PickStore(path, LIMIT), {}
    for pick in store.picks():
        who, number = map(int, pick.run.split("-"))
        found[pick.id] = who, number
        assert torch.equal(store.tensors(pick)["noisy"], torch.full((2, 6000), float(who * 1000 + number)))
    assert blobs == len(found) + bool(found)    # no part of a record without the rest; one graph for all
    return found


def test_fifty_kills_lose_nothing_that_was_recorded(tmp_path):
    path = tmp_path / "picks.sqlite3"
    said = writer("kills", path, 50, 0)["said"]
    found = held(path)
    # Every other one was given time for a record; how many more there are is up to the machine.
    assert len(said) == 50 and all(said[1::2])
    for who, ids in enumerate(said):
        assert [found[id] for id in ids] == [(who, number) for number in range(len(ids))]
        # the one that was being written may be there, if only its author could not say so any more
        assert sum(1 for name, _ in found.values() if name == who) - len(ids) in (0, 1)


def test_kills_while_the_store_is_made_leave_one_that_works(tmp_path):
    said = writer("births", tmp_path, 25, 1)["said"]
    for who, ids in enumerate(said):
        found = held(tmp_path / f"{who}.sqlite3")
        assert set(ids) <= found.keys() and found[ids[-1]] == (who, 2)


def test_two_processes_take_turns(tmp_path):
    said = writer("together", tmp_path / "picks.sqlite3", 40)["said"]
    found = held(tmp_path / "picks.sqlite3")
    assert [len(ids) for ids in said] == [40, 40] and len(found) == 80
    for who, ids in enumerate(said):
        assert [found[id] for id in ids] == [(who, number) for number in range(40)]


@pytest.mark.parametrize("room", [300_000, 333_333, 500_000])
def test_a_full_disk_is_said_and_loses_nothing(tmp_path, room):
    told = writer("full", tmp_path / "picks.sqlite3", room)
    ids = told["said"][0]
    assert ids and "takes no more" in told["error"] and "Free some space" in told["error"]
    assert told["readable"] == len(ids)
    found = held(tmp_path / "picks.sqlite3")
    assert [found[id] for id in ids] == [(0, number) for number in range(len(ids))] and len(found) == len(ids)
    # and with room again, it goes on
    assert held(tmp_path / "picks.sqlite3").keys() == set(ids)


def test_a_database_that_may_not_grow_goes_on_when_it_may(tmp_path, monkeypatch):
    store = PickStore(tmp_path / "picks.sqlite3", LIMIT)
    from tests.core.picks_writer import record
    ids = [record(store, 0, 0)]
    open_store = store._open

    def narrow() -> sqlite3.Connection:
        connection = open_store()
        connection.execute("PRAGMA max_page_count = 60")
        return connection
    monkeypatch.setattr(store, "_open", narrow)
    with pytest.raises(StoreFull, match="takes no more"):
        while True:
            ids.append(record(store, 0, len(ids)))
    assert 2 <= len(ids) == store.count
    monkeypatch.undo()
    ids.append(record(store, 0, len(ids)))
    assert [held(store.path)[id] for id in ids] == [(0, number) for number in range(len(ids))]
