"""The panel wherever a node can be: other nodes, subgraphs, zoomed, another tab, a connection that comes back."""

from __future__ import annotations

import pytest

from launcher.server import Server
from tests.web.choosing import CANDIDATES, NODE, choose, clips, ended, prepared, shown, wait_for_question
from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel

ADD_KSAMPLER = """(() => {
    const ours = window.LiteGraph.createNode("PrismKSampler"), best = graph.nodes.find(({ type }) => type === value);
    graph.add(ours);
    const take = (input, from, name) => {
        const link = graph.getLink(from.inputs[from.findInputSlot(name)].link);
        graph.getNodeById(link.origin_id).connect(link.origin_slot, ours, input);
    };
    take("model", best, "model");
    for (const name of ["positive", "negative", "latent_image"]) take(name, node, name);
    ours.connect(0, graph.nodes.find(({ type }) => type === "PrismSplitCandidates"), "latent");
    [best, node, ...graph.nodes.filter(({ type }) => ["PrismRunReport", "SaveImage"].includes(type))]
        .forEach((old) => graph.remove(old));
})()"""
ADD_PICK = """(() => {
    const ours = window.LiteGraph.createNode("PrismPick"), best = graph.nodes.find(({ type }) => type === value);
    graph.add(ours);
    const models = graph.nodes.find(({ type }) => type === "UNETLoader");
    models.connect(0, ours, "model");
    models.connect(0, node, "model");
    node.connect(0, ours, "latent");
    ours.connect(0, graph.nodes.find(({ type }) => type === "PrismSplitCandidates"), "latent");
    [best, ...graph.nodes.filter(({ type }) => ["PrismRunReport", "SaveImage"].includes(type))]
        .forEach((old) => graph.remove(old));
})()"""


def test_from_the_template_browser(comfy: ComfyPage, comfyui: Server) -> None:
    comfy.open_template("prism_choose_shapes")
    comfy.run()
    node = comfy.graph("graph.nodes.find(node => node.widgets?.some(({ name }) => name === 'prism_panel')).type")
    panel = Panel(comfy, node)
    panel.wait("waiting")
    comfy.poll(lambda: len(panel.playing()) == panel.cards.count(), what="a picture on each card")
    comfy.screenshot("template")
    choose(panel, [2])
    panel.press("keep")
    assert len(clips(comfyui, ended(panel))) == 1


@pytest.mark.parametrize("renderer", RENDERERS)
def test_inside_a_subgraph(comfy: ComfyPage, renderer: str) -> None:
    panel = prepared(comfy)
    wait_for_question(panel)
    panel.press("stop")
    ended(panel, "stopped")
    path = comfy.graph("""(() => {
        const sampler = graph.nodes.find(({ type }) => type === "KSampler");
        const ids = [node.id, sampler.id], made = graph.convertToSubgraph(new Set([node, sampler]));
        app.canvas.setGraph(made.subgraph);
        const inside = made.subgraph.nodes.find(({ type }) => type === value);
        return `${made.node.id}:${inside.id}`;
    })()""", NODE, NODE)
    comfy.page.wait_for_timeout(500)
    comfy.show(path, 0.8)
    panel = Panel(comfy, path)
    wait_for_question(panel)
    choose(panel, [3])
    panel.press("keep")
    assert ended(panel).status == "success" and panel.rows(state="kept") == [3]
    panel.press("lock")
    comfy.poll(lambda: comfy.widget(path, "kept").startswith("3"), what="the kept widget inside")


def test_try_more(comfy: ComfyPage, comfyui: Server) -> None:
    panel = prepared(comfy)
    seed = comfy.widget("KSampler", "seed")
    wait_for_question(panel)
    choose(panel, [1])
    with comfy.page.expect_response(lambda answer: answer.url.endswith("/api/prompt")) as sent:
        panel.press("more")
    first = comfy.wait_for_end()
    assert first.status == "success" and len(clips(comfyui, first)) == 1
    panel.wait("waiting")
    assert f"seed {seed + CANDIDATES}" in panel.label(0)
    panel.press("stop")
    comfy.prompts.append(sent.value.json()["prompt_id"])
    ended(panel, "stopped")


