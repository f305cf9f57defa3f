"""What the training of the miniature world stands on: the change of latent basis, and the bank of tokens."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("diffusers", reason="training needs the extra 'train'")

from prism_core.shapes import latents, sampling
from prism_core.shapes.training import bank, head, states, tokens, vae, whitening

DIRECTIONS = torch.randn(16, 16, generator=torch.Generator().manual_seed(0)) * torch.logspace(-1, 0.3, 16)


@pytest.fixture
def clips() -> torch.Tensor:
    """Latents whose directions differ twentyfold in size, around a mean of their own."""
    noise = torch.randn(64, 16, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    return torch.einsum("bcthw,dc->bdthw", noise, DIRECTIONS) + torch.linspace(-2, 2, 16).view(1, -1, 1, 1, 1)


def test_the_new_basis_is_even_and_previews_stay_the_same(clips):
    basis, offset = whitening.change_of_basis(clips)
    even = torch.einsum("dc,bcthw->bdthw", basis, clips) + offset.view(1, -1, 1, 1, 1)
    assert torch.allclose(latents.preview(even), latents.preview(clips), atol=1e-3)
    values = torch.linalg.eigvalsh(torch.cov((even - even.mean(0)).transpose(0, 1).flatten(1)))
    assert (values.sqrt() > 0.9 * whitening.DEVIATION).sum() >= 12


def test_folding_changes_the_latents_and_nothing_that_is_decoded(clips):
    torch.manual_seed(2)
    model, video = vae.build().eval(), torch.rand(1, 3, 5, 16, 16) * 2 - 1
    basis, offset = whitening.change_of_basis(clips)
    with torch.no_grad():
        before = latents.normalise(model.encode(video).latent_dist.mode())
        decoded = model.decode(latents.denormalise(before)).sample
        whitening.fold(model, basis, offset)
        after = latents.normalise(model.encode(video).latent_dist.mode())
        expected = torch.einsum("dc,bcthw->bdthw", basis, before) + offset.view(1, -1, 1, 1, 1)
        assert not torch.allclose(after, before, atol=0.1)
        assert torch.allclose(after, expected, atol=1e-3)
        assert torch.allclose(model.decode(latents.denormalise(after)).sample, decoded, atol=1e-3)


@pytest.fixture
def few() -> states.States:
    """Two prompts with three candidates each, at the steps 6 and 16."""
    generator = torch.Generator().manual_seed(3)
    kept = {step: torch.randn(2, 3, *sampling.LATENT_SHAPE, generator=generator) for step in (6, 16)}
    words = torch.tensor([[0, 8, 10, 15, 19, 22], [1, 9, 11, 16, 20, 23]])
    return states.States(kept, words, torch.rand(2, 3), torch.rand(2, 3, 5), torch.rand(2, 3, 2))


def test_noised_clips_of_a_prompt_share_their_noise(few):
    sigma, noised = float(sampling.simple_sigmas()[6]), bank.noised(few, 6)
    noise = (noised - (1 - sigma) * few.latents[16]) / sigma
    assert torch.allclose(noise[:, 0], noise[:, 2], atol=1e-5)
    assert not torch.allclose(noise[0], noise[1], atol=0.1)
    assert torch.equal(bank.noised(few, 6, slice(1, 2)), noised[1:])


def test_the_bank_gives_the_tokens_of_the_rows_asked_for(few, tmp_path, monkeypatch):
    monkeypatch.setattr(bank, "RUNS", tmp_path)
    stock = bank.load("raw", tokens.raw_view, few, (6,))
    prompts, rows = torch.tensor([1, 0]), torch.tensor([[2, 0], [1, 1]])
    visual, text, mask = stock.draw(6, "own", prompts, rows)
    expected = tokens.raw_view(few.latents[6][prompts[:, None], rows].flatten(0, 1), 0.9, few.words[prompts].repeat_interleave(2, 0))
    assert torch.allclose(visual, expected[0], atol=2e-3) and torch.equal(text, expected[1]) and torch.equal(mask, expected[2])
    assert stock.draw(6, "noised", prompts, rows)[0].shape == visual.shape
    pooled = bank.load("raw", tokens.raw_view, few, (6,), pooled=True).draw(6, "own", prompts, rows)[0]
    assert torch.allclose(pooled, visual.mean(1, keepdim=True))


def test_an_annotator_calls_close_candidates_equal(monkeypatch):
    monkeypatch.setattr(head, "ANNOTATOR_NOISE", 0.0)
    quality = torch.tensor([[[0.5], [0.505], [0.9]]])
    first, second = torch.triu_indices(3, 3, 1)
    labels = head.outcomes(quality, first, second, torch.Generator())
    assert labels[0, :, 0].tolist() == [0, -1, -1]
