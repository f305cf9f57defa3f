"""The benchmarks' arithmetic and tables; what they run is in tests/server/test_bench.py."""

from __future__ import annotations

import copy
import inspect
from pathlib import Path
from typing import Any

import pytest

from benchmarks.timing import interleaved, paired, spread
from launcher.bench import bench, report
from launcher.errors import LauncherError

FIGURES: dict[str, Any] = {
    "hardware": {"cpu": "Some Processor", "cores": 2, "threads": 2, "torch": "2.0", "comfyui": "0.30.0"},
    "date": "2026-01-02", "quick": False, "runs": 15,
    "settings": {"model": "Shapes", "head": "some head", "candidates": 8, "keep": 1, "steps": 50, "cfg": 1.0,
                 "sampler": "euler"},
    "watch": {"measured": 1.012, "low": 1.001, "high": 1.023, "model": 0.98, "head": 0.03, "outside": 0.002},
    "page_against_watch": {"measured": 1.004, "low": 0.99, "high": 1.015},
    "head_share": 0.03, "outside_forwards": 0.0123,
    "spread": {"plain_against_plain": {"measured": 0.999, "low": 0.98, "high": 1.02}},
    "cuts": [{"at": 0.1, "step": 5, "ideal": 0.2258, "measured": 0.251, "low": 0.24, "high": 0.26, "staged": 0.287,
              "staged_spread": {"measured": 0.287, "low": 0.27, "high": 0.3}}],
    "probe": {"ideal": 0.67, "measured": 0.71, "probe_of_a_step": 0.65, "head_of_a_step": 0.04},
    "full_best_of_n": {"at": 0.1, "measured": 0.345, "low": 0.33, "high": 0.36}, "evaluations_match": True,
    "peak_mb": {"1": 1.25, "16": 4.75},
    "memory": {"measure": "tensors", "latents_a_candidate": 13.5, "plain_batch_mb": {"1": 1.25, "16": 17.5}},
    "scaling": [{"n": 1, "seconds": 1.0, "clips": 1.0, "ideal": 1.0},
                {"n": 8, "seconds": 2.5, "clips": 2.51, "ideal": 2.4}],
}


def test_every_repetition_runs_every_task_in_changing_order() -> None:
    seen: list[str] = []

    def task(name: str):
        return lambda: seen.append(name) or len(seen)
    results = interleaved({name: task(name) for name in "abcd"}, 6)
    orders = [tuple(seen[start:start + 4]) for start in range(0, 24, 4)]
    assert all(sorted(order) == list("abcd") for order in orders) and len(set(orders)) > 2
    assert results["a"] == [place + 1 for place, name in enumerate(seen) if name == "a"]


def test_runs_begin_at_changing_depths_only_where_that_is_asked_for() -> None:
    def depth() -> int:
        return len(inspect.stack(0))
    assert len(set(interleaved({"a": depth}, 6)["a"])) == 1
    depths = interleaved({"a": depth}, 20, frames=50)["a"]
    assert 10 < max(depths) - min(depths) < 50


def test_ratios_are_taken_repetition_by_repetition() -> None:
    # A machine twice as slow in the second half changes no ratio.
    assert paired([1.1, 2.2], [1.0, 2.0]) == pytest.approx([1.1, 1.1])
    with pytest.raises(ValueError):
        paired([1.0], [1.0, 2.0])


def test_spread_is_median_and_quartiles() -> None:
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == {"measured": 3.0, "low": 2.0, "high": 4.0}
    assert spread([7.0]) == {"measured": 7.0, "low": 7.0, "high": 7.0}


def test_figures_are_shown_beside_their_ideals() -> None:
    text = report(FIGURES)
    lines = [line.split() for line in text.splitlines()]
    assert ["watching", "only", "1.000", "1.012", "1.001", "to", "1.023", "0.980", "0.030", "0.002"] in lines
    assert ["cut", "at", "10", "%", "0.226", "0.251", "0.240", "to", "0.260"] in lines
    assert ["cut", "at", "10", "%,", "staged", "graph", "0.226", "0.287", "0.270", "to", "0.300"] in lines
    assert ["16", "4.75", "17.50"] in lines and ["8", "2.40", "2.51"] in lines
    assert "Some Processor" in text and "2026-01-02" in text and "equal the formula" in text


def test_a_miss_of_the_formula_and_a_quick_run_are_said() -> None:
    figures = {**copy.deepcopy(FIGURES), "evaluations_match": False, "quick": True}
    assert "DIFFER FROM THE FORMULA" in report(figures) and "mean nothing" in report(figures)


def test_real_sizes_without_rivals_are_shown_too() -> None:
    real = {**copy.deepcopy(FIGURES), "full_best_of_n": None, "scaling": []}
    real["settings"]["model"], real["memory"]["plain_batch_mb"] = "Wan 2.1 14B", None
    del real["cuts"][0]["staged"]
    text = report({**FIGURES, "real_size": [real]})
    assert "Wan 2.1 14B" in text and text.count("watching only") == 2


def test_a_file_that_could_not_be_written_is_said_before_measuring(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="does not exist"):
        bench(["live", "--json", str(tmp_path / "missing" / "figures.json")])
