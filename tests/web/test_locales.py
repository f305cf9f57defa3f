"""ComfyUI set to Chinese shows our nodes, settings and help in Chinese; what a prompt holds stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from launcher import layout
from launcher.server import Server
from tests.web.comfy_page import RENDERERS, ComfyPage

# Names, tooltips and places of everything that the pack registers with the front end.
REGISTERED = """() => {
    const store = window.app.extensionManager;
    const ours = id => id.startsWith("PRISM");
    const key = id => id.replaceAll(".", "_");
    return {
        settings: Object.fromEntries(Object.values(store.setting.settings).filter(({ id }) => ours(id))
            .map(({ id, name, tooltip, category, options }) => [key(id), {
                name, category, ...tooltip && { tooltip }, ...options && { options: Object.fromEntries(
                    options.map(each => each.text ?? each).map(text => [key(text), text])) },
            }])),
        commands: Object.fromEntries(store.command.commands.filter(({ id }) => ours(id))
            .map(({ id, label }) => [key(id), typeof label === "function" ? label() : label])),
    };
}"""
# A node of each type: what it is called, and its sockets by name.
NEW = """value.map((type, index) => {
    const made = LiteGraph.createNode(type);
    made.pos = [500 * (index % 4), 900 * Math.floor(index / 4)];
    graph.add(made);
    return [type, made.title, made.inputs.map(each => [each.name, each.label ?? each.localized_name]),
            made.outputs.map(each => each.label ?? each.localized_name)];
})"""

TITLE = "app.canvas.convertOffsetToCanvas([node.pos[0] + 80, node.pos[1] - 15])"  # where a click selects the node


def locale(language: str, file: str) -> dict[str, Any]:
    path = layout.ROOT / "locales" / language / f"{file}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@pytest.fixture
def chinese(comfyui: Server) -> Iterator[None]:
    """The server's language, which it keeps for every page that is opened."""
    comfyui.client.post("/settings", {"Comfy.Locale": "zh"})
    yield
    comfyui.client.post("/settings", {"Comfy.Locale": "en"})


def test_everything_registered_has_its_texts(comfy: ComfyPage) -> None:
    registered = comfy.page.evaluate(REGISTERED)
    assert registered["settings"], "the front end keeps settings elsewhere now"
    english, categories = locale("en", "settings"), locale("en", "main")["settingsCategories"]
    places = {part for each in registered["settings"].values() for part in (each.pop("category") or [])[:2]}
    assert english == registered["settings"] and categories.keys() == places
    assert registered["commands"], "the front end keeps commands elsewhere now"
    assert {key: text["label"] for key, text in locale("en", "commands").items()} == registered["commands"]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_nodes_and_help_are_chinese_and_prompts_are_not(
        chinese: None, open_page: Callable[..., ComfyPage], renderer: str) -> None:
    comfy, texts = open_page(renderer), locale("zh", "nodeDefs")
    comfy.load_workflow({"nodes": [], "links": [], "version": 0.4})
    shown = comfy.graph(NEW, value=sorted(texts))
    assert len(shown) == len(texts)
    for kind, title, inputs, outputs in shown:
        assert title == texts[kind]["display_name"]
        assert dict(inputs) == {name: text["name"] for name, text in texts[kind]["inputs"].items()}
        assert outputs == [text["name"] for text in texts[kind]["outputs"].values()]
    for node in comfy.prompt()["output"].values():
        assert node["inputs"].keys() <= texts[node["class_type"]]["inputs"].keys()

    comfy.show("PrismPick")
    comfy.page.mouse.click(*comfy.graph(TITLE, "PrismPick"))
    comfy.page.get_by_test_id("info-button").click()
    comfy.page.get_by_role("heading", name="\u60a8\u7684\u9009\u62e9\u5b58\u5728\u54ea\u91cc").wait_for()
