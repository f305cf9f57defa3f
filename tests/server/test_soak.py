"""Two hundred runs, queued at once, leave the server as large as the first few did."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from launcher.comfyui import DEFAULT, released
from launcher.graph import find, to_prompt
from launcher.server import Server, free_port

RUNS, WARM, CANDIDATES = 200, 50, 16
ROW_MB = 4 * 16 * 3 * 16 * 16 / 1e6    # one candidate's latent of 9 frames of 128 x 128 pixels


# Freed memory goes back to the system at once, so that a process is as large as what it holds.
RETURNED_AT_ONCE = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "32768", "MALLOC_TRIM_THRESHOLD_": "65536"}


class TidyServer(Server):
    """A server that keeps no freed memory for later."""

    def variables(self) -> dict[str, str]:
        return {**super().variables(), **RETURNED_AT_ONCE}


@pytest.fixture
def tidy(tmp_path):
    with TidyServer(released(DEFAULT), tmp_path, free_port()) as server:
        yield server


def short_run(prompt: dict, seed: int) -> dict:
    """The one-node graph without its files: two steps, sixteen candidates, one kept; the report is what is asked for."""
    settings = {"PrismBestOfN": {"candidates": CANDIDATES, "prune_step": 1, "keep": 1},
                "KSampler": {"steps": 2, "seed": seed, "scheduler": "beta"},
                "EmptyHunyuanLatentVideo": {"width": 128, "height": 128, "length": 9}}
    changed = {name: {**node, "inputs": {**node["inputs"], **settings.get(node["class_type"], {})}}
               for name, node in prompt.items()}
    wanted = [find(prompt, "PrismRunReport")]
    for name in wanted:
        wanted += [value[0] for value in changed[name]["inputs"].values() if isinstance(value, list)]
    shown = {"class_type": "PreviewAny", "inputs": {"source": [wanted[0], 1]}}
    return {**{name: changed[name] for name in wanted}, "shown": shown}


def resident_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def wait_for(client, prompt_id: str, seconds: float = 300) -> dict:
    deadline = time.monotonic() + seconds
    while (entry := client.history(prompt_id)) is None:
        assert time.monotonic() < deadline, "the queue stands still"
        time.sleep(0.05)
    return entry


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads a process's size from /proc")
def test_two_hundred_queued_runs_leave_memory_flat(tidy, load_workflow):
    client = tidy.client
    prompt = to_prompt(load_workflow("prism_best_of_n_shapes"), client.object_info())
    queued = [client.queue(short_run(prompt, 1000 * run)) for run in range(RUNS)]
    wait_for(client, queued[WARM - 1])
    before = resident_mb(tidy.process.pid)
    last = wait_for(client, queued[-1])
    grown = resident_mb(tidy.process.pid) - before
    entries = [client.history(prompt_id) for prompt_id in queued]
    assert all(entry["status"]["status_str"] == "success" for entry in entries)
    reports = {entry["outputs"]["shown"]["text"][0] for entry in entries}
    assert len(reports) == RUNS and "seed 199000" in last["outputs"]["shown"]["text"][0]
    # Were the candidates of each run held somewhere, they alone would come to 118 MB.
    assert grown < (RUNS - WARM) * CANDIDATES * ROW_MB / 3, f"the server grew by {grown:.0f} MB"
