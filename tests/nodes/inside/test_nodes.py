"""What each node gives for good input and says to bad input."""

from __future__ import annotations

import json
import re

import pytest
import torch
from comfy_execution.graph_utils import ExecutionBlocker
from conftest import BASE, BLOCKS, MODULES_ADDED, PACKAGE, TAP, node, pack


@pytest.fixture
def scores():
    def make(values=(0.1, 0.9, -0.5, 0.4), candidates=None):
        return pack("nodes.sockets").Scores(torch.tensor(values), 0.93, 6, "head.safetensors",
                                            tuple(candidates or range(len(values))), 0.5)
    return make


def prune(latent, keep=2, **links):
    return node("PrismPruneLatents").execute(latent=latent, keep=keep, **links)


def batch(count: int = 4) -> dict:
    return {"samples": torch.randn(count, 16, 3, 8, 8)}


def test_importing_the_pack_loads_nothing_but_the_pack():
    assert {name for name in MODULES_ADDED if not name.startswith(PACKAGE)} == set()


def test_scoring_reports_to_the_page(model, head, prompt, noisy):
    with torch.inference_mode():
        output = node("PrismScoreLatents").execute(model=model, head=head, positive=prompt(), latent=noisy, steps=8,
                                                   sampler_name="euler", scheduler="simple", end_at_step=3)
    told = json.loads(output.ui["prism_scores"][0])
    assert told["scores"] == output.args[0].values.tolist() and told["depth"] == TAP / BLOCKS
    assert (told["step"], told["candidates"]) == (3, [0, 1, 2, 3]) and told["sigma"] == pytest.approx(0.9302, abs=1e-4)
    assert len(re.findall(r"^candidate", output.args[1], re.M)) == 4 and output.ui["text"] == [output.args[1]]


def test_a_head_outside_its_range_says_so(model, make_head, prompt, noisy):
    head = node("PrismLoadHead").execute(make_head("narrow.safetensors", sigma_range=(0.2, 0.6))).args[0]
    with torch.inference_mode():
        text = node("PrismScoreLatents").execute(model=model, head=head, positive=prompt(), latent=noisy, steps=8,
                                                 sampler_name="euler", scheduler="simple", end_at_step=3).args[1]
    assert "0.20 to 0.60" in text


