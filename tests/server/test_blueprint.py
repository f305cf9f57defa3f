"""The block "Best-of-N video" of the add menu, as a real server hands it to the front end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from launcher import layout
from launcher.server import Server

NAME = "Best-of-N video"
WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}


@pytest.fixture(scope="module")
def entry(comfyui: Server) -> dict[str, Any]:
    """What the server has under that name, with its content."""
    ours = [(key, entry) for key, entry in comfyui.client.get("/global_subgraphs").items() if entry["name"] == NAME]
    assert len(ours) == 1
    return comfyui.client.get(f"/global_subgraphs/{ours[0][0]}") | {"listed": ours[0][1]}


@pytest.fixture(scope="module")
def blueprint(entry: dict[str, Any]) -> dict[str, Any]:
    return json.loads(entry["data"])


def declared(info: dict[str, Any]) -> dict[str, str]:
    """The types of a node's inputs; every list of choices is a COMBO."""
    return {name: "COMBO" if isinstance(spec[0], list) else spec[0]
            for group in ("required", "optional") for name, spec in info["input"].get(group, {}).items()}


def test_it_is_served_as_ours(entry: dict[str, Any], blueprint: dict[str, Any]) -> None:
    assert entry["listed"]["info"]["node_pack"] == f"custom_nodes.{layout.PACK}"
    (node,), (graph,) = blueprint["nodes"], blueprint["definitions"]["subgraphs"]
    assert node["type"] == graph["id"] and node["title"] == graph["name"] == NAME
    assert len(blueprint["extra"]["BlueprintDescription"]) > 50


def test_its_nodes_are_as_the_server_knows_them(blueprint: dict[str, Any], object_info: dict[str, Any]) -> None:
    for node in blueprint["definitions"]["subgraphs"][0]["nodes"]:
        info = object_info[node["type"]]
        known = declared(info)
        assert {each["name"]: each["type"] for each in node["inputs"]}.items() <= known.items()
        assert [each["type"] for each in node["outputs"]] == info["output"]


def test_every_link_ends_where_it_says(blueprint: dict[str, Any]) -> None:
    graph = blueprint["definitions"]["subgraphs"][0]
    nodes = {node["id"]: node for node in graph["nodes"]}
    for link in graph["links"]:
        source, target = nodes.get(link["origin_id"]), nodes.get(link["target_id"])
        start = source["outputs"] if source else graph["inputs"]
        end = target["inputs"] if target else graph["outputs"]
        out, into = start[link["origin_slot"]], end[link["target_slot"]]
        assert out["type"] == into["type"] == link["type"]
        assert link["id"] in out["links" if source else "linkIds"]
        assert link["id"] == into["link"] if target else link["id"] in into["linkIds"]


def test_the_block_shows_every_input_that_its_graph_takes(blueprint: dict[str, Any]) -> None:
    node, graph = blueprint["nodes"][0], blueprint["definitions"]["subgraphs"][0]
    assert [each["name"] for each in node["inputs"]] == [each["name"] for each in graph["inputs"]]
    assert [each["name"] for each in node["outputs"]] == [each["name"] for each in graph["outputs"]]
    shown = [each["name"] for each in node["inputs"] if "widget" in each]
    assert shown == [each["name"] for each in graph["inputs"] if each["type"] in WIDGETS]
    assert len(node["widgets_values"]) == len(shown)
