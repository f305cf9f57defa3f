"""PRISM's settings in ComfyUI's own panel: what they show, what they ask of the server, and what they change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator

from launcher.server import Server
from tests.web.comfy_page import THEMES, ComfyPage
from tests.web.panel import Panel
from tests.web.test_panel_page import NODE, WAITING, WORKFLOW, tell
from tests.web.views import sheet, show_sheets, view

USUAL = {"size": 128, "rate": 10.0}
# Counts the tones. What Playwright evaluates counts as a gesture to the browser, so that is told by hand.
SOUND = """(() => {
    window.tones = 0;
    Object.defineProperty(navigator, "userActivation", { value: { hasBeenActive: false } });
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...given) {
        window.tones += 1;
        return start.apply(this, given);
    };
})()"""


@pytest.fixture
def usual(comfyui: Server) -> Iterator[None]:
    """Settings belong to the server: leave them as they were."""
    yield
    comfyui.client.post("/prism/previews", USUAL)
    comfyui.client.post("/settings", {"PRISM.Motion": "system", "PRISM.Sound": False})


def open_settings(comfy: ComfyPage) -> Locator:
    """ComfyUI's settings at PRISM's own."""
    comfy.page.evaluate("window.app.extensionManager.command.execute('Comfy.ShowSettingsDialog')")
    dialog = comfy.page.get_by_role("dialog")
    dialog.get_by_text("PRISM", exact=True).first.click()
    dialog.locator(".prism-picks input[name=size]").wait_for()
    return dialog


def set_to(comfy: ComfyPage, name: str, value: Any) -> None:
    comfy.page.evaluate("([name, value]) => window.app.extensionManager.setting.set(name, value)", [name, value])


@pytest.mark.parametrize("theme", THEMES)
def test_size_and_rate_are_the_servers(
        usual: None, comfy: ComfyPage, open_page: Callable[..., ComfyPage], comfyui: Server, theme: str) -> None:
    posted: list[Any] = []
    comfy.page.on("request", lambda request: posted.append(request.post_data_json)
                  if request.method == "POST" and request.url.endswith("/prism/previews") else None)
    dialog = open_settings(comfy)
    size, rate = dialog.locator("input[name=size]"), dialog.locator("input[name=rate]")
    comfy.poll(lambda: (size.input_value(), rate.input_value()) == ("128", "10"), 10, "what the server has")
    assert posted == [], "looking changes nothing"
    comfy.screenshot("settings")
    assert comfy.accessibility_problems(".prism-picks:has(input[name=size])") == []
    size.fill("250")
    size.press("Tab")
    comfy.poll(lambda: size.input_value() == "248", 5, "the nearest size that the server takes")
    rate.fill("2.5")
    rate.press("Enter")
    comfy.poll(lambda: comfyui.client.get("/prism/previews") == {"size": 248, "rate": 2.5}, 5, "it on the server")
    assert posted == [{"size": 248, "rate": 10}, {"size": 248, "rate": 2.5}]
    other = open_page(theme=theme)
    dialog = open_settings(other)
    other.poll(lambda: dialog.locator("input[name=size]").input_value() == "248", 10, "it on another page")


def test_a_server_that_refuses_is_heard(comfy: ComfyPage) -> None:
    comfy.page.route("**/prism/previews", lambda route: route.fulfill(json=USUAL) if route.request.method == "GET"
                     else route.fulfill(status=409, json={"error": "The disk is full."}))
    size = open_settings(comfy).locator("input[name=size]")
    comfy.poll(lambda: size.input_value() == "128", 10, "what the server has")
    size.fill("64")
    size.press("Tab")
    comfy.page.get_by_text("The disk is full.").wait_for()
    assert size.input_value() == "128", "what counts is what the server has"


@pytest.mark.parametrize("motion, system, moves", [
    ("system", "no-preference", True), ("system", "reduce", False), ("still", "no-preference", False),
    ("moving", "reduce", True)])
def test_motion(usual: None, comfy: ComfyPage, motion: str, system: str, moves: bool) -> None:
    set_to(comfy, "PRISM.Motion", motion)
    comfy.page.emulate_media(reduced_motion=system)
    show_sheets(comfy.page.context, 8)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.graph("node.pos = [-1200, 0]", NODE)
    comfy.show(NODE, 0.7)
    panel = Panel(comfy)
    tell(panel, view(comfy, NODE, sheet=sheet([*range(8)])))
    comfy.poll(lambda: len(panel.playing()) == 8, what="pictures")
    running = "element => element.getAnimations({ subtree: true }).length"
    assert panel.root.locator(".prism-cards").evaluate(running) == (8 if moves else 0)
    panel.press("compare")
    stage = panel.root.locator(".prism-compare-stage")
    comfy.poll(lambda: stage.get_attribute("data-playing") == json.dumps(moves), 5, "a comparison that moves or stands")


def test_the_sound_is_off_until_it_is_wished_and_then_rings_once_a_question(usual: None, comfy: ComfyPage) -> None:
    comfy.page.evaluate(SOUND)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    panel = Panel(comfy)
    waiting = view(comfy, NODE, status="waiting", step=5, waiting=WAITING)
    tell(panel, waiting)
    set_to(comfy, "PRISM.Sound", True)
    tell(panel, waiting | {"seq": 2})
    assert comfy.page.evaluate("window.tones") == 0, "a run that waits already has had its chance"
    again = {"seq": 3, "step": 7, "waiting": WAITING | {"question": 2}}
    tell(panel, waiting | again)
    assert comfy.page.evaluate("window.tones") == 0, "browsers want a gesture first"
    comfy.page.evaluate("navigator.userActivation.hasBeenActive = true")
    tell(panel, waiting | again | {"seq": 4})
    assert comfy.page.evaluate("window.tones") == 0
    tell(panel, view(comfy, NODE, status="waiting", step=5, waiting=WAITING))
    assert comfy.page.evaluate("window.tones") == 2, "one tone is of two partials"
