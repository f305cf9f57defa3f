"""The panel by itself: what it makes of the server's messages, and what it asks of the server. No sampling."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Route

from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.views import card, send, sheet, show_sheets, view

WORKFLOW, NODE = "prism_best_of_n_shapes", "PrismBestOfN"
WAITING = {"question": 1, "keep": 2, "suggested": [], "deadline_s": None, "outcome": "stop", "has_head": False}


class Server:
    """Stands in for the pack's routes: remembers what was posted, answers as it is told."""

    def __init__(self, comfy: ComfyPage) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.asked = 0
        self.runs: list[dict[str, Any]] = []
        self.refusal = ""
        comfy.page.route("**/prism/runs", self._list)
        for kind in ("answer", "marks"):
            comfy.page.route(f"**/prism/runs/*/{kind}", self._post)

    def _list(self, route: Route) -> None:
        self.asked += 1
        route.fulfill(json={"runs": self.runs})

    def _post(self, route: Route) -> None:
        self.posted.append((route.request.url.rsplit("/", 1)[1], json.loads(route.request.post_data)))
        route.fulfill(status=409 if self.refusal else 200, json={"error": self.refusal} if self.refusal else {})


@pytest.fixture
def routes(comfy: ComfyPage) -> Server:
    """The pack's routes, without the pack."""
    return Server(comfy)


@pytest.fixture
def panel(comfy: ComfyPage, routes: Server) -> Panel:
    """A bundled workflow's panel; pictures are there for up to 12 candidates."""
    show_sheets(comfy.page.context, 12)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.graph("node.pos = [-1200, 0]", NODE)
    comfy.show(NODE)
    return Panel(comfy)


def tell(panel: Panel, message: dict[str, Any]) -> None:
    """Let the page hear a message, and draw."""
    send(panel.comfy, message)
    panel.comfy.page.wait_for_timeout(100)


def focused(panel: Panel) -> str | None:
    """The row of the card with the keyboard's focus."""
    return panel.comfy.page.evaluate("document.activeElement.dataset.row")


def press(panel: Panel, *keys: str) -> None:
    """Type these, one after the other."""
    for key in keys:
        panel.comfy.page.keyboard.press(key)


def test_cards_change_in_place_and_old_messages_nothing(panel: Panel) -> None:
    first = view(panel.comfy, NODE, sheet=sheet([*range(8)]))
    tell(panel, first)
    panel.comfy.poll(lambda: len(panel.playing()) == 8, what="pictures")
    cards = panel.cards.element_handles()
    later = first | {"seq": 5, "step": 6, "status": "sampling", "sheet": sheet([1, 4], version=2), "candidates": [
        card(row, state="alive" if row in (1, 4) else "dropped", dropped_at=None if row in (1, 4) else 5,
             reason="" if row in (1, 4) else "lowest score") for row in range(8)]}
    tell(panel, later)
    tell(panel, first | {"seq": 4, "status": "failed"})
    assert panel.status == "sampling" and panel.rows(state="dropped") == [0, 2, 3, 5, 6, 7]
    assert "dropped at step 5" in panel.label(0) and "lowest score" in panel.label(0)
    assert "Dropped at step 5: 0, 2, 3, 5, 6, 7" in panel.headline
    assert all(one.evaluate("element => element.isConnected") for one in cards)
    assert len(panel.playing()) == 8, "a dropped candidate keeps its last picture"


def test_clicks_and_space_pin_and_ban(panel: Panel, routes: Server) -> None:
    tell(panel, view(panel.comfy, NODE))
    assert "Space pins" in panel.label(2)
    panel.card(2).click()
    panel.comfy.poll(lambda: "pinned" in panel.label(2) and "Space bans" in panel.label(2), what="a pin")
    press(panel, "Space")
    panel.comfy.poll(lambda: "banned" in panel.label(2), what="a ban")
    press(panel, "Space", "ArrowRight", "p", "ArrowDown", "b")
    panel.comfy.poll(lambda: len(routes.posted) == 5, what="five marks")
    assert [(mark["row"], mark["mark"]) for _, mark in routes.posted] == [
        (2, "pin"), (2, "ban"), (2, "none"), (3, "pin"), (int(focused(panel) or -1), "ban")]
    routes.refusal = "This run is over."
    press(panel, "b")
    panel.comfy.poll(lambda: "This run is over." in panel.root.inner_text(), what="the refusal")
    assert "banned" not in panel.label(int(focused(panel) or -1)), "what was refused is taken back"


