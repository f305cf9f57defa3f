"""The record of a run in the files that are saved from it.

ComfyUI's save nodes write every entry of a prompt's `extra_pnginfo` into the file. A run adds the entry "prism" there,
and writes its choice into the widgets of the workflow that is saved: dropped on the canvas, the file brings the very
run back, without the candidates that were not kept. The artist's own canvas stays as it is.

A cached node is not run again, so what it wrote is remembered and written when the next prompt like it is queued.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import OrderedDict
from typing import Any

import nodes as comfy_nodes    # ComfyUI's own module of that name
from comfy_api.latest import io

from ..prism_core import VERSION
from ..prism_core.record import WATCH, RunRecord
from .blindness import is_tried, let_reports_wait, told_too_early
from .graph import (
    PATCH, REPORT, SAMPLER, TRIAL, Prompt, kind_of, links_into, patch_behind, recipe, survivors_are_reported)
from .survivors import UNTOUCHED

ENTRY = "prism"
REMEMBERED = 64            # recipes; as many as a patched model remembers runs
MARKS = {"survivors_are_reported": survivors_are_reported, "is_tried": is_tried, "told_too_early": told_too_early}


class _Earlier(list):
    """Records that were remembered; the node's own replace them if it does run."""


class _Memory:
    """The records that nodes gave, by the recipe of the node."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, list[dict]] = OrderedDict()
        self._lock = threading.Lock()

    def store(self, key: str, records: list[dict]) -> None:
        with self._lock:
            self._records[key] = list(records)
            self._records.move_to_end(key)
            while len(self._records) > REMEMBERED:
                self._records.popitem(last=False)

    def recall(self, key: str) -> list[dict]:
        with self._lock:
            return list(self._records.get(key, ()))


_memory = _Memory()


def register() -> None:
    """Hear of every prompt that is queued. Without a running server, as in tests, there are none."""
    server = getattr(sys.modules.get("server"), "PromptServer", None)
    instance = getattr(server, "instance", None)
    if instance is not None:
        instance.add_on_prompt_handler(at_queue)


def add(hidden: Any, record: RunRecord) -> None:
    """Put a run's record where save nodes find it. `hidden`: of the node that reports it, with PROMPT and so on."""
    prompt, node = getattr(hidden, "prompt", None), getattr(hidden, "unique_id", None)
    if not prompt or node not in prompt:
        return
    info = hidden.extra_pnginfo
    known = _records_in(info).get(node)
    # A node that runs over a list of latents adds one record for each.
    records = [json.loads(record.to_json())] if known is None or isinstance(known, _Earlier) else [
        *known, json.loads(record.to_json())]
    _memory.store(recipe(prompt, node), records)
    _write(info, prompt, node, records)


def at_queue(data: dict) -> dict:
    """Called with every prompt before it is checked and queued, as `PromptServer.add_on_prompt_handler` does."""
    prompt = data.get("prompt")
    if not isinstance(prompt, dict) or not all(isinstance(node, dict) for node in prompt.values()):
        return data
    let_reports_wait(prompt)
    reporters = [node for node in prompt if kind_of(prompt, node) in (REPORT, SAMPLER, TRIAL)]
    for patch in [node for node in prompt if kind_of(prompt, node) == PATCH]:
        _mark(prompt, patch)
    if reporters:
        info = _extra(data)
        for node in reporters:
            earlier = _memory.recall(recipe(prompt, node))
            if earlier:
                _write(info, prompt, node, _Earlier(earlier))
    return data


def _mark(prompt: Prompt, patch: str) -> None:
    """Make the cache tell a PrismBestOfN apart from the same node in front of others: reports and trials.

    What hangs on a node is no part of what ComfyUI caches it by, and an input that no schema knows is.
    """
    inputs = prompt[patch].setdefault("inputs", {})
    for mark, holds in MARKS.items():
        inputs.pop(mark, None)
        if holds(prompt, patch):
            inputs[mark] = True


def _extra(data: dict) -> dict:
    """The prompt's `extra_pnginfo`, made where a program queued the prompt without."""
    if not isinstance(data.get("extra_data"), dict):
        data["extra_data"] = {}
    if not isinstance(data["extra_data"].get("extra_pnginfo"), dict):
        data["extra_data"]["extra_pnginfo"] = {}
    return data["extra_data"]["extra_pnginfo"]


def _records_in(info: Any) -> dict[str, list[dict]]:
    entry = info.get(ENTRY) if isinstance(info, dict) else None
    return entry.get("runs", {}) if isinstance(entry, dict) else {}


def _write(info: Any, prompt: Prompt, node: str, records: list[dict]) -> None:
    if not isinstance(info, dict):
        return
    runs = {**_records_in(info), node: records}
    info[ENTRY] = {"version": VERSION, "runs": runs}
    chooser = node if kind_of(prompt, node) == SAMPLER else patch_behind(prompt, node)
    if chooser is not None:
        _write_choice(info.get("workflow"), prompt, chooser, [
            record for name, found in runs.items() for record in found
            if record["policy"] not in (UNTOUCHED, WATCH) and chooser in (name, patch_behind(prompt, name))])


def _write_choice(workflow: Any, prompt: Prompt, chooser: str, records: list[dict]) -> None:
    """Write what was chosen into the widgets of the node that chose, if all its runs chose the same."""
    if not records:
        return
    inputs = prompt[chooser]["inputs"]
    linked = {name for name, _, _ in links_into(prompt, chooser)}
    values = {"kept": records[0]["replay"], "group": records[0]["group"]}
    if any((record["replay"], record["group"]) != tuple(values.values()) for record in records):
        values = {name: inputs.get(name, default) for name, default in (("kept", ""), ("group", 0))}
    saved, places = _widgets_of(workflow, chooser), widget_places(kind_of(prompt, chooser))
    for name, value in values.items():
        if name not in linked and isinstance(saved, list) and places[name] < len(saved):
            saved[places[name]] = value


def _widgets_of(workflow: Any, node: str) -> Any:
    """The widget values of a node on the canvas; None inside a subgraph, whose nodes several copies may share."""
    for saved in workflow.get("nodes", ()) if isinstance(workflow, dict) else ():
        if isinstance(saved, dict) and str(saved.get("id")) == node:
            return saved.get("widgets_values")
    return None


def widget_places(kind: str) -> dict[str, int]:
    """Where the browser saves the value of each widget of a node class of ours."""
    inputs = comfy_nodes.NODE_CLASS_MAPPINGS[kind].define_schema().inputs
    places, place = {}, 0
    for entry in sorted(inputs, key=lambda entry: bool(entry.optional)):
        if isinstance(entry, io.WidgetInput) and not entry.force_input:
            places[entry.id] = place
            place += 2 if getattr(entry, "control_after_generate", None) else 1
    return places
