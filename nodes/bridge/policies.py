"""Which policy decides in a run, made anew for every run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...prism_core.cost import predicted
from ...prism_core.diverse import Diverse
from ...prism_core.policy import Policy, TopK
from ...prism_core.racing import Racing
from .eyes import Eyes
from .settings import Settings

POLICIES = ("top-k", "racing", "diverse")


def check_policy(settings: Settings) -> None:
    """Refuse a policy that there is not, or that lacks what it decides by."""
    if settings.policy not in POLICIES:
        raise ValueError(f"PrismBestOfN knows no policy '{settings.policy}'. Choose {', '.join(POLICIES[:-1])} or {POLICIES[-1]}.")
    if settings.budget < 0:
        raise ValueError(f"The budget of PrismBestOfN is {settings.budget} clips. Give a positive number, or 0.")


def races(settings: Settings) -> bool:
    """Whether a race decides: not where the rows are named, or somebody else chooses."""
    return settings.policy == "racing" and settings.chooser is None and not settings.replays


def make_policy(settings: Settings, rounds: Sequence[tuple[int, int]], candidates: int, flow: Sequence[float],
                eyes: Eyes | None, share: float) -> Policy:
    """The policy of one run of `candidates` rows over noise fractions `flow` (S + 1,).

    share: of a model call that a probe needs, as in `cost.probe_cost`. A race counts a model call a step, so that its
    clips are right for every sampler as far as its steps cost the same.
    """
    if eyes is None or settings.chooser is not None or settings.policy == "top-k":
        return TopK(rounds)
    info, steps = eyes.head.info, len(flow) - 1
    if settings.policy == "diverse":
        return Diverse(TopK(rounds), info.eta)
    budget = settings.budget * steps or predicted(rounds, candidates, steps, eyes.depth, share).total
    return Racing(flow, candidates=candidates, keep=rounds[-1][1], budget=budget, reliability=info.reliability,
                  sigma_range=info.sigma_range, eta=info.eta, depth=eyes.depth, share=share,
                  steps=[step for step, _ in rounds] if len(rounds) > 1 else None)


def share_of(guider: Any, options: dict, sampler: str) -> float:
    """The share of a model call that one conditioning entry takes, as far as it can be known beforehand."""
    conds = {name: entries for name, entries in guider.conds.items() if entries}
    without_cfg = set(conds) == {"positive", "negative"} and math.isclose(getattr(guider, "cfg", 0.0), 1.0)
    if without_cfg and not options.get("disable_cfg1_optimization") and not sampler.endswith("_cfg_pp"):
        conds = {"positive": conds["positive"]}
    return 1 / max(1, sum(map(len, conds.values())))
