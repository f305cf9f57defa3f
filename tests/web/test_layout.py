"""What a message makes the browser do: numbers that change are placed where they stand, and nothing around them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.trace import trace
from tests.web.views import card, send, sheet, show_sheets, view

SCORES = (0.5, -10.25, 3.0, 9.75)    # of other lengths


def ranked(turn: int) -> list[dict[str, Any]]:
    places = [(row + turn) % 12 for row in range(12)]
    return [card(row, score=SCORES[place % 4], rank=1 + place) for row, place in enumerate(places)]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_new_scores_and_ranks_leave_the_page_as_it_lies(comfy: ComfyPage, renderer: str) -> None:
    comfy.load_workflow("prism_best_of_n_shapes", str(uuid4()))
    show_sheets(comfy.page.context, 12)
    panel = Panel(comfy)
    comfy.show("PrismBestOfN")
    run = view(comfy, "PrismBestOfN", 12, judge="head", head="head", sheet=sheet([*range(12)]), candidates=ranked(0))
    send(comfy, run)
    comfy.poll(lambda: len(panel.playing()) == 12, what="the loops")
    comfy.page.wait_for_timeout(1000)

    def tell() -> None:
        for turn in (1, 2, 3):
            send(comfy, run | {"seq": 1 + turn, "candidates": ranked(turn)})
            comfy.page.wait_for_timeout(200)
    begun = [event["args"]["beginData"] for event in trace(comfy, tell)
             if event["name"] == "Layout" and event["ph"] == "X" and event["args"]["beginData"]["dirtyObjects"]]
    assert panel.root.locator(".prism-rank").first.inner_text() == "#4"
    assert begun and all(layout["partialLayout"] for layout in begun), begun
