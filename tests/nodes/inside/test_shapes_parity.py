"""The committed Shapes models: stock loaders build them, and they compute what training and evaluation computed."""

from __future__ import annotations

import importlib

import pytest
import torch
from conftest import PACKAGE, node

pytest.importorskip("diffusers", reason="parity needs the extra 'train'")


def shapes(name: str):
    return importlib.import_module(f"{PACKAGE}.prism_core.shapes.{name}")


PROMPT = "a large red circle moving right slowly from the middle"


@pytest.fixture(scope="module")
def stock():
    """The backbone as UNETLoader gives it."""
    return node("UNETLoader")().load_unet("prism_shapes_wan_t2v.safetensors", "default")[0]


@pytest.fixture(scope="module")
def vae():
    return node("VAELoader")().load_vae("prism_shapes_vae.safetensors")[0]


@pytest.fixture(scope="module")
def text():
    """Positive and negative CONDITIONING from the demo's own node."""
    return [node("PrismShapesPrompt").execute(words).args[0] for words in (PROMPT, "")]


@pytest.fixture(scope="module")
def sampled(stock, text):
    """KSampler Advanced on eight candidates of one seed: the state before step 6 and the finished latent."""
    sampling, results = shapes("sampling"), {}
    for step, leftover in ((6, "enable"), (16, "disable")):
        empty = {"samples": torch.zeros(8, *sampling.LATENT_SHAPE)}
        with torch.inference_mode():
            results[step] = node("KSamplerAdvanced")().sample(
                stock, "enable", 42, sampling.STEPS, sampling.CFG, "euler", "simple", *text, empty, 0, step, leftover)[0]
    return results


@pytest.fixture(scope="module")
def trained():
    """The states that training and evaluation saw for the same prompt and seed."""
    sampling, models, prompts = (shapes(name) for name in ("sampling", "models", "prompts"))
    noise, words = sampling.candidate_noise(42, 8), prompts.encode(PROMPT).expand(8, -1, -1)
    return sampling.euler(models.velocity(models.load_backbone()), noise, words, sigmas=sampling.simple_sigmas(),
                          keep_steps=(6,))


def test_schedule_is_comfyuis_own(stock):
    sampling, schedule = shapes("sampling"), importlib.import_module(f"{PACKAGE}.nodes.bridge.sigmas").schedule
    assert torch.allclose(schedule(stock, sampling.STEPS, "euler", "simple").cpu(), sampling.simple_sigmas(), atol=1e-6)


def test_trajectory_is_the_one_that_was_trained_on(stock, sampled, trained):
    latent_format, sigma = stock.get_model_object("latent_format"), shapes("sampling").simple_sigmas()[6]
    finished = latent_format.process_in(sampled[16]["samples"])
    noisy = latent_format.process_in(sampled[6]["samples"]) * (1 - sigma)
    assert torch.allclose(noisy, trained[6], atol=1e-4)
    assert torch.allclose(finished, trained[16], atol=1e-3)


def test_euler_in_two_stages_ends_where_one_run_ends(stock, text, sampled):
    sampling = shapes("sampling")
    with torch.inference_mode():
        staged = node("KSamplerAdvanced")().sample(
            stock, "disable", 42, sampling.STEPS, sampling.CFG, "euler", "simple", *text, sampled[6], 6, 10000, "disable")[0]
    assert torch.allclose(staged["samples"], sampled[16]["samples"], atol=1e-3)


def test_decoded_clips_are_those_that_the_oracle_judged(vae, sampled):
    models, latents = shapes("models"), shapes("latents")
    with torch.inference_mode():
        frames = vae.decode(sampled[16]["samples"][:2])
    expected = models.decode(models.load_vae(), latents.normalise(sampled[16]["samples"][:2]))
    assert torch.allclose(frames.reshape(expected.shape), expected, atol=2e-3)


def test_scores_are_those_of_the_evaluation(stock, text, sampled, trained):
    tokens, prompts = shapes("training.tokens"), shapes("prompts")
    checkpoint = importlib.import_module(f"{PACKAGE}.prism_core.checkpoint")
    head = node("PrismLoadHead").execute("prism_shapes_head.safetensors").args[0]
    with torch.inference_mode():
        scores = node("PrismScoreLatents").execute(
            model=stock, head=head, positive=text[0], latent=sampled[6], steps=16, sampler_name="euler",
            scheduler="simple", end_at_step=6).args[0]
    words = torch.tensor([prompts.word_ids(prompts.parse(PROMPT))])
    view = tokens.backbone_view(shapes("models").load_backbone())
    module, _ = checkpoint.load_head(shapes("models").HEAD_FILE)
    expected = shapes("training.head").evaluate(module, view, trained[6][None], scores.sigma, words)[0]
    assert torch.allclose(scores.values, expected, atol=2e-3)
    assert scores.values.argmax() == expected.argmax()


def test_stock_previews_show_the_shape(vae, stock):
    """ComfyUI's own latent-to-RGB factors make a red circle reddish where it is, and leave the rest dark."""
    world, latents, models, prompts = (shapes(name) for name in ("world", "latents", "models", "prompts"))
    clip = world.clip(prompts.parse(PROMPT), 1)
    latent = latents.normalise(models.load_vae().encode(latents.to_video(clip[None])).latent_dist.mode())
    form = stock.get_model_object("latent_format")
    factors, bias = torch.tensor(form.latent_rgb_factors), torch.tensor(form.latent_rgb_factors_bias)
    shown = (latent[0, :, 0].movedim(0, -1) @ factors + bias + 1) / 2
    small = torch.nn.functional.avg_pool2d(clip[0].movedim(-1, 0), 8).movedim(0, -1)
    assert (shown - small).abs().mean() < 0.1
    inside = small[..., 0] > 0.5
    assert (shown[inside][:, 0] - shown[inside][:, 2]).mean() > 0.2
