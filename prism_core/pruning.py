"""Which rows of a batch survive, and the text that replays a choice.

Rows are counted from 0, as ComfyUI's batch_index does. A choice is always a list of rows in
ascending order, so that survivors keep the order they had.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
from torch import Tensor


def top_k(scores: Tensor, keep: int) -> list[int]:
    """The `keep` rows of highest score, ascending; of equal scores the lower row is kept.

    scores: (N,). Raises ValueError when scores are not finite or keep is not in 1..N.
    """
    if scores.ndim != 1 or len(scores) == 0:
        raise ValueError(
            f"Scores are of shape {tuple(scores.shape)}; pruning needs one score a candidate."
        )
    broken = [row for row, score in enumerate(scores.tolist()) if score - score != 0.0]
    if broken:
        raise ValueError(
            f"The score of candidate {broken[0]} is {scores[broken[0]].item()}, so candidates "
            "cannot be ranked; the model's precision overflowed. Try a wider dtype for the model."
        )
    if not 1 <= keep <= len(scores):
        raise ValueError(
            f"Cannot keep {keep} of {len(scores)} candidates; choose a number from 1 to "
            f"{len(scores)}."
        )
    best_first = torch.argsort(scores, descending=True, stable=True)
    return sorted(best_first[:keep].tolist())


def dropped(candidates: int, kept: Iterable[int]) -> list[int]:
    """The rows of a batch of `candidates` that were not kept, ascending."""
    kept = set(kept)
    return [row for row in range(candidates) if row not in kept]


def format_kept(kept: Iterable[int]) -> str:
    """Kept rows as text, "1, 4, 6"; `parse_kept` reads it back."""
    return ", ".join(str(row) for row in sorted(kept))


def parse_kept(text: str, candidates: int) -> list[int]:
    """The rows named by a replay text such as "1, 4, 6", ascending.

    Rows count from 0 and are separated by commas or white space. Raises ValueError that points at
    the entry which is no whole number, outside a batch of `candidates`, or named before.
    """
    entries = [entry for entry in re.split(r"[,\s]+", text) if entry]
    if not entries:
        raise ValueError(f'"{text}" names no candidate to keep; write rows such as "1, 4, 6".')
    rows: list[int] = []
    for position, entry in enumerate(entries, start=1):
        where = f'Entry {position} of "{text}" is "{entry}"'
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", entry):
            raise ValueError(
                f'{where}, which is no row number; write whole numbers such as "1, 4, 6".'
            )
        row = int(entry)
        if not 0 <= row < candidates:
            raise ValueError(
                f"{where}, but this batch has {candidates} candidates; rows count from 0 "
                f"to {candidates - 1}."
            )
        if row in rows:
            raise ValueError(f"{where}, a row that is already kept; name every row once.")
        rows.append(row)
    return sorted(rows)
