"""What can go wrong with the store of picks."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class StoreError(Exception):
    """The store could not do what was asked; nothing that it held before is lost."""


class StoreFull(StoreError):
    """The store has reached its limit, or the disk is full."""


class StoreBusy(StoreError):
    """Another program has held the store for too long."""


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """What an error of the database means for a person."""
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return StoreFull(
            f"Nothing was written, because the disk that holds {path} takes no more ({text}). What was recorded before "
            "is safe. Free some space, or delete the recorded choices in PRISM's settings.")
    if "locked" in text or "busy" in text:
        return StoreBusy(
            f"{path} has been in use by another program for too long ({text}). Close that program, or a second "
            "ComfyUI that is stuck, and choose again.")
    if "unable to open" in text or "readonly" in text:
        return StoreError(f"{path} cannot be opened for writing ({text}). Check that its folder is there, and that "
                          "ComfyUI may write to it.")
    if isinstance(error, sqlite3.IntegrityError):
        return StoreError(f"The store of picks {path} only grows; what is recorded is never changed ({text}).")
    return StoreError(
        f"{path} cannot be read as a store of picks ({text}). Move that file to another folder; PRISM then begins a "
        "new one.")
