"""The layers of the pack: who may import whom, and what importing the library costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMFYUI = {"comfy", "comfy_api", "comfy_execution", "comfy_extras", "folder_paths", "server"}
COMFYUI |= {"execution", "latent_preview", "nodes", "node_helpers"}
LIBRARY = {"torch", "numpy", "safetensors", "einops"}


def sources(folder: str) -> list[Path]:
    """Every Python source of one layer."""
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    """(level, module) of every import in a file, inside functions too; level 0 is absolute."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.level, node.module))
        elif isinstance(node, ast.ImportFrom):
            found += [(node.level, alias.name) for alias in node.names]
    return found


def absolute(path: Path) -> set[str]:
    """Top-level packages that a file imports absolutely."""
    return {module.split(".")[0] for level, module in imports(path) if level == 0}


def reached(path: Path) -> set[str]:
    """Parts of the pack that the relative imports of a file lead to, as first folder names."""
    parts = path.relative_to(ROOT).parts[:-1]
    found = set()
    for level, module in imports(path):
        if level:
            target = (*parts[: len(parts) - level + 1], *module.split("."))
            found.add(target[0])
    return found


def test_there_is_a_library_to_check():
    names = {path.stem for path in sources("prism_core")}
    assert {"head", "preference", "checkpoint", "backbones", "pruning", "reliability"} <= names


def test_the_library_knows_neither_comfyui_nor_the_nodes():
    for path in sources("prism_core"):
        assert not absolute(path) & (COMFYUI | {"prism_core"}), path
        assert reached(path) <= {"prism_core"}, path


def test_the_library_at_its_heart_needs_only_what_comfyui_brings():
    for path in (ROOT / "prism_core").glob("*.py"):
        assert absolute(path) <= LIBRARY | set(sys.stdlib_module_names), path


@pytest.mark.skipif(not (ROOT / "nodes").is_dir(), reason="no nodes in this checkout")
def test_the_nodes_import_the_pack_relatively_and_never_the_page():
    for path in sources("nodes"):
        assert not absolute(path) & {"prism_core", "web"}, path
        assert reached(path) <= {"nodes", "prism_core"}, path


@pytest.mark.parametrize("folder", ["prism_core", "nodes"])
def test_sources_are_ascii_and_never_evaluate_or_unpickle(folder):
    for path in sources(folder):
        source = path.read_text(encoding="utf-8")
        assert source.isascii(), path
        names = {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
        assert not names & {"eval", "exec", "__import__"}, path
        assert not absolute(path) & {"pickle", "dill", "cloudpickle"}, path


def test_the_package_itself_imports_nothing():
    code = (
        "import importlib.util, sys; before = set(sys.modules);"
        f"path = {str(ROOT / 'prism_core')!r};"
        "spec = importlib.util.spec_from_file_location('prism_core', path + '/__init__.py',"
        " submodule_search_locations=[path]);"
        "module = importlib.util.module_from_spec(spec); sys.modules['prism_core'] = module;"
        "spec.loader.exec_module(module); print(sorted(set(sys.modules) - before))"
    )
    found = subprocess.run(
        [sys.executable, "-IBc", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "['prism_core']"


@pytest.mark.parametrize("folder", ["prism_core", "nodes"])
def test_no_part_of_the_pack_touches_the_import_path(folder):
    # ComfyUI has a top-level module `nodes`; with our root on the path, the pack would shadow it
    for path in sources(folder):
        attributes = [
            n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Attribute)
        ]
        # to look whether ComfyUI has loaded something, sys.modules.get(...), changes nothing
        looked_up = {n.value for n in attributes if n.attr == "get"}
        used = {
            f"{n.value.id}.{n.attr}"
            for n in attributes
            if isinstance(n.value, ast.Name) and n not in looked_up
        }
        assert not used & {"sys.path", "sys.meta_path", "sys.modules"}, path
