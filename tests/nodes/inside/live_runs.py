"""What the tests of live pruning share: patched models, plain runs to compare with, and a count of the model's work."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from comfy.patcher_extension import WrappersMP
from conftest import pack

STEPS = 6
SHAPE = (16, 3, 8, 8)
FULL = {"steps": STEPS, "cfg": 2.0, "end_at_step": 10000, "return_with_leftover_noise": "disable"}


def extra(module: str, name: str):
    """One of ComfyUI's own nodes that its server loads and this process does not."""
    return getattr(importlib.import_module(f"comfy_extras.{module}"), name)


def custom(name: str):
    """One of ComfyUI's nodes for custom sampling."""
    return extra("nodes_custom_sampler", name)


def empty(rows: int = 4) -> dict:
    """An empty LATENT."""
    return {"samples": torch.zeros(rows, *SHAPE)}


def settings(head, rounds: str = "2:2", candidates: int = 4, **changes):
    """Settings of a live run: of 4 candidates 2 are kept after step 2, and two rows share a model call."""
    schedule, live = pack("prism_core.schedule"), pack("nodes.bridge.live")
    return live.Settings(head=head, candidates=candidates, rounds=schedule.parse_schedule(rounds),
                         **{"group": 2, **changes})


def patched(model, head, rounds: str = "2:2", candidates: int = 4, **changes):
    """A clone of the model that prunes."""
    return pack("nodes.bridge.live").attach(model, settings(head, rounds, candidates, **changes))


def finished(model, samples: torch.Tensor):
    """What the patched model remembers of the run that returned these samples."""
    return pack("nodes.bridge.live").ledger_of(model).find(samples)


def in_groups(model, size: int = 2):
    """A clone of the model that evaluates its batch a few rows at a time and drops nothing.

    It is written without the code under test, to compare with.
    """
    def calc(executor, base, conds, x, timestep, options):
        parts = []
        for start in range(0, len(x), size):
            rows = slice(start, start + size)
            cut = [entries and [_rows(cond, rows, len(x)) for cond in entries] for entries in conds]
            parts.append(executor(base, cut, x[rows], timestep[rows], options))
        return [torch.cat(slot) for slot in zip(*parts)]
    clone = model.clone()
    clone.add_wrapper(WrappersMP.CALC_COND_BATCH, calc)
    return clone


def _rows(cond: dict, rows: slice, count: int) -> dict:
    parts = {name: part._copy_with(part.cond[rows]) if torch.is_tensor(part.cond) and len(part.cond) == count else part
             for name, part in cond["model_conds"].items()}
    masks = {"mask": cond["mask"][rows]} if "mask" in cond and len(cond["mask"]) == count else {}
    return {**cond, "model_conds": parts, **masks}


@dataclass
class Count:
    """Rows of every forward of a model: of all that began, and of those that came to their end; with their times."""

    begun: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    @property
    def cut_short(self) -> int:
        """Rows whose forward ended early."""
        return sum(self.begun) - sum(self.whole)


@contextmanager
def counted(model):
    """Counts the forwards of a model from outside."""
    count, module = Count(), model.model.diffusion_model

    def before(_, args):
        count.begun.append(len(args[0]))
        count.times.append(float(args[1].flatten()[0]))
    hooks = [module.register_forward_pre_hook(before),
             module.register_forward_hook(lambda _, args, output: count.whole.append(len(args[0])))]
    try:
        yield count
    finally:
        for hook in hooks:
            hook.remove()


def traces(model) -> list:
    """Whatever a run may have left on what all clones of a model share."""
    base = model.model
    hooks = [name for name, module in base.named_modules() if module._forward_hooks or module._forward_pre_hooks]
    own = [name for name in vars(base) if "prism" in name.lower()]
    wrappers = model.model_options.get("transformer_options", {}).get("wrappers", {})
    return hooks + own + list(wrappers) + ([base.current_patcher] if base.current_patcher is not None else [])


def advanced(guider, seed: int = 11, sampler: str = "euler", latent: dict | None = None) -> tuple[dict, dict]:
    """SamplerCustomAdvanced on a guider: output and denoised_output."""
    noise = custom("RandomNoise").execute(seed).args[0]
    sigmas = custom("BasicScheduler").execute(guider.model_patcher, "simple", STEPS, 1.0).args[0]
    with torch.inference_mode():
        return custom("SamplerCustomAdvanced").execute(
            noise, guider, custom("KSamplerSelect").execute(sampler).args[0], sigmas, latent or empty()).args
