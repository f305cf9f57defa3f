"""The chart's numbers, worked out on the page, against those of prism_core; in Node, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
import torch

from launcher import layout
from prism_core.cost import call_table, predicted
from prism_core.schedule import ScheduleError, parse_schedule, resolve

PAGE = layout.ROOT / "web" / "prism"
CURVES = {"candidates": 4, "sigmas": [1.0, 0.9, 0.6, 0.3, 0.0], "share": 0.5, "depth": 0.4, "cost": None,
          "watches": [{"step": 1, "rows": [0, 1, 2, 3], "scores": [0.1, 0.9, 0.5, 0.5]},
                      {"step": 2, "rows": [1, 2, 3], "scores": [0.2, 0.4, 0.9]}],
          "retention": [None, [[0.5, 0.4, 0.6], [0.7, 0.6, 0.8], [0.9, 0.8, 1.0]], None, None, None]}
KNOBS = {"candidates": 4, "pruneStep": 1, "keep": 1, "schedule": "", "policy": "top-k", "settable": True}
SCHEDULES = [
    [(1, 1)], [(5, 2)], [(3, 7)], [(2, 4), (5, 2), (10, 1)], [(19, 1)], [(1, 31)],
]


def evaluate(expression: str, value: Any = None) -> Any:
    """What JavaScript makes of a value, with the page's modules at hand."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node on this machine (Debian: apt install nodejs)")
    modules = "\n".join(f'import * as {name} from "{(PAGE / f"{name}.mjs").as_uri()}";'
                        for name in ("readout", "schedule", "curves", "chart_words"))
    script = f"{modules}\nconst value = {json.dumps(value)};\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run([node, "--input-type=module", "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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


def test_time_is_that_of_the_finished_run() -> None:
    cost = {"seconds": 30.0, "spent": 14.0, "probes": 1.0, "plain": 16.0}
    reading = evaluate("readout.read(value[0], value[1], 1)", [CURVES | {"cost": cost}, KNOBS])
    told = predicted([(1, 1)], 4, 4, 0.4, 0.5)
    assert reading["pace"] == 2.0
    assert reading["cost"]["spent"] == told.spent and reading["cost"]["probes"] == told.probes
    waited = evaluate("readout.read(value[0], value[1], 1, true)", [CURVES | {"cost": cost}, KNOBS])
    assert waited == reading | {"pace": None}
    assert reading["chance"] == {"value": 0.5, "low": 0.4, "high": 0.6} and reading["other"]["keep"] == 2


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
    return " ".join(evaluate("chart_words.lines(readout.read(value[0], value[1], 1), value[0], value[2], value[1])",
                             [curves, knobs, head]))


def test_the_read_out_in_words() -> None:
    cost = {"seconds": 600.0, "spent": 7.0, "probes": 0.8, "plain": 16.0}
    text = said(CURVES | {"cost": cost}, KNOBS)
    assert "takes about 10 min" in text and "of the 21 min for all" in text, text
    assert "Keeping 1 of 4 here keeps the best in about 5 runs of 10; keeping 2, in about 7." in text
    assert "This run would have kept candidate 1 here." in text
    assert "seconds" not in text and "sigma" not in text
    assert "unknown" in said(CURVES, KNOBS | {"pruneStep": 2})
    assert "costs as much as finishing" in said(CURVES, KNOBS)


def test_what_is_not_known_is_said() -> None:
    unmeasured = CURVES | {"retention": [None] * 5}
    assert "was not measured" in said(unmeasured, KNOBS)
    assert "Without a head" in said(unmeasured | {"depth": None, "watches": []}, KNOBS, "")
    assert "This run had 4 candidates" in said(CURVES, KNOBS | {"candidates": 6})
    assert "At step 3" in said(CURVES, KNOBS | {"pruneStep": 3})


def test_answers_that_are_no_chart_are_left_out() -> None:
    broken = [None, {}, CURVES | {"sigmas": []}, CURVES | {"watches": [{"step": 1}]},
              CURVES | {"cost": {"seconds": "1"}}]
    assert evaluate("value.map((told) => curves.isCurves(told))", [CURVES, *broken]) == [True] + [False] * len(broken)
