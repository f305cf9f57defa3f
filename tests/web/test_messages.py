"""What the page makes of messages: well-formed ones are shown, a thousand malformed ones change nothing."""

from __future__ import annotations

import copy
import json
import random
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from nodes.panel.messages import View
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel
from tests.web.views import card, send, sentence, sheet, show_sheets, view

WORKFLOW = "prism_best_of_n_shapes"
NASTY: list[Any] = [
    None, True, -1, 2**60, 1.5, "", "x" * 5000, "<img src=x onerror='window.hurt = true'>", [], [[]], {}, {"row": 1},
    [None] * 100, {"__proto__": {"hurt": True}}, {"constructor": 1}, "../../etc/passwd", "\ud83d\ude00\u0000", [5, [2]],
]


def spots(message: Any, path: tuple = ()) -> list[tuple]:
    """Where something can be changed."""
    inside = message.items() if isinstance(message, dict) else enumerate(message) if isinstance(message, list) else ()
    return [*([path] if path else []), *(spot for key, part in inside for spot in spots(part, (*path, key)))]


def spoil(message: dict[str, Any], chance: random.Random) -> Any:
    """A copy with something wrong in it."""
    spoilt = copy.deepcopy(message)
    *way, last = chance.choice(spots(spoilt))
    part = spoilt
    for key in way:
        part = part[key]
    kind = chance.randrange(4)
    if kind == 0 and isinstance(part, dict):
        del part[last]
    elif kind == 1 and isinstance(part, dict):
        part[chance.choice(["extra", "__proto__", "innerHTML"])] = chance.choice(NASTY)
    else:
        part[last] = chance.choice(NASTY)
    return spoilt


def well_formed(message: Any) -> bool:
    """Whether the server itself could have sent it."""
    try:
        View.model_validate_json(json.dumps(message))
        return True
    except (ValidationError, UnicodeEncodeError):
        return False


def malformed(message: dict[str, Any], count: int) -> list[Any]:
    """So many messages that the server never sends; some are not even objects."""
    chance, found = random.Random(4), list(NASTY)
    while len(found) < count:
        spoilt = spoil(message, chance)
        if not well_formed(spoilt):
            found.append(spoilt)
    return found


def test_malformed_messages_change_nothing(comfy: ComfyPage) -> None:
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    show_sheets(comfy.page.context, 8)
    panel = Panel(comfy)
    good = view(comfy, "PrismBestOfN", candidates=[card(row, score=row / 4, rank=8 - row) for row in range(8)])
    assert well_formed(good)
    send(comfy, good)
    comfy.poll(lambda: panel.rows(state="alive") == [*range(8)], what="eight cards")
    panel.root.locator(".prism-chart").wait_for(state="hidden")    # the server knows no chart of this run
    before = panel.root.inner_html()

    waiting = {"question": 1, "keep": 2, "suggested": [7, 6], "deadline_s": 60.0, "outcome": "best", "has_head": True}
    fuller = good | {"seq": 2, "status": "waiting", "sheet": sheet([*range(8)]), "waiting": waiting,
                    "notes": [sentence("a", "alike", rank=sentence("b"), row=1)]}
    send(comfy, *malformed(fuller, 1000))
    send(comfy, *NASTY, event="executed")
    comfy.page.wait_for_timeout(300)
    assert panel.root.inner_html() == before
    assert not comfy.page.evaluate("window.hurt || ({}).hurt")

    send(comfy, fuller)
    comfy.poll(lambda: panel.status == "waiting" and len(panel.playing()) == 8, what="the message after them")


def test_messages_are_shown(comfy: ComfyPage) -> None:
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    panel = Panel(comfy)
    assert panel.status == "idle" and panel.cards.count() == 0
    send(comfy, view(comfy, "PrismBestOfN", workflow="0" * 8, client="somebody else"))
    send(comfy, view(comfy, "KSampler"), *(view(comfy, "PrismBestOfN", node=node) for node in ("99", "1:2", "x")))
    assert panel.status == "idle", "a run of another graph or node"

    run = view(comfy, "PrismBestOfN", notes=["<b>bold</b>"])
    send(comfy, run)
    comfy.poll(lambda: panel.status == "sampling", what="the run")
    assert "seed 9223372036854775811" in panel.label(3)
    assert panel.root.locator(".prism-notes").inner_text() == "<b>bold</b>"
    fates = [card(row, state="kept" if row == 5 else "dropped", dropped_at=5 if row != 5 else None) for row in range(8)]
    send(comfy, run | {"seq": 3, "status": "finished", "candidates": fates, "replay": "5 #00000000"}, run | {"seq": 2})
    comfy.poll(lambda: panel.status == "finished", what="the end")
    assert panel.rows(state="kept") == [5] and "dropped at step 5" in panel.label(0)
