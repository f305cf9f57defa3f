"""Train the tiny WanVAE: reconstruct the world, in latents that stock previews and Wan's normalisation fit."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKLWan
from torch import Tensor
from tqdm import tqdm

from ..latents import CHANNELS, denormalise, normalise, preview, to_video
from ..prompts import Prompt, splits
from ..world import BACKGROUND, SIZE, clip
from .run import Run, step_generator
from .whitening import change_of_basis, fold

CONFIG = dict(base_dim=8, z_dim=CHANNELS, dim_mult=[1, 2, 4, 4], num_res_blocks=2, attn_scales=[],
              temperal_downsample=[False, True, True])
STEPS = 2600
LATENT_NOISE = 0.1       # the decoder learns to live with what a diffusion model leaves
CROP, CROP_FRAMES = 32, 5
FULL_SHARE = 0.12        # the last steps see whole clips
DECODER_STEPS = 1200
WHITENING_CLIPS = 1360


def build() -> AutoencoderKLWan:
    """An untrained VAE of the committed size."""
    vae = AutoencoderKLWan(**CONFIG)
    for module in vae.modules():
        if isinstance(module, torch.nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)  # 1.5 times as fast on a CPU
    return vae


def batch(prompts: list[Prompt], count: int, generator: torch.Generator, full: bool) -> Tensor:
    """Clips (B, 3, T, H, W) in [-1, 1]: whole ones, or 5 frames of 32x32 pixels around the middle of the action."""
    chosen = torch.randint(len(prompts), (count,), generator=generator).tolist()
    seeds = torch.randint(2 ** 31, (count,), generator=generator).tolist()
    video = to_video(torch.stack([clip(prompts[i], s) for i, s in zip(chosen, seeds)]))
    if full:
        return video
    corners = torch.randint(0, SIZE - CROP + 1, (count, 2), generator=generator).tolist()
    starts = torch.randint(0, video.shape[2] - CROP_FRAMES + 1, (count,), generator=generator).tolist()
    return torch.stack([v[:, t:t + CROP_FRAMES, y:y + CROP, x:x + CROP] for v, t, (y, x) in zip(video, starts, corners)])


def _preview_target(video: Tensor) -> Tensor:
    """What a preview should show: each latent frame's own clip frames, averaged over 8x8 pixels."""
    small = torch.nn.functional.avg_pool3d(video, (1, 8, 8))
    first, rest = small[:, :, :1], small[:, :, 1:]
    return torch.cat([first, rest.unflatten(2, (-1, 4)).mean(3)], 2)


def reconstruction(decoded: Tensor, video: Tensor) -> Tensor:
    """Mean absolute error, four times as heavy where something is drawn."""
    background = video.new_tensor(BACKGROUND).view(1, 3, 1, 1, 1) * 2 - 1
    drawn = (video - background).abs().amax(1, keepdim=True) > 0.05
    return ((decoded - video).abs() * (1 + 3 * drawn)).mean()


def loss(vae: AutoencoderKLWan, video: Tensor, generator: torch.Generator) -> Tensor:
    """Reconstruction from noised latents + preview + first two moments of every latent channel."""
    latent = normalise(vae.encode(video).latent_dist.mode())
    noise = torch.randn(latent.shape, generator=generator).to(latent)
    decoded = vae.decode(denormalise(latent + LATENT_NOISE * noise)).sample
    moments = latent.mean((0, 2, 3, 4)).square().mean() + (latent.std((0, 2, 3, 4)) - 1).square().mean()
    return reconstruction(decoded, video) + (preview(latent) - _preview_target(video)).abs().mean() + 0.05 * moments


def train(steps: int = STEPS, count: int = 6, lr: float = 3e-3, seed: int = 0, device: str = "cpu") -> dict[str, Tensor]:
    """Train and return the averaged weights in diffusers' layout."""
    torch.manual_seed(seed)
    vae, prompts = build().to(device), splits()["backbone"]
    run = Run("vae", vae, steps, lr, seed=seed, ema=0.995).resume()

    def step_loss(step: int) -> Tensor:
        generator = step_generator(seed, step)
        full = step >= steps * (1 - FULL_SHARE)
        video = batch(prompts, 4 if full else count, generator, full)
        return loss(vae, video.to(device), generator)

    return run.train(step_loss, "vae")


def train_decoder(vae: AutoencoderKLWan, steps: int = DECODER_STEPS, count: int = 2, lr: float = 1.5e-3, seed: int = 0,
                  device: str = "cpu") -> dict[str, Tensor]:
    """Sharpen the decoder with the encoder, and so the latent space, left as it is."""
    prompts = splits()["backbone"]
    vae.requires_grad_(False)
    parameters = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    for parameter in parameters:
        parameter.requires_grad_(True)
    run = Run("decoder", vae, steps, lr, seed=seed, ema=0.99, parameters=parameters).resume()

    def step_loss(step: int) -> Tensor:
        generator = step_generator(seed + 2, step)
        video = batch(prompts, count, generator, full=True).to(device)
        with torch.no_grad():
            latent = normalise(vae.encode(video).latent_dist.mode())
            latent += LATENT_NOISE * torch.randn(latent.shape, generator=generator).to(latent)
        return reconstruction(vae.decode(denormalise(latent)).sample, video)

    return run.train(step_loss, "decoder")


@torch.no_grad()
def whitened(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same VAE with its latents evened out, as measured on flawed clips of the backbone's prompts."""
    vae = build()
    vae.load_state_dict({key: value.float().cpu() for key, value in state.items()})
    prompts = splits()["backbone"]
    latents = []
    for at in tqdm(range(0, WHITENING_CLIPS, 16), desc="whiten", mininterval=5):
        video = torch.stack([clip(prompts[i % len(prompts)], i, flawed=True) for i in range(at, min(at + 16, WHITENING_CLIPS))])
        latents.append(normalise(vae.encode(to_video(video)).latent_dist.mode()))
    fold(vae, *change_of_basis(torch.cat(latents)))
    return vae.state_dict()
