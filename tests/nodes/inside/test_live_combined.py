"""Equality of survivors for everything that artists combine with a sampler: whole runs, compared row by row.

A chooser keeps rows 1 and 3, so that a mistake that returns the first rows, or rows in another order, shows.
"""

from __future__ import annotations

from types import SimpleNamespace

import comfy.samplers
import pytest
import torch
from conftest import node, pack
from live_runs import FULL, SHAPE, STEPS, advanced, custom, empty, extra, finished, in_groups, patched

KEPT = [1, 3]


def choose(choice) -> list[int]:
    assert choice.scores is None or len(choice.scores) == len(choice.rows)
    return KEPT


@pytest.fixture
def difference(loaded, head, sample):
    """The largest difference between survivors and the same rows of a run that drops nothing."""
    def run(base=None, latent=None, head=head, watched: int | None = STEPS - 1, **changes):
        base, changes = base or loaded, {**FULL, **changes}
        pruning = patched(base, head, chooser=choose)
        whole = sample(latent, in_groups(base), **changes)["samples"]
        left = sample(latent, pruning, **changes)["samples"]
        record = finished(pruning, left).record
        assert list(record.kept) == KEPT and not record.warnings
        assert watched is None or len(record.watches) == watched
        assert torch.isfinite(whole).all() and whole.std() > 0.1 and (whole[0] - whole[1]).abs().max() > 0.01
        return (left - whole[KEPT]).abs().max()
    return run


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m_cfg_pp", "dpmpp_2m_sde"])
def test_a_prompt_for_each_row(difference, prompt, sampler):
    assert difference(positive=prompt(4, seed=1), negative=prompt(4, seed=2), sampler_name=sampler) == 0.0


def test_fewer_prompts_than_rows_are_repeated_as_comfyui_does(difference, prompt, sample, loaded, head):
    pair = prompt(2, seed=1)
    spelled_out = [[pair[0][0].repeat(2, 1, 1), {}]]
    pruning = patched(loaded, head, chooser=choose)
    two, four = (sample(None, pruning, **FULL, positive=words)["samples"] for words in (pair, spelled_out))
    assert torch.equal(two, four)


def test_prompts_of_unequal_length(difference, prompt):
    assert difference(negative=[[prompt(seed=6)[0][0][:, :5], {}]]) == 0.0


@pytest.mark.parametrize("extra", [
    {"area": (4, 8, 4, 0), "strength": 1.0}, {"mask": torch.linspace(0, 1, 64).view(1, 8, 8)},
    {"start_percent": 0.0, "end_percent": 0.4}, {"strength": 0.5}], ids=lambda extra: next(iter(extra)))
def test_several_positive_prompts(difference, prompt, extra):
    assert difference(positive=[*prompt(), [prompt(seed=8)[0][0], extra]]) == 0.0


def test_a_mask_for_each_row_of_a_prompt(difference, prompt):
    masks = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    assert difference(positive=[[prompt()[0][0], {"mask": masks}]]) == 0.0


def test_a_noise_mask(difference):
    generator = torch.Generator().manual_seed(4)
    mask = (torch.rand(1, 3, 8, 8, generator=generator) > 0.5).float()
    assert difference(latent={"samples": torch.randn(4, *SHAPE, generator=generator), "noise_mask": mask}) == 0.0


def test_a_picture_for_each_row(image_model, make_head, difference):
    weight = image_model.model.diffusion_model.patch_embedding.weight
    name = make_head("image_head.safetensors", fingerprint=pack("prism_core.backbones").fingerprint(weight))
    generator = torch.Generator().manual_seed(6)

    def pictured() -> list:
        seen = SimpleNamespace(penultimate_hidden_states=torch.randn(4, 257, 1280, generator=generator))
        return [[torch.randn(1, 8, 16, generator=generator), {
            "concat_latent_image": torch.randn(4, *SHAPE, generator=generator),
            "concat_mask": torch.rand(4, 1, 3, 8, 8, generator=generator), "clip_vision_output": seen}]]
    head = node("PrismLoadHead").execute(name).args[0]
    assert difference(image_model, head=head, positive=pictured(), negative=pictured()) == 0.0


def test_weights_patched_as_a_lora_does(loaded, head, sample):
    patch = {"diffusion_model.blocks.1.ffn.0.weight": ("diff", (torch.full((96, 48), 0.02),))}
    base = loaded.clone()
    assert base.add_patches(patch, 1.0)
    pruning = patched(base, head, chooser=choose)
    plain = sample(None, in_groups(loaded), **FULL)["samples"]
    whole, left = (sample(None, model, **FULL)["samples"] for model in (in_groups(base), pruning))
    assert torch.equal(left, whole[KEPT]) and not torch.equal(plain, whole)
    assert "LoRA" in finished(pruning, left).record.warnings[0]


