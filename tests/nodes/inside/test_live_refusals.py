"""What cannot be kept exact is refused before the first model call, with the name of the node and a remedy."""

from __future__ import annotations

from types import SimpleNamespace

import comfy.samplers
import pytest
import torch
from conftest import node, pack
from live_runs import FULL, SHAPE, advanced, counted, custom, empty, extra, finished, patched


def refused(model, head, sample, *parts: str, latent: dict | None = None, patch: dict | None = None,
            rounds: str = "2:2", **changes) -> None:
    pruning = patched(model, head, rounds, **(patch or {}))
    with counted(model) as count, pytest.raises(ValueError) as error:
        sample(latent, pruning, **{**FULL, **changes})
    assert all(part in str(error.value) for part in ("PrismBestOfN", *parts)), str(error.value)
    assert count.begun == [] and len(pack("nodes.bridge.live").ledger_of(pruning)) == 0


def warned(model, head, sample, *parts: str, rounds: str = "2:2", **changes):
    pruning = patched(model, head, rounds)
    record = finished(pruning, sample(None, pruning, **{**FULL, **changes})["samples"]).record
    assert len(record.warnings) == 1 and all(part in record.warnings[0] for part in parts), record.warnings
    return record


def test_the_adaptive_sampler(loaded, head, sample):
    refused(loaded, head, sample, "dpm_adaptive", "Use another sampler", sampler_name="dpm_adaptive")


def test_the_adaptive_sampler_of_its_own_node(loaded, head, prompt):
    guider = custom("BasicGuider").execute(patched(loaded, head), prompt()).args[0]
    sampler = comfy.samplers.ksampler("dpm_adaptive", {"order": 3})
    with pytest.raises(ValueError, match="dpm_adaptive"):
        guider.sample(torch.randn(4, *SHAPE), torch.zeros(4, *SHAPE), sampler, torch.tensor([1.0, 0.5, 0.1, 0]), seed=1)


def test_sigmas_that_rise(loaded, head, prompt):
    guider = custom("BasicGuider").execute(patched(loaded, head), prompt()).args[0]
    with pytest.raises(ValueError, match="PrismBestOfN.*sigmas rise"):
        guider.sample(torch.zeros(4, *SHAPE), torch.ones(4, *SHAPE), comfy.samplers.sampler_object("euler"),
                      torch.tensor([0.1, 0.5, 0.9]), seed=1)


@pytest.mark.parametrize("rounds, part", [
    ("7:2", "6 steps"), ("6:2", "step 6"), ("s0.01:2", "step 6"), ("2:4, 3:2", "drop nothing"),
    ("2:3, 30%:2", "step 2")])
def test_a_schedule_that_this_call_cannot_follow(loaded, head, sample, rounds, part):
    refused(loaded, head, sample, part, rounds=rounds)


@pytest.mark.parametrize("key, value, name", [
    ("easycache", SimpleNamespace(name="EasyCache"), "EasyCache"), ("rel_l1_thresh", 0.2, "TeaCache"),
    ("magcache_thresh", 0.1, "MagCache")])
def test_caches_of_whole_batches(loaded, head, sample, key, value, name):
    base = loaded.clone()
    base.model_options["transformer_options"][key] = value
    refused(base, head, sample, name, "Remove")


def test_easycache_of_comfyui(loaded, head, sample):
    base = extra("nodes_easycache", "EasyCacheNode").execute(loaded, 0.2, 0.15, 0.95, False).args[0]
    refused(base, head, sample, "EasyCache", "Remove")


def test_lazycache_is_warned_about(loaded, head, sample):
    base = extra("nodes_easycache", "LazyCacheNode").execute(loaded, 0.2, 0.9, 0.95, False).args[0]
    warned(base, head, sample, "LazyCache", "average")


@pytest.mark.parametrize("module, cls, given, parts", [
    ("nodes_slg", "SkipLayerGuidanceDiT", (2.0, 0.0, 1.0, "1", "", 0.3), ("Set its rescaling_scale to 0",)),
    ("nodes_mahiro", "Mahiro", (), ("Mahiro", "average"))])
def test_guidance_that_mixes_rows(loaded, head, sample, module, cls, given, parts):
    refused(extra(module, cls).execute(loaded, *given).args[0], head, sample, *parts)


def test_a_replaced_cross_attention_gets_one_candidate_at_a_time(loaded, head, sample):
    """NAG's nodes take a second row for a negative prompt; asked for by 'group' they get more all the same."""
    base = loaded.clone()
    attention = base.get_model_object("diffusion_model.blocks.1.cross_attn")
    rows = []

    def forward(x, context, **kwargs):
        rows.append(len(x))
        return type(attention).forward(attention, x, context, **kwargs)
    base.add_object_patch("diffusion_model.blocks.1.cross_attn.forward", forward)
    for group, largest in ((0, 1), (4, 4)):
        rows.clear()
        pruning = patched(base, head, group=group)
        record = finished(pruning, sample(None, pruning, **{**FULL, "cfg": 1.0})["samples"]).record
        assert max(rows) == record.group == largest
        assert ("one at a time" in " ".join(record.warnings)) == (group == 0)


def test_guidance_that_is_not_known(loaded, head, sample):
    base = loaded.clone()
    base.set_model_sampler_post_cfg_function(lambda args: args["denoised"])
    warned(base, head, sample, "unknown to PRISM", "test_live_refusals.py")


def test_samplers_that_look_into_a_guider_which_mixes_rows(loaded, head, prompt):
    make = extra("nodes_perpneg", "PerpNegGuider").execute
    guider = make(patched(loaded, head), prompt(), prompt(), prompt(), 2.0, 1.0).args[0]
    with pytest.raises(ValueError, match="Perp-Neg.*Use euler"):
        advanced(guider, sampler="euler_cfg_pp")


