"""Questions about the graph that was queued: a prompt in API format, {node id: {"class_type", "inputs"}}."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import nodes as comfy_nodes    # ComfyUI's own module of that name
from comfy_execution.graph_utils import is_link

PATCH, SAMPLER, REPORT, TRIAL = "PrismBestOfN", "PrismKSampler", "PrismRunReport", "PrismTrial"
CARRIERS = ("MODEL", "GUIDER")    # what a patched model travels in on its way to a sampler

Prompt = dict[str, dict[str, Any]]


def kind_of(prompt: Prompt, node: str) -> str:
    """A node's class, "" for one that is not there."""
    return prompt.get(node, {}).get("class_type", "")


def links_into(prompt: Prompt, node: str) -> Iterator[tuple[str, str, int]]:
    """(input, node it comes from, its output) of every connected input."""
    for name, value in prompt.get(node, {}).get("inputs", {}).items():
        if is_link(value):
            yield name, value[0], value[1]


def links_out_of(prompt: Prompt, node: str) -> Iterator[tuple[int, str, str]]:
    """(output, node it goes to, its input) of every connection."""
    for other in prompt:
        for name, source, slot in links_into(prompt, other):
            if source == node:
                yield slot, other, name


def outputs_of(kind: str) -> tuple[str, ...]:
    """The types of a class's outputs."""
    known = comfy_nodes.NODE_CLASS_MAPPINGS.get(kind)
    return tuple(str(output) for output in getattr(known, "RETURN_TYPES", ()))


def ancestors(prompt: Prompt, node: str) -> list[str]:
    """The node and everything that it is made from, the nearest first."""
    found = [node]
    for current in found:
        found += {source: None for _, source, _ in links_into(prompt, current) if source not in found}
    return found


def patch_behind(prompt: Prompt, node: str, name: str = "model") -> str | None:
    """The PrismBestOfN nearest to an input, through LoRA loaders and the like."""
    source = prompt.get(node, {}).get("inputs", {}).get(name)
    if not is_link(source):
        return None
    return next((other for other in ancestors(prompt, source[0]) if kind_of(prompt, other) == PATCH), None)


def recipe(prompt: Prompt, node: str) -> str:
    """A digest of everything that a node is made from: equal recipes give equal results."""
    parts = {name: [kind_of(prompt, name), prompt.get(name, {}).get("inputs")] for name in ancestors(prompt, node)}
    return blake2b(json.dumps(parts, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def survivors_are_reported(prompt: Prompt, patch: str) -> bool:
    """Whether all that samplers make with a patched model passes through PrismRunReport or PrismTrial alone."""
    made = [link for sampler in samplers_of(prompt, patch) for link in _latents(prompt, sampler)]
    return bool(made) and all(kind_of(prompt, node) in (REPORT, TRIAL) and name == "latent" for node, name in made)


def samplers_of(prompt: Prompt, patch: str) -> list[str]:
    """The samplers that a patched model reaches; not those that go on with what a report has passed on."""
    found, carriers = [], [patch]
    for carrier in carriers:
        types = outputs_of(kind_of(prompt, carrier))
        for slot, node, _ in links_out_of(prompt, carrier):
            if slot >= len(types) or types[slot] not in CARRIERS or node in carriers or node in found:
                continue
            given = outputs_of(kind_of(prompt, node))
            if any(output in CARRIERS for output in given):
                carriers.append(node)
            if "LATENT" in given and kind_of(prompt, node) not in (REPORT, TRIAL) and not _goes_on(prompt, node):
                found.append(node)
    return found


def _goes_on(prompt: Prompt, sampler: str) -> bool:
    return any(kind_of(prompt, node) in (REPORT, TRIAL) for node in ancestors(prompt, sampler))


def _latents(prompt: Prompt, sampler: str) -> Iterator[tuple[str, str]]:
    """(node, input) of everything that takes a sampler's latents."""
    types = outputs_of(kind_of(prompt, sampler))
    for slot, node, name in links_out_of(prompt, sampler):
        if slot < len(types) and types[slot] == "LATENT":
            yield node, name
