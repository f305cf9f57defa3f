"""What is recorded of a choice, so that a head can be trained from it later."""

from __future__ import annotations

import pytest
import torch
from conftest import node, pack
from live_runs import FULL, finished, patched
from test_choose import Person, asking, choosing, messages, only, session

keeping, picks = pack("nodes.panel.keeping"), pack("nodes.panel.picks")
GRAPH = {
    "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan.safetensors"}},
    "2": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0], "lora_name": "style.safetensors"}},
    "3": {"class_type": "PrismBestOfN", "inputs": {"model": ["2", 0]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["9", 0]}},
    "5": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["9", 0]}},
    "6": {"class_type": "KSampler", "inputs": {"model": ["3", 0], "positive": ["4", 0], "negative": ["5", 0],
                                               "scheduler": "beta", "seed": 11}},
    "7": {"class_type": "CFGGuider", "inputs": {"model": ["3", 0], "positive": ["4", 0], "negative": ["5", 0]}},
    "8": {"class_type": "BasicScheduler", "inputs": {"model": ["3", 0], "scheduler": "simple"}},
    "10": {"class_type": "SamplerCustomAdvanced", "inputs": {"guider": ["7", 0], "sigmas": ["8", 0]}},
}


@pytest.fixture
def board():
    return pack("nodes.panel.board").Board(lambda event, data: None, lambda: True)


@pytest.fixture
def store(monkeypatch, tmp_path):
    """The store of choices, in a folder of the test's own; the graph above is what runs."""
    monkeypatch.setattr(keeping, "folder", lambda: tmp_path)
    where = pack("nodes.panel.where").Where("3", "6", "w", "c", "p", GRAPH)
    monkeypatch.setattr(session, "here", lambda node: where)
    return keeping.store


def test_a_choice_with_everything_it_was_made_from(loaded, head, sample, board, store):
    Person(board, {"action": "keep", "rows": [1, 3], "marks": {3: "pin", 0: "ban"}})
    pruning = choosing(loaded, board, head)
    left = sample(None, pruning, **FULL)["samples"]
    record = finished(pruning, left).record
    pick, = store().picks()
    scores = dict(zip(record.watches[1].rows, record.watches[1].scores, strict=True))
    assert (pick.kind, pick.step, pick.steps, pick.kept) == ("prune-step", 2, 6, (1, 3))
    assert pick.shown == tuple(sorted(range(4), key=lambda row: -scores[row])) and pick.pinned == (3,)
    assert pick.banned == (0,) and pick.scores == pytest.approx([scores[row] for row in pick.shown])
    assert pick.sigma == pytest.approx(record.watches[1].sigma) and pick.sampler == "euler"
    assert pick.scheduler == "beta" and pick.prompts == {"positive": "a cat", "negative": "blurry"}
    assert pick.loras == ("style.safetensors",) and pick.workflow == GRAPH and pick.head["name"] == head.name
    assert pick.model["latent_format"] == "Wan21" and len(pick.model["fingerprint"]) == 32
    tensors = store().tensors(pick)
    assert tensors["noisy"].shape == (4, 16, 3, 8, 8) and tensors["noisy"].dtype == torch.float16
    assert tensors["conditioning"].shape[1:] == (8, 16)
    assert torch.equal(tensors["finished"], left) and tensors["rows"].tolist() == [1, 3]


def test_the_noisy_rows_are_those_that_were_shown(loaded, sample, board, store):
    """After two steps of euler they are what a run that stops there leaves."""
    Person(board, {"action": "keep", "rows": [0]})
    sample(None, choosing(loaded, board), **{**FULL, "cfg": 1.0})
    pick = next(store().picks())
    noisy = store().tensors(pick)["noisy"]
    stopped = sample(None, loaded, steps=6, end_at_step=2)["samples"]
    shown = loaded.model.process_latent_in(stopped) * (1 - pick.sigma)    # leftover noise is handed on unscaled
    assert torch.allclose(noisy.float(), shown, atol=5e-3)


def test_marks_alone_are_a_choice_too(loaded, head, sample, board, store):
    made = session.Session("7", head, asking.Wishes(), board)
    hooks = made.hooks(asks=False)

    def pin(event: dict) -> None:
        if event["event"] == "started":
            board.mark(event["run"], messages.Mark(row=2, mark="pin"))
    sample(None, patched(loaded, head, **{**hooks, "listeners": (*hooks["listeners"], pin)}), **FULL)
    pick, = store().picks()
    assert pick.kind == "marks" and pick.kept == pick.pinned == (2,) and "finished" in store().tensors(pick)


def test_nothing_is_recorded_where_it_is_switched_off_or_nobody_chose(loaded, head, sample, board, store):
    sample(None, choosing(loaded, board, head, wishes=asking.Wishes(0.1, "best")), **FULL)
    sample(None, choosing(loaded, board, head, wishes=asking.Wishes(0.1, "all")), **FULL)
    keeping.change(messages.Recording(recording=False))
    Person(board, {"action": "keep", "rows": [1]})
    sample(None, choosing(loaded, board), **FULL)
    assert store().count == 0 and not store().path.exists()


def test_a_full_store_is_said_and_the_run_goes_on(loaded, sample, board, store, monkeypatch):
    full = pack("prism_core.picks.errors").StoreFull("the store is full")
    monkeypatch.setattr(keeping, "record", lambda pick: (_ for _ in ()).throw(full))
    Person(board, {"action": "keep", "rows": [1]})
    assert len(sample(None, choosing(loaded, board), **FULL)["samples"]) == 1
    assert "This choice was not recorded for training: the store is full" in [note.text for note in only(board).notes]


@pytest.mark.parametrize("sampler, scheduler", [("6", "beta"), ("10", "simple"), ("99", "")])
def test_what_the_graph_says(sampler, scheduler):
    where = pack("nodes.panel.where").Where("3", sampler, graph=GRAPH)
    known = {} if sampler == "99" else {"positive": "a cat", "negative": "blurry"}
    assert picks._prompts(where) == known and picks._first(GRAPH, sampler, "scheduler") == scheduler
    assert picks.loras_of(where) == ([] if sampler == "99" else ["style.safetensors"])


def test_pick_of_a_finished_batch(loaded, sample, board, store, monkeypatch):
    latent = sample(None, loaded, **FULL)
    batch = pack("nodes.panel.batch")
    monkeypatch.setattr(pack("nodes.pick"), "pick", lambda *given: batch.pick(*given, board=board))
    Person(board, {"action": "keep", "rows": [2]})
    node("PrismPick").execute(loaded, latent, 1)
    pick, = store().picks()
    assert pick.kind == "finished-pick" and pick.kept == (2,) and pick.sigma == 0.0
    assert store().tensors(pick)["noisy"].shape == (4, 16, 3, 8, 8)
