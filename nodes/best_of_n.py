"""Best of N for any sampler: a patch of the MODEL."""

from __future__ import annotations

from comfy_api.latest import io

from ..prism_core.record import WATCH
from .aliases import found_as
from .blindness import is_tried, told_too_early
from .bridge.judge import Head
from .bridge.live import Settings, attach
from .graph import kind_of, samplers_of, survivors_are_reported
from .live_inputs import advanced_inputs, choosing_inputs, head_input, main_inputs, missing_head, rounds_of
from .panel.asking import Wishes
from .panel.session import AUTO, Session, asks
from .price import price_list


RENOISES = ("WanMoeKSampler", "WanMoeKSamplerAdvanced")


class PrismBestOfN(io.ComfyNode):
    """Patches a MODEL so that the sampler behind it starts N candidates and returns the best of them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismBestOfN",
            display_name="PRISM Best of N",
            category="PRISM",
            description=(
                "Put it between the model and any sampler: the sampler starts several candidates, scores them after a "
                "few steps while they are still noise, drops the weak ones and finishes only the best. The survivors "
                "are what they would have been without pruning."),
            search_aliases=found_as("PrismBestOfN", "prune", "early stopping", "seed search", "rerank", "select best",
                                    "batch seeds", "inference time scaling", "faster video", "save time",
                                    "variations"),
            inputs=[
                io.Model.Input("model", tooltip=(
                    "The video model, with its LoRAs and shift. It is not changed: only samplers that use this node's "
                    "output prune. Memory stays at that of a few clips at a time.")),
                *main_inputs(),
                head_input(),
                *advanced_inputs(),
                *choosing_inputs(),
            ],
            outputs=[
                io.Model.Output("model", display_name="model", tooltip=(
                    "For any sampler: KSampler, KSampler Advanced, SamplerCustomAdvanced and those of other packs. "
                    "It returns only the survivors. Connect it to PRISM Run Report as well.")),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.unique_id],
            has_intermediate_output=True,
        )

    @classmethod
    def check_lazy_status(cls, kept: str = "", **given) -> list[str]:
        return missing_head(kept, given)

    @classmethod
    def execute(cls, model, candidates: int, prune_step: int, keep: int, head: Head | None = None, schedule: str = "",
                policy: str = "top-k", budget: float = 0.0, group: int = 0, kept: str = "", choose: str = AUTO,
                timeout: int = 0, on_timeout: str = "best") -> io.NodeOutput:
        _check_samplers(cls.hidden)
        tried = _tried(cls.hidden)
        if tried:
            _check_trial(cls.hidden, head, kept)
        session = Session(getattr(cls.hidden, "unique_id", None), head, Wishes(timeout, on_timeout), blind=tried)
        watched = choose == WATCH or tried
        settings = Settings(head, candidates, rounds_of(schedule, prune_step, keep), policy, budget, group, kept,
                            sliced_after=_reported(cls.hidden), watch=watched,
                            **session.hooks(asks(WATCH if watched else choose, head, bool(kept.strip()))))
        text = describe(settings)
        return io.NodeOutput(attach(model, settings), ui={"text": [text]})


def _check_samplers(hidden) -> None:
    """Refuse sampler nodes that cannot go on with fewer clips than they began with."""
    prompt = getattr(hidden, "prompt", None)
    for sampler in samplers_of(prompt, hidden.unique_id) if prompt else ():
        if kind_of(prompt, sampler) in RENOISES:
            raise ValueError(
                f"{kind_of(prompt, sampler)} samples with two models, and between them it noises the clips anew with "
                "noise for all candidates, which no longer fits once some are dropped. Use two KSampler Advanced nodes "
                "instead, as in the template prism_best_of_n_wan22, with PrismBestOfN in front of the first one.")


def _check_trial(hidden, head: Head | None, kept: str) -> None:
    """Refuse before the minutes that it takes to finish everybody what PrismTrial could not compare, or not blind."""
    if kept.strip():
        raise ValueError(
            f"PrismTrial asks how well PRISM chooses, but 'kept' of PrismBestOfN names the candidates ({kept.strip()}), "
            "so nothing would be chosen. Empty 'kept', and run again.")
    if head is None:
        raise ValueError(
            "PrismTrial compares your ranking with what a head would have kept, and no head is connected to "
            "PrismBestOfN. Connect one with PrismLoadHead, or bypass PrismTrial to choose by eye.")
    if told_too_early(hidden.prompt, hidden.unique_id):
        raise ValueError(
            "PrismTrial gets its latent through PrismRunReport, which would show the scores before the clips are ranked. "
            "Connect the sampler's LATENT to both of them: the report then waits until the ranking is given.")


def _reported(hidden) -> bool:
    """Whether PrismRunReport takes care of the rest of the LATENT, which a patched model cannot reach."""
    prompt = getattr(hidden, "prompt", None)
    return bool(prompt) and survivors_are_reported(prompt, hidden.unique_id)


def _tried(hidden) -> bool:
    """Whether PrismTrial is to show the finished clips of all candidates."""
    prompt = getattr(hidden, "prompt", None)
    return bool(prompt) and is_tried(prompt, hidden.unique_id)


def describe(settings: Settings) -> str:
    """What these settings will do and cost, for the artist."""
    if settings.replays:
        return f"Only candidates {settings.kept.strip()} are sampled, from the first step; nothing is scored."
    if settings.watch:
        return (f"Only watched: all {settings.candidates} candidates are finished, and the panel shows whom the head "
                "would have dropped.")
    if settings.chooser is None and settings.policy == "racing" and settings.budget:
        lines = [f"{settings.candidates} candidates race for {settings.final_keep}; the whole run costs at most "
                 f"{settings.budget:g} clips instead of {settings.candidates}."]
    else:
        lines = [price_list(settings.rounds, settings.candidates, depth_of(settings.head))]
    if settings.final_keep >= settings.candidates:
        lines.append(f"Note: a latent of one clip is sampled as it is, since keep ({settings.final_keep}) is not below "
                     f"candidates ({settings.candidates}).")
    return "\n".join(lines)


def depth_of(head: Head | None) -> float | None:
    """Where a head's tap lies, as a share of the model's blocks."""
    return head.info.backbone.tap_block / head.info.backbone.blocks if head else None
