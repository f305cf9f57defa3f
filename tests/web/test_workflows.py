"""Every bundled workflow opens in both renderers as it was saved, and runs from the template browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from launcher import layout
from tests.web.comfy_page import RENDERERS, ComfyPage

# node -> how many widgets it had before people could choose, and what those that came then stand at
FIRST = {"PrismBestOfN": 8, "PrismKSampler": 15}
CAME = ["auto", 0, "best"]
Values = dict[str, tuple[str, list[Any]]]  # place -> type, widget values
BUNDLED = sorted(path.stem for path in layout.WORKFLOWS.glob("*.json"))


def nodes(workflow: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of a workflow by its place, those inside subgraphs too."""
    graphs = {"": workflow} | {graph["id"]: graph for graph in workflow.get("definitions", {}).get("subgraphs", ())}
    for name, graph in graphs.items():
        for node in graph["nodes"]:
            yield f"{name}/{node['id']}", node


def values(workflow: dict[str, Any]) -> Values:
    """The widget values of every node that has widgets."""
    return {place: (node["type"], node["widgets_values"])
            for place, node in nodes(workflow) if node.get("widgets_values")}


def check(name: str, wanted: Values, now: Values) -> None:
    """Every value is there. Nodes of ComfyUI may have more: it gives LoadImage a button that is saved as well."""
    for place, (kind, given) in wanted.items():
        if len(given) == FIRST.get(kind):
            given = given + CAME
        found = now[place][1] if kind.startswith("Prism") else now[place][1][:len(given)]
        assert (now[place][0], found) == (kind, given), f"{name}: node {place}"


def as_before(workflow: dict[str, Any]) -> dict[str, Any]:
    """The workflow as the first release saved it, whose nodes had fewer widgets, and as wide as they were."""
    for _, node in nodes(workflow):
        if node["type"] in FIRST:
            node["widgets_values"], node["size"] = node["widgets_values"][:FIRST[node["type"]]], [300, 280]
    return workflow


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_workflow_opens_with_its_values(comfy: ComfyPage, renderer: str) -> None:
    for name in BUNDLED:
        saved = json.loads((layout.WORKFLOWS / f"{name}.json").read_text(encoding="utf-8"))
        comfy.load_workflow(saved)
        check(name, values(saved), values(comfy.serialize()))
        comfy.check_console()
    assert comfy.graph("app.extensionManager.setting.get('Comfy.VueNodes.Enabled')") == (renderer == "nodes2")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_workflows_of_the_first_release_open(comfy: ComfyPage, renderer: str) -> None:
    grown = 0
    for name in BUNDLED:
        saved = as_before(json.loads((layout.WORKFLOWS / f"{name}.json").read_text(encoding="utf-8")))
        comfy.load_workflow(saved)
        check(name, values(saved), values(comfy.serialize()))
        grown += any(kind in FIRST for kind, _ in values(saved).values())
    assert grown >= 4


def test_a_template_runs(comfy: ComfyPage) -> None:
    comfy.open_template("prism_best_of_n_shapes")
    comfy.run()
    run = comfy.wait_for_end()
    assert run.status == "success", run.error
    saved = [file["filename"] for file in run.files() if file.get("type") == "output"]
    assert sum(name.endswith(".webp") for name in saved) == 2, saved
    comfy.screenshot("template")
