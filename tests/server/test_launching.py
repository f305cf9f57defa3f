"""The launcher with the real ComfyUI: what it starts, what it leaves behind."""

from __future__ import annotations

import os
import shutil
import urllib.request
from pathlib import Path

from launcher import layout
from launcher.client import Prompt
from launcher.comfyui import DEFAULT, ComfyUI, released
from launcher.server import Server, check_port, free_port

PICTURE: Prompt = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 2, "color": 255}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "folder/picture"}},
}


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file below a folder."""
    files = (Path(place) / name for place, _, names in os.walk(folder) for name in names)
    return {str(file.relative_to(folder)): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def test_server_is_the_pinned_comfyui_with_its_page(comfyui: Server) -> None:
    assert comfyui.client.get("/system_stats")["system"]["comfyui_version"] == DEFAULT
    with urllib.request.urlopen(comfyui.address, timeout=10) as page:
        assert b"<html" in page.read().lower()


def test_prompt_runs_saves_and_is_cached(comfyui: Server) -> None:
    seen: list[str] = []
    first = comfyui.client.run(PICTURE, on_event=lambda kind, data: seen.append(kind))
    assert first.status == "success" and "executing" in seen
    files = list(first.files("2"))
    assert len(files) == 2 and comfyui.client.view(files[0]).startswith(b"\x89PNG")
    assert (comfyui.output / "folder" / files[0]["filename"]).is_file()
    assert comfyui.client.run(PICTURE).cached == {"1", "2"}


def test_examples_are_offered_in_the_browser(comfyui: Server) -> None:
    assert "prism_prune_shapes" in comfyui.client.get("/workflow_templates")[layout.PACK]


def test_own_comfyui_stays_as_it_is_and_nothing_stays_running(tmp_path: Path) -> None:
    ours = released()
    root = tmp_path / "ComfyUI"
    shutil.copytree(ours.root, root, ignore=shutil.ignore_patterns("__pycache__"))
    before = contents(root)
    with Server(ComfyUI(root, ours.python, foreign=True), tmp_path / "run", free_port(), only_prism=False) as server:
        assert server.client.run(PICTURE).status == "success"
        assert "PrismPruneLatents" in server.client.object_info()
    assert contents(root) == before
    assert server.process.poll() is not None
    check_port(server.port)
