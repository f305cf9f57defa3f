"""Head files: one safetensors file, its weights and, as metadata, all that is known of them.

Loading is strict, and nothing is ever unpickled: a file that is damaged, foreign or says one thing
and holds another is refused with the reason, before anything of its size is allocated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from .head import QueryAggregationHead
from .metadata import FORMAT, BackboneSpec, HeadInfo

__all__ = [
    "FORMAT",
    "BackboneSpec",
    "HeadFileError",
    "HeadInfo",
    "load_head",
    "read_info",
    "save_head",
]

KEY = "prism"
_HEADER_LIMIT = (
    8_000_000  # bytes; a description within its limit, escaped, and the table of tensors
)
_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class HeadFileError(ValueError):
    """A head file that cannot be used: the message names the file, the reason and the remedy."""


def save_head(path: str | os.PathLike, head: QueryAggregationHead, info: HeadInfo) -> None:
    """Write a head file, all of it or nothing.

    Raises ValueError when info describes another head, or the weights are not finite or of a
    dtype that head files do not hold.
    """
    if info.head != head.config:
        raise ValueError(f"The description is of {info.head}, but the head is {head.config}.")
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()
    }
    kinds = {tensor.dtype for tensor in tensors.values()}
    if len(kinds) != 1 or not kinds <= set(_DTYPES.values()):
        raise ValueError("A head file holds weights of one dtype: float32, float16 or bfloat16.")
    _check_finite(tensors)
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file(tensors, temporary, metadata={KEY: info.to_json()})
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_info(path: str | os.PathLike) -> HeadInfo:
    """What a head file says of itself, without reading its weights.

    Raises HeadFileError for every fault that the file's header shows.
    """
    with _opened(path) as file:
        return _inspect(file)[0]


def load_head(
    path: str | os.PathLike,
    *,
    device: Any = "cpu",
    dtype: torch.dtype | None = None,
    operations: Any = nn,
) -> tuple[QueryAggregationHead, HeadInfo]:
    """The head of a file, in evaluation mode and without gradients, and what the file says of it.

    dtype: None keeps the file's. operations: supplier of Linear, as for QueryAggregationHead.
    Raises HeadFileError for every fault of the file.
    """
    with _opened(path) as file:
        info, stored = _inspect(file)
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        _check_finite(tensors)
        dtype = stored if dtype is None else dtype
        # copied, so that the file is free to be replaced; built on meta, so that loading draws
        # nothing from the random stream that a sampler may be using
        tensors = {name: tensor.to(device, dtype, copy=True) for name, tensor in tensors.items()}
    head = QueryAggregationHead(info.head, device="meta", dtype=dtype, operations=operations)
    head.load_state_dict(tensors, assign=True)
    return head.eval().requires_grad_(False), info


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[Any]:
    """The safetensors file, with every fault met on the way told as a HeadFileError."""
    path = Path(path)
    try:
        _check_extent(path)
        with safe_open(str(path), framework="pt", device="cpu") as file:
            yield file
    except SafetensorError as error:
        raise HeadFileError(
            f"Head file {path} is damaged or not a safetensors file ({error}); fetch it again."
        ) from error
    except OSError as error:
        raise HeadFileError(
            f"Head file {path} cannot be read ({error.strerror or error}); check its name "
            "and place."
        ) from error
    except ValueError as error:
        raise HeadFileError(f"Head file {path} cannot be used: {error}.") from error


def _check_extent(path: Path) -> None:
    """Tell a cut-off file from a foreign one, and refuse a huge header before it is parsed."""
    with open(path, "rb") as file:
        start = file.read(9)
        size = file.seek(0, os.SEEK_END)
    length = int.from_bytes(start[:8], "little")
    if start[8:] != b"{" or length > _HEADER_LIMIT:
        raise ValueError(
            f"it is not a safetensors file, or its header is over {_HEADER_LIMIT} bytes; choose a "
            "head file made by PRISM"
        )
    if size < 8 + length:
        raise ValueError(
            f"it is truncated: {size} bytes, of which the header needs {8 + length}; fetch it again"
        )


def _inspect(file: Any) -> tuple[HeadInfo, torch.dtype]:
    """Check description and tensor table against each other; no tensor is read."""
    text = (file.metadata() or {}).get(KEY)
    if text is None:
        raise ValueError("it is a safetensors file but not a PRISM head: it carries no description")
    info = HeadInfo.from_json(text)
    wanted = {
        name: tuple(tensor.shape)
        for name, tensor in QueryAggregationHead(info.head, device="meta").state_dict().items()
    }
    found = set(file.keys())
    if found != wanted.keys():
        raise ValueError(
            f"it lacks the tensors {sorted(wanted.keys() - found)[:4]} and has the unknown "
            f"{sorted(found - wanted.keys())[:4]}; its description is of another head"
        )
    slices = {name: file.get_slice(name) for name in found}
    for name, tensor in slices.items():
        if tuple(tensor.get_shape()) != wanted[name]:
            raise ValueError(
                f"tensor {name} is of shape {tuple(tensor.get_shape())} where its description "
                f"needs {wanted[name]}"
            )
    kinds = {tensor.get_dtype() for tensor in slices.values()}
    if len(kinds) != 1 or not kinds <= _DTYPES.keys():
        raise ValueError(
            f"its weights are {sorted(kinds)}; all must be one of {', '.join(_DTYPES)}"
        )
    return info, _DTYPES[kinds.pop()]


def _check_finite(tensors: dict[str, torch.Tensor]) -> None:
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(
                f"tensor {name} holds NaN or infinite weights; train the head anew or fetch it "
                "again"
            )
