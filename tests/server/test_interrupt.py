"""Interrupting a run at any of its stages leaves a server that runs the next one."""

from __future__ import annotations

from copy import deepcopy

import pytest

from launcher.graph import find

STAGES = ["KSamplerAdvanced", "PrismScoreLatents", "VAEDecode"]


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_is_heeded_and_the_next_run_works(comfyui, workflow_prompt, stage):
    prompt = workflow_prompt("prism_prune_shapes")
    slow = deepcopy(prompt)
    for node in slow.values():
        if node["class_type"] == "EmptyHunyuanLatentVideo":
            node["inputs"]["batch_size"] = 96

    def interrupt(kind: str, data: dict) -> None:
        if kind == "executing" and data.get("node") and slow[data["node"]]["class_type"] == stage:
            comfyui.client.interrupt()

    comfyui.client.free()
    assert comfyui.client.run(slow, on_event=interrupt).status == "interrupted"
    after = comfyui.client.run(prompt)
    assert after.status == "success", after.error
    assert len(list(after.files(find(prompt, "SaveAnimatedWEBP")))) == 2
