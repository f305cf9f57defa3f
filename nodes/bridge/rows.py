"""Rows of a batch: slicing processed conditioning to some of them, and running them in micro-batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def check_control(control: Any, what: str = "positive conditioning") -> None:
    """Refuse a ControlNet, or one in its chain, that has a picture for each row: it reads the first rows only."""
    while control is not None:
        hints = [getattr(control, "cond_hint_original", None), *getattr(control, "extra_concat_orig", ())]
        longest = max((len(hint) for hint in hints if torch.is_tensor(hint)), default=1)
        if longest > 1:
            raise ValueError(
                f"The {what} carries a ControlNet with {longest} hint images, which cannot be told "
                "apart by candidate. Use a single hint image for all candidates.")
        control = getattr(control, "previous_controlnet", None)


def _take(value: Any, rows: Sequence[int]) -> Any:
    # As ComfyUI itself spreads a batch over rows: repeated when it is too short, cut when it is too long.
    if isinstance(value, list):
        return [_take(entry, rows) for entry in value]
    if not torch.is_tensor(value) or value.ndim == 0 or len(value) == 1:
        return value
    return value[[row % len(value) for row in rows]]


def take_conds(conds: list[list[dict] | None], rows: Sequence[int]) -> list[list[dict] | None]:
    """Processed conditioning, entry by entry, for some rows of a batch: each row keeps exactly what it would get."""
    return [None if entries is None else [_take_cond(cond, rows) for cond in entries] for entries in conds]


def _take_cond(cond: dict, rows: Sequence[int]) -> dict:
    taken = {**cond, "model_conds": {
        name: part if isinstance(part, comfy.conds.CONDConstant) else part._copy_with(_take(part.cond, rows))
        for name, part in cond["model_conds"].items()}}
    if "mask" in cond:
        taken["mask"] = _take(cond["mask"], rows)
    return taken


def rows_of_cond(cond: dict, rows: slice, count: int) -> dict:
    """A processed conditioning entry for some of `count` candidates.

    Raises:
        ValueError: a part of it belongs neither to all candidates nor to each of them.
    """
    check_control(cond.get("control"))
    sliced = {**cond, "model_conds": {
        name: part if isinstance(part, comfy.conds.CONDConstant)
        else part._copy_with(_slice(part.cond, rows, count, name))
        for name, part in cond["model_conds"].items()}}
    if "mask" in cond:
        sliced["mask"] = _slice(cond["mask"], rows, count, "mask")
    return sliced


def active(cond: dict, sigma: float) -> bool:
    """Whether a processed conditioning entry takes part at a sigma of the model's own."""
    begun, ended = cond.get("timestep_start"), cond.get("timestep_end")
    return (begun is None or sigma <= begun) and (ended is None or sigma >= ended)


def choose_cond(conds: list[dict], sigma: float) -> dict:
    """The one conditioning entry that scores are read from: the first that covers the whole picture at this sigma.

    Scores of several entries would have to be mixed, and no head was trained on a mixture.
    """
    for cond in conds:
        if active(cond, sigma) and cond.get("area") is None and "default" not in cond:
            return cond
    raise ValueError(
        f"No positive conditioning covers the whole picture at sigma {sigma:.3f}. Connect a plain prompt to this node: "
        "areas and timestep ranges cannot be scored.")


def fitting(model: Any, shape: torch.Size, cond: dict, device: torch.device) -> int:
    """How many of the rows of a batch fit into one model call, by ComfyUI's own estimate; at least 1."""
    return fitting_all(model, shape, [cond], device)


def fitting_all(model: Any, shape: Sequence[int], conds: list[dict], device: torch.device) -> int:
    """The same for a call that holds every row once for each of several conditioning entries."""
    free = model.current_patcher.get_free_memory(device)
    shapes: dict[str, list] = {}
    for cond in conds:
        for name, part in cond["model_conds"].items():
            shapes.setdefault(name, []).append(part.size())
    size, entries = shape[0], max(1, len(conds))
    while size > 1 and model.memory_required([size * entries, *shape[1:]], cond_shapes=shapes) * MEMORY_MARGIN >= free:
        size = (size + 1) // 2
    return size


def in_micro_batches(count: int, size: int, run: Callable[[slice], None], progress: bool = True) -> int:
    """Call `run` with consecutive slices of `count` rows; the size that was possible in the end.

    Out of memory halves the size, an interrupt ends it.
    """
    bar, start = comfy.utils.ProgressBar(count) if progress else None, 0
    while start < count:
        comfy.model_management.throw_exception_if_processing_interrupted()
        stop = min(start + size, count)
        if _ran_out(run, slice(start, stop), may_halve=stop - start > 1):
            comfy.model_management.soft_empty_cache()
            size = (stop - start) // 2
            continue
        start = stop
        if bar is not None:
            bar.update_absolute(start)
    return size


def _ran_out(run: Callable[[slice], None], rows: slice, may_halve: bool) -> bool:
    # The memory is free only after the except block has let go of the traceback, so the caller retries.
    try:
        run(rows)
    except Exception as error:
        if may_halve and comfy.model_management.is_oom(error):
            return True
        raise
    return False
