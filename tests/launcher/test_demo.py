"""The demo's bookkeeping and its second prompt, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from launcher.check import DROPPED_FRAMES, KEPT_FRAMES, check_prompt, clips
from launcher.client import Prompt, Run
from launcher.console import table
from launcher.demo import Choice, scoreboard, summary
from launcher.errors import LauncherError

SAMPLER = {"noise_seed": 42, "steps": 16, "cfg": 4.0}
PROMPT: Prompt = {name: {"class_type": kind, "inputs": inputs} for name, kind, inputs in (
    ("text", "PrismShapesPrompt", {"text": "a red circle"}),
    ("first", "KSamplerAdvanced", {**SAMPLER, "positive": ["text", 0], "end_at_step": 6}),
    ("score", "PrismScoreLatents", {"latent": ["first", 0], "positive": ["text", 0]}),
    ("prune", "PrismPruneLatents", {"latent": ["first", 0], "scores": ["score", 0], "keep": 2}),
    ("second", "KSamplerAdvanced", {**SAMPLER, "positive": ["text", 0], "latent_image": ["prune", 0]}),
    ("split", "PrismSplitCandidates", {"latent": ["second", 0]}),
    ("decode", "VAEDecode", {"samples": ["split", 0]}),
    ("save", "SaveAnimatedWEBP", {"images": ["decode", 0], "filename_prefix": ["split", 3]}),
    ("chart", "PrismScoreChart", {"scores": ["score", 0], "kept": ["prune", 2]}),
    ("picture", "SaveImage", {"images": ["chart", 0]}),
)}
INFO = {node["class_type"]: {"output_node": node["class_type"].startswith("Save")} for node in PROMPT.values()}


@pytest.fixture
def run() -> Run:
    scored = {"sigma": 0.93, "step": 6, "scores": [0.5, -1.0, 2.0, 0.0], "candidates": [0, 1, 2, 3], "head": "h", "depth": 0.5}
    chosen = {"kept": [0, 2], "dropped": [1, 3], "candidates": [0, 1, 2, 3]}
    return Run("id", "success", {
        "score": {"prism_scores": [json.dumps(scored)]}, "prune": {"prism_kept": [json.dumps(chosen)]},
        "save": {"images": [{"filename": "a.webp", "subfolder": "", "type": "output"}], "animated": [True]}})


def test_check_finishes_the_dropped_rows_with_the_same_settings() -> None:
    checked = check_prompt(PROMPT, INFO)
    assert checked["dropped second"]["inputs"] == {**PROMPT["second"]["inputs"], "latent_image": ["prune", 1]}
    assert checked["dropped split"]["inputs"] == {"latent": ["dropped second", 0]}
    assert checked[KEPT_FRAMES]["inputs"]["images"] == ["decode", 0]
    assert checked[DROPPED_FRAMES]["inputs"]["images"] == ["dropped decode", 0]
    assert {"save", "picture"}.isdisjoint(checked), "the artist's files must not be written twice"
    assert PROMPT["second"]["inputs"]["latent_image"] == ["prune", 0], "the artist's prompt must stay as it is"


def test_evaluations_count_rows_steps_and_probes(run: Run) -> None:
    choice = Choice.of(PROMPT, run)
    # 4 rows for 6 steps, 2 rows for the other 10, and 4 probes of half a forward that serves one cond of two.
    assert choice.evaluations() == {"spent": 4 * 6 + 2 * 10 + 4 * 0.25, "plain": 64}


def test_without_cfg_a_probe_costs_its_whole_depth(run: Run) -> None:
    plain = {**PROMPT, "first": {"class_type": "KSamplerAdvanced", "inputs": {**PROMPT["first"]["inputs"], "cfg": 1.0}}}
    assert Choice.of(plain, run).probe == 0.5


def test_summary_has_the_promised_fields(run: Run) -> None:
    report = summary(Choice.of(PROMPT, run), [0.8, 0.1, 0.6, 0.9], "0.30.0", 12.345, ["a.webp"])
    assert report == {
        "comfyui_version": "0.30.0", "candidates": 4, "keep": 2, "steps": 16, "prune_step": 6, "sigma": 0.93,
        "scores": [0.5, -1.0, 2.0, 0.0], "kept": [0, 2],
        "oracle": {"kept_mean": pytest.approx(0.7), "all_mean": pytest.approx(0.6), "best": 0.9},
        "evaluations": {"spent": 45.0, "plain": 64}, "seconds": 12.35, "files": ["a.webp"]}


def test_scoreboard_lists_the_best_first(run: Run) -> None:
    lines = scoreboard(Choice.of(PROMPT, run), [0.8, 0.1, 0.6, 0.9]).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["2", "0", "3", "1"]
    assert "kept" in lines[2] and "dropped at step 6" in lines[4] and lines[2].endswith("0.600")


def test_frames_are_told_apart_by_count(tmp_path: Path) -> None:
    def saved(count: int) -> Run:
        files: list[dict[str, Any]] = [{"filename": f"{i}.png", "subfolder": "check", "type": "output"} for i in range(count)]
        return Run("id", "success", {"save": {"images": files}})
    assert [len(clip) for clip in clips(saved(18), "save", 2, tmp_path)] == [9, 9]
    assert clips(saved(4), "save", 2, tmp_path)[1] == [str(tmp_path / "check" / f"{i}.png") for i in (2, 3)]
    with pytest.raises(LauncherError, match="7 frames for 2 clips"):
        clips(saved(7), "save", 2, tmp_path)


def test_table_aligns_words_left_and_numbers_right() -> None:
    assert table(("name", "value"), [("a", "1"), ("bcdef", "22")]).splitlines() == [
        "name   value", "-----  -----", "a          1", "bcdef     22"]
