"""Lock, and Keep this one and try more: what they write, wherever the sampler's seed is kept. No sampling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.views import card, send, view

SEED, REPLAY = "4242", "1, 4 #1a2b3c4d"
EMPTY = {"revision": 0, "last_node_id": 0, "last_link_id": 0, "nodes": [], "links": [], "groups": [], "config": {},
         "extra": {}, "version": 0.4}
# Each leads the model from PRISM Best of N through a LoRA into a sampler, and gives the id of the node with the seed.
TOOLS = """
    const add = (type) => { const made = LiteGraph.createNode(type); graph.add(made); return made; };
    const join = (from, to, name) => from.connect(0, to, to.inputs.findIndex(input => input.name === name));
    const set = (node, name, value) => { node.widgets.find(widget => widget.name === name).value = value; };
    const best = add('PrismBestOfN'), lora = add('LoraLoaderModelOnly');
    join(best, lora, 'model');
    const sampler = (type, name = 'model') => { const made = add(type); join(lora, made, name); return made; };
"""
GRAPHS = {
    "KSampler": "const k = sampler('KSampler'); return [k.id, 'seed'];",
    "KSampler Advanced": "const k = sampler('KSamplerAdvanced'); return [k.id, 'noise_seed'];",
    "SamplerCustom": "const k = sampler('SamplerCustom'); return [k.id, 'noise_seed'];",
    "a guider": """const guide = sampler('CFGGuider'), k = add('SamplerCustomAdvanced'), noise = add('RandomNoise');
        join(guide, k, 'guider'); join(noise, k, 'noise'); return [noise.id, 'noise_seed'];""",
    "a primitive": """const k = sampler('KSampler'), seed = add('PrimitiveInt'); join(seed, k, 'seed');
        return [seed.id, 'value'];""",
    "a sampler in a subgraph": """const k = sampler('KSampler');
        return [graph.convertToSubgraph(new Set([k])).node.id, 'seed'];""",
}


def build(comfy: ComfyPage, code: str) -> Any:
    """Make a graph in an empty workflow, and give what the code returns."""
    comfy.load_workflow(EMPTY | {"id": str(uuid4())})
    made = comfy.graph(f"(() => {{ {TOOLS} {code} }})()")
    comfy.page.wait_for_timeout(100)
    return made


def finished(comfy: ComfyPage, node: str = "PrismBestOfN", **changes: Any) -> dict[str, Any]:
    """A run that kept two of eight."""
    cards = [card(row, state="kept" if row in (1, 4) else "dropped") for row in range(8)]
    return view(comfy, node, status="finished", step=20, seed=SEED, replay=REPLAY, group=4, candidates=cards) | changes


def lock(panel: Panel, run: dict[str, Any]) -> None:
    """Press Lock, once the run is shown."""
    send(panel.comfy, run)
    panel.wait("finished")
    # The node may lie under others, which a person would drag away.
    panel.root.locator("[data-action=lock]").dispatch_event("click")
    panel.comfy.poll(lambda: "Locked to" in panel.root.inner_text(), what="the lock")


@pytest.mark.parametrize("graph", GRAPHS)
def test_lock_finds_the_seed(comfy: ComfyPage, graph: str) -> None:
    node, name = build(comfy, GRAPHS[graph])
    comfy.set_widget(str(node), **{name: 77})
    comfy.show("PrismBestOfN")
    lock(Panel(comfy), finished(comfy))
    assert comfy.widget(str(node), name) == int(SEED)
    assert comfy.widget("PrismBestOfN", "kept") == REPLAY and comfy.widget("PrismBestOfN", "group") == 4
    controls = comfy.graph("""graph.nodes.flatMap(node => [node, ...node.subgraph?.nodes ?? []])
        .flatMap(node => node.widgets ?? []).filter(widget => widget.name === 'control_after_generate')
        .map(widget => widget.value)""")
    assert set(controls) <= {"fixed"}, "whatever had a control is fixed now"


@pytest.mark.parametrize("renderer", RENDERERS)
def test_lock_inside_a_subgraph(comfy: ComfyPage) -> None:
    build(comfy, "graph.convertToSubgraph(new Set([best, lora, sampler('KSampler')]));")
    host = str(comfy.graph("graph.nodes.find(node => node.subgraph).id"))
    inner = {kind: f"{host}:{comfy.graph('node.subgraph.nodes.find(inner => inner.type === value).id', host, kind)}"
             for kind in ("PrismBestOfN", "KSampler")}
    comfy.graph("app.canvas.setGraph(node.subgraph)", host)
    comfy.graph("app.canvas.centerOnNode(node)", inner["PrismBestOfN"])
    lock(Panel(comfy, inner["PrismBestOfN"]), finished(comfy, inner["PrismBestOfN"]))
    assert comfy.widget(inner["PrismBestOfN"], "kept") == REPLAY
    assert comfy.widget(host, "seed") == int(SEED), "the subgraph's own seed is what counts"
    sent = comfy.prompt()["output"]
    assert sent[inner["KSampler"]]["inputs"]["seed"] == int(SEED)
    assert sent[inner["PrismBestOfN"]]["inputs"]["kept"] == REPLAY


def test_several_samplers_keep_their_own_seeds(comfy: ComfyPage) -> None:
    ids = build(comfy, "return [sampler('KSampler').id, sampler('KSampler').id];")
    prompt = {str(ids[0]): {"inputs": {"seed": 11}}, str(ids[1]): {"inputs": {"seed": ["99", 0]}},
              "99": {"inputs": {"value": 22}}}
    comfy.page.route("**/history/*", lambda route: route.fulfill(json={"known": {"prompt": [0, "known", prompt]}}))
    lock(Panel(comfy), finished(comfy, prompt="known"))
    assert [comfy.widget(str(node), "seed") for node in ids] == [11, 22]


def test_a_seed_that_browsers_cannot_hold(comfy: ComfyPage) -> None:
    node, name = build(comfy, GRAPHS["KSampler"])
    panel = Panel(comfy)
    send(comfy, finished(comfy, seed=str(2**64 - 1)))
    panel.wait("finished")
    before = comfy.widget(str(node), name)
    panel.root.locator("[data-action=lock]").dispatch_event("click")
    comfy.poll(lambda: "browsers count exactly" in panel.root.inner_text(), what="the reason")
    assert comfy.widget(str(node), name) == before and comfy.widget("PrismBestOfN", "kept") == ""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_keep_and_try_more_queues_the_next_seeds(comfy: ComfyPage, moment: str) -> None:
    node, _ = build(comfy, GRAPHS["KSampler"])
    comfy.graph("app.extensionManager.setting.set('Comfy.WidgetControlMode', value)", value=moment)
    comfy.set_widget(str(node), seed=77, control_after_generate="randomize")
    posted: list[dict[str, Any]] = []
    comfy.page.route("**/prism/runs/*/answer", lambda route: (posted.append(route.request.post_data_json),
                                                              route.fulfill(json={})))
    prompts: list[dict[str, Any]] = []
    comfy.page.route("**/api/prompt", lambda route: (prompts.append(route.request.post_data_json["prompt"]),
                                                     route.fulfill(json={"prompt_id": "x", "number": 1})))
    panel = Panel(comfy)
    send(comfy, view(comfy, "PrismBestOfN", status="waiting", step=5, seed=SEED, waiting={
        "question": 3, "keep": 1, "suggested": [2], "deadline_s": None, "outcome": "best", "has_head": False}))
    panel.wait("waiting")
    panel.root.locator("[data-action=more]").dispatch_event("click")
    comfy.poll(lambda: prompts and "Queued" in panel.root.inner_text(), what="another run")
    comfy.graph("app.extensionManager.setting.set('Comfy.WidgetControlMode', 'after')")
    assert posted == [{"question": 3, "action": "keep", "rows": [2]}]
    assert prompts[0][str(node)]["inputs"]["seed"] == int(SEED) + 8
    assert comfy.widget(str(node), "control_after_generate") == "randomize", "as the artist had it"


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_panel_is_saved_nowhere(open_page: Callable[..., ComfyPage], renderer: str) -> None:
    comfy = open_page(renderer)
    build(comfy, "sampler('KSampler');")
    comfy.set_widget("PrismBestOfN", kept="1, 2", timeout=30)
    send(comfy, finished(comfy))
    comfy.page.wait_for_timeout(200)
    saved = comfy.serialize()
    assert "prism_panel" not in str(saved) + str(comfy.prompt())
    values = next(node["widgets_values"] for node in saved["nodes"] if node["type"] == "PrismBestOfN")
    assert None not in values, "a gap would shift what other packs add behind it"
    comfy.load_workflow(saved | {"id": str(uuid4())})
    assert comfy.widget("PrismBestOfN", "kept") == "1, 2" and comfy.widget("PrismBestOfN", "timeout") == 30
