"""What `run.py serve` prints, without a server. tests/web/test_serve.py opens its link."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launcher import layout
from launcher.comfyui import ComfyUI
from launcher.link import link_folder
from launcher.server import Server
from launcher.welcome import FIRST, start_link, welcome


def serving(folder: Path, name: str | None, port: int = 8123) -> Server:
    """A server, not started, of a ComfyUI in whose custom_nodes this checkout has that name, or does not lie."""
    (folder / "custom_nodes").mkdir()
    if name:
        link_folder(layout.ROOT, folder / "custom_nodes" / name)
    return Server(ComfyUI(folder, Path(sys.executable)), folder / "run", port)


@pytest.mark.parametrize(("name", "source"), [(None, "prism"), ("ComfyUI-PRISM_1.0", "ComfyUI-PRISM_1.0")])
def test_the_first_line_is_the_link_to_the_first_example(tmp_path: Path, name: str | None, source: str) -> None:
    lines = welcome(serving(tmp_path, name)).splitlines()
    assert lines[0] == f"Start here: http://127.0.0.1:8123/?template=prism_best_of_n_shapes&source={source}"
    assert any(f"Browse Templates > {source}" in line and "*_shapes run at once" in line for line in lines)


def test_no_link_that_the_page_would_not_follow(tmp_path: Path) -> None:
    server = serving(tmp_path, "prism (copy)")
    assert start_link(server) is None
    assert "Start here" not in welcome(server) and "Browse Templates > prism (copy)" in welcome(server)


def test_the_first_example_is_there_and_the_readme_has_its_link(tmp_path: Path) -> None:
    link = start_link(serving(tmp_path, None, port=8188))
    assert f"`{link}`" in (layout.ROOT / "README.md").read_text(encoding="utf-8")
    assert (layout.WORKFLOWS / f"{FIRST}.json").is_file()
