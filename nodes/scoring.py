"""Scoring the candidates of a noisy latent."""

from __future__ import annotations

import json
from typing import Any

import comfy.samplers
from comfy_api.latest import io
from torch import Tensor

from .aliases import found_as
from .bridge import judge, latents, rows, sigmas, tap
from .sockets import PrismHead, PrismScores, Scores


class PrismScoreLatents(io.ComfyNode):
    """Scores every row of a latent that left a sampler with leftover noise."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismScoreLatents",
            display_name="PRISM Score Latents",
            category="PRISM",
            description=(
                "Scores every candidate of a half-sampled batch, from the noisy latent, by what the video model itself "
                "makes of it. Costs a part of one model call for each candidate, without the negative prompt."),
            search_aliases=found_as("PrismScoreLatents", "rank", "reward", "rate latents", "judge", "best of n",
                                    "seed search"),
            inputs=[
                io.Model.Input("model", tooltip=(
                    "The video model that sampled the latent, with the same LoRAs and shift. It is not changed.")),
                PrismHead.Input("head", tooltip="A head made for this model, from Load PRISM Head."),
                io.Conditioning.Input("positive", tooltip=(
                    "The prompt that the candidates were made with: one for all, or a batch of one for each.")),
                io.Latent.Input("latent", tooltip=(
                    "The batch from the first KSampler Advanced, with return_with_leftover_noise enabled. "
                    "More candidates take more time, not more memory: they are scored a few at a time.")),
                io.Int.Input("steps", default=20, min=1, max=10000, tooltip=(
                    "Steps of the whole schedule, 2 to 10000, default 20: exactly as in the first KSampler Advanced.")),
                io.Combo.Input("sampler_name", options=comfy.samplers.KSampler.SAMPLERS, tooltip=(
                    "As in the first KSampler Advanced. Some samplers (uni_pc, dpm_2) walk another schedule.")),
                io.Combo.Input("scheduler", options=comfy.samplers.KSampler.SCHEDULERS, tooltip=(
                    "As in the first KSampler Advanced.")),
                io.Int.Input("end_at_step", default=6, min=1, max=10000, tooltip=(
                    "The end_at_step of the first KSampler Advanced, 1 to steps - 1, default 6. Earlier saves more "
                    "time and is less certain; later is more certain and saves less.")),
                io.Sigmas.Input("sigmas", optional=True, tooltip=(
                    "For custom samplers, instead of the four settings above: the sigmas that were sampled, such as "
                    "the high_sigmas of Split Sigmas. The last one is where the latent stands.")),
            ],
            outputs=[
                PrismScores.Output("scores", display_name="scores", tooltip=(
                    "One score for each candidate, higher is better. Only differences within a batch mean something.")),
                io.String.Output("report", display_name="report", tooltip="The scores as text, best first."),
            ],
            has_intermediate_output=True,
        )

    @classmethod
    def execute(cls, model, head: judge.Head, positive: list, latent: dict, steps: int, sampler_name: str,
                scheduler: str, end_at_step: int, sigmas: Tensor | None = None) -> io.NodeOutput:
        samples = latents.samples_of(latent)
        latents.check_fits(model, samples)
        rows.check_conditioning(positive, len(samples))
        backbone = tap.backbone_of(model)
        note = judge.check(head, model, backbone)
        remaining, step = _position(model, steps, sampler_name, scheduler, end_at_step, sigmas)
        latents.check_noise(model, samples, remaining[0])
        values = judge.score(model, head, backbone, positive, latent, remaining,
                             "euler" if sigmas is not None else sampler_name)
        scores = Scores(values, _noise_fraction(model, remaining), step, head.name,
                        tuple(latents.candidates_of(latent)), head.info.backbone.tap_block / backbone.blocks)
        text = report(scores, head, note)
        return io.NodeOutput(scores, text, ui={"prism_scores": [json.dumps(scores.as_json())], "text": [text]})


def _position(model: Any, steps: int, sampler_name: str, scheduler: str, end_at_step: int,
              given: Tensor | None) -> tuple[Tensor, int]:
    """The sigmas that the next sampler would walk, and how many steps the latent has taken."""
    if given is not None:
        return sigmas.remaining_of(given), len(given) - 1
    return sigmas.remaining_after(sigmas.schedule(model, steps, sampler_name, scheduler), end_at_step), end_at_step


def _noise_fraction(model: Any, remaining: Tensor) -> float:
    return sigmas.flow_sigma(model.get_model_object("model_sampling"), float(remaining[0]))


def report(scores: Scores, head: judge.Head, note: str | None = None) -> str:
    """The scores as text for people, best first, with what should be known about them."""
    order = scores.values.argsort(descending=True, stable=True).tolist()
    lines = [f"Step {scores.step}, sigma {scores.sigma:.3f}, head {scores.head}"]
    lines += [f"candidate {scores.candidates[row]}: {scores.values[row]:+.3f}" for row in order]
    low, high = head.info.sigma_range
    if not low <= scores.sigma <= high:
        lines.append(f"Note: this head was trained for sigma {low:.2f} to {high:.2f}; scores outside are guesses.")
    return "\n".join([*lines, f"Note: {note}"] if note else lines)
