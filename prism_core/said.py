"""Sentences for people, which pages can tell in other languages than English."""

from __future__ import annotations

from typing import Any


class Said(str):
    """A sentence in English that knows what it says: `code` names it, `values` are its parts.

    Whoever does not ask takes it as the text that it is; so do records, logs and errors.
    """

    code: str = ""
    values: dict[str, Any] = {}


def say(code: str, sentence: str, **values: Any) -> Said:
    """A sentence with its parts in braces, as `str.format` takes them. Equal codes go with equal parts."""
    said = Said(sentence.format_map(values))
    said.code, said.values = code, values
    return said
