"""Best of N inside the running sampler, as a patch of the MODEL: any sampler node downstream returns the survivors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from comfy.patcher_extension import WrappersMP
from torch import Tensor

from .call import Call
from .judge import KEY, check
from .ledger import Finished, Ledger
from .policies import check_policy
from .settings import Choice, Settings
from .tap import backbone_of
from .widen import Start

__all__ = ["Choice", "Finished", "Ledger", "Settings", "attach", "ledger_of"]


def attach(model: Any, settings: Settings) -> Any:
    """A clone of the MODEL with which every sampler node prunes its candidates.

    Raises:
        ValueError: the model carries such a patch already, the head is not for this model, or there is nothing to
            choose by.
    """
    if ledger_of(model) is not None:
        raise ValueError(
            "This model comes from a PrismBestOfN already, and two of them would prune twice. Connect the model from "
            "before the first one; several cuts belong into one schedule.")
    if settings.head is None and not settings.replays and settings.chooser is None:
        raise ValueError(
            "PrismBestOfN has nothing to choose by. Connect a head, set 'choose' to 'me' to choose by eye, or name the "
            "candidates to keep in 'kept', such as '1, 4'.")
    check_policy(settings)
    note = None
    clone = model.clone()
    if settings.head is not None and not settings.replays:
        note = check(settings.head, model, backbone_of(model))
        clone.set_additional_models(KEY, [settings.head.patcher])
    ledger = Ledger()
    clone.set_attachments(KEY, ledger)
    clone.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, _Patch(settings, ledger, note))
    return clone


def ledger_of(model: Any) -> Ledger | None:
    """What a patched MODEL, or a clone of it, remembers of its runs; None for a model without the patch."""
    return model.get_attachment(KEY)


class _Patch:
    """The OUTER_SAMPLE wrapper. Shared by all clones of the model, so nothing of a run is kept here."""

    def __init__(self, settings: Settings, ledger: Ledger, note: str | None) -> None:
        self.settings, self.ledger, self.note = settings, ledger, note

    def __call__(self, executor: Callable, noise: Tensor, latent: Tensor, sampler: Any, sigmas: Tensor,
                 mask: Tensor | None = None, callback: Callable | None = None, disable_pbar: bool = False,
                 seed: int | None = None, latent_shapes: Any = None, **rest: Any) -> Tensor:
        shapes = tuple(tuple(shape) for shape in latent_shapes or [latent.shape])

        def sample(start: Start, callback: Callable | None) -> Tensor:
            return executor(start.noise, start.latent, sampler, sigmas, start.mask, callback, disable_pbar, seed,
                            latent_shapes=[torch.Size(shape) for shape in start.shapes], **rest)
        call = Call(self.settings, self.ledger, executor.class_obj, Start(noise, latent, mask, seed, shapes), sampler,
                    sigmas, sample, [self.note] if self.note else [])
        return call.pruned(callback) if call.has_candidates() else call.untouched(callback)
