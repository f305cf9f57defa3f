"""Rows of a LATENT, and telling noise levels apart."""

from __future__ import annotations

import pytest
import torch
from comfy.nested_tensor import NestedTensor
from conftest import node, pack


@pytest.fixture
def latents():
    return pack("nodes.bridge.latents")


def batch(count: int = 4, **entries) -> dict:
    return {"samples": torch.randn(count, 16, 3, 8, 8), **entries}


def state_at(sigma: float, model, rows: int = 4, detail: float = 0.2) -> torch.Tensor:
    """Samples as a flow sampler leaves them at a sigma: noise over a picture that is mostly smooth."""
    generator = torch.Generator().manual_seed(int(sigma * 1000))
    coarse = torch.randn(rows * 16, 1, 3, 2, 2, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (3, 8, 8), mode="trilinear", align_corners=True)
    picture = smooth.view(rows, 16, 3, 8, 8) + detail * torch.randn(rows, 16, 3, 8, 8, generator=generator)
    noise = torch.randn(rows, 16, 3, 8, 8, generator=generator)
    return model.model.process_latent_out((sigma * noise + (1 - sigma) * picture) / (1 - sigma))


def test_every_entry_of_batch_length_is_sliced(latents):
    mask = torch.rand(4, 1, 3, 8, 8)
    latent = batch(batch_index=[3, 5, 7, 9], noise_mask=mask, names=["a", "b", "c", "d"], weights=torch.arange(4),
                   downscale_ratio_spacial=8, pair=(1, 2))
    taken = latents.take_rows(latent, [1, 3])
    assert torch.equal(taken["samples"], latent["samples"][[1, 3]])
    assert torch.equal(taken["noise_mask"], mask[[1, 3]])
    assert (taken["batch_index"], taken["names"], taken["weights"].tolist()) == ([5, 9], ["b", "d"], [1, 3])
    assert (taken["downscale_ratio_spacial"], taken["pair"]) == (8, (1, 2))
    assert latent["batch_index"] == [3, 5, 7, 9]


@pytest.mark.parametrize("shape", [(8, 8), (3, 8, 8), (4, 8, 8), (4, 1, 8, 8)])
def test_a_video_mask_below_five_dimensions_is_of_frames_not_rows(latents, shape):
    mask = torch.rand(shape)
    assert torch.equal(latents.take_rows(batch(noise_mask=mask), [2])["noise_mask"], mask)


def test_masks_are_repeated_to_the_batch_as_samplers_do(latents):
    image = {"samples": torch.randn(4, 4, 8, 8), "noise_mask": torch.rand(2, 8, 8)}
    assert torch.equal(latents.take_rows(image, [3])["noise_mask"], image["noise_mask"][[1]])


def test_rows_without_a_batch_index_get_their_position(latents):
    once = latents.take_rows(batch(), [1, 2])
    assert once["batch_index"] == [1, 2]
    assert latents.take_rows(once, [1])["batch_index"] == [2]


def test_a_row_sampled_alone_starts_from_the_same_noise(latents, sample):
    empty = {"samples": torch.zeros(4, 16, 3, 8, 8)}
    row = latents.take_rows(sample(empty), [2])
    alone = sample({**row, "samples": torch.zeros(1, 16, 3, 8, 8)})
    assert torch.allclose(alone["samples"], row["samples"], atol=1e-4)


@pytest.mark.parametrize("samples", [
    NestedTensor([torch.zeros(2, 16, 3, 8, 8), torch.zeros(2, 8, 4)]), torch.zeros(0, 16, 3, 8, 8), torch.zeros(4),
    torch.full((2, 16, 3, 8, 8), float("nan"))], ids=["nested", "empty", "flat", "nan"])
def test_latents_that_hold_no_candidates_are_refused(latents, samples):
    with pytest.raises(ValueError):
        latents.samples_of({"samples": samples})


@pytest.mark.parametrize("detail", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.5, 0.75, 0.93, 0.99])
def test_good_latents_pass_at_every_sigma(latents, model, sigma, detail):
    latents.check_noise(model, state_at(sigma, model, detail=detail), torch.tensor(sigma))


@pytest.mark.parametrize("end", [2, 6, 13])
@pytest.mark.parametrize("sampler", ["euler", "lcm", "uni_pc", "dpmpp_2m_cfg_pp", "dpmpp_2s_ancestral_cfg_pp"])
def test_a_trained_models_own_latents_pass(latents, sampler, end):
    """The samplers whose noise is furthest from what their sigma says."""
    shapes = node("UNETLoader")().load_unet("prism_shapes_wan_t2v.safetensors", "default")[0]
    words = [node("PrismShapesPrompt").execute(text).args[0] for text in ("a large red circle moving right", "")]
    empty, sigmas = {"samples": torch.zeros(2, 16, 3, 8, 8)}, pack("nodes.bridge.sigmas")
    with torch.inference_mode():
        samples = node("KSamplerAdvanced")().sample(
            shapes, "enable", 3, 16, 2.0, sampler, "simple", *words, empty, 0, end, "enable")[0]["samples"]
        remaining = sigmas.remaining_after(sigmas.schedule(shapes, 16, sampler, "simple"), end)
        latents.check_noise(shapes, samples, remaining[0])


@pytest.mark.parametrize("sigma", [0.5, 0.75, 0.93, 0.98])
def test_finished_latents_are_refused(latents, model, sigma):
    with pytest.raises(ValueError, match="finished already"):
        latents.check_noise(model, state_at(0.0, model), torch.tensor(sigma))


@pytest.mark.parametrize("stood, claimed", [
    (0.93, 0.85), (0.85, 0.93), (0.93, 0.98), (0.98, 0.93), (0.75, 0.5), (0.3, 0.75)])
def test_latents_of_another_sigma_are_refused(latents, model, stood, claimed):
    with pytest.raises(ValueError, match="does not stand at"):
        latents.check_noise(model, state_at(stood, model), torch.tensor(claimed))


def test_an_empty_latent_is_refused(latents, model):
    with pytest.raises(ValueError, match="does not stand at"):
        latents.check_noise(model, torch.zeros(2, 16, 3, 8, 8), torch.tensor(0.9))


def test_one_finished_row_among_noisy_ones_is_named(latents, model):
    samples = state_at(0.93, model)
    samples[2] = state_at(0.0, model)[2]
    with pytest.raises(ValueError, match="Candidate 2"):
        latents.check_noise(model, samples, torch.tensor(0.93))


def test_split_candidates_names_every_row():
    latent = batch(3, batch_index=[1, 4, 6])
    singles, seeds, indices, names = node("PrismSplitCandidates").execute(latent, 42, "clips/x").args
    assert [single["samples"].shape[0] for single in singles] == [1, 1, 1]
    assert [single["batch_index"] for single in singles] == [[1], [4], [6]]
    assert (seeds, indices) == ([42] * 3, [1, 4, 6])
    assert names == ["clips/x_seed42_index1", "clips/x_seed42_index4", "clips/x_seed42_index6"]
