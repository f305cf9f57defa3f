"""One choice by a person: who was shown, who was kept, and everything needed to learn from it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from torch import Tensor

KINDS = ("prune-step", "marks", "finished-pick", "trial")
FORMATS = ("prism-pick/1", "prism-pick/2")
FORMAT = FORMATS[-1]
ADDED = {"prism-pick/2": ("ranking", "verdict")}    # facts by the format that brought them
APART = ("id", "tensors", "workflow")    # kept beside the other facts


@dataclass(frozen=True)
class Pick:
    """One choice.

    kind       "prune-step" (who is sampled further), "marks" (pins and bans alone), "finished-pick" (of clips) or
               "trial" (finished clips ranked blind)
    run        the run's id; step, steps, sigma: where in it the choice was made, sigma as a noise fraction
    shown      rows, counted from 0, in the order in which they were shown
    kept       rows that were kept, or the best ones of a trial; banned and pinned: rows so marked; each of them among
               those shown
    seeds      of the shown rows, in their order, as decimal text; empty where not known
    scores     of the shown rows, in their order; None without a head
    head       {"name", "sha256"}, or None without one
    model      {"class", "fingerprint", "latent_format"}
    prompts    {"positive", "negative"} as text, where known
    workflow   the graph as it was queued
    version    of the pack
    ranking    of a trial: all shown rows, from best to worst, those of one place equally good
    verdict    of a trial: the rows that PRISM would have kept
    tensors    "noisy" (R, ...) latents of the shown rows in the model's space, "conditioning", "finished" (K, ...)
    time       seconds since 1970; id: given by the store
    """

    kind: str
    run: str
    step: int
    steps: int
    sigma: float
    shown: tuple[int, ...]
    kept: tuple[int, ...]
    banned: tuple[int, ...] = ()
    pinned: tuple[int, ...] = ()
    seeds: tuple[str, ...] = ()
    scores: tuple[float, ...] | None = None
    head: Mapping[str, Any] | None = None
    model: Mapping[str, Any] = field(default_factory=dict)
    sampler: str = ""
    scheduler: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    loras: tuple[str, ...] = ()
    workflow: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""
    ranking: tuple[tuple[int, ...], ...] = ()
    verdict: tuple[int, ...] = ()
    tensors: Mapping[str, Tensor] = field(default_factory=dict, compare=False, repr=False)
    time: float = field(default_factory=time.time)
    id: int | None = None

    def __post_init__(self) -> None:
        for name in ("shown", "kept", "banned", "pinned", "seeds", "loras", "verdict"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "ranking", tuple(map(tuple, self.ranking)))
        if self.scores is not None:
            object.__setattr__(self, "scores", tuple(self.scores))
        for complaint in _complaints(self):
            raise ValueError(f"This pick cannot be recorded: {complaint}.")

    def facts(self) -> str:
        """Everything but its id, tensors and workflow, as JSON. Raises ValueError where that cannot be."""
        found = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in APART}
        return as_json({"format": FORMAT, **found})


def as_json(value: Any) -> str:
    """JSON in which equal values are equal texts. Raises ValueError for what JSON does not know."""
    try:
        return json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"), default=dict)
    except TypeError as error:
        raise ValueError(
            f"This pick cannot be recorded: it holds something that is neither text nor number ({error}).") from error


def read(facts: str, workflow: str, id: int) -> Pick:
    """The pick that was written as `facts`, without its tensors.

    Raises:
        ValueError: the text is not a pick that this version can read.
    """
    found = json.loads(facts)
    form = found.pop("format", None) if isinstance(found, dict) else None
    if form not in FORMATS:
        raise ValueError(f"Pick {id} is not in the format {FORMAT}, so a newer PRISM wrote it. Update PRISM to read it.")
    later = {name for came, names in ADDED.items() if came > form for name in names}
    unknown = found.keys() - ({entry.name for entry in fields(Pick)} - later)
    if unknown:
        raise ValueError(f"Pick {id} holds {sorted(unknown)}, which {form} does not have; its file was changed.")
    return Pick(**found, workflow=json.loads(workflow), id=id)


def _complaints(pick: Pick) -> Sequence[str]:
    shown, found = set(pick.shown), []
    if pick.kind not in KINDS:
        found.append(f"its kind is '{pick.kind}', not one of {', '.join(KINDS)}")
    if len(shown) != len(pick.shown) or not shown:
        found.append(f"the rows shown are {list(pick.shown)}; at least one is needed, and each only once")
    for name in ("kept", "banned", "pinned", "verdict"):
        strangers = set(getattr(pick, name)) - shown
        if strangers:
            found.append(f"rows {sorted(strangers)} are {name}, but were not shown")
    ranked = [row for place in pick.ranking for row in place]
    if (pick.kind == "trial") != bool(pick.ranking) or ranked and sorted(ranked) != sorted(shown):
        found.append(f"its ranking is {pick.ranking}; a trial, and nothing else, ranks every row that was shown once")
    if (pick.kind == "trial") != bool(pick.verdict):
        found.append("a trial, and nothing else, says what PRISM would have kept")
    for name in ("seeds", "scores"):
        values = getattr(pick, name)
        if values and len(values) != len(pick.shown):
            found.append(f"it has {len(values)} {name} for {len(pick.shown)} rows shown")
    if not all(map(math.isfinite, (pick.sigma, pick.time, *(pick.scores or ())))):
        found.append("a number in it is not finite")
    noisy = pick.tensors.get("noisy")
    if noisy is not None and len(noisy) != len(pick.shown):
        found.append(f"it has {len(noisy)} latents for {len(pick.shown)} rows shown")
    return found