def test_keys_choose_and_no_shortcut_of_the_canvas_fires(panel: Panel, routes: Server) -> None:
    comfy = panel.comfy
    tell(panel, view(comfy, NODE, count=12, status="waiting", step=5, waiting=WAITING))
    look = "[app.canvas.ds.scale, graph.nodes.map(node => `${node.id} ${node.mode} ${node.flags.collapsed}`).sort()]"
    before = comfy.graph(look)
    panel.card(0).focus()
    press(panel, "Enter")
    comfy.poll(lambda: "Choose at least one" in panel.root.inner_text(), what="the obstacle")
    press(panel, "Delete", "Backspace", ".", "r", "m", "n", "w", "q", "Escape")
    comfy.page.wait_for_timeout(300)
    assert comfy.graph(look) == before
    assert not comfy.page.locator(".side-bar-panel").is_visible(), "w, q, n and m open side bars on the canvas"
    panel.card(0).focus()
    press(panel, "3", "1", "1")
    comfy.poll(lambda: panel.rows(chosen="true") == [3, 11], what="candidates 3 and 11")
    press(panel, "Control+a")
    comfy.poll(lambda: len(panel.rows(chosen="true")) == 12, what="all")
    press(panel, "Escape", "7", "Enter", "Enter")
    comfy.poll(lambda: routes.posted, what="an answer")
    comfy.page.wait_for_timeout(200)
    assert routes.posted == [("answer", {"question": 1, "action": "keep", "rows": [7]})], "one answer a question"


def test_a_refused_answer_can_be_given_again(panel: Panel, routes: Server) -> None:
    routes.refusal = "Somebody else has answered already."
    tell(panel, view(panel.comfy, NODE, status="waiting", step=5, waiting=WAITING | {"suggested": [1]}))
    panel.press("keep")
    panel.comfy.poll(lambda: routes.refusal in panel.root.inner_text(), what="the refusal")
    assert panel.can("keep") and panel.rows(chosen="true") == [1]
    assert not panel.can("best"), "there is no head"


def test_runs_of_other_graphs_and_pages(panel: Panel) -> None:
    comfy = panel.comfy
    tell(panel, view(comfy, NODE, workflow=str(uuid4())))
    tell(panel, view(comfy, NODE, workflow="", client="somebody else"))
    tell(panel, view(comfy, "KSampler"))
    assert panel.status == "idle"
    tell(panel, view(comfy, NODE, client="another page", step=7))
    assert "step 7" in panel.headline
    tell(panel, view(comfy, NODE, step=2))
    assert "step 2" in panel.headline, "this page's own run goes first"


@pytest.mark.parametrize("renderer", RENDERERS)
def test_waiting_out_of_sight(panel: Panel) -> None:
    comfy = panel.comfy
    comfy.graph("graph.convertToSubgraph(new Set([node]))", NODE)
    host = comfy.graph("graph.nodes.find(node => node.subgraph).id")
    inner = comfy.graph("node.subgraph.nodes[0].id", str(host))
    tell(panel, view(comfy, "KSampler", node=f"{host}:{inner}", status="waiting", step=5, waiting=WAITING))
    call = comfy.page.locator(".prism-call")
    call.wait_for()
    title = comfy.page.title()
    comfy.poll(lambda: comfy.page.title() != title, what="a title that flashes")
    call.get_by_role("button").click()
    comfy.poll(lambda: focused(panel) == "0", what="the first card in the subgraph")
    call.wait_for(state="detached")
    assert comfy.page.locator(".prism-panel:visible").count() == 1


