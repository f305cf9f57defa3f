"""Reading traces, and the benchmark of the page on a short one: that it measures the right things, not their speed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from benchmarks import page
from launcher.bench_page import report
from launcher.server import Server
from tests.web.trace import frames, percentile


def event(name: str, start: int, length: int = 0, url: str = "") -> dict[str, Any]:
    """An event of a trace; times in microseconds."""
    return {"name": name, "ph": "X" if length else "I", "ts": start, "dur": length, "args": {"data": {"url": url}}}


def test_frames_count_our_script_and_all_drawing_once() -> None:
    mine, theirs = "http://host/extensions/prism/prism.js", "http://host/assets/app.js"
    found = frames([
        event("Paint", 500, 9000),  # before the first frame
        event("BeginMainThreadFrame", 10_000), event("FunctionCall", 10_100, 5000, theirs),
        event("FunctionCall", 11_000, 2000, mine), event("FunctionCall", 11_500, 500, mine),
        event("Layout", 12_000, 800), event("Layout", 14_000, 1000),
        event("BeginMainThreadFrame", 26_000), event("Paint", 26_100, 250)])
    assert found == [{"FunctionCall": 2.0, "Layout": 1.0}, {"Paint": 0.25}]


def test_percentile() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.95) == 95 and percentile(values, 0.5) == 50
    assert percentile([3.0], 0.95) == 3 and percentile([], 0.95) == 0


@pytest.mark.parametrize("renderer", ["nodes2"])
def test_the_benchmark_sees_the_panel(browser: Browser, comfyui: Server, renderer: str) -> None:
    found = page.traced(browser, comfyui, renderer, 1)
    assert found["live"]["frames"] > 20 and 5 <= found["busy"]["frames"] <= 20
    assert found["alone"]["p95_of_parts"]["script"] == found["still"]["p95_of_parts"]["script"] == 0
    assert found["busy"]["p95_of_parts"]["script"] > 0 and found["busy"]["p95_of_parts"]["Layout"] > 0
    text = report({"hardware": page.hardware(browser, comfyui), "renderers": {renderer: found}, "date": "2026-01-02",
                   "quick": True, "candidates": 32, "limit_ms": 8})
    assert "Nodes 2.0" in text and "mean nothing" in text and f"{found['busy']['p95']:.2f}" in text
