"""Whether clips were ranked in an earlier trial: what an artist said blind of the very same clips holds for good."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from ...prism_core.record import RunRecord
from . import keeping

if TYPE_CHECKING:
    from ...prism_core.picks.pick import Pick

logger = logging.getLogger(__name__)

ROUNDING = 0.02    # of a clip's own spread: half precision, and groups of another size


@dataclass(frozen=True)
class Before:
    """The first trial of the same clips. counted: whether one of them is added up with a run's head and cut."""

    first: Pick
    counted: bool


def ranked_before(found: RunRecord, clips: Tensor) -> Before | None:
    """What is recorded of the clips (N, ...), in the model's space, of a run; None where that is nothing."""
    from ...prism_core.picks.errors import StoreError

    if not keeping.settings().recording:
        return None
    try:
        trials = [pick for pick in keeping.store().rankings(found.candidates)
                  if _made_alike(pick, found) and _same(pick, clips)]
        return Before(trials[0], _counted(trials, found)) if trials else None
    except (StoreError, OSError, ValueError) as error:
        logger.warning("PRISM: earlier trials cannot be read, so clips that were ranked before are asked about again: %s",
                       error)
        return None


def _counted(trials: list[Pick], found: RunRecord) -> bool:
    ids = {pick.id for pick in keeping.store().trials(vars(found.head), found.candidates, len(found.chosen))}
    return any(pick.id in ids for pick in trials)


def _made_alike(pick: Pick, found: RunRecord) -> bool:
    """Whether the clips may be the same; spares reading those that cannot be."""
    seeds = tuple(str(found.seeds[row]) for row in pick.shown) if found.seeds else ()
    return (pick.sampler, pick.steps, pick.seeds) == (found.sampler, len(found.sigmas) - 1, seeds)


def _same(pick: Pick, clips: Tensor) -> bool:
    known, now = keeping.store().tensors(pick)["noisy"].float(), clips[list(pick.shown)].float().cpu()
    if known.shape != now.shape:
        return False
    known, now = known.flatten(1), now.flatten(1)
    return bool(((known - now).abs().mean(dim=1) <= ROUNDING * known.std(dim=1)).all())
