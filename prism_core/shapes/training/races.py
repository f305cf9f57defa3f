"""Gap recovered against price, on runs of 50 steps: one cut, halving and racing, beside a coin and the oracle.

Where to cut is chosen on the validation prompts; every figure is of the test prompts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from ... import reliability
from ...checkpoint import read_info
from ...metadata import HeadInfo
from ...policy import Policy, TopK
from ...racing import Racing
from ...simulation import Simulated, simulate
from ..models import HEAD_FILE
from ..sampling import CFG, SHIFT
from . import traces
from .evaluation import random_judge
from .states import CANDIDATES
from .traces import Traces

PRICES = (1.7, 2.0, 2.4, 3.2)            # plain clips
CUT_STEPS = tuple(range(4, 31))          # the head's range begins between step 3 and step 4
HALVING_STEPS = (4, 5, 6, 8, 10, 12, 15, 18, 21, 25)
SHARE = 1.0 if CFG == 1.0 else 0.5       # of an evaluation that a probe's conditional call is


def _depth(info: HeadInfo) -> float:
    return info.backbone.tap_block / info.backbone.blocks


def _run(make: Callable[[], Policy], data: Traces, info: HeadInfo, scores: dict | None = None) -> Simulated:
    return simulate(make, scores or data.by_step(), data.sigmas, data.oracle, depth=_depth(info), share=SHARE)


def _best(schedules: list[tuple], price: float, data: Traces, info: HeadInfo, seen: dict) -> tuple | None:
    """The schedule of most gap among those that cost no more than `price`, on these traces; None where all cost more."""
    for rounds in schedules:
        if rounds not in seen:
            run = _run(lambda rounds=rounds: TopK(rounds), data, info)
            seen[rounds] = run.clips.mean(), run.gap.value
    affordable = (rounds for rounds in schedules if seen[rounds][0] <= price)
    return max(affordable, key=lambda rounds: seen[rounds][1], default=None)


def _rounded(estimate: reliability.Estimate) -> dict[str, float]:
    return {"value": round(estimate.value, 4), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}


def _row(run: Simulated, **facts: object) -> dict:
    return {**facts, "clips": round(float(run.clips.mean()), 3), "most": round(float(run.clips.max()), 3),
            "gap_recovered": _rounded(reliability.bootstrap(run.gap))}


def _racing(data: Traces, info: HeadInfo, clips: float) -> Simulated:
    return _run(lambda: Racing(data.sigmas, candidates=CANDIDATES, keep=1, budget=clips * traces.STEPS, depth=_depth(info),
                               share=SHARE, reliability=info.reliability, sigma_range=info.sigma_range, eta=info.eta), data, info)


def _at_price(price: float, validation: Traces, test: Traces, info: HeadInfo, seen: dict) -> dict:
    """One cut and halving as chosen on validation, and racing that may spend what the one cut does."""
    cuts = [((step, 1),) for step in CUT_STEPS]
    halvings = [tuple(zip(steps, (4, 2, 1))) for steps in combinations(HALVING_STEPS, 3)]
    cut, halving = (_best(some, price, validation, info, seen) for some in (cuts, halvings))
    one = _run(lambda: TopK(cut), test, info)
    raced = _racing(test, info, float(one.clips.mean()))
    blind = _run(lambda: TopK(cut), test, info, {step: random_judge(test.oracle) for step in CUT_STEPS})
    best = _run(lambda: TopK(cut), test, info, {step: test.oracle for step in CUT_STEPS})
    halved = {"halving": _row(_run(lambda: TopK(halving), test, info), rounds=halving)} if halving else {}
    return {"price": price, "one_cut": _row(one, rounds=cut), "racing": _row(raced), **halved,
            "coin": _row(blind), "oracle": _row(best),
            "racing_minus_one_cut": _rounded(reliability.paired_difference(raced.gap, one.gap))}


def measure() -> dict:
    """Everything, as one JSON-ready dictionary."""
    validation, test, info, seen = traces.load("validation"), traces.load("test"), read_info(HEAD_FILE), {}
    return {"protocol": {"prompts": len(test.oracle), "candidates": CANDIDATES, "steps": traces.STEPS, "shift": SHIFT, "cfg": CFG,
                         "sampler": "euler", "scheduler": "simple", "probe": round(_depth(info) * SHARE, 4),
                         "clips": "evaluations over those of one plain clip, probes included",
                         "intervals": "95 %, bootstrap over prompts, 2000 resamples", "chosen_on": "validation"},
            "prices": [_at_price(price, validation, test, info, seen) for price in PRICES]}


def draw(figures: dict, path: Path) -> None:
    """Gap recovered against price."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    canvas, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    styles = {"racing": ("#2a6fdb", "o", "racing"), "halving": ("#d9822b", "s", "halving, 8-4-2-1"),
              "one_cut": ("#555555", "v", "one cut"), "oracle": ("#2e9e5b", "^", "the oracle cuts"), "coin": ("#999999", "x", "a coin cuts")}
    for name, (colour, marker, label) in styles.items():
        rows = [price[name] for price in figures["prices"] if name in price]
        value, low, high = ([row["gap_recovered"][k] for row in rows] for k in ("value", "low", "high"))
        axes.plot([row["clips"] for row in rows], value, color=colour, marker=marker, ms=5, lw=1.6, label=label)
        axes.fill_between([row["clips"] for row in rows], low, high, color=colour, alpha=0.1, lw=0)
    axes.set(xlabel="price in plain clips (8 candidates, 50 steps)", ylabel="gap to the best of 8 recovered",
             title="What a price buys", ylim=(-0.15, 1.05))
    axes.legend(fontsize=8, frameon=False)
    canvas.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(canvas)
