"""Tensors and texts as the store holds them: by the hash of their bytes, each only once."""

from __future__ import annotations

import hashlib
import sqlite3

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .errors import StoreError

NAME = "tensor"
LARGEST = 1_000_000_000    # bytes; what SQLite takes in one piece


def packed(tensor: Tensor) -> bytes:
    """A tensor in the precision that it has, as the bytes of a safetensors file.

    Raises:
        StoreError: it is too large for one record.
    """
    if tensor.numel() * tensor.element_size() > LARGEST - 4096:
        raise StoreError(
            f"This pick was not recorded: latents of shape {tuple(tensor.shape)} take "
            f"{tensor.numel() * tensor.element_size() / 1e9:.1f} GB, and one record holds 1 GB at most. Fewer "
            "candidates, or shorter clips, can be recorded.")
    return save({NAME: tensor.detach().cpu().contiguous()})


def unpacked(data: bytes) -> Tensor:
    """The tensor of such bytes. Raises StoreError where they are none."""
    try:
        return load(data)[NAME]
    except (SafetensorError, KeyError, ValueError) as error:
        raise StoreError(f"A tensor in the store of picks cannot be read: {error}. Its file was changed.") from error


def put(connection: sqlite3.Connection, data: bytes) -> str:
    """Add bytes where the store has them not yet; their hash."""
    name = hashlib.sha256(data).hexdigest()
    if connection.execute("SELECT 1 FROM blobs WHERE sha256 = ?", (name,)).fetchone() is None:
        connection.execute("INSERT INTO blobs VALUES (?, ?)", (name, data))
    return name


def get(connection: sqlite3.Connection, name: str) -> bytes:
    """The bytes of that hash. Raises StoreError where they are missing, or are others."""
    row = connection.execute("SELECT bytes FROM blobs WHERE sha256 = ?", (name,)).fetchone()
    if row is None or hashlib.sha256(row[0]).hexdigest() != name:
        raise StoreError(f"The record {name[:12]} of the store of picks is damaged. Its disk may be failing: export "
                         "what is left.")
    return row[0]
