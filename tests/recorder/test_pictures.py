"""The pictures that the pages show: there, alive, small, and none that nobody looks at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from launcher import layout
from recorder.scenes import (
    ALL_BYTES,
    HELP,
    HELP_BYTES,
    HELP_FOLDER,
    POSTER_BYTES,
    README_BYTES,
    README_FOLDER,
    help_file,
    thumbnail,
)

DOCS = layout.ROOT / "web" / "docs"
NODES = sorted(json.loads((layout.ROOT / "tests" / "nodes" / "schema.json").read_text(encoding="utf-8")))
WORKFLOWS = sorted(path.stem for path in layout.WORKFLOWS.glob("*.json"))
MARKDOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r"\bsrc(?:set)?=\"([^\"]+)\"")


def pictures(page: Path) -> Iterator[tuple[str, str]]:
    """Alt text and address of every picture of a page."""
    text = page.read_text(encoding="utf-8")
    yield from MARKDOWN.findall(text)
    for image in IMAGE.findall(text):
        alt = re.search(r"\balt=\"([^\"]*)\"", image)
        yield alt.group(1) if alt else "", SOURCE.findall(image)[0]
    for source in re.findall(r"<source\b[^>]*>", text):
        yield "the picture beside it says it", SOURCE.findall(source)[0]


def test_every_node_has_its_film() -> None:
    assert sorted(HELP) == NODES


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("node", NODES)
def test_every_help_page_shows_a_film_that_loops_for_ever(node: str, language: str) -> None:
    page = DOCS / node / f"{language}.md"
    # The front end looks for pictures from web/docs, on the pages of every language.
    shown = {DOCS / address: alt for alt, address in pictures(page)}
    file = help_file(node)
    assert file in shown, f"{page} does not show pictures/{file.name}"
    assert len(shown[file]) > 20 and '"' not in shown[file], "say what happens; the front end does not escape quotes"
    with Image.open(file) as film:
        assert film.format == "WEBP" and film.n_frames > 1 and film.info["loop"] == 0
        assert 280 <= film.width <= 1000, "the help panel shows some 280 pixels"
    assert file.stat().st_size <= HELP_BYTES


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_workflow_has_its_thumbnail(name: str) -> None:
    file = thumbnail(name)
    with Image.open(file) as picture:
        assert picture.format == "JPEG" and picture.width == picture.height >= 2 * 254
    assert file.stat().st_size <= POSTER_BYTES


@pytest.mark.parametrize("page", ["README.md", "docs/measured.md"])
def test_the_pictures_of_a_page_exist_and_say_what_they_show(page: str) -> None:
    path = layout.ROOT / page
    found = [*pictures(path)]
    assert found
    for alt, address in found:
        assert (path.parent / address).is_file(), address
        assert len(alt) > 10, f"say what {address} shows"


def test_the_readme_begins_with_a_film_that_loops_for_ever() -> None:
    film = README_FOLDER / "choose_and_tune.webp"
    assert film in [layout.ROOT / address for _, address in pictures(layout.ROOT / "README.md")]
    with Image.open(film) as opened:
        assert opened.n_frames > 1 and opened.info["loop"] == 0
    assert film.stat().st_size <= README_BYTES


def test_no_picture_is_unused_and_all_are_small_together() -> None:
    pages = [layout.ROOT / "README.md", *(layout.ROOT / "docs").glob("*.md"), *DOCS.rglob("*.md")]
    shown = {(base / address).resolve() for page in pages for _, address in pictures(page)
             for base in ((DOCS,) if DOCS in page.parents else (page.parent,))}
    figures = (layout.ROOT / "docs" / "figures").glob("*.png")
    kept = {*HELP_FOLDER.iterdir(), *README_FOLDER.iterdir(), *figures}
    assert kept - shown == set(), "no page shows these"
    assert {file.stem for file in layout.WORKFLOWS.glob("*.jpg")} == set(WORKFLOWS)
    assert sum(file.stat().st_size for file in (*kept, *layout.WORKFLOWS.glob("*.jpg"))) <= ALL_BYTES
