"""Sampler step <-> sigma: where a latent stands that left a sampler, and what the next sampler makes of it."""

from __future__ import annotations

import comfy.model_sampling
import comfy.samplers
import torch
from torch import Tensor


def schedule(model, steps: int, sampler_name: str, scheduler: str) -> Tensor:
    """The sigmas (S + 1,) that KSampler Advanced walks down with these settings; the last is 0.

    The sampler matters: the uni_pc and dpm_2 families drop the last sigma but one.
    """
    return comfy.samplers.KSampler(model, steps=steps, device=model.load_device, sampler=sampler_name,
                                   scheduler=scheduler, denoise=1.0, model_options=model.model_options).sigmas


def remaining_after(sigmas: Tensor, step: int) -> Tensor:
    """The part of a schedule that is left after `step` steps: (R,), from where the latent stands down to 0.

    Raises:
        ValueError: the step is outside the schedule, or the schedule has reached 0 there.
    """
    last = len(sigmas) - 1
    if not 1 <= step <= last:
        raise ValueError(
            f"end_at_step is {step}, but this schedule has steps 1 to {last}. Use the end_at_step of the "
            "KSampler Advanced that made the latent, and the same steps, sampler and scheduler.")
    if float(sigmas[step]) <= 0:
        raise ValueError(
            f"At end_at_step {step} the schedule has reached sigma 0: the latent is finished and there is nothing "
            f"left to prune. Stop the first sampler earlier, at step {last - 1} or before.")
    return sigmas[step:]


def remaining_of(sigmas: Tensor) -> Tensor:
    """The next sampler's sigmas (2,) for a latent that stands at the last entry of `sigmas` (S + 1,).

    Raises:
        ValueError: fewer than two sigmas, a value that is not finite, sigmas that rise, or a last one of 0.
    """
    if sigmas.ndim != 1 or len(sigmas) < 2:
        raise ValueError(
            f"SIGMAS has shape {tuple(sigmas.shape)}, but at least two sigmas in a row are needed: where sampling "
            "began and where it stopped. Use the 'high_sigmas' of Split Sigmas.")
    if not torch.isfinite(sigmas).all() or (sigmas[1:] > sigmas[:-1]).any() or sigmas[-1] >= sigmas[0]:
        raise ValueError(
            f"SIGMAS must descend, but these are {[round(float(s), 4) for s in sigmas]}. Connect the sigmas that the "
            "first sampler used, for example the 'high_sigmas' of Split Sigmas.")
    if float(sigmas[-1]) <= 0:
        raise ValueError(
            "SIGMAS ends at 0: a latent sampled with it is finished and there is nothing left to prune. Split the "
            "sigmas with Split Sigmas, sample the first part only, and connect its 'high_sigmas' here.")
    return torch.stack([sigmas[-1], torch.zeros_like(sigmas[-1])])


def flow_sigma(model_sampling, sigma: float) -> float:
    """The noise fraction in [0, 1] of a model's own sigma; eps and v models count noise per unit of signal."""
    return sigma if isinstance(model_sampling, comfy.model_sampling.CONST) else sigma / (1.0 + sigma)


def weights_at(model_sampling, sigma: Tensor) -> tuple[float, float]:
    """How much signal and how much noise a state holds at a sigma, by the model's own noise scaling."""
    zero, one = torch.zeros(1, device=sigma.device), torch.ones(1, device=sigma.device)
    signal = model_sampling.noise_scaling(sigma, zero.clone(), one, False)
    noise = model_sampling.noise_scaling(sigma, one.clone(), zero, False)
    return float(signal), float(noise)


def received(model, samples: Tensor, sigma: Tensor) -> Tensor:
    """What a sampler without added noise hands to the model for these samples (B, C, ...) at a sigma.

    Flow models un-scale a latent with leftover noise on output; this is the way back in.
    """
    latent = model.model.process_latent_in(samples.float().cpu())
    sampling = model.get_model_object("model_sampling")
    return sampling.noise_scaling(sigma.cpu(), torch.zeros_like(latent), latent, False)
