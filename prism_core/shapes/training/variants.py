"""The head and its controls: what each may look at, and on which states it is trained.

| variant     | looks at                                   | trained on                          |
|-------------|--------------------------------------------|-------------------------------------|
| full        | backbone tokens after the tap              | sampler's own and noised clips      |
| trajectory  | the same                                   | sampler's own states                |
| forward     | the same                                   | noised finished clips               |
| pooled      | the mean of those tokens                   | as full                             |
| random      | tokens of an untrained backbone            | as full, at four steps              |
| raw         | the latent's patches, no backbone          | as full                             |
| noise       | backbone tokens of the initial noise only  | step 0                              |
| position    | as full, but the preference is a place in the picture, not the oracle | as full  |
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..models import load_backbone
from ..sampling import STEPS
from . import backbone, bank, head, states, tokens
from .head import ASPECTS, Lesson
from .run import RUNS
from .tokens import View

VARIANTS = ("full", "trajectory", "forward", "pooled", "random", "raw", "noise", "position")
TRAIN_STEPS = (1, 2, 4, 6, 8, 10, 12, 14, 15, STEPS)
STEPS_OF = {"noise": (0,), "random": (2, 6, 10, 14)}    # a bank of its own for a control: these are enough to compare
RANDOM_BACKBONE_SEED = 99


def view(variant: str) -> View:
    """What a variant looks at. Raises ValueError for one that is not in the table."""
    if variant not in VARIANTS:
        raise ValueError(f"There is no variant '{variant}'; choose one of {', '.join(VARIANTS)}.")
    if variant == "raw":
        return tokens.raw_view
    if variant == "random":
        torch.manual_seed(RANDOM_BACKBONE_SEED)
        return tokens.backbone_view(backbone.build().eval())
    seen = tokens.backbone_view(load_backbone())
    return tokens.pooled(seen) if variant == "pooled" else seen


def position(data: states.States) -> torch.Tensor:
    """A preference that has nothing to do with the oracle, (P, N): how far left and up the shape is."""
    return -data.position.sum(-1) / 8


def lesson(variant: str, data: states.States) -> Lesson:
    """What a variant is taught; tokens are computed where they are not yet on disk."""
    name = variant if variant in ("raw", "random") else "backbone"
    steps = STEPS_OF.get(variant, TRAIN_STEPS)
    noised = {"trajectory": 0.0, "noise": 0.0, "forward": 1.0}.get(variant, 0.5)
    stock = bank.load(name, view("full" if variant == "pooled" else variant), data, steps, pooled=variant == "pooled")
    if variant == "position":
        return Lesson(stock, position(data)[..., None], ("overall",), steps, noised)
    return Lesson(stock, torch.cat([data.oracle[..., None], data.parts], -1), ("overall", *ASPECTS), steps, noised)


def data_hash(data: states.States) -> str:
    """Digest of the oracle values and words that heads are trained on."""
    return hashlib.sha256(data.oracle.numpy().tobytes() + data.words.numpy().tobytes()).hexdigest()[:16]


def path(variant: str, seed: int) -> Path:
    """Where a trained variant's weights are kept."""
    return RUNS / "heads" / f"{variant}-{seed}.safetensors"


def train(variant: str, seed: int, steps: int | None = None) -> None:
    """Train one variant on the split 'head' and keep its weights. Raises ValueError for a variant that is not in the table."""
    view(variant)
    trained = head.train(lesson(variant, states.load("head")), steps=steps or head.STEPS, seed=seed, label=f"{variant} {seed}")
    path(variant, seed).parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in trained.state_dict().items()}, path(variant, seed))


def load(variant: str, seed: int) -> head.QueryAggregationHead:
    """A trained variant; its sizes are those of its weights."""
    state = load_file(path(variant, seed))
    outputs = ("overall", *ASPECTS)[:len(state[max(key for key in state if key.startswith("mlp.") and key.endswith("bias"))])]
    trained = head.build(len(state["norm_visual.weight"]), len(state["norm_text.weight"]), outputs)
    trained.load_state_dict(state)
    return trained.eval()
