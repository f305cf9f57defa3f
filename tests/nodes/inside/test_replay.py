"""A choice can be repeated from its text: those rows only, from the first step, without a head."""

from __future__ import annotations

import comfy.samplers
import pytest
import torch
from conftest import pack
from live_runs import FULL, STEPS, advanced, counted, custom, empty, finished, patched

SAMPLERS = [name for name in comfy.samplers.SAMPLER_NAMES if name != "dpm_adaptive"]


def replaying(model, text: str, **changes):
    return patched(model, None, kept=text, **changes)


@pytest.fixture
def states(monkeypatch):
    """Whether what the sampler asked about was finite, dead rows included, for every model call."""
    run, seen = pack("nodes.bridge.run").Run, []
    given = run.calc

    def calc(self, executor, model, conds, x, *rest):
        seen.append(bool(torch.isfinite(x).all()))
        return given(self, executor, model, conds, x, *rest)
    monkeypatch.setattr(run, "calc", calc)
    return seen


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_replay_gives_the_survivors_again(loaded, sample, sampler, sampler_runs, states):
    """Also under samplers with noise of their own: dead rows keep their place in it, and stay finite."""
    text = sampler_runs(sampler).done.record.replay
    states.clear()
    replay = replaying(loaded, text)
    again = sample(None, replay, **FULL, sampler_name=sampler)["samples"]
    assert torch.equal(again, sampler_runs(sampler).left) and len(states) >= STEPS and all(states)
    record = finished(replay, again).record
    assert record.replay == text and record.policy == "replay" and record.watches == ()
    assert (record.evaluations.spent, record.evaluations.probes) == (record.evaluations.plain / 2, 0)


def test_dead_rows_stay_finite_and_are_never_sampled(loaded, sample):
    seen = []
    replay = replaying(loaded, "2", listeners=(lambda event: seen.append(event.get("rows")),))
    with counted(loaded) as count:
        left = sample(None, replay, **FULL, sampler_name="dpmpp_2m_sde")["samples"]
    assert torch.isfinite(left).all() and count.begun == [2] * STEPS
    assert {rows for rows in seen if rows is not None} == {(2,)}


def test_candidates_of_one_row_are_replayed_too(loaded, head, sample):
    pruning = patched(loaded, head)
    left = sample(empty(1), pruning, **FULL)["samples"]
    done = finished(pruning, left)
    replay = replaying(loaded, done.record.replay)
    again = sample(empty(1), replay, **FULL)["samples"]
    assert torch.equal(again, left) and finished(replay, again).seeds == done.seeds
    assert finished(replay, again).dropped_x0 is None


def test_all_candidates_of_one_row_may_be_named(loaded, sample):
    left = sample(empty(1), replaying(loaded, "0, 1, 2, 3"), **FULL)["samples"]
    assert len(left) == 4 and (left[0] - left[1]).abs().max() > 0.01


@pytest.mark.parametrize("change", [
    {"noise_seed": 12}, {"latent": empty(5)}, {"positive": "other"}, {"negative": "other"}])
def test_a_choice_is_not_applied_to_another_seed_or_prompt(loaded, head, sample, prompt, change):
    pruning = patched(loaded, head)
    text = finished(pruning, sample(None, pruning, **FULL)["samples"]).record.replay
    change = {name: prompt(seed=99) if value == "other" else value for name, value in change.items()}
    latent = change.pop("latent", None)
    with counted(loaded) as count, pytest.raises(ValueError, match="another run"):
        sample(latent, replaying(loaded, text), **FULL, **change)
    assert count.begun == []
    plain = sample(latent, replaying(loaded, text.split("#")[0]), **FULL, **change)["samples"]
    assert len(plain) == 2


def test_what_else_is_changed_does_not_matter(loaded, head, sample):
    pruning = patched(loaded, head)
    text = finished(pruning, sample(None, pruning, **FULL)["samples"]).record.replay
    assert len(sample(None, replaying(loaded, text), **{**FULL, "steps": 4, "sampler_name": "heun"})["samples"]) == 2


def test_rows_that_do_not_exist_are_refused(loaded, sample):
    with pytest.raises(ValueError, match="0 to 3|rows count from 0"):
        sample(None, replaying(loaded, "1, 7"), **FULL)


def test_a_replay_needs_no_schedule_that_fits(loaded, sample):
    assert len(sample(None, replaying(loaded, "1, 3", rounds="40:2"), **FULL)["samples"]) == 2


def test_a_head_is_not_loaded_for_a_replay(loaded, head, sample):
    replay = patched(loaded, head, kept="1, 3")
    assert not replay.get_additional_models()
    sample(None, replay, **FULL)


def test_a_second_pass_behind_a_replay_passes_untouched(loaded, sample):
    replay = replaying(loaded, "1, 3")
    left = sample(None, replay, **FULL)
    assert len(sample(left, replay, **FULL)["samples"]) == 2


def test_what_was_denoised_is_of_the_named_rows(loaded, prompt):
    def guider(model):
        return custom("CFGGuider").execute(model, prompt(), prompt(seed=6), 2.0).args[0]
    out, denoised = advanced(guider(replaying(loaded, "0, 2", group=4)))
    whole = advanced(guider(loaded))[1]["samples"]
    assert len(out["samples"]) == 2 and torch.allclose(denoised["samples"], whole[[0, 2]], atol=1e-3)
