"""Where scenes are played: one server with the Shapes models, one browser."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import Browser, sync_playwright

from launcher import layout
from launcher.comfyui import DEFAULT, released
from launcher.errors import LauncherError
from launcher.server import Server, free_port
from tests.web import chromium
from tests.web.comfy_page import ComfyPage

SCALE = 1.4  # pixels of a picture for one of the page: sharp on fine screens, and where a help page is pulled wide
# By default nodes show the first frame of a clip alone, and a node that was clicked has a bar of tools above it.
SETTINGS = {"Comfy.PreviewFormat": "", "Comfy.Canvas.SelectionToolbox": False}


class Studio:
    """Opens pages, each for one scene."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.browser, self.server = browser, server

    @contextmanager
    def page(self, workflow: str, renderer: str = "nodes2", theme: str = "dark",
             scale: float = SCALE) -> Iterator[ComfyPage]:
        """A page with a bundled workflow in it, of which no earlier run is known."""
        comfy = chromium.new_page(self.browser, self.server, renderer, theme, scale)
        self.server.client.post("/settings", SETTINGS)
        try:
            comfy.open()
            comfy.load_workflow(workflow, str(uuid4()))
            yield comfy
            comfy.check_console()
        finally:
            comfy.page.context.close()


@contextmanager
def open_studio() -> Iterator[Studio]:
    """A studio. LauncherError where there is no Chromium."""
    path = chromium.program()
    if path is None:
        raise LauncherError("There is no Chromium on this machine (Debian: apt install chromium).")
    layout.BUILD.mkdir(exist_ok=True)
    with (tempfile.TemporaryDirectory(prefix="pictures-", dir=layout.BUILD) as folder,
          Server(released(DEFAULT), Path(folder), free_port()) as server, sync_playwright() as playwright):
        browser = chromium.launch(playwright, path)
        try:
            yield Studio(browser, server)
        finally:
            browser.close()
