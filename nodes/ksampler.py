"""KSampler with best of N inside."""

from __future__ import annotations

from typing import Any

import comfy.samplers
import torch
from comfy_api.latest import io
from comfy_execution.graph_utils import ExecutionBlocker
from nodes import common_ksampler    # ComfyUI's own module of that name

from ..prism_core.record import WATCH, RunRecord
from . import file_record, run_chart
from .aliases import found_as
from .best_of_n import depth_of
from .bridge.judge import Head
from .bridge.live import Finished, Settings, attach, ledger_of
from .live_inputs import advanced_inputs, choosing_inputs, head_input, main_inputs, missing_head, rounds_of
from .panel.asking import Wishes
from .panel.session import AUTO, Session, asks
from .run_report import kept_output, report, shown
from .sockets import PrismScores, Scores
from .survivors import of_rows, seeds_of


class PrismKSampler(io.ComfyNode):
    """Samples N candidates of one latent and finishes the best of them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismKSampler",
            display_name="PRISM KSampler",
            category="PRISM",
            description=(
                "KSampler that starts several candidates from one latent, drops the weak ones after a few steps and "
                "finishes only the best. A plain KSampler with a survivor's seed makes the same clip."),
            search_aliases=found_as("PrismKSampler", "best of n", "seed search", "sample", "generate", "rerank",
                                    "select best", "faster video", "variations"),
            inputs=[*_ksampler_inputs(), *main_inputs(), head_input(), *advanced_inputs(),
                    *choosing_inputs()],
            outputs=_outputs(),
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo, io.Hidden.unique_id],
            has_intermediate_output=True,
        )

    @classmethod
    def check_lazy_status(cls, kept: str = "", **given) -> list[str]:
        return missing_head(kept, given)

    @classmethod
    def execute(cls, model, seed: int, steps: int, cfg: float, sampler_name: str, scheduler: str, positive: list,
                negative: list, latent_image: dict, denoise: float, candidates: int, prune_step: int, keep: int,
                head: Head | None = None, schedule: str = "", policy: str = "top-k", budget: float = 0.0,
                group: int = 0, kept: str = "", choose: str = AUTO, timeout: int = 0,
                on_timeout: str = "best") -> io.NodeOutput:
        session = Session(getattr(cls.hidden, "unique_id", None), head, Wishes(timeout, on_timeout))
        settings = Settings(head, candidates, rounds_of(schedule, prune_step, keep), policy, budget, group, kept,
                            watch=choose == WATCH, always_widen=True, sliced_after=True,
                            **session.hooks(asks(choose, head, bool(kept.strip()))))
        _check(settings, latent_image)
        patched = attach(model, settings)
        out, = common_ksampler(patched, seed, steps, cfg, sampler_name, scheduler, positive, negative, latent_image,
                               denoise=denoise)
        if not len(ledger_of(patched)):
            raise ValueError(
                f"PrismKSampler has sampled nothing, because denoise is {denoise}. Use 1, or a little less to change an "
                "existing clip.")
        done = ledger_of(patched).find(out["samples"])
        file_record.add(cls.hidden, done.record)
        return io.NodeOutput(
            of_rows(out, out["samples"], done.kept, done.record), _dropped(out, done), done.record.replay,
            seeds_of(done.record, done.kept), _scores(done.record, head), run_chart.draw(done.record),
            ui=shown(done.record, report(done.record)))


def _ksampler_inputs() -> list[io.Input]:
    """KSampler's own, in its order."""
    return [
        io.Model.Input("model", tooltip=(
            "The video model, with its LoRAs and shift. Memory stays at that of a few clips at a time.")),
        io.Int.Input("seed", default=0, min=0, max=0xffffffffffffffff, control_after_generate=True, tooltip=(
            "The seed of candidate 0, any whole number from 0 (default) on; candidate 1 has the next one, and so on. "
            "Advance it by the number of candidates to see none twice.")),
        io.Int.Input("steps", default=20, min=1, max=10000, tooltip=(
            "Steps of the sampler, 2 to 10000, default 20. Time grows with it; set prune_step to match.")),
        io.Float.Input("cfg", default=8.0, min=0.0, max=100.0, step=0.1, round=0.01, tooltip=(
            "How closely the prompt is followed, 0 to 100. 1 leaves the negative prompt out and halves the time; "
            "Wan likes 5 to 6. Default 8.")),
        io.Combo.Input("sampler_name", options=comfy.samplers.KSampler.SAMPLERS, tooltip=(
            "How noise is removed. All but dpm_adaptive can be pruned. Some, such as heun and dpm_2, call the model "
            "twice a step and take twice the time.")),
        io.Combo.Input("scheduler", options=comfy.samplers.KSampler.SCHEDULERS, tooltip=(
            "How the noise falls over the steps: it decides how noisy the candidates are at prune_step.")),
        io.Conditioning.Input("positive", tooltip=(
            "The prompt: one for all candidates, or a batch of one for each. The head scores by it.")),
        io.Conditioning.Input("negative", tooltip="What to keep out of the picture. Not used at cfg 1."),
        io.Latent.Input("latent_image", tooltip=(
            "One empty video latent (batch_size 1), or one clip to change with a lower denoise.")),
        io.Float.Input("denoise", default=1.0, min=0.0, max=1.0, step=0.01, tooltip=(
            "0 to 1. 1 (default) makes clips from nothing; less keeps more of latent_image, and the steps begin at less "
            "noise, where candidates differ less.")),
    ]


