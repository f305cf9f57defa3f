"""Survivors of a pruned run are, bit for bit, the rows of the run without pruning."""

from __future__ import annotations

import comfy.samplers
import pytest
import torch
from live_runs import PLAIN, finished, in_pairs, patched

SAMPLERS = [name for name in comfy.samplers.SAMPLER_NAMES if name != "dpm_adaptive"]


@pytest.fixture
def compare(model, head, sample):
    """Largest difference between survivors and the same rows of a run that drops nothing, at equal group sizes."""
    def run(base=None, latent=None, rounds: str = "3:2", patch: dict | None = None, **changes):
        base, changes = base or model, {"cfg": 2.0, **PLAIN, **changes}
        pruning = patched(base, head, rounds, **(patch or {}))
        whole = sample(latent, in_pairs(base), **changes)["samples"]
        kept = sample(latent, pruning, **changes)["samples"]
        done = finished(pruning, kept)
        assert len(kept) == len(done.kept) == 2 and torch.isfinite(whole).all() and whole.std() > 0.1
        assert len({tuple(row.flatten().tolist()) for row in kept}) == 2
        return (kept - whole[list(done.kept)]).abs().max()
    return run


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler(compare, sampler):
    assert compare(sampler_name=sampler) == 0.0
