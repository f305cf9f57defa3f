"""The bundled workflow in a real ComfyUI: scored, pruned, finished, and the same again on request."""

from __future__ import annotations

import io
import json
import urllib.request
from copy import deepcopy
from pathlib import Path

import numpy
import pytest
from PIL import Image

from launcher.client import PromptRejected
from launcher.graph import find, source, to_prompt

WORKFLOW = "prism_prune_shapes"
PACK = Path(__file__).resolve().parents[2]


def scored(run, prompt) -> dict:
    return json.loads(run.outputs[find(prompt, "PrismScoreLatents")]["prism_scores"][0])


def chosen(run, prompt) -> dict:
    return json.loads(run.outputs[find(prompt, "PrismPruneLatents")]["prism_kept"][0])


@pytest.fixture(scope="module")
def finished(comfyui, load_workflow, object_info):
    """One run of the workflow as it ships: its prompt and its run."""
    prompt = to_prompt(load_workflow(WORKFLOW), object_info)
    run = comfyui.client.run(prompt)
    assert run.status == "success", run.error
    return prompt, run


def test_every_candidate_is_scored_and_the_best_are_kept(finished):
    prompt, run = finished
    score, choice = scored(run, prompt), chosen(run, prompt)
    best = sorted(range(8), key=lambda row: -score["scores"][row])[:2]
    assert len(set(score["scores"])) == 8 and choice["kept"] == sorted(best)
    assert sorted(choice["kept"] + choice["dropped"]) == list(range(8))
    assert score["sigma"] == pytest.approx(0.93, abs=0.001) and score["step"] == 6


def test_every_survivor_becomes_a_file_named_after_its_seed_and_index(finished, comfyui):
    prompt, run = finished
    names = [file["filename"] for file in run.files(find(prompt, "SaveAnimatedWEBP"))]
    kept = chosen(run, prompt)["kept"]
    assert [name.split("_00")[0] for name in names] == [f"shapes_seed7_index{row}" for row in kept]
    assert all(comfyui.client.view(file)[8:12] == b"WEBP" for file in run.files(find(prompt, "SaveAnimatedWEBP")))
    assert len(list(run.files(find(prompt, "SaveImage")))) == 1


def test_a_second_run_is_cached(finished, comfyui):
    prompt, first = finished
    again = comfyui.client.run(prompt)
    assert again.status == "success"
    assert {find(prompt, "PrismScoreLatents"), find(prompt, "PrismPruneLatents")} <= again.cached
    assert scored(again, prompt) == scored(first, prompt) and chosen(again, prompt) == chosen(first, prompt)


def test_the_same_seed_gives_the_same_scores(finished, comfyui):
    prompt, first = finished
    comfyui.client.free()
    again = comfyui.client.run(prompt)
    assert scored(again, prompt)["scores"] == pytest.approx(scored(first, prompt)["scores"], abs=1e-5)


def test_a_choice_is_replayed_without_scoring(finished, comfyui):
    replay = {name: node for name, node in deepcopy(finished[0]).items()
              if node["class_type"] not in ("PrismScoreChart", "SaveImage")}
    replay[find(replay, "PrismPruneLatents")]["inputs"]["kept"] = "0, 5"
    comfyui.client.free()
    run = comfyui.client.run(replay)
    assert run.status == "success" and chosen(run, replay)["kept"] == [0, 5]
    assert find(replay, "PrismScoreLatents") not in run.outputs


def test_keeping_all_stops_only_what_hangs_on_the_dropped(finished, comfyui):
    prompt = deepcopy(finished[0])
    prune, save = find(prompt, "PrismPruneLatents"), find(prompt, "SaveAnimatedWEBP")
    prompt[prune]["inputs"]["keep"] = 8
    prompt["dropped"] = {"class_type": "VAEDecode", "inputs": {
        "samples": [prune, 1], "vae": [source(prompt, find(prompt, "VAEDecode"), "vae"), 0]}}
    prompt["dropped_save"] = {"class_type": "SaveImage", "inputs": {
        "images": ["dropped", 0], "filename_prefix": "dropped"}}
    run = comfyui.client.run(prompt)
    assert run.status == "success", run.error
    assert len(list(run.files(save))) == 8 and not list(run.files("dropped_save"))


def test_a_candidate_sampled_alone_is_the_same_clip(finished, comfyui):
    """Seed and batch index reproduce a survivor: one row, straight through, no pruning."""
    prompt, run = finished
    row = chosen(run, prompt)["kept"][1]
    sampler = dict(prompt[source(prompt, find(prompt, "PrismPruneLatents"), "latent")]["inputs"])
    decode = prompt[find(prompt, "VAEDecode")]["inputs"]
    alone = {name: node for name, node in prompt.items()
             if node["class_type"] in ("UNETLoader", "VAELoader", "PrismShapesPrompt", "EmptyHunyuanLatentVideo")}
    alone["row"] = {"class_type": "LatentFromBatch", "inputs": {
        "samples": sampler["latent_image"], "batch_index": row, "length": 1}}
    alone["sample"] = {"class_type": "KSamplerAdvanced", "inputs": {
        **sampler, "latent_image": ["row", 0], "end_at_step": 10000, "return_with_leftover_noise": "disable"}}
    alone["decode"] = {"class_type": "VAEDecode", "inputs": {"samples": ["sample", 0], "vae": decode["vae"]}}
    alone["save"] = {"class_type": "SaveImage", "inputs": {"images": ["decode", 0], "filename_prefix": "alone"}}
    pruned = {**prompt, "frames": {"class_type": "SaveImage", "inputs": {
        "images": [find(prompt, "VAEDecode"), 0], "filename_prefix": "pruned"}}}
    one, other = comfyui.client.run(alone), comfyui.client.run(pruned)
    frames = list(other.files("frames"))[9:]
    assert len(frames) == 9
    for mine, theirs in zip(one.files("save"), frames):
        assert difference(comfyui, mine, theirs) <= 2    # of 255: batch sizes change the last bits only


def difference(comfyui, one: dict, other: dict) -> int:
    pixels = [numpy.asarray(Image.open(io.BytesIO(comfyui.client.view(file)))).astype(int) for file in (one, other)]
    return int(abs(pixels[0] - pixels[1]).max())


def test_running_changes_no_file_of_the_pack(comfyui, finished):
    weights = PACK / "prism_core" / "shapes" / "weights"
    before = {path: path.stat().st_mtime_ns for path in weights.rglob("*") if path.is_file()}
    comfyui.client.free()
    assert comfyui.client.run(finished[0]).status == "success"
    assert {path: path.stat().st_mtime_ns for path in weights.rglob("*") if path.is_file()} == before


def test_the_wan_workflow_lacks_nothing_but_its_files(comfyui, workflow_prompt):
    with pytest.raises(PromptRejected) as refused:
        comfyui.client.run(workflow_prompt("prism_prune_wan21"))
    problems = [error for node in refused.value.details["node_errors"].values() for error in node["errors"]]
    assert {error["type"] for error in problems} == {"value_not_in_list"} and len(problems) == 4


def test_templates_have_a_picture_and_reach_the_browser(comfyui):
    listed = comfyui.client.get("/workflow_templates")["prism"]
    assert {"prism_prune_shapes", "prism_prune_wan21"} <= set(listed)
    assert all((PACK / "workflows" / f"{name}.jpg").exists() for name in listed)


def test_help_pages_are_served(comfyui, object_info):
    for name in (name for name in object_info if name.startswith("Prism")):
        with urllib.request.urlopen(comfyui.client.url(f"/extensions/prism/docs/{name}.md")) as page:
            assert page.read().startswith(b"# ")
