"""Euler sampling of the tiny backbone outside ComfyUI, in the arithmetic of its stock sampler.

Used to make training states and to evaluate; a test holds it against ComfyUI's own KSampler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

SHIFT, STEPS, CFG = 8.0, 16, 1.0
LATENT_SHAPE = (16, 3, 8, 8)
Velocity = Callable[[Tensor, Tensor, Tensor], Tensor]  # (x, sigma (B,), text) -> velocity


def simple_sigmas(steps: int = STEPS, shift: float = SHIFT) -> Tensor:
    """ComfyUI's 'simple' schedule for a flow model with this shift: (steps + 1,), from 1 to 0."""
    t = torch.tensor([1000 - int(k * 1000 / steps) for k in range(steps)]) / 1000
    return torch.cat([shift * t / (1 + (shift - 1) * t), torch.zeros(1)])


def candidate_noise(seed: int, candidates: int) -> Tensor:
    """Initial noise (N, 16, 3, 8, 8) as a batch of N candidates gets it from one seed in ComfyUI."""
    return torch.randn(candidates, *LATENT_SHAPE, generator=torch.Generator().manual_seed(seed))


def guided(model: Velocity, x: Tensor, sigma: Tensor, text: Tensor, cfg: float) -> Tensor:
    """Classifier-free guidance; the unconditional text of the Shapes world is all zeros."""
    if cfg == 1.0:
        return model(x, sigma, text)
    both = model(torch.cat([x, x]), torch.cat([sigma, sigma]), torch.cat([text, torch.zeros_like(text)]))
    cond, uncond = both.chunk(2)
    return uncond + cfg * (cond - uncond)


@torch.no_grad()
def euler(model: Velocity, noise: Tensor, text: Tensor, *, sigmas: Tensor, cfg: float = CFG,
          keep_steps: Iterable[int] = ()) -> dict[int, Tensor]:
    """Sample from pure noise (B, 16, T, H, W) along `sigmas`.

    Returns:
        The state before each step named in `keep_steps`, and the finished latent under the last step's number.
    """
    wanted, states, x = set(keep_steps), {}, noise * sigmas[0]
    for step, (sigma, following) in enumerate(zip(sigmas[:-1], sigmas[1:])):
        if step in wanted:
            states[step] = x
        x = x + (following - sigma) * guided(model, x, sigma.expand(len(x)).to(x), text, cfg)
    return states | {len(sigmas) - 1: x}
