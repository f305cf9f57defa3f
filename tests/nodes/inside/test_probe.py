"""The probe: it must see exactly what the next sampler would see, and leave no trace."""

from __future__ import annotations

import json
from types import SimpleNamespace

import comfy.conds
import comfy.model_management
import comfy.ops
import comfy.patcher_extension
import comfy.samplers
import comfy.sd
import pytest
import torch
from comfy.ldm.wan.model import WanModel
from conftest import BLOCKS, CONFIG, DIM, TAP, WORDS, node, pack, random_weights

SAMPLERS = ["euler", "euler_ancestral", "heun", "dpm_2", "dpmpp_2m", "dpmpp_2m_sde", "lcm", "ddim", "uni_pc",
            "res_multistep"]


@pytest.fixture
def first_input(model):
    """Runs something and returns what the model received at its first call: the state, the timestep, the schedule."""
    def record(run, model=model):
        calls = []

        def hook(module, args, kwargs):
            calls.append((args[0].clone(), args[1].clone(), kwargs["transformer_options"]["sample_sigmas"].clone()))
        handle = model.model.diffusion_model.register_forward_pre_hook(hook, with_kwargs=True)
        try:
            run()
        finally:
            handle.remove()
        return calls[0]
    return record


def same(one: tuple, other: tuple) -> bool:
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(one, other))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_probe_sees_bit_for_bit_what_the_next_sampler_sees(first_input, sample, score, sampler):
    latent = sample(sampler_name=sampler)
    continued = {"sampler_name": sampler, "add_noise": "disable", "start_at_step": 3, "end_at_step": 10000,
                 "return_with_leftover_noise": "disable"}
    real = first_input(lambda: sample(latent, **continued))
    probed = first_input(lambda: score(latent=latent, sampler_name=sampler))
    assert same(real, probed)


def test_a_noise_mask_is_applied_as_the_next_sampler_does(first_input, sample, score, noisy):
    mask = torch.zeros(1, 3, 8, 8)
    mask[..., :4] = 1
    latent = {**noisy, "noise_mask": mask}
    real = first_input(lambda: sample(latent, add_noise="disable", start_at_step=3, end_at_step=8))
    assert same(real, first_input(lambda: score(latent=latent)))


@pytest.mark.parametrize("kind", ["eps", "v_prediction"])
def test_models_that_do_not_unscale_their_latents(first_input, sample, score, loaded, monkeypatch, kind):
    import comfy_extras.nodes_model_advanced as advanced
    # Random weights do not denoise, so the latent is not one that a real model of this kind would leave.
    monkeypatch.setattr(pack("nodes.bridge.latents"), "check_noise", lambda *_: None)
    patched = advanced.ModelSamplingDiscrete().patch(loaded, kind, False)[0]
    latent = sample(model=patched)
    real = first_input(lambda: sample(latent, patched, add_noise="disable", start_at_step=3, end_at_step=8))
    scores = []
    probed = first_input(lambda: scores.append(score(model=patched, latent=latent)))
    assert same(real, probed)
    assert 0 < scores[0].sigma < 1


def test_sigmas_say_the_same_as_steps(score, model):
    schedule = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), "simple", 8)
    by_steps, by_sigmas = score(), score(sigmas=schedule[:4], steps=1, end_at_step=1)
    assert torch.equal(by_steps.values, by_sigmas.values)
    assert (by_sigmas.step, by_sigmas.sigma) == (3, by_steps.sigma)


def test_uni_pc_walks_another_schedule(score, sample):
    latent = sample(sampler_name="uni_pc")
    assert score(latent=latent, sampler_name="uni_pc").sigma != score().sigma


def test_scores_are_those_of_the_tap(score, model, head, noisy, prompt, first_input):
    """The same number by hand: a full forward with a hook, no micro-batches and no early end."""
    state, timestep, _ = first_input(score)
    module, seen = model.model.diffusion_model, []
    handle = module.blocks[TAP - 1].register_forward_hook(lambda *call: seen.append(call[2]))
    with torch.inference_mode():
        module(state, timestep, context=prompt()[0][0].repeat(4, 1, 1))
        text = module.text_embedding(prompt()[0][0]).repeat(4, 1, 1)
        mask = prompt()[0][0].ne(0).any(-1).repeat(4, 1)
        expected = head.patcher.model(seen[0], text, mask)[:, 0]
    handle.remove()
    assert torch.allclose(score().values, expected, atol=1e-5)


