"""Asking the chart for a cut, and for a run that drops nobody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.charting import NODE, Chart, curves, prepared, shown, told
from tests.web.comfy_page import RENDERERS, THEMES, ComfyPage


def cut_of(comfy: ComfyPage) -> tuple[Any, Any, Any]:
    """What the widgets say of the cut."""
    return tuple(comfy.widget(NODE, name) for name in ("prune_step", "keep", "schedule"))


def wish(chart: Chart, kind: str, amount: str) -> None:
    """Say it, and ask."""
    chart.wish.select_option(kind)
    chart.amount.fill(amount)
    chart.suggest.click()


@pytest.mark.parametrize(("renderer", "theme"), list(zip(RENDERERS, reversed(THEMES), strict=True)))
def test_a_wish_said_with_the_keyboard_sets_the_cut(comfy: ComfyPage, renderer: str, theme: str) -> None:
    chart = told(prepared(comfy, candidates=8, prune_step=5, keep=2), curves())
    assert "This run took 1.3 min and saved about 1.4 min: finishing all would have taken about 2.8 min." in chart.text
    keyboard = comfy.page.keyboard
    chart.markers.first.focus()
    keyboard.press("Tab")
    assert chart.wish.evaluate("element => element === document.activeElement") and chart.wish.input_value() == "chance"
    keyboard.press("Tab")
    keyboard.press("Control+a")
    keyboard.type("5")
    keyboard.press("Enter")
    comfy.poll(lambda: "keep 4 after step 1" in chart.said, 5, "a suggestion")
    assert cut_of(comfy) == (1, 4, "") and "about 5 runs of 10" in chart.said
    chart.expect(1)
    assert comfy.accessibility_problems(".prism-chart") == []
    comfy.screenshot("suggest")

    wish(chart, "time", "1")
    assert chart.root.locator(".prism-unit").inner_text() == "minutes"
    comfy.poll(lambda: cut_of(comfy) != (1, 4, ""), 5, "another cut")
    step, keep, _ = cut_of(comfy)
    assert f"keep {keep} after step {step}" in chart.said
    assert f"Keeping {keep} after step {step}: takes about" in chart.text


def test_a_wish_that_nothing_meets_changes_nothing(comfy: ComfyPage) -> None:
    chart = told(prepared(comfy, candidates=8, prune_step=5, keep=2), curves())
    for kind, amount, words in (("chance", "9.9", "keep 7 after step 1 "), ("time", "0.01", "The nearest is to keep 1"),
                                ("chance", "11", "1 to 10"), ("chance", "", "1 to 10"), ("time", "-1", "above 0")):
        wish(chart, kind, amount)
        comfy.poll(lambda words=words: words in chart.said, 5, f"{words}, not {chart.said}")
    assert cut_of(comfy) == (5, 2, "")


def test_a_schedule_is_replaced_only_when_that_is_asked_for(comfy: ComfyPage) -> None:
    chart = told(prepared(comfy, candidates=8, prune_step=5, keep=2, schedule="2:4, 12:1"), curves())
    wish(chart, "chance", "5")
    comfy.poll(lambda: 'replace your schedule "2:4, 12:1"' in chart.said, 5, "the warning")
    assert cut_of(comfy) == (5, 2, "2:4, 12:1") and chart.suggest.inner_text() == "Replace the schedule"
    chart.suggest.click()
    comfy.poll(lambda: 'In place of the schedule "2:4, 12:1"' in chart.said, 5, "what was replaced")
    assert cut_of(comfy) == (5, 2, "1:4") and chart.suggest.inner_text() == "Suggest"
    chart.expect(1)


def test_without_measured_time_and_head_there_is_nothing_to_wish_for(comfy: ComfyPage) -> None:
    blind = curves() | {"retention": [None] * 21, "accuracy": [None] * 21, "correlation": [None] * 21, "depth": None}
    chart = told(prepared(comfy, candidates=8), blind | {"watches": []}, head="", judge="person")
    assert chart.wish.input_value() == "time" and "Without a head" in chart.text and not chart.watch.is_visible()
    chart.panel.comfy.page.unroute("**/prism/runs/*/chart")
    unmeasured = told(chart.panel, blind | {"pace": None, "cost": None}, head="h", status="sampling", step=6)
    assert not unmeasured.root.locator(".prism-suggest").is_visible() and not unmeasured.watch.is_visible()


@pytest.mark.parametrize(("renderer", "theme"), list(zip(RENDERERS, THEMES, strict=True)))
def test_watching_once_tells_what_was_unknown(comfy: ComfyPage, renderer: str, theme: str) -> None:
    panel = prepared(comfy, candidates=6, prune_step=5, keep=2, choose="head")
    comfy.run()
    panel.wait("finished", 90)
    seed = comfy.widget("KSampler", "seed")
    chart = shown(panel)
    comfy.set_widget(NODE, prune_step=12)
    comfy.set_widget("KSampler", seed=seed + 1)
    chart.expect(12)
    assert "unknown: at step 12" in chart.text
    before = comfy.prompt()["output"]
    chart.watch.focus()
    with comfy.page.expect_response(lambda answer: answer.url.endswith("/api/prompt")) as sent:
        comfy.page.keyboard.press("Enter")
    queued = comfy.page.evaluate("text => JSON.parse(text).prompt", sent.value.request.post_data)
    inputs = {node["class_type"]: node["inputs"] for node in queued.values()}
    assert inputs[NODE]["choose"] == "watch" and inputs["KSampler"]["seed"] == seed
    comfy.poll(lambda: comfy.prompt()["output"] == before, 5, "widgets as they were")
    comfy.poll(lambda: panel.status == "finished" and len(panel.rows(state="kept")) == 6, 90, "a run that keeps all")
    comfy.poll(lambda: "would have kept candidates" in chart.text, 10, f"who would have been kept, not {chart.text}")
    assert not chart.watch.is_visible()
    comfy.screenshot("watched")


def test_the_chart_speaks_chinese(comfy: ComfyPage) -> None:
    comfy.page.evaluate("() => window.app.extensionManager.setting.set('Comfy.Locale', 'zh')")
    try:
        comfy.reload()
        chart = told(prepared(comfy, candidates=8, prune_step=5, keep=2), curves())
        assert "第 5 步后保留 2 个" in chart.text and "留住最佳" in chart.text
        wish(chart, "chance", "5")
        comfy.poll(lambda: "已设为" in chart.said, 5, "a suggestion")
        comfy.screenshot("chart_zh")
    finally:
        comfy.page.evaluate("() => window.app.extensionManager.setting.set('Comfy.Locale', 'en')")
