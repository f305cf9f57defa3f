"""A blind trial through the server's routes, and headless by a ranking given as text, in a real ComfyUI."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from typing import Any

import pytest
from PIL import Image

from launcher.graph import find
from tests.server.test_choosing import answer, running, state, until, views

CANDIDATES, SEED = 6, 61


@pytest.fixture
def prompt(workflow_prompt):
    """The bundled workflow, smaller: one of six would be kept after step 3 of 8."""
    made = workflow_prompt("prism_trial_shapes")
    made[find(made, "PrismBestOfN")]["inputs"].update(candidates=CANDIDATES, prune_step=3, keep=1)
    made[find(made, "KSampler")]["inputs"].update(seed=SEED, steps=8)
    return made


def trial_of(run, prompt: dict) -> dict:
    return run.outputs[find(prompt, "PrismTrial")]


def waiting(client) -> dict:
    return until(lambda: next((view for view in views(client) if view["status"] == "waiting"), None), 120)


def test_a_ranking_as_text_runs_headless(comfyui, prompt):
    prompt[find(prompt, "PrismTrial")]["inputs"].update(ranking="3 > 0, 5")
    before = comfyui.client.get("/prism/picks")["count"]
    run = comfyui.client.run(prompt)
    assert run.status == "success", run.error
    text, (file,) = trial_of(run, prompt)["text"][0], trial_of(run, prompt)["images"]
    assert text.count("would have been dropped at step 3") == CANDIDATES - 1 and "3 > 0, 5 > 1, 2, 4 #" in text
    card = Image.open(io.BytesIO(comfyui.client.view(file)))
    assert card.size[0] == 1080 and card.text == {}
    (clip,) = run.files(find(prompt, "SaveAnimatedWEBP"))
    assert clip["type"] == "output" and comfyui.client.get("/prism/picks")["count"] == before


def test_a_trial_is_answered_on_its_route(comfyui, prompt):
    before = comfyui.client.get("/prism/picks")["count"]
    with running(comfyui, prompt) as (client, held):
        view = waiting(client)
        assert view["kind"] == "trial" and view["waiting"]["outcome"] == "skip" and view["reveal"] is None
        assert view["node"] == find(prompt, "PrismTrial") and view["sheet"]["rows"] == list(range(CANDIDATES))
        assert {card["seed"] for card in view["candidates"]} == {""}
        for refused in ({"action": "keep", "rows": [0]}, {"action": "all"}, {"action": "best"},
                        {"action": "rank", "ranking": [[CANDIDATES]]}):
            assert answer(client, view, **refused) == 409, refused
        assert answer(client, view, action="rank", ranking=[[0], [0]]) == 400
        assert answer(client, view, action="rank", ranking=[[2], [0, 1]]) == 200
        assert answer(client, view, action="skip") == 409
    run, done = held["run"], state(comfyui.client, view["run"])
    assert run.status == "success", run.error
    rows = done["reveal"]["rows"]
    assert done["status"] == "finished" and sorted(rows) == list(range(CANDIDATES))
    assert done["reveal"]["places"] == [2, 2, 1, 3, 3, 3]
    assert [card["seed"] for card in done["candidates"]] == [str(SEED + row) for row in rows]
    assert done["replay"].split(" #")[0] == " > ".join(
        ", ".join(map(str, place)) for place in ([rows[2]], [rows[0], rows[1]], sorted_rest(rows)))
    assert comfyui.client.get("/prism/picks")["count"] == before + 1
    again = deepcopy(prompt)
    again[find(prompt, "PrismTrial")]["inputs"]["ranking"] = done["replay"]
    replayed = comfyui.client.run(again)
    assert replayed.status == "success" and trial_of(replayed, prompt)["text"] == trial_of(run, prompt)["text"]
    again[find(prompt, "KSampler")]["inputs"]["seed"] = SEED + 1
    assert "given for other clips" in comfyui.client.run(again).error


def sorted_rest(rows: list[int]) -> list[int]:
    return sorted(rows[3:])


def test_without_the_trial_the_same_graph_drops_again(comfyui, prompt):
    """What hangs on a node is no part of what ComfyUI caches it by, so the same patch must not be taken twice."""
    node = find(prompt, "PrismTrial")
    prompt[node]["inputs"].update(ranking="1")
    assert comfyui.client.run(prompt).status == "success"
    plain = deepcopy(prompt)
    del plain[node]
    plain[find(plain, "VAEDecode")]["inputs"]["samples"] = [find(plain, "KSampler"), 0]
    run = comfyui.client.run(plain)
    assert run.status == "success", run.error
    newest = next(view for view in views(comfyui.client) if view["kind"] == "run")
    assert sorted(card["state"] for card in newest["candidates"]) == ["dropped"] * (CANDIDATES - 1) + ["kept"]


def test_the_saved_clip_tells_of_the_run_and_names_nobody_to_keep(comfyui, prompt):
    prompt[find(prompt, "PrismTrial")]["inputs"].update(ranking="2")
    prompt[find(prompt, "KSampler")]["inputs"]["seed"] = SEED + 7
    run = comfyui.client.run(prompt)
    (clip,) = run.files(find(prompt, "SaveAnimatedWEBP"))
    with Image.open(io.BytesIO(comfyui.client.view(clip))) as image:
        entries = [str(value) for value in image.getexif().values()]
    (record,) = json.loads(next(entry for entry in entries if entry.startswith("prism:"))[len("prism:"):])["runs"].values()
    assert record[0]["policy"] == "watch" and len(record[0]["imagined"]) == CANDIDATES - 1


def executed(comfyui, prompt: dict) -> tuple[Any, list[str]]:
    """(the run, nodes in the order in which pages heard what came of them)."""
    heard: list[str] = []
    run = comfyui.client.run(prompt, on_event=lambda kind, data: kind == "executed" and heard.append(data["node"]))
    return run, heard


def test_reports_of_the_run_are_told_after_the_trial(comfyui, prompt):
    trial, patch, sampler = (find(prompt, kind) for kind in ("PrismTrial", "PrismBestOfN", "KSampler"))
    # The trial needs what comes two nodes after the sampler, so that the report is ready first.
    late = {"93": {"class_type": "VAEDecode", "inputs": {"samples": [sampler, 0], "vae": prompt[trial]["inputs"]["vae"]}},
            "94": {"class_type": "GetImageSize", "inputs": {"image": ["93", 0]}}}
    report = {"class_type": "PrismRunReport", "inputs": {"model": [patch, 0], "latent": [sampler, 0]}}
    shown = {name: {"class_type": "PreviewAny", "inputs": {"source": ["90", output]}}
             for name, output in (("91", 1), ("92", 3))}
    prompt = {"90": report, **shown, **late, **prompt}
    prompt[trial]["inputs"].update(ranking="1", timeout=["94", 0])
    prompt[sampler]["inputs"]["seed"] = SEED + 20
    run, heard = executed(comfyui, prompt)
    assert run.status == "success", run.error
    assert "Only watched" in run.outputs["90"]["text"][0] and "Only watched" in run.outputs["91"]["text"][0]
    assert heard.index(trial) < min(map(heard.index, ("90", "91", "92")))
    prompt[trial]["inputs"]["latent"] = ["90", 0]
    assert "Connect the sampler's LATENT to both" in comfyui.client.run(prompt).error


def test_what_cannot_be_tried_is_refused_before_anything_is_sampled(comfyui, prompt):
    trial, patch, sampler = (find(prompt, kind) for kind in ("PrismTrial", "PrismBestOfN", "KSampler"))
    settings = prompt.pop(patch)["inputs"]
    prompt[sampler]["class_type"] = "PrismKSampler"
    prompt[sampler]["inputs"].update(model=settings["model"], head=settings["head"], candidates=CANDIDATES,
                                     prune_step=3, keep=1, seed=SEED + 30)
    prompt[trial]["inputs"]["model"] = settings["model"]
    run, heard = executed(comfyui, prompt)
    assert "PrismKSampler drops candidates itself" in run.error and sampler not in heard
    assert not any(view["seed"] == str(SEED + 30) for view in views(comfyui.client)), "it was sampled for nothing"
