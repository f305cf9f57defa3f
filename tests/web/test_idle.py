"""A panel that has nothing to do does nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.trace import ours, trace
from tests.web.views import card, send, sheet, show_sheets, view


@pytest.mark.parametrize("renderer", RENDERERS)
def test_no_script_of_ours_and_no_requests(comfy: ComfyPage, renderer: str) -> None:
    comfy.load_workflow("prism_best_of_n_shapes", str(uuid4()))
    show_sheets(comfy.page.context, 8)
    panel = Panel(comfy)
    comfy.show("PrismBestOfN")
    assert_quiet(comfy)

    run = view(comfy, "PrismBestOfN", sheet=sheet([*range(8)]))
    assert any(map(ours, trace(comfy, lambda: (send(comfy, run), comfy.page.wait_for_timeout(200)))))
    ends = [card(row, state="kept" if row < 2 else "dropped", dropped_at=None if row < 2 else 5) for row in range(8)]
    send(comfy, run | {"seq": 2, "status": "finished", "candidates": ends})
    comfy.poll(lambda: len(panel.playing()) == 8, what="the loops")
    assert_quiet(comfy)


def assert_quiet(comfy: ComfyPage) -> None:
    """For a second nothing of ours runs and nothing is asked of the server."""
    comfy.page.wait_for_timeout(500)
    asked: list[str] = []
    comfy.page.on("request", lambda request: asked.append(request.url))
    events = trace(comfy, lambda: comfy.page.wait_for_timeout(1000))
    assert len(events) > 50, "the trace holds nothing"
    assert [event["args"] for event in events if ours(event)] == []
    assert not [address for address in asked if "prism" in address]
