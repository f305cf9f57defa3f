"""What a patched model remembers of its last runs, found again by the samples that they returned."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from ...prism_core.record import RunRecord

KEPT_RUNS = 64       # a list of latents makes many runs before the first report asks for its own
KEPT_DROPPED = 2     # dropped candidates are whole clips, so only those of the latest runs are held
POINTS = 64
CLOSE = 0.02         # copies to half precision stay within this share of a row's own spread


@dataclass(frozen=True)
class Finished:
    """One run that is over.

    kept: surviving rows. dropped_x0: (D, ...) what the dropped rows were about to become, as latents on the CPU, in
    the order of `dropped`, nested where a LATENT is; None where nothing was predicted or it is no longer held. seeds: of
    all candidates, where they were made here. run: its id. probe: evaluations that scoring one row in a call of its own
    costs.
    """

    record: RunRecord
    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    dropped_x0: Any
    seeds: tuple[int, ...] | None
    run: str = ""
    probe: float = 0.0


class Ledger:
    """The last runs of one patched model; safe to use from several threads."""

    def __init__(self) -> None:
        self._runs: deque[tuple[Tensor, tuple[int, ...], Finished]] = deque(maxlen=KEPT_RUNS)
        self._lock = threading.Lock()

    def add(self, samples: Tensor, finished: Finished) -> None:
        """Remember a run by the samples (K, ...) that it returned."""
        with self._lock:
            self._runs.appendleft((signature(samples), tuple(samples.shape), finished))
            for index in range(KEPT_DROPPED, len(self._runs)):
                marks, shape, old = self._runs[index]
                if old.dropped_x0 is not None:
                    self._runs[index] = marks, shape, replace(old, dropped_x0=None)

    def find(self, samples: Tensor) -> Finished:
        """The latest run that returned these samples, on whatever device and in whatever precision they are now.

        Raises:
            ValueError: no run of this model returned them.
        """
        marks, shape = signature(_plain(samples)), tuple(_plain(samples).shape)
        with self._lock:
            for known, size, finished in self._runs:
                if size == shape and _close(known, marks):
                    return finished
            count = len(self._runs)
        raise ValueError(
            f"This latent is not what a sampler made with this model: none of the {count} runs that PrismBestOfN "
            "remembers returned it. Connect the LATENT of the very sampler that uses this model, unchanged, and run "
            "the sampler again if ComfyUI was restarted since.")

    def __len__(self) -> int:
        return len(self._runs)


def _plain(samples: Any) -> Tensor:
    return samples.unbind()[0] if getattr(samples, "is_nested", False) else samples


def signature(samples: Tensor) -> Tensor:
    """(K, POINTS) values spread evenly over each row."""
    rows = samples.detach().flatten(1)
    index = torch.linspace(0, rows.shape[1] - 1, POINTS).long().to(rows.device)
    return rows[:, index].to("cpu", torch.float32, copy=True).nan_to_num()


def _close(a: Tensor, b: Tensor) -> bool:
    spread = a.std(dim=1, keepdim=True).clamp_min(1e-6)
    return bool(((a - b).abs() <= CLOSE * (spread + a.abs())).all())
