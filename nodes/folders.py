"""Where head files and the Shapes models lie, told to ComfyUI once at start-up."""

from __future__ import annotations

import os
from pathlib import Path

import folder_paths

HEADS = "prism_heads"
WEIGHTS = Path(__file__).parent.parent / "prism_core" / "shapes" / "weights"


def register() -> None:
    """Add the pack's own weights to the search paths, behind everything of the user's; nothing is read or written."""
    for kind in ("diffusion_models", "vae"):
        folder_paths.add_model_folder_path(kind, str(WEIGHTS / kind))
    # A new key would list files of every extension; one from extra_model_paths.yaml is already there.
    known, _ = folder_paths.folder_names_and_paths.get(HEADS, ([], set()))
    ours = [os.path.join(folder_paths.models_dir, HEADS), str(WEIGHTS / HEADS)]
    paths = [*known, *(path for path in ours if path not in known)]
    folder_paths.folder_names_and_paths[HEADS] = (paths, {".safetensors"})


def head_names() -> list[str]:
    """Every head file that ComfyUI can see."""
    return folder_paths.get_filename_list(HEADS)


def head_path(name: str) -> str:
    """The file of a head by the name it is listed under.

    Raises:
        ValueError: no such file in a heads folder, whatever else the name may point to.
    """
    path = folder_paths.get_full_path(HEADS, name)
    if path is None or name not in head_names():
        raise ValueError(
            f"There is no head '{name}' in {' or '.join(folder_paths.get_folder_paths(HEADS))}. "
            "Put the .safetensors file there and press R in the browser to refresh the list.")
    return path
