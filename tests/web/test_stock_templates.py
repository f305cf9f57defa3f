"""One node added to ComfyUI's own video templates, no head: Run, look, choose one, and a clip is saved.

The models are tiny and of random weights, under the official names, for the stock loaders.
"""

from __future__ import annotations

import pytest

from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel
from tests.web.stock import TEMPLATES, template

ADD = """(() => {
    const ours = window.LiteGraph.createNode("PrismBestOfN");
    graph.add(ours);
    ours.pos = [node.pos[0], node.pos[1] - 1200];
    const slot = node.findInputSlot("model"), link = graph.getLink(node.inputs[slot].link);
    graph.getNodeById(link.origin_id).connect(link.origin_slot, ours, "model");
    ours.connect(0, node, slot);
})()"""


@pytest.mark.parametrize(("name", "renderer"), [*zip(TEMPLATES, ("canvas", "nodes2", "canvas"))])
def test_choose_in_a_stock_template(comfy: ComfyPage, name: str, renderer: str) -> None:
    comfy.load_workflow(template(name))
    comfy.graph(ADD, TEMPLATES[name])
    panel = Panel(comfy)
    comfy.show("PrismBestOfN", 0.8)
    comfy.run()
    panel.wait("waiting", 60)
    count = comfy.widget("PrismBestOfN", "candidates")
    comfy.poll(lambda: panel.playing() == [*range(count)], what="a moving picture on each card, in order of seed")
    assert not panel.can("best"), "there is no head"
    comfy.screenshot(name)

    for row in panel.rows(chosen="true"):
        panel.card(row).click()
    panel.card(3).click()
    comfy.poll(lambda: panel.rows(chosen="true") == [3], what="the choice")
    panel.press("keep")
    run = comfy.wait_for_end()
    assert run.status == "success", run.error
    assert [file["filename"][-4:] for file in run.files() if file["type"] == "output"] == [".mp4"]
    panel.wait("finished")
    assert panel.rows(state="kept") == [3]
