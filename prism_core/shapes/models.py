"""The committed Shapes models, loaded into diffusers' classes (extra `train`); ComfyUI loads the same files itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import Tensor

from . import convert, latents
from .prompts import WEIGHTS
from .sampling import Velocity

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan, WanTransformer3DModel

BACKBONE_FILE = WEIGHTS / "diffusion_models" / "prism_shapes_wan_t2v.safetensors"
VAE_FILE = WEIGHTS / "vae" / "prism_shapes_vae.safetensors"
HEAD_FILE = WEIGHTS / "prism_heads" / "prism_shapes_head.safetensors"


def _fill(model: torch.nn.Module, path: Path, kind: str) -> torch.nn.Module:
    state = {key: value.float() for key, value in load_file(path).items()}
    model.load_state_dict(convert.to_diffusers(state, kind, model.state_dict().keys()))
    return model.eval().requires_grad_(False)


def load_backbone(path: Path = BACKBONE_FILE) -> WanTransformer3DModel:
    """The tiny WanModel in diffusers' class, float32."""
    from .training import backbone
    return _fill(backbone.build(), path, "transformer")


def load_vae(path: Path = VAE_FILE) -> AutoencoderKLWan:
    """The tiny WanVAE in diffusers' class, float32."""
    from .training import vae
    return _fill(vae.build(), path, "vae")


def velocity(model: WanTransformer3DModel) -> Velocity:
    """The backbone as a function of (x, sigma in [0, 1], text)."""
    return lambda x, sigma, text: model(x, sigma * 1000, text).sample


@torch.no_grad()
def decode(vae: AutoencoderKLWan, latent: Tensor) -> Tensor:
    """Normalised latents (B, 16, T, H, W) to frames (B, 4T-3, 8H, 8W, 3) in [0, 1]."""
    return latents.to_frames(vae.decode(latents.denormalise(latent)).sample)
