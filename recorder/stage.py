"""Sets a scene: few nodes, close together, so that they can be read in a small picture."""

from __future__ import annotations

from tests.web.comfy_page import ComfyPage

WIDTH = 350  # of a picture for a help page, which shows it some 280 pixels wide
NODE_WIDTH = WIDTH - 20
MARGIN, TITLE = 10, 30  # around a node, and what its title takes above its place
Box = tuple[float, float]  # y in the graph and height: nodes stand one below the other
AWAY = -4000  # where nodes go that the scene needs, and its picture does not

PLACE = """(() => {
    const [boxes, away, width] = value;
    graph.groups.slice().forEach(group => graph.remove(group));
    for (const other of graph.nodes) other.pos = [away, other.pos[1]];
    for (const [id, [y, height]] of Object.entries(boxes)) {
        const one = find(id);
        one.pos = [0, y];
        one.setSize([width, height]);
        one.title = one.constructor.title ?? one.title;
    }
})()"""
ADD = """(() => {
    const made = LiteGraph.createNode(value);
    graph.add(made);
    return String(made.id);
})()"""
LINK = """(() => {
    const [source, output, input] = value, from = find(source);
    return !!from.connect(from.findOutputSlot(output), node, node.findInputSlot(input));
})()"""


def place(comfy: ComfyPage, boxes: dict[str, Box]) -> None:
    """Put these nodes there under their own names, and all others out of sight."""
    comfy.graph(PLACE, value=[{comfy.node_id(node): box for node, box in boxes.items()}, AWAY, NODE_WIDTH])
    comfy.page.wait_for_timeout(300)  # Nodes 2.0 measures what has moved in the frames that follow


def add(comfy: ComfyPage, kind: str) -> str:
    """A new node; its id."""
    return comfy.graph(ADD, value=kind)


def link(comfy: ComfyPage, source: str, output: str, target: str, name: str) -> None:
    """Connect an output with an input, both by name."""
    assert comfy.graph(LINK, target, [comfy.node_id(source), output, name]), f"{source} {output} -> {target} {name}"


def leave_out_chart(comfy: ComfyPage) -> None:
    """Show a panel without its chart, in a picture that is about the cards."""
    comfy.page.add_style_tag(content=".prism-chart { display: none !important; }")


def ready(comfy: ComfyPage, seconds: float = 180) -> None:
    """Run to the end, unseen."""
    comfy.run()
    run = comfy.wait_for_end(seconds=seconds)
    assert run.status == "success", run.error
    comfy.page.wait_for_timeout(1000)  # pictures that the run made are loaded after its end
