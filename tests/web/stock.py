"""ComfyUI's own video templates, cut down to what tiny models on a CPU finish in a second."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

# template -> the node that uses the model, in front of which PRISM Best of N goes
TEMPLATES = {
    "text_to_video_wan": "KSampler",
    "hunyuan_video_text_to_video": "BasicGuider",
    "ltxv_text_to_video": "SamplerCustom",
}
SIZE = [64, 64, 9, 1]
STEPS = {"KSampler": 2, "BasicScheduler": 1, "LTXVScheduler": 0}  # the place of `steps` among the widgets


def template(name: str, steps: int = 6) -> dict[str, Any]:
    """The template as the front end ships it, but for the size of its clip, its steps and the length of its prompts."""
    text = (files("comfyui_workflow_templates_json") / "templates" / f"{name}.json").read_text(encoding="utf-8")
    workflow = json.loads(text)
    for node in workflow["nodes"]:
        kind = node["type"]
        if kind.startswith("Empty"):
            node["widgets_values"] = SIZE
        elif kind in STEPS:
            node["widgets_values"][STEPS[kind]] = steps
        elif kind == "CLIPTextEncode":
            node["widgets_values"] = ["a fox"]
        elif kind == "DualCLIPLoader":  # see write_tiny_models.py
            node |= {"type": "CLIPLoader", "widgets_values": ["clip_l.safetensors", "stable_diffusion", "default"]}
    return workflow
