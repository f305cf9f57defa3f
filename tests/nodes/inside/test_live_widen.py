"""Making candidates of one row, and leaving alone what is not to be pruned."""

from __future__ import annotations

import comfy.samplers
import pytest
import torch
from conftest import pack
from live_runs import FULL, SHAPE, STEPS, advanced, custom, empty, finished, patched, settings

SEED = 11    # of the fixture `sample`


def one(model, sample, **changes):
    return sample(empty(1), model, **{**FULL, **changes})["samples"]


def test_row_i_is_the_clip_that_a_plain_run_makes_of_seed_plus_i(loaded, head, sample):
    pruning = patched(loaded, head, group=1)
    left = one(pruning, sample)
    done = finished(pruning, left)
    assert len(left) == 2 and done.seeds == done.record.seeds == tuple(range(SEED, SEED + 4))
    plain = torch.cat([one(loaded, sample, noise_seed=done.seeds[row]) for row in done.kept])
    assert torch.equal(left, plain)


@pytest.mark.parametrize("sampler", ["uni_pc", "dpmpp_2m", "euler_cfg_pp", "heun"])
def test_the_same_for_other_samplers_without_randomness(loaded, head, sample, sampler):
    pruning = patched(loaded, head, group=1)
    left = one(pruning, sample, sampler_name=sampler)
    kept = finished(pruning, left).kept
    plain = [one(loaded, sample, noise_seed=SEED + row, sampler_name=sampler) for row in kept]
    assert torch.equal(left, torch.cat(plain))


def test_the_incoming_latent_and_model_stay_as_they_are(loaded, head, sample):
    latent, options = empty(1), repr(loaded.model_options)
    pruning = patched(loaded, head)
    wrappers = {kind: {key: list(found) for key, found in keyed.items()} for kind, keyed in pruning.wrappers.items()}
    sample(latent, pruning, **FULL)
    assert latent["samples"].shape == (1, *SHAPE) and not latent["samples"].any() and list(latent) == ["samples"]
    assert repr(loaded.model_options) == options and not loaded.wrappers.get("outer_sample")
    assert pruning.wrappers == wrappers


def test_seeds_wrap_at_their_end(loaded, head, sample):
    pruning = patched(loaded, head)
    done = finished(pruning, one(pruning, sample, noise_seed=2 ** 64 - 2))
    assert done.seeds == (2 ** 64 - 2, 2 ** 64 - 1, 0, 1)


def test_random_numbers_go_on_as_after_a_plain_run(loaded, head, sample):
    one(loaded, sample)
    expected = torch.rand(3)
    one(patched(loaded, head), sample)
    assert torch.equal(torch.rand(3), expected)


def test_noise_masks_are_widened_too(loaded, head, sample):
    mask = torch.zeros(1, 3, 8, 8)
    mask[..., 4:] = 1
    clip = {"samples": torch.ones(1, *SHAPE), "noise_mask": mask}
    pruning = patched(loaded, head, group=1)
    left = sample(clip, pruning, **FULL)["samples"]
    done = finished(pruning, left)
    plain = [sample(clip, loaded, **FULL, noise_seed=SEED + row)["samples"] for row in done.kept]
    assert torch.equal(left, torch.cat(plain))
    assert torch.allclose(done.dropped_x0[..., :4], torch.ones(()), atol=1e-3)
    assert (done.dropped_x0[..., 4:] - 1).abs().mean() > 0.1


def test_one_prompt_for_each_candidate_of_one_row(loaded, head, sample, prompt):
    prompts = prompt(4, seed=1)
    pruning = patched(loaded, head, group=1)
    left = one(pruning, sample, positive=prompts)
    kept = finished(pruning, left).kept
    plain = [one(loaded, sample, noise_seed=SEED + row, positive=[[prompts[0][0][row:row + 1], {}]]) for row in kept]
    assert torch.equal(left, torch.cat(plain))


def test_what_dropped_candidates_were_about_to_become(loaded, head, sample):
    """The last prediction before the cut, which a sampler that stops there calls its denoised output."""
    pruning = patched(loaded, head, "3:2", group=4)
    seen = {}
    sampler = comfy.samplers.sampler_object("euler")
    sigmas = comfy.samplers.calculate_sigmas(loaded.get_model_object("model_sampling"), "simple", STEPS)
    noise = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(2))

    def run(model, callback=None):
        guider = comfy.samplers.CFGGuider(model)
        guider.set_conds(*[[[torch.ones(1, 8, 16) * sign, {}]] for sign in (1, -1)])
        guider.set_cfg(2.0)
        with torch.inference_mode():
            return guider.sample(noise, torch.zeros_like(noise), sampler, sigmas, callback=callback,
                                 disable_pbar=True, seed=1)
    run(loaded, lambda step, x0, x, total: seen.setdefault(step, x0.clone()))
    done = finished(pruning, run(pruning))
    expected = loaded.model.process_latent_out(seen[2])[list(done.dropped)]
    assert done.dropped_x0.shape == (2, *SHAPE) and torch.allclose(done.dropped_x0, expected, atol=1e-5)


