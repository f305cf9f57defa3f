"""One clip's graph, run by ComfyUI's own nodes: plain, pruned while it runs, or stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nodes
import torch

from ..nodes.bridge.judge import Head
from ..nodes.bridge.live import Finished, Settings, attach, ledger_of
from ..nodes.panel.asking import Wishes
from ..nodes.panel.board import Board
from ..nodes.panel.session import Session
from ..nodes.pruning import PrismPruneLatents
from ..nodes.scoring import PrismScoreLatents
from ..prism_core.backbones import identify
from ..prism_core.cost import Cost, predicted
from ..prism_core.schedule import Mark, Round


@dataclass(frozen=True)
class Scene:
    """What all runs of a comparison share.

    shape  of one candidate's latent, (channels, frames, height, width)
    vae    None where nothing is decoded
    """

    model: Any
    head: Head
    positive: list
    negative: list
    shape: tuple[int, int, int, int]
    steps: int
    cfg: float = 1.0
    sampler: str = "euler"
    scheduler: str = "simple"
    seed: int = 7
    vae: Any = None

    @property
    def depth(self) -> float:
        """Share of the model's blocks that a probe runs."""
        return self.head.info.backbone.tap_block / identify(self.model.model.diffusion_model).blocks

    @property
    def share(self) -> float:
        """A probe has the positive prompt alone, whatever the sampler's calls have."""
        return 1 / self.conditions

    @property
    def conditions(self) -> int:
        """Batch entries that a candidate is in one model call."""
        return 1 if self.cfg == 1 else 2

    @property
    def row_mb(self) -> float:
        """Size of one candidate's latent in float32."""
        return 4 * torch.Size(self.shape).numel() / 1e6

    def cost(self, rounds: Sequence[tuple[int, int]], rows: int) -> Cost:
        """What a schedule of (step, keep) costs by PRISM's formula, for samplers with one call a step."""
        return predicted(rounds, rows, self.steps, self.depth, self.share)

    def plain(self, rows: int) -> dict:
        """The batch without PRISM, in a clone as any patch would make one."""
        return self.sampled(self.model.clone(), rows)

    def pruned(self, rows: int, rounds: Sequence[tuple[int, int]], group: int = 0,
               page: bool = False) -> tuple[dict, Finished | None]:
        """The batch with PRISM Best of N, patch included; its LATENT and what the patch remembers of the run.

        page: show the run to a page that listens, messages and previews included; sending them over the wire is not.
        """
        schedule = tuple(Round(Mark("step", step), keep) for step, keep in rounds)
        hooks = Session("1", self.head, Wishes(), Board(lambda event, data: None)).hooks(asks=False) if page else {}
        model = attach(self.model, Settings(self.head, rows, schedule, group=group, **hooks))
        latent = self.sampled(model, rows)
        ledger = ledger_of(model)
        return latent, ledger.find(latent["samples"]) if len(ledger) else None

    def staged(self, rows: int, step: int, keep: int) -> dict:
        """The same in stages: KSampler Advanced, Score, Prune, KSampler Advanced."""
        first = self._advanced(self._empty(rows), 0, step, noise="enable", leftover="enable")
        scores = PrismScoreLatents.execute(self.model, self.head, self.positive, first, self.steps, self.sampler,
                                           self.scheduler, step).args[0]
        survivors = PrismPruneLatents.execute(first, keep, scores).args[0]
        return self._advanced(survivors, step, 10000, noise="disable", leftover="disable")

    def decode(self, latent: dict) -> Any:
        """Every clip of a LATENT as pictures."""
        return nodes.VAEDecode().decode(self.vae, latent)[0]

    def _empty(self, rows: int) -> dict:
        return {"samples": torch.zeros(rows, *self.shape)}

    def sampled(self, model: Any, rows: int) -> dict:
        """What the sampler returns with this model."""
        return nodes.KSampler().sample(model, self.seed, self.steps, self.cfg, self.sampler, self.scheduler,
                                       self.positive, self.negative, self._empty(rows), 1.0)[0]

    def _advanced(self, latent: dict, start: int, end: int, noise: str, leftover: str) -> dict:
        return nodes.KSamplerAdvanced().sample(
            self.model, noise, self.seed, self.steps, self.cfg, self.sampler, self.scheduler, self.positive,
            self.negative, latent, start, end, leftover)[0]
