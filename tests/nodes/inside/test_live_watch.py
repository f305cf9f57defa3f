"""Runs that are only watched: all candidates are finished, and whom the policy would have dropped is written down."""

from __future__ import annotations

import pytest
import torch
from conftest import node, pack
from live_runs import FULL, counted, empty, finished, in_groups, patched

files = pack("nodes.file_record")
WORKS = ("euler", "dpmpp_2m", "heun")


def test_everybody_is_finished_as_without_the_patch(loaded, head, sample):
    watching = patched(loaded, head, "2:2", watch=True)
    with counted(loaded) as count:
        left = sample(empty(), watching, **FULL)["samples"]
    assert count.cut_short == 0    # scoring was free
    assert torch.equal(left, sample(empty(), in_groups(loaded), **FULL)["samples"])
    record = finished(watching, left).record
    assert record.kept == (0, 1, 2, 3) and record.drops == () and record.policy == "watch"
    assert record.evaluations.saved == 0


@pytest.mark.parametrize("sampler", WORKS)
@pytest.mark.parametrize("rounds", ["2:2", "1:3, 3:1"])
def test_it_tells_what_a_pruned_run_does(loaded, head, sample, sampler, rounds):
    records = []
    for watch in (True, False):
        model = patched(loaded, head, rounds, watch=watch)
        left = sample(empty(), model, **FULL, sampler_name=sampler)["samples"]
        records.append(finished(model, left).record)
    watched, pruned = records
    assert watched.chosen == pruned.kept == pruned.chosen
    assert [(drop.row, drop.step, drop.reason) for drop in watched.imagined] == [
        (drop.row, drop.step, drop.reason) for drop in pruned.drops]
    assert [len(watch.rows) for watch in watched.watches] == [4] * len(watched.watches)
    assert type(watched).from_json(watched.to_json()) == watched


def test_without_a_head_there_is_nothing_to_watch_with(loaded):
    with pytest.raises(ValueError, match="nothing to choose by"):
        patched(loaded, None, watch=True)


def test_the_cards_say_who_would_have_gone(loaded, head, sample):
    pages = pack("nodes.panel.session")
    board = pack("nodes.panel.board").Board(lambda event, data: None, lambda: True)
    session = pages.Session("5", head, pack("nodes.panel.asking").Wishes(0, "best"), board)
    assert not pages.asks("watch", None, replays=False)
    model = patched(loaded, head, "2:2", watch=True, **session.hooks(False))
    record = finished(model, sample(empty(), model, **FULL)["samples"]).record
    view, = board.views()
    assert view.judge == "watch" and [card.state for card in view.candidates] == ["kept"] * 4
    assert {card.row: (card.imagined_at, card.reason.text) for card in view.candidates if card.imagined_at is not None} == {
        drop.row: (drop.step, drop.reason) for drop in record.imagined}


def test_a_trial_behind_it_makes_it_watch(loaded, head):
    class Hidden:
        unique_id = "1"
        prompt = {"1": {"class_type": "PrismBestOfN", "inputs": {}},
                  "2": {"class_type": "LoraLoaderModelOnly", "inputs": {"model": ["1", 0]}},
                  "3": {"class_type": "PrismTrial", "inputs": {"model": ["2", 0]}}}
    assert pack("nodes.blindness").is_tried(Hidden.prompt, "1")
    marked = files.at_queue({"prompt": Hidden.prompt})["prompt"]["1"]["inputs"]
    assert marked["is_tried"] is True    # ComfyUI caches by inputs, so the answer has to be among them
    plain = {"1": Hidden.prompt["1"]}
    assert "is_tried" not in files.at_queue({"prompt": plain})["prompt"]["1"]["inputs"]
    out = node("PrismBestOfN").execute(loaded, 4, 2, 2, head, choose="watch")
    assert "Only watched" in out.ui["text"][0]