def test_reconnecting_asks_once(panel: Panel, routes: Server) -> None:
    comfy = panel.comfy
    message = view(comfy, NODE, status="waiting", step=5, waiting=WAITING | {"suggested": [1]})
    tell(panel, message)
    asked = routes.asked
    comfy.page.evaluate("window.app.api.dispatchCustomEvent('reconnecting')")
    comfy.poll(lambda: "Lost the connection" in panel.headline, what="the broken line")
    assert not panel.can("keep")
    routes.runs = [message | {"seq": 9, "status": "finished", "waiting": None, "step": 20}]
    comfy.page.evaluate("window.app.api.dispatchCustomEvent('reconnected')")
    panel.wait("finished")
    assert routes.asked == asked + 1
    routes.runs = []
    tell(panel, view(comfy, NODE))
    comfy.page.evaluate("window.app.api.dispatchCustomEvent('reconnected')")
    panel.wait("failed")
    assert "no longer knows this run" in panel.headline


def test_a_deleted_node(panel: Panel) -> None:
    comfy = panel.comfy
    message = view(comfy, NODE)
    tell(panel, message)
    comfy.graph("graph.remove(node)", NODE)
    tell(panel, message | {"seq": 2, "status": "waiting", "waiting": WAITING})
    assert comfy.page.locator(".prism-panel").count() == 0
    comfy.page.get_by_text("its node is no longer in the graph").wait_for()


@pytest.mark.parametrize("renderer", RENDERERS)
def test_a_staged_choice(comfy: ComfyPage, routes: Server) -> None:
    comfy.load_workflow("prism_prune_shapes", str(uuid4()))
    comfy.graph("node.pos = [-1200, 0]", "PrismPruneLatents")
    comfy.show("PrismPruneLatents")
    panel = Panel(comfy, "PrismPruneLatents")
    told = {"kept": [2, 5], "dropped": [0, 1, 3, 4], "candidates": [*range(6)], "scores": [5, 4, 9, 1, 0, 8]}
    send(comfy, {"node": comfy.node_id("PrismPruneLatents"), "output": {"prism_kept": [json.dumps(told)]}},
         event="executed")
    comfy.poll(lambda: panel.rows() == [2, 5, 0, 1, 3, 4], what="the ranking")
    assert panel.rows(state="kept") == [2, 5] and "rank 1, kept" in panel.label(2)
    panel.card(4).click()
    comfy.poll(lambda: comfy.widget("PrismPruneLatents", "kept") == "2, 4", what="a pin in the widget")
    panel.card(2).click()
    panel.card(2).click()
    comfy.poll(lambda: comfy.widget("PrismPruneLatents", "kept") == "4, 5", what="the next best for a banned one")
    panel.press("unlock")
    assert comfy.widget("PrismPruneLatents", "kept") == ""
    assert routes.posted == [], "the staged node has no run"


def test_staged_reports_that_make_no_sense(comfy: ComfyPage, routes: Server) -> None:
    comfy.load_workflow("prism_prune_shapes", str(uuid4()))
    panel = Panel(comfy, "PrismPruneLatents")
    node = comfy.node_id("PrismPruneLatents")
    reports = [None, {}, {"prism_kept": []}, *({"prism_kept": [text]} for text in (
        "{", "null", '{"kept":[9],"dropped":[]}', '{"kept":[0,0],"dropped":[]}', '{"kept":[0],"dropped":"1"}'))]
    send(comfy, *({"node": node, "output": report} for report in reports), event="executed")
    comfy.page.wait_for_timeout(200)
    assert panel.status == "idle" and panel.cards.count() == 0


