"""One node in a plain graph, in a real ComfyUI: survivors, report, saved files, and the same again from a file.

A head of random weights judges here: what is tested holds for any scores.
"""

from __future__ import annotations

import io
import json
from copy import deepcopy

import av
import numpy
import pytest
from PIL import Image

from launcher import layout
from launcher.client import PromptRejected
from launcher.comfyui import DEFAULT, released
from launcher.graph import find, source, to_prompt
from launcher.server import Server, free_port
from tests.server.test_errors import write_head

WORKFLOW, SEED, STEPS, HEAD = "prism_best_of_n_shapes", 7, 20, "random.safetensors"
# workflows for real models -> files of theirs that are missing here
REAL = {"prism_best_of_n_wan22": 5, "prism_best_of_n_few_steps": 5, "prism_best_of_n_i2v": 5}


@pytest.fixture(scope="module")
def comfyui(tmp_path_factory):
    """A server with a head of random weights beside the one that ships."""
    folder = tmp_path_factory.mktemp("best_of_n")
    (folder / "my_heads").mkdir()
    write_head(folder / "my_heads" / HEAD)
    paths = folder / "my_paths.yaml"
    paths.write_text(json.dumps({"mine": {"base_path": str(folder), "prism_heads": "my_heads"}}), encoding="ascii")
    options = ("--extra-model-paths-config", str(paths))
    with Server(released(DEFAULT), folder, free_port(), options=options) as server:
        yield server


@pytest.fixture(scope="module")
def info(comfyui):
    return comfyui.client.object_info()


@pytest.fixture(scope="module")
def workflow(load_workflow):
    """The workflow as the browser holds it, with the random head."""
    found = load_workflow(WORKFLOW)
    next(node for node in found["nodes"] if node["type"] == "PrismLoadHead")["widgets_values"] = [HEAD]
    return found


@pytest.fixture(scope="module")
def finished(comfyui, workflow, info):
    """One run of it: its prompt and its run."""
    prompt = to_prompt(workflow, info)
    run = comfyui.client.run(prompt, workflow=workflow)
    assert run.status == "success", run.error
    return prompt, run


def record_of(run, prompt, kind: str = "PrismRunReport") -> dict:
    return json.loads(run.outputs[find(prompt, kind)]["prism_run"][0])


def clips(comfyui, run, prompt) -> list[Image.Image]:
    return [Image.open(io.BytesIO(comfyui.client.view(file))) for file in run.files(find(prompt, "SaveAnimatedWEBP"))]


def written(image: Image.Image) -> dict:
    """What a save node wrote into a picture, by name."""
    texts = dict(image.info) if image.format == "PNG" else dict(
        value.split(":", 1) for value in image.getexif().values() if isinstance(value, str))
    return {name: json.loads(texts[name]) for name in ("prompt", "workflow", "prism") if name in texts}


def frames(image: Image.Image) -> numpy.ndarray:
    pictures = []
    for index in range(image.n_frames):
        image.seek(index)
        pictures.append(numpy.asarray(image.convert("RGB")).astype(int))
    return numpy.stack(pictures)


def changed(prompt: dict, kind: str, **inputs) -> dict:
    prompt = deepcopy(prompt)
    prompt[find(prompt, kind)]["inputs"].update(inputs)
    return prompt


def test_the_best_are_finished_and_the_report_says_why(finished):
    prompt, run = finished
    record = record_of(run, prompt)
    watch = next(watch for watch in record["watches"] if watch["step"] == 5)
    best = sorted(range(8), key=lambda row: -watch["scores"][row])[:2]
    assert record["kept"] == sorted(best) and watch["rows"] == list(range(8)) and watch["source"] == "probe"
    assert record["seeds"] == list(range(SEED, SEED + 8)) and len(record["head"]["sha256"]) == 64
    # The tap is half-way, so probing eight costs four, and drops six before the call.
    assert record["evaluations"] == {"spent": 8 * 5 + 2 * 15, "probes": 4, "plain": 8 * STEPS, "saved": 160 - 74}
    text = run.outputs[find(prompt, "PrismRunReport")]["text"][0]
    assert all(f"Candidate {row} (seed {SEED + row})" in text for row in range(8)) and record["replay"] in text
    assert "With 20 steps" in run.outputs[find(prompt, "PrismBestOfN")]["text"][0]


