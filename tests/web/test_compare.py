"""Two candidates side by side: in step, by mouse and by keyboard, and what using one of them does. No sampling."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.web.comfy_page import RENDERERS, THEMES, ComfyPage
from tests.web.panel import Panel
from tests.web.test_panel_page import NODE, WAITING, WORKFLOW, Server, press, tell
from tests.web.views import FRAMES, card, sheet, show_sheets, view

COUNT, SEED, REPLAY = 8, "4242", "1, 4 #1a2b3c4d"


class Comparison:
    """The part of a panel that compares, as a person sees and uses it."""

    def __init__(self, panel: Panel) -> None:
        self.panel, self.comfy = panel, panel.comfy
        self.root = panel.root.locator(".prism-compare")
        self.scrubber = self.root.locator(".prism-scrubber")

    def side(self, side: str) -> Any:
        return self.root.locator(f'[data-side="{side}"]')

    @property
    def rows(self) -> tuple[int, int]:
        """The candidates on the left and on the right."""
        left, right = (int(self.side(side).locator("select").input_value()) for side in ("left", "right"))
        return left, right

    def places(self) -> list[str]:
        """Where in the sheet each film stands, both read in one moment."""
        return self.root.locator(".prism-compare-film").evaluate_all(
            "films => films.map(film => getComputedStyle(film).backgroundPositionX)")

    @property
    def playing(self) -> bool:
        return self.root.locator('.prism-compare-stage[data-playing="true"]').count() == 1

    def told(self) -> str:
        """What a screen reader says of the scrubber."""
        return self.scrubber.get_attribute("aria-valuetext") or ""

    def expect(self, left: int, right: int) -> None:
        self.comfy.poll(lambda: self.rows == (left, right), 5, f"{left} beside {right}, not {self.rows}")


@pytest.fixture
def routes(comfy: ComfyPage) -> Server:
    return Server(comfy)


@pytest.fixture
def panel(comfy: ComfyPage, routes: Server) -> Panel:
    """A bundled workflow's panel; pictures are there for all candidates."""
    show_sheets(comfy.page.context, COUNT)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.graph("node.pos = [-1200, 0]", NODE)
    comfy.show(NODE, 0.7)
    return Panel(comfy)


@pytest.fixture
def comparison(panel: Panel) -> Comparison:
    return Comparison(panel)


def scored(row: int, **changes: Any) -> dict[str, Any]:
    """A candidate with a score: the higher its row, the better."""
    return card(row, **{"score": row / 10, "rank": COUNT - row} | changes)


def with_pictures(panel: Panel, **changes: Any) -> dict[str, Any]:
    """Tell of a run, and wait for its pictures."""
    message = view(panel.comfy, NODE, sheet=sheet([*range(COUNT)]), candidates=[scored(row) for row in range(COUNT)],
                   seed=SEED) | changes
    tell(panel, message)
    panel.comfy.poll(lambda: len(panel.playing()) == COUNT, what="pictures")
    return message


