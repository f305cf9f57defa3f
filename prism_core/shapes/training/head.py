"""Train a head on oracle preferences between candidates of one prompt, backbone frozen, tokens cached."""

from __future__ import annotations

import torch
from torch import Tensor
from tqdm import tqdm

from ...head import HeadConfig, QueryAggregationHead
from ...preference import ETA, rao_kupper_loss
from .run import cosine, step_generator
from .tokens import Tokens

STEPS = 1500
WIDTH, ATTENTION_HEADS, QUERIES = 128, 4, 1
PROMPTS_A_STEP = 24
TIE_BELOW = 0.02         # oracle difference that an annotator cannot see
ANNOTATOR_NOISE = 0.03   # deviation of what an annotator sees around the oracle
DROPOUT, WEIGHT_DECAY = 0.1, 0.05


def build(visual_dim: int, text_dim: int, dropout: float = 0.0) -> QueryAggregationHead:
    """An untrained head of the committed size."""
    return QueryAggregationHead(HeadConfig(visual_dim, text_dim, WIDTH, ATTENTION_HEADS, QUERIES), dropout=dropout)


def _calibrate(head: QueryAggregationHead, tokens: Tokens, train_steps: tuple[int, ...], prompts: int = 64) -> None:
    """Start the token norms from the first candidates of some prompts, at every training step."""
    visual = torch.cat([tokens.visual[k][:prompts, 0] for k in train_steps]).float()
    times = len(train_steps)
    head.calibrate(visual, tokens.text[:prompts].repeat(times, 1, 1), tokens.text_mask[:prompts].repeat(times, 1))


def outcomes(oracle: Tensor, first: Tensor, second: Tensor, generator: torch.Generator) -> Tensor:
    """Annotated preferences (P, pairs) in {1, 0, -1} between candidates of the oracle's values (P, N)."""
    seen = oracle + ANNOTATOR_NOISE * torch.randn(oracle.shape, generator=generator)
    difference = seen[:, first] - seen[:, second]
    return torch.where(difference.abs() < TIE_BELOW, 0.0, difference.sign())


def score_all(head: QueryAggregationHead, tokens: Tokens, step: int, prompts: Tensor | None = None) -> Tensor:
    """Scores (P, N) of the states at one step, of all prompts or of some."""
    visual, text, mask = tokens.visual[step], tokens.text, tokens.text_mask
    if prompts is not None:
        visual, text, mask = visual[prompts], text[prompts], mask[prompts]
    candidates = visual.shape[1]
    scores = head(visual.flatten(0, 1).float(), text.repeat_interleave(candidates, 0), mask.repeat_interleave(candidates, 0))
    return scores[:, 0].unflatten(0, (-1, candidates))


@torch.no_grad()
def evaluate(head: QueryAggregationHead, tokens: Tokens, step: int, at_once: int = 32) -> Tensor:
    """Scores (P, N) at one step, without gradients, in bounded memory."""
    head.eval()
    rows = torch.arange(len(tokens.text)).split(at_once)
    return torch.cat([score_all(head, tokens, step, chunk) for chunk in rows])


def train(tokens: Tokens, oracle: Tensor, *, train_steps: tuple[int, ...], steps: int = STEPS, lr: float = 1e-3,
          seed: int = 0, label: str = "head") -> QueryAggregationHead:
    """Rao-Kupper training; every step takes all pairs of some prompts at one randomly drawn sampler step.

    Args:
        tokens: cached views of the training prompts' candidates.
        oracle: (P, N) quality that preferences are drawn from.
        train_steps: sampler steps whose states are trained on.
    """
    torch.manual_seed(seed)
    head = build(tokens.visual[train_steps[0]].shape[-1], tokens.text.shape[-1], DROPOUT)
    _calibrate(head, tokens, train_steps)
    optimizer = torch.optim.AdamW(head.parameters(), lr=lr, weight_decay=WEIGHT_DECAY)
    first, second = torch.triu_indices(oracle.shape[1], oracle.shape[1], 1)
    head.train()
    for step in tqdm(range(steps), desc=label, mininterval=10):
        generator = step_generator(seed + 77, step)
        prompts = torch.randint(len(oracle), (PROMPTS_A_STEP,), generator=generator)
        at = train_steps[int(torch.randint(len(train_steps), (1,), generator=generator))]
        scores = score_all(head, tokens, at, prompts)
        labels = outcomes(oracle[prompts], first, second, generator)
        loss = rao_kupper_loss(scores[:, first].flatten(), scores[:, second].flatten(), labels.flatten(), ETA)
        for group in optimizer.param_groups:
            group["lr"] = lr * cosine(step, steps, warmup=100)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
    return head.eval()
