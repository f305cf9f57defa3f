"""The latent space of Wan 2.1, as ComfyUI and diffusers both define it, and how the tiny VAE is made to live in it."""

from __future__ import annotations

import torch
from torch import Tensor

CHANNELS = 16
# Facts of the released Wan 2.1 VAE: mean and deviation of its latent channels.
MEAN = torch.tensor([-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508,
                     0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921])
STD = torch.tensor([2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
                    3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160])
# ComfyUI's linear map from normalised latents to RGB in [-1, 1]: what its stock previews show.
RGB_FACTORS = torch.tensor([
    [-0.1299, -0.1692, 0.2932], [0.0671, 0.0406, 0.0442], [0.3568, 0.2548, 0.1747], [0.0372, 0.2344, 0.1420],
    [0.0313, 0.0189, -0.0328], [0.0296, -0.0956, -0.0665], [-0.3477, -0.4059, -0.2925], [0.0166, 0.1902, 0.1975],
    [-0.0412, 0.0267, -0.1364], [-0.1293, 0.0740, 0.1636], [0.0680, 0.3019, 0.1128], [0.0032, 0.0581, 0.0639],
    [-0.1251, 0.0927, 0.1699], [0.0060, -0.0633, 0.0005], [0.3477, 0.2275, 0.2950], [0.1984, 0.0913, 0.1861]])
RGB_BIAS = torch.tensor([-0.1835, -0.0868, -0.3360])


def _channels(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like).view(1, -1, 1, 1, 1)


def normalise(latent: Tensor) -> Tensor:
    """VAE output (B, 16, T, H, W) to what the diffusion model sees: zero mean, unit deviation a channel."""
    return (latent - _channels(MEAN, latent)) / _channels(STD, latent)


def denormalise(latent: Tensor) -> Tensor:
    """The inverse of `normalise`: what a VAE decodes."""
    return latent * _channels(STD, latent) + _channels(MEAN, latent)


def preview(latent: Tensor) -> Tensor:
    """Stock latent preview (B, 3, T, H, W), RGB in [-1, 1], of normalised latents."""
    return torch.einsum("bcthw,cr->brthw", latent, RGB_FACTORS.to(latent)) + _channels(RGB_BIAS, latent)


def to_video(frames: Tensor) -> Tensor:
    """Frames (B, T, H, W, 3) in [0, 1] to the VAE's input (B, 3, T, H, W) in [-1, 1]."""
    return frames.movedim(-1, 1) * 2 - 1


def to_frames(video: Tensor) -> Tensor:
    """The inverse of `to_video`, clamped to [0, 1]."""
    return ((video.float() + 1) / 2).clamp(0, 1).movedim(1, -1)
