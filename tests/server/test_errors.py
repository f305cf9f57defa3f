"""Bad input through the queue: a clear error at the right node, and the very next run works."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from launcher.client import PromptRejected
from launcher.comfyui import DEFAULT, released
from launcher.graph import find, source, to_prompt
from launcher.server import Server, free_port
from prism_core.backbones import fingerprint
from prism_core.checkpoint import BackboneSpec, HeadInfo, save_head
from prism_core.head import HeadConfig, QueryAggregationHead
from prism_core.shapes.prompts import WEIGHTS

Fault = Callable[[Path], None]
BACKBONE = WEIGHTS / "diffusion_models" / "prism_shapes_wan_t2v.safetensors"


def write_head(path: Path, **spec) -> Path:
    """A head of random weights for the Shapes model, or for a model that the description makes up."""
    with safe_open(str(BACKBONE), framework="pt") as file:
        weight = file.get_tensor("patch_embedding.weight")
    latent_space = spec.pop("latent_space", "Wan21")
    given = {"family": "wan", "hidden_size": 192, "blocks": 6, "tap_block": 3,
             "fingerprint": fingerprint(weight), **spec}
    config = HeadConfig(visual_dim=given["hidden_size"], text_dim=192, dim=16, attention_heads=2)
    save_head(path, QueryAggregationHead(config), HeadInfo(config, BackboneSpec(**given), latent_space, (0.2, 0.99)))
    return path


def described(change: dict) -> Fault:
    """A fault in the description."""
    def fault(path: Path) -> None:
        tensors = load_file(path)
        with safe_open(str(path), framework="pt") as file:
            said = json.loads(file.metadata()["prism"])
        save_file(tensors, path, metadata={"prism": json.dumps({**said, **change})})
    return fault


def weighed(change: Callable[[dict], dict]) -> Fault:
    """A fault in the weights."""
    def fault(path: Path) -> None:
        tensors = load_file(path)
        with safe_open(str(path), framework="pt") as file:
            said = file.metadata()
        save_file(change(tensors), path, metadata=said)
    return fault


def not_json(path: Path) -> None:
    save_file(load_file(path), path, metadata={"prism": "{not json"})


BAD_FILES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:2000]),
    "not_safetensors": lambda path: path.write_text("a text", encoding="ascii"),
    "wrong_format": described({"format": "prism-head/9"}),
    "missing_tensor": weighed(lambda tensors: {name: value for name, value in tensors.items() if name != "queries"}),
    "extra_tensor": weighed(lambda tensors: {**tensors, "stranger": torch.zeros(2)}),
    "wrong_shape": weighed(lambda tensors: {**tensors, "queries": torch.zeros(3, 16)}),
    "nan": weighed(lambda tensors: {**tensors, "queries": torch.full_like(tensors["queries"], float("nan"))}),
    "not_json": not_json,
    "huge_metadata": described({"description": "x" * 1_000_001}),
}
OTHER_MODELS = {
    "family": {"family": "hunyuan_video"}, "hidden size": {"hidden_size": 256},
    "latent space": {"latent_space": "Wan22"}, "not those the head": {"fingerprint": (1.0, *[0.0] * 31)},
}


@pytest.fixture(scope="module")
def comfyui(tmp_path_factory):
    """A server whose person keeps heads in a folder of their own, some of them broken."""
    folder = tmp_path_factory.mktemp("errors")
    heads = folder / "my_heads"
    heads.mkdir()
    for name, fault in BAD_FILES.items():
        fault(write_head(heads / f"{name}.safetensors"))
    for name, spec in OTHER_MODELS.items():
        write_head(heads / f"{name.replace(' ', '_')}.safetensors", **spec)
    paths = folder / "my_paths.yaml"
    paths.write_text(json.dumps({"mine": {"base_path": str(folder), "prism_heads": "my_heads"}}), encoding="ascii")
    options = ("--extra-model-paths-config", str(paths))
    with Server(released(DEFAULT), folder, free_port(), options=options) as server:
        yield server


@pytest.fixture(scope="module")
def good(comfyui, load_workflow):
    """The bundled workflow up to the kept rows, in small, and the scores it gives."""
    prompt = to_prompt(load_workflow("prism_prune_shapes"), comfyui.client.object_info())
    prune = find(prompt, "PrismPruneLatents")
    needed = ("UNETLoader", "PrismLoadHead", "PrismShapesPrompt", "EmptyHunyuanLatentVideo", "PrismScoreLatents",
              "PrismPruneLatents")
    first = source(prompt, prune, "latent")
    small = {name: node for name, node in prompt.items() if node["class_type"] in needed or name == first}
    small["show"] = {"class_type": "PrismScoreChart", "inputs": {
        "scores": [find(prompt, "PrismScoreLatents"), 0], "kept": [prune, 2]}}
    small["save"] = {"class_type": "PreviewImage", "inputs": {"images": ["show", 0]}}
    run = comfyui.client.run(small)
    assert run.status == "success", run.error
    return small


@pytest.fixture
def fails(comfyui, good):
    """Runs the workflow with some inputs changed, expects one error, and runs it unchanged afterwards."""
    def check(kind: str, message: str, extra: dict | None = None, **inputs) -> None:
        prompt = deepcopy(good) | (extra or {})
        prompt[find(prompt, kind)]["inputs"].update(inputs)
        run = comfyui.client.run(prompt)
        assert run.status == "error" and run.error.startswith(f"{kind}: ") and message in run.error, run.error
        after = comfyui.client.run(good)
        assert after.status == "success", after.error
    return check


@pytest.mark.parametrize("fault", BAD_FILES)
def test_broken_head_files(fails, fault):
    fails("PrismLoadHead", fault, head_name=f"{fault}.safetensors")


@pytest.mark.parametrize("what", OTHER_MODELS)
def test_heads_of_other_models(fails, comfyui, good, what):
    prompt = deepcopy(good)
    prompt[find(prompt, "PrismLoadHead")]["inputs"]["head_name"] = f"{what.replace(' ', '_')}.safetensors"
    run = comfyui.client.run(prompt)
    assert run.status == "error" and run.error.startswith("PrismScoreLatents: ") and what in run.error, run.error
    assert comfyui.client.run(good).status == "success"


@pytest.mark.parametrize("name", ["../my_paths.yaml", "/etc/hostname", "..\\x.safetensors"])
def test_heads_outside_the_folders(comfyui, good, name):
    prompt = deepcopy(good)
    prompt[find(prompt, "PrismLoadHead")]["inputs"]["head_name"] = name
    with pytest.raises(PromptRejected, match="head_name"):
        comfyui.client.run(prompt)
    assert comfyui.client.run(good).status == "success"


@pytest.mark.parametrize("step, message", [(16, "sigma 0"), (17, "steps 1 to 16"), (12, "does not stand at")])
def test_steps_where_the_latent_does_not_stand(fails, step, message):
    fails("PrismScoreLatents", message, end_at_step=step)


def schedule(prompt: dict) -> dict:
    """The whole schedule as SIGMAS."""
    model = prompt[find(prompt, "PrismScoreLatents")]["inputs"]["model"]
    return {"class_type": "BasicScheduler", "inputs": {
        "model": model, "scheduler": "simple", "steps": 16, "denoise": 1.0}}


def test_sigmas_that_rise(fails, good):
    extra = {"schedule": schedule(good), "flip": {"class_type": "FlipSigmas", "inputs": {"sigmas": ["schedule", 0]}}}
    fails("PrismScoreLatents", "must descend", extra, sigmas=["flip", 0])


def test_sigmas_that_end_at_zero(fails, good):
    fails("PrismScoreLatents", "ends at 0", {"schedule": schedule(good)}, sigmas=["schedule", 0])


def test_split_sigmas_say_the_same_as_steps(comfyui, good):
    score = find(good, "PrismScoreLatents")
    by_sigmas = deepcopy(good)
    by_sigmas |= {"schedule": schedule(good), "split": {"class_type": "SplitSigmas", "inputs": {
        "sigmas": ["schedule", 0], "step": 6}}}
    by_sigmas[score]["inputs"]["sigmas"] = ["split", 0]
    told = [json.loads(comfyui.client.run(prompt).outputs[score]["prism_scores"][0]) for prompt in (good, by_sigmas)]
    assert told[0] == told[1]


def test_an_image_latent(fails):
    extra = {"image": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 8}}}
    fails("PrismScoreLatents", "dimensions", extra, latent=["image", 0])


def test_an_unsampled_latent(fails, good):
    fails("PrismScoreLatents", "does not stand at", latent=[find(good, "EmptyHunyuanLatentVideo"), 0])


def test_a_finished_latent(fails, good):
    first = source(good, find(good, "PrismPruneLatents"), "latent")
    finished = {"class_type": "KSamplerAdvanced", "inputs": {
        **good[first]["inputs"], "return_with_leftover_noise": "disable"}}
    fails("PrismScoreLatents", "finished", {"finished": finished}, latent=["finished", 0])


@pytest.mark.parametrize("inputs, message", [
    ({"keep": 9}, "Cannot keep 9 of 8"), ({"kept": "1, 8"}, "Entry 2"), ({"kept": "3, 3"}, "already kept"),
    ({"kept": "best"}, "no row number"),
])
def test_impossible_choices(fails, inputs, message):
    fails("PrismPruneLatents", message, **inputs)


def test_keeping_none_is_refused_before_anything_runs(comfyui, good):
    prompt = deepcopy(good)
    prompt[find(prompt, "PrismPruneLatents")]["inputs"]["keep"] = 0
    with pytest.raises(PromptRejected, match="keep"):
        comfyui.client.run(prompt)
    assert comfyui.client.run(good).status == "success"


def test_words_that_shapes_does_not_know(comfyui, good):
    prompt = deepcopy(good)
    prompt[source(prompt, find(prompt, "PrismScoreLatents"), "positive")]["inputs"]["text"] = "a fluffy dog"
    run = comfyui.client.run(prompt)
    assert run.status == "error" and "fluffy" in run.error and "circle" in run.error
    assert comfyui.client.run(good).status == "success"
