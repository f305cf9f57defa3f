"""What is recorded of a person's choice, and from where it is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...prism_core import VERSION
from ...prism_core.backbones import UnknownBackbone, fingerprint
from ...prism_core.record import HeadUsed
from ...prism_core.said import say
from ..bridge.judge import Head
from ..bridge.tap import backbone_of
from ..graph import Prompt, ancestors
from . import keeping
from .where import Where

Note = Callable[[str], None]


@dataclass(frozen=True)
class Chosen:
    """A choice of `kept` among `rows`, whose latents (R, ...) were `noisy`, in the model's space; scores (R,) or None.

    order: the rows as they were shown, where that is neither by score nor by row. ranking, verdict: of a trial.
    """

    kind: str
    step: int
    sigma: float
    rows: Sequence[int]
    kept: Sequence[int]
    marks: Mapping[int, str]
    scores: Tensor | None
    noisy: Tensor
    order: Sequence[int] = ()
    ranking: Sequence[Sequence[int]] = ()
    verdict: Sequence[int] = ()


def record(chosen: Chosen, run: str, started: Mapping[str, Any], where: Where, head: Head | HeadUsed | None,
           note: Note) -> int | None:
    """Record a choice unless that is switched off; its id. What keeps it from being recorded is noted, and no more."""
    from ...prism_core.picks.errors import StoreError

    if not keeping.settings().recording:
        return None
    try:
        return keeping.record(_pick(chosen, run, started, where, head))
    except (StoreError, OSError, ValueError) as error:
        note(say("notRecorded", "This choice was not recorded for training: {problem}", problem=str(error)))
        return None


def record_finished(picks: Sequence[int], kept: Sequence[int], samples: Tensor, note: Note) -> None:
    """Add to these picks what came of them: the finished latents (K, ...), as a LATENT holds them, and their rows."""
    from ...prism_core.picks.errors import StoreError

    try:
        for pick in picks:
            keeping.store().finish(pick, {"finished": samples, "rows": torch.tensor(list(kept))})
    except (StoreError, OSError, ValueError) as error:
        note(say("notFinished", "The finished clips were not recorded for training: {problem}", problem=str(error)))


def _pick(chosen: Chosen, run: str, started: Mapping[str, Any], where: Where,
          head: Head | HeadUsed | None) -> Any:
    from ...prism_core.picks.pick import Pick

    order = _shown(chosen)
    seeds, known = started["seeds"] or (), chosen.scores is not None
    return Pick(
        kind=chosen.kind, run=run, step=chosen.step, steps=len(started["sigmas"]) - 1, sigma=chosen.sigma,
        shown=[chosen.rows[index] for index in order], kept=tuple(chosen.kept),
        banned=[row for row in chosen.rows if chosen.marks.get(row) == "ban"],
        pinned=[row for row in chosen.rows if chosen.marks.get(row) == "pin"],
        seeds=[str(seeds[chosen.rows[index]]) for index in order] if seeds else (),
        scores=[float(chosen.scores[index]) for index in order] if known else None,
        head={"name": head.name, "sha256": head.sha256} if head else None, model=_model(started["model"]),
        sampler=started["sampler"], scheduler=_first(where.graph, where.sampler, "scheduler"),
        ranking=chosen.ranking, verdict=chosen.verdict,
        prompts=_prompts(where), loras=loras_of(where), workflow=where.graph, version=VERSION,
        # Half precision is finer than any head reads, and halves what a store of clips takes.
        tensors={"noisy": chosen.noisy[order].half(), **_conditioning(started["conds"])})


def _shown(chosen: Chosen) -> list[int]:
    """Places in `rows` in the order of the page: best first, or in order of rows where there are no scores."""
    if chosen.order:
        return [list(chosen.rows).index(row) for row in chosen.order]
    if chosen.scores is None:
        return list(range(len(chosen.rows)))
    return torch.argsort(torch.as_tensor(chosen.scores), descending=True, stable=True).tolist()


def _model(model: Any) -> dict[str, Any]:
    found = {"class": type(model.model).__name__, "latent_format": type(model.model.latent_format).__name__}
    try:
        path = backbone_of(model).patch_embedding_path
    except UnknownBackbone:
        return found
    weight = model.get_model_object(f"diffusion_model.{path}").weight
    return {**found, "fingerprint": list(fingerprint(weight))}


def _conditioning(conds: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Tensor]:
    """The words that the candidates were made from, as the model was given them."""
    words = [cond["cross_attn"] for cond in conds.get("positive") or () if torch.is_tensor(cond.get("cross_attn"))]
    return {"conditioning": words[0]} if words else {}


# Questions about the graph; a program's prompt may hold anything, so whatever is not found is left out.

def _prompts(where: Where) -> dict[str, str]:
    found = {}
    for name, sockets in {"positive": ("positive", "conditioning", "cond1"), "negative": ("negative", "cond2")}.items():
        text = next((text for source in _sources(where.graph, where.sampler, sockets)
                     if (text := _first(where.graph, source, "text"))), "")
        if text:
            found[name] = text
    return found


def _sources(graph: Prompt, node: str, sockets: Sequence[str]) -> list[str]:
    """The nodes connected to inputs of these names, of the node itself or of those behind it, the nearest first."""
    found = []
    for near in ancestors(graph, node) if node in graph else ():
        inputs = graph.get(near, {}).get("inputs", {})
        found += [inputs[name][0] for name in sockets if isinstance(inputs.get(name), list)]
    return found


def _first(graph: Prompt, node: str, name: str) -> str:
    """The text in the nearest widget of that name, of the node itself or of those behind it."""
    for near in ancestors(graph, node) if node in graph else ():
        value = graph.get(near, {}).get("inputs", {}).get(name)
        if isinstance(value, str):
            return value
    return ""


def loras_of(where: Where) -> list[str]:
    """The LoRA files that the prompt names behind its sampler."""
    names = []
    for node in ancestors(where.graph, where.sampler) if where.sampler in where.graph else ():
        for name, value in where.graph.get(node, {}).get("inputs", {}).items():
            if name.startswith("lora") and isinstance(value, str) and value not in ("None", *names):
                names.append(value)
    return names
