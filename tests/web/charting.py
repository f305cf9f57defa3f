"""The chart in the panel, as a person sees and uses it, and made-up runs to show in it."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

from tests.web.comfy_page import ComfyPage
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
        self.wish, self.amount = self.root.locator(".prism-wish"), self.root.locator(".prism-amount")
        self.suggest, self.watch = self.root.locator(".prism-suggest button"), self.root.locator(".prism-watch")
        self.asked: list[str] = []
        self.comfy.page.on("request", lambda request: self.asked.append(request.url))

    @property
    def text(self) -> str:
        """The read-out."""
        return self.root.locator(".prism-readout").inner_text()

    @property
    def said(self) -> str:
        """What is suggested."""
        return self.root.get_by_role("status").inner_text()

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

    def drag(self, *steps: int, total: int = STEPS, moves: int = 4) -> None:
        """Take hold of the marker at the first step, and pull it over the others, each in so many moves."""
        mouse = self.comfy.page.mouse
        mouse.move(*self.middle(steps[0], total))
        mouse.down()
        for step in steps[1:]:
            mouse.move(*self.middle(step, total), steps=moves)
        mouse.up()

    def bring_up(self) -> None:
        """Move the graph until the chart is in the middle of the screen."""
        self.comfy.show(NODE, 0.8)
        box, height = self.root.bounding_box(), self.comfy.page.viewport_size["height"]
        self.comfy.graph("app.canvas.ds.offset[1] += value / app.canvas.ds.scale",
                         value=height / 2 - box["y"] - box["height"] / 2)
        self.comfy.graph("app.canvas.setDirty(true, true)")
        self.comfy.page.wait_for_timeout(300)

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
    chart.bring_up()
    return chart


def curves(candidates: int = 8, steps: int = STEPS, drops: bool = True, **changes: Any) -> dict[str, Any]:
    """What the server could tell of a run that scored everybody up to step 5, and two of them to the end.

    drops: else everybody is scored to the end.
    """
    odds = [[k / candidates, max(0, k / candidates - 0.1), min(1, k / candidates + 0.1)] for k in range(1, candidates)]
    watches = [{"step": step, "rows": [*rows],
                "scores": [row / candidates + 0.02 * (step * (row + 3) % 5) for row in rows]}
               for step in range(1, steps) for rows in [range(candidates) if step <= 5 or not drops else (1, 4)]]
    return {"candidates": candidates, "sigmas": [1 - step / steps for step in range(steps + 1)], "share": 0.5,
            "depth": 0.4, "watches": watches, "retention": [None, *[odds] * (steps - 1), None], "loras": [],
            "accuracy": [None, *[[0.7, 0.6, 0.8]] * (steps - 1), None],
            "correlation": [None, *[[0.5] * (candidates - 1)] * (steps - 1), None],
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
