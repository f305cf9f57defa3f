"""What a page's main thread does, frame by frame, as Chromium's own tracing tells it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from launcher import layout
from tests.web.comfy_page import ComfyPage

CATEGORIES = ("devtools.timeline", "disabled-by-default-devtools.timeline", "devtools.timeline.frame",
              "disabled-by-default-devtools.timeline.frame")
SCRIPT = "FunctionCall"
# What Chromium does to a page after scripts have changed it: styles, places, paint and how paint is layered.
DRAWING = ("UpdateLayoutTree", "Layout", "PrePaint", "Paint", "Layerize")
Event = dict[str, Any]
Frame = Counter[str]  # milliseconds by kind: SCRIPT (ours alone) and each of DRAWING (the whole page's)


def trace(comfy: ComfyPage, act: Callable[[], None]) -> list[Event]:
    """The trace events of the page's main thread while `act` runs."""
    session = comfy.page.context.new_cdp_session(comfy.page)
    events: list[Event] = []
    ended: list[bool] = []
    session.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    session.on("Tracing.tracingComplete", lambda _: ended.append(True))
    session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": {
        "includedCategories": list(CATEGORIES), "excludedCategories": ["*"]}})
    try:
        act()
    finally:
        session.send("Tracing.end")
        comfy.poll(lambda: ended, what="the trace")
        session.detach()
    threads = Counter((event["pid"], event["tid"]) for event in events if event["name"] == "FireAnimationFrame")
    main = threads.most_common(1)[0][0] if threads else None
    return [event for event in events if (event["pid"], event["tid"]) == main]


def ours(event: Event) -> bool:
    """Whether a function of our files was called from outside them."""
    return (event["name"] == SCRIPT and event["ph"] == "X"
            and f"/extensions/{layout.PACK}/" in event["args"].get("data", {}).get("url", ""))


def frames(events: list[Event]) -> list[Frame]:
    """What each frame of the main thread cost."""
    starts = sorted(event["ts"] for event in events if event["name"] == "BeginMainThreadFrame")
    assert starts, "Chromium has drawn no frame, or calls them otherwise than this test knows"
    found = [Frame() for _ in starts]
    work = [event for event in events if ours(event) or (event["ph"] == "X" and event["name"] in DRAWING)]
    for event in outermost(work):
        if (place := bisect_right(starts, event["ts"]) - 1) >= 0:
            # The thread's own time where it is known: what other programs take of the processor is no cost of the page.
            found[place][event["name"]] += event.get("tdur", event.get("dur", 0)) / 1000
    return found


def outermost(events: list[Event]) -> Iterator[Event]:
    """The events that lie in no other: a layout that our script forced counts once, as script."""
    end = 0
    for event in sorted(events, key=lambda event: (event["ts"], -event.get("dur", 0))):
        if event["ts"] >= end:
            end = event["ts"] + event.get("dur", 0)
            yield event


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
