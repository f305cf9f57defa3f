"""LATENT dictionaries: what is in them, whether they can be scored, and how to take rows out of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Any

import torch
from torch import Tensor

from .sigmas import received, weights_at

# A latent is refused when its grain is this many times weaker or stronger than its sigma allows. Fine detail of more
# than unit deviation counts as grain: dpmpp_2m_cfg_pp on Shapes reaches 1.81 times what is expected.
TOO_WEAK, TOO_STRONG = 1.5, 1.95
GAUSSIAN_MAD = 0.6745    # median |x| of a standard normal variable


def samples_of(latent: dict) -> Tensor:
    """The samples (N, ...) of a LATENT.

    Raises:
        ValueError: a latent of several streams (video with sound), an empty batch, or values that are not finite.
    """
    samples = latent["samples"]
    if getattr(samples, "is_nested", False):
        raise ValueError(
            "This latent holds several streams at once (video with sound). PRISM cannot take it apart yet: "
            "separate the video latent first.")
    if samples.ndim < 4 or 0 in samples.shape:
        raise ValueError(
            f"The latent has shape {tuple(samples.shape)}, which holds no candidates. Connect a batch of video latents "
            "(batch, channels, frames, height, width).")
    if not torch.isfinite(samples).all():
        raise ValueError(
            "The latent contains NaN or infinite values, so it is not a picture of anything. The sampler before it "
            "failed: check its cfg, precision and VAE, and run it again.")
    return samples


def candidates_of(latent: dict) -> list[int]:
    """The number by which each row is known: its `batch_index` where there is one, else its position."""
    count, index = len(samples_of(latent)), latent.get("batch_index")
    return list(range(count)) if index is None or len(index) != count else [int(i) for i in index]


def _take(value: Any, rows: list[int], count: int) -> Any:
    """The rows of an entry of batch length; any other entry is shared by all rows and stays as it is."""
    if isinstance(value, Tensor) and value.ndim and len(value) == count:
        return value[rows]
    if isinstance(value, (list, tuple)) and len(value) == count:
        return type(value)(value[row] for row in rows)
    return value


def _take_mask(mask: Tensor, rows: list[int], samples: Tensor) -> Tensor:
    """Rows of a noise mask, read as samplers read it: repeated to the batch; frames first below five dimensions."""
    if mask.ndim < max(3, samples.ndim if samples.ndim > 4 else 3):
        return mask
    return mask[[row % len(mask) for row in rows]]


def take_rows(latent: dict, rows: Sequence[int]) -> dict:
    """A new LATENT of these rows; every entry of batch length is sliced, and each row keeps its `batch_index`."""
    samples, candidates, rows = samples_of(latent), candidates_of(latent), list(rows)
    taken = {key: _take(value, rows, len(samples)) for key, value in latent.items()}
    if latent.get("noise_mask") is not None:
        taken["noise_mask"] = _take_mask(latent["noise_mask"], rows, samples)
    return {**taken, "batch_index": [candidates[row] for row in rows]}


def check_fits(model, samples: Tensor) -> None:
    """Refuse samples that this model cannot have made."""
    form = model.get_model_object("latent_format")
    expected = getattr(form, "latent_dimensions", 2) + 2
    if samples.ndim != expected:
        raise ValueError(
            f"The latent has {samples.ndim} dimensions {tuple(samples.shape)}, but this model works on {expected}. "
            "Connect the latent that this model's own sampler returned.")
    if samples.shape[1] != form.latent_channels:
        raise ValueError(
            f"The latent has {samples.shape[1]} channels, but this model works on {form.latent_channels}. "
            "Connect the latent that this model's own sampler returned.")


def grain(state: Tensor) -> Tensor:
    """Standard deviation (B,) of the white noise in a state (B, C, ..., H, W), picture content left out.

    Diagonal differences cancel smooth content, the median ignores edges, and the quietest quarter of the channels
    ignores textured ones.
    """
    d = state[..., 1:, 1:] - state[..., 1:, :-1] - state[..., :-1, 1:] + state[..., :-1, :-1]
    channels = d.abs().div(2 * GAUSSIAN_MAD).flatten(2).median(-1).values
    return channels.quantile(0.25, dim=1)


def check_noise(model, samples: Tensor, sigma: Tensor) -> None:
    """Refuse samples whose grain does not fit the sigma that they are said to stand at.

    Raises:
        ValueError: the samples are finished, empty, or scaled for another sigma.
    """
    state = received(model, samples, sigma)
    signal, noise = weights_at(model.get_model_object("model_sampling"), sigma)
    if not torch.isfinite(state).all() or not signal > 0:
        raise ValueError(
            f"At sigma {float(sigma):.4g} this model sees nothing but noise, so there is nothing to score. "
            "Stop the first sampler at least one step later.")
    if min(state.shape[-2:]) < 2 or not noise > 0:
        return
    level = grain(state)
    low, high = noise / TOO_WEAK, hypot(noise, signal) * TOO_STRONG
    wrong = [row for row, value in enumerate(level.tolist()) if not low <= value <= high]
    if wrong:
        raise ValueError(
            f"Candidate {wrong[0]} does not stand at sigma {float(sigma):.3f}: its noise is "
            f"{float(level[wrong[0]]):.3f} where {low:.3f} to {high:.3f} is possible. Either it is finished "
            "already, or it left its sampler at another step. Set 'return_with_leftover_noise' of the first KSampler "
            "Advanced to 'enable', and use the same model, steps, sampler, scheduler and end_at_step in both nodes.")
