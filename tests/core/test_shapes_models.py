"""The tiny models outside ComfyUI: sampling, key names, latents."""

from __future__ import annotations

import pytest
import torch

from prism_core.shapes import convert, latents, sampling


def test_simple_schedule_at_shift_eight():
    sigmas = sampling.simple_sigmas()
    assert len(sigmas) == 17 and sigmas[0] == 1 and sigmas[-1] == 0
    assert (sigmas.diff() < 0).all()
    assert sigmas[6].item() == pytest.approx(0.9302, abs=5e-4)  # the demo's prune step


def test_euler_follows_a_straight_flow_exactly():
    noise, target = sampling.candidate_noise(3, 2), torch.full((2, *sampling.LATENT_SHAPE), 0.5)
    states = sampling.euler(lambda x, sigma, text: noise - target, noise, torch.zeros(2, 8, 64),
                            sigmas=sampling.simple_sigmas(), cfg=1.0, keep_steps=(6,))
    sigma = sampling.simple_sigmas()[6]
    assert torch.allclose(states[16], target, atol=1e-5)
    assert torch.allclose(states[6], (1 - sigma) * target + sigma * noise, atol=1e-5)


def test_guidance_moves_away_from_the_unconditional():
    model = lambda x, sigma, text: text.mean((1, 2)).view(-1, 1, 1, 1, 1).expand_as(x)  # noqa: E731
    text = torch.ones(1, 8, 64)
    guided = sampling.guided(model, torch.zeros(1, *sampling.LATENT_SHAPE), torch.ones(1), text, cfg=3.0)
    assert torch.allclose(guided, torch.full_like(guided, 3.0))


def test_latents_and_frames_go_there_and_back():
    latent, frames = torch.randn(2, 16, 3, 8, 8), torch.rand(2, 9, 64, 64, 3)
    assert torch.allclose(latents.denormalise(latents.normalise(latent)), latent, atol=1e-5)
    assert torch.allclose(latents.to_frames(latents.to_video(frames)), frames, atol=1e-6)


@pytest.mark.parametrize("kind", ["transformer", "vae"])
def test_keys_go_to_native_names_and_back(kind):
    diffusers = pytest.importorskip("diffusers", reason="key parity needs the extra 'train'")
    from prism_core.shapes.training import backbone, vae

    assert diffusers
    state = (backbone if kind == "transformer" else vae).build().state_dict()
    native = convert.to_native(state, kind)
    assert len(native) == len(state)
    back = convert.to_diffusers(native, kind, state.keys())
    assert all(torch.equal(back[key], value) for key, value in state.items())
