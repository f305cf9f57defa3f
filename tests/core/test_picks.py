"""The store of picks: what goes in comes out, and only grows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from dataclasses import replace

import pytest
import torch

from prism_core.picks import schema
from prism_core.picks.errors import StoreBusy, StoreError, StoreFull
from prism_core.picks.pick import Pick, read
from prism_core.picks.store import PickStore

LIMIT = 100_000_000
WORKFLOW = {"3": {"class_type": "PrismKSampler", "inputs": {"seed": 2**64 - 1, "model": ["1", 0]}}}


def a_pick(**changes) -> Pick:
    facts = {"kind": "prune-step", "run": "a" * 32, "step": 5, "steps": 20, "sigma": 0.91, "shown": (2, 0, 1),
             "kept": (0, 2), "banned": (1,), "pinned": (2,), "seeds": ("12", "10", "11"), "scores": (1.5, -0.25, 0.0),
             "head": {"name": "h.safetensors", "sha256": "f" * 64}, "sampler": "euler", "scheduler": "simple",
             "model": {"class": "WAN21", "fingerprint": "12ab", "latent_format": "Wan21"},
             "prompts": {"positive": "a r\u00f6d circle", "negative": ""}, "loras": ("one.safetensors",),
             "workflow": WORKFLOW, "version": "0.1.0", "time": 1234.5,
             "tensors": {"noisy": torch.arange(12.0).view(3, 4), "conditioning": torch.randn(1, 8, 4).bfloat16()}}
    return Pick(**{**facts, **changes})


def a_trial(**changes) -> Pick:
    return a_pick(**{"kind": "trial", "kept": (1,), "ranking": ((1,), (0, 2)), "verdict": (2,), **changes})


@pytest.fixture
def store(tmp_path) -> PickStore:
    return PickStore(tmp_path / "user" / "picks.sqlite3", LIMIT)


def blobs(store: PickStore) -> int:
    with sqlite3.connect(store.path) as connection:
        return connection.execute("SELECT count(*) FROM blobs").fetchone()[0]


def test_what_goes_in_comes_out(store):
    given = a_pick()
    id = store.add(given)
    (found,) = store.picks()
    assert found == replace(given, id=id) and found.workflow == WORKFLOW
    tensors = store.tensors(found)
    assert tensors.keys() == given.tensors.keys()
    assert all(torch.equal(tensors[name], value) and tensors[name].dtype == value.dtype
               for name, value in given.tensors.items())


def test_looking_at_a_store_that_is_not_there_makes_none(store):
    assert (store.count, store.size_bytes, list(store.picks())) == (0, 0, []) and not store.path.parent.exists()


def test_views_of_larger_tensors_are_taken_as_they_look(store):
    whole = torch.arange(24.0).view(4, 6)
    id = store.add(a_pick(tensors={"noisy": whole[[0, 2, 3]][:, ::2].half(), "conditioning": whole.T}))
    found = store.tensors(id)
    assert torch.equal(found["noisy"], whole[[0, 2, 3], ::2].half()) and torch.equal(found["conditioning"], whole.T)
    assert found["noisy"].dtype == torch.float16


def test_finished_latents_come_later(store):
    first, second = store.add(a_pick()), store.add(a_pick(run="b" * 32))
    store.finish(first, {"finished": torch.ones(2, 4)})
    assert torch.equal(store.tensors(first)["finished"], torch.ones(2, 4)) and "finished" not in store.tensors(second)
    store.finish(first, {"finished": torch.zeros(2, 4)})    # the run was repeated
    assert torch.equal(store.tensors(first)["finished"], torch.zeros(2, 4)) and store.count == 2
    with pytest.raises(ValueError, match="no pick 99"):
        store.finish(99, {"finished": torch.ones(1)})


def test_the_same_tensor_is_held_once(store):
    store.add(a_pick(tensors={"noisy": torch.ones(3, 4)}))
    before = blobs(store)
    store.add(a_pick(tensors={"noisy": torch.ones(3, 4)}))
    assert blobs(store) == before == 2    # the latents, and the graph
    store.add(a_pick(tensors={"noisy": torch.ones(3, 4).half()}))
    assert blobs(store) == 3


def test_many_picks_come_in_order(store):
    ids = [store.add(a_pick(step=step, tensors={})) for step in range(150)]
    assert [(pick.id, pick.step) for pick in store.picks()] == list(zip(ids, range(150)))


@pytest.mark.parametrize("change, complaint", [
    ({"kind": "guess"}, "kind is 'guess'"), ({"shown": ()}, "at least one"), ({"shown": (0, 0, 1)}, "each only once"),
    ({"kept": (5,)}, "rows \\[5\\] are kept"), ({"banned": (9,)}, "rows \\[9\\] are banned"),
    ({"scores": (1.0,)}, "1 scores for 3"), ({"seeds": ("1", "2")}, "2 seeds for 3"), ({"sigma": float("nan")}, "finite"),
    ({"ranking": ((0,), (1, 2))}, "a trial, and nothing else, ranks"), ({"verdict": (0,)}, "a trial, and nothing else"),
    ({"kind": "trial", "verdict": (0,)}, "ranks every row"),
    ({"kind": "trial", "verdict": (0,), "ranking": ((0,), (1,))}, "ranks every row"),
    ({"kind": "trial", "verdict": (0,), "ranking": ((0, 1), (1, 2))}, "ranks every row"),
    ({"kind": "trial", "verdict": (7,), "ranking": ((0,), (1, 2))}, "rows \\[7\\] are verdict"),
    ({"kind": "trial", "ranking": ((0,), (1, 2))}, "would have kept"),
    ({"scores": (1.0, float("inf"), 0.0)}, "finite"), ({"tensors": {"noisy": torch.ones(2, 4)}}, "2 latents for 3")])
def test_a_pick_that_contradicts_itself_is_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        a_pick(**change)


@pytest.mark.parametrize("change", [{"workflow": {"1": object()}}, {"model": {"class": float("nan")}},
                                    {"head": {"name": torch.ones(2)}}, {"workflow": {"1": float("inf")}}])
def test_what_is_no_json_is_refused_before_anything_is_written(store, change):
    with pytest.raises(ValueError):
        store.add(a_pick(**change))
    assert not store.path.exists()


def test_records_are_only_added(store):
    id = store.add(a_trial())
    store.finish(id, {"finished": torch.ones(2, 4)})
    with sqlite3.connect(store.path) as connection:
        for table in schema.TABLES:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            row = connection.execute(f"SELECT * FROM {table}").fetchone()
            marks = ", ".join("?" * len(row))
            for statement, values in ((f"DELETE FROM {table}", ()), (f"UPDATE {table} SET {columns[-1]} = 0", ()),
                                      (f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)):
                with pytest.raises(sqlite3.IntegrityError, match="only added"):
                    connection.execute(statement, values)
    assert store.count == 1 and store.tensors(id).keys() == {"noisy", "conditioning", "finished"}


def test_the_limit_refuses_and_keeps_what_there_is(store):
    store.add(a_pick())
    store.limit_bytes = store.size_bytes + 10_000
    with pytest.raises(StoreFull, match="Raise the limit"):
        store.add(a_pick(tensors={"noisy": torch.randn(3, 10_000)}))
    with pytest.raises(StoreFull):
        store.finish(1, {"finished": torch.randn(3, 10_000)})
    assert store.count == 1 and store.tensors(1).keys() == {"noisy", "conditioning"}
    store.limit_bytes = LIMIT
    assert store.add(a_pick(tensors={"noisy": torch.randn(3, 10_000)})) == 2


def test_the_size_is_that_of_the_file(store):
    store.add(a_pick(tensors={"noisy": torch.randn(3, 100_000)}))
    assert store.size_bytes == store.path.stat().st_size > 1_200_000


def test_a_tensor_too_large_for_one_record_is_refused_before_it_is_copied(store):
    with pytest.raises(StoreError, match="1 GB at most"):
        store.add(a_pick(tensors={"noisy": torch.empty(3, 2**30, device="meta")}))


def test_an_export_stands_by_itself(store, tmp_path):
    id = store.add(a_pick())
    store.finish(id, {"finished": torch.ones(2, 4)})
    target = tmp_path / "elsewhere" / "picks.sqlite3"
    target.parent.mkdir()
    target.write_bytes(b"an export of last week")
    store.export(target)
    assert [path.name for path in target.parent.iterdir()] == ["picks.sqlite3"]
    with sqlite3.connect(f"file:{target}?immutable=1", uri=True) as copy:
        assert copy.execute("SELECT count(*) FROM picks").fetchone() == (1,)
        assert copy.execute("PRAGMA journal_mode").fetchone() != ("wal",)
    again = PickStore(target, LIMIT)
    assert list(again.picks()) == list(store.picks())
    assert torch.equal(again.tensors(id)["finished"], torch.ones(2, 4)) and again.add(a_pick()) == id + 1


def test_an_export_that_fails_leaves_nothing(store, tmp_path):
    store.add(a_pick())
    with pytest.raises(StoreError, match="folder is there"):
        store.export(tmp_path / "missing" / "picks.sqlite3")
    assert not (tmp_path / "missing").exists() and store.count == 1


def test_deleting_removes_everything_and_numbers_are_not_given_again(store):
    old = store.add(a_pick(tensors={"noisy": torch.randn(3, 100_000)}))
    store.finish(old, {"finished": torch.ones(1)})
    store.delete_everything()
    assert store.count == 0 and store.path.stat().st_size < 100_000 and blobs(store) == 0
    new = store.add(a_pick())
    assert new > old
    with pytest.raises(ValueError, match="deleted meanwhile"):
        store.finish(old, {"finished": torch.ones(1)})
    with sqlite3.connect(store.path) as connection, pytest.raises(sqlite3.IntegrityError, match="only added"):
        connection.execute("DELETE FROM picks")


def test_deleting_where_there_is_nothing_makes_nothing(store):
    store.delete_everything()
    assert not store.path.exists()


def test_a_newer_store_is_refused_and_left_alone(store):
    store.add(a_pick())
    with sqlite3.connect(store.path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = store.path.read_bytes()
    for act in (lambda: store.add(a_pick()), lambda: store.count, lambda: list(store.picks())):
        with pytest.raises(StoreError, match="newer PRISM.*Update PRISM"):
            act()
    assert store.path.read_bytes() == before


def test_other_files_are_refused_and_left_alone(store):
    store.path.parent.mkdir()
    for content in (b"some text " * 1000, None):
        if content is None:
            store.path.unlink()
            with sqlite3.connect(store.path) as connection:
                connection.execute("CREATE TABLE mine (a)")
            connection.close()
        else:
            store.path.write_bytes(content)
        before = store.path.read_bytes()
        with pytest.raises(StoreError, match="Move (it|that file) to another folder"):
            store.add(a_pick())
        assert store.path.read_bytes() == before


def test_deleting_also_works_where_the_file_cannot_be_read(store):
    store.path.parent.mkdir()
    store.path.write_bytes(b"some text " * 1000)
    store.delete_everything()
    assert not store.path.exists() and store.add(a_pick()) == 1


def test_damage_is_found(store):
    id = store.add(a_pick(tensors={"noisy": torch.full((3, 1000), 0.123)}))
    damaged = store.path.read_bytes().replace(torch.tensor(0.123).numpy().tobytes(), b"\0\0\0\0")
    store.path.write_bytes(damaged)
    with pytest.raises(StoreError, match="damaged"):
        store.tensors(id)


def test_a_program_that_holds_the_file_is_named_as_the_cause(store, monkeypatch):
    store.add(a_pick())
    monkeypatch.setattr("prism_core.picks.store.PATIENCE", 0.05)
    connection = sqlite3.connect(store.path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for act in (lambda: store.add(a_pick()), store.delete_everything):
            with pytest.raises(StoreBusy, match="another program"):
                act()
        assert store.count == 1    # and it can still be read
    finally:
        connection.close()
    assert store.add(a_pick()) == 2


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path):
    (tmp_path / "user").write_text("a file", encoding="ascii")
    with pytest.raises(StoreError, match="folder"):
        PickStore(tmp_path / "user" / "picks.sqlite3", LIMIT).add(a_pick())


def test_trials_are_found_by_what_they_tried(store):
    store.add(a_pick())
    ids = [store.add(a_trial(run=run)) for run in ("b" * 32, "c" * 32)]
    store.add(a_trial(head={"name": "h.safetensors", "sha256": "e" * 64}))
    store.add(a_trial(verdict=(1, 2)))
    store.add(a_trial(head=None, scores=None))
    head = a_pick().head
    found = store.trials(head, 3, 1)
    assert [(pick.id, pick.ranking, pick.verdict) for pick in found] == [(id, ((1,), (0, 2)), (2,)) for id in ids]
    assert len(store.trials({**head, "name": "renamed.safetensors"}, 3, 1)) == 2, "a head is known by its file's hash"
    assert len(store.trials(head, 3, 2)) == len(store.trials(None, 3, 1)) == 1 and store.trials(head, 4, 1) == []
    assert [pick.id for pick in store.rankings(3)] == [2, 3, 4, 5, 6] and store.rankings(4) == []
    store.delete_everything()
    assert store.trials(head, 3, 1) == [] and store.add(a_trial()) > ids[-1]


def test_looking_for_trials_where_there_is_no_store_makes_none(store):
    assert store.trials(None, 3, 1) == [] and not store.path.exists()


# As the first version made it; what it wrote has to stay readable for good.
FIRST_TABLES = (
    "blobs (sha256 TEXT PRIMARY KEY, bytes BLOB NOT NULL)",
    "picks (id INTEGER PRIMARY KEY AUTOINCREMENT, facts TEXT NOT NULL, workflow TEXT NOT NULL REFERENCES blobs)",
    "finished (id INTEGER PRIMARY KEY AUTOINCREMENT, pick INTEGER NOT NULL REFERENCES picks, time REAL NOT NULL)",
    "pick_tensors (pick INTEGER NOT NULL REFERENCES picks, name TEXT NOT NULL, blob TEXT NOT NULL REFERENCES blobs, "
    "PRIMARY KEY (pick, name))",
    "finished_tensors (finished INTEGER NOT NULL REFERENCES finished, name TEXT NOT NULL, blob TEXT NOT NULL "
    "REFERENCES blobs, PRIMARY KEY (finished, name))")


def first_version(path) -> None:
    """A store with one pick, as the first version left it."""
    path.parent.mkdir()
    facts = json.loads(a_pick().facts())
    facts = {name: value for name, value in facts.items() if name not in ("ranking", "verdict")}
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for table in FIRST_TABLES:
            connection.execute(f"CREATE TABLE {table}")
        connection.execute("PRAGMA application_id = 0x5052534D")
        connection.execute("PRAGMA user_version = 1")
        graph = json.dumps(WORKFLOW).encode()
        name = hashlib.sha256(graph).hexdigest()
        connection.execute("INSERT INTO blobs VALUES (?, ?)", (name, graph))
        connection.execute("INSERT INTO picks (facts, workflow) VALUES (?, ?)",
                           (json.dumps({**facts, "format": "prism-pick/1"}), name))
    connection.close()


def test_a_store_of_the_first_version_is_opened_and_grows(store):
    first_version(store.path)
    (old,) = store.picks()
    assert old == replace(a_pick(), id=1) and store.trials(old.head, 3, 1) == []
    assert store.add(a_trial()) == 2 and [pick.id for pick in store.trials(old.head, 3, 1)] == [2]
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
        with pytest.raises(sqlite3.IntegrityError, match="only added"):
            connection.execute("DELETE FROM trials")
    connection.close()


def test_two_programs_open_a_store_of_the_first_version_at_once(store):
    first_version(store.path)
    ids: list[int] = []
    threads = [threading.Thread(target=lambda: ids.append(store.add(a_trial()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids) == [2, 3, 4, 5] and len(store.trials(a_pick().head, 3, 1)) == 4


def test_a_pick_of_the_first_format_has_no_facts_of_the_second(store):
    facts = json.loads(a_trial().facts())
    with pytest.raises(ValueError, match="'ranking', 'verdict'.*prism-pick/1"):
        read(json.dumps({**facts, "format": "prism-pick/1"}), "{}", 1)
    with pytest.raises(ValueError, match="newer PRISM"):
        read(json.dumps({**facts, "format": "prism-pick/3"}), "{}", 1)


def test_threads_share_a_store(store):
    def write(thread: int) -> None:
        for number in range(10):
            store.add(a_pick(run=f"{thread}-{number}", tensors={"noisy": torch.full((3, 500), float(thread))}))
    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {pick.run for pick in store.picks()} == {f"{a}-{b}" for a in range(4) for b in range(10)}
