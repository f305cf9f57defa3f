"""The one error that a person sees as text instead of a traceback."""

from __future__ import annotations

from collections.abc import Sequence


class LauncherError(Exception):
    """Says what was found, why it cannot work and what to do about it."""


def quoted(lines: Sequence[str]) -> str:
    """Lines of somebody else's log, indented so that they stand apart from our own words."""
    return "\n".join(f"    | {line}" for line in lines)
