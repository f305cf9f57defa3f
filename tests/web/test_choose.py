"""Choosing by eye, in the browser, from Run to the saved clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from launcher.server import Server
from tests.web.choosing import (
    CANDIDATES,
    NODE,
    choose,
    clips,
    ended,
    expect,
    prepared,
    shown,
    wait_for_question,
    without_head,
)
from tests.web.comfy_page import RENDERERS, THEMES, ComfyPage
from tests.web.panel import Panel


@pytest.fixture
def panel(comfy: ComfyPage) -> Panel:
    """The bundled workflow with a person to choose, its panel on the screen."""
    return prepared(comfy)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_pick_and_replay(comfy: ComfyPage, panel: Panel, comfyui: Server) -> None:
    # Two at a time in the run and in its replay: then both round alike, and the same pixels are the very same.
    comfy.set_widget(NODE, group=2)
    seed = comfy.widget("KSampler", "seed")
    wait_for_question(panel)
    ranking = panel.rows(state="alive")
    assert sorted(ranking) == [*range(CANDIDATES)] and f"seed {seed + 3}" in panel.label(3)
    assert f"rank 1 of {CANDIDATES}" in panel.label(ranking[0]) and panel.rows(chosen="true") == ranking[:2]

    panel.card(4).click(modifiers=["Shift"])
    panel.card(0).click(modifiers=["Shift"])
    panel.card(0).click(modifiers=["Shift"])
    comfy.poll(lambda: "pinned" in panel.label(4) and "banned" in panel.label(0), what="pin and ban")
    choose(panel, [2, 4])
    comfy.screenshot("choosing")
    assert comfy.accessibility_problems(".prism-panel") == []

    panel.press("keep")
    run = ended(panel)
    assert run.status == "success", run.error
    assert sorted(panel.rows(state="kept")) == [2, 4] and "dropped" in panel.label(5)
    first = clips(comfyui, run)
    assert len(first) == 2
    assert comfy.widget("KSampler", "seed") != seed, "the control was to move the seed on"

    panel.press("lock")
    comfy.poll(lambda: comfy.widget(NODE, "kept"), what="the kept widget")
    assert comfy.widget("KSampler", "seed") == seed and comfy.widget("KSampler", "control_after_generate") == "fixed"
    comfy.screenshot("locked")
    assert comfy.accessibility_problems(".prism-panel") == []
    comfy.run()
    again = ended(panel)
    assert all(numpy.array_equal(one, other) for one, other in zip(first, clips(comfyui, again), strict=True))
    assert "prism_panel" not in str(comfy.serialize()) + str(comfy.prompt()["output"])


@pytest.mark.parametrize("renderer", RENDERERS)
def test_keyboard_alone(comfy: ComfyPage, panel: Panel) -> None:
    without_head(panel)
    wait_for_question(panel)
    assert panel.rows(state="alive") == [*range(CANDIDATES)] and not panel.can("best")
    panel.root.locator(".prism-card[tabindex='0']").focus()
    for row in panel.rows(chosen="true"):
        comfy.page.keyboard.press(str(row))
        comfy.page.wait_for_timeout(1000)  # within a second a digit more would make a larger number
    expect(panel, [])
    comfy.page.keyboard.press("Enter")
    assert panel.status == "waiting", "there is nobody to continue with"
    comfy.page.keyboard.press("Home")
    for key in ("ArrowRight", "Space", "ArrowRight", "ArrowRight", "Space", "p", "ArrowLeft", "b"):
        comfy.page.keyboard.press(key)
    comfy.poll(lambda: "pinned" in panel.label(3) and "banned" in panel.label(2), what="pin and ban")
    expect(panel, [1, 3])
    assert not comfy.graph("node.flags.pinned || node.mode", NODE), "a key went to the canvas as well"
    comfy.page.keyboard.press("Enter")
    assert ended(panel).status == "success" and sorted(panel.rows(state="kept")) == [1, 3]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_reload_in_the_middle(comfy: ComfyPage, panel: Panel) -> None:
    wait_for_question(panel)
    comfy.reload()
    panel = shown(comfy)
    panel.wait("waiting")
    comfy.poll(lambda: len(panel.playing()) == CANDIDATES, what="the pictures again")
    choose(panel, [1])
    panel.press("keep")
    assert ended(panel).status == "success" and panel.rows(state="kept") == [1]


def test_two_pages(panel: Panel, comfy: ComfyPage, open_page: Callable[..., ComfyPage], comfyui: Server) -> None:
    other = open_page("nodes2", "light")
    there = prepared(other)
    wait_for_question(panel)
    there.wait("waiting")
    choose(there, [5])
    there.press("keep")
    assert ended(panel).status == "success"
    there.wait("finished")
    assert panel.rows(state="kept") == there.rows(state="kept") == [5]


def test_interrupt_while_it_waits(comfy: ComfyPage, panel: Panel) -> None:
    wait_for_question(panel)
    comfy.interrupt()
    assert ended(panel, "stopped").status == "interrupted"
    wait_for_question(panel)
    panel.press("all")
    assert ended(panel).status == "success" and len(panel.rows(state="kept")) == CANDIDATES
