"""The page's JavaScript is checked against the front end's published types, as TypeScript reads its JSDoc."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from launcher import layout

HERE = Path(__file__).parent
PLACE = layout.BUILD / "types"
SOURCES = layout.ROOT / "web"


@pytest.fixture(scope="module")
def compiler() -> Path:
    """TypeScript, with the front end's types beside it; skipped where npm is missing or cannot fetch them."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("there is no npm on this machine (Debian: apt install npm)")
    wanted = (HERE / "package.json").read_text(encoding="utf-8")
    stamp = PLACE / "installed"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        PLACE.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", PLACE)
        install = subprocess.run(
            [npm, "install", "--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=PLACE, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
        if install.returncode:
            pytest.skip(f"npm could not fetch TypeScript and the types: {install.stderr[-500:]}")
        stamp.write_text(wanted, encoding="utf-8")
    return PLACE / "node_modules" / "typescript" / "bin" / "tsc"


@pytest.fixture
def site(compiler: Path) -> Path:
    """The page's files where a server shows them, since they import /scripts/app.js by a relative path."""
    served = PLACE / "extensions"
    shutil.rmtree(served, ignore_errors=True)
    shutil.rmtree(PLACE / "scripts", ignore_errors=True)
    shutil.copytree(SOURCES, served / layout.PACK, ignore=shutil.ignore_patterns("docs"))
    (PLACE / "scripts").mkdir()
    for shim in (HERE / "types").glob("*.d.ts"):
        shutil.copy(shim, PLACE / "scripts")
    shutil.copy(HERE / "types" / "tsconfig.json", PLACE)
    return served / layout.PACK


def complaints(compiler: Path) -> str:
    """What TypeScript says; empty if nothing."""
    node = shutil.which("node")
    done = subprocess.run([node, str(compiler), "--project", str(PLACE), "--pretty", "false"], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def test_the_page_is_well_typed(compiler: Path, site: Path) -> None:
    assert complaints(compiler) == ""


def test_a_mistake_is_found(compiler: Path, site: Path) -> None:
    (site / "prism").mkdir(exist_ok=True)
    (site / "prism" / "mistake.mjs").write_text(
        'import { app } from "../../../scripts/app.js";\n'
        'import { api } from "../../../scripts/api.js";\n'
        'app.registerExtension({ name: "x", nodeCreatedd() {} });\n'
        'app.registerExtension({ name: "x", nodeCreated(node) { node.addDOMWidget("a", "b", new Image(), {}); } });\n'
        'api.addEventListener("prism.run", (event) => { const { detail } = event; detail.run; });\n', encoding="ascii")
    lines = [line for line in complaints(compiler).splitlines() if "mistake.mjs" in line]
    assert len(lines) == 2, lines
    assert "mistake.mjs(3" in lines[0] and "nodeCreatedd" in lines[0]
    assert "mistake.mjs(5" in lines[1] and "unknown" in lines[1]
