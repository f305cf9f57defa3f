"""Rows of a batch: slicing processed conditioning to some of them, and running them in micro-batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comfy.conds
import comfy.model_management
import comfy.utils
import torch

MEMORY_MARGIN = 1.5    # what ComfyUI itself multiplies its estimate by before it joins two model calls


def check_batch(length: int, count: int, name: str) -> None:
    """Refuse conditioning whose batch fits neither one for all candidates nor one for each."""
    if length not in (1, count):
        raise ValueError(
            f"The conditioning's {name} has a batch of {length}, but there are {count} candidates. It must be 1, "
            f"shared by all, or {count}, one for each.")


def check_conditioning(positive: list, count: int) -> None:
    """Check the batch of every prompt in a CONDITIONING before anything is loaded."""
    if not positive:
        raise ValueError("The positive conditioning is empty. Connect the prompt that the candidates were made with.")
    for cond, _ in positive:
        if cond is not None:
            check_batch(len(cond), count, "text")


def _slice(value: Any, rows: slice, count: int, name: str) -> Any:
    if isinstance(value, list):
        return [_slice(entry, rows, count, name) for entry in value]
    if not torch.is_tensor(value) or value.ndim == 0 or len(value) == 1:
        return value
    check_batch(len(value), count, name)
    return value[rows]


def _check_control(control: Any) -> None:
    while control is not None:
        hint = getattr(control, "cond_hint_original", None)
        if torch.is_tensor(hint) and len(hint) > 1:
            raise ValueError(
                f"The positive conditioning carries a ControlNet with {len(hint)} hint images, which cannot be told "
                "apart by candidate. Use a single hint image for all candidates.")
        control = getattr(control, "previous_controlnet", None)


def rows_of_cond(cond: dict, rows: slice, count: int) -> dict:
    """A processed conditioning entry for some of `count` candidates.

    Raises:
        ValueError: a part of it belongs neither to all candidates nor to each of them.
    """
    _check_control(cond.get("control"))
    sliced = {**cond, "model_conds": {
        name: part if isinstance(part, comfy.conds.CONDConstant)
        else part._copy_with(_slice(part.cond, rows, count, name))
        for name, part in cond["model_conds"].items()}}
    if "mask" in cond:
        sliced["mask"] = _slice(cond["mask"], rows, count, "mask")
    return sliced


def choose_cond(conds: list[dict], sigma: float) -> dict:
    """The one conditioning entry that scores are read from: the first that covers the whole picture at this sigma.

    Scores of several entries would have to be mixed, and no head was trained on a mixture.
    """
    for cond in conds:
        begun, ended = cond.get("timestep_start"), cond.get("timestep_end")
        active = (begun is None or sigma <= begun) and (ended is None or sigma >= ended)
        if active and cond.get("area") is None and "default" not in cond:
            return cond
    raise ValueError(
        f"No positive conditioning covers the whole picture at sigma {sigma:.3f}. Connect a plain prompt to this node: "
        "areas and timestep ranges cannot be scored.")


def fitting(model: Any, shape: torch.Size, cond: dict, device: torch.device) -> int:
    """How many of the rows of a batch fit into one model call, by ComfyUI's own estimate; at least 1."""
    free = model.current_patcher.get_free_memory(device)
    shapes = {name: [part.size()] for name, part in cond["model_conds"].items()}
    size = shape[0]
    while size > 1 and model.memory_required([size, *shape[1:]], cond_shapes=shapes) * MEMORY_MARGIN >= free:
        size = (size + 1) // 2
    return size


def in_micro_batches(count: int, size: int, run: Callable[[slice], None]) -> None:
    """Call `run` with consecutive slices of `count` rows; out of memory halves their size, an interrupt ends it."""
    progress, start = comfy.utils.ProgressBar(count), 0
    while start < count:
        comfy.model_management.throw_exception_if_processing_interrupted()
        stop = min(start + size, count)
        if _ran_out(run, slice(start, stop), may_halve=stop - start > 1):
            comfy.model_management.soft_empty_cache()
            size = (stop - start) // 2
            continue
        start = stop
        progress.update_absolute(start)


def _ran_out(run: Callable[[slice], None], rows: slice, may_halve: bool) -> bool:
    # The memory is free only after the except block has let go of the traceback, so the caller retries.
    try:
        run(rows)
    except Exception as error:
        if may_halve and comfy.model_management.is_oom(error):
            return True
        raise
    return False