def _outputs() -> list[io.Output]:
    return [
        io.Latent.Output("survivors", display_name="survivors", tooltip=(
            "The finished candidates that were kept. For VAE Decode, or PRISM Split Candidates if there are several.")),
        io.Latent.Output("dropped", display_name="dropped", tooltip=(
            "What the dropped candidates were about to become, blurred as they were then: decode it to see what was "
            "missed. Nothing runs behind it where nothing was predicted.")),
        kept_output(),
        io.Int.Output("seeds", display_name="seeds", is_output_list=True, tooltip=(
            "The seed of each survivor. A plain KSampler with it makes the same clip, under any sampler without "
            "randomness of its own.")),
        PrismScores.Output("scores", display_name="scores", tooltip=(
            "The scores of all candidates at the first cut, for PRISM Score Chart. Nothing runs behind it in a "
            "replay, where nothing is scored.")),
        io.Image.Output("chart", display_name="chart", tooltip=(
            "The scores over the steps as a picture, 768 pixels wide.")),
    ]


def _check(settings: Settings, latent: dict) -> None:
    """Refuse what would give one clip without a choice, or candidates without seeds of their own."""
    samples = latent["samples"]
    rows = len(samples.unbind()[0] if getattr(samples, "is_nested", False) else samples)
    if rows != 1:
        raise ValueError(
            f"PrismKSampler makes its candidates from one latent, but this batch holds {rows}. Set its batch_size to 1 "
            f"and 'candidates' to {rows}, or use PrismBestOfN with a KSampler, which takes the rows as they are.")
    if settings.final_keep >= settings.candidates:
        raise ValueError(
            f"PrismKSampler has nothing to drop: {settings.final_keep} of {settings.candidates} candidates are to be "
            "kept. Raise 'candidates' or lower 'keep'; to finish a single clip use a plain KSampler.")


def _dropped(out: dict, done: Finished) -> Any:
    """The dropped candidates, as the model last saw them; a latent without rows would only fail further down."""
    if done.dropped_x0 is None or getattr(out["samples"], "is_nested", False):
        return ExecutionBlocker(None)
    return of_rows(out, done.dropped_x0.to(out["samples"].dtype), done.dropped, done.record)


def _scores(record: RunRecord, head: Head | None) -> Any:
    """The last scores that all candidates have in common, which is where the first cut was made."""
    whole = [watch for watch in record.watches if len(watch.rows) == record.candidates]
    if not whole or head is None:
        return ExecutionBlocker(None)
    return Scores(torch.tensor(whole[-1].scores), whole[-1].sigma, whole[-1].step, head.name,
                  tuple(range(record.candidates)), depth_of(head))