def over(panel: Panel, **changes: Any) -> dict[str, Any]:
    """A run that has ended, and kept two."""
    cards = [scored(row, state="kept", rank=row) if row in (1, 4) else
             scored(row, state="dropped", dropped_at=5, rank=None, reason="lowest score") for row in range(COUNT)]
    return with_pictures(panel, **{"status": "finished", "step": 20, "candidates": cards, "replay": REPLAY, "group": 4}
                         | changes)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_both_films_show_the_same_frame(panel: Panel, comparison: Comparison) -> None:
    comfy = panel.comfy
    over(panel)
    panel.press("compare")
    comparison.expect(1, 4)
    assert comparison.playing and not panel.cards.first.is_visible()
    comfy.wait_for("""() => {
        const seen = window.seen ??= new Set(), films = [...document.querySelectorAll('.prism-compare-film')];
        const places = films.map(film => getComputedStyle(film).backgroundPositionX);
        if (new Set(places).size > 1) throw new Error(`${places}`);
        return seen.add(places[0]).size > 5;
    }""")
    comfy.screenshot("comparing")
    assert comfy.accessibility_problems(".prism-panel") == []
    comparison.root.locator('[data-does="play"]').click()
    assert not comparison.playing and len(set(comparison.places())) == 1
    comparison.scrubber.fill("3")
    assert comparison.told() == f"frame 4 of {FRAMES}"
    assert comparison.places() == [f"{100 * 3 / (FRAMES - 1):g}%"] * 2
    comparison.side("right").locator("select").select_option("7")
    comparison.expect(1, 7)
    assert "dropped at step 5: lowest score" in comparison.side("right").inner_text()
    assert comparison.told() == f"frame 4 of {FRAMES}", "another candidate is looked at in the same moment"
    comparison.side("left").locator("select").select_option("7")
    comparison.expect(7, 1)
    inside, outside = comparison.root.bounding_box(), panel.root.bounding_box()
    assert inside["y"] + inside["height"] <= outside["y"] + outside["height"] and inside["width"] <= outside["width"]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_keyboard_alone(panel: Panel, comparison: Comparison) -> None:
    comfy = panel.comfy
    look = "[app.canvas.ds.scale, graph.nodes.map(node => `${node.id} ${node.mode} ${node.flags.collapsed}`).sort()]"
    before = comfy.graph(look)
    with_pictures(panel)
    panel.card(2).focus()
    press(panel, "c")
    comparison.expect(2, 7)
    press(panel, "ArrowRight")
    comparison.expect(2, 0)
    press(panel, "ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    comparison.expect(2, 1)
    press(panel, "x", "Shift+Tab", "Shift+Tab", "ArrowDown")
    comparison.expect(3, 2)
    press(panel, "Space")
    assert not comparison.playing
    frame = int(comparison.scrubber.input_value())
    press(panel, ".", ".", ",", ".")
    assert int(comparison.scrubber.input_value()) == (frame + 2) % FRAMES
    press(panel, "Delete", "r", "m", "p", "w")
    comparison.scrubber.focus()
    press(panel, "Home", "ArrowRight")
    assert comparison.told() == f"frame 2 of {FRAMES}"
    press(panel, "Space", "ArrowRight")
    assert not comparison.playing and comparison.told().startswith("frame"), "who scrubs has paused it"
    assert comfy.graph(look) == before
    press(panel, "Escape")
    comfy.poll(lambda: not comparison.root.is_visible(), 5, "its end")
    assert comfy.page.evaluate("document.activeElement.dataset.row") == "2", "the focus is where it was"
    assert panel.card(2).is_visible()


def test_a_newer_sheet_shows_on_both_sides(panel: Panel, comparison: Comparison) -> None:
    first = with_pictures(panel)
    panel.press("compare")
    comparison.expect(7, 6)
    asked: list[str] = []
    panel.comfy.page.on("request", lambda request: asked.append(request.url) if "/sheets/" in request.url else None)
    tell(panel, first | {"seq": 2, "step": 4, "sheet": sheet([*range(COUNT)], version=2)})
    films = comparison.root.locator(".prism-compare-film")
    shown = lambda: films.evaluate_all("films => films.map(film => film.style.backgroundImage)")
    panel.comfy.poll(lambda: all("/sheets/2" in image for image in shown()), 5, "the newer pictures")
    assert len(asked) == 1, "the picture of the cards is enough"
    use = comparison.side("left").locator("[data-does=use]")
    assert comparison.playing and use.get_attribute("aria-disabled") == "true"
    tell(panel, view(panel.comfy, NODE))
    panel.comfy.poll(lambda: not comparison.root.is_visible(), 5, "another run's cards")


def test_using_one_answers_a_run_that_waits(panel: Panel, comparison: Comparison, routes: Server) -> None:
    cards = [scored(row, state="dropped", dropped_at=2) if row == 0 else scored(row) for row in range(COUNT)]
    with_pictures(panel, status="waiting", step=5, waiting=WAITING | {"suggested": [3, 5]}, candidates=cards)
    panel.press("compare")
    comparison.expect(3, 5)
    comparison.side("left").locator("select").select_option("0")
    use = comparison.side("left").locator("[data-does=use]")
    assert "no longer in this run" in (use.get_attribute("title") or "")
    use.dispatch_event("click")
    assert routes.posted == []
    comparison.side("right").locator("[data-does=use]").click()
    panel.comfy.poll(lambda: routes.posted, what="the answer")
    assert routes.posted == [("answer", {"question": 1, "action": "keep", "rows": [5]})]
    assert not comparison.root.is_visible()


@pytest.mark.parametrize("renderer", RENDERERS)
def test_using_one_that_was_dropped_sets_its_replay(panel: Panel, comparison: Comparison) -> None:
    comfy = panel.comfy
    over(panel)
    panel.card(6).focus()
    press(panel, "c")
    comparison.expect(6, 1)
    comparison.side("left").locator("[data-does=use]").focus()
    press(panel, "Enter")
    comfy.poll(lambda: comfy.widget(NODE, "kept") == "6 #1a2b3c4d", 5, "the kept widget")
    assert comfy.widget(NODE, "group") == 4 and comfy.widget("KSampler", "seed") == int(SEED)
    assert comfy.widget("KSampler", "control_after_generate") == "fixed"
    comfy.poll(lambda: "Set to candidate 6" in panel.root.locator(".prism-success").inner_text(), 5, "what was set")


@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_a_run_without_an_end_has_nothing_to_use(panel: Panel, comparison: Comparison, status: str) -> None:
    with_pictures(panel, status=status)
    panel.press("compare")
    use = comparison.side("left").locator("[data-does=use]")
    assert use.get_attribute("aria-disabled") == "true" and "did not come to its end" in (use.get_attribute("title") or "")


def test_without_two_pictures_there_is_nothing_to_compare(panel: Panel, comparison: Comparison) -> None:
    tell(panel, view(panel.comfy, NODE))
    assert not panel.can("compare")
    panel.card(0).focus()
    press(panel, "c")
    assert not comparison.root.is_visible()


def test_reduced_motion_starts_still(panel: Panel, comparison: Comparison) -> None:
    panel.comfy.page.emulate_media(reduced_motion="reduce")
    with_pictures(panel)
    panel.press("compare")
    comparison.expect(7, 6)
    assert not comparison.playing and comparison.told() == f"frame 1 of {FRAMES}"
    comparison.scrubber.focus()
    press(panel, "Space")
    assert comparison.playing, "what is asked for moves"
