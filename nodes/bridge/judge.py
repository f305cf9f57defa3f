"""The head as a model under ComfyUI's memory management, and the probe that scores candidates with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.model_patcher
import comfy.ops
import comfy.samplers
import torch
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from ...prism_core.backbones import Backbone, check_match, fingerprint
from ...prism_core.checkpoint import HeadInfo, load_head
from ...prism_core.features import Features
from .rows import choose_cond, fitting, in_micro_batches, rows_of_cond
from .sigmas import flow_sigma
from .tap import COMPILE_KEY, Tapped, tap

KEY = "prism"


@dataclass(frozen=True)
class Head:
    """A loaded head: `patcher` holds the module, `info` what its file says about it, `sha256` is that of the file."""

    name: str
    info: HeadInfo
    patcher: Any
    sha256: str | None = None


def load(path: str, name: str) -> Head:
    """Read a head file into a patcher that ComfyUI moves, offloads and frees like any model."""
    offload = comfy.model_management.unet_offload_device()
    module, info = load_head(path, device=offload, operations=comfy.ops.manual_cast)
    # Looked up at call time: ComfyUI replaces this class when it manages memory dynamically.
    patcher = comfy.model_patcher.CoreModelPatcher(
        module, load_device=comfy.model_management.get_torch_device(), offload_device=offload)
    return Head(name, info, patcher, hashlib.sha256(Path(path).read_bytes()).hexdigest())


def check(head: Head, model: Any, backbone: Backbone) -> str | None:
    """Refuse a head that was not made for this model; a note where the head may be for a relative of it."""
    weight = model.get_model_object(f"diffusion_model.{backbone.patch_embedding_path}").weight
    space = type(model.get_model_object("latent_format")).__name__
    return check_match(head.info, backbone, space, fingerprint(weight))


class _Scored(Exception):
    """Ends a sampler at its first model call, when all candidates are scored."""


class Probe:
    """Makes the first model call of a sampler, as far as the tap, and scores every row of it.

    It is attached to a clone of the MODEL for one run, so that preparing, loading, scaling, masking and cleaning up
    are done by the code that the next sampler will run.
    """

    def __init__(self, backbone: Backbone, head: Head) -> None:
        self.backbone, self.head = backbone, head
        self.scores: Tensor | None = None

    def attach(self, model: Any) -> Any:
        """A clone of the MODEL that samples up to its first model call and leaves `scores` here."""
        clone = model.clone()
        if clone.model_options.get("context_handler") is not None:
            raise ValueError(
                "This model samples in context windows, which cannot be scored. Connect the model from before the "
                "Context Windows node.")
        clone.set_additional_models(KEY, [self.head.patcher])
        clone.remove_additional_models("multigpu")    # one short call: splitting it over devices gains nothing
        clone.remove_wrappers_with_key(WrappersMP.APPLY_MODEL, COMPILE_KEY)    # nor would compiling it
        clone.add_wrapper_with_key(WrappersMP.PREPARE_SAMPLING, KEY, self._prepare)
        clone.add_wrapper_with_key(WrappersMP.SAMPLER_SAMPLE, KEY, self._sample)
        clone.add_wrapper_with_key(WrappersMP.CALC_COND_BATCH, KEY, self._calc)
        clone.add_wrapper_with_key(WrappersMP.APPLY_MODEL, KEY, tap(self.backbone, self.head.info.backbone.tap_block))
        return clone

    def _prepare(self, executor, model, noise_shape, conds, **options):
        # Micro-batches adapt to what is free, so there is no reason to push weights out for the whole batch.
        return executor(model, [1, *noise_shape[1:]], conds, **options)

    def _sample(self, executor, guider, sigmas, extra_args, callback, noise, latent_image, *rest):
        try:
            executor(guider, sigmas, extra_args, callback, noise, latent_image, *rest)
        except _Scored:
            return latent_image
        raise RuntimeError("The sampler ended without calling the model, so no candidate could be scored.")

    def _calc(self, executor, model, conds, x, timestep, options):
        count, scores = len(x), []
        cond = choose_cond(conds[0] or [], float(timestep[0]))
        sigma = flow_sigma(model.model_sampling, timestep)

        def run(rows: slice) -> None:
            part = rows_of_cond(cond, rows, count)
            try:
                executor(model, [[part], None], x[rows], timestep[rows], options)
            except Tapped as read:
                features = Features(read.visual, read.text, read.text_mask, read.grid, sigma[rows])
                scores.append(self.head.patcher.model.score(features).float().cpu())
                return
            raise RuntimeError(
                f"The model answered without running its block {self.head.info.backbone.tap_block}, so there is "
                "nothing to score. Connect the model from before nodes that skip its blocks, as caching nodes do.")

        in_micro_batches(count, fitting(model, x.shape, cond, x.device), run)
        self.scores = torch.cat(scores)
        raise _Scored


def score(model: Any, head: Head, backbone: Backbone, positive: list, latent: dict, remaining: Tensor,
          sampler_name: str) -> Tensor:
    """Scores (N,) of the candidates of a LATENT that a sampler would continue over the `remaining` sigmas (R,).

    The model and the latent stay as they are. Raises RuntimeError on scores that are not finite.
    """
    probe, samples = Probe(backbone, head), latent["samples"]
    guider = comfy.samplers.CFGGuider(probe.attach(model))
    guider.inner_set_conds({"positive": positive})
    guider.sample(torch.zeros_like(samples, device="cpu"), samples, comfy.samplers.sampler_object(sampler_name),
                  remaining, denoise_mask=latent.get("noise_mask"), disable_pbar=True, seed=0)
    if not torch.isfinite(probe.scores).all():
        raise RuntimeError(
            f"The head '{head.name}' gave scores that are not finite: {probe.scores.tolist()}. The model's hidden "
            "states overflowed at this step; load the model in another precision.")
    return probe.scores