def test_every_survivor_becomes_a_file_named_after_its_seed(finished):
    prompt, run = finished
    names = [file["filename"].split("_00")[0] for file in run.files(find(prompt, "SaveAnimatedWEBP"))]
    assert names == [f"best_seed{SEED + row}" for row in record_of(run, prompt)["kept"]]
    assert len(list(run.files(find(prompt, "SaveImage")))) == 1


def test_saved_files_carry_the_record(comfyui, finished):
    prompt, run = finished
    record, report = record_of(run, prompt), find(prompt, "PrismRunReport")
    chart = Image.open(io.BytesIO(comfyui.client.view(next(run.files(find(prompt, "SaveImage"))))))
    for image in (*clips(comfyui, run, prompt), chart):
        found = written(image)
        assert found["prism"]["runs"] == {report: [record]} and found["prism"]["version"] == record["version"]
        saved = next(node for node in found["workflow"]["nodes"] if node["type"] == "PrismBestOfN")
        assert saved["widgets_values"] == [8, 5, 2, "", "top-k", 0.0, record["group"], record["replay"]]


def test_a_file_on_the_canvas_brings_the_run_back(comfyui, finished, info):
    prompt, run = finished
    before = clips(comfyui, run, prompt)
    again = to_prompt(written(before[0])["workflow"], info)
    events = []
    comfyui.client.free()
    second = comfyui.client.run(again, on_event=lambda kind, data: events.append((kind, data.get("node"))))
    assert second.status == "success", second.error
    record = record_of(second, again)
    assert record["policy"] == "replay" and record["evaluations"]["spent"] == 2 * STEPS and record["head"] is None
    assert ("executing", find(again, "PrismLoadHead")) not in events
    for one, other in zip(before, clips(comfyui, second, again), strict=True):
        assert abs(frames(one) - frames(other)).max() <= 2    # of 255: batch sizes change the last bits only


def test_a_second_run_is_cached(comfyui, finished):
    prompt, first = finished
    comfyui.client.run(prompt)    # what was forgotten in between is made again
    again = comfyui.client.run(prompt)
    assert again.status == "success"
    assert {find(prompt, kind) for kind in ("PrismBestOfN", "KSampler", "PrismRunReport")} <= again.cached
    assert record_of(again, prompt)["kept"] == record_of(first, prompt)["kept"]


def test_files_of_a_cached_run_carry_the_record_too(comfyui, finished, workflow):
    prompt, _ = finished
    comfyui.client.run(prompt)
    again = changed(prompt, "SaveAnimatedWEBP", fps=12.0)
    run = comfyui.client.run(again, workflow=deepcopy(workflow))
    assert find(again, "KSampler") in run.cached and find(again, "PrismRunReport") in run.cached
    record = record_of(run, again)
    found = written(clips(comfyui, run, again)[0])
    assert found["prism"]["runs"][find(again, "PrismRunReport")] == [record]
    saved = next(node for node in found["workflow"]["nodes"] if node["type"] == "PrismBestOfN")
    assert saved["widgets_values"][-1] == record["replay"]


def test_videos_carry_the_record(comfyui, finished):
    """Queued by a program, without a workflow."""
    prompt, _ = deepcopy(finished)
    images = [find(prompt, "VAEDecode"), 0]
    del prompt[find(prompt, "SaveAnimatedWEBP")]
    prompt["video"] = {"class_type": "CreateVideo", "inputs": {"images": images, "fps": 8.0}}
    prompt["mp4"] = {"class_type": "SaveVideo", "inputs": {
        "video": ["video", 0], "filename_prefix": "a", "format": "auto", "codec": "auto"}}
    prompt["webm"] = {"class_type": "SaveWEBM", "inputs": {
        "images": images, "filename_prefix": "b", "codec": "vp9", "fps": 8.0, "crf": 32.0}}
    run = comfyui.client.run(prompt)
    assert run.status == "success", run.error
    kept = record_of(run, prompt)["kept"]
    for node in ("mp4", "webm"):
        for file in run.files(node):
            with av.open(io.BytesIO(comfyui.client.view(file))) as video:
                tags = {name.lower(): value for name, value in video.metadata.items()}
            assert json.loads(tags["prism"])["runs"][find(prompt, "PrismRunReport")][0]["kept"] == kept