@pytest.mark.parametrize("rows, keep", [(2, 2), (2, 3)])
def test_a_batch_of_no_more_than_keep_rows_passes_untouched(loaded, head, sample, rows, keep):
    pruning = patched(loaded, head, f"2:{keep}", candidates=8)
    left = sample(empty(rows), pruning, **FULL)["samples"]
    assert torch.equal(left, sample(empty(rows), loaded, **FULL)["samples"])
    record = finished(pruning, left).record
    assert (record.kept, record.policy, record.candidates) == (tuple(range(rows)), "none", rows)
    assert record.evaluations.spent == record.evaluations.plain == rows * STEPS


def test_one_candidate_is_a_plain_run(loaded, head, sample):
    assert torch.equal(one(patched(loaded, head, "2:1", candidates=1), sample), one(loaded, sample))


def test_going_on_with_a_finished_clip_makes_no_candidates(loaded, head, sample):
    """Second passes and upscales come with a clip and begin at less than full noise."""
    second = {"start_at_step": 3}
    clip = {"samples": torch.randn(1, *SHAPE, generator=torch.Generator().manual_seed(5))}
    pruning = patched(loaded, head, "1:1")
    left = sample(clip, pruning, **{**FULL, **second})["samples"]
    assert torch.equal(left, sample(clip, loaded, **{**FULL, **second})["samples"])
    assert "goes on with one clip" in finished(pruning, left).record.warnings[0]
    always = patched(loaded, head, "1:1", always_widen=True)
    left = sample(clip, always, **{**FULL, **second})["samples"]
    assert finished(always, left).record.candidates == 4
    from_full_noise = patched(loaded, head, "1:1")
    assert finished(from_full_noise, sample(clip, from_full_noise, **FULL)["samples"]).record.candidates == 4


def test_packed_streams_get_the_noise_of_a_plain_run():
    """Video with sound is one flat tensor while it is sampled."""
    import comfy.nested_tensor
    import comfy.sample
    import comfy.utils
    widen = pack("nodes.bridge.widen")
    streams = [torch.zeros(1, 4, 2, 4, 4), torch.zeros(1, 2, 8)]
    flat, shapes = comfy.utils.pack_latents(streams)

    def plain(seed: int) -> torch.Tensor:
        return comfy.utils.pack_latents(
            comfy.sample.prepare_noise(comfy.nested_tensor.NestedTensor(streams), seed).unbind())[0]
    start = widen.widen(widen.Start(plain(7), flat, None, 7, tuple(tuple(shape) for shape in shapes)), 3)
    assert torch.equal(start.noise, torch.cat([plain(7), plain(8), plain(9)]))
    assert start.shapes == ((3, 4, 2, 4, 4), (3, 2, 8)) and start.latent.shape == start.noise.shape


@pytest.mark.parametrize("change, message", [
    ({"add_noise": "disable"}, "adds no noise"),
    ({"latent": {**empty(1), "batch_index": [3]}}, "not what seed 11 gives"),
    ({"prompts": 3}, "a batch of 3 prompts")])
def test_what_cannot_be_widened_is_refused(loaded, head, sample, prompt, change, message):
    change = dict(change)
    latent, prompts = change.pop("latent", empty(1)), change.pop("prompts", 1)
    with pytest.raises(ValueError, match=message) as refused:
        sample(latent, patched(loaded, head), **{**FULL, "positive": prompt(prompts), **change})
    assert "PrismBestOfN" in str(refused.value)


def test_samplers_without_a_seed_cannot_make_candidates(loaded, head, prompt):
    guider = custom("CFGGuider").execute(patched(loaded, head), prompt(), prompt(), 1.0).args[0]
    noise, euler = torch.randn(1, *SHAPE), comfy.samplers.sampler_object("euler")
    with pytest.raises(ValueError, match="which seed"):
        guider.sample(noise, torch.zeros(1, *SHAPE), euler, torch.tensor([1.0, 0.5, 0]))


def test_samplercustomadvanced_makes_candidates_as_well(loaded, head, prompt):
    def guider(model):
        return custom("CFGGuider").execute(model, prompt(), prompt(seed=6), 2.0).args[0]
    pruning = patched(loaded, head, group=1)
    left, denoised = advanced(guider(pruning), latent=empty(1))
    kept = finished(pruning, left["samples"]).kept
    plain = [advanced(guider(loaded), seed=SEED + row, latent=empty(1)) for row in kept]
    for output, runs in zip((left, denoised), zip(*plain)):
        assert torch.equal(output["samples"], torch.cat([run["samples"] for run in runs]))


def test_settings_know_how_many_are_kept(head):
    assert settings(head, "2:3, 4:2").final_keep == 2
    assert settings(None, kept="4, 1, 0 #1a2b3c4d").final_keep == 3
