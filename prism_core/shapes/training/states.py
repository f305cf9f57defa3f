"""States of the sampler's own trajectories, with the oracle's verdict on where each of them ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from ..models import decode, velocity
from ..oracle import centroids, foreground, judge
from ..prompts import embed, splits, word_ids
from ..sampling import CFG, STEPS, candidate_noise, euler, simple_sigmas
from .run import RUNS

CANDIDATES = 8           # of a prompt in one round
ROUNDS = {"validation": 1, "test": 1, "head": 2}
ROUND_SEEDS = 10_000     # more than any split has prompts
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


def _jobs(split: str, limit: int | None) -> list[tuple[int, int, list]]:
    """(round, first prompt, prompts) of every chunk, the first round of all prompts before the second of any."""
    prompts = splits()[split][:limit]
    return [(turn, at, prompts[at:at + PROMPTS_AT_ONCE]) for turn in range(ROUNDS[split])
            for at in range(0, len(prompts), PROMPTS_AT_ONCE)]


def make(model: object, vae: object, split: str, *, limit: int | None = None, cfg: float = CFG,
         reverse: bool = False, device: str = "cpu") -> Path:
    """Sample a split's candidates chunk by chunk; chunks already on disk are kept, so it resumes.

    `reverse` starts at the end, so that a second process can meet the first one in the middle.
    """
    folder = RUNS / "states" / split
    folder.mkdir(parents=True, exist_ok=True)
    jobs = _jobs(split, limit)
    for turn, at, prompts in tqdm(jobs[::-1] if reverse else jobs, desc=f"trajectories {split}", mininterval=5):
        path = folder / f"{turn}-{at:05d}.safetensors"
        if not path.exists():
            chunk = _chunk(model, vae, prompts, FIRST_SEED[split] + turn * ROUND_SEEDS + at, cfg, device)
            save_file({k: v.contiguous() for k, v in chunk.items()}, path.with_suffix(".draft"))
            path.with_suffix(".draft").replace(path)
    return folder


def _round(folder: Path, turn: int) -> dict[str, Tensor]:
    chunks: dict[str, list[Tensor]] = {}
    for path in sorted(folder.glob(f"{turn}-*.safetensors")):
        for key, value in load_file(path).items():
            chunks.setdefault(key, []).append(value)
    return {key: torch.cat(values) for key, values in chunks.items()}


def load(split: str, rounds: int | None = None) -> States:
    """All chunks of a split in order; the candidates of a prompt's rounds side by side. Raises FileNotFoundError."""
    turns = [_round(RUNS / "states" / split, turn) for turn in range(rounds or ROUNDS[split])]
    if not all(turns):
        raise FileNotFoundError(f"Trajectories of the split '{split}' are missing. Make them: python3 run.py shapes states {split}")
    joined = {key: torch.cat([turn[key] for turn in turns], 1) for key in turns[0] if key != "words"}
    latents = {int(key[5:]): value for key, value in joined.items() if key.startswith("step.")}
    return States(latents, turns[0]["words"], *(joined[name] for name in ("oracle", "parts", "position")))
