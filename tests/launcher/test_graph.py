from __future__ import annotations

import copy
from typing import Any

import pytest

from launcher.graph import GraphError, downstream, find, source, to_prompt

SAMPLER = {"input": {"required": {
    "model": ["MODEL"],
    "noise_seed": ["INT", {"default": 0, "control_after_generate": True}],
    "steps": ["INT", {"default": 20}],
    "cfg": ["FLOAT", {"default": 8.0}],
    "sampler_name": [["euler", "uni_pc"]],
    "scheduler": ["COMBO", {"options": ["simple"]}],
}}, "display_name": "KSampler (Advanced)"}
VIDEO = {"input": {
    "required": {"video": ["VIDEO"], "codec": ["COMFY_DYNAMICCOMBO_V3", {"options": [
        {"key": "auto", "inputs": {"required": {}}},
        {"key": "h264", "inputs": {"required": {"crf": ["FLOAT", {"default": 23.0}]}, "optional": {"fast": ["BOOLEAN", {}]}}},
    ]}]},
    "optional": {"prefix": ["STRING", {"default": "video"}], "kept": ["STRING", {"forceInput": True}]},
}, "display_name": "Save Video"}
PRISM = {"input": {"required": {"latent": ["LATENT", {}], "seed": ["INT", {"control_after_generate": False}],
                                "prefix": ["STRING", {}]}}}
IMAGE = {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}}
INFO = {"Loader": {"input": {"required": {"name": [["a", "b"]]}}}, "Sampler": SAMPLER, "SaveVideo": VIDEO,
        "Split": PRISM, "LoadImage": IMAGE}


def node(number: int, kind: str, values: list[Any] | dict[str, Any] = (), inputs: dict[str, int | None] = {}, **more: Any) -> dict:
    sockets = [{"name": name, "type": "*", "link": link} for name, link in inputs.items()]
    return {"id": number, "type": kind, "mode": 0, "widgets_values": values, "inputs": sockets, **more}


@pytest.fixture
def workflow() -> dict[str, Any]:
    """Loader -> reroute -> sampler -> saver, a note, and a primitive that drives the sampler's steps."""
    return {
        "nodes": [
            node(1, "Loader", ["b"]),
            node(2, "Reroute", inputs={"": 10}),
            node(3, "Sampler", [42, "randomize", 99, 5.5, "euler", "simple"], {"model": 11, "steps": 12}, title="First half"),
            node(4, "PrimitiveNode", [16, "fixed"]),
            node(5, "SaveVideo", ["h264", 18.0, True, "clips/one"], {"video": 13, "kept": None}),
            node(6, "MarkdownNote", ["read me"]),
            node(7, "Note", ["and me"]),
        ],
        "links": [[10, 1, 0, 2, 0, "MODEL"], [11, 2, 0, 3, 0, "MODEL"], [12, 4, 0, 3, 2, "INT"], [13, 3, 0, 5, 0, "VIDEO"]],
    }


def test_widgets_links_and_the_browsers_own_nodes(workflow: dict[str, Any]) -> None:
    prompt = to_prompt(workflow, INFO)
    assert list(prompt) == ["1", "3", "5"]
    assert prompt["1"]["inputs"] == {"name": "b"}
    assert prompt["3"]["inputs"] == {
        "model": ["1", 0], "noise_seed": 42, "steps": 16, "cfg": 5.5, "sampler_name": "euler", "scheduler": "simple"}
    assert prompt["3"]["_meta"]["title"] == "First half"


def test_dynamic_combo_brings_its_widgets_along(workflow: dict[str, Any]) -> None:
    assert to_prompt(workflow, INFO)["5"]["inputs"] == {
        "video": ["3", 0], "codec": "h264", "codec.crf": 18.0, "codec.fast": True, "prefix": "clips/one"}
    workflow["nodes"][4]["widgets_values"] = ["auto", "clips/two"]
    assert to_prompt(workflow, INFO)["5"]["inputs"] == {"video": ["3", 0], "codec": "auto", "prefix": "clips/two"}


def test_links_of_workflow_version_one(workflow: dict[str, Any]) -> None:
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
    newer = copy.deepcopy(workflow)
    newer["links"] = [dict(zip(names, link)) for link in workflow["links"]]
    assert to_prompt(newer, INFO) == to_prompt(workflow, INFO)


def test_seed_without_control_has_no_extra_value(workflow: dict[str, Any]) -> None:
    workflow["nodes"].append(node(8, "Split", [7, "PRISM/candidate"], {"latent": None}))
    assert to_prompt(workflow, INFO)["8"]["inputs"] == {"seed": 7, "prefix": "PRISM/candidate"}


def test_upload_button_and_values_by_name(workflow: dict[str, Any]) -> None:
    workflow["nodes"] += [node(8, "LoadImage", ["a.png", "image"]), node(9, "Loader", {"name": "a"})]
    prompt = to_prompt(workflow, INFO)
    assert prompt["8"]["inputs"] == {"image": "a.png"} and prompt["9"]["inputs"] == {"name": "a"}


def test_values_of_widgets_that_an_older_server_lacks_are_left_out(workflow: dict[str, Any]) -> None:
    workflow["nodes"][0]["widgets_values"] = ["b", 8, "new"]
    assert to_prompt(workflow, INFO)["1"]["inputs"] == {"name": "b"}


def test_widget_added_since_takes_its_default(workflow: dict[str, Any]) -> None:
    workflow["nodes"][4]["widgets_values"] = ["auto"]
    assert to_prompt(workflow, INFO)["5"]["inputs"]["prefix"] == "video"


@pytest.mark.parametrize("change, message", [
    (lambda w: w["nodes"][2].update(mode=4), r"node 3 \(Sampler\) is bypassed"),
    (lambda w: w["nodes"][2].update(mode=2), "is muted"),
    (lambda w: w["nodes"][0].update(type="Missing"), r"does not know node 1 \(Missing\)"),
    (lambda w: w["nodes"][0].update(widgets_values=[]), "has no value for 'name'"),
    (lambda w: w["nodes"][4].update(widgets_values=["av1", "x"]), "'av1' for 'codec'"),
    (lambda w: w["nodes"][1]["inputs"][0].update(link=None), "reroute 2 leads nowhere"),
    (lambda w: w.update(definitions={"subgraphs": [{}]}), "contains subgraphs"),
])
def test_what_cannot_be_queued_is_named(workflow: dict[str, Any], change: Any, message: str) -> None:
    change(workflow)
    with pytest.raises(GraphError, match=message):
        to_prompt(workflow, INFO)


def test_questions_about_a_prompt(workflow: dict[str, Any]) -> None:
    prompt = to_prompt(workflow, INFO)
    assert find(prompt, "Sampler") == "3" and source(prompt, "3", "model") == "1"
    assert downstream(prompt, ("1", 0)) == ["3", "5"] and downstream(prompt, ("1", 1)) == []
    with pytest.raises(GraphError, match="0 nodes of type KSampler"):
        find(prompt, "KSampler")
    with pytest.raises(GraphError, match="'steps' of Sampler is not connected"):
        source(prompt, "3", "steps")
