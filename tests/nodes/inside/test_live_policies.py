"""Other policies than the best scores: a race with its own steps and budget, and unlike candidates."""

from __future__ import annotations

import pytest
import torch
from conftest import node
from live_runs import FULL, counted, finished, in_groups, patched

DEPTH = 0.5
STEPS = 10


@pytest.fixture(scope="session")
def measured(make_head):
    """A head whose file states how reliable it is, and that it is worth nothing in the noisiest steps."""
    entries = tuple({"sigma": sigma, "accuracy": accuracy, "low": accuracy - 0.04, "high": accuracy + 0.04,
                     "pairs": 1000, "retention": {}} for sigma, accuracy in ((0.99, 0.5), (0.95, 0.65), (0.5, 0.8)))
    return node("PrismLoadHead").execute(make_head("measured.safetensors", reliability=entries)).args[0]


def race(model, head, sample, rounds: str = "4:2", compared: bool = False, **changes):
    settings = {**FULL, "steps": STEPS, **{key: changes.pop(key) for key in ("sampler_name", "cfg") if key in changes}}
    latent = {"samples": torch.zeros(6, 16, 3, 8, 8)}
    pruning = patched(model, head, rounds, policy="racing", group=1, **changes)
    with counted(model) as count:
        left = sample(latent, pruning, **settings)["samples"]
    done = finished(pruning, left)
    if compared:
        whole = sample(latent, in_groups(model, 1), **settings)["samples"]
        assert torch.equal(left, whole[list(done.kept)])
    conds = 1 if settings["cfg"] == 1.0 else 2
    found = done.record.evaluations
    assert (sum(count.whole), count.cut_short) == (found.spent * conds, found.probes / DEPTH * conds)
    return done.record


@pytest.mark.parametrize("budget", [3.5, 5.0])
@pytest.mark.parametrize("cfg", [1.0, 2.0])
def test_a_race_ends_with_its_number_within_its_budget(loaded, measured, sample, budget, cfg):
    record = race(loaded, measured, sample, budget=budget, cfg=cfg, compared=True)
    assert len(record.kept) == 2 and record.policy == "racing"
    assert record.clips <= budget + 1e-6


def test_without_a_budget_it_may_cost_what_the_schedule_costs(loaded, measured, sample):
    schedule = patched(loaded, measured, "4:2", group=1)
    left = sample({"samples": torch.zeros(6, 16, 3, 8, 8)}, schedule, **{**FULL, "steps": STEPS})["samples"]
    assert race(loaded, measured, sample).clips <= finished(schedule, left).record.clips + 1e-6


@pytest.mark.parametrize("sampler", ["heun", "dpmpp_2m_sde"])
def test_samplers_with_several_calls_or_noise_of_their_own(loaded, measured, sample, sampler):
    assert len(race(loaded, measured, sample, budget=4.0, sampler_name=sampler, compared=True).kept) == 2


def test_steps_at_which_the_head_is_worth_nothing_are_waited_for(loaded, measured, sample):
    record = race(loaded, measured, sample, budget=5.0)
    assert min(drop.step for drop in record.drops) > 1 and "Racing waits" in record.warnings[0]


def test_several_rounds_name_the_steps(loaded, measured, sample):
    record = race(loaded, measured, sample, rounds="4:3, 7:2", budget=5.0)
    assert {drop.step for drop in record.drops} <= {4, 7}


def test_a_budget_that_covers_no_race_is_refused(loaded, measured, sample):
    with pytest.raises(ValueError, match="PrismBestOfN: .*does not cover this race"):
        race(loaded, measured, sample, budget=2.01)


def test_a_head_that_was_never_measured_cannot_race(loaded, head, sample):
    with pytest.raises(ValueError, match="PrismBestOfN: .*policy top-k"):
        race(loaded, head, sample)


@pytest.mark.parametrize("rounds", ["4:3", "4:2"])
def test_diverse_chooses_among_near_equals_by_features(loaded, measured, sample, rounds):
    """The head's scores lie close together, so its features decide, from a forward and from a probe."""
    told: list[dict] = []
    scored, diverse = (patched(loaded, measured, rounds, policy=policy, group=2, listeners=(told.append,))
                       for policy in ("top-k", "diverse"))
    records = [finished(model, sample(None, model, **FULL)["samples"]).record for model in (scored, diverse)]
    assert [len(record.kept) for record in records] == [int(rounds[-1])] * 2
    assert records[1].warnings == () and not measured.patcher.model.norm_pooled._forward_hooks
    best = max(range(4), key=lambda row: next(w.scores for w in records[1].watches if w.step == 4)[row])
    assert best in records[1].kept
    assert any("most like candidate" in drop.reason for drop in records[1].drops)


def test_a_policy_that_there_is_not(loaded, head):
    with pytest.raises(ValueError, match="PrismBestOfN knows no policy"):
        patched(loaded, head, policy="best")


@pytest.mark.parametrize("policy", ["racing", "diverse"])
def test_a_run_that_is_only_watched_asks_its_policy_all_the_same(loaded, measured, sample, policy):
    kept = []
    for watch in (True, False):
        model = patched(loaded, measured, "4:2", policy=policy, group=1, watch=watch)
        left = sample({"samples": torch.zeros(6, 16, 3, 8, 8)}, model, **{**FULL, "steps": STEPS})["samples"]
        kept.append(finished(model, left).record.chosen)
        assert len(left) == (6 if watch else 2)
    assert kept[0] == kept[1]
