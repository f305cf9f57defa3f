"""What a real server tells of our nodes: nothing without its meaning, numbers with their range, and what takes time."""

from __future__ import annotations

import re
from typing import Any

import pytest

from launcher import layout

NUMBERS = ("INT", "FLOAT")
# Where the limits are not those of the widget but of the run, or too long to be read.
RANGES = {"seed": "any whole number from 0 (default) on", "prune_step": "1 to steps - 1",
          "end_at_step": "1 to steps - 1"}
SAMPLING = {"PrismBestOfN": "1 (default) to one fewer than there are", "PrismKSampler": "1 (default) to one fewer",
            "PrismPick": "1 (default) to the size of the batch", "PrismPruneLatents": "1 to the size of the batch"}
LEAST = {"steps": 2}    # below the widget's own least nothing can be pruned
LIVE = ("model", "candidates", "prune_step", "keep", "head", "schedule", "policy", "budget", "group", "kept", "choose",
        "timeout", "on_timeout")
COSTLY = {
    "PrismBestOfN": LIVE,
    "PrismKSampler": (*LIVE, "steps", "cfg", "sampler_name"),
    "PrismRunReport": ("latent",),
    "PrismScoreLatents": ("latent", "end_at_step"),
    "PrismPruneLatents": ("keep", "scores"),
    "PrismPick": ("timeout", "on_timeout"),
}
COST = re.compile(r"\b(time|memory|cost|costs|seconds)\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def ours(object_info: dict[str, Any]) -> dict[str, Any]:
    """Our nodes."""
    found = {name: info for name, info in object_info.items() if info["python_module"] == f"custom_nodes.{layout.PACK}"}
    assert len(found) >= 10
    return found


def inputs(info: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Type and options of each input."""
    return {name: (kind, dict(*options)) for group in ("required", "optional")
            for name, (kind, *options) in info["input"].get(group, {}).items()}


def test_nothing_is_left_without_its_meaning(ours: dict[str, Any]) -> None:
    for name, info in ours.items():
        assert info["description"] and info["display_name"].startswith(("PRISM", "Load PRISM")), name
        assert info["category"].startswith("PRISM") and len(info["search_aliases"]) >= 3, name
        assert [key for key, (_, options) in inputs(info).items() if not options.get("tooltip")] == [], name
        assert len(info["output_tooltips"]) == len(info["output"]) and all(info["output_tooltips"]), name
        assert any(not alias.isascii() for alias in info["search_aliases"]), f"{name}: nothing to search for in Chinese"


def test_numbers_name_their_default_and_range(ours: dict[str, Any]) -> None:
    checked = 0
    for name, info in ours.items():
        for key, (kind, options) in inputs(info).items():
            if kind not in NUMBERS:
                continue
            least, most, default = (f"{options[part]:g}" if kind == "FLOAT" else str(options[part])
                                    for part in ("min", "max", "default"))
            wanted = SAMPLING[name] if key == "keep" else RANGES.get(key, f"{LEAST.get(key, least)} to {most}")
            assert wanted in options["tooltip"].replace("  ", " "), (name, key)
            named = rf"\b(default {default}|{default} \(default\))(?!\d)"
            assert re.search(named, options["tooltip"], re.IGNORECASE), (name, key)
            checked += 1
    assert checked >= 20


def test_what_takes_time_or_memory_says_so(ours: dict[str, Any]) -> None:
    silent = [(name, key) for name, keys in COSTLY.items() for key in keys
              if not COST.search(inputs(ours[name])[key][1]["tooltip"])]
    assert silent == []
