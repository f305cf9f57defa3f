"""What is suggested for an artist's wish, worked out on the page; in Node, without a browser."""

from __future__ import annotations

from typing import Any

import pytest

from prism_core.cost import predicted
from tests.web.in_node import COST, CURVES, PACE, evaluate

STEPS = 6
# Later steps and more kept are surer; at the last nobody knows.
ODDS = [None, *[[[value, value - 0.1, value + 0.1] for value in (0.1 * step + 0.1, 0.1 * step + 0.4, 0.1 * step + 0.5)]
                for step in range(1, STEPS - 1)], None, None]
RUN = CURVES | {"sigmas": [1 - step / STEPS for step in range(STEPS + 1)], "retention": ODDS, "depth": 0.1,
                "share": 1.0}
TIMED = RUN | {"cost": COST | {"plain": 4.0 * STEPS},
               "pace": PACE | {"calls": [[1, 5, 1.0], [4, 5, 4.0]], "probes": []}}


def suggested(curves: dict[str, Any], candidates: int = 4, **wish: Any) -> dict[str, Any]:
    """The suggestion for a wish."""
    return evaluate("suggest.suggest(...value)", [curves, candidates, wish])


def every_cut() -> dict[tuple[int, int], tuple[float, float | None]]:
    """Price and chance of every cut; TIMED takes as many seconds as evaluations."""
    return {(step, keep): (predicted([(step, keep)], 4, STEPS, 0.1, 1.0).total, ODDS[step] and ODDS[step][keep - 1][0])
            for step in range(1, STEPS) for keep in (1, 2, 3)}


@pytest.mark.parametrize("least", [0.2, 0.5, 0.55, 0.75, 0.9])
def test_the_cheapest_cut_that_keeps_the_best_often_enough(least: float) -> None:
    found = suggested(RUN, kind="chance", least=least)
    option, cuts = found["option"], every_cut()
    assert found["met"] and option["price"] == pytest.approx(cuts[option["step"], option["keep"]][0])
    assert option["chance"]["value"] >= least
    assert option["price"] == pytest.approx(min(price for price, chance in cuts.values() if chance and chance >= least))


def test_a_chance_that_no_cut_has_is_not_met() -> None:
    found = suggested(RUN, kind="chance", least=0.95)
    assert not found["met"] and (found["option"]["step"], found["option"]["keep"]) == (4, 3)


@pytest.mark.parametrize("most", [9.5, 12, 15, 40])
def test_the_surest_cut_within_a_time(most: float) -> None:
    found = suggested(TIMED, kind="time", most=most)
    option, cuts = found["option"], every_cut()
    assert found["met"] and option["seconds"] <= most
    assert option["seconds"] == pytest.approx(cuts[option["step"], option["keep"]][0])
    surest = max(chance for seconds, chance in cuts.values() if chance and seconds <= most)
    assert option["chance"]["value"] == pytest.approx(surest)
    assert option["seconds"] == pytest.approx(min(seconds for seconds, chance in cuts.values() if chance == surest))


def test_a_time_that_no_cut_keeps_to_is_not_met() -> None:
    found = suggested(TIMED, kind="time", most=3)
    assert not found["met"] and (found["option"]["step"], found["option"]["keep"]) == (1, 1)


def test_without_a_head_time_goes_into_seeing_most_and_keeping_most() -> None:
    blind = TIMED | {"retention": [None] * (STEPS + 1), "depth": None}
    found = suggested(blind, kind="time", most=20)["option"]
    assert (found["step"], found["keep"]) == (4, 2) and found["chance"] is None


def test_of_what_is_not_known_nothing_is_suggested() -> None:
    assert suggested(RUN, kind="time", most=9)["option"] is None
    assert suggested(RUN, candidates=6, kind="chance", least=0.1)["option"] is None
    assert suggested(TIMED, candidates=6, kind="time", most=90)["option"]["chance"] is None
