"""Older ComfyUI versions register every node and run the bundled workflow."""

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
