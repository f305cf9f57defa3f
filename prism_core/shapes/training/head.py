"""Train a head on oracle preferences between candidates of one prompt, backbone frozen.

Half of the states are the sampler's own, as they are used; half are finished clips noised again.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from ...head import HeadConfig, QueryAggregationHead
from ...preference import ETA, rao_kupper_loss
from .bank import Bank
from .run import cosine, step_generator
from .tokens import Tokens, View

STEPS = 3000
WIDTH, ATTENTION_HEADS, QUERIES = 128, 4, 4
ASPECTS = ("colour", "shape", "motion", "steady", "start")
ASPECT_WEIGHT = 0.5      # what the annotator says of the aspects counts this much beside the overall verdict
PROMPTS_A_STEP, CANDIDATES_A_STEP = 24, 8
TIE_BELOW = 0.02         # oracle difference that an annotator cannot see
ANNOTATOR_NOISE = 0.03   # deviation of what an annotator sees around the oracle
DROPOUT, WEIGHT_DECAY = 0.1, 0.05
LEARNING_RATE = 1e-3


def build(visual_dim: int, text_dim: int, outputs: tuple[str, ...], dropout: float = 0.0) -> QueryAggregationHead:
    """An untrained head of the committed size."""
    config = HeadConfig(visual_dim, text_dim, WIDTH, ATTENTION_HEADS, QUERIES, outputs=outputs)
    return QueryAggregationHead(config, dropout=dropout)


@dataclass(frozen=True)
class Lesson:
    """What a head is taught: which of two candidates is better, by their `quality` (P, N, outputs).

    steps: sampler steps trained on. noised: share of the batches made of finished clips noised again.
    """

    bank: Bank
    quality: Tensor
    outputs: tuple[str, ...]
    steps: tuple[int, ...]
    noised: float = 0.5

    def draw(self, step: int, generator: torch.Generator) -> tuple[Tokens, Tensor]:
        """Tokens of (prompts * candidates) rows at a step, and their quality (prompts, candidates, outputs)."""
        prompts = torch.randint(len(self.quality), (PROMPTS_A_STEP,), generator=generator)
        order = torch.rand(PROMPTS_A_STEP, self.quality.shape[1], generator=generator).argsort(1)
        rows = order[:, :CANDIDATES_A_STEP]
        kind = "noised" if float(torch.rand(1, generator=generator)) < self.noised else "own"
        return self.bank.draw(step, kind, prompts, rows), self.quality[prompts[:, None], rows]


def outcomes(quality: Tensor, first: Tensor, second: Tensor, generator: torch.Generator) -> Tensor:
    """Annotated preferences (P, pairs, outputs) in {1, 0, -1} between candidates of some quality (P, N, outputs)."""
    seen = quality + ANNOTATOR_NOISE * torch.randn(quality.shape, generator=generator)
    difference = seen[:, first] - seen[:, second]
    return torch.where(difference.abs() < TIE_BELOW, 0.0, difference.sign())


def _loss(scores: Tensor, labels: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Rao-Kupper loss of the overall verdict, and with less weight of the aspects. scores: (P, N, outputs)."""
    losses = [rao_kupper_loss(scores[:, first, i].flatten(), scores[:, second, i].flatten(), labels[..., i].flatten(), ETA)
              for i in range(scores.shape[-1])]
    return losses[0] + (ASPECT_WEIGHT * torch.stack(losses[1:]).mean() if losses[1:] else 0.0)


def _started(lesson: Lesson) -> QueryAggregationHead:
    """An untrained head whose token norms start from a batch at every training step."""
    batches = [lesson.draw(step, step_generator(0, step))[0] for step in lesson.steps]
    visual, text, mask = (torch.cat(parts) for parts in zip(*batches))
    head = build(visual.shape[-1], text.shape[-1], lesson.outputs, DROPOUT)
    head.calibrate(visual, text, mask)
    return head


def train(lesson: Lesson, *, steps: int = STEPS, lr: float = LEARNING_RATE, seed: int = 0,
          label: str = "head") -> QueryAggregationHead:
    """Every step takes all pairs among some candidates of some prompts, at one randomly drawn sampler step."""
    torch.manual_seed(seed)
    head = _started(lesson)
    optimizer = torch.optim.AdamW(head.parameters(), lr=lr, weight_decay=WEIGHT_DECAY)
    first, second = torch.triu_indices(CANDIDATES_A_STEP, CANDIDATES_A_STEP, 1)
    head.train()
    for step in tqdm(range(steps), desc=label, mininterval=10):
        generator = step_generator(seed + 77, step)
        at = lesson.steps[int(torch.randint(len(lesson.steps), (1,), generator=generator))]
        tokens, quality = lesson.draw(at, generator)
        loss = _loss(head(*tokens).unflatten(0, quality.shape[:2]), outcomes(quality, first, second, generator), first, second)
        for group in optimizer.param_groups:
            group["lr"] = lr * cosine(step, steps, warmup=100)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
    return head.eval()


@torch.no_grad()
def evaluate(head: QueryAggregationHead, view: View, latents: Tensor, sigma: float, words: Tensor, prompts_at_once: int = 32) -> Tensor:
    """Overall scores (P, N) of states (P, N, 16, 3, 8, 8) at one sigma, in bounded memory."""
    scores = []
    for states, given in zip(latents.split(prompts_at_once), words.split(prompts_at_once)):
        tokens = view(states.flatten(0, 1), sigma, given.repeat_interleave(latents.shape[1], 0))
        scores.append(head.eval()(*tokens)[:, 0].unflatten(0, (-1, latents.shape[1])))
    return torch.cat(scores)
