"""LATENTs of the candidates that a run kept or dropped, and their seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..prism_core.record import RunRecord
from .bridge.latents import take_rows

UNTOUCHED = "none"       # policy in the record of a sampler call that had nothing to prune
SEEDS = "prism_seeds"    # entry of a LATENT: the seed of each row, where PRISM made the rows


def of_rows(latent: dict, samples: Any, rows: Sequence[int], record: RunRecord) -> dict:
    """A LATENT of these samples, one a row of the run; every other entry is cut down to the same rows.

    latent: what the sampler took or gave; its other entries are of all candidates, or of the one that they were made
    from. Candidates that were made here are known by their seeds, others by their `batch_index`.
    """
    if record.policy == UNTOUCHED:
        return latent
    count, taken_rows = (record.candidates, list(rows)) if record.seeds is None else (1, [0] * len(rows))
    mask = latent.get("noise_mask")
    streams = [_rest({**latent, "noise_mask": part}, first, count, taken_rows)
               for part, first in zip(_streams(mask), _streams(samples))]
    taken = {**streams[0], "samples": samples}
    if mask is None:
        taken.pop("noise_mask", None)
    elif getattr(mask, "is_nested", False):
        taken["noise_mask"] = type(mask)([stream["noise_mask"] for stream in streams])
    if record.seeds is not None:
        del taken["batch_index"]
        taken[SEEDS] = seeds_of(record, rows)
    return taken


def _streams(value: Any) -> list:
    """A latent of video with sound holds two tensors in one."""
    return list(value.unbind()) if getattr(value, "is_nested", False) else [value]


def _rest(latent: dict, samples: Tensor, count: int, rows: list[int]) -> dict:
    """Everything but the samples, of which only the number and the dimensions matter."""
    return take_rows({**latent, "samples": torch.zeros(count, *[1] * max(3, samples.ndim - 1))}, rows)


def seeds_of(record: RunRecord, rows: Sequence[int]) -> list[int]:
    """The seed of each row; rows of a batch all grew from the run's one seed."""
    return [record.seed if record.seeds is None else record.seeds[row] for row in rows]
