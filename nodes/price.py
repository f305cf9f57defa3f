"""What a schedule costs, said to the artist before anything runs."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..prism_core.cost import Cost, predicted
from ..prism_core.record import RunRecord
from ..prism_core.schedule import FEW_STEPS, Round, ScheduleError, format_schedule, resolve, suggested

COMMON = (4, 8, 20, 30, 50)    # steps of a sampler; few steps go with distilled models, which need no CFG
UNKNOWN_DEPTH = 0.4            # of the tap, where no head is connected yet


def price_list(rounds: Sequence[Round], candidates: int, depth: float | None) -> str:
    """The price of a schedule at the usual numbers of steps, for samplers with one model call a step.

    depth: of the head's tap, as a share of the blocks.
    """
    lines = [f"{candidates} candidates, cuts at {format_schedule(rounds)} (step:keep)."]
    for steps in COMMON:
        cost = _cost(rounds, candidates, steps, UNKNOWN_DEPTH if depth is None else depth)
        if cost is not None:
            lines.append(f"With {steps} steps: about {cost.total / steps:.1f} clips instead of {candidates}, "
                         f"{100 * cost.saved / cost.plain:.0f} % saved.")
    return "\n".join(lines)


def _cost(rounds: Sequence[Round], candidates: int, steps: int, depth: float) -> Cost | None:
    """None where the schedule does not fit the steps, or depends on the sampler's own sigmas."""
    if any(entry.at.kind == "sigma" for entry in rounds):
        return None
    try:
        cuts = resolve(rounds, torch.linspace(1, 0, steps + 1), candidates)
    except ScheduleError:
        return None
    return predicted(cuts, candidates, steps, depth, 1.0 if steps <= FEW_STEPS else 0.5)


def few_steps_note(record: RunRecord) -> str | None:
    """For a distilled model: what early pruning can save there at all."""
    steps = len(record.sigmas) - 1
    return suggested(steps, record.candidates)[2] if steps <= FEW_STEPS and record.watches else None
