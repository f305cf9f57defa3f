"""The cost model, against sums written out by hand and against counting call by call."""

from __future__ import annotations

import pytest

from prism_core.cost import Cost, call_table, predicted, probe_saves

NEVER = (5.0, 1.0)  # depth and share of a probe that can never pay


def test_one_cut_with_a_probe():
    cost = predicted(((5, 1),), 8, 50, depth=0.4, share=0.5)
    assert cost.spent == 8 * 5 + 1 * 45
    assert cost.probes == pytest.approx(8 * 0.4 * 0.5)
    assert cost.plain == 400
    assert cost.total == cost.spent + cost.probes
    assert cost.saved == pytest.approx(400 - 85 - 1.6)


def test_without_a_saving_probe_the_drop_waits_for_the_next_call():
    cost = predicted(((5, 7),), 8, 50, depth=0.4, share=0.5)
    assert cost == Cost(spent=8 * 6 + 7 * 44, probes=0, plain=400)


def test_a_probe_must_save_not_break_even():
    assert not probe_saves(8, 4, depth=0.5, share=1.0)
    assert probe_saves(8, 4, depth=0.5, share=0.99)
    assert not probe_saves(8, 8, depth=0.0, share=1.0)


def test_the_price_that_the_page_promises():
    rounds = ((2, 4), (5, 2), (10, 1))
    assert predicted(rounds, 8, 50, 0.4, 0.5).total / 50 == pytest.approx((78 + 2.8) / 50)
    assert predicted(rounds, 8, 50, *NEVER).total / 50 <= 1.7


def test_a_sampler_of_two_calls_a_step():
    # heun: step k begins after 2k calls; the last step has one
    table = [0, 2, 4, 6, 7]
    assert predicted(((2, 1),), 4, table, 0.1, 1).spent == 4 * 4 + 3
    assert predicted(((2, 1),), 4, table, *NEVER).spent == 4 * 5 + 2


def test_rounds_on_one_call_are_one_decision():
    table = [0, 1, 2, 2, 4]
    assert predicted(((2, 4), (3, 1)), 8, table, 0.1, 1) == predicted(((3, 1),), 8, table, 0.1, 1)
    assert predicted(((2, 4), (3, 1)), 8, table, 0.1, 1).probes == pytest.approx(0.8)


def test_a_drop_at_the_last_call_without_probe_saves_nothing():
    assert predicted(((3, 1),), 4, 4, *NEVER).spent == 16


def test_against_counting_call_by_call():
    table = [0, 1, 3, 4, 6, 9, 10]
    rounds = ((1, 6), (2, 5), (3, 2), (5, 1))
    for depth, share in ((0.1, 0.5), (0.7, 1.0), (0.2, 1.0)):
        alive, probes, spent, waiting = 8, 0.0, 0, None
        for call in range(table[-1]):
            alive, waiting = waiting or alive, None
            keep = dict((table[step], keep) for step, keep in rounds).get(call)
            if keep and alive * depth * share < alive - keep:
                probes += alive * depth * share
                alive = keep
            elif keep:
                waiting = keep
            spent += alive
        found = predicted(rounds, 8, table, depth, share)
        assert (found.spent, found.probes) == (spent, pytest.approx(probes))


def test_no_rounds_is_the_plain_run():
    cost = predicted((), 8, 50, 0.4, 0.5)
    assert (cost.total, cost.saved) == (400, 0)


@pytest.mark.parametrize("step", [0, 50, 51])
def test_a_step_outside_the_call_is_refused(step):
    with pytest.raises(ValueError, match=f"Step {step} is not inside"):
        predicted(((step, 1),), 8, 50, 0.4, 0.5)


@pytest.mark.parametrize("table", [[], [0], [0, 0], [1, 2], [0, 2, 1], 0])
def test_impossible_call_tables_are_refused(table):
    with pytest.raises(ValueError, match="Model calls before each step"):
        call_table(table)
