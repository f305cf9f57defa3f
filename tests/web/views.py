"""Made-up messages about runs, as the server sends them."""

from __future__ import annotations

import io
import json
import uuid
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, Route

from tests.web.comfy_page import ComfyPage

FRAMES, SIDE = 16, 96


def new_run() -> str:
    """An id for a run."""
    return uuid.uuid4().hex


def card(row: int, **changes: Any) -> dict[str, Any]:
    """A candidate in the middle of a run."""
    return {"row": row, "seed": str(2**63 + row), "state": "alive", "score": None, "rank": None, "mark": "none",
            "dropped_at": None, "imagined_at": None, "reason": None} | told(changes)


def view(comfy: ComfyPage, of: str, count: int = 8, **changes: Any) -> dict[str, Any]:
    """A run of the node `of` of the open workflow that this page has queued, half way to its cut."""
    return {
        "version": 1, "run": new_run(), "seq": 1, "node": comfy.node_id(of), "prompt": "", "kind": "run",
        "workflow": comfy.graph("graph.id"), "client": comfy.page.evaluate("window.app.api.clientId"),
        "status": "sampling", "step": 3, "steps": 20, "cuts": [[5, 2]], "judge": "person", "head": "", "seed": "7",
        "candidates": [card(row) for row in range(count)], "sheet": None, "waiting": None, "reveal": None, "replay": "", "group": 0,
        "notes": [],
    } | told(changes)


def sentence(text: str, code: str = "", **values: Any) -> dict[str, Any]:
    """What the server says; with a code that the page knows, in the page's language."""
    return {"text": text, "code": code, "values": values}


def told(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes with plain texts as the server sends them."""
    whole = {"reason": lambda reason: sentence(reason) if isinstance(reason, str) and reason else reason or None,
             "notes": lambda notes: [sentence(note) if isinstance(note, str) else note for note in notes]}
    return {key: whole[key](value) if key in whole else value for key, value in changes.items()}


def sheet(rows: list[int], version: int = 1, step: int = 3) -> dict[str, Any]:
    """What a message says of the picture that show_sheets() answers with."""
    return {"version": version, "step": step, "frames": FRAMES, "width": SIDE, "height": SIDE, "rows": rows}


def show_sheets(context: BrowserContext, count: int) -> None:
    """Answer requests for sheets with a picture of that many candidates, since the server knows nothing of the run."""
    picture = Image.linear_gradient("L").rotate(90).resize((FRAMES * SIDE, count * SIDE)).convert("RGB")
    file = io.BytesIO()
    picture.save(file, "JPEG")

    def answer(route: Route) -> None:
        route.fulfill(body=file.getvalue(), content_type="image/jpeg")
    context.route("**/prism/runs/*/sheets/*", answer)


def send(comfy: ComfyPage, *messages: Any, event: str = "prism.run") -> None:
    """Let the page hear these as if the server had sent them: as text, which can say more than an object literal."""
    comfy.page.evaluate("""([event, text]) => JSON.parse(text).forEach((detail) =>
        window.app.api.dispatchEvent(new CustomEvent(event, { detail })))""", [event, json.dumps(messages)])
