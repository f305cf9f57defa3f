"""The head and its controls: what each may look at, and on which states it is trained.

| variant     | looks at                                   | trained on            |
|-------------|--------------------------------------------|-----------------------|
| trajectory  | backbone tokens after the tap              | sampler's own states  |
| forward     | the same                                   | noised finished clips |
| pooled      | the mean of those tokens                   | sampler's own states  |
| random      | tokens of an untrained backbone            | sampler's own states  |
| raw         | the latent's patches, no backbone          | sampler's own states  |
| noise       | backbone tokens of the initial noise only  | step 0                |
| position    | as trajectory, but the preference is a place in the picture, not the oracle | sampler's own states |
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..models import load_backbone
from ..sampling import STEPS
from . import backbone, head, states, tokens
from .run import RUNS
from .tokens import Tokens

VARIANTS = ("trajectory", "forward", "pooled", "random", "raw", "noise", "position")
CONTROL_STEPS = (4, 6, 10, 12, 14)  # what the untrained backbone and the noised clips are looked at: enough to compare
TRAIN_STEPS = (1, 2, 4, 6, 8, 10, 12, 14, 15, STEPS)
RANDOM_BACKBONE_SEED = 99


def _view(view: str, data: states.States) -> Tokens:
    """The tokens of one view of a split's states."""
    latents = tokens.forward_noised(data) if view == "forward" else data.latents
    if view in ("random", "forward"):
        latents = {step: latents[step] for step in CONTROL_STEPS}
    if view == "raw":
        return tokens.raw_tokens(latents, data.words)
    if view == "random":
        torch.manual_seed(RANDOM_BACKBONE_SEED)
        return tokens.backbone_tokens(backbone.build().eval(), latents, data.words)
    conditioning = data.words.roll(1, 0) if view == "shuffled" else None
    return tokens.backbone_tokens(load_backbone(), latents, data.words, conditioning=conditioning)


def view(name: str, split: str, data: states.States) -> Tokens:
    """Cached tokens of a split: 'trajectory', 'forward', 'shuffled', 'random', 'raw', or 'pooled' made from the first."""
    if name == "pooled":
        return tokens.pooled(view("trajectory", split, data))
    path = RUNS / "tokens" / f"{split}-{name}.safetensors"
    if not path.exists():
        made = _view(name, data)
        path.parent.mkdir(parents=True, exist_ok=True)
        flat = {f"visual.{k}": v.contiguous() for k, v in made.visual.items()}
        save_file(flat | {"text": made.text.contiguous(), "text_mask": made.text_mask}, path.with_suffix(".draft"))
        path.with_suffix(".draft").replace(path)
    stored = load_file(path)
    visual = {int(k[7:]): v for k, v in stored.items() if k.startswith("visual.")}
    return Tokens(visual, stored["text"], stored["text_mask"])


def view_of(variant: str) -> str:
    """The view that a variant is trained and tested on."""
    return "trajectory" if variant in ("noise", "position") else variant


def data_hash() -> str:
    """Digest of the oracle values and words that heads are trained on."""
    data = states.load("head")
    return hashlib.sha256(data.oracle.numpy().tobytes() + data.words.numpy().tobytes()).hexdigest()[:16]


def target(variant: str, data: states.States) -> Tensor:
    """What the preference follows, (P, N): the oracle, or how far left and up the shape is (within the training range)."""
    return -data.position.sum(-1) / 8 if variant == "position" else data.oracle


def path(variant: str, seed: int) -> Path:
    """Where a trained variant's weights are kept."""
    return RUNS / "heads" / f"{variant}-{seed}.safetensors"


def train(variant: str, seed: int, steps: int | None = None) -> None:
    """Train one variant on the split 'head' and keep its weights. Raises ValueError for a variant that is not in the table."""
    if variant not in VARIANTS:
        raise ValueError(f"There is no variant '{variant}'; choose one of {', '.join(VARIANTS)}.")
    data = states.load("head")
    seen = view(view_of(variant), "head", data)
    train_steps = (0,) if variant == "noise" else tuple(step for step in TRAIN_STEPS if step in seen.visual)
    trained = head.train(seen, target(variant, data), train_steps=train_steps, steps=steps or head.STEPS, seed=seed,
                         label=f"{variant} {seed}")
    path(variant, seed).parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in trained.state_dict().items()}, path(variant, seed))


def load(variant: str, seed: int, view: Tokens) -> head.QueryAggregationHead:
    """A trained variant, ready to score tokens of `view`'s widths."""
    sample = next(iter(view.visual.values()))
    trained = head.build(sample.shape[-1], view.text.shape[-1])
    trained.load_state_dict(load_file(path(variant, seed)))
    return trained.eval()
