"""`bench page`: what the panel costs a page with 32 candidates, traced in Chromium.

Runs in the launcher's environment, without ComfyUI: the server that it opens is a process of its own. The messages
are made up and come as often as the server may send them; a new picture of all candidates comes once a second. The
chart is open all the while, and its marker is dragged at the end.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Route, sync_playwright

from launcher import layout
from launcher.comfyui import DEFAULT, released
from launcher.server import Server, free_port
from tests.web import chromium
from tests.web.charting import Chart, curves
from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.trace import DRAWING, SCRIPT, Frame, frames, percentile, trace
from tests.web.views import card, send, sheet, show_sheets, view

from .processor import cores, processor

WORKFLOW, NODE, CANDIDATES, STEPS = "prism_best_of_n_shapes", "PrismBestOfN", 32, 50
PAUSE = 100  # milliseconds between messages: the server sends no more often
SECONDS, QUICK_SECONDS = 20, 2
LIMIT_MS = 8
NOTES = (
    "Milliseconds of the page's main thread from the start of one frame to the start of the next: script of PRISM's "
    "own files, and style, layout, pre-paint, paint and layerize of the whole page, ComfyUI's own share included. The "
    "thread's own time, without what other programs took of the processor meanwhile.",
    "alone: the same page before anything is shown in the panel. still: 32 candidates in it, their loops playing, no "
    "messages. live: ten messages a second, each with new scores for all, a new picture once a second, and the chart "
    "drawing the scores of step after step, up to 50.",
    "busy: only those frames of live in which script of ours ran. drag: the finished run's marker pulled over the whole "
    "chart of 32 lines and 50 steps, and back; in Nodes 2.0 ComfyUI draws the widget anew at every step.",
)
SEND = """async ([messages, pause]) => {
    for (const detail of messages) {
        window.app.api.dispatchEvent(new CustomEvent("prism.run", { detail }));
        await new Promise((resolve) => setTimeout(resolve, pause));
    }
}"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the figures to the file that is named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args(arguments)
    path = chromium.program()
    if path is None:
        raise SystemExit("There is no Chromium on this machine (Debian: apt install chromium).")
    found = measure(path, QUICK_SECONDS if chosen.quick else SECONDS)
    words = {"benchmark": "page", "date": datetime.date.today().isoformat(), "command": chosen.command,
             "quick": chosen.quick, "candidates": CANDIDATES, "limit_ms": LIMIT_MS, "notes": NOTES}
    chosen.json.write_text(json.dumps(words | found, indent=1) + "\n", encoding="utf-8")


def measure(path: str, seconds: int) -> dict[str, Any]:
    """The figures of both renderers."""
    layout.BUILD.mkdir(exist_ok=True)
    with (tempfile.TemporaryDirectory(prefix="bench-page-", dir=layout.BUILD) as folder,
          Server(released(DEFAULT), Path(folder), free_port()) as server, sync_playwright() as playwright):
        browser = chromium.launch(playwright, path)
        try:
            return {"hardware": hardware(browser, server),
                    "renderers": {renderer: traced(browser, server, renderer, seconds) for renderer in RENDERERS}}
        finally:
            browser.close()


def hardware(browser: Browser, server: Server) -> dict[str, str | int]:
    """Processor, cores, and the versions that matter."""
    return {"cpu": processor(), "cores": cores(), "system": f"{platform.system()} {platform.machine()}",
            "chromium": browser.version, "comfyui": server.comfyui.version,
            "frontend": str(chromium.SETTINGS["Comfy.InstalledVersion"])}


def traced(browser: Browser, server: Server, renderer: str, seconds: int) -> dict[str, Any]:
    """The figures of one renderer."""
    comfy = chromium.new_page(browser, server, renderer, "dark")
    comfy.open()
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.graph("node.pos = [-900, 0]", NODE)
    comfy.show(NODE, 0.8)
    show_sheets(comfy.page.context, CANDIDATES)
    panel = Panel(comfy, NODE)

    def wait() -> None:
        comfy.page.wait_for_timeout(1000 * seconds)
    messages = script(comfy, seconds)
    alone = frames(trace(comfy, wait))
    answer_charts(comfy, seconds)
    send(comfy, messages.pop(0))
    comfy.poll(lambda: len(panel.playing()) == CANDIDATES, what="a moving picture on each card")
    chart = Chart(panel)
    chart.root.locator(".prism-stage").wait_for()
    still = frames(trace(comfy, wait))
    answer_charts(comfy, seconds)
    live = frames(trace(comfy, lambda: comfy.page.evaluate(SEND, [messages, PAUSE])))
    send(comfy, messages[-1] | {"seq": 10**6, "step": STEPS, "status": "finished"})
    panel.wait("finished")
    chart.bring_up()
    drag = frames(trace(comfy, lambda: chart.drag(5, STEPS - 1, 1, 5, total=STEPS, moves=20 * seconds)))
    comfy.page.context.close()
    busy = [frame for frame in live if frame[SCRIPT]]
    return {name: figures(found) for name, found in
            {"alone": alone, "still": still, "live": live, "busy": busy, "drag": drag}.items()}


def answer_charts(comfy: ComfyPage, seconds: int) -> None:
    """Answer for the chart with more and more steps, all of them after so many seconds."""
    began, whole = time.monotonic(), curves(CANDIDATES, STEPS, drops=False)

    def answer(route: Route) -> None:
        known = max(1, round(len(whole["watches"]) * min(1.0, (time.monotonic() - began) / seconds)))
        route.fulfill(json=whole | {"watches": whole["watches"][:known]})
    comfy.page.unroute("**/prism/runs/*/chart")
    comfy.page.route("**/prism/runs/*/chart", answer)


def script(comfy: ComfyPage, seconds: int) -> list[dict[str, Any]]:
    """The messages: every one moves all scores and ranks."""
    first = view(comfy, NODE, CANDIDATES, judge="head", head="head", steps=STEPS)
    total = 1000 * seconds // PAUSE

    def message(number: int) -> dict[str, Any]:
        places = [(7 * row + number) % CANDIDATES for row in range(CANDIDATES)]
        cards = [card(row, score=-place / 10, rank=1 + place) for row, place in enumerate(places)]
        rows = sheet([*range(CANDIDATES)], version=1 + number * PAUSE // 1000)
        return first | {"seq": 1 + number, "step": 1 + number * (STEPS - 2) // total, "candidates": cards, "sheet": rows}
    return [message(number) for number in range(1 + total)]


def figures(found: list[Frame]) -> dict[str, Any]:
    """How many frames, what they cost, and what the parts did, in milliseconds."""
    totals = [float(frame.total()) for frame in found]
    parts = {"script" if part == SCRIPT else part: round(percentile([frame[part] for frame in found], 0.95), 3)
             for part in (SCRIPT, *DRAWING)}
    middle, high, largest = percentile(totals, 0.5), percentile(totals, 0.95), max(totals, default=0.0)
    return {"frames": len(found), "median": round(middle, 3), "p95": round(high, 3), "max": round(largest, 3),
            "p95_of_parts": parts}


if __name__ == "__main__":
    main()
