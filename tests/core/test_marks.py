"""Pins and bans against a policy's decision."""

from __future__ import annotations

import pytest
import torch

from prism_core.marks import overruled
from prism_core.policy import TopK, Watch

SCORES = (0.4, 0.9, 0.1, 0.7, 0.5)    # from best to worst: 1, 3, 4, 0, 2


def decided(keep: int, marks: dict[int, str], scores=SCORES):
    watch = Watch(3, 0.9, tuple(range(len(scores))), torch.tensor(scores))
    return overruled(TopK([(3, keep)]).decide(watch), watch, marks)


@pytest.mark.parametrize("keep, marks, kept", [
    (2, {}, (1, 3)),
    (2, {2: "pin"}, (1, 2)),                            # the pinned one takes the place of the weakest
    (2, {1: "pin"}, (1, 3)),                            # it would have lived anyway
    (1, {0: "pin", 2: "pin"}, (0, 2)),                  # more pins than places: all of them live
    (2, {1: "ban"}, (3, 4)),                            # the next best moves up
    (2, {0: "ban"}, (1, 3)),                            # it would have gone anyway
    (4, {0: "ban", 1: "ban"}, (2, 3, 4)),               # not enough others
    (2, {2: "pin", 1: "ban"}, (2, 3)),
    (2, {9: "pin"}, (1, 3)),                            # no such row
], ids=str)
def test_pins_live_and_bans_go_first(keep, marks, kept):
    assert decided(keep, marks).keep == kept


def test_reasons_say_whose_doing_it_was():
    reasons = decided(2, {2: "pin", 1: "ban"}).reasons
    assert reasons[1] == "banned before step 3" and reasons[0] == "rank 4 of 5 at step 3"
    assert decided(1, {2: "pin"}).reasons[1] == "made room for a pinned candidate at step 3"


def test_bans_of_everybody_are_left_aside_and_said():
    decision = decided(2, dict.fromkeys(range(5), "ban"))
    assert decision.keep == (1, 3) and "left aside" in decision.note
