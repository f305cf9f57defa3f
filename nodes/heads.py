"""Loading a head."""

from __future__ import annotations

import os

from comfy_api.latest import io

from .aliases import found_as
from .bridge import judge
from .folders import head_names, head_path
from .sockets import PrismHead


class PrismLoadHead(io.ComfyNode):
    """Reads a head file from the prism_heads folders."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismLoadHead",
            display_name="Load PRISM Head",
            category="PRISM",
            description="Loads a head: the small network that scores noisy candidates by a video model's features.",
            search_aliases=found_as("PrismLoadHead", "reward model", "scorer", "judge", "best of n", "quality model"),
            inputs=[
                io.Combo.Input("head_name", options=head_names(), tooltip=(
                    "A .safetensors head from models/prism_heads, or the one that ships for the Shapes demo. "
                    "A head works with the video model it was trained on and refuses others. "
                    "Small: some 20 million parameters for real models.")),
            ],
            outputs=[
                PrismHead.Output("head", display_name="head", tooltip=(
                    "The head, for PRISM Best of N, PRISM KSampler or PRISM Score Latents. ComfyUI loads and frees it "
                    "together with the video model.")),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, head_name: str) -> str:
        status = os.stat(head_path(head_name))
        return f"{status.st_mtime_ns}:{status.st_size}"

    @classmethod
    def execute(cls, head_name: str) -> io.NodeOutput:
        return io.NodeOutput(judge.load(head_path(head_name), head_name))
