"""Keeping the best rows of a latent, and taking a batch apart into clips."""

from __future__ import annotations

import json

from comfy_api.latest import io
from comfy_execution.graph_utils import ExecutionBlocker

from ..prism_core.pruning import dropped, format_kept, parse_kept, top_k
from .aliases import found_as
from .bridge.latents import candidates_of, samples_of, take_rows
from .sockets import PrismScores, Scores
from .survivors import SEEDS


class PrismPruneLatents(io.ComfyNode):
    """Keeps the K best rows of a latent, or the rows that a person names."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismPruneLatents",
            display_name="PRISM Prune Latents",
            category="PRISM",
            description="Keeps the best candidates of a batch, so that only they are finished and decoded.",
            search_aliases=found_as("PrismPruneLatents", "top k", "best of n", "select from batch", "cull",
                                    "filter latents", "keep best"),
            inputs=[
                io.Latent.Input("latent", tooltip="The batch that was scored, as it left the first sampler."),
                PrismScores.Input("scores", optional=True, lazy=True, tooltip=(
                    "From PRISM Score Latents. Not needed, and no time is spent on them, while 'kept' "
                    "names the candidates.")),
                io.Int.Input("keep", default=2, min=1, max=4096, tooltip=(
                    "How many candidates to finish, 1 to the size of the batch. Default 2. Each one costs the time "
                    "of the remaining steps. Keeping more makes it likelier that the best one is among them.")),
                io.String.Input("kept", default="", optional=True, advanced=True, tooltip=(
                    "Replay or overrule: rows to keep, counted from 0, such as '1, 4'. Paste the 'kept' output of an "
                    "earlier run to get the same choice again. Empty (default): the scores decide.")),
            ],
            outputs=[
                io.Latent.Output("survivors", display_name="survivors", tooltip=(
                    "The kept candidates, still noisy, for the second KSampler Advanced (add_noise disabled, "
                    "start_at_step where the first one ended).")),
                io.Latent.Output("dropped", display_name="dropped", tooltip=(
                    "The other candidates, for a second look. Nothing runs behind it when all are kept.")),
                io.String.Output("kept", display_name="kept", tooltip=(
                    "The kept rows as text, such as '1, 4'. Feed it back into 'kept' to replay the choice.")),
            ],
            has_intermediate_output=True,
        )

    @classmethod
    def check_lazy_status(cls, latent: dict, keep: int, kept: str = "", **links: Scores | None) -> list[str]:
        # An unconnected input is absent here, a connected one that has not been computed is None.
        return ["scores"] if "scores" in links and links["scores"] is None and not kept.strip() else []

    @classmethod
    def execute(cls, latent: dict, keep: int, scores: Scores | None = None, kept: str = "") -> io.NodeOutput:
        count = len(samples_of(latent))
        rows = parse_kept(kept, count) if kept.strip() else top_k(scores_of(latent, scores).values, keep)
        return divided(latent, rows, scores)


def divided(latent: dict, rows: list[int], scores: Scores | None) -> io.NodeOutput:
    """The kept rows, the others, and the choice as text; the page is told what was chosen among."""
    others = dropped(len(samples_of(latent)), rows)
    # A latent without rows would only fail further down: what hangs on it has nothing to do.
    rest = take_rows(latent, others) if others else ExecutionBlocker(None)
    choice = {"kept": list(rows), "dropped": list(others), "candidates": candidates_of(latent),
              "scores": None if scores is None else scores.values.tolist(),
              "seeds": [str(seed) for seed in latent.get(SEEDS) or ()]}
    return io.NodeOutput(take_rows(latent, rows), rest, format_kept(rows), ui={"prism_kept": [json.dumps(choice)]})


def scores_of(latent: dict, scores: Scores | None) -> Scores:
    """The scores, if they are the scores of this very batch."""
    if scores is None:
        raise ValueError("There is nothing to choose by: connect 'scores', or name the rows to keep in 'kept'.")
    if list(scores.candidates) != candidates_of(latent):
        raise ValueError(
            f"The scores are of candidates {format_kept(scores.candidates)}, but the latent holds candidates "
            f"{format_kept(candidates_of(latent))}. Connect the latent that was scored.")
    return scores


class PrismSplitCandidates(io.ComfyNode):
    """Takes a batch of video latents apart, so that each becomes a clip of its own."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismSplitCandidates",
            display_name="PRISM Split Candidates",
            category="PRISM",
            description=(
                "Turns a batch of video latents into a list of single ones. VAE Decode glues the clips of a batch "
                "together; behind this node every candidate is decoded and saved by itself, under its own name."),
            search_aliases=found_as("PrismSplitCandidates", "batch to list", "unbatch", "split batch", "latent list",
                                    "save separately"),
            inputs=[
                io.Latent.Input("latent", tooltip="A batch of candidates, noisy or finished."),
                io.Int.Input("seed", default=0, min=0, max=0xffffffffffffffff, control_after_generate=False, tooltip=(
                    "The noise_seed of the sampler that made the batch: any whole number from 0 (default) on. It "
                    "becomes part of each name. Not used for latents from PRISM Run Report and PRISM KSampler that know "
                    "their own seeds.")),
                io.String.Input("prefix", default="PRISM/candidate", tooltip=(
                    "What the names begin with; a slash makes a folder. Default PRISM/candidate.")),
            ],
            outputs=[
                io.Latent.Output("latents", display_name="latents", is_output_list=True, tooltip=(
                    "One latent for each candidate. Each carries its batch_index: sampled alone from the same seed, "
                    "it starts from the same noise.")),
                io.Int.Output("seeds", display_name="seeds", is_output_list=True, tooltip=(
                    "The seed of each candidate: its own where it is known, else the one above.")),
                io.Int.Output("indices", display_name="indices", is_output_list=True, tooltip=(
                    "The batch index of each candidate: with the seed it names the noise it grew from.")),
                io.String.Output("names", display_name="names", is_output_list=True, tooltip=(
                    "A name for each candidate with its seed and index, for the filename_prefix of a save node.")),
            ],
        )

    @classmethod
    def execute(cls, latent: dict, seed: int, prefix: str) -> io.NodeOutput:
        indices = candidates_of(latent)
        singles = [take_rows(latent, [row]) for row in range(len(indices))]
        seeds = latent.get(SEEDS)
        if seeds is None or len(seeds) != len(indices):
            names = [f"{prefix}_seed{seed}_index{index}" for index in indices]
            return io.NodeOutput(singles, [seed] * len(indices), indices, names)
        for single in singles:
            del single["batch_index"]    # each is the first and only one of its own seed
        return io.NodeOutput(singles, list(seeds), [0] * len(seeds), [f"{prefix}_seed{own}" for own in seeds])
