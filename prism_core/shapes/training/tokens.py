"""What a head may look at: the backbone's hidden states, and the controls' poorer views of the same states."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..prompts import embed
from ..sampling import STEPS, simple_sigmas
from .states import States

TAP_BLOCK = 4
ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Tokens:
    """Views of P prompts x N candidates: visual by step (P, N, Lv, D) in float16, text (P, Lt, D), text_mask (P, Lt)."""

    visual: dict[int, Tensor]
    text: Tensor
    text_mask: Tensor


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


def forward_noised(states: States, seed: int = 0) -> dict[int, Tensor]:
    """The finished latents noised again to every step's sigma, with one noise a prompt (as the papers train)."""
    clean, sigmas = states.latents[STEPS], simple_sigmas()
    generator = torch.Generator().manual_seed(seed)
    noised = {}
    for step in states.latents:
        noise = torch.randn(clean[:, :1].shape, generator=generator)
        noised[step] = (1 - sigmas[step]) * clean + sigmas[step] * noise
    return noised


@torch.no_grad()
def backbone_tokens(model: nn.Module, latents: dict[int, Tensor], words: Tensor, *, block: int = TAP_BLOCK,
                    conditioning: Tensor | None = None) -> Tokens:
    """Tap every state. `conditioning` replaces the words the backbone is given (the shuffled-prompt control)."""
    given = embed(words if conditioning is None else conditioning)
    sigmas, visual = simple_sigmas(), {}
    for step, states in latents.items():
        rows = states.flatten(0, 1)
        text = given.repeat_interleave(states.shape[1], 0)
        taps = [tap(model, rows[i:i + ROWS_AT_ONCE], float(sigmas[step]), text[i:i + ROWS_AT_ONCE], block).half()
                for i in range(0, len(rows), ROWS_AT_ONCE)]
        visual[step] = torch.cat(taps).unflatten(0, states.shape[:2])
    return Tokens(visual, model.condition_embedder.text_embedder(given), given.abs().sum(-1) > 0)


def raw_tokens(latents: dict[int, Tensor], words: Tensor) -> Tokens:
    """Control: the latent's own 2x2 patches and the raw word vectors, no backbone at all."""
    def patches(x: Tensor) -> Tensor:
        x = x.unflatten(-1, (4, 2)).unflatten(-3, (4, 2))  # P N C T h 2 w 2
        return x.permute(0, 1, 3, 4, 6, 2, 5, 7).flatten(2, 4).flatten(3).half()

    text = embed(words)
    return Tokens({step: patches(x) for step, x in latents.items()}, text, text.abs().sum(-1) > 0)


def pooled(tokens: Tokens) -> Tokens:
    """Control: one mean token in place of all visual ones."""
    return Tokens({k: v.float().mean(2, keepdim=True).half() for k, v in tokens.visual.items()}, tokens.text, tokens.text_mask)
