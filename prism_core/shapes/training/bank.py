"""Tokens of the training states, computed once and kept on disk: the backbone is frozen, and ten heads read it.

Every state is kept twice: as the sampler left it ("own"), and as the finished clip noised again to the same
sigma ("noised"), with one noise for all candidates of a prompt, as the papers train.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..sampling import STEPS, simple_sigmas
from .run import RUNS, step_generator
from .states import States
from .tokens import Tokens, View

KINDS = ("own", "noised")
PROMPTS_AT_ONCE = 16


def noised(data: States, step: int, prompts: slice = slice(None), seed: int = 0) -> Tensor:
    """Finished latents (P, N, 16, 3, 8, 8) of some prompts, noised to a step's sigma; the same call, the same noise."""
    clean, sigma = data.latents[STEPS], float(simple_sigmas()[step])
    noise = torch.randn(clean[:, :1].shape, generator=step_generator(seed + 5, step))
    return (1 - sigma) * clean[prompts] + sigma * noise[prompts]


@dataclass(frozen=True)
class Bank:
    """visual: by (step, kind), (P, N, Lv, Dv) float16 on disk; text (P, Lt, Dt); text_mask (P, Lt)."""

    visual: dict[tuple[int, str], np.ndarray]
    text: Tensor
    text_mask: Tensor
    pooled: bool = False

    def draw(self, step: int, kind: str, prompts: Tensor, rows: Tensor) -> Tokens:
        """Tokens of candidates `rows` (B, n) of `prompts` (B,), flat: (B * n, ...)."""
        visual = torch.from_numpy(self.visual[step, kind][prompts[:, None].numpy(), rows.numpy()]).flatten(0, 1).float()
        text, mask = (of[prompts].repeat_interleave(rows.shape[1], 0) for of in (self.text, self.text_mask))
        return visual.mean(1, keepdim=True) if self.pooled else visual, text, mask


def _deposit(path: Path, view: View, data: States, step: int, kind: str) -> None:
    states = data.latents[step] if kind == "own" else noised(data, step)
    sigma, file, draft = float(simple_sigmas()[step]), None, path.with_name(f"{path.stem}.{os.getpid()}.draft")
    for at in range(0, len(states), PROMPTS_AT_ONCE):
        rows, words = states[at:at + PROMPTS_AT_ONCE], data.words[at:at + PROMPTS_AT_ONCE]
        visual = view(rows.flatten(0, 1), sigma, words.repeat_interleave(rows.shape[1], 0))[0]
        if file is None:
            file = np.lib.format.open_memmap(draft, "w+", np.float16, (*states.shape[:2], *visual.shape[1:]))
        file[at:at + PROMPTS_AT_ONCE] = visual.unflatten(0, rows.shape[:2]).half().numpy()
    file.flush()
    draft.replace(path)


def fill(name: str, view: View, data: States, steps: tuple[int, ...], reverse: bool = False) -> None:
    """Compute what is missing of a view's tokens; `reverse` lets a second process share the work."""
    folder = RUNS / "tokens" / name
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(folder / f"{step}-{kind}.npy", step, kind) for step in steps for kind in KINDS]
    for path, step, kind in tqdm(wanted[::-1] if reverse else wanted, desc=f"tokens {name}", mininterval=5):
        if not path.exists():
            _deposit(path, view, data, step, kind)


def load(name: str, view: View, data: States, steps: tuple[int, ...], pooled: bool = False) -> Bank:
    """The whole bank of a view, filled where it is not."""
    fill(name, view, data, steps)
    visual = {(step, kind): np.load(RUNS / "tokens" / name / f"{step}-{kind}.npy", mmap_mode="r")
              for step in steps for kind in KINDS}
    _, text, mask = view(data.latents[STEPS][:, 0], 0.0, data.words)
    return Bank(visual, text, mask, pooled)
