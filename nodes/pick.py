"""Choosing by eye among the candidates of a latent."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io
from torch import Tensor

from ..prism_core.pruning import parse_kept
from .aliases import found_as
from .bridge.latents import samples_of
from .live_inputs import timeout_inputs
from .panel.asking import Wishes
from .panel.batch import Batch, pick
from .pruning import divided, scores_of
from .sockets import PrismScores, Scores
from .survivors import SEEDS


class PrismPick(io.ComfyNode):
    """Shows the candidates of a batch and waits until somebody has chosen."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismPick",
            display_name="PRISM Pick",
            category="PRISM",
            description=(
                "Shows every candidate of a batch as a moving preview and waits until you have chosen. Only what you "
                "keep goes on to VAE Decode, or to the sampler that finishes it."),
            search_aliases=found_as("PrismPick", "choose", "select", "image filter", "picker", "preview chooser",
                                    "pause", "cherry pick"),
            inputs=[
                io.Model.Input("model", tooltip=(
                    "The model that made the latent: it knows how to turn latents into preview colours. Nothing is "
                    "sampled here.")),
                io.Latent.Input("latent", tooltip="A batch of candidates, finished or still noisy."),
                io.Int.Input("keep", default=1, min=1, max=4096, tooltip=(
                    "How many are suggested where scores are connected, and kept by the head's choice: 1 (default) to "
                    "the size of the batch. You may keep more or fewer.")),
                io.String.Input("kept", default="", optional=True, advanced=True, tooltip=(
                    "Replay: rows to keep without asking, counted from 0, such as '1, 4'. Paste the 'kept' output of "
                    "an earlier run to get the same choice again. Empty (default): you are asked.")),
                *timeout_inputs(),
                PrismScores.Input("scores", optional=True, lazy=True, tooltip=(
                    "From PRISM Score Latents: ranks the candidates, and is the choice that is suggested.")),
                io.Latent.Input("predicted", optional=True, lazy=True, tooltip=(
                    "What to show instead of the latent, such as SamplerCustomAdvanced's denoised_output: noisy latents "
                    "are hard to judge by eye. The same candidates in the same order.")),
            ],
            outputs=[
                io.Latent.Output("survivors", display_name="survivors", tooltip="The candidates that you kept."),
                io.Latent.Output("dropped", display_name="dropped", tooltip=(
                    "The other candidates. Nothing runs behind it when all are kept.")),
                io.String.Output("kept", display_name="kept", tooltip=(
                    "The kept rows as text, such as '1, 4'. Pasted into 'kept' it repeats the choice unasked.")),
            ],
            hidden=[io.Hidden.unique_id],
            has_intermediate_output=True,
        )

    @classmethod
    def check_lazy_status(cls, kept: str = "", **given: Any) -> list[str]:
        # An unconnected input is absent here, a connected one that has not been computed is None.
        return [name for name in ("scores", "predicted") if name in given and given[name] is None and not kept.strip()]

    @classmethod
    def execute(cls, model, latent: dict, keep: int, kept: str = "", timeout: int = 0, on_timeout: str = "best",
                scores: Scores | None = None, predicted: dict | None = None) -> io.NodeOutput:
        count = len(samples_of(latent))
        if kept.strip():
            rows = parse_kept(kept, count)
        elif count == 1:
            rows = [0]
        else:
            batch = Batch(model, latent["samples"], tuple(latent.get(SEEDS) or ()), _pictures(latent, predicted),
                          None if scores is None else scores_of(latent, scores))
            rows = list(pick(getattr(cls.hidden, "unique_id", None), batch, min(keep, count),
                             Wishes(timeout, on_timeout)))
        return divided(latent, rows, scores)


def _pictures(latent: dict, predicted: dict | None) -> Tensor:
    """The samples (N, ...) to show."""
    samples = samples_of(latent)
    if predicted is None:
        return samples
    shown = samples_of(predicted)
    if len(shown) != len(samples):
        raise ValueError(
            f"PrismPick was given {len(samples)} candidates and {len(shown)} pictures of them. Connect 'predicted' from "
            "the sampler that made the latent, or leave it open.")
    return shown
