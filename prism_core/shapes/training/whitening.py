"""Give the latents of a trained VAE about unit variance in every direction, without changing what it can show.

An autoencoder keeps much of what matters in directions of tiny variance, which a diffusion model then
finds under the noise last and renders worst. A linear change of basis, folded into the VAE's outermost
convolutions, evens that out. The three directions that stock previews read stay as they are.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor

from ..latents import CHANNELS, MEAN, RGB_FACTORS, STD

DEVIATION = 1.25         # of what differs between clips; most of a clip is background, which does not
FLOOR = 0.2              # directions below this deviation stay below: they are mostly the encoder's own noise


def change_of_basis(latents: Tensor) -> tuple[Tensor, Tensor]:
    """A (16, 16) and b (16,) of z' = A z + b for normalised latents (B, 16, T, H, W) of some clips."""
    complete = torch.linalg.qr(torch.cat([RGB_FACTORS, torch.eye(CHANNELS)], 1)).Q
    shown, rest = complete[:, :3], complete[:, 3:]
    differs = torch.einsum("bcthw,ck->kbthw", latents - latents.mean(0), rest).flatten(1)
    variance, directions = torch.linalg.eigh(differs @ differs.T / differs.shape[1])
    directions = rest @ directions
    scaled = directions * (DEVIATION / variance.clamp(min=FLOOR ** 2).sqrt()) @ directions.T
    return shown @ shown.T + scaled, -scaled @ latents.mean((0, 2, 3, 4))


@torch.no_grad()
def fold(vae: AutoencoderKLWan, basis: Tensor, offset: Tensor) -> None:
    """Make `vae` encode into, and decode from, normalised latents z' = basis z + offset.

    The model keeps Wan's own mean and deviation around its latents, so the change is made inside them.
    """
    into, out = torch.diag(STD) @ basis @ torch.diag(1 / STD), torch.diag(STD) @ basis.inverse() @ torch.diag(1 / STD)
    last, first = vae.quant_conv, vae.post_quant_conv
    weight, bias = last.weight[:CHANNELS].flatten(1), last.bias[:CHANNELS]
    last.weight[:CHANNELS] = (into @ weight).view_as(last.weight[:CHANNELS])
    last.bias[:CHANNELS] = into @ (bias - MEAN) + STD * offset + MEAN
    weight = first.weight.flatten(1).clone()
    first.bias += weight @ (MEAN - out @ (MEAN + STD * offset))
    first.weight.copy_((weight @ out).view_as(first.weight))
