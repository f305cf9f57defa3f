"""What the chart of a run shows."""

from __future__ import annotations

import pytest
import torch
from conftest import BLOCKS, TAP, node, pack
from live_runs import FULL, finished, patched

session, boards = pack("nodes.panel.session"), pack("nodes.panel.board")
RELIABILITY = tuple({"sigma": sigma, "accuracy": 0.7, "low": 0.68, "high": 0.72, "pairs": 10080, "retention": {
    "4": {"1": one, "2": 0.7, "3": 0.9, "4": 1.0}, "8": {"1": 0.3}}} for sigma, one in ((0.95, 0.4), (0.5, 0.6)))


def charted(loaded, head, sample, **changes):
    """(curves as the page gets them, the run's record)."""
    board = boards.Board(lambda event, data: None)
    hooks = session.Session("7", head, pack("nodes.panel.asking").Wishes(), board).hooks(asks=False)
    pruning = patched(loaded, head, **hooks, **changes)
    record = finished(pruning, sample(None, pruning, **FULL)["samples"]).record
    view, = board.views()
    return board.curves(view.run).json(), record


def test_scores_and_cost_are_those_of_the_record(loaded, head, sample):
    found, record = charted(loaded, head, sample)
    assert [(watch["step"], tuple(watch["rows"])) for watch in found["watches"]] == [
        (watch.step, watch.rows) for watch in record.watches]
    assert found["watches"][0]["scores"] == pytest.approx(record.watches[0].scores, abs=1e-4)
    assert found["sigmas"] == pytest.approx(record.sigmas, abs=1e-5) and found["candidates"] == 4
    assert found["depth"] == TAP / BLOCKS and found["share"] == 0.5    # with CFG a probe takes half of a call
    assert found["cost"]["spent"] == record.evaluations.spent and found["cost"]["seconds"] > 0
    pace = found["pace"]
    assert [rows for rows, _, _ in pace["calls"]] == [2, 4] and all(each > 0 for _, _, each in pace["calls"])
    assert sum(each * many for _, many, each in pace["calls"]) < found["cost"]["seconds"]


def test_retention_is_that_of_the_heads_file(loaded, make_head, sample):
    judge = node("PrismLoadHead").execute(make_head("measured.safetensors", reliability=RELIABILITY)).args[0]
    found, record = charted(loaded, judge, sample)
    assert len(found["retention"]) == len(record.sigmas)
    assert found["retention"][0] is None    # pure noise lies outside the head's range
    step = next(k for k, sigma in enumerate(record.sigmas) if sigma <= 0.95)
    (one, low, high), *others = found["retention"][step]
    assert 0.4 <= one <= 0.6 and low < one < high and len(others) == 2
    assert found["accuracy"][0] is None and found["accuracy"][step] == [0.7, 0.68, 0.72]
    assert len(found["correlation"][step]) == 3 and all(0 < one < 1 for one in found["correlation"][step])


def test_a_head_that_was_not_measured_promises_nothing(loaded, head, sample):
    assert set(map(str, charted(loaded, head, sample)[0]["retention"])) == {"None"}


def test_a_watched_run_takes_the_time_of_fewer_from_the_one_before(loaded, head, sample):
    board = boards.Board(lambda event, data: None)
    hooks = session.Session("7", head, pack("nodes.panel.asking").Wishes(), board).hooks(asks=False)
    for watch in (False, True):
        pruning = patched(loaded, head, watch=watch, **hooks)
        sample(None, pruning, **FULL)
    latest, _ = board.views()
    assert [(rows, many > 0) for rows, many, _ in board.curves(latest.run).json()["pace"]["calls"]] == [
        (2, False), (4, True)]


@pytest.mark.parametrize(("measured", "names", "unmeasured"), [
    ([], ["new.safetensors"], ["new.safetensors"]), (["new.safetensors"], ["new.safetensors"], []), ([], [], [""])])
def test_loras_that_the_head_does_not_know_are_named(loaded, make_head, sample, monkeypatch, measured, names, unmeasured):
    reliability = tuple({**entry, "loras": measured} for entry in RELIABILITY)
    judge = node("PrismLoadHead").execute(make_head("measured.safetensors", reliability=reliability)).args[0]
    monkeypatch.setattr(session, "loras_of", lambda where: names)
    assert charted(loaded, judge, sample)[0]["loras"] == []
    changed = loaded.clone()
    changed.add_patches({"diffusion_model.patch_embedding.bias": (torch.zeros(1),)})
    assert charted(changed, judge, sample)[0]["loras"] == unmeasured
