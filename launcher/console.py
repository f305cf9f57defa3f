"""What the launcher shows on the terminal: a line of progress and a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from .client import Prompt


class Progress:
    """Follows a running prompt: one line rewritten in place on a terminal, one line a node elsewhere."""

    def __init__(self, prompt: Prompt) -> None:
        self.titles = {name: node.get("_meta", {}).get("title", node["class_type"]) for name, node in prompt.items()}
        self.live = sys.stdout.isatty()
        self.width = 0

    def __call__(self, kind: str, data: dict[str, Any]) -> None:
        """Take one event of the server."""
        title = self.titles.get(str(data.get("node")))
        if title and kind == "executing":
            self.show(title)
        elif title and kind == "progress" and self.live:
            self.show(f"{title}  {data.get('value')}/{data.get('max')}")

    def show(self, text: str) -> None:
        """Show what is being done."""
        if not self.live:
            print(f"  {text}", flush=True)
            return
        print(f"\r  {text}".ljust(self.width), end="", flush=True)
        self.width = len(text) + 3

    def close(self) -> None:
        """Leave the line that was rewritten."""
        if self.live and self.width:
            print("\r" + " " * self.width + "\r", end="", flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first one and words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    numeric = [all(_is_number(row[column]) for row in rows) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, numeric))
        return "  ".join(cells).rstrip()
    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
