"""`run.py bench live` as a person runs it, in its quick form: that it measures the right things, not their speed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from launcher import layout
from launcher.process import clean_environment

KEYS = {"watch_ratio", "page_against_watch", "outside_forwards", "evaluations_match", "cuts", "probe",
        "full_best_of_n", "peak_mb", "scaling", "runs", "spread", "hardware", "date", "command"}
LATENTS_A_ROW = 17    # what samplers hold of each row beside the activations of the model
HEAD = 20             # what the head needs for one row, in latents of Shapes; a single candidate is not scored


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What it printed, and the figures it kept."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    run = subprocess.run([sys.executable, "run.py", "bench", "live", "--quick", "--json", str(file)], cwd=layout.ROOT,
                         env=clean_environment(), capture_output=True, text=True, timeout=1500)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout, json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def figures(done: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return done[1]


def cost(figures: dict[str, Any], step: int, rows: int) -> float:
    """Evaluations of one cut to a single survivor, worked out here; the sampler calls the model once a step."""
    steps, probe = figures["settings"]["steps"], rows * figures["settings"]["tap_depth"]
    if rows == 1:
        return steps
    return rows * step + probe + steps - step if probe < rows - 1 else rows * (step + 1) + steps - step - 1


def test_all_figures_are_there(figures: dict[str, Any]) -> None:
    assert figures.keys() >= KEYS
    assert figures["cuts"][0].keys() >= {"at", "ideal", "measured"} and figures["probe"].keys() >= {"ideal", "measured"}
    assert figures["full_best_of_n"].keys() >= {"at", "measured"} and figures["peak_mb"].keys() == {"1", "4", "16"}
    assert figures["scaling"][0].keys() >= {"n", "seconds"}
    assert figures["hardware"]["torch"] and figures["hardware"]["comfyui"] and figures["hardware"]["cores"] >= 1
    assert figures["command"] == "python3 run.py bench live --quick --json FILE"


def test_evaluations_at_the_model_are_those_of_the_formula(figures: dict[str, Any]) -> None:
    rows, steps = figures["settings"]["candidates"], figures["settings"]["steps"]
    counted = {entry["run"]: entry["counted"] for entry in figures["evaluations"]}
    assert figures["evaluations_match"] is True
    assert counted[f"plain, {rows} candidates"] == counted[f"watch, {rows} candidates"] == rows * steps
    for step in (1, 2, 4):
        expected = pytest.approx(cost(figures, step, rows), abs=1e-5)
        assert counted[f"cut after step {step}, {rows} candidates"] == expected
        assert counted[f"staged after step {step}, {rows} candidates"] == expected


def test_ideals_are_shares_of_the_plain_batch(figures: dict[str, Any]) -> None:
    rows, steps = figures["settings"]["candidates"], figures["settings"]["steps"]
    assert [cut["at"] for cut in figures["cuts"]] == [0.1, 0.2, 0.4]
    assert [cut["ideal"] for cut in figures["cuts"]] == pytest.approx(
        [cost(figures, step, rows) / (rows * steps) for step in (1, 2, 4)])
    assert figures["probe"]["ideal"] == pytest.approx(figures["settings"]["tap_depth"])
    assert [(row["n"], row["ideal"]) for row in figures["scaling"]] == [
        (rows, pytest.approx(cost(figures, 2, rows) / steps)) for rows in (1, 2, 4)]


def test_more_candidates_take_their_row_buffers_and_nothing_more(figures: dict[str, Any]) -> None:
    peaks, latent = figures["peak_mb"], figures["memory"]["latent_mb"]
    for rows in (4, 16):
        assert 0 < peaks[str(rows)] - peaks["1"] <= ((rows - 1) * LATENTS_A_ROW + HEAD) * latent
    # A meter that saw nothing would pass that: the plain batch takes activations for every row.
    plain = figures["memory"]["plain_batch_mb"]
    assert plain["1"] == pytest.approx(peaks["1"]) and plain["16"] > 10 * plain["1"]


def test_the_tables_are_printed(done: tuple[str, dict[str, Any]]) -> None:
    printed, figures = done
    assert "watching only" in printed and "cut at 40 %" in printed and figures["hardware"]["comfyui"] in printed
