"""The chart's numbers, worked out on the page, against those of prism_core; in Node, without a browser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from prism_core.cost import call_table, predicted
from prism_core.forecast import Forecast
from prism_core.schedule import ScheduleError, parse_schedule, resolve
from tests.web.in_node import COST, CURVES, KNOBS, PACE, evaluate
from tests.web.views import sentence

SCHEDULES = [
    [(1, 1)], [(5, 2)], [(3, 7)], [(2, 4), (5, 2), (10, 1)], [(19, 1)], [(1, 31)],
]


def test_cost_is_that_of_the_core() -> None:
    settings = [(rounds, candidates, steps, calls, depth, share)
                for rounds in SCHEDULES for candidates in (2, 8, 32)
                for steps, calls in ((20, 20), (20, 39), (20, 40), (50, 50))
                for depth, share in ((0.25, 0.5), (0.9, 1.0), (1.0, 1.0))]
    found = evaluate("""value.map(([rounds, candidates, steps, calls, depth, share]) =>
        readout.predicted(rounds, candidates, readout.callTable(steps, calls), depth, share))""", settings)
    for (rounds, candidates, steps, calls, depth, share), cost in zip(settings, found, strict=True):
        each = -(-calls // steps)
        table = call_table([min(each * step, calls) for step in range(steps + 1)])
        told = predicted(rounds, candidates, table, depth, share)
        assert (cost["spent"], cost["probes"], cost["plain"]) == pytest.approx((told.spent, told.probes, told.plain))


def test_schedules_are_read_as_the_core_reads_them() -> None:
    sigmas = torch.linspace(1, 0, 21)
    texts = ["2:4, 5:2", " 2 : 4 ,20%:2,", "2:4, 10%:2", "s0.93:3", "S 0.5:1", "99%:1", "1%:1", "x:2", "2:", ":2", "2",
             "2:4,,5:2", ",", "2.5:1", "0%:1", "100%:1", "s0:1", "s1.5:1", "s:1", "%:1", "5:2, 2:1", "2:9",
             "2:4, s.5:2", "12.5%:7"]
    found = evaluate("""value[0].map((text) => {
        const rounds = schedule.roundsOf({ schedule: text }, value[1]);
        return readout.obstacleTo(rounds, 20, 9) ? null : rounds.map(({ step, keep }) => [step, keep]);
    })""", [texts, sigmas.tolist()])
    for text, rounds in zip(texts, found, strict=True):
        try:
            expected = [list(pair) for pair in resolve(parse_schedule(text), sigmas, 9)]
        except ScheduleError:
            expected = None
        assert rounds == expected, text


@pytest.mark.parametrize(("schedule", "index", "moved"), [
    ("2:4, 5:2", 1, "2:4, 9:2"), (" 2 :4,5:2,", 0, " 9 :4,5:2,"), ("10%:4, 7:2", 1, "10%:4, 9:2")])
def test_moving_a_cut_leaves_the_rest_as_written(schedule: str, index: int, moved: str) -> None:
    assert evaluate("schedule.withStep(...value)", [schedule, index, 9]) == moved


@pytest.mark.parametrize(("changes", "survivors"), [
    ({}, {"rows": [1], "unknown": "", "step": 0}),
    ({"keep": 2}, {"rows": [1, 2], "unknown": "", "step": 0}),       # of equals the first
    ({"schedule": "1:3, 2:1"}, {"rows": [3], "unknown": "", "step": 0}),   # who is left was scored again
    ({"pruneStep": 2}, {"rows": [], "unknown": "dropped", "step": 2}),
    ({"pruneStep": 3}, {"rows": [], "unknown": "dropped", "step": 3})])
def test_who_would_have_been_kept(changes: dict[str, Any], survivors: dict[str, Any]) -> None:
    assert evaluate("readout.read(value[0], value[1], 1).survivors", [CURVES, KNOBS | changes]) == survivors


def test_before_the_first_drop_a_step_without_scores_is_unscored() -> None:
    found = evaluate("readout.read(value[0], value[1], 3).survivors", [CURVES | {"watches": CURVES["watches"][:1]},
                                                                      KNOBS | {"pruneStep": 2}])
    assert found["unknown"] == "unscored"


def test_time_is_that_of_the_calls_of_the_finished_run() -> None:
    reading = evaluate("readout.read(value[0], value[1], 1)", [CURVES | {"cost": COST, "pace": PACE}, KNOBS])
    told = predicted([(1, 1)], 4, 4, 0.4, 0.5)
    assert (reading["cost"]["phases"], reading["cost"]["probed"]) == ([[4, 1], [1, 3]], [4])
    assert reading["seconds"] == {"taken": 6 + 3 * 3 + 2, "all": 4 * 6, "least": False}
    assert reading["cost"]["spent"] == told.spent and reading["cost"]["probes"] == told.probes
    assert reading["chance"] == {"value": 0.5, "low": 0.4, "high": 0.6} and reading["other"]["keep"] == 2


@pytest.mark.parametrize(("calls", "rows", "seconds"), [
    ([[1, 2, 3.0], [4, 1, 6.0]], 2, 4.0), ([[1, 2, 3.0], [4, 1, 6.0]], 8, 10.0), ([[4, 9, 6.0]], 2, 3.0),
    ([[2, 1, 4.0], [4, 1, 6.0], [8, 1, 8.0]], 6, 7.0), ([[4, 1, 6.0], [8, 1, 8.0]], 1, 4.5),
    ([[4, 3, 6.0], [8, 1, 4.0]], 4, 5.5), ([[1, 1, 6.0], [8, 1, 5.0]], 16, 5.5), ([[8, 1, 6.0], [9, 1, 8.0]], 1, 0.75)])
def test_seconds_of_calls_with_other_numbers_of_candidates(calls: list[Any], rows: int, seconds: float) -> None:
    assert evaluate("pace.callSeconds(...value)", [calls, rows]) == pytest.approx(seconds)


@pytest.mark.parametrize(("share", "seconds"), [(0.2, 2.0), (0.0, 3.0)])
def test_the_last_candidate_is_not_scored_any_more(share: float, seconds: float) -> None:
    cost = {"phases": [[1, 1]], "probed": [], "calls": 1, "candidates": 4}
    pace = {"setup": 0.0, "calls": [[2, 1, 4.0], [4, 1, 6.0]], "probes": []}
    assert evaluate("pace.secondsOf(...value).taken", [pace, cost, share]) == pytest.approx(seconds)


@pytest.mark.parametrize(("changes", "obstacle"), [
    ({"pruneStep": 4}, "outside"), ({"keep": 4}, "nobody"), ({"schedule": "a"}, "unreadable"),
    ({"schedule": "2:2, 1:1"}, "order"), ({"schedule": "1:2, 2:2"}, "nobody")])
def test_settings_that_cannot_run(changes: dict[str, Any], obstacle: str) -> None:
    reading = evaluate("readout.read(value[0], value[1], null)", [CURVES, KNOBS | changes])
    assert reading["obstacle"] == obstacle and reading["cost"] is None


def test_a_replay_counts_only_what_it_makes() -> None:
    cost = {"seconds": 30.0, "spent": 4.0, "probes": 0.0, "plain": 4.0}
    assert evaluate("readout.read(value[0], value[1], null).cost.plain", [CURVES | {"cost": cost}, KNOBS]) == 16


def said(curves: dict[str, Any], knobs: dict[str, Any], head: str = "head") -> str:
    """The read-out as text."""
    return " ".join(evaluate("words.lines(readout.read(value[0], value[1], 1), value[0], value[2], value[1])",
                             [curves, knobs, head]))


def test_the_read_out_in_words() -> None:
    cost, pace = COST | {"seconds": 1120.0}, {"setup": 100.0, "calls": [[1, 3, 140.0], [4, 1, 360.0]], "probes": []}
    text = said(CURVES | {"cost": cost, "pace": pace}, KNOBS)
    assert "takes about 14 min and saves 9.8 min of the 24 min for all (41 %)" in text, text
    assert "This run took 19 min and saved about 11 min: finishing all would have taken about 30 min." in text
    assert "This run took 19 min and finished everybody." in said(
        CURVES | {"cost": cost | {"spent": 16.0, "probes": 0.0}, "pace": pace | {"calls": [[4, 3, 260.0]]}}, KNOBS)
    assert "Keeping 1 of 4 here keeps the best in about 5 runs of 10; keeping 2, in about 7." in text
    assert "This run would have kept candidate 1 here." in text
    assert "seconds" not in text and "sigma" not in text
    restless = pace | {"calls": [[1, 1, 6.1], [4, 2, 6.0]], "setup": 0.0}
    assert "takes about 24 s, as long as dropping nobody." in said(CURVES | {"pace": restless, "depth": 0.0}, KNOBS)
    assert "unknown" in said(CURVES, KNOBS | {"pruneStep": 2})
    assert "costs as much as finishing" in said(CURVES, KNOBS)


def test_what_fewer_take_is_the_least_until_a_run_has_had_fewer() -> None:
    watched = CURVES | {"cost": COST | {"spent": 16.0}, "pace": PACE | {"calls": [[4, 4, 6.0]], "probes": []}}
    text = said(watched, KNOBS)
    assert "takes at least 12 s of the 24 s for all; no run has shown yet how long fewer take" in text, text
    assert evaluate("suggest.suggest(value, 4, { kind: 'chance', least: 0.1 }).option.least", watched)
    others = KNOBS | {"candidates": 6}
    assert "takes about" in said(watched, others), "more candidates than ever ran may take less than their share"


def test_what_is_not_known_is_said() -> None:
    unmeasured = CURVES | {"retention": [None] * 5}
    assert "was not measured" in said(unmeasured, KNOBS)
    assert "Without a head" in said(unmeasured | {"depth": None, "watches": []}, KNOBS, "")
    assert "This run had 4 candidates" in said(CURVES, KNOBS | {"candidates": 6})
    assert "At step 3" in said(CURVES, KNOBS | {"pruneStep": 3})
    assert "LoRA" not in said(CURVES, KNOBS)
    assert "was not measured with this LoRA:" in said(CURVES | {"loras": [""]}, KNOBS)
    assert "with these LoRAs (a, b)" in said(CURVES | {"loras": ["a", "b"]}, KNOBS)


@pytest.mark.parametrize(("steps", "words"), [(4, "With 4 steps, pruning as early as step 1 to keep 1 saves 51 %"),
                                              (9, "")])
def test_with_few_steps_it_says_what_pruning_can_save(steps: int, words: str) -> None:
    sigmas = [1 - step / steps for step in range(steps + 1)]
    cost = predicted([(1, 1)], 4, 4, 0.4, 0.5)
    assert round(100 * cost.saved / cost.plain) == 51
    text = said(CURVES | {"sigmas": sigmas}, KNOBS | {"pruneStep": 2})
    assert words in text and ("With" in text) == bool(words)


def test_figures_are_left_to_the_details() -> None:
    cards = [{"row": 0, "reason": None}, {"row": 2, "reason": sentence("rank 4 of 4 at step 1")}]
    text = " ".join(evaluate("details.details(readout.read(value[0], value[1], 1), ...value)",
                             [CURVES | {"cost": COST, "pace": PACE}, KNOBS | {"policy": "racing"}, cards]))
    for words in ("(sigma) 0.900", "in 70 % of pairs at step 1 (65 to 75 %)", "in 50 % of runs", "between 40 % and 60 %",
                  "One step of 4 candidates took 6 s", "Before its first step this run took 4 s",
                  "Candidate 2: rank 4 of 4 at step 1.", "only the budget"):
        assert words in text, (words, text)
    assert "Candidate 0" not in text


def joint(rounds: list[tuple[int, int]], candidates: int, correlations: list[float]) -> float:
    """How often the best survives, as the page works it out."""
    return evaluate("joint.surviving(value[0].map(([step, keep]) => ({ step, keep })), value[1], value[2])",
                    [rounds, candidates, correlations])


@pytest.mark.parametrize(("keep", "candidates", "accuracy"), [(1, 8, 0.7), (4, 8, 0.8), (2, 16, 0.75)])
def test_one_cut_is_as_sure_as_the_core_has_it(keep: int, candidates: int, accuracy: float) -> None:
    entry = {"sigma": 0.5, "accuracy": accuracy, "low": accuracy, "high": accuracy, "pairs": 9000,
             "retention": {"2": {"1": 0.7}}}
    forecast = Forecast([entry], (0.0, 1.0))
    found = joint([(5, keep)], candidates, [forecast.correlations(0.5, candidates)[keep - 1]])
    assert found == pytest.approx(forecast.retention(0.5, candidates)[keep - 1].value, abs=0.03)


def test_several_cuts_lose_the_best_as_a_simulation_of_theirs_does() -> None:
    """Scores that see more and more of one and the same evidence, drawn anew and not as the page does it."""
    rounds, correlations = [(2, 4), (5, 2), (9, 1)], [0.4, 0.6, 0.75]
    generator = np.random.default_rng(1)
    quality, path = generator.standard_normal((20_000, 8)), np.zeros((20_000, 8))
    alive, seen = np.ones((20_000, 8), bool), 0.0
    for (_, keep), correlation in zip(rounds, correlations, strict=True):
        known = correlation**2 / (1 - correlation**2)
        path += (known - seen) * quality + np.sqrt(known - seen) * generator.standard_normal(quality.shape)
        seen = known
        floor = np.sort(np.where(alive, path, -np.inf), 1)[:, -keep][:, None]
        alive &= path >= floor
    truth = alive[np.arange(len(quality)), quality.argmax(1)].mean()
    assert joint(rounds, 8, correlations) == pytest.approx(truth, abs=0.03)


def test_several_cuts_are_told_together() -> None:
    odds = [[0.4, 0.3, 0.5], [0.8, 0.7, 0.9], [0.9, 0.8, 1.0]]
    curves = CURVES | {"retention": [None, odds, odds, None, None], "correlation": [None, [0.6] * 3, [0.7] * 3, None, None]}
    reading = evaluate("readout.read(value[0], value[1], 2)", [curves, KNOBS | {"schedule": "1:2, 2:1"}])
    assert reading["joint"]["low"] == pytest.approx(0.2) and reading["joint"]["high"] == 0.8
    assert reading["joint"]["low"] < reading["joint"]["value"] < 0.8
    assert "All cuts together keep the best in about" in said(curves, KNOBS | {"schedule": "1:2, 2:1"})
    early = curves | {"correlation": [None, [0.6] * 3, None, None, None], "retention": [None, odds, None, None, None]}
    assert "the others can only lose more" in said(early, KNOBS | {"schedule": "1:2, 2:1"})


def test_answers_that_are_no_chart_are_left_out() -> None:
    broken = [None, {}, CURVES | {"sigmas": []}, CURVES | {"watches": [{"step": 1}]},
              CURVES | {"cost": {"seconds": "1"}}, CURVES | {"pace": {"setup": 1.0, "calls": [[1, 2]], "probes": []}},
              CURVES | {"loras": [1]}]
    assert evaluate("value.map((told) => curves.isCurves(told))", [CURVES, *broken]) == [True] + [False] * len(broken)
