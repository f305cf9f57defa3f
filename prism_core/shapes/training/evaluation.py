"""Measure the head, its controls and its baselines on the test prompts, and write one JSON.

Protocol: states of the sampler's own trajectories, pairs of one prompt only, the closest 10 % of all
pairs left out as ties, intervals by bootstrap over prompts. Nothing is chosen on these prompts.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from ... import reliability
from ..models import decode, load_backbone, load_vae, velocity
from ..oracle import judge
from ..prompts import embed, splits
from ..sampling import CFG, SHIFT, STEPS, guided, simple_sigmas
from . import bank, head, states, variants
from .tokens import TAP_BLOCK

TIE_FRACTION, CLEAR = 0.1, 0.15
PRUNE_STEP, QUARTER_STEP = 6, STEPS // 4
SEEDS = (0, 1, 2)
Scores = dict[int, Tensor]  # by step, (P, N)


def _round(estimate: reliability.Estimate) -> dict[str, float]:
    return {"value": round(estimate.value, 4), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}


def measure(scores: Tensor, truth: Tensor, clear: float | None = CLEAR) -> dict:
    """All figures of one judge at one step: accuracy on all and on clear pairs, Best-of-8 to 1 and to 4."""
    ratios = {
        "accuracy": reliability.pairwise_accuracy(scores, truth, TIE_FRACTION),
        "recovered_1": reliability.gap_recovered(scores, truth, 1),
        "retention_1": reliability.retention(scores, truth, 1),
        "retention_2": reliability.retention(scores, truth, 2),
        "retention_4": reliability.retention(scores, truth, 4),
    }
    if clear is not None:
        ratios["accuracy_clear"] = reliability.pairwise_accuracy(scores, truth, clear=clear)
    return {name: _round(reliability.bootstrap(ratio)) for name, ratio in ratios.items()}


def score_variant(variant: str, seed: int, data: states.States, *, latents: dict[int, Tensor] | None = None,
                  shuffled: bool = False) -> Scores:
    """Scores of one trained variant at every step, on these states or others; `shuffled` gives it other prompts' words."""
    trained, view, sigmas = variants.load(variant, seed), variants.view(variant), simple_sigmas()
    latents = latents or data.latents
    words = data.words.roll(1, 0) if shuffled else data.words
    steps = (0,) if variant == "noise" else sorted(latents)
    return {step: head.evaluate(trained, view, latents[step], float(sigmas[step]), words) for step in steps}


@torch.no_grad()
def x0_judge(data: states.States, split: str, step: int) -> Tensor:
    """Baseline (P, N): the oracle itself on the decoded x0 prediction at `step`; costs a full forward and a decode."""
    model, vae, sigma = velocity(load_backbone()), load_vae(), simple_sigmas()[step]
    verdicts = []
    for x, words, prompt in zip(data.latents[step], data.words, splits()[split]):
        text = embed(words[None]).expand(len(x), -1, -1)
        x0 = x - sigma * guided(model, x, sigma.expand(len(x)), text, CFG)
        verdicts.append(judge(decode(vae, x0), prompt).overall)
    return torch.stack(verdicts)


def random_judge(truth: Tensor) -> Tensor:
    """Baseline: a coin."""
    return torch.rand(truth.shape, generator=torch.Generator().manual_seed(0))


def _by_step(scores: Scores, truth: Tensor, clear: float | None = CLEAR) -> dict[str, dict]:
    sigmas = simple_sigmas()
    return {str(step): {"sigma": round(float(sigmas[step]), 4), **measure(s, truth, clear)} for step, s in scores.items()}


def backbone_facts(data: states.States) -> dict:
    """How good the backbone's clips are, and how far candidates of one prompt lie apart: fixed before any head."""
    parts = dict(zip(("colour", "shape", "motion", "steady", "start"), data.parts.mean((0, 1)).tolist()))
    return {"prompts": len(data.oracle), "candidates": data.oracle.shape[1], "cfg": CFG, "shift": SHIFT, "steps": STEPS,
            "oracle_mean": round(float(data.oracle.mean()), 4),
            "oracle_deviation_within_prompt": round(float(data.oracle.std(1).mean()), 4),
            "oracle_best_of_8": round(float(data.oracle.amax(1).mean()), 4),
            "parts": {name: round(value, 4) for name, value in parts.items()}}


def evaluate(split: str = "test") -> dict:
    """Everything, as one JSON-ready dictionary."""
    data = states.load(split)
    truth = data.oracle
    main = {seed: score_variant("full", seed, data) for seed in SEEDS}
    controls = {name: score_variant(name, 0, data) for name in ("pooled", "random", "raw", "noise")}
    controls["shuffled"] = score_variant("full", 0, data, shuffled=True)
    tested = {"trajectory": data.latents, "forward": {step: bank.noised(data, step) for step in data.latents}}
    grid = {f"{trained}_trained_{name}_tested": _by_step(score_variant(trained, 0, data, latents=latents), truth)
            for trained in ("trajectory", "forward") for name, latents in tested.items()}
    baselines = {"random_pick": measure(random_judge(truth), truth), "oracle_best": measure(truth, truth),
                 "x0_prediction_pixels": {str(k): measure(x0_judge(data, split, k), truth) for k in (QUARTER_STEP, PRUNE_STEP)}}
    position = variants.position(data)
    return {
        "protocol": {"split": split, "tie_fraction": TIE_FRACTION, "clear_difference": CLEAR, "tap_block": TAP_BLOCK,
                     "prune_step": PRUNE_STEP, "quarter_step": QUARTER_STEP, "sampler": "euler", "scheduler": "simple",
                     "intervals": "95 %, bootstrap over prompts, 2000 resamples"},
        "backbone": backbone_facts(data),
        "head": {f"seed_{seed}": _by_step(scores, truth) for seed, scores in main.items()},
        "controls": {name: _by_step(scores, truth) for name, scores in controls.items()},
        "baselines": baselines,
        "trained_by_tested": grid,
        "position_preference": _by_step(score_variant("position", 0, data), position, None),
    }


def write(path: Path, figures: dict, command: str) -> None:
    """Figures with the command that makes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"command": command, **figures}, indent=1) + "\n", encoding="utf-8")
