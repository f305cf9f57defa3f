"""The head's scores at every step of long runs: what single cuts, halving and racing are compared on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm

from ...checkpoint import load_head
from ...head import QueryAggregationHead
from ..models import HEAD_FILE, decode, velocity
from ..oracle import judge
from ..prompts import embed, splits, word_ids
from ..sampling import CFG, candidate_noise, euler, simple_sigmas
from .run import RUNS
from .states import CANDIDATES, FIRST_SEED, PROMPTS_AT_ONCE
from .tokens import TAP_BLOCK

STEPS = 50


@dataclass(frozen=True)
class Traces:
    """P prompts x N candidates: scores (P, N, S) before each of S steps, oracle (P, N) of the finished clips, sigmas (S + 1,)."""

    scores: Tensor
    oracle: Tensor
    sigmas: Tensor

    def by_step(self) -> dict[int, Tensor]:
        """Scores (P, N) by the number of finished steps; before the first step there is only noise."""
        return {step: self.scores[..., step] for step in range(1, self.scores.shape[-1])}


@contextmanager
def watched(model: nn.Module, head: QueryAggregationHead, text: Tensor) -> Iterator[list[Tensor]]:
    """Scores (B,) of every model call made inside, in order; they cost one head call each."""
    tokens, mask = model.condition_embedder.text_embedder(text), text.abs().sum(-1) > 0
    scores: list[Tensor] = []

    def score(_module: nn.Module, _args: tuple, output: Tensor) -> None:
        scores.append(head(output, tokens, mask)[:, 0])

    handle = model.blocks[TAP_BLOCK - 1].register_forward_hook(score)
    try:
        yield scores
    finally:
        handle.remove()


@torch.no_grad()
def _chunk(model: nn.Module, vae: object, head: QueryAggregationHead, prompts: list, first_seed: int) -> dict[str, Tensor]:
    noise = torch.cat([candidate_noise(first_seed + i, CANDIDATES) for i in range(len(prompts))])
    text = embed(torch.tensor([word_ids(prompt) for prompt in prompts])).repeat_interleave(CANDIDATES, 0)
    with watched(model, head, text) as scores:
        finished = euler(velocity(model), noise, text, sigmas=simple_sigmas(STEPS), cfg=CFG)[STEPS]
    oracle = [judge(decode(vae, rows), prompt).overall for rows, prompt in zip(finished.split(CANDIDATES), prompts)]
    return {"scores": torch.stack(scores, -1).unflatten(0, (len(prompts), CANDIDATES)), "oracle": torch.stack(oracle)}


def make(model: nn.Module, vae: object, split: str, *, limit: int | None = None, reverse: bool = False) -> Path:
    """Run a split's candidates to the end and keep their scores, chunk by chunk; resumes, as `states.make` does."""
    head, prompts, folder = load_head(HEAD_FILE)[0].eval(), splits()[split][:limit], RUNS / "traces" / split
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(prompts), PROMPTS_AT_ONCE)
    for at in tqdm(starts[::-1] if reverse else starts, desc=f"traces {split}", mininterval=5):
        path = folder / f"{at:05d}.safetensors"
        if not path.exists():
            chunk = _chunk(model, vae, head, prompts[at:at + PROMPTS_AT_ONCE], FIRST_SEED[split] + at)
            save_file({k: v.contiguous() for k, v in chunk.items()}, path.with_suffix(".draft"))
            path.with_suffix(".draft").replace(path)
    return folder


def load(split: str) -> Traces:
    """All chunks of a split. Raises FileNotFoundError."""
    chunks = [load_file(path) for path in sorted((RUNS / "traces" / split).glob("*.safetensors"))]
    if not chunks:
        raise FileNotFoundError(f"Traces of the split '{split}' are missing. Make them: python3 run.py shapes traces {split}")
    return Traces(torch.cat([c["scores"] for c in chunks]), torch.cat([c["oracle"] for c in chunks]), simple_sigmas(STEPS))
