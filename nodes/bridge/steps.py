"""Where a sampler stands: its own sigmas, the step a model call belongs to, and when a head can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ...prism_core.metadata import HeadInfo
from ...prism_core.said import Said, say
from ...prism_core.schedule import ScheduleError
from ...prism_core.trust import Trust, untrained
from .sigmas import flow_sigma

TOLERANCE = 1e-4    # samplers recompute their sigmas, so they meet a scheduled one only nearly


class Steps:
    """The step of each model call, counted within one sampler call's sigmas (S + 1,)."""

    def __init__(self, sigmas: Tensor, model_sampling: Any) -> None:
        self.sigmas = [float(sigma) for sigma in sigmas]
        self.flow = tuple(flow_sigma(model_sampling, sigma) for sigma in self.sigmas)
        self.reached = 0

    @property
    def total(self) -> int:
        return len(self.sigmas) - 1

    def arrive(self, sigma: float) -> bool:
        """Note a model call; whether it is the first one at its step."""
        step = max((k for k, at in enumerate(self.sigmas) if sigma <= at * (1 + TOLERANCE)), default=0)
        first, self.reached = step > self.reached, max(step, self.reached)
        return first


def untrusted(info: HeadInfo, sigma: float) -> Said | None:
    """Why a head's scores at a noise fraction should not decide, or None."""
    if info.reliability:
        return Trust(info.reliability, info.sigma_range, info.eta).doubt(sigma)
    low, high = info.sigma_range
    return None if low <= sigma <= high else untrained(low, high)


def postponed(rounds: Sequence[tuple[int, int]], flow: Sequence[float],
              info: HeadInfo) -> tuple[tuple[tuple[int, int], ...], list[str]]:
    """Rounds (step, keep) moved on to the first step at which the head can be trusted, and a warning for each move.

    Too late a round stays: waiting would only make it later.

    Raises:
        ScheduleError: the head can be trusted at no step from a round on.
    """
    moved, warnings = [], []
    for step, keep in rounds:
        reason = untrusted(info, flow[step])
        if reason is None:
            moved.append((step, keep))
            continue
        found = {"step": step, "sigma": flow[step], "doubt": reason}
        later = [k for k in range(step, len(flow) - 1) if flow[k] > 0 and untrusted(info, flow[k]) is None]
        if later:
            warnings.append(say(
                "pruningWaits", "At step {step} sigma is {sigma:.3f}, but {doubt}. Pruning waits for step {later}, "
                "sigma {later_sigma:.3f}.", **found, later=later[0], later_sigma=flow[later[0]]))
            moved.append((later[0], keep))
        elif flow[step] < info.sigma_range[0]:
            warnings.append(say(
                "scoresGuess", "At step {step} sigma is {sigma:.3f}, but {doubt}; its scores there are guesses. Prune "
                "earlier.", **found))
            moved.append((step, keep))
        else:
            raise ScheduleError(
                f"PrismBestOfN cannot prune from step {step} on: sigma is {flow[step]:.3f} there and falls to "
                f"{flow[-2]:.3f}, but {reason}. Prune in the sampler call that reaches those sigmas, or use a head "
                "made for these.")
    return tuple(moved), warnings