def test_blocks_behind_the_tap_do_not_run(score, model):
    ran = []
    handles = [block.register_forward_hook(lambda *call, i=i: ran.append(i))
               for i, block in enumerate(model.model.diffusion_model.blocks, 1)]
    score()
    for handle in handles:
        handle.remove()
    assert sorted(set(ran)) == list(range(1, TAP + 1)) and BLOCKS > TAP


def test_nothing_of_the_model_or_the_latent_changes(score, model, noisy, sample):
    before, samples, keys = sample(), noisy["samples"].clone(), set(noisy)
    score(model=model)
    assert torch.equal(noisy["samples"], samples) and set(noisy) == keys
    assert not model.wrappers and not model.additional_models
    modules = model.model.diffusion_model.modules()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in modules)
    assert torch.equal(sample()["samples"], before["samples"])
    assert model.model.current_patcher is None


@pytest.mark.parametrize("size", [1, 2, 3])
def test_micro_batches_do_not_change_scores(score, monkeypatch, size):
    whole = score().values
    monkeypatch.setattr(pack("nodes.bridge.judge"), "fitting", lambda *_: size)
    assert torch.allclose(score().values, whole, atol=1e-5)


def test_a_candidate_is_scored_by_itself(score, noisy):
    order = [2, 0, 3, 1]
    shuffled = score(latent={"samples": noisy["samples"][order]}).values
    alone = [score(latent={"samples": noisy["samples"][row:row + 1]}).values[0] for row in range(4)]
    assert torch.allclose(shuffled, score().values[order], atol=1e-5)
    assert torch.allclose(torch.stack(alone), score().values, atol=1e-5)


def test_one_prompt_for_each_candidate(score, prompt, monkeypatch, noisy):
    prompts = prompt(4, seed=9)
    monkeypatch.setattr(pack("nodes.bridge.judge"), "fitting", lambda *_: 3)
    together = score(positive=prompts).values
    alone = [score(latent={"samples": noisy["samples"][row:row + 1]},
                   positive=[[prompts[0][0][row:row + 1], {}]]).values[0] for row in range(4)]
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


def test_padding_of_the_prompt_is_not_read(score, prompt):
    longer = torch.nn.functional.pad(prompt()[0][0], (0, 0, 0, 3))
    assert not torch.equal(score(positive=prompt(seed=6)).values, score().values)
    # Padding reaches the backbone's own attention, as in every sampling run, but never the head.
    reading = pack("prism_core.backbones").text_mask(longer)
    assert reading.sum() == 5


def test_out_of_memory_halves_the_micro_batch(monkeypatch):
    rows, sizes, done = pack("nodes.bridge.rows"), [], []

    def run(part: slice) -> None:
        sizes.append(part.stop - part.start)
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        done.extend(range(part.start, part.stop))
    rows.in_micro_batches(7, 7, run)
    assert done == list(range(7)) and sizes[:2] == [7, 3]


def test_other_errors_are_not_swallowed():
    rows = pack("nodes.bridge.rows")
    with pytest.raises(KeyError):
        rows.in_micro_batches(4, 4, lambda part: {}["missing"])


def test_an_interrupt_ends_scoring_and_leaves_the_model_usable(score, monkeypatch, model):
    comfy.model_management.interrupt_current_processing()
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        score()
    assert not any(module._forward_hooks for module in model.model.diffusion_model.modules())
    assert len(score()) == 4


def test_the_compile_wrapper_is_left_out_for_the_probe_only(model, head):
    kind = comfy.patcher_extension.WrappersMP.APPLY_MODEL
    model.add_wrapper_with_key(kind, "torch.compile", lambda executor, *a, **k: pytest.fail("compiled"))
    clone = pack("nodes.bridge.judge").Probe(pack("nodes.bridge.tap").backbone_of(model), head).attach(model)
    assert not clone.get_wrappers(kind, "torch.compile") and model.get_wrappers(kind, "torch.compile")


