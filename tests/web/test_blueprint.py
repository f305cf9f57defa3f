"""The block "Best-of-N video", added, connected and run as a person does it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from launcher.server import Server
from tests.web.comfy_page import RENDERERS, ComfyPage

NAME = "Best-of-N video"
PLACE = {"x": 1000, "y": 300}  # right of an open sidebar
SEEDS = count(5000, 100)
EMPTY: dict[str, Any] = {"nodes": [], "links": [], "version": 0.4}
# What stands around the block: (type, widgets, from which of its outputs, into which input of the block).
SOURCES = [
    ("PrismShapesPrompt", {"text": "a small blue square moving left"}, 0, "positive"),
    ("PrismShapesPrompt", {"text": ""}, 0, "negative"),
    ("EmptyHunyuanLatentVideo", {"width": 64, "height": 64, "length": 9, "batch_size": 1}, 0, "latent_image"),
    ("PrismLoadHead", {}, 0, "head"),
]
ADD = """(() => {
    const made = LiteGraph.createNode(value[0]);
    graph.add(made);
    for (const [name, text] of Object.entries(value[1])) made.widgets.find(widget => widget.name === name).value = text;
    return String(made.id);
})()"""
CONNECT = "graph.getNodeById(Number(value[0])).connect(value[1], node, node.findInputSlot(value[2]))"
LEAVE = """value.forEach(([out, id, input]) => {
    const target = graph.getNodeById(Number(id));
    node.connect(node.findOutputSlot(out), target, target.findInputSlot(input));
})"""


def add_by_search(comfy: ComfyPage, name: str = NAME, typed: str | None = None) -> str:
    """Double click on the canvas, type its name or another word, click the block or node, then its place; its id."""
    search = comfy.page.get_by_role("search").get_by_role("combobox")

    def opened() -> bool:  # while a workflow opens, the canvas takes no double click
        comfy.page.locator("#graph-canvas").dblclick(position=PLACE)
        comfy.page.wait_for_timeout(500)
        return search.is_visible()
    comfy.poll(opened, what="the search")
    search.fill(typed or name)
    comfy.page.get_by_role("option").filter(has_text=name).first.click()
    return placed(comfy)


def add_from_library(comfy: ComfyPage) -> str:
    """Open the node library, search there, click the block, then where it shall stand; the block's id."""
    comfy.page.get_by_role("button", name="Node Library").click()
    comfy.page.get_by_placeholder("Search").fill(NAME)
    comfy.page.locator(".comfy-vue-side-bar-container, .side-bar-panel").get_by_text(NAME).first.click()
    return placed(comfy)


def placed(comfy: ComfyPage) -> str:
    """Click on the canvas until the block stands there: what is still fading out takes a click for itself."""
    def stands() -> bool:
        comfy.page.mouse.move(PLACE["x"] + 5, PLACE["y"])
        comfy.page.mouse.click(**PLACE)
        comfy.page.wait_for_timeout(300)
        return comfy.graph("graph.nodes.length === 1 && !graph.nodes[0].flags.ghost")
    comfy.poll(stands, what="the block to stand")
    return str(comfy.graph("graph.nodes[0].id"))


def connect(comfy: ComfyPage, block: str) -> None:
    """Prompts, latent and head into it; its clips under its names to a saving node."""
    for kind, widgets, output, socket in SOURCES:
        comfy.graph(CONNECT, block, [comfy.graph(ADD, value=[kind, widgets]), output, socket])
    save = comfy.graph(ADD, value=["SaveAnimatedWEBP", {"fps": 8}])
    comfy.graph(LEAVE, block, [["clips", save, "images"], ["names", save, "filename_prefix"]])


def inside(comfy: ComfyPage, kind: str) -> dict[str, Any]:
    """The inputs of the one node of a type in the prompt, but for its links."""
    (node,) = [node for node in comfy.prompt()["output"].values() if node["class_type"] == kind]
    return {name: value for name, value in node["inputs"].items() if not isinstance(value, list)}


def defaults(info: dict[str, Any]) -> dict[str, Any]:
    """The values that a new node's widgets have."""
    found = {}
    for name, (kind, *more) in (info["input"]["required"] | info["input"]["optional"]).items():
        choices = kind if isinstance(kind, list) else more[0].get("options", [None]) if more else [None]
        found[name] = (more[0] if more else {}).get("default", choices[0])
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("renderer, add", [("canvas", add_by_search), ("nodes2", add_from_library)])
def test_it_is_added_connected_and_run(
        comfy: ComfyPage, comfyui: Server, renderer: str, add: Callable[[ComfyPage], str]) -> None:
    seed = next(SEEDS)
    comfy.load_workflow(EMPTY, f"00000000-0000-4000-8000-{seed:012}")
    block = add(comfy)
    connect(comfy, block)
    fresh = defaults(comfyui.client.object_info()["PrismKSampler"])
    assert inside(comfy, "PrismKSampler") == fresh | {"cfg": 1.0}

    comfy.set_widget(block, seed=seed, steps=6, candidates=4, prune_step=2, keep=2, prefix=f"PRISM/block{seed}")
    expected = {"seed": seed, "steps": 6, "candidates": 4, "prune_step": 2, "keep": 2}
    assert inside(comfy, "PrismKSampler").items() >= expected.items()
    comfy.run()
    run = comfy.wait_for_end()
    assert run.status == "success", run.error
    files = [file["filename"] for file in run.files() if file["filename"].startswith(f"block{seed}")]
    assert len(files) == 2 and all(file.endswith(".webp") for file in files)
    comfy.poll(lambda: comfy.widget(block, "seed") != seed, what="a new seed for the next run")
    comfy.screenshot("blueprint")


def test_without_a_head_one_is_asked_inside_it(comfy: ComfyPage) -> None:
    seed = next(SEEDS)
    comfy.load_workflow(EMPTY, f"00000000-0000-4000-8000-{seed:012}")
    block = add_by_search(comfy)
    connect(comfy, block)
    comfy.graph("node.disconnectInput(node.findInputSlot('head'))", block)
    comfy.set_widget(block, seed=seed, steps=6, candidates=4, prune_step=2, prefix=f"PRISM/block{seed}")
    comfy.run()
    comfy.page.get_by_role("button", name="Show", exact=True).click()
    panel = comfy.page.locator(".prism-panel[data-status=waiting]")
    panel.locator(".prism-card[data-row='2']").click()
    panel.locator("button[data-action=keep]:not([aria-disabled=true])").click()
    run = comfy.wait_for_end()
    assert run.status == "success", run.error
    (name,) = [file["filename"] for file in run.files() if file["filename"].startswith(f"block{seed}")]
    assert f"seed{seed + 2}" in name, name
