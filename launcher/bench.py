"""The benchmarks: run in a process of their own that holds ComfyUI, shown as tables, kept as JSON."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import bench_page, bench_tune, comfyui, layout
from .console import table
from .errors import LauncherError
from .process import clean_environment
from .server import GUARD, STOP_SECONDS, own_group

START = layout.ROOT / "benchmarks" / "start.py"
MEASURES = ("what", "ideal", "measured", "middle half", "model", "head", "outside")


def bench(arguments: Sequence[str]) -> int:
    """Carry out `run.py bench ...`; the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.json and not chosen.json.resolve().parent.is_dir():
        raise LauncherError(f"The folder of {chosen.json} does not exist, so the figures could not be kept.\n"
                            "Make it first, or name another file.")
    if chosen.benchmark == "page":
        found = bench_page.measure(chosen.quick, chosen.json is not None)
        text = bench_page.report(found)
    else:
        found = measure(comfyui.existing(chosen.comfyui) if chosen.comfyui else comfyui.released(), chosen)
        text = bench_tune.report(found) if chosen.benchmark == "tune" else report(found)
    print(f"\n{text}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"\nAll figures are in {chosen.json}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py bench", description="Measure what PRISM costs and saves.")
    names = parser.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    live = names.add_parser(
        "live", help="pruning inside the running sampler against ComfyUI's own",
        description="Runs the Shapes model plain, watched, pruned and in stages, again and again in changing order, "
                    "and compares medians. Takes some minutes; close other programs. Where there is an NVIDIA GPU it "
                    "also measures Wan 2.1 in its real size, with random weights: nothing is downloaded.")
    page = names.add_parser(
        "page", help="the panel in the browser: milliseconds a frame",
        description="Shows 32 candidates in Chromium, in both renderers of ComfyUI's page, and traces what script, "
                    "layout and paint cost. Takes about two minutes; close other programs.")
    tune = names.add_parser(
        "tune", help="whether what the chart promises comes true: seconds, and how often the best stays",
        description="Runs the Shapes workflows with other cuts than their own, and watches the test prompts. Takes about "
                    "a quarter of an hour; close other programs. It needs Node.")
    for one in (live, page, tune):
        one.add_argument("--json", type=Path, metavar="FILE", help="keep all figures there")
        one.add_argument("--quick", action="store_true",
                         help="few and short runs: shows that it works, not how fast it is")
    live.add_argument("--sizes", metavar="LIST",
                      help="on a GPU: which real sizes, such as 1.3B/33,14B/81, or none (default: 1.3B and 14B, each "
                           "with 33 and 81 frames)")
    for one in (live, tune):
        one.add_argument("--comfyui", type=Path, metavar="PATH",
                         help="an existing ComfyUI to use; nothing is written into it")
    return parser


def measure(comfy: comfyui.ComfyUI, chosen: argparse.Namespace) -> dict[str, Any]:
    """Run the benchmark that was chosen; its figures. LauncherError where it did not come to an end."""
    layout.BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=layout.BUILD))
    options = [*(["--quick"] if chosen.quick else []), *(["--sizes", chosen.sizes] if getattr(chosen, "sizes", None) else [])]
    words = " ".join(["python3 run.py bench", chosen.benchmark, *options, *(["--json FILE"] if chosen.json else [])])
    figures = folder / "figures.json"
    try:
        _run([comfy.python, GUARD, START, comfy.root, folder, chosen.benchmark, "--json", figures, "--command", words,
              *options], comfy.foreign)
        return json.loads(figures.read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: Sequence[str | Path], foreign: bool) -> None:
    """Run a program that ends with this one, however this one ends."""
    extra = {"HF_HUB_OFFLINE": "1", **({"PYTHONPYCACHEPREFIX": str(layout.BUILD / "bytecode")} if foreign else {})}
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, env=clean_environment(extra),
                               **own_group())
    try:
        code = process.wait()
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    if code != 0:
        raise LauncherError(f"The benchmark ended with exit code {code}; the reason stands above.\n"
                            "If a package cannot be imported, run `run.py demo` once: it mends the environment.")


def report(found: dict[str, Any]) -> str:
    """The figures for people."""
    machine = found["hardware"]
    where = machine.get("gpu") or f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads"
    head = f"{where}; torch {machine['torch']}, ComfyUI {machine['comfyui']}; {found['date']}"
    if found["quick"]:
        head += "\nA quick run: its times mean nothing."
    return "\n\n".join([head, *_scene(found), *(part for real in found.get("real_size", ()) for part in _scene(real))])


def _scene(found: dict[str, Any]) -> Iterator[str]:
    """The tables of one model."""
    run, runs = found["settings"], found["runs"]
    yield (f"{run['model']}: {run['candidates']} candidates, {run['keep']} kept, {run['steps']} steps of "
           f"{run['sampler']}, CFG {run['cfg']:g}, head: {run['head']}.\n"
           f"Seconds as shares of the plain batch, medians of {runs} runs; what the model, the head, all else took.")
    yield table(MEASURES, list(_shares(found)))
    match = "equal the formula in every run" if found["evaluations_match"] else "DIFFER FROM THE FORMULA"
    probe = found["probe"]
    yield (f"Evaluations counted at the model {match}.\n"
           f"Probe with its scores: {probe['measured']:.2f} evaluations a candidate, ideal {probe['ideal']:.2f}; the "
           f"model takes {100 * probe['probe_of_a_step']:.1f} % of a step for it, the head "
           f"{100 * probe['head_of_a_step']:.1f} %.\nPRISM's own time outside model and head: "
           f"{100 * found['outside_forwards']:.2f} % of the plain run; head at every step: "
           f"{100 * found['head_share']:.2f} %.")
    yield _memory(found)
    if found["scaling"]:
        yield table(("candidates", "clips, ideal", "clips, measured"),
                    [(str(row["n"]), f"{row['ideal']:.2f}", f"{row['clips']:.2f}") for row in found["scaling"]])


def _shares(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    yield _row("plain again", 1, found["spread"]["plain_against_plain"])
    yield _row("watching only", 1, found["watch"])
    yield _row("watching with a page, against watching", None, found["page_against_watch"])
    for cut in found["cuts"]:
        name = f"cut at {100 * cut['at']:.0f} %"
        yield _row(name, cut["ideal"], cut)
        if "staged" in cut:
            yield _row(f"{name}, staged graph", cut["ideal"], cut["staged_spread"])
    full = found["full_best_of_n"]
    if full:
        yield _row(f"cut at {100 * full['at']:.0f} %, against all sampled and decoded", None, full)


def _row(name: str, ideal: float | None, share: dict[str, float]) -> tuple[str, ...]:
    parts = (f"{share[part]:.3f}" if part in share else "" for part in ("model", "head", "outside"))
    middle = f"{share['low']:.3f} to {share['high']:.3f}"
    return name, "" if ideal is None else f"{ideal:.3f}", f"{share['measured']:.3f}", middle, *parts


def _memory(found: dict[str, Any]) -> str:
    memory = found["memory"]
    plain = memory["plain_batch_mb"] or {}
    rows = [(count, f"{peak:.2f}", *([f"{plain[count]:.2f}"] if plain else []))
            for count, peak in found["peak_mb"].items()]
    columns = ("candidates", "PRISM, MB", *(["plain batch, MB"] if plain else []))
    return (f"Memory: {memory['measure']}.\n{table(columns, rows)}\n"
            f"Each further candidate adds {memory['latents_a_candidate']:.1f} times its latent.")