def test_a_prompt_of_several_parts_is_read_by_its_first_full_one(score, prompt):
    area = [prompt(seed=6)[0][0], {"area": (4, 4, 0, 0), "strength": 1.0}]
    later = [prompt(seed=7)[0][0], {"start_percent": 0.9, "end_percent": 1.0}]
    assert torch.equal(score(positive=[area, later, *prompt()]).values, score().values)


def test_head_and_model_are_loaded_together_by_comfyui(score, model, head):
    score()
    held = [entry.model.model for entry in comfy.model_management.current_loaded_models if entry.model is not None]
    assert head.patcher.model in held and model.model in held


def test_reference_tokens_are_left_out(noisy, prompt, make_head, monkeypatch):
    """Some of Wan's variants put a reference picture's tokens before those of the clip."""
    module = WanModel(text_len=WORDS, dim=DIM, ffn_dim=96, text_dim=16, num_heads=3, num_layers=BLOCKS,
                      in_dim_ref_conv=16, operations=comfy.ops.disable_weight_init, dtype=torch.float32)
    metadata = {"config": json.dumps(CONFIG)}
    patcher = comfy.sd.load_diffusion_model_state_dict(random_weights(module, 0), metadata=metadata)
    patched, blocks, read = patcher.model.diffusion_model, [], []
    assert patched.ref_conv is not None
    backbones = pack("prism_core.backbones")
    name = make_head("reference.safetensors", fingerprint=backbones.fingerprint(patched.patch_embedding.weight))
    head = node("PrismLoadHead").execute(name).args[0]
    monkeypatch.setattr(head.patcher.model, "score", lambda seen: read.append(seen) or torch.zeros(seen.rows))
    handle = patched.blocks[TAP - 1].register_forward_hook(lambda *call: blocks.append(call[2]))
    positive = [[prompt()[0][0], {"reference_latents": [torch.randn(1, 16, 1, 8, 8)]}]]
    with torch.inference_mode():
        node("PrismScoreLatents").execute(model=patcher, head=head, positive=positive, latent=noisy, steps=8,
                                          sampler_name="euler", scheduler="simple", end_at_step=3)
    handle.remove()
    assert blocks[0].shape[1] == 16 + 48 and read[0].grid == (3, 4, 4)
    assert torch.equal(read[0].visual, blocks[0][:, 16:])


def test_conditioning_parts_are_sliced_by_what_they_are():
    rows, full = pack("nodes.bridge.rows"), torch.arange(4.0)[:, None]
    cond = {"uuid": "u", "strength": 1.0, "mask": full, "model_conds": {
        "text": comfy.conds.CONDRegular(full), "shared": comfy.conds.CONDRegular(full[:1]),
        "list": comfy.conds.CONDList([full, full[:1]]), "constant": comfy.conds.CONDConstant([1, 2, 3, 4])}}
    part = rows.rows_of_cond(cond, slice(1, 3), 4)
    values = {name: value.cond for name, value in part["model_conds"].items()}
    assert values["text"].flatten().tolist() == part["mask"].flatten().tolist() == [1, 2]
    assert [len(entry) for entry in values["list"]] == [2, 1] and len(values["shared"]) == 1
    assert values["constant"] == [1, 2, 3, 4] and len(cond["model_conds"]["text"].cond) == 4
    with pytest.raises(ValueError, match="batch of 4"):
        rows.rows_of_cond(cond, slice(0, 2), 5)


def test_a_controlnet_with_a_picture_for_each_row_is_refused():
    rows, first, second = pack("nodes.bridge.rows"), SimpleNamespace(), SimpleNamespace()
    first.cond_hint_original, first.previous_controlnet = torch.zeros(1, 3, 8, 8), second
    second.cond_hint_original, second.previous_controlnet = torch.zeros(4, 3, 8, 8), None
    with pytest.raises(ValueError, match="4 hint images"):
        rows.rows_of_cond({"model_conds": {}, "control": first}, slice(0, 2), 4)


def test_context_windows_are_refused(model, score):
    model.model_options["context_handler"] = object()
    with pytest.raises(ValueError, match="context windows"):
        score()