@pytest.mark.parametrize("zoom", [0.5, 2.0])
@pytest.mark.parametrize("renderer", RENDERERS)
def test_zoomed(comfy: ComfyPage, renderer: str, zoom: float) -> None:
    panel = prepared(comfy, candidates=2, keep=1)
    comfy.show(NODE, zoom)
    wait_for_question(panel)
    panel.bring_up()
    choose(panel, [0, 1])
    panel.card(0).click()
    comfy.poll(lambda: panel.rows(chosen="true") == [1], what="the choice")
    comfy.screenshot(f"zoom_{100 * zoom:.0f}")
    panel.root.locator(".prism-card").first.press("Enter")
    assert ended(panel).status == "success"


def test_another_tab_and_a_lost_connection(comfy: ComfyPage) -> None:
    panel = prepared(comfy)
    wait_for_question(panel)
    comfy.load_workflow("prism_prune_shapes")
    comfy.wait_for("type => !window.app.rootGraph.nodes.some(node => node.type === type)", NODE)
    comfy.graph("app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    comfy.wait_for("type => window.app.rootGraph.nodes.some(node => node.type === type)", NODE)
    panel = shown(comfy)
    panel.wait("waiting")

    comfy.graph("app.api.socket.close()")
    comfy.poll(lambda: panel.root.get_attribute("data-online") == "false", what="the loss to be shown")
    comfy.poll(lambda: panel.root.get_attribute("data-online") == "true", what="the connection to come back")
    assert panel.status == "waiting"
    choose(panel, [4])
    panel.press("keep")
    assert ended(panel).status == "success" and panel.rows(state="kept") == [4]


@pytest.mark.parametrize(("node", "add"), [("PrismKSampler", ADD_KSAMPLER), ("PrismPick", ADD_PICK)])
def test_other_nodes(comfy: ComfyPage, comfyui: Server, node: str, add: str) -> None:
    prepared(comfy)
    comfy.set_widget("EmptyHunyuanLatentVideo", batch_size=1 if node == "PrismKSampler" else CANDIDATES)
    comfy.graph(add, "KSampler", NODE)
    if node == "PrismKSampler":
        comfy.set_widget(node, seed=500, steps=8, candidates=CANDIDATES, prune_step=3)
    comfy.graph("node.pos = [-900, 0]", node)
    comfy.show(node, 0.7)
    panel = Panel(comfy, node)
    wait_for_question(panel)
    choose(panel, [0, 5])
    panel.press("keep")
    run = ended(panel)
    assert run.status == "success", run.error
    assert sorted(panel.rows(state="kept")) == [0, 5] and len(clips(comfyui, run)) == 2


def test_staged_choice_for_the_next_run(comfy: ComfyPage, comfyui: Server) -> None:
    comfy.load_workflow("prism_prune_shapes")
    node = "PrismPruneLatents"
    comfy.graph("node.pos = [-900, 0]", node)
    comfy.show(node, 0.9)
    panel = Panel(comfy, node)
    comfy.run()
    assert comfy.wait_for_end().status == "success"
    comfy.poll(lambda: len(panel.rows(state="kept")) == 2, what="who was kept")
    dropped = panel.rows(state="dropped")[:2]
    for row in dropped:
        panel.card(row).click()
    comfy.poll(lambda: comfy.widget(node, "kept"), what="the kept widget")
    comfy.screenshot("staged")
    comfy.run()
    run = comfy.wait_for_end()
    assert run.status == "success", run.error
    comfy.poll(lambda: sorted(panel.rows(state="kept")) == sorted(dropped), what="the others to be kept")
