"""The table of what the chart promised and what came."""

from __future__ import annotations

from typing import Any

from launcher.bench_tune import report

FIGURES: dict[str, Any] = {
    "hardware": {"cpu": "Some Processor", "cores": 2, "torch": "2.0", "comfyui": "0.30.0"}, "date": "2026-01-02",
    "quick": False, "candidates": 8, "steps": 20,
    "workflows": [{"workflow": "a", "cut": [5, 2], "least": False, "repetitions": 3, "cuts": [
        {"cut": [5, 2], "predicted": 1.0, "measured": 1.0, "error": 0.0},
        {"cut": [9, 1], "predicted": 1.5, "measured": 1.6, "error": -0.0625}]},
        {"workflow": "b", "cut": [5, 2], "least": True, "repetitions": 3, "cuts": [
            {"cut": [5, 2], "predicted": 1.0, "measured": 1.5, "error": -0.33},
            {"cut": [9, 1], "predicted": 1.5, "measured": 1.4, "error": 0.07}]}],
    "promises": {"prompts": 7, "retention": [{"inside": True}, {"inside": False}, {"inside": True}], "joint": [
        {"schedule": "2:4, 5:2", "promised": 0.55, "measured": 0.6, "interval": [0.4, 0.75]}]},
}


def test_promises_stand_beside_what_came() -> None:
    lines = [" ".join(line.split()) for line in report(FIGURES).splitlines()]
    assert "1 after step 9 1.50 1.60 -6.2 %" in lines and "At most 6.2 % off; 10 % are allowed." in lines
    assert "Of 2 promises of the least, 1 took as long or longer." in lines
    assert any("7 test prompts: 2 of 3 promises" in line for line in lines)
    assert "2:4, 5:2 55 % 60 % 40 to 75" in lines and not any("quick" in line for line in lines)


def test_a_quick_run_is_called_one() -> None:
    assert "mean nothing" in report(FIGURES | {"quick": True})
