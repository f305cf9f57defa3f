"""A real ComfyUI server and a real Chromium.

`comfy` is an open page (tests.web.comfy_page.ComfyPage): `comfy.load_workflow(name)`, `comfy.set_widget(node, keep=2)`,
`comfy.run()`, `comfy.wait_for_end()`, `comfy.screenshot(name)`, `comfy.page` is Playwright's page. Another renderer or
theme is asked for by

    @pytest.mark.parametrize("renderer", RENDERERS)
    @pytest.mark.parametrize("theme", THEMES)

(both from tests.web.comfy_page) and a second page by `open_page(renderer, theme)`. A test fails when one of its pages
had an error or a warning of ours in its console; what a failed test's pages showed at last is kept in
build/screenshots. Settings belong to the server: the renderer and the theme of the page opened last hold for what an
earlier page opens or reloads afterwards.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from launcher.comfyui import DEFAULT, ComfyUI, released
from launcher.process import clean_environment
from launcher.server import Server, free_port
from tests.web import chromium
from tests.web.comfy_page import SCREENSHOTS, ComfyPage


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The ComfyUI that the launcher uses, for the whole session, with tiny models for its own video templates."""
    release, folder = released(DEFAULT), tmp_path_factory.mktemp("comfyui")
    paths = write_tiny_models(release, folder / "tiny_models")
    with Server(release, folder, free_port(), options=("--extra-model-paths-config", str(paths))) as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; without one the test is skipped."""
    path = chromium.program()
    if path is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        opened = chromium.launch(playwright, path)
        yield opened
        opened.close()


@pytest.fixture
def renderer() -> str:
    """How nodes are drawn: "canvas", or "nodes2" for Nodes 2.0."""
    return "canvas"


@pytest.fixture
def theme() -> str:
    """The colour palette: "dark" or "light"."""
    return "dark"


@pytest.fixture
def open_page(browser: Browser, comfyui: Server, request: pytest.FixtureRequest) -> Iterator[Callable[..., ComfyPage]]:
    """Opens pages, each like another person's browser."""
    pages: list[ComfyPage] = []

    def open_page(renderer: str = "canvas", theme: str = "dark") -> ComfyPage:
        page = chromium.new_page(browser, comfyui, renderer, theme)
        pages.append(page)
        page.open()
        return page

    yield open_page
    if getattr(request.node, "failed", False):
        keep_pictures(pages, request.node.name)
        stop_everything(comfyui)
    for page in pages:
        page.page.context.close()
    for page in pages:
        page.check_console()


@pytest.fixture
def comfy(open_page: Callable[..., ComfyPage], renderer: str, theme: str) -> ComfyPage:
    """A page in this test's renderer and theme."""
    return open_page(renderer, theme)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell the fixtures that a test failed, for they come to an end before its result is known to them."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


def write_tiny_models(comfyui: ComfyUI, folder: Path) -> Path:
    """Models of random weights under official names; a file that tells ComfyUI where they are."""
    program = Path(__file__).with_name("write_tiny_models.py")
    done = subprocess.run([comfyui.python, program, folder], capture_output=True, text=True,
                          env=clean_environment({"PYTHONPATH": str(comfyui.root)}))
    assert done.returncode == 0, done.stderr
    kinds = {kind.name: kind.name for kind in folder.iterdir()}
    paths = folder / "paths.yaml"
    paths.write_text(json.dumps({"tiny": {"base_path": str(folder), **kinds}}), encoding="ascii")
    return paths


def stop_everything(server: Server) -> None:
    """Leave no run that waits for an answer to the tests that follow."""
    server.client.post("/queue", {"clear": True})
    server.client.interrupt()


def keep_pictures(pages: list[ComfyPage], name: str) -> None:
    """A picture of each page that can still be photographed."""
    for number, page in enumerate(pages):
        try:
            page.page.screenshot(path=SCREENSHOTS / f"failed_{name}_{number}.png".replace("/", "-"))
        except Error:
            continue  # the test closed it
