"""The prompt node of Shapes, the miniature world that ships with the pack."""

from __future__ import annotations

from comfy_api.latest import io
from .aliases import found_as

EXAMPLE = "a large red circle moving right slowly from the middle"


class PrismShapesPrompt(io.ComfyNode):
    """Turns a sentence of the Shapes world into conditioning."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismShapesPrompt",
            display_name="PRISM Shapes Prompt",
            category="PRISM",
            description="A prompt for the tiny Shapes video model of the demo. It knows a few words and says which.",
            search_aliases=found_as("PrismShapesPrompt", "shapes demo", "text encode", "prompt"),
            inputs=[
                io.String.Input("text", default=EXAMPLE, multiline=True, tooltip=(
                    "Size, colour, shape, direction, speed and start, in plain words; any may be left out. "
                    "Empty: no prompt at all, as the negative needs it.")),
            ],
            outputs=[
                io.Conditioning.Output("conditioning", display_name="conditioning", tooltip=(
                    "For the positive or negative input of a sampler with the Shapes model, and no other.")),
            ],
        )

    @classmethod
    def execute(cls, text: str) -> io.NodeOutput:
        from ..prism_core.shapes.prompts import encode    # the demo world costs nothing until it is used
        return io.NodeOutput([[encode(text), {}]])
