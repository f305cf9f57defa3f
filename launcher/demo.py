"""The demo: the bundled workflow in a real ComfyUI, its clips, its numbers and a check of the choice."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import layout
from .check import DROPPED_FRAMES, KEPT_FRAMES, check_prompt, clips, draw_sheet, judge
from .client import Client, Prompt, Run, RunFailed
from .comfyui import ComfyUI
from .console import Progress, table
from .graph import find, source, to_prompt
from .server import Server

WORKFLOW = layout.WORKFLOWS / "prism_prune_shapes.json"
RESULTS = layout.OUTPUT / "demo"
SHEET = "candidates.png"


@dataclass(frozen=True)
class Choice:
    """What one run decided. Rows count from 0; `indices` are the numbers that ComfyUI knows the candidates by.

    `probe` is the cost of scoring one candidate, in evaluations (one row through one model call with all its conds).
    """

    seed: int
    steps: int
    step: int
    sigma: float
    scores: list[float]
    indices: list[int]
    kept: list[int]
    dropped: list[int]
    probe: float
    text: str

    @classmethod
    def of(cls, prompt: Prompt, run: Run) -> Choice:
        """Read from the sampler's settings and from what the PRISM nodes reported."""
        score, prune = find(prompt, "PrismScoreLatents"), find(prompt, "PrismPruneLatents")
        sampler = prompt[source(prompt, prune, "latent")]["inputs"]
        scored = json.loads(run.outputs[score]["prism_scores"][0])
        chosen = json.loads(run.outputs[prune]["prism_kept"][0])
        # The scores come from the positive prompt alone; with CFG every other evaluation is twice that.
        conds = 1 if sampler["cfg"] == 1 else 2
        return cls(sampler["noise_seed"], sampler["steps"], scored["step"], scored["sigma"], scored["scores"],
                   scored["candidates"], chosen["kept"], chosen["dropped"], scored["depth"] / conds,
                   prompt[source(prompt, score, "positive")]["inputs"]["text"])

    def evaluations(self) -> dict[str, float]:
        """What this run spent and what finishing every candidate would have taken, for one-call samplers."""
        count, keep = len(self.scores), len(self.kept)
        spent = count * self.step + keep * (self.steps - self.step) + count * self.probe
        return {"spent": round(spent, 3), "plain": count * self.steps}


def demo(comfyui: ComfyUI, port: int, results: Path = RESULTS) -> dict[str, Any]:
    """Run the bundled workflow, leave its clips, chart and summary.json in `results`; the summary."""
    layout.BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=layout.BUILD))
    with Server(comfyui, folder, port) as server:
        print(f"ComfyUI {comfyui.version} runs at {server.address}")
        workflow = json.loads(WORKFLOW.read_text(encoding="utf-8"))
        object_info = server.client.object_info()
        prompt = to_prompt(workflow, object_info)
        print(f"Running {WORKFLOW.relative_to(layout.ROOT)}")
        run, seconds = timed(server.client, prompt, workflow)
        choice = Choice.of(prompt, run)
        files = collect(server.client, run, results)
        print(f"Check, not part of the workflow: finishing the {len(choice.dropped)} dropped candidates as well")
        quality = check(server, prompt, object_info, choice, results / SHEET)
    shutil.rmtree(folder)
    report = summary(choice, quality, comfyui.version, seconds, [*files, SHEET])
    (results / "summary.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"\n{choice.text}\n\n{scoreboard(choice, quality)}\n\n{conclusion(report)}\n\nThe files are in {results}:")
    print("\n".join(f"  {name}" for name in (*report["files"], "summary.json")))
    return report


def timed(client: Client, prompt: Prompt, workflow: dict[str, Any] | None = None) -> tuple[Run, float]:
    """Run a prompt with progress on the terminal; the run and its wall time. RunFailed if a node fails."""
    progress = Progress(prompt)
    start = time.monotonic()
    try:
        run = client.run(prompt, workflow=workflow, on_event=progress)
    finally:
        progress.close()
    if run.status != "success":
        raise RunFailed(run)
    return run, time.monotonic() - start


def collect(client: Client, run: Run, folder: Path) -> list[str]:
    """Put every file that a run saved into an emptied folder; their names."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = list(run.files())
    for file in files:
        (folder / file["filename"]).write_bytes(client.view(file))
    return [file["filename"] for file in files]


def check(server: Server, prompt: Prompt, object_info: dict[str, dict[str, Any]], choice: Choice,
          sheet: Path) -> list[float]:
    """The oracle's quality of every candidate, dropped ones finished too, in the order of the batch.

    Saves a picture of all of them to `sheet`.
    """
    run, _ = timed(server.client, check_prompt(prompt, object_info))
    frames: dict[int, list[str]] = dict(zip(choice.kept, clips(run, KEPT_FRAMES, len(choice.kept), server.output)))
    if choice.dropped:
        frames |= zip(choice.dropped, clips(run, DROPPED_FRAMES, len(choice.dropped), server.output))
    ordered = [frames[row] for row in sorted(frames)]
    quality = judge(server.comfyui, choice.text, ordered)
    draw_sheet(server.comfyui, sheet, {"clips": ordered, "scores": choice.scores, "kept": choice.kept,
                                       "quality": quality, "prompt": choice.text, "step": choice.step})
    return quality


def summary(choice: Choice, quality: Sequence[float], version: str, seconds: float,
            files: Sequence[str]) -> dict[str, Any]:
    """What summary.json holds. The oracle's figures come from the check; evaluations and seconds leave it out."""
    return {
        "comfyui_version": version,
        "candidates": len(choice.scores),
        "keep": len(choice.kept),
        "steps": choice.steps,
        "prune_step": choice.step,
        "sigma": choice.sigma,
        "scores": choice.scores,
        "kept": choice.kept,
        "oracle": {
            "kept_mean": mean([quality[row] for row in choice.kept]),
            "all_mean": mean(quality),
            "best": max(quality),
        },
        "evaluations": choice.evaluations(),
        "seconds": round(seconds, 2),
        "files": list(files),
    }


def scoreboard(choice: Choice, quality: Sequence[float]) -> str:
    """The candidates as a table, best score first."""
    order = sorted(range(len(choice.scores)), key=lambda row: -choice.scores[row])
    rows = [(str(row), str(choice.seed), str(choice.indices[row]), f"{choice.scores[row]:+.3f}",
             "kept" if row in choice.kept else f"dropped at step {choice.step}", f"{quality[row]:.3f}")
            for row in order]
    return table(("candidate", "seed", "batch index", "score", "outcome", "oracle (check)"), rows)


def conclusion(report: dict[str, Any]) -> str:
    """The two sentences that the numbers come down to."""
    oracle, cost = report["oracle"], report["evaluations"]
    return (f"Kept {report['keep']} of {report['candidates']} at step {report['prune_step']} of {report['steps']} "
            f"(sigma {report['sigma']:.3f}): {cost['spent']:.1f} evaluations instead of {cost['plain']}, "
            f"{report['seconds']:.1f} seconds.\n"
            f"Oracle quality from 0 to 1: kept {oracle['kept_mean']:.3f}, all candidates {oracle['all_mean']:.3f}, "
            f"best of all {oracle['best']:.3f}.")


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
