"""The most memory that tensors hold at once during a run."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

MEGABYTE = 1e6
ON_GPU = "largest allocation on the GPU, weights included (torch.cuda.max_memory_allocated)"
ON_CPU = ("largest sum of the tensors that the run makes and that live at one moment, weights left out; the resident "
          "size of the process would drown so small a model")


def measure_name(device: torch.device) -> str:
    """What `peak_mb` measures there, in words."""
    return ON_GPU if device.type == "cuda" else ON_CPU


def peak_mb(run: Callable[[], Any], device: torch.device) -> float:
    """Megabytes at the run's fullest moment."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        run()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() / MEGABYTE
    with _Living() as living:
        run()
    return living.peak / MEGABYTE


class _Living(TorchDispatchMode):
    """Follows the storage of every tensor that an operation makes until it is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.now = self.peak = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = function(*args, **(kwargs or {}))
        given = {leaf.untyped_storage()._cdata for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
        for leaf in tree_leaves(result):
            # An operation that returns what it was given, or a view of it, makes nothing.
            if isinstance(leaf, Tensor) and leaf.untyped_storage()._cdata not in given:
                self._born(leaf.untyped_storage())
        return result

    def _born(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.sizes:
            return
        self.sizes[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self.now -= self.sizes.pop(key, 0)
