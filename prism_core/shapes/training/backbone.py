"""Train the tiny WanModel: rectified flow on the VAE's latents, text dropped at random so that CFG works.

It learns from flawed clips: its candidates are then as uneven as they are.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from ..latents import CHANNELS, normalise, to_video
from ..prompts import TEXT_DIM, embed, splits, word_ids
from ..world import clip
from .run import RUNS, Run, step_generator

HEADS, LAYERS, DIM = 3, 6, 192
CONFIG = dict(patch_size=(1, 2, 2), num_attention_heads=HEADS, attention_head_dim=DIM // HEADS, in_channels=CHANNELS,
              out_channels=CHANNELS, text_dim=TEXT_DIM, freq_dim=256, ffn_dim=4 * DIM, num_layers=LAYERS,
              cross_attn_norm=True, qk_norm="rms_norm_across_heads", eps=1e-6)
STEPS = 6500
ROWS_A_STEP = 24
CLIPS_PER_PROMPT = 10
TRAIN_SHIFT = 5.0        # sampling runs at shift 8; a lower one leaves capacity for the fine end
DROP_ALL, DROP_SOME, DROP_WORD = 0.1, 0.15, 0.4


def build() -> WanTransformer3DModel:
    """An untrained backbone of the committed size."""
    return WanTransformer3DModel(**CONFIG)


@torch.no_grad()
def encode_clips(vae: AutoencoderKLWan, device: str = "cpu") -> dict[str, Tensor]:
    """Normalised latents (P * seeds, 16, 3, 8, 8) and word ids (P * seeds, 6) of flawed clips, seeds innermost."""
    jobs = [(prompt, 97 * i + p, True) for p, prompt in enumerate(splits()["backbone"]) for i in range(CLIPS_PER_PROMPT)]
    latents = []
    for at in tqdm(range(0, len(jobs), 16), desc="encode clips", mininterval=5):
        video = to_video(torch.stack([clip(*job) for job in jobs[at:at + 16]])).to(device)
        latents.append(normalise(vae.encode(video).latent_dist.mode()).cpu())
    return {"latents": torch.cat(latents).contiguous(), "words": torch.tensor([word_ids(prompt) for prompt, *_ in jobs])}


def cached_clips(vae: AutoencoderKLWan, device: str = "cpu") -> dict[str, Tensor]:
    """The backbone's training set, encoded once and kept beside the checkpoints."""
    path = RUNS / "clips.safetensors"
    if not path.exists():
        save_file(encode_clips(vae, device), path)
    return load_file(path)


def drop_words(words: Tensor, generator: torch.Generator) -> Tensor:
    """Forget some attributes of some prompts, all of them for some: partial prompts and CFG."""
    chance = torch.rand(len(words), 1, generator=generator)
    forget = (chance < DROP_SOME + DROP_ALL) & (torch.rand(words.shape, generator=generator) < DROP_WORD)
    return words.masked_fill(forget | (chance < DROP_ALL), -1)


def flow_loss(model: WanTransformer3DModel, x0: Tensor, text: Tensor, generator: torch.Generator) -> Tensor:
    """Rectified flow: x_s = (1-s) x0 + s noise, the model predicts noise - x0; s is drawn evenly, then shifted."""
    u = torch.rand(len(x0), generator=generator).to(x0)
    sigma = TRAIN_SHIFT * u / (1 + (TRAIN_SHIFT - 1) * u)
    noise = torch.randn(x0.shape, generator=generator).to(x0)
    s = sigma.view(-1, 1, 1, 1, 1)
    velocity = model((1 - s) * x0 + s * noise, sigma * 1000, text).sample
    return (velocity - (noise - x0)).square().mean()


def train(vae: AutoencoderKLWan, steps: int = STEPS, lr: float = 1e-3, seed: int = 0, device: str = "cpu") -> dict[str, Tensor]:
    """Train and return the averaged weights in diffusers' layout."""
    torch.manual_seed(seed)
    model, data = build().to(device), cached_clips(vae, device)
    run = Run("backbone", model, steps, lr, seed=seed, ema=0.9995).resume()

    def step_loss(step: int) -> Tensor:
        generator = step_generator(seed + 1, step)
        rows = torch.randint(len(data["latents"]), (ROWS_A_STEP,), generator=generator)
        text = embed(drop_words(data["words"][rows], generator))
        return flow_loss(model, data["latents"][rows].to(device), text.to(device), generator)

    return run.train(step_loss, "backbone")
