"""Workflows: from the form that the browser saves to the form that POST /prompt takes, and questions about the latter.

The browser saves widget values by position; what they mean is known only to the running server, so its /object_info
is needed. What the browser would resolve itself (notes, reroutes, primitives) is resolved here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .client import Prompt
from .errors import LauncherError

NOTES = {"Note", "MarkdownNote"}
REROUTE, PRIMITIVE = "Reroute", "PrimitiveNode"
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "COLOR", "BOUNDING_BOX", "CURVE"}
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
CONTROLS = {"fixed", "increment", "decrement", "randomize"}  # the browser's own widget behind a seed
MODES = {2: "muted", 4: "bypassed"}

Link = tuple[str, int]


class GraphError(LauncherError):
    """A workflow that cannot be queued, with the node that is at fault."""


@dataclass(frozen=True)
class Widget:
    """One widget of a node: the input that it sets and its declaration in /object_info."""

    name: str
    kind: str
    options: dict[str, Any]


def to_prompt(workflow: dict[str, Any], object_info: dict[str, dict[str, Any]]) -> Prompt:
    """A browser workflow as a prompt.

    Raises GraphError for nodes that the server does not know, muted or bypassed nodes, subgraphs, and widget values
    that do not fit the node's inputs.
    """
    if (workflow.get("definitions") or {}).get("subgraphs"):
        raise GraphError("The workflow contains subgraphs, which only the browser can queue. Unpack them there first.")
    nodes = {str(node["id"]): node for node in workflow["nodes"]}
    links = dict(_links(workflow))
    return {
        name: _prompt_node(node, nodes, links, object_info)
        for name, node in nodes.items() if node["type"] not in NOTES | {REROUTE, PRIMITIVE}
    }


def _links(workflow: dict[str, Any]) -> Iterator[tuple[int, Link]]:
    """Every link's id and where it comes from; links are arrays in workflow version 0.4 and objects in version 1."""
    for link in workflow.get("links") or ():
        if isinstance(link, dict):
            yield link["id"], (str(link["origin_id"]), link["origin_slot"])
        else:
            yield link[0], (str(link[1]), link[2])


def _prompt_node(node: dict[str, Any], nodes: dict[str, dict[str, Any]], links: dict[int, Link],
                 object_info: dict[str, dict[str, Any]]) -> dict[str, Any]:
    kind, label = node["type"], f"node {node['id']} ({node['type']})"
    if node.get("mode") in MODES:
        raise GraphError(f"In the workflow {label} is {MODES[node['mode']]}. Delete it or switch it on.")
    if kind not in object_info:
        raise GraphError(f"ComfyUI does not know {label}. Install the custom node pack that brings it.")
    inputs = widget_values(node, object_info[kind]["input"], label)
    for socket in node.get("inputs") or ():
        if socket.get("link") is not None:
            inputs[socket["name"]] = _source(links[socket["link"]], nodes, links)
    title = node.get("title") or object_info[kind].get("display_name") or kind
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


def _source(link: Link, nodes: dict[str, dict[str, Any]], links: dict[int, Link]) -> Any:
    """What a link delivers: an output [node id, slot] or, from a primitive, a plain value."""
    origin = nodes[link[0]]
    if origin["type"] == PRIMITIVE:
        return origin["widgets_values"][0]
    if origin["type"] == REROUTE:
        behind = origin["inputs"][0].get("link")
        if behind is None:
            raise GraphError(f"In the workflow the reroute {link[0]} leads nowhere. Connect or delete it.")
        return _source(links[behind], nodes, links)
    return [link[0], link[1]]


def widget_values(node: dict[str, Any], declared: dict[str, Any], label: str) -> dict[str, Any]:
    """A node's widget values by input name. `declared` is the "input" part of the node's /object_info."""
    saved = node.get("widgets_values") or []
    if isinstance(saved, dict):
        return dict(saved)
    # Values left over are of widgets that this server's version does not have, or of an upload button. The browser
    # ignores them too: new widgets are only ever added at the end.
    return _take(_widgets(declared), list(saved), label, "")


def _take(widgets: Iterator[Widget], left: list[Any], label: str, prefix: str) -> dict[str, Any]:
    """Take values off the front of `left`, one for each widget, and for those that a chosen option brings along."""
    values: dict[str, Any] = {}
    for widget in widgets:
        if left:
            value = left.pop(0)
        elif "default" in widget.options:
            value = widget.options["default"]  # the widget was added to the node after the workflow was saved
        else:
            raise GraphError(f"In the workflow {label} has no value for '{prefix}{widget.name}'. "
                             "Open it in the browser and save it again.")
        values[prefix + widget.name] = value
        if widget.options.get("control_after_generate", widget.name in ("seed", "noise_seed")):
            while left and left[0] in CONTROLS:
                left.pop(0)
        if widget.kind == DYNAMIC_COMBO:
            values |= _take(_chosen(widget, value, label), left, label, f"{prefix}{widget.name}.")
    return values


def _widgets(declared: dict[str, Any]) -> Iterator[Widget]:
    """A node's widgets in the order in which the browser saves their values."""
    for section in ("required", "optional"):
        for name, (kind, *rest) in (declared.get(section) or {}).items():
            options = rest[0] if rest and isinstance(rest[0], dict) else {}
            kind = "COMBO" if isinstance(kind, list) else kind
            if kind in WIDGETS | {DYNAMIC_COMBO} and not options.get("forceInput"):
                yield Widget(name, kind, options)


def _chosen(widget: Widget, key: Any, label: str) -> Iterator[Widget]:
    """The widgets that a dynamic combo shows for its chosen option."""
    for option in widget.options.get("options", ()):
        if option["key"] == key:
            return _widgets(option["inputs"])
    raise GraphError(f"In the workflow {label} has '{key}' for '{widget.name}', which is not one of its options.")


def find(prompt: Prompt, class_type: str) -> str:
    """The id of the one node of a class."""
    found = [name for name, node in prompt.items() if node["class_type"] == class_type]
    if len(found) != 1:
        raise GraphError(f"The workflow has {len(found)} nodes of type {class_type}; exactly one is needed.")
    return found[0]


def source(prompt: Prompt, name: str, socket: str) -> str:
    """The id of the node that an input of node `name` is connected to."""
    link = prompt[name]["inputs"].get(socket)
    if not is_link(link):
        raise GraphError(f"In the workflow the input '{socket}' of {prompt[name]['class_type']} is not connected.")
    return link[0]


def downstream(prompt: Prompt, start: Link) -> list[str]:
    """Ids of the nodes that depend on one output, in the prompt's order."""
    reached: set[str] = set()
    grew = True
    while grew:
        grew = False
        for name, node in prompt.items():
            if name not in reached and any(is_link(value) and (tuple(value) == start or value[0] in reached)
                                           for value in node["inputs"].values()):
                reached.add(name)
                grew = True
    return [name for name in prompt if name in reached]


def is_link(value: Any) -> bool:
    """Whether an input's value is a connection [node id, slot]."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)
