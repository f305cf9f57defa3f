"""The demo's own check: what the dropped candidates would have become, and how good all of them are.

It runs after the artist's run, as a prompt of its own, and its cost is counted nowhere.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import layout
from .client import Prompt, Run
from .comfyui import ComfyUI
from .errors import LauncherError, quoted
from .graph import GraphError, downstream, find, is_link
from .process import clean_environment

SURVIVORS, DROPPED = 0, 1  # outputs of PrismPruneLatents
KEPT_FRAMES, DROPPED_FRAMES = "check kept", "check dropped"


def check_prompt(prompt: Prompt, object_info: dict[str, dict[str, Any]]) -> Prompt:
    """The prompt with the steps behind the survivors repeated for the dropped rows, every clip saved as frames.

    The second half keeps all its settings; only the saving differs, because the clips that the artist gets may be
    compressed and the oracle wants the pixels.
    """
    prune = find(prompt, "PrismPruneLatents")
    finishing = [name for name in downstream(prompt, (prune, SURVIVORS))
                 if not object_info[prompt[name]["class_type"]]["output_node"]]
    decode = next((name for name in finishing if prompt[name]["class_type"].startswith("VAEDecode")), None)
    if decode is None:
        raise GraphError("Nothing in the workflow decodes the survivors; the demo's check needs a VAE Decode there.")
    checked = {name: node for name, node in prompt.items() if not object_info[node["class_type"]]["output_node"]}
    checked |= {f"dropped {name}": _repeat(prompt[name], prune, finishing) for name in finishing}
    checked[KEPT_FRAMES] = save_frames(decode, "check/kept")
    checked[DROPPED_FRAMES] = save_frames(f"dropped {decode}", "check/dropped")
    return checked


def _repeat(node: dict[str, Any], prune: str, finishing: Sequence[str]) -> dict[str, Any]:
    """A copy of a node that works on the dropped rows instead of the survivors."""
    copied = copy.deepcopy(node)
    for name, value in copied["inputs"].items():
        if is_link(value) and tuple(value) == (prune, SURVIVORS):
            copied["inputs"][name] = [prune, DROPPED]
        elif is_link(value) and value[0] in finishing:
            copied["inputs"][name] = [f"dropped {value[0]}", value[1]]
    return copied


def save_frames(images: str, prefix: str) -> dict[str, Any]:
    """A stock node that saves frames without loss."""
    return {"class_type": "SaveImage", "inputs": {"images": [images, 0], "filename_prefix": prefix},
            "_meta": {"title": "Check: save frames"}}


def clips(run: Run, node: str, count: int, output: Path) -> list[list[str]]:
    """The frame files of `count` clips that a node of the check saved, clip by clip."""
    files = [str(output / file["subfolder"] / file["filename"]) for file in run.files(node)]
    if not count or len(files) % count:
        raise LauncherError(f"The check saved {len(files)} frames for {count} clips; they cannot be told apart.")
    length = len(files) // count
    return [files[start:start + length] for start in range(0, len(files), length)]


def judge(comfyui: ComfyUI, prompt: str, frames: Sequence[Sequence[str]]) -> list[float]:
    """The oracle's quality in [0, 1] of each clip, given as frame files."""
    return json.loads(_run_script(comfyui, "oracle_check.py", {"prompt": prompt, "clips": frames}))


def draw_sheet(comfyui: ComfyUI, file: Path, task: dict[str, Any]) -> None:
    """Save a picture of all candidates; `task` as launcher/contact_sheet.py describes it, without the file."""
    _run_script(comfyui, "contact_sheet.py", {**task, "file": str(file)})


def _run_script(comfyui: ComfyUI, name: str, task: dict[str, Any]) -> str:
    """Run one of our scripts with the Python that has torch and Pillow; what it writes to standard output."""
    answer = subprocess.run(
        [str(comfyui.python), str(layout.ROOT / "launcher" / name)], env=clean_environment(), input=json.dumps(task),
        capture_output=True, text=True, encoding="utf-8")
    if answer.returncode != 0:
        raise LauncherError(f"The demo's check failed in {name}:\n{quoted(answer.stderr.splitlines()[-8:])}")
    return answer.stdout
