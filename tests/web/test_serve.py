"""`run.py serve` as somebody meets it for the first time: the link that it prints, opened in a browser, and Run."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from launcher import layout
from launcher.comfyui import DEFAULT, ComfyUI, released
from launcher.link import link_folder, unlink_folder
from launcher.server import Server, free_port
from launcher.welcome import FIRST
from tests.web import chromium
from tests.web.comfy_page import READY, ComfyPage
from tests.web.panel import Panel

INSTALLED = "ComfyUI-PRISM"


@pytest.fixture
def own_comfyui(tmp_path: Path) -> Iterator[Path]:
    """A person's ComfyUI, in whose custom_nodes this checkout has another name than the launcher would give it."""
    root = tmp_path / "ComfyUI"
    shutil.copytree(released(DEFAULT).root, root, ignore=shutil.ignore_patterns("__pycache__"))
    link = root / "custom_nodes" / INSTALLED
    link_folder(layout.ROOT, link)
    yield root
    unlink_folder(link)


@pytest.fixture(params=["the launcher's own", "a person's own"])
def options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Options of `run.py serve` that choose the ComfyUI."""
    own = request.param == "a person's own"
    return ("--comfyui", str(request.getfixturevalue("own_comfyui"))) if own else ()


@contextmanager
def serving(port: int, options: tuple[str, ...]) -> Iterator[str]:
    """Run `run.py serve` as a person does; gives the link that it tells to start with."""
    command = [sys.executable, "run.py", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=layout.ROOT, stdout=subprocess.PIPE, text=True)
    try:
        said = next((line for line in process.stdout if line.startswith("Start here: ")), None)
        assert said, "serve ended without a link"
        yield said.removeprefix("Start here: ").strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        shutil.rmtree(layout.OUTPUT / f"serve-{port}")


def newcomer(browser: Browser, server: Server, link: str) -> ComfyPage:
    """The link opened by somebody who has never used this ComfyUI: no setting is made for them."""
    context = browser.new_context(viewport=chromium.VIEWPORT, reduced_motion="no-preference")
    context.set_default_timeout(chromium.TIMEOUT)
    comfy = ComfyPage(context.new_page(), server, "newcomer", "dark")
    comfy.page.goto(link)
    comfy.wait_for(READY)
    return comfy


def test_the_printed_link_leads_to_candidates(browser: Browser, options: tuple[str, ...]) -> None:
    port = free_port()
    server = Server(ComfyUI(layout.ROOT, Path(sys.executable)), layout.OUTPUT, port)
    with serving(port, options) as link:
        wanted = parse_qs(urlsplit(link).query)
        assert wanted["template"] == [FIRST] and FIRST in server.client.get("/api/workflow_templates")[wanted["source"][0]]
        comfy = newcomer(browser, server, link)
        comfy.wait_for("type => window.app.rootGraph.nodes.some(node => node.type === type)", "PrismBestOfN")
        comfy.run()
        assert comfy.wait_for_end().status == "success"
        panel = Panel(comfy)
        panel.wait("finished")
        comfy.poll(lambda: len(panel.playing()) == panel.cards.count() > 1, what="a preview on each card")
        scores = panel.root.locator(".prism-score").all_inner_texts()
        comfy.screenshot("serve")
        comfy.page.context.close()
    comfy.check_console()
    assert len(scores) == 8 and all(re.fullmatch(r"-?\d+\.\d\d", score) for score in scores), scores
