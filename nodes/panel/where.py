"""Which page's graph a run belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from comfy_execution.utils import get_executing_context

from ..graph import PATCH, Prompt, ancestors, kind_of
from . import pages


@dataclass(frozen=True)
class Where:
    """Where a run takes place.

    node      the node that shows it, by its execution id ("12:5" in a subgraph)
    sampler   the node that samples
    workflow  id of the browser's workflow, "" for a prompt that another program sent
    client    who queued the prompt; prompt: its id; graph: the prompt itself
    """

    node: str
    sampler: str = ""
    workflow: str = ""
    client: str = ""
    prompt: str = ""
    graph: Prompt = field(default_factory=dict)


def here(node: str) -> Where:
    """The prompt that this thread is executing; all but the node is empty outside of one, as in tests."""
    context = get_executing_context()
    if context is None:
        return Where(node)
    prompt_id, graph, extra = next(_running(context.prompt_id), (context.prompt_id, {}, {}))
    workflow = (extra.get("extra_pnginfo") or {}).get("workflow") or {}
    return Where(_shown_by(graph, context.node_id, node), context.node_id, str(workflow.get("id") or ""),
                 str(extra.get("client_id") or ""), prompt_id, graph)


def _shown_by(graph: Prompt, sampler: str, node: str) -> str:
    """The node of this prompt that shows the run: ComfyUI's cache hands a patched model on to equal nodes elsewhere."""
    patches = [other for other in ancestors(graph, sampler) if kind_of(graph, other) == PATCH]
    return node if node == sampler or node in patches else next(iter(patches), node)


def _running(prompt_id: str) -> Iterator[tuple[str, Prompt, dict[str, Any]]]:
    queue = getattr(pages.server(), "prompt_queue", None)
    for _, id, graph, extra, *_ in queue.get_current_queue_volatile()[0] if queue is not None else ():
        if id == prompt_id:
            yield id, graph, extra