def test_a_plain_ksampler_makes_a_survivor_from_its_seed(comfyui, finished):
    prompt, run = finished
    alone, row = deepcopy(prompt), record_of(run, prompt)["kept"][1]
    sampler, report = find(alone, "KSampler"), find(alone, "PrismRunReport")
    alone[sampler]["inputs"].update(model=alone[find(alone, "PrismBestOfN")]["inputs"]["model"], seed=SEED + row)
    alone[find(alone, "PrismSplitCandidates")]["inputs"]["latent"] = [sampler, 0]
    for name in (report, find(alone, "PrismBestOfN"), find(alone, "PrismLoadHead"), find(alone, "SaveImage")):
        del alone[name]
    plain = comfyui.client.run(alone)
    assert plain.status == "success", plain.error
    one, = clips(comfyui, plain, alone)
    assert abs(frames(one) - frames(clips(comfyui, run, prompt)[1])).max() <= 2
    assert "prism" not in written(one)


@pytest.fixture(scope="module")
def all_in_one(finished):
    """The same graph with PrismKSampler, and its dropped candidates decoded."""
    prompt = deepcopy(finished[0])
    patch, sampler, report = (find(prompt, kind) for kind in ("PrismBestOfN", "KSampler", "PrismRunReport"))
    prompt[sampler] = {"class_type": "PrismKSampler", "inputs": {
        **prompt[sampler]["inputs"], **prompt[patch]["inputs"]}}
    prompt[find(prompt, "PrismSplitCandidates")]["inputs"]["latent"] = [sampler, 0]
    prompt[find(prompt, "SaveImage")]["inputs"]["images"] = [sampler, 5]
    del prompt[patch], prompt[report]
    vae = [source(prompt, find(prompt, "VAEDecode"), "vae"), 0]
    prompt["scores"] = {"class_type": "PrismScoreChart", "inputs": {"scores": [sampler, 4], "kept": [sampler, 2]}}
    prompt["show"] = {"class_type": "PreviewImage", "inputs": {"images": ["scores", 0]}}
    prompt["rest"] = {"class_type": "PrismSplitCandidates", "inputs": {
        "latent": [sampler, 1], "seed": 0, "prefix": "dropped"}}
    prompt["look"] = {"class_type": "VAEDecode", "inputs": {"samples": ["rest", 0], "vae": vae}}
    prompt["missed"] = {"class_type": "PreviewImage", "inputs": {"images": ["look", 0]}}
    return prompt


def test_the_all_in_one_sampler_gives_the_same_clips(comfyui, finished, all_in_one):
    prompt, first = finished
    run = comfyui.client.run(all_in_one)
    assert run.status == "success", run.error
    record, other = record_of(run, all_in_one, "PrismKSampler"), record_of(first, prompt)
    assert {**record, "seconds": 0} == {**other, "seconds": 0}
    for one, two in zip(clips(comfyui, first, prompt), clips(comfyui, run, all_in_one), strict=True):
        assert numpy.array_equal(frames(one), frames(two))
    assert len(list(run.files("missed"))) == 6 * 9 and len(list(run.files("show"))) == 1
    found = written(clips(comfyui, run, all_in_one)[0])["prism"]
    assert found["runs"][find(all_in_one, "PrismKSampler")] == [record]


