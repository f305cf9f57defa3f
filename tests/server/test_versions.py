"""Older ComfyUI versions register every node and run the bundled workflows."""

from __future__ import annotations

import json
from pathlib import Path

from launcher.graph import find

SCHEMA = Path(__file__).resolve().parents[1] / "nodes" / "schema.json"


def test_nodes_register_and_the_workflow_runs(older_comfyui, workflow_prompt):
    info = older_comfyui.client.object_info()
    assert set(json.loads(SCHEMA.read_text(encoding="ascii"))) <= set(info)
    prompt = workflow_prompt("prism_prune_shapes", info)
    run = older_comfyui.client.run(prompt)
    assert run.status == "success", run.error
    assert len(list(run.files(find(prompt, "SaveAnimatedWEBP")))) == 2


def test_one_node_in_a_plain_graph_runs(older_comfyui, workflow_prompt):
    prompt = workflow_prompt("prism_best_of_n_shapes", older_comfyui.client.object_info())
    run = older_comfyui.client.run(prompt)
    assert run.status == "success", run.error
    record = json.loads(run.outputs[find(prompt, "PrismRunReport")]["prism_run"][0])
    files = list(run.files(find(prompt, "SaveAnimatedWEBP")))
    assert [file["filename"].split("_00")[0] for file in files] == [f"best_seed{7 + row}" for row in record["kept"]]
    assert b"prism:" in older_comfyui.client.view(files[0])
