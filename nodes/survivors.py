"""LATENTs of the candidates that a run kept or dropped, and their seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

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
    count = record.candidates if record.seeds is None else 1
    first = samples.unbind()[0] if getattr(samples, "is_nested", False) else samples
    stand_in = torch.zeros(count, *[1] * max(3, first.ndim - 1))    # take_rows needs its length and dimensions only
    taken = take_rows({**latent, "samples": stand_in}, rows if record.seeds is None else [0] * len(rows))
    taken |= {"samples": samples}
    if record.seeds is not None:
        del taken["batch_index"]
        taken[SEEDS] = seeds_of(record, rows)
    return taken


def seeds_of(record: RunRecord, rows: Sequence[int]) -> list[int]:
    """The seed of each row; rows of a batch all grew from the run's one seed."""
    return [record.seed if record.seeds is None else record.seeds[row] for row in rows]
