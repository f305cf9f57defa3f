"""A node that a person adds by search and drags about has its panel in it all the way."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.test_blueprint import EMPTY, add_by_search
from tests.web.views import send, view

NODE = "PrismBestOfN"
# Where its title is on the screen, and the room that the node takes there: x, y, width, height.
TITLE = "app.canvas.convertOffsetToCanvas([node.pos[0] + 80, node.pos[1] - 15])"
ROOM = """(([x, y], scale) => [x, y, node.size[0] * scale, node.size[1] * scale])(
    app.canvas.convertOffsetToCanvas(node.pos), app.canvas.ds.scale)"""


def inside(panel: Panel) -> bool:
    """Whether the panel can be seen, and lies within its node."""
    box = panel.root.bounding_box()
    x, y, width, height = panel.comfy.graph(ROOM, NODE)
    return bool(box) and x - 1 <= box["x"] and y - 1 <= box["y"] and (
        box["x"] + box["width"] <= x + width + 1 and box["y"] + box["height"] <= y + height + 1)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_added_by_search_and_dragged(comfy: ComfyPage, renderer: str) -> None:
    comfy.load_workflow(EMPTY, str(uuid4()))
    add_by_search(comfy, "PRISM Best of N")
    comfy.graph("app.canvas.ds.reset()")
    comfy.show(NODE, 0.8)
    panel = Panel(comfy)
    panel.root.get_by_text("Press Run").first.wait_for()
    comfy.poll(lambda: inside(panel), 5, "the panel in its node")
    send(comfy, view(comfy, NODE))
    comfy.poll(lambda: panel.cards.count() == 8 and inside(panel), 5, "the cards in their node")

    x, y = comfy.graph(TITLE, NODE)
    before = comfy.graph("[...node.pos]", NODE)
    comfy.page.mouse.move(x, y)
    comfy.page.mouse.down()
    comfy.page.mouse.move(x - 100, y + 30, steps=5)
    comfy.page.mouse.move(x - 200, y + 60, steps=5)
    assert inside(panel), "also while it is dragged"
    comfy.page.mouse.up()
    comfy.poll(lambda: comfy.graph("[...node.pos]", NODE)[0] < before[0] - 100, 5, "a node that has moved")
    comfy.poll(lambda: inside(panel), 5, "the panel with it")
    assert panel.cards.count() == 8


@pytest.mark.parametrize(("typed", "name", "kind"), [
    ("best of n", "PRISM Best of N", "PrismBestOfN"), ("cull", "PRISM Prune Latents", "PrismPruneLatents"),
    ("cherry pick", "PRISM Pick", "PrismPick"), ("\u76f2\u9009", "PRISM Trial", "PrismTrial"),  # to choose blind
])
def test_found_by_an_artists_word(comfy: ComfyPage, typed: str, name: str, kind: str) -> None:
    comfy.load_workflow(EMPTY, str(uuid4()))
    assert comfy.graph("node.type", add_by_search(comfy, name, typed)) == kind
