"""What a head may look at: the backbone's hidden states, and the controls' poorer views of the same states."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..prompts import embed

TAP_BLOCK = 4
ROWS_AT_ONCE = 64

Tokens = tuple[Tensor, Tensor, Tensor]  # visual (B, Lv, Dv), text (B, Lt, Dt), text_mask (B, Lt)
View = Callable[[Tensor, float, Tensor], Tokens]  # (latents (B, 16, 3, 8, 8), sigma, words (B, 6)) -> Tokens


class _Tapped(Exception):
    """Ends the forward once the tap was read."""


@torch.no_grad()
def tap(model: nn.Module, x: Tensor, sigma: float, text: Tensor, block: int = TAP_BLOCK) -> Tensor:
    """Hidden states (B, 48, 192) after `block` blocks of diffusers' WanTransformer3DModel, conditional only."""
    found: list[Tensor] = []

    def stop(_module: nn.Module, _args: tuple, output: Tensor) -> None:
        found.append(output)
        raise _Tapped

    handle = model.blocks[block - 1].register_forward_hook(stop)
    try:
        model(x, torch.full((len(x),), sigma * 1000.0, device=x.device), text)
    except _Tapped:
        pass
    finally:
        handle.remove()
    return found[0]


def backbone_view(model: nn.Module, block: int = TAP_BLOCK) -> View:
    """What the backbone makes of a state, a few rows at a time."""
    @torch.no_grad()
    def view(latents: Tensor, sigma: float, words: Tensor) -> Tokens:
        text = embed(words).to(latents.device)
        visual = [tap(model, rows, sigma, given, block)
                  for rows, given in zip(latents.split(ROWS_AT_ONCE), text.split(ROWS_AT_ONCE))]
        return torch.cat(visual), model.condition_embedder.text_embedder(text), text.abs().sum(-1) > 0
    return view


def pooled(view: View) -> View:
    """Control: one mean token in place of all visual ones."""
    def mean(latents: Tensor, sigma: float, words: Tensor) -> Tokens:
        visual, text, mask = view(latents, sigma, words)
        return visual.mean(1, keepdim=True), text, mask
    return mean


def raw_view(latents: Tensor, sigma: float, words: Tensor) -> Tokens:
    """Control: the latent's own 2x2 patches and the raw word vectors, no backbone at all."""
    patches = latents.unflatten(-1, (4, 2)).unflatten(-3, (4, 2)).permute(0, 2, 3, 5, 1, 4, 6)  # B T h w C 2 2
    text = embed(words).to(latents.device)
    return patches.flatten(1, 3).flatten(2), text, text.abs().sum(-1) > 0
