"""The panel speaks the language of ComfyUI, and follows it while it is open."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from launcher.server import Server
from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.views import card, send, sentence, view

WORKFLOW, NODE = "prism_best_of_n_shapes", "PrismBestOfN"
CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]{2,}")
# Names: of ours, of keys, of widgets, and of the noise left, which Chinese artists call by its Greek letter as well.
NAMES = {"PRISM", "Shift", "ComfyUI", "kept", "sigma", "KSampler", "LoRA"}
HEAD = "shapes_head"
EVERYTHING = """root => [root, ...root.querySelectorAll("*")].flatMap(each => [
    ...["aria-label", "title", "aria-valuetext", "placeholder"].map(name => each.getAttribute(name)),
    ...[...each.childNodes].filter(child => child.nodeType === Node.TEXT_NODE).map(child => child.data)])
    .filter(text => text?.trim())"""
WAITING = {"question": 1, "keep": 2, "suggested": [1], "deadline_s": 500.0, "outcome": "best", "has_head": True}


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


def english(panel: Panel) -> set[str]:
    """Words in Latin letters that the panel shows or says, but for names."""
    texts = panel.root.evaluate(EVERYTHING)
    assert any(CHINESE.search(text) for text in texts)
    return {word for text in texts for word in LATIN.findall(text.replace(HEAD, ""))} - NAMES


def fates(count: int = 8) -> list[dict[str, Any]]:
    """Two that were kept, and others that were dropped for all the reasons there are."""
    rank = sentence("rank 5 of 8 at step 5", "rank", rank=5, count=8, step=5)
    reasons = [rank, sentence("not chosen at step 5", "notChosenAt", step=5), sentence("", "alike", rank=rank, row=1),
               sentence("", "outrun", percent=3.2, rival=1, rank=rank), sentence("", "banned", step=5),
               sentence("not named in 'kept'", "notNamed")]
    kept = [card(row, state="kept", score=2.0, rank=row + 1) for row in range(count - len(reasons))]
    return kept + [card(count - 1 - row, state="dropped", dropped_at=5, score=0.5, reason=reason)
                   for row, reason in enumerate(reasons)]


STATES: dict[str, Callable[[], dict[str, Any]]] = {
    "sampling": lambda: {"judge": "head", "head": HEAD, "notes": [sentence("", "lora")]},
    "waiting": lambda: {"step": 5, "waiting": WAITING},
    "finished": lambda: {"step": 20, "candidates": fates(), "replay": "0, 1 #00000000", "notes": [
        sentence("", "pruningWaits", step=2, sigma=0.97, later=5, later_sigma=0.9,
                 doubt=sentence("", "untrained", low=0.2, high=0.93))]},
    "stopped": lambda: {},
    "failed": lambda: {},
}


@pytest.fixture
def chinese(comfyui: Server, english_again: None) -> None:
    """The server's language."""
    comfyui.client.post("/settings", {"Comfy.Locale": "zh"})


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_view_is_chinese(chinese: None, open_page: Callable[..., ComfyPage], renderer: str) -> None:
    comfy = open_page(renderer)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    panel = Panel(comfy)
    assert english(panel) == set()
    run = view(comfy, NODE)["run"]
    for seq, (status, fields) in enumerate(STATES.items()):
        send(comfy, view(comfy, NODE, run=run, seq=seq, status=status, **fields()))
        panel.wait(status)
        assert english(panel) == set(), status
    comfy.page.evaluate("window.app.api.dispatchCustomEvent('reconnecting')")
    comfy.poll(lambda: panel.root.get_attribute("data-online") == "false", what="the broken line")
    assert english(panel) == set()


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_staged_choice_is_chinese(chinese: None, open_page: Callable[..., ComfyPage], renderer: str) -> None:
    comfy, node = open_page(renderer), "PrismPruneLatents"
    comfy.load_workflow("prism_prune_shapes", str(uuid4()))
    panel = Panel(comfy, node)
    assert english(panel) == set()
    told = {"kept": [2, 5], "dropped": [0, 1, 3, 4], "candidates": [*range(6)], "scores": [5, 4, 9, 1, 0, 8]}
    send(comfy, {"node": comfy.node_id(node), "output": {"prism_kept": [json.dumps(told)]}}, event="executed")
    comfy.poll(lambda: panel.rows(state="kept") == [2, 5], what="the choice")
    assert english(panel) == set()


def test_a_refusal_is_chinese(chinese: None, open_page: Callable[..., ComfyPage]) -> None:
    comfy = open_page()
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.show(NODE)
    panel = Panel(comfy)
    send(comfy, view(comfy, NODE, status="waiting", step=5, waiting=WAITING))    # the server knows nothing of this run
    panel.wait("waiting")
    panel.press("all")
    problem = panel.root.locator(".prism-problem")
    problem.wait_for()
    assert CHINESE.search(problem.inner_text()) and english(panel) == set()


def test_titles_have_room(chinese: None, open_page: Callable[..., ComfyPage]) -> None:
    comfy = open_page()
    comfy.load_workflow({"nodes": [], "links": [], "version": 0.4})
    for kind in ("PrismRunReport", "PrismScoreChart", "PrismSplitCandidates", "PrismScoreLatents", "PrismLoadHead"):
        node = comfy.graph("String(graph.add(LiteGraph.createNode(value)) && graph.nodes.at(-1).id)", value=kind)
        # As litegraph draws it: what does not fit between two title heights is cut off.
        room, needed = comfy.graph("""(() => {
            const pen = document.createElement("canvas").getContext("2d");
            pen.font = node.titleFontStyle;
            return [node.size[0] - 2 * LiteGraph.NODE_TITLE_HEIGHT, pen.measureText(node.getTitle()).width];
        })()""", node)
        assert 0 < needed <= room, kind
