"""What the pack costs ComfyUI's start, measured in a real one with -X importtime."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from launcher import layout
from launcher.comfyui import released
from launcher.link import link_pack
from launcher.process import clean_environment

SECONDS = 0.2
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|( *)(\S+)")


def start(folder: Path) -> list[tuple[int, int, str]]:
    """Starts ComfyUI with the pack, as far as its nodes are registered; (depth, own microseconds, module) in order."""
    comfyui = released(report=lambda line: None)
    done = subprocess.run(
        [comfyui.python, "-X", "importtime", "main.py", "--cpu", "--quick-test-for-ci", "--disable-all-custom-nodes",
         "--whitelist-custom-nodes", layout.PACK, "--base-directory", folder, "--extra-model-paths-config",
         link_pack(folder), "--database-url", "sqlite:///:memory:"],
        cwd=comfyui.root, env=clean_environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return [(len(indent), int(own), name) for own, _, indent, name in LINE.findall(done.stderr)]


def caused_by(lines: list[tuple[int, int, str]], ours: str) -> list[tuple[int, str]]:
    """The modules that were first imported by a module of ours; a line stands behind, and left of, what it imported."""
    found, depth = [], None
    for level, own, name in reversed(lines):
        if depth is not None and level <= depth:
            depth = None
        if depth is None and ours in name:
            depth = level
        if depth is not None:
            found.append((own, name))
    return found


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("import")
    start(folder)    # compiles the pack's modules once
    return caused_by(start(folder), f"{layout.PACK}.")


def seconds(lines: list[tuple[int, str]]) -> float:
    return sum(own for own, _ in lines) / 1e6


def test_importing_the_pack_is_quick(imported, tmp_path):
    assert len(imported) > 10, "the pack was not imported"
    # Whatever else the machine is doing only adds to it: the quickest of a few starts is what the pack itself costs.
    again = (seconds(caused_by(start(tmp_path), f"{layout.PACK}.")) for _ in range(3))
    assert seconds(imported) < SECONDS or any(found < SECONDS for found in again), imported


def test_importing_the_pack_loads_nothing_else(imported):
    assert [name for _, name in imported if f"{layout.PACK}." not in name] == []


def test_the_pack_is_harmless_outside_comfyui():
    """Importing it where there is no ComfyUI defines no node and imports none of its parts."""
    code = ("import importlib.util, sys; before = set(sys.modules);"
            f"spec = importlib.util.spec_from_file_location('prism', {str(layout.ROOT / '__init__.py')!r});"
            "module = importlib.util.module_from_spec(spec); sys.modules['prism'] = module; spec.loader.exec_module(module);"
            "assert not hasattr(module, 'NODES'); assert set(sys.modules) - before == {'prism'}, set(sys.modules) - before")
    done = subprocess.run([released(report=lambda line: None).python, "-c", code], cwd=Path(layout.ROOT.anchor),
                          env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
