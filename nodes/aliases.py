"""Words by which artists find a node in the search, in every language: ComfyUI has one list of them for all."""

from __future__ import annotations

import json
from pathlib import Path

LOCALES = Path(__file__).resolve().parent.parent / "locales"


def found_as(node: str, *english: str) -> list[str]:
    """A node's search aliases: the English ones, and those of locales/*/aliases.json."""
    others = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(LOCALES.glob("*/aliases.json"))]
    return [*english, *(alias for language in others for alias in language.get(node, ()))]
