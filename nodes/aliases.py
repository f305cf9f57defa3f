"""Words by which artists find a node in the search, in every language: ComfyUI has one list of them for all."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).resolve().parent.parent / "locales"


def found_as(node: str, *english: str) -> list[str]:
    """A node's search aliases: the English ones, and those of locales/*/aliases.json."""
    return [*english, *(alias for language in _others() for alias in language.get(node, ()))]


@cache
def _others() -> list[dict[str, list[str]]]:
    """By node, for each language: read once, since every schema asks."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(LOCALES.glob("*/aliases.json"))]
