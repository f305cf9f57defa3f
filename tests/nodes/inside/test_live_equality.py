"""Survivors of a pruned run are, bit for bit, the rows of the run without pruning, at equal group sizes on a CPU."""

from __future__ import annotations

import comfy.samplers
import pytest
import torch
from live_runs import FULL, finished, in_groups, patched

SAMPLERS = [name for name in comfy.samplers.SAMPLER_NAMES if name != "dpm_adaptive"]


@pytest.fixture
def difference(model, head, sample):
    """The largest difference between two survivors and the same rows of a run that drops nothing."""
    def run(base=None, latent=None, rounds: str = "2:2", patch: dict | None = None, size: int = 2, **changes):
        base, changes = base or model, {**FULL, **changes}
        pruning = patched(base, head, rounds, **{"group": size, **(patch or {})})
        whole = sample(latent, in_groups(base, size), **changes)["samples"]
        left = sample(latent, pruning, **changes)["samples"]
        done = finished(pruning, left)
        assert len(left) == len(done.kept) and torch.isfinite(whole).all() and whole.std() > 0.1
        assert all((whole[list(done.kept)] - whole[row]).abs().amax(dim=(1, 2, 3, 4)).min() > 0.01
                   for row in done.dropped)
        return (left - whole[list(done.kept)]).abs().max()
    return run


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler(sampler_runs, sampler):
    runs = sampler_runs(sampler)
    assert torch.isfinite(runs.whole).all() and runs.whole.std() > 0.1 and len(runs.left) == 2
    assert (runs.left - runs.whole[list(runs.done.kept)]).abs().max() == 0.0
    assert (runs.left - runs.whole[list(runs.done.dropped)]).abs().max() > 0.01


def test_a_sampler_that_never_meets_the_step(difference, model, head, sample):
    """dpm_fast walks sigmas of its own and ends above the last of the schedule; then the last scores decide."""
    assert difference(sampler_name="dpm_fast", rounds="5:2") == 0.0
    pruning = patched(model, head, "5:2")
    record = finished(pruning, sample(None, pruning, **{**FULL, "sampler_name": "dpm_fast"})["samples"]).record
    assert len(record.kept) == 2 and "never called the model at step 5" in record.warnings[0]
    assert {drop.step for drop in record.drops} == {5} and record.evaluations.spent == record.evaluations.plain


@pytest.mark.parametrize("scheduler", comfy.samplers.SCHEDULER_NAMES)
def test_every_scheduler(difference, scheduler):
    assert difference(scheduler=scheduler) == 0.0


@pytest.mark.parametrize("rounds, size, cfg", [
    ("1:3, 2:2, 4:1", 1, 2.0), ("2:3", 1, 2.0), ("2:2", 2, 1.0), ("50%:2", 2, 2.0), ("5:1", 1, 2.0),
    ("s0.95:2", 2, 2.0)])
def test_every_kind_of_round(difference, rounds, size, cfg):
    assert difference(rounds=rounds, size=size, cfg=cfg) == 0.0


def test_the_start_of_a_longer_schedule(difference):
    assert difference(end_at_step=4, return_with_leftover_noise="enable") == 0.0


@pytest.mark.parametrize("sampler", ["euler", "uni_pc", "dpmpp_2m_sde"])
def test_the_rest_of_a_schedule(difference, sample, sampler):
    half = sample(**{**FULL, "sampler_name": sampler, "end_at_step": 2, "return_with_leftover_noise": "enable"})
    rest = {"add_noise": "disable", "start_at_step": 2, "sampler_name": sampler}
    assert difference(latent=half, rounds="1:2", **rest) == 0.0
