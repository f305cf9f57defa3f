"""What pruning costs, counted at the model from outside, is what the cost model says."""

from __future__ import annotations

import comfy.samplers
import pytest
import torch
from conftest import BLOCKS, TAP, node, pack
from live_runs import FULL, STEPS, counted, finished, patched

DEPTH = TAP / BLOCKS
SAMPLERS = [name for name in comfy.samplers.SAMPLER_NAMES if name != "dpm_adaptive"]


@pytest.fixture(scope="session")
def predicted_cost(loaded, sampler_runs):
    """The formula for a schedule, with the model calls that the sampler makes before each step of a plain run."""
    cost, schedule, tables = pack("prism_core.cost"), pack("prism_core.schedule"), {}
    sigmas_of = pack("nodes.bridge.sigmas").schedule

    def table(sampler: str) -> tuple[list[int], torch.Tensor]:
        if sampler not in tables:
            calls = sampler_runs(sampler).plain.times[::2]    # of two groups each
            times = loaded.get_model_object("model_sampling").timestep(
                sigmas_of(loaded, STEPS, sampler, "simple")).tolist()
            reached = [next((call for call, at in enumerate(calls) if at <= time * (1 + 1e-4)), len(calls))
                       for time in times]
            tables[sampler] = [0, *reached[1:-1], len(calls)], sigmas_of(loaded, STEPS, sampler, "simple")
        return tables[sampler]

    def cost_of(rounds: str, sampler: str, share: float):
        calls, sigmas = table(sampler)
        steps = schedule.resolve(schedule.parse_schedule(rounds), sigmas, 4)
        return cost.predicted(steps, 4, calls, DEPTH, share)
    return cost_of


def compare(model, head, sample, expected, rounds: str, group: int = 2, **changes) -> None:
    pruning, conds = patched(model, head, rounds, group=group), 1 if changes.get("cfg") == 1.0 else 2
    with counted(model) as count:
        left = sample(None, pruning, **{**FULL, **changes})["samples"]
    check(finished(pruning, left).record.evaluations, count, expected, group, conds)


def check(found, count, expected, group: int, conds: int) -> None:
    assert (found.spent, found.probes, found.plain) == (expected.spent, expected.probes, expected.plain)
    assert sum(count.whole) == expected.spent * conds
    assert count.cut_short == expected.probes / DEPTH * conds    # a probe leaves the other prompt out
    assert max(count.begun) <= group * conds


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler(sampler_runs, predicted_cost, sampler):
    runs = sampler_runs(sampler)
    check(runs.done.record.evaluations, runs.cut, predicted_cost("2:2", sampler, 0.5), 2, 2)


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_sde"])
@pytest.mark.parametrize("rounds, cfg", [
    ("1:3, 2:2, 4:1", 2.0), ("3:3", 2.0), ("1:2", 1.0), ("2:3, 3:1", 1.0), ("5:1", 2.0), ("50%:1", 2.0)])
def test_every_kind_of_round(loaded, head, sample, predicted_cost, sampler, rounds, cfg):
    share = 1.0 if cfg == 1.0 else 0.5
    compare(loaded, head, sample, predicted_cost(rounds, sampler, share), rounds, cfg=cfg, sampler_name=sampler)


@pytest.mark.parametrize("group", [1, 3, 4, 9])
def test_no_model_call_holds_more_rows_than_its_group(loaded, head, sample, predicted_cost, group):
    compare(loaded, head, sample, predicted_cost("2:2", "euler", 0.5), "2:2", group=group)


def test_a_probe_is_made_only_where_it_saves(loaded, head, sample):
    def sources(rounds: str, cfg: float) -> dict[int, str]:
        pruning = patched(loaded, head, rounds)
        record = finished(pruning, sample(None, pruning, **{**FULL, "cfg": cfg})["samples"]).record
        return {watch.step: watch.source for watch in record.watches}
    # Probing 4 rows to half depth costs 1 evaluation with CFG and 2 without; the cut to 3 or 2 rows saves 1 or 2.
    free = dict.fromkeys(range(1, STEPS), "forward")
    assert sources("3:2", 2.0) == {**free, 3: "probe"}
    assert sources("3:3", 2.0) == sources("3:2", 1.0) == free
    assert sources("3:1", 1.0) == {1: "forward", 2: "forward", 3: "probe"}    # one row has nothing to be compared with


def test_a_drop_from_the_whole_forward_takes_effect_at_the_next_call(loaded, head, sample):
    pruning = patched(loaded, head, "3:2", group=4)
    with counted(loaded) as count:
        sample(None, pruning, **{**FULL, "cfg": 1.0})
    assert count.begun == count.whole == [4, 4, 4, 4, 2, 2]


def test_watching_changes_nothing_and_costs_no_evaluation(loaded, head, sample):
    """The first decision comes at the last step; until then scores are read from the calls that are made anyway."""
    pruning = patched(loaded, head, "5:3", group=4)
    with counted(loaded) as watched:
        left = sample(None, pruning, **FULL)["samples"]
    with counted(loaded) as plain:
        whole = sample(None, loaded, **FULL)["samples"]
    done = finished(pruning, left)
    assert torch.equal(left, whole[list(done.kept)]) and watched.whole == plain.whole
    assert [watch.step for watch in done.record.watches] == list(range(1, STEPS))


def test_scores_are_those_of_a_probe_of_the_same_state(loaded, head, sample, prompt):
    """Free scores, the live probe, and the score node on a latent that stopped there agree."""
    stopped = sample(None, **{**FULL, "end_at_step": 3, "return_with_leftover_noise": "enable"})
    with torch.inference_mode():
        expected = node("PrismScoreLatents").execute(
            model=loaded, head=head, positive=prompt(), latent=stopped, steps=STEPS, sampler_name="euler",
            scheduler="simple", end_at_step=3).args[0].values
    for rounds in ("3:1", "4:3"):
        pruning = patched(loaded, head, rounds)
        watch = finished(pruning, sample(None, pruning, **FULL)["samples"]).record.watches[2]
        assert watch.step == 3 and torch.allclose(torch.tensor(watch.scores), expected, atol=1e-4)


@pytest.mark.parametrize("sampler, source", [
    ("euler", "probe"), ("dpmpp_2m", "probe"), ("uni_pc", "probe"), ("dpm_2", "probe"), ("heun", "predictor"),
    ("dpm_2_ancestral", "predictor")])
def test_a_sigma_met_inside_an_earlier_step_is_recorded_as_such(loaded, head, sample, sampler, source):
    pruning = patched(loaded, head, "3:2")
    left = sample(None, pruning, **{**FULL, "sampler_name": sampler})["samples"]
    assert finished(pruning, left).record.watches[2].source == source


def test_fifty_steps_with_three_rounds_cost_at_most_1_7_clips(loaded, make_head, sample):
    head = node("PrismLoadHead").execute(make_head("wide.safetensors", sigma_range=(0.1, 1.0))).args[0]
    pruning = patched(loaded, head, "2:4, 5:2, 10:1", group=8)
    with counted(loaded) as count:
        left = sample({"samples": torch.zeros(8, 16, 3, 8, 8)}, pruning, **{**FULL, "steps": 50})["samples"]
    assert finished(pruning, left).record.clips <= 1.7
    assert (sum(count.whole) + count.cut_short * DEPTH) / 2 <= 1.7 * 50
