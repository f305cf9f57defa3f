"""Making candidates of a latent of one row: row i starts from the noise of seed + i."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import comfy.nested_tensor
import comfy.sample
import comfy.utils
import torch
from torch import Tensor

from .sigmas import flow_sigma

SEEDS = 2 ** 64
FULL_NOISE = 0.98    # of the model's own highest sigma: some schedules begin a little lower


@dataclass(frozen=True)
class Start:
    """What a sampler call begins with: tensors of N rows, or of one that is still to become N.

    shapes: of each stream of a latent that was packed into one tensor; of the latent itself otherwise.
    seeds: one a row, where the rows were made here.
    """

    noise: Tensor
    latent: Tensor
    mask: Tensor | None
    seed: int | None
    shapes: tuple[tuple[int, ...], ...]
    seeds: tuple[int, ...] | None = None

    @property
    def rows(self) -> int:
        return len(self.latent)

    @property
    def adds_noise(self) -> bool:
        return bool(torch.count_nonzero(self.noise))


def begins_anew(start: Start, sigmas: Tensor, model_sampling: Any) -> bool:
    """Whether a call makes a clip rather than goes on with one: from an empty latent, or from full noise."""
    if not torch.count_nonzero(start.latent):
        return True
    first, highest = (flow_sigma(model_sampling, float(sigma)) for sigma in (sigmas[0], model_sampling.sigma_max))
    return first >= FULL_NOISE * highest


def widen(start: Start, candidates: int) -> Start:
    """N rows of one, row i with the noise of seed + i.

    Raises:
        ValueError: the call adds no noise, or its noise is not that of its seed.
    """
    if not start.adds_noise:
        raise ValueError(
            f"PrismBestOfN cannot make {candidates} candidates of this latent: it has one row and this sampler call "
            "adds no noise, so all of them would be the same clip. Enable 'add_noise' here, connect a batch of "
            f"{candidates} rows, or give this sampler the model from before PrismBestOfN.")
    if start.seed is None:
        raise ValueError(
            f"PrismBestOfN cannot make {candidates} candidates of a latent of one row, because this sampler does not "
            f"say which seed its noise has. Connect a batch of {candidates} rows, such as an empty latent with "
            f"batch_size {candidates}.")
    seeds = tuple((start.seed + row) % SEEDS for row in range(candidates))
    # Backwards, so that the generator of all random numbers is left as a plain run of the first seed leaves it.
    noises = [_noise(start, seed) for seed in reversed(seeds)][::-1]
    if not torch.equal(noises[0], start.noise.to(noises[0])):
        raise ValueError(
            f"PrismBestOfN cannot make {candidates} candidates of this latent: its noise is not what seed "
            f"{start.seed} gives for one row. Either the latent carries a batch_index, or the noise comes from a node "
            f"of its own. Connect a batch of {candidates} rows, or ordinary noise.")
    return replace(start, noise=torch.cat(noises), latent=_repeated(start.latent, candidates),
                   mask=None if start.mask is None else _repeated(start.mask, candidates),
                   shapes=tuple((candidates, *shape[1:]) for shape in start.shapes), seeds=seeds)


def _repeated(tensor: Tensor, times: int) -> Tensor:
    return tensor[:1].repeat(times, *[1] * (tensor.ndim - 1))


def _noise(start: Start, seed: int) -> Tensor:
    """What ComfyUI's own nodes make of a seed for this latent."""
    if len(start.shapes) < 2:
        return comfy.sample.prepare_noise(start.latent, seed)
    streams = [torch.zeros(shape, dtype=start.latent.dtype) for shape in start.shapes]
    noise = comfy.sample.prepare_noise(comfy.nested_tensor.NestedTensor(streams), seed)
    return comfy.utils.pack_latents(noise.unbind())[0]


def masks_differ(mask: Tensor | None) -> bool:
    """Whether a noise mask (N, ...) is not the same for every row."""
    return mask is not None and len(mask) > 1 and not torch.equal(mask[:1].expand_as(mask), mask)


def check_prompts(conds: dict[str, Sequence[dict]], candidates: int) -> None:
    """Refuse prompts that fit neither all candidates nor one each, where the candidates are made here."""
    for name, entries in conds.items():
        for cond in entries:
            words = cond.get("cross_attn")
            if torch.is_tensor(words) and len(words) not in (1, candidates):
                raise ValueError(
                    f"PrismBestOfN makes {candidates} candidates, but the {name} conditioning is a batch of "
                    f"{len(words)} prompts. Give one prompt for all, or {candidates}, one for each.")
