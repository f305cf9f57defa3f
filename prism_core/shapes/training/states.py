"""States of the sampler's own trajectories, with the oracle's verdict on where each of them ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from ..models import decode, velocity
from ..oracle import centroids, foreground, judge
from ..prompts import embed, splits, word_ids
from ..sampling import CFG, STEPS, candidate_noise, euler, simple_sigmas
from .run import RUNS

CANDIDATES = 8
KEEP_STEPS = (0, 1, 2, 4, 6, 8, 10, 12, 14, 15)  # and the finished latents, step 16
PROMPTS_AT_ONCE = 8
FIRST_SEED = {"backbone": 0, "head": 1_000_000, "validation": 2_000_000, "test": 3_000_000}  # no split shares noise


@dataclass(frozen=True)
class States:
    """P prompts x N candidates of one split, as the sampler meets them.

    latents: by step, (P, N, 16, 3, 8, 8); words (P, 6); oracle (P, N) of the finished clips; parts (P, N, 5);
    position (P, N, 2): where the shape is on average, in pixels.
    """

    latents: dict[int, Tensor]
    words: Tensor
    oracle: Tensor
    parts: Tensor
    position: Tensor


def _judge_all(vae: object, finished: Tensor, prompts: list) -> dict[str, Tensor]:
    oracle, parts, position = [], [], []
    for rows, prompt in zip(finished, prompts):
        frames = decode(vae, rows).cpu()
        verdict = judge(frames, prompt)
        oracle.append(verdict.overall)
        parts.append(torch.stack([verdict.colour, verdict.shape, verdict.motion, verdict.steady, verdict.start], -1))
        position.append(centroids(foreground(frames)).mean(1))
    return {"oracle": torch.stack(oracle), "parts": torch.stack(parts), "position": torch.stack(position)}


@torch.no_grad()
def _chunk(model: object, vae: object, prompts: list, first_seed: int, cfg: float, device: str) -> dict[str, Tensor]:
    words = torch.tensor([word_ids(prompt) for prompt in prompts])
    noise = torch.cat([candidate_noise(first_seed + i, CANDIDATES) for i in range(len(prompts))]).to(device)
    text = embed(words).repeat_interleave(CANDIDATES, 0).to(device)
    states = euler(velocity(model), noise, text, sigmas=simple_sigmas(), cfg=cfg, keep_steps=KEEP_STEPS)
    split = {f"step.{k}": x.unflatten(0, (len(prompts), CANDIDATES)).cpu() for k, x in states.items()}
    return split | {"words": words} | _judge_all(vae, states[STEPS].unflatten(0, (len(prompts), CANDIDATES)), prompts)


def make(model: object, vae: object, split: str, *, limit: int | None = None, cfg: float = CFG,
         reverse: bool = False, device: str = "cpu") -> Path:
    """Sample a split's candidates chunk by chunk; chunks already on disk are kept, so it resumes.

    `reverse` starts at the end, so that a second process can meet the first one in the middle.
    """
    prompts = splits()[split][:limit]
    folder = RUNS / "states" / split
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(prompts), PROMPTS_AT_ONCE)
    for at in tqdm(starts[::-1] if reverse else starts, desc=f"trajectories {split}", mininterval=5):
        path = folder / f"{at:05d}.safetensors"
        if not path.exists():
            chunk = _chunk(model, vae, prompts[at:at + PROMPTS_AT_ONCE], FIRST_SEED[split] + at, cfg, device)
            save_file({k: v.contiguous() for k, v in chunk.items()}, path.with_suffix(".draft"))
            path.with_suffix(".draft").replace(path)
    return folder


def load(split: str) -> States:
    """All chunks of a split that are on disk, in order."""
    chunks: dict[str, list[Tensor]] = {}
    for path in sorted((RUNS / "states" / split).glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for key in file.keys():
                chunks.setdefault(key, []).append(file.get_tensor(key))
    if not chunks:
        raise FileNotFoundError(f"No trajectories of the split '{split}' yet. Make them: python3 run.py shapes states {split}")
    joined = {key: torch.cat(values) for key, values in chunks.items()}
    latents = {int(key[5:]): value for key, value in joined.items() if key.startswith("step.")}
    return States(latents, *(joined[name] for name in ("words", "oracle", "parts", "position")))
