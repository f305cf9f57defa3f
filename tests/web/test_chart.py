"""The chart in the panel: what it shows of a run, and the markers that move the widgets."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Locator

from prism_core.cost import predicted
from tests.web.comfy_page import RENDERERS, THEMES, ComfyPage
from tests.web.panel import Panel
from tests.web.views import card, send, view

SEEDS = count(9000, 100)  # ComfyUI does not run again what it has run before
WORKFLOW, NODE, STEPS = "prism_best_of_n_shapes", "PrismBestOfN", 20


class Chart:
    """The chart of a panel."""

    def __init__(self, panel: Panel) -> None:
        self.panel, self.comfy = panel, panel.comfy
        self.root = panel.root.locator(".prism-chart")
        self.markers = self.root.get_by_role("slider")
        self.asked: list[str] = []
        self.comfy.page.on("request", lambda request: self.asked.append(request.url))

    @property
    def text(self) -> str:
        """The read-out."""
        return self.root.locator(".prism-readout").inner_text()

    def step(self, cut: int = 0) -> int:
        """Where a marker stands."""
        return int(self.markers.nth(cut).get_attribute("aria-valuenow") or -1)

    def expect(self, step: int, cut: int = 0) -> None:
        """Wait until a marker stands there: the panel draws with the next frame."""
        self.comfy.poll(lambda: self.step(cut) == step, 5, f"a marker at step {step}, not {self.step(cut)}")

    def middle(self, step: int, steps: int = STEPS) -> tuple[float, float]:
        """The point of the page that lies on a step."""
        return self.root.locator(".prism-plot").evaluate("""(svg, [step, steps]) => {
            const { left, top, width, height } = svg.getBoundingClientRect();
            const zoom = width / Number(svg.getAttribute("width")), inner = Number(svg.getAttribute("width")) - 74;
            return [left + zoom * (34 + inner * step / steps), top + height / 2];
        }""", [step, steps])

    def drag(self, *steps: int) -> None:
        """Take hold of the marker at the first step, and pull it over the others."""
        mouse = self.comfy.page.mouse
        mouse.move(*self.middle(steps[0]))
        mouse.down()
        for step in steps[1:]:
            mouse.move(*self.middle(step), steps=4)
        mouse.up()

    def ends(self) -> dict[str, str]:
        """What became of each candidate, as the chart shows it."""
        return dict(self.root.locator(".prism-ends g").evaluate_all(
            "ends => ends.map(end => [end.dataset.row, end.dataset.state])"))


def prepared(comfy: ComfyPage, **widgets: Any) -> Panel:
    """The bundled workflow on the screen, with its chart within reach of the mouse."""
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.set_widget(NODE, **{"candidates": 6, "prune_step": 5, "keep": 2} | widgets)
    comfy.set_widget("KSampler", seed=next(SEEDS))
    comfy.graph("node.pos = [-900, 0]", NODE)
    return Panel(comfy)


def shown(panel: Panel) -> Chart:
    """The panel's chart, once there is one, in the middle of the screen."""
    chart = Chart(panel)
    chart.root.locator(".prism-readout p").first.wait_for(state="attached", timeout=30_000)
    panel.comfy.page.wait_for_timeout(300)  # the node grows
    panel.comfy.show(NODE, 0.8)
    box = chart.root.bounding_box()
    height = panel.comfy.page.viewport_size["height"]
    panel.comfy.graph("app.canvas.ds.offset[1] += value / app.canvas.ds.scale",
                      value=height / 2 - box["y"] - box["height"] / 2)
    panel.comfy.graph("app.canvas.setDirty(true, true)")
    panel.comfy.page.wait_for_timeout(300)
    return chart


def curves(candidates: int = 8, steps: int = STEPS, **changes: Any) -> dict[str, Any]:
    """What the server could tell of a run that scored everybody up to step 5, and two of them to the end."""
    odds = [[k / candidates, max(0, k / candidates - 0.1), min(1, k / candidates + 0.1)] for k in range(1, candidates)]
    watches = [{"step": step, "rows": [*rows],
                "scores": [row / candidates + 0.02 * (step * (row + 3) % 5) for row in rows]}
               for step in range(1, steps) for rows in [range(candidates) if step <= 5 else (1, 4)]]
    return {"candidates": candidates, "sigmas": [1 - step / steps for step in range(steps + 1)], "share": 0.5,
            "depth": 0.4, "watches": watches, "retention": [None, *[odds] * (steps - 1), None], "loras": [],
            "accuracy": [None, *[[0.7, 0.6, 0.8]] * (steps - 1), None], "correlation": [None, *[0.5] * (steps - 1), None],
            "cost": {"seconds": 80.0, "spent": 70.0, "probes": 1.5, "plain": 160.0},
            "pace": {"setup": 2.0, "calls": [[2, 15, 2.0], [8, 5, 8.0]], "probes": [[8, 3.0]]}} | changes


def told(panel: Panel, told: dict[str, Any], **changes: Any) -> Chart:
    """The chart of a made-up finished run."""
    comfy, many = panel.comfy, told["candidates"]
    comfy.page.route("**/prism/runs/*/chart", lambda route: route.fulfill(json=told))
    cards = [card(row, state="kept" if row in (1, 4) else "dropped", dropped_at=None if row in (1, 4) else 5)
             for row in range(many)]
    send(comfy, view(comfy, NODE, many, **{"status": "finished", "judge": "head", "head": "shapes", "candidates": cards,
                                            "step": STEPS} | changes))
    return shown(panel)


@pytest.mark.parametrize(("renderer", "theme"), list(zip(RENDERERS, THEMES, strict=True)))
def test_after_a_run_the_marker_moves_the_widget(comfy: ComfyPage, renderer: str, theme: str) -> None:
    panel = prepared(comfy, candidates=6, prune_step=5, keep=2, choose="head")
    saved = set(comfy.serialize()), comfy.prompt()["output"]
    comfy.run()
    panel.wait("finished", 60)
    chart = shown(panel)
    assert {row for row, state in chart.ends().items() if state == "kept"} == {*map(str, panel.rows(state="kept"))}
    assert chart.step() == 5 and "saves" in chart.text and "of the" in chart.text
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
    for step in range(1, 21):
        send(comfy, live | {"seq": step, "step": step})
        comfy.page.wait_for_timeout(100)
    assert 2 <= len([url for url in chart.asked if url.endswith("/chart")]) <= 8