@pytest.mark.parametrize("change, message", [
    ({"end_at_step": 8}, "sigma 0"), ({"end_at_step": 9}, "steps 1 to 8"), ({"end_at_step": 5}, "does not stand at"),
    ({"steps": 30}, "does not stand at"),
    ({"sigmas": torch.tensor([0.5, 0.9])}, "must descend"),
    ({"sigmas": torch.tensor([1.0, float("nan")])}, "must descend"),
    ({"sigmas": torch.tensor([0.9])}, "at least two"), ({"sigmas": torch.tensor([1.0, 0.0])}, "ends at 0"),
    ({"sigmas": torch.tensor([1.5, 1.0])}, "nothing but noise"),
    ({"latent": {"samples": torch.ones(2, 16, 8, 8)}}, "4 dimensions"),
    ({"latent": {"samples": torch.ones(2, 4, 3, 8, 8)}}, "4 channels"),
    ({"latent": {"samples": torch.full((2, 16, 3, 8, 8), float("nan"))}}, "NaN"),
    ({"latent": {"samples": torch.zeros(0, 16, 3, 8, 8)}}, "no candidates"),
    ({"positive": [[torch.ones(3, 8, 16), {}]]}, "batch of 3"), ({"positive": []}, "empty"),
    ({"positive": [[torch.ones(1, 8, 16), {"area": (4, 4, 0, 0)}]]}, "whole picture"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_bad_input_is_refused_and_nothing_is_lost(score, noisy, change, message):
    before = score().values
    with pytest.raises(ValueError, match=message):
        score(**change)
    assert torch.equal(score().values, before)


@pytest.mark.parametrize("fault, message", [
    ({"family": "hunyuan"}, "family"), ({"hidden_size": 64}, "hidden size"), ({"blocks": 9}, "blocks"),
    ({"latent_space": "Wan22"}, "latent space"), ({"fingerprint": tuple([1.0] + [0.0] * 31)}, "not those the head"),
    ({"text_dim": 32}, "channels"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_heads_of_other_models_are_refused(score, make_head, fault, message):
    other = node("PrismLoadHead").execute(make_head("other.safetensors", **fault)).args[0]
    with pytest.raises(ValueError, match=message):
        score(head=other)
    assert len(score()) == 4


@pytest.mark.parametrize("name", [
    "../tiny.safetensors", "/etc/passwd", "../diffusion_models/tiny.safetensors", "no.safetensors"])
def test_heads_outside_the_folder_are_refused(name):
    with pytest.raises(ValueError, match="There is no head"):
        node("PrismLoadHead").execute(name)


def test_a_head_is_reloaded_when_its_file_changes(make_head):
    name = make_head("changing.safetensors")
    before = node("PrismLoadHead").fingerprint_inputs(name)
    assert node("PrismLoadHead").fingerprint_inputs(name) == before
    (BASE / "models" / "prism_heads" / name).touch()
    assert node("PrismLoadHead").fingerprint_inputs(name) != before


def test_the_best_are_kept(scores):
    latent = batch()
    output = prune(latent, scores=scores())
    kept, dropped, text = output.args
    assert torch.equal(kept["samples"], latent["samples"][[1, 3]]) and kept["batch_index"] == [1, 3]
    assert dropped["batch_index"] == [0, 2] and text == "1, 3"
    told = json.loads(output.ui["prism_kept"][0])
    assert told.pop("scores") == pytest.approx([0.1, 0.9, -0.5, 0.4])
    assert told == {"kept": [1, 3], "dropped": [0, 2], "candidates": [0, 1, 2, 3], "seeds": []}


def test_a_choice_is_replayed_without_scores(scores):
    latent = batch()
    again = prune(latent, kept=prune(latent, scores=scores()).args[2])
    assert again.args[0]["batch_index"] == [1, 3]


def test_keeping_all_blocks_what_hangs_on_the_dropped(scores):
    kept, dropped, _ = prune(batch(), keep=4, scores=scores()).args
    assert isinstance(dropped, ExecutionBlocker) and dropped.message is None
    assert kept["batch_index"] == [0, 1, 2, 3]


def test_scores_are_computed_only_where_they_decide():
    needs = node("PrismPruneLatents").check_lazy_status
    assert needs(latent=batch(), keep=2, kept="", scores=None) == ["scores"]
    assert needs(latent=batch(), keep=2, kept="1", scores=None) == []
    assert needs(latent=batch(), keep=2, kept="") == []


@pytest.mark.parametrize("given, message", [
    ({"keep": 0}, "Cannot keep 0"), ({"keep": 5}, "Cannot keep 5"), ({"kept": "1, 4"}, "4"),
    ({"kept": "1, 1"}, "already"), ({"kept": "a"}, "no row number"), ({"kept": "-1"}, "-1"),
])
def test_impossible_choices_are_refused(scores, given, message):
    with pytest.raises(ValueError, match=message):
        prune(batch(), scores=scores(), **given)


def test_scores_of_another_batch_are_refused(scores):
    with pytest.raises(ValueError, match="latent that was scored"):
        prune(batch(3), scores=scores())
    with pytest.raises(ValueError, match="connect 'scores'"):
        prune(batch())


def test_the_chart_is_the_same_picture_every_time(scores):
    chart = node("PrismScoreChart").execute
    first, second = chart(scores(), "1, 3").args[0], chart(scores(), "1, 3").args[0]
    assert torch.equal(first, second) and first.dtype == torch.float32
    assert first.shape[0] == 1 and first.shape[2:] == (768, 3) and 0 <= first.min() and first.max() <= 1


def test_the_chart_shows_the_choice_in_its_shapes(scores):
    chart = node("PrismScoreChart").execute
    grey = [chart(scores(), kept).args[0].mean(-1) for kept in ("1, 3", "0, 1", None)]
    assert not torch.equal(grey[0], grey[1]) and not torch.equal(grey[0], grey[2])


@pytest.mark.parametrize("values", [(0.5,), (0.2, 0.2, 0.2), tuple(range(64)), (1e6, -1e6)])
def test_the_chart_draws_any_scores(scores, values):
    values = tuple(float(value) for value in values)
    assert node("PrismScoreChart").execute(scores(values)).args[0].shape[1] > 44 * len(values)


def test_the_chart_refuses_rows_that_are_not_there(scores):
    with pytest.raises(ValueError, match="9"):
        node("PrismScoreChart").execute(scores(), "9")


def test_the_shapes_prompt_names_its_vocabulary():
    with pytest.raises(ValueError, match="circle"):
        node("PrismShapesPrompt").execute("a fluffy dog")
