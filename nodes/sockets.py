"""The data that PRISM's own sockets carry."""

from __future__ import annotations

from dataclasses import dataclass

from comfy_api.latest import io
from torch import Tensor

PrismHead = io.Custom("PRISM_HEAD")
PrismScores = io.Custom("PRISM_SCORES")


@dataclass(frozen=True)
class Scores:
    """What a head made of a batch of candidates.

    Attributes:
        values: (N,) float32 on the CPU, higher is better.
        sigma: the noise fraction in [0, 1] at which they were scored.
        step: how many sampler steps the candidates had taken.
        head: the head's file name.
        candidates: the N numbers by which the candidates are known (`batch_index`).
        depth: share of the backbone's blocks that had to run.
    """

    values: Tensor
    sigma: float
    step: int
    head: str
    candidates: tuple[int, ...]
    depth: float

    def __len__(self) -> int:
        return len(self.values)

    def as_json(self) -> dict:
        """The form in which the page and the launcher read the scores."""
        return {"sigma": round(self.sigma, 6), "step": self.step, "scores": self.values.tolist(),
                "candidates": list(self.candidates), "head": self.head, "depth": round(self.depth, 4)}
