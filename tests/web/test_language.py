"""The panel speaks the language of ComfyUI, and follows it while it is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from launcher.server import Server
from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.views import send, view

WORKFLOW, NODE = "prism_best_of_n_shapes", "PrismBestOfN"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def english_again(comfyui: Server) -> Iterator[None]:
    """The server keeps its language for every page that is opened: leave it as it was."""
    yield
    comfyui.client.post("/settings", {"Comfy.Locale": "en"})


@pytest.fixture
def panel(comfy: ComfyPage) -> Panel:
    """A bundled workflow's panel that shows a run."""
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.graph("node.pos = [-900, 0]", NODE)
    comfy.show(NODE, 0.9)
    send(comfy, view(comfy, NODE))
    panel = Panel(comfy)
    panel.wait("sampling")
    return panel


def test_a_panel_speaks_another_language_at_once(panel: Panel) -> None:
    change = "window.app.ui.settings.dispatchChange('Comfy.Locale', value, '')"
    assert panel.headline.startswith("Sampling 8 candidates") and panel.root.get_attribute("lang") == "en"
    panel.comfy.graph(change, value="zh")
    panel.comfy.poll(lambda: CHINESE.search(panel.headline), what="Chinese")
    assert panel.root.get_attribute("lang") == "zh-CN" and CHINESE.search(panel.label(2))
    panel.comfy.graph(change, value="fr")
    panel.comfy.poll(lambda: panel.headline.startswith("Sampling 8 candidates"), what="English again")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_setting_is_followed(panel: Panel, english_again: None) -> None:
    comfy = panel.comfy
    comfy.page.evaluate("() => window.app.extensionManager.setting.set('Comfy.Locale', 'zh')")
    # ComfyUI opens the workflow anew: the panel is another one afterwards.
    comfy.page.locator(".prism-headline", has_text=CHINESE).wait_for()
    assert comfy.page.locator(".prism-panel").count() == 1
