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
from ...head import QueryAggregationHead
from ..models import decode, load_backbone, load_vae, velocity
from ..oracle import judge
from ..prompts import embed, splits
from ..sampling import CFG, SHIFT, STEPS, guided, simple_sigmas
from . import bank, states, variants
from .tokens import TAP_BLOCK, View

TIE_FRACTION, CLEAR = 0.1, 0.15
PRUNE_STEP, QUARTER_STEP = 6, STEPS // 4
SEEDS = (0, 1, 2)
PROMPTS_AT_ONCE = 32
Scores = dict[int, Tensor]  # by step, (P, N)
Judge = tuple[str, int]     # variant and seed


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


@torch.no_grad()
def _scores_at(judges: dict[Judge, QueryAggregationHead], view: View, states: Tensor, sigma: float, words: Tensor) -> dict[Judge, Tensor]:
    """Scores (P, N) of each judge for states (P, N, 16, 3, 8, 8); the tokens are computed once for all of them."""
    scores: dict[Judge, list[Tensor]] = {judge: [] for judge in judges}
    for some, given in zip(states.split(PROMPTS_AT_ONCE), words.split(PROMPTS_AT_ONCE)):
        visual, text, mask = view(some.flatten(0, 1), sigma, given.repeat_interleave(states.shape[1], 0))
        for (variant, seed), trained in judges.items():
            seen = visual.mean(1, keepdim=True) if variant == "pooled" else visual
            scores[variant, seed].append(trained(seen, text, mask)[:, 0].unflatten(0, some.shape[:2]))
    return {judge: torch.cat(parts) for judge, parts in scores.items()}


def score(judges: list[Judge], latents: dict[int, Tensor], words: Tensor) -> dict[Judge, Scores]:
    """Scores at every step of trained judges that look at the same tokens."""
    trained, sigmas = {judge: variants.load(*judge) for judge in judges}, simple_sigmas()
    view = variants.view("full" if judges[0][0] == "pooled" else judges[0][0])
    by_step = {step: _scores_at(trained, view, latents[step], float(sigmas[step]), words) for step in sorted(latents)}
    return {judge: {step: scores[judge] for step, scores in by_step.items()} for judge in judges}


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
    seen = score([*(("full", seed) for seed in SEEDS), ("pooled", 0), ("trajectory", 0), ("forward", 0), ("position", 0)],
                 data.latents, data.words)
    noised = {step: bank.noised(data, step) for step in data.latents}
    tested = {"trajectory": seen, "forward": score([("trajectory", 0), ("forward", 0)], noised, data.words)}
    controls = {"pooled": seen["pooled", 0], "shuffled": score([("full", 0)], data.latents, data.words.roll(1, 0))["full", 0]}
    for name in ("random", "raw", "noise"):
        steps = variants.STEPS_OF.get(name, data.latents)
        controls[name] = score([(name, 0)], {step: data.latents[step] for step in steps}, data.words)[name, 0]
    grid = {f"{trained}_trained_{name}_tested": _by_step(scores[trained, 0], truth)
            for trained in ("trajectory", "forward") for name, scores in tested.items()}
    baselines = {"random_pick": measure(random_judge(truth), truth), "oracle_best": measure(truth, truth),
                 "x0_prediction_pixels": {str(k): measure(x0_judge(data, split, k), truth) for k in (QUARTER_STEP, PRUNE_STEP)}}
    position = variants.position(data)
    return {
        "protocol": {"split": split, "tie_fraction": TIE_FRACTION, "clear_difference": CLEAR, "tap_block": TAP_BLOCK,
                     "prune_step": PRUNE_STEP, "quarter_step": QUARTER_STEP, "sampler": "euler", "scheduler": "simple",
                     "intervals": "95 %, bootstrap over prompts, 2000 resamples"},
        "backbone": backbone_facts(data),
        "head": {f"seed_{seed}": _by_step(seen["full", seed], truth) for seed in SEEDS},
        "controls": {name: _by_step(scores, truth) for name, scores in controls.items()},
        "baselines": baselines,
        "trained_by_tested": grid,
        "position_preference": _by_step(seen["position", 0], position, None),
    }


def write(path: Path, figures: dict, command: str) -> None:
    """Figures with the command that makes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"command": command, **figures}, indent=1) + "\n", encoding="utf-8")