@pytest.mark.parametrize("renderer", RENDERERS)
def test_cards_grow_with_their_node(panel: Panel) -> None:
    comfy = panel.comfy
    tell(panel, view(comfy, NODE, sheet=sheet([*range(8)])))
    comfy.page.wait_for_timeout(300)
    small = panel.card(0).bounding_box()
    comfy.graph("node.setSize([700, 1300])", NODE)
    comfy.show(NODE, 0.6)
    comfy.poll(lambda: panel.card(0).bounding_box()["width"] > 1.5 * small["width"] * 0.6, what="larger cards")
    inside, last = panel.root.bounding_box(), panel.card(7).bounding_box()
    assert last["x"] + last["width"] <= inside["x"] + inside["width"]
    assert last["y"] + last["height"] <= inside["y"] + inside["height"], "and all are still there without scrolling"


@pytest.mark.parametrize("renderer", ["nodes2"])
def test_a_run_that_begins_brings_its_node_before_others(panel: Panel) -> None:
    comfy = panel.comfy
    comfy.graph("node.pos = graph.nodes.find(({ type }) => type === value).pos.map((at) => at + 60)", "KSampler", NODE)
    comfy.show(NODE)
    comfy.page.locator(f'[data-node-id="{comfy.node_id("KSampler")}"]').dispatch_event("pointerdown", {"bubbles": True})
    seen = """(([left, top]) => document.elementFromPoint(left, top)?.closest('[data-node-id]')?.dataset.nodeId)(
        app.canvas.convertOffsetToCanvas([node.pos[0] + 150, node.pos[1] + 40]))"""
    comfy.poll(lambda: comfy.graph(seen, "KSampler") == comfy.node_id("KSampler"), 5, "a node over the panel's")
    tell(panel, view(comfy, NODE))
    comfy.poll(lambda: comfy.graph(seen, "KSampler") == comfy.node_id(NODE), 5, "the panel's node over the other")


@pytest.mark.parametrize("renderer", RENDERERS)
def test_cards_that_are_scrolled_away_do_not_play(panel: Panel) -> None:
    comfy, count = panel.comfy, 64
    show_sheets(comfy.page.context, count)
    comfy.graph("node.setSize([300, 300])", NODE)
    tell(panel, view(comfy, NODE, count=count, sheet=sheet([*range(count)])))
    comfy.poll(lambda: len(panel.playing()) == count, what="pictures")
    panel.bring_up()
    plays = "film => film.checkVisibility({ contentVisibilityAuto: true })"
    first, last = panel.card(0).locator(".prism-film"), panel.card(count - 1).locator(".prism-film")
    before = panel.card(count - 1).evaluate("card => [card.offsetTop, card.offsetWidth, card.offsetHeight]")
    comfy.poll(lambda: first.evaluate(plays) and not last.evaluate(plays), 5, "only the first to play")
    panel.root.locator(".prism-cards").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    comfy.poll(lambda: last.evaluate(plays) and not first.evaluate(plays), 5, "only the last to play")
    assert panel.card(count - 1).evaluate("card => [card.offsetTop, card.offsetWidth, card.offsetHeight]") == before


@pytest.mark.parametrize("renderer", RENDERERS)
def test_the_side_panel_leaves_the_cards_in_the_node(panel: Panel) -> None:
    comfy = panel.comfy
    tell(panel, view(comfy, NODE))
    comfy.graph("app.canvas.selectNode(node)", NODE)
    comfy.page.wait_for_timeout(300)
    before = panel.root.bounding_box()["width"]
    toggle, inside = comfy.page.get_by_role("button", name="Toggle properties panel").first, "Parameters"
    toggle.click()
    comfy.page.wait_for_timeout(1000)
    if not comfy.page.get_by_text(inside, exact=True).first.is_visible():    # a click that came before the page was ready
        toggle.click()
    comfy.page.get_by_text(inside, exact=True).first.wait_for()
    comfy.page.wait_for_timeout(300)
    home = ".lg-node" if comfy.renderer == "nodes2" else ".dom-widget"
    assert comfy.page.locator(f"{home} .prism-panel .prism-card").count() == 8
    assert panel.root.bounding_box()["width"] == pytest.approx(before, abs=1), "the side panel has its own width"
    comfy.page.get_by_role("button", name="Toggle properties panel").first.click()
