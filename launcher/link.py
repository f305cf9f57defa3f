"""Showing this checkout to a ComfyUI as a custom node without copying it or touching ComfyUI's folder."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from . import layout
from .errors import LauncherError


def link_pack(folder: Path, pack: Path = layout.ROOT, name: str = layout.PACK) -> Path:
    """Put a link to `pack` into folder/custom_nodes, a folder of its own so that nothing else is loaded from it.

    Returns folder/paths.yaml, which tells ComfyUI (--extra-model-paths-config) to look there.
    """
    custom_nodes = folder / "custom_nodes"
    custom_nodes.mkdir(parents=True, exist_ok=True)
    link_folder(pack, custom_nodes / name)
    paths = folder / "paths.yaml"
    # JSON is YAML; it quotes whatever characters the path has.
    paths.write_text(json.dumps({name: {"custom_nodes": str(custom_nodes)}}, ensure_ascii=False), encoding="utf-8")
    return paths


def link_folder(target: Path, link: Path) -> None:
    """Make `link` lead to the folder `target`, replacing an older link."""
    unlink_folder(link)
    try:
        os.symlink(target, link, target_is_directory=True)
    except OSError as problem:
        if os.name != "nt":
            raise LauncherError(f"Cannot link {target} into {link.parent}: {problem}.\n"
                                "Move the checkout to a file system that has symbolic links.") from problem
        # Windows lets only administrators and developer mode make symbolic links; anybody may make a junction.
        subprocess.run(["cmd", "/c", "mklink", "/J", str(link), str(target)], check=True, capture_output=True)


def unlink_folder(link: Path) -> None:
    """Remove a link, never what it leads to."""
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        os.rmdir(link)  # a junction; a real folder with contents is refused by the system


def installed_in(custom_nodes: Path, pack: Path = layout.ROOT) -> str | None:
    """The name under which this very checkout already lies in a ComfyUI's custom_nodes, if it does."""
    if not custom_nodes.is_dir():
        return None
    return next((entry.name for entry in custom_nodes.iterdir() if entry.resolve() == pack.resolve()), None)
