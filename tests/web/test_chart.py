"""The chart in the panel: what it shows of a run, and the markers that move the widgets."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator

from prism_core.cost import predicted
from tests.web.charting import NODE, STEPS, curves, prepared, shown, told
from tests.web.comfy_page import RENDERERS, THEMES, ComfyPage
from tests.web.views import send, view


@pytest.mark.parametrize(("renderer", "theme"), list(zip(RENDERERS, THEMES, strict=True)))
def test_after_a_run_the_marker_moves_the_widget(comfy: ComfyPage, renderer: str, theme: str) -> None:
    panel = prepared(comfy, candidates=6, prune_step=5, keep=2, choose="head")
    saved = set(comfy.serialize()), comfy.prompt()["output"]
    comfy.run()
    panel.wait("finished", 60)
    chart = shown(panel)
    assert {row for row, state in chart.ends().items() if state == "kept"} == {*map(str, panel.rows(state="kept"))}
    assert chart.step() == 5 and "Keeping 2 after step 5: takes about" in chart.text and "This run took" in chart.text
    kept = ", ".join(map(str, sorted(panel.rows(state="kept"))))
    assert f"would have kept candidates {kept} here" in chart.text
    comfy.screenshot("chart")
    assert comfy.accessibility_problems(".prism-panel") == []

    before, offset = chart.text, comfy.graph("[...app.canvas.ds.offset, ...node.pos]", NODE)
    chart.asked.clear()
    chart.drag(5, 9, 3)
    chart.expect(3)
    assert comfy.widget(NODE, "prune_step") == 3 and chart.text != before and "after step 3" in chart.text
    assert comfy.graph("[...app.canvas.ds.offset, ...node.pos]", NODE) == offset, "the node or the canvas moved as well"
    chart.markers.first.focus()
    for key, step in (("ArrowRight", 4), ("ArrowUp", 5), ("PageUp", 10), ("ArrowLeft", 9), ("End", 19), ("Home", 1)):
        comfy.page.keyboard.press(key)
        chart.expect(step)
        assert comfy.widget(NODE, "prune_step") == step
    comfy.page.evaluate("""() => ["ArrowRight", "ArrowRight", "ArrowRight"].forEach((key) =>
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })))""")
    assert comfy.widget(NODE, "prune_step") == 4, "each key counts, however fast they come"
    comfy.page.keyboard.press("Home")
    chart.expect(1)
    assert f"step 1 of {STEPS}" in (chart.markers.first.get_attribute("aria-valuetext") or "")
    comfy.set_widget(NODE, prune_step=12)
    chart.expect(12)
    assert "unknown" in chart.text
    assert not [url for url in chart.asked if "prism" in url], "moving a marker waits for nobody"
    comfy.set_widget(NODE, prune_step=5)
    assert (set(comfy.serialize()), comfy.prompt()["output"]) == saved
    assert "prism_panel" not in str(comfy.serialize())


@pytest.mark.parametrize("schedule", ["", "2:4, 5:2"])
def test_a_marker_that_is_held_takes_the_widget_along(comfy: ComfyPage, schedule: str) -> None:
    chart = told(prepared(comfy, candidates=8, schedule=schedule), curves())
    cut, widget = (1, "schedule") if schedule else (0, "prune_step")
    expected = (lambda step: f"2:4, {step}:2") if schedule else int
    mouse = comfy.page.mouse
    mouse.move(*chart.middle(5))
    mouse.down()
    mouse.move(*chart.middle(9), steps=4)
    chart.expect(9, cut)
    assert "after step 9" in chart.text
    comfy.poll(lambda: comfy.widget(NODE, widget) == expected(9), 5, "the widget at step 9 while the marker is held")
    mouse.move(*chart.middle(12), steps=3)
    mouse.up()
    assert comfy.widget(NODE, widget) == expected(12), "let go, and the widget is still behind"
    chart.expect(12, cut)


def test_evaluations_are_those_of_the_core(comfy: ComfyPage) -> None:
    data = curves()
    chart = told(prepared(comfy, candidates=8), data)
    chart.root.locator(".prism-figures-title").click()
    for step, keep, candidates, schedule in ((5, 2, 8, ""), (1, 7, 8, ""), (19, 1, 8, ""), (5, 2, 12, ""),
                                             (5, 2, 8, "2:4, 25%:2, s0.5:1")):
        comfy.set_widget(NODE, prune_step=step, keep=keep, candidates=candidates, schedule=schedule)
        rounds = [(2, 4), (5, 2), (10, 1)] if schedule else [(step, keep)]
        cost = predicted(rounds, candidates, STEPS, data["depth"], data["share"])
        wanted = (f"Candidates through the model: {cost.spent:.3g}, scoring {cost.probes:.3g}; "
                  f"finishing all: {cost.plain:.3g}.")
        comfy.poll(lambda: wanted in chart.root.locator(".prism-figures-text").inner_text(), 5, wanted)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_marker_for_each_round_of_a_schedule(comfy: ComfyPage, renderer: str) -> None:
    chart = told(prepared(comfy, candidates=8, schedule="2:4, 25%:3, 12 : 1"), curves())
    assert [chart.step(cut) for cut in range(chart.markers.count())] == [2, 5, 12]
    fixed: Locator = chart.markers.nth(1)
    assert fixed.get_attribute("aria-readonly") == "true"
    fixed.focus()
    comfy.page.keyboard.press("ArrowRight")
    chart.markers.nth(2).focus()
    for _ in range(9):
        comfy.page.keyboard.press("ArrowLeft")  # up to the marker before it
    chart.expect(6, 2)
    chart.drag(2, 4)
    chart.expect(4, 0)
    assert comfy.widget(NODE, "schedule") == "4:4, 25%:3, 6 : 1" and comfy.widget(NODE, "prune_step") == 5
    comfy.set_widget(NODE, schedule="what")
    comfy.poll(lambda: "cannot be read" in chart.text, what="the obstacle")
    assert chart.markers.count() == 0


def test_folded_it_asks_nothing(comfy: ComfyPage) -> None:
    panel = prepared(comfy, candidates=8)
    chart = told(panel, curves())
    title = chart.root.locator(".prism-chart-title")
    title.focus()
    comfy.page.keyboard.press("Enter")
    chart.root.locator(".prism-stage").wait_for(state="hidden")
    chart.asked.clear()
    send(comfy, view(comfy, NODE, 8, head="shapes", status="waiting", step=5))
    comfy.page.wait_for_timeout(400)
    assert not [url for url in chart.asked if url.endswith("/chart")]
    comfy.page.keyboard.press("Enter")
    comfy.poll(lambda: [url for url in chart.asked if url.endswith("/chart")], what="the new run's chart")


def test_many_messages_few_requests(comfy: ComfyPage) -> None:
    chart = told(prepared(comfy, candidates=32), curves(32, 50), steps=50)
    live = view(comfy, NODE, 32, head="shapes", judge="head", steps=50)
    chart.asked.clear()
    began = time.monotonic()
    for step in range(1, 21):
        send(comfy, live | {"seq": step, "step": step})
        comfy.page.wait_for_timeout(100)
    seconds = time.monotonic() - began    # more than two on a busy machine
    assert 2 <= len([url for url in chart.asked if url.endswith("/chart")]) <= min(19, 3 + seconds)
