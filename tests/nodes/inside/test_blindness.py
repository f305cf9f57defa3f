"""Reports in the graph of a trial: they wait for it, and where they cannot the graph is refused."""

from __future__ import annotations

from copy import deepcopy

import pytest
from conftest import node, pack
from comfy_api.latest import io

files, blindness = pack("nodes.file_record"), pack("nodes.blindness")
PROMPT = {
    "m": {"class_type": "UNETLoader", "inputs": {}},
    "v": {"class_type": "VAELoader", "inputs": {}},
    "n": {"class_type": "PrismBestOfN", "inputs": {"model": ["m", 0]}},
    "s": {"class_type": "KSampler", "inputs": {"model": ["n", 0], "seed": 3}},
    "r": {"class_type": "PrismRunReport", "inputs": {"model": ["n", 0], "latent": ["s", 0]}},
    "t": {"class_type": "PrismTrial", "inputs": {"model": ["n", 0], "latent": ["s", 0], "vae": ["v", 0]}},
}
WAITS = {"after_trial_t": ["t", 2]}


def queued(**changes) -> dict:
    """The prompt as ComfyUI gets it. changes: nodes that are others, None for those that are not there."""
    prompt = {name: entry for name, entry in {**deepcopy(PROMPT), **changes}.items() if entry is not None}
    return files.at_queue({"prompt": prompt})["prompt"]


def waits(prompt: dict, report: str = "r") -> dict:
    return {name: value for name, value in prompt[report]["inputs"].items() if name not in ("model", "latent")}


def test_a_report_waits_for_the_trial_of_its_run():
    prompt = queued()
    assert waits(prompt) == WAITS
    assert waits(files.at_queue({"prompt": prompt})["prompt"]) == WAITS, "queued again, as programs do"
    del prompt["t"]
    assert waits(files.at_queue({"prompt": prompt})["prompt"]) == {}, "a trial that is gone is not waited for"


def test_it_waits_for_nothing_else():
    other = {"class_type": "PrismBestOfN", "inputs": {"model": ["m", 0]}}
    assert waits(queued(o=other, r={"class_type": "PrismRunReport", "inputs": {"model": ["o", 0], "latent": ["s", 0]}})) == {}
    unfinished = {"class_type": "PrismTrial", "inputs": {"model": ["n", 0], "latent": ["s", 0]}}
    assert waits(queued(t=unfinished)) == {}, "ComfyUI leaves out a node whose socket is empty, and runs the rest"


def test_a_report_that_has_waited_reports_as_ever(loaded):
    with pytest.raises(ValueError, match="does not come from PrismBestOfN"):
        node("PrismRunReport").execute(loaded, {"samples": None}, after_trial_t="0 > 1 #1a2b3c4d")


def test_a_trial_made_from_a_report_is_refused(loaded, head):
    behind = {"class_type": "PrismTrial", "inputs": {"model": ["n", 0], "latent": ["r", 0], "vae": ["v", 0]}}
    prompt = queued(t=behind)
    assert waits(prompt) == {} and prompt["n"]["inputs"]["told_too_early"] is True
    assert "told_too_early" not in queued()["n"]["inputs"]
    hidden = {io.Hidden.prompt: prompt, io.Hidden.unique_id: "n"}
    best = node("PrismBestOfN").PREPARE_CLASS_CLONE({"hidden_inputs": hidden})
    with pytest.raises(ValueError, match="PrismRunReport.*sampler's LATENT to both"):
        best.execute(loaded, 4, 2, 1, head)