def test_a_controlnet_picture_for_each_row(loaded, head, sample, prompt):
    class Control:
        cond_hint_original, previous_controlnet, extra_hooks = torch.zeros(4, 3, 8, 8), None, None

        def get_extra_hooks(self) -> list:
            return []
    negative = [[prompt()[0][0], {"control": Control()}]]
    refused(loaded, head, sample, "4 hint images", "negative", negative=negative)


def test_masks_that_differ_by_row(loaded, head, sample):
    masks = torch.zeros(4, 1, 3, 8, 8)
    masks[1] = 1
    latent = {**empty(), "noise_mask": masks}
    refused(loaded, head, sample, "PrismRunReport", latent=latent)
    pruning = patched(loaded, head, sliced_after=True)
    assert len(sample(latent, pruning, **FULL)["samples"]) == 2


@pytest.mark.parametrize("positive", ["area", "late"])
def test_prompts_that_cannot_be_scored(loaded, head, sample, prompt, positive):
    words = prompt()[0][0]
    parts = {"area": {"area": (4, 4, 0, 0)}, "late": {"start_percent": 0.9, "end_percent": 1.0}}
    refused(loaded, head, sample, "whole picture", positive=[[words, parts[positive]]])


def test_a_late_prompt_can_be_scored_once_it_acts(loaded, head, sample, prompt):
    early, late = ([[prompt(seed=seed)[0][0], {"start_percent": begin, "end_percent": end}]]
                   for seed, begin, end in ((1, 0.0, 0.5), (2, 0.5, 1.0)))
    pruning = patched(loaded, head, "5:2")
    assert len(sample(None, pruning, **FULL, positive=[*early, *late])["samples"]) == 2


def test_two_patches_on_one_model(loaded, head):
    with pytest.raises(ValueError, match="PrismBestOfN already"):
        patched(patched(loaded, head), head)


def test_nothing_to_choose_by(loaded):
    with pytest.raises(ValueError, match="Connect a head"):
        patched(loaded, None)


def test_a_head_of_another_model(loaded, make_head):
    head = node("PrismLoadHead").execute(make_head("foreign_live.safetensors", blocks=30, tap_block=12)).args[0]
    with pytest.raises(ValueError, match="number of blocks"):
        patched(loaded, head)


def test_a_head_on_several_gpus(loaded, head, sample):
    base = loaded.clone()
    base.set_additional_models("multigpu", [loaded.clone()])
    refused(base, head, sample, "several GPUs")


@pytest.mark.parametrize("kind, attached", [("SVD_img2vid", None), ("SD15", object())])
def test_rows_that_are_frames(kind, attached):
    model = SimpleNamespace(model=type(kind, (), {})(), get_attachment={"ADE_params": attached}.get)
    with pytest.raises(ValueError, match="frames of one clip"):
        pack("nodes.bridge.refuse").check_model(model, {}, False)


def test_pruning_waits_for_sigmas_that_the_head_knows(loaded, make_head, sample):
    head = node("PrismLoadHead").execute(make_head("late.safetensors", sigma_range=(0.2, 0.94))).args[0]
    record = warned(loaded, head, sample, "0.2 to 0.94", "waits for step 3", rounds="1:2")
    assert {drop.step for drop in record.drops} == {3} and [watch.step for watch in record.watches] == [3, 4, 5]


def test_pruning_too_late_for_the_head_is_warned_about(loaded, make_head, sample):
    head = node("PrismLoadHead").execute(make_head("early.safetensors", sigma_range=(0.9, 0.99))).args[0]
    record = warned(loaded, head, sample, "0.9 to 0.99", "guesses", rounds="4:2")
    assert {drop.step for drop in record.drops} == {4}


def test_a_head_that_knows_none_of_the_sigmas_is_refused(loaded, make_head, sample):
    head = node("PrismLoadHead").execute(make_head("never.safetensors", sigma_range=(0.01, 0.02))).args[0]
    refused(loaded, head, sample, "0.01 to 0.02")


def test_a_head_that_is_no_better_than_chance_waits():
    steps = pack("nodes.bridge.steps")
    entries = [{"sigma": sigma, "accuracy": low + 0.04, "low": low} for sigma, low in ((0.95, 0.45), (0.85, 0.55))]
    info = SimpleNamespace(sigma_range=(0.2, 0.99), reliability=entries, eta=5.0)
    moved, warnings = steps.postponed(((1, 2),), (1.0, 0.96, 0.91, 0.87, 0.5, 0.0), info)
    assert moved == ((3, 2),) and "better than a coin" in warnings[0]


def test_known_guidance_is_not_warned_about(loaded, head, sample):
    pruning = patched(extra("nodes_cfg", "CFGNorm").execute(loaded, 1.0).args[0], head)
    assert finished(pruning, sample(None, pruning, **FULL)["samples"]).record.warnings == ()


def test_refusals_before_a_model_is_loaded_leave_it_unloaded(loaded, head, sample):
    import comfy.model_management
    comfy.model_management.unload_all_models()
    refused(loaded, head, sample, sampler_name="dpm_adaptive")
    assert comfy.model_management.loaded_models() == []


def test_sampler_names_are_those_that_artists_know():
    name = pack("nodes.bridge.refuse").sampler_name
    known = [sampler for sampler in comfy.samplers.SAMPLER_NAMES if sampler not in ("ddim", "uni_pc_bh2")]
    assert [name(comfy.samplers.sampler_object(sampler)) for sampler in known] == known
