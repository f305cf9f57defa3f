"""A short digest of what candidates were made from, so that a choice is never applied to others unnoticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

SKIPPED = {"uuid", "control", "hooks"}    # new in every run, or objects whose content cannot be read


def digest(noise: Tensor, latent: Tensor, conds: dict[str, Iterable[dict]]) -> str:
    """Hexadecimal digest of the noise and latent of N rows, and of the conditioning as a guider holds it."""
    found = hashlib.blake2b(digest_size=8)
    _tensor(found, noise)
    _tensor(found, latent)
    for name in sorted(conds):
        found.update(name.encode())
        for cond in conds[name]:
            _value(found, {key: value for key, value in cond.items() if key not in SKIPPED})
    return found.hexdigest()


def _tensor(found: Any, tensor: Tensor) -> None:
    found.update(f"{tuple(tensor.shape)}".encode())
    # An empty latent needs no reading, and is large.
    if torch.count_nonzero(tensor):
        found.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())


def _value(found: Any, value: Any) -> None:
    if torch.is_tensor(value):
        _tensor(found, value)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            found.update(str(key).encode())
            _value(found, value[key])
    elif isinstance(value, (list, tuple)):
        for entry in value:
            _value(found, entry)
    elif isinstance(value, (str, int, float, bool)):
        found.update(repr(value).encode())
    elif torch.is_tensor(getattr(value, "penultimate_hidden_states", None)):    # what CLIP vision saw
        _tensor(found, value.penultimate_hidden_states)
