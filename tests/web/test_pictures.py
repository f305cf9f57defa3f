"""The pictures where ComfyUI shows them: on the help page of every node, and in the template browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator

from launcher import layout
from launcher.server import Server
from recorder.scenes import HELP
from tests.web.comfy_page import THEMES, ComfyPage
from tests.web.test_workflows import BUNDLED

NEW = """value.forEach((type, index) => {
    const made = LiteGraph.createNode(type);
    made.pos = [1000 * index, 0];
    graph.add(made);
})"""
TITLE = "app.canvas.convertOffsetToCanvas([node.pos[0] + 80, node.pos[1] - 15])"
LOADED = "images => images.length > 0 && images.every(image => image.complete && image.naturalWidth > 0)"


@pytest.fixture(params=["en", "zh", "fr"])
def language(comfyui: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The server's language, which it keeps for every page that is opened."""
    comfyui.client.post("/settings", {"Comfy.Locale": request.param})
    yield request.param
    comfyui.client.post("/settings", {"Comfy.Locale": "en"})


def loaded(comfy: ComfyPage, images: Locator, what: str) -> None:
    """Wait until there are images, and all of them are seen."""
    comfy.poll(lambda: images.evaluate_all(LOADED), what=what)


def test_the_film_of_every_node_is_seen_in_its_help(language: str, open_page: Callable[..., ComfyPage]) -> None:
    comfy = open_page("nodes2")
    comfy.load_workflow({"nodes": [], "links": [], "version": 0.4})
    comfy.graph(NEW, value=[*HELP])
    for number, node in enumerate(HELP):
        comfy.show(node)
        comfy.page.mouse.click(*comfy.graph(TITLE, node))
        if number == 0:
            comfy.page.get_by_test_id("info-button").click()
        page = comfy.page.locator(".node-help-content")
        loaded(comfy, page.locator(f'img[src$="/{node}.webp"]'), f"the film of {node}")
        loaded(comfy, page.locator("img, video"), f"every picture on the help page of {node}")
    comfy.screenshot(f"help_{language}")
    # Of a language that we do not have the front end hears so, and takes the page without a language.
    comfy.problems = [problem for problem in comfy.problems if not problem.rstrip(")").endswith("/fr.md")]


@pytest.mark.parametrize("theme", THEMES)
def test_every_template_is_shown_by_its_thumbnail(comfy: ComfyPage, theme: str) -> None:
    comfy.page.get_by_role("button", name="Templates").first.click()
    dialog = comfy.page.get_by_role("dialog")
    dialog.get_by_text(layout.PACK, exact=True).click()
    for name in BUNDLED:
        card = dialog.get_by_test_id(f"template-workflow-{name}")
        card.scroll_into_view_if_needed()  # they are loaded as they come into sight
        picture = card.locator("img").first
        loaded(comfy, picture, f"the thumbnail of {name}")
        assert picture.evaluate("image => image.naturalWidth === image.naturalHeight"), "squares fill the card"
        assert "default-template" not in (picture.get_attribute("src") or "")
    dialog.get_by_test_id(f"template-workflow-{BUNDLED[0]}").scroll_into_view_if_needed()
    comfy.screenshot("templates")
