"""The bundled workflows, laid out so that nothing is hidden: not as they open, and not once their panels have grown."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from uuid import uuid4

import pytest

from tests.web.charting import STEPS, curves
from tests.web.choosing import choose
from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.test_workflows import BUNDLED
from tests.web.views import card, send, sheet, show_sheets, view

Box = tuple[str, float, float, float, float]  # name, left, top, right, bottom on the canvas
NODES = """graph.nodes.map(node => {
    const drawn = document.querySelector(`.lg-node[data-node-id="${node.id}"]`), { scale, offset } = app.canvas.ds;
    const { left: x0, top: y0 } = app.canvas.canvas.getBoundingClientRect();
    let [left, top, width, height] = node.boundingRect;
    if (drawn) {
        ({ left, top, width, height } = drawn.getBoundingClientRect());
        [left, top] = [(left - x0) / scale - offset[0], (top - y0) / scale - offset[1]];
        [width, height] = [width / scale, height / scale];
    }
    return [`${node.type} ${node.id}`, left, top, left + width, top + height].map(value =>
        typeof value === "number" ? Math.round(value) : value);
})"""
GROUPS = "graph.groups.map(({ title, pos: [x, y], size: [w, h] }) => [title, x, y, x + w, y + h])"


def overlap(one: Box, other: Box, least: int = 4) -> bool:
    """Whether one lies on the other by more than what rounding and shadows make."""
    return all(min(one[side + 2], other[side + 2]) - max(one[side], other[side]) > least for side in (1, 2))


def inside(part: Box, whole: Box) -> bool:
    """Whether a box lies within another."""
    return part[1] >= whole[1] and part[2] >= whole[2] and part[3] <= whole[3] and part[4] <= whole[4]


def settled(comfy: ComfyPage) -> list[Box]:
    """Every node's box, title included, once none grows any more."""
    def same() -> list[Box] | None:
        before = comfy.graph(NODES)
        comfy.page.wait_for_timeout(500)
        return before if comfy.graph(NODES) == before else None
    return comfy.poll(same, what="nodes that keep their size")


def check(comfy: ComfyPage) -> None:
    """No node covers another, and each stays in the group in which it is."""
    boxes, groups = settled(comfy), comfy.graph(GROUPS)
    assert [(one, other) for one, other in combinations(boxes, 2) if overlap(one, other)] == []
    assert [(box, group) for box in boxes for group in groups if overlap(box, group) and not inside(box, group)] == []


def with_chart(panel: Panel) -> None:
    """Wait for the end of a run, and for the chart below the cards."""
    panel.wait("finished", 120)
    panel.root.locator(".prism-readout p").first.wait_for(state="attached", timeout=30_000)


def run_alone(comfy: ComfyPage) -> None:
    """A run in which the head decides."""
    comfy.run()
    assert comfy.wait_for_end(seconds=120).status == "success"
    with_chart(Panel(comfy))


def run_and_choose(comfy: ComfyPage) -> None:
    """A run in which a person decides."""
    panel = Panel(comfy, "PrismKSampler")
    comfy.run()
    panel.wait("waiting", 120)
    check(comfy)
    choose(panel, [0, 1])
    panel.press("keep")
    assert comfy.wait_for_end(seconds=120).status == "success"
    panel.wait("finished")


def run_in_stages(comfy: ComfyPage) -> None:
    """A run of the staged graph."""
    comfy.run()
    assert comfy.wait_for_end(seconds=120).status == "success"
    panel = Panel(comfy, "PrismPruneLatents")
    comfy.poll(lambda: panel.cards.count() == 8, what="the ranking")


def tell_of_a_run(comfy: ComfyPage) -> None:
    """What the server would tell of a run with models that the tests do not have: dropped after its cut."""
    kind, latent = (comfy.graph(f"graph.nodes.find(({{ widgets }}) => widgets?.some(({{ name }}) => name === '{name}')).type")
                    for name in ("prism_panel", "width"))
    many = comfy.widget(kind, "candidates")
    cards = [card(row, state="dropped" if row else "kept", score=row / 10, rank=row + 1, dropped_at=5 if row else None,
                  reason="lowest score" if row else "") for row in range(many)]
    shape = {side: comfy.widget(latent, side) for side in ("width", "height")}
    show_sheets(comfy.page.context, many)
    comfy.page.route("**/prism/runs/*/chart", lambda route: route.fulfill(json=curves(many)))
    send(comfy, view(comfy, kind, many, status="finished", judge="head", head="wan", step=STEPS, candidates=cards,
                     sheet=sheet([*range(many)]) | shape))
    with_chart(Panel(comfy, kind))


def tell_of_stages(comfy: ComfyPage) -> None:
    """What the server would tell of a staged run with models that the tests do not have."""
    node, rows = comfy.node_id("PrismPruneLatents"), [*range(8)]
    told = {"kept": rows[:2], "dropped": rows[2:], "candidates": rows, "scores": rows}
    send(comfy, {"node": node, "output": {"prism_kept": [json.dumps(told)]}}, event="executed")
    panel = Panel(comfy, node)
    comfy.poll(lambda: panel.cards.count() == 8, what="the ranking")


RUNS: dict[str, Callable[[ComfyPage], None]] = {
    "prism_best_of_n_shapes": run_alone, "prism_choose_shapes": run_and_choose,
    "prism_prune_shapes": run_in_stages, "prism_prune_wan21": tell_of_stages,
}

ARRANGED = [name for name in BUNDLED if name != "prism_trial_shapes"]  # the trial ends with a ranking, see test_trial.py


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("name", ARRANGED)
def test_no_node_covers_another(comfy: ComfyPage, name: str) -> None:
    comfy.load_workflow(name, str(uuid4()))
    check(comfy)
    comfy.server.client.free()  # what was run before would not be run again
    RUNS.get(name, tell_of_a_run)(comfy)
    comfy.graph("app.extensionManager.command.execute('Comfy.Canvas.FitView')")
    comfy.screenshot(f"arranged_{name}")
    check(comfy)