@pytest.mark.parametrize("module, cls, given", [
    ("nodes_pag", "PerturbedAttentionGuidance", (3.0,)), ("nodes_cfg", "CFGZeroStar", ()),
    ("nodes_slg", "SkipLayerGuidanceDiT", (2.0, 0.0, 1.0, "1", "", 0.0)),
    ("nodes_slg", "SkipLayerGuidanceDiTSimple", (0.0, 1.0, "1", "")), ("nodes_apg", "APG", (1.0, 5.0, 0.5))])
def test_guidance_nodes(difference, loaded, module, cls, given):
    """Some call the model again in a step, or for one prompt after the other: scores come from the first such call."""
    assert difference(extra(module, cls).execute(loaded, *given).args[0]) == 0.0


@pytest.fixture(scope="module")
def other_model(model_file):
    """A second model, which a guider asks for the negative prompt."""
    return node("UNETLoader")().load_unet(model_file.name, "default")[0]


def _guider(kind: str, model, prompt, other=None):
    if kind == "DualCFGGuider":
        return custom(kind).execute(model, prompt(), prompt(seed=7), prompt(seed=6), 2.0, 1.5, "regular").args[0]
    if kind == "BasicGuider":
        return custom(kind).execute(model, prompt()).args[0]
    if kind == "DualModelGuider":
        return custom(kind).execute(model, prompt(), 2.0, other, prompt(seed=6)).args[0]
    return custom(kind).execute(model, prompt(), prompt(seed=6), 2.0).args[0]


@pytest.mark.parametrize("kind", ["BasicGuider", "CFGGuider", "DualCFGGuider", "DualModelGuider"])
def test_guiders_and_what_they_denoised(loaded, head, prompt, kind, other_model):
    pruning = patched(loaded, head, chooser=choose)
    whole = advanced(_guider(kind, in_groups(loaded), prompt, other_model))
    left = advanced(_guider(kind, pruning, prompt, other_model))
    for output in range(2):
        assert torch.equal(left[output]["samples"], whole[output]["samples"][KEPT])
    assert len(finished(pruning, left[0]["samples"]).record.watches) == STEPS - 1


@pytest.mark.parametrize("sampler", ["euler", "dpmpp_2m"])
def test_a_guider_that_mixes_rows_is_given_one_at_a_time(loaded, head, prompt, sampler):
    """Perp-Neg weighs a batch by one sum, so its rows are compared with runs of their own."""
    def guider(model):
        make = extra("nodes_perpneg", "PerpNegGuider").execute
        return make(model, prompt(), prompt(seed=6), prompt(seed=7), 2.0, 1.0).args[0]
    pruning = patched(loaded, head, chooser=choose)
    left = advanced(guider(pruning), sampler=sampler)[0]["samples"]
    alone = [advanced(guider(loaded), latent={**empty(1), "batch_index": [row]}, sampler=sampler)[0]["samples"]
             for row in KEPT]
    assert torch.equal(left, torch.cat(alone))
    assert finished(pruning, left).record.group == 1


@pytest.mark.parametrize("freenoise", [False, True])
def test_context_windows_go_row_by_row(loaded, head, sample, freenoise):
    """ComfyUI itself takes one row only, so rows are compared with runs of their own."""
    base = extra("nodes_context_windows", "ContextWindowsManualNode").execute(
        loaded, context_length=3, context_overlap=1, context_schedule="standard_static", context_stride=1,
        closed_loop=False, fuse_method="pyramid", dim=2, freenoise=freenoise).args[0]
    pruning = patched(base, head, chooser=choose)
    left = sample({"samples": torch.zeros(4, 16, 5, 8, 8)}, pruning, **FULL)["samples"]
    alone = [sample({"samples": torch.zeros(1, 16, 5, 8, 8), "batch_index": [row]}, base, **FULL)["samples"]
             for row in KEPT]
    assert torch.equal(left, torch.cat(alone))
    record = finished(pruning, left).record
    assert (record.group, len(record.watches)) == (1, STEPS - 1)


def test_models_that_predict_noise(difference, loaded):
    base = extra("nodes_model_advanced", "ModelSamplingDiscrete")().patch(loaded, "eps", False)[0]
    # Its last steps are below the sigmas that the head was trained for, and are not watched.
    assert difference(base, watched=None) == 0.0


def test_previews_show_a_living_row_first(loaded, head, prompt):
    seen = []
    guider = _guider("CFGGuider", patched(loaded, head, chooser=choose), prompt)
    sigmas = comfy.samplers.calculate_sigmas(loaded.get_model_object("model_sampling"), "simple", STEPS)
    noise = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        guider.sample(noise, torch.zeros(4, *SHAPE), comfy.samplers.sampler_object("euler"), sigmas, seed=1,
                      callback=lambda step, x0, x, total: seen.append((step, len(x0), len(x))), disable_pbar=True)
    assert seen == [(0, 4, 4), (1, 4, 4), *((step, 2, 2) for step in range(2, STEPS))]