def test_a_repeated_choice_leaves_out_what_hangs_on_scores_and_dropped(comfyui, all_in_one):
    kept = changed(all_in_one, "PrismKSampler", kept="1, 4")
    run = comfyui.client.run(kept)
    assert run.status == "success", run.error
    assert record_of(run, kept, "PrismKSampler")["kept"] == [1, 4]
    assert not list(run.files("missed")) and not list(run.files("show"))


@pytest.mark.parametrize("kind, inputs, at, message", [
    ("PrismBestOfN", {"schedule": "2:4, 5:4"}, "PrismBestOfN", "^"),
    ("PrismBestOfN", {"prune_step": STEPS}, "KSampler", "can prune after step 1"),
    ("PrismBestOfN", {"kept": "1, 4 #00000000"}, "KSampler", "chosen in another run"),
    ("PrismBestOfN", {"kept": "1, 8"}, "KSampler", "Entry 2"),
    ("PrismBestOfN", {"head": None, "choose": "head"}, "PrismBestOfN", "nothing to choose by"),
    ("KSampler", {"sampler_name": "dpm_adaptive"}, "KSampler", "dpm_adaptive"),
    ("KSampler", {"model": None}, "PrismRunReport", "Connect the LATENT"),
    ("PrismRunReport", {"model": None}, "PrismRunReport", "does not come from PrismBestOfN"),
])
def test_errors_name_the_node_and_the_next_run_works(comfyui, finished, kind, inputs, at, message):
    good, _ = finished
    prompt = changed(good, kind, **inputs)
    asked = prompt[find(prompt, kind)]["inputs"]
    if inputs.get("head", "") is None:
        del asked["head"]
    if inputs.get("model", "") is None:
        asked["model"] = [find(prompt, "UNETLoader"), 0]
    run = comfyui.client.run(prompt)
    assert run.status == "error" and run.error.startswith(f"{at}: ") and message in run.error, run.error
    assert comfyui.client.run(good).status == "success"


def test_an_interrupt_while_sampling_leaves_nothing_behind(comfyui, finished):
    good, first = finished
    slow = changed(changed(good, "KSampler", steps=400, seed=1), "PrismBestOfN", prune_step=390)
    seen = []

    def interrupt(kind: str, data: dict) -> None:
        if kind == "progress" and data.get("value", 0) >= 3 and not seen:
            seen.append(data)
            comfyui.client.interrupt()

    assert comfyui.client.run(slow, on_event=interrupt).status == "interrupted" and seen
    comfyui.client.free()
    after = comfyui.client.run(good)
    assert after.status == "success", after.error
    for one, two in zip(record_of(after, good)["watches"], record_of(first, good)["watches"], strict=True):
        assert one["rows"] == two["rows"] and one["scores"] == pytest.approx(two["scores"], abs=1e-5)
    assert numpy.array_equal(frames(clips(comfyui, after, good)[0]), frames(clips(comfyui, first, good)[0]))


def test_the_workflow_runs_as_it_ships(comfyui, load_workflow, info):
    prompt = to_prompt(load_workflow(WORKFLOW), info)
    run = comfyui.client.run(prompt)
    assert run.status == "success", run.error
    assert len(list(run.files(find(prompt, "SaveAnimatedWEBP")))) == 2
    assert record_of(run, prompt)["head"]["name"] == "prism_shapes_head.safetensors"


@pytest.mark.parametrize("name", REAL)
def test_workflows_for_real_models_lack_nothing_but_their_files(comfyui, load_workflow, info, name):
    with pytest.raises(PromptRejected) as refused:
        comfyui.client.run(to_prompt(load_workflow(name), info))
    problems = [error for node in refused.value.details["node_errors"].values() for error in node["errors"]]
    missing = [error for error in problems if error["type"] == "value_not_in_list"]
    others = [error for error in problems if "Invalid image file" not in error["details"] and error not in missing]
    assert len(missing) == REAL[name] and others == [], problems


def test_templates_have_pictures(comfyui):
    listed = set(comfyui.client.get("/workflow_templates")["prism"])
    assert {WORKFLOW, *REAL} <= listed
    assert all((layout.WORKFLOWS / f"{name}.jpg").exists() for name in listed)
