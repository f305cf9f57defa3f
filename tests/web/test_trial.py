"""A blind trial in the browser, from Run to the card, by mouse and by keyboard alone."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from launcher.server import Server
from tests.web.comfy_page import RENDERERS, THEMES, ComfyPage
from tests.web.panel import Panel

WORKFLOW, NODE = "prism_trial_shapes", "PrismTrial"
CANDIDATES, STEPS, CUT = 6, 8, 3
SEEDS = count(5000, 100)  # ComfyUI does not run again what it has run before


class TrialPanel(Panel):
    """The panel of PrismTrial, whose clips are known by position."""

    def __init__(self, comfy: ComfyPage) -> None:
        super().__init__(comfy, NODE)

    def clip(self, letter: str):
        """The card of a clip."""
        return self.root.locator(f'.prism-card[data-position="{ord(letter) - 65}"]')

    def places(self) -> list[int]:
        """The place of each clip by position, 0 for none."""
        found = self.cards.evaluate_all("cards => cards.map(({ dataset }) => [+dataset.position, +dataset.place])")
        return [place for _, place in sorted(found)]

    def expect(self, places: list[int]) -> None:
        """Wait until the clips have these places."""
        self.comfy.poll(lambda: self.places() == places, 5, f"places {places}, not {self.places()}")

    def said(self, letter: str) -> str:
        """What a screen reader says of a clip."""
        return self.clip(letter).get_attribute("aria-label") or ""

    def results(self) -> list[str]:
        """What it says at the end."""
        return self.root.locator(".prism-result").all_inner_texts()


@pytest.fixture
def messages(comfy: ComfyPage) -> Iterator[list[dict[str, Any]]]:
    """Everything of ours that the server tells the page unasked."""
    heard: list[dict[str, Any]] = []

    def frame(payload: str | bytes) -> None:
        if isinstance(payload, str) and '"prism.run"' in payload:
            heard.append(json.loads(payload)["data"])
    comfy.page.on("websocket", lambda socket: socket.on("framereceived", frame))
    yield heard


def prepared(comfy: ComfyPage, **widgets: Any) -> TrialPanel:
    """The bundled workflow, smaller, with the trial on the screen."""
    comfy.load_workflow(WORKFLOW)
    comfy.set_widget("PrismBestOfN", candidates=CANDIDATES, prune_step=CUT, keep=2)
    comfy.set_widget("KSampler", seed=next(SEEDS), steps=STEPS)
    comfy.set_widget(NODE, **widgets)
    return shown(comfy)


def shown(comfy: ComfyPage) -> TrialPanel:
    """The panel, in the middle of the screen."""
    comfy.show(NODE, 0.6)
    return TrialPanel(comfy)


def wait_for_clips(panel: TrialPanel) -> None:
    """Press Run, and wait until the clips are there to be ranked."""
    panel.comfy.run()
    clips_are_there(panel)


def clips_are_there(panel: TrialPanel) -> None:
    """Wait until the clips can be ranked."""
    panel.wait("waiting", 90)
    moving = panel.root.locator(".prism-film[data-moving=true]")
    panel.comfy.poll(lambda: moving.count() == CANDIDATES, what="a moving picture of each clip")


def ended(panel: TrialPanel):
    """The run that has just ended."""
    run = panel.comfy.wait_for_end()
    panel.wait("finished")
    assert run.status == "success", run.error
    return run


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("renderer", RENDERERS)
def test_rank_and_reveal(comfy: ComfyPage, messages: list, comfyui: Server) -> None:
    comfy.reload()  # so that the socket is heard from its beginning
    panel = prepared(comfy)
    seed = comfy.widget("KSampler", "seed")
    wait_for_clips(panel)
    comfy.screenshot("trial_asks")
    panel.clip("C").click()
    panel.clip("A").click()
    panel.clip("E").click(modifiers=["Shift"])
    panel.clip("B").click()
    panel.expect([2, 3, 1, 0, 2, 0])
    panel.clip("B").click()
    panel.clip("F").click()
    panel.expect([2, 0, 1, 0, 2, 3])
    assert "Ranked 4 of 6" in panel.headline and panel.said("E") == "Clip E, place 2, shared"
    comfy.screenshot("trial_ranks")
    assert comfy.accessibility_problems(".prism-trial") == []

    asked = comfyui.client.get("/prism/runs")["runs"]
    shown_so_far = comfy.page.content()
    check_blind([*messages, *asked], seed)
    charts = [ask(comfyui, f"/prism/runs/{view['run']}/chart") for view in asked if view["seed"] == str(seed)]
    assert charts == [404], "the chart of the run was told"
    assert not any(f"seed {seed + row}" in shown_so_far for row in range(1, CANDIDATES))
    panel.press("done")
    run = ended(panel)
    places = panel.places()
    assert places == [2, 4, 1, 4, 2, 3]
    order = panel.cards.evaluate_all("cards => cards.map(card => Number(card.dataset.place))")
    assert order == sorted(places), "the clips stand as they were ranked"
    reveal = next(data["reveal"] for data in reversed(messages) if data["reveal"])
    assert sorted(reveal["rows"]) == [*range(CANDIDATES)]
    rows = dict(enumerate(reveal["rows"]))
    assert f"candidate {rows[2]}, seed {seed + rows[2]}" in panel.said("C") and "score" in panel.said("C")
    verdicts = [panel.said(letter) for letter in "ABCDEF"]
    assert sum("PRISM keeps it" in said for said in verdicts) == 2
    assert sum(f"would go at step {CUT}" in said for said in verdicts) == 4
    assert any("would have saved" in line for line in panel.results()) and "your best clip" in panel.headline
    card, = run.outputs[panel.node]["images"]
    assert card["type"] == "temp" and b"tEXt" not in comfyui.client.view(card)[:2000]
    comfy.page.wait_for_timeout(500)  # the picture comes below the panel
    comfy.screenshot("trial_revealed")
    assert comfy.accessibility_problems(".prism-trial") == []
    assert "prism_panel" not in str(comfy.serialize()) + str(comfy.prompt()["output"])


def check_blind(views: list[dict[str, Any]], seed: int) -> None:
    """Nothing that was said tells whose a clip is, or what the head thinks of any candidate."""
    mine = [view for view in views if view["seed"] == str(seed) or view["kind"] == "trial" and view["status"] == "waiting"]
    assert {view["kind"] for view in mine} == {"run", "trial"}, "one of them was not heard of"
    for view in mine:
        assert view["reveal"] is None
        for card in view["candidates"]:
            told = {name: value for name, value in card.items() if name not in ("row", "state", "mark")}
            assert set(told.values()) <= {None, ""}, (view["kind"], card)


def ask(server: Server, path: str) -> int:
    """The status of a request."""
    try:
        server.client.get(path)
        return 200
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.parametrize("renderer", RENDERERS)
def test_keyboard_alone(comfy: ComfyPage, renderer: str) -> None:
    panel = prepared(comfy)
    wait_for_clips(panel)
    panel.root.locator(".prism-card[tabindex='0']").focus()
    for key in ("d", "Home", "Space", "ArrowRight", "=", "f", "Backspace", "Shift+C"):
        comfy.page.keyboard.press(key)
    panel.expect([2, 2, 2, 1, 0, 0])
    for key in ("c", "e"):  # takes the place of C back, and gives E the next one
        comfy.page.keyboard.press(key)
    panel.expect([2, 2, 0, 1, 3, 0])
    assert not comfy.graph("node.flags.pinned || node.flags.collapsed || node.mode", NODE), "a key went to the canvas as well"
    done = panel.root.locator('button[data-action="done"]')
    for _ in range(3):
        comfy.page.keyboard.press("Tab")
        if done.evaluate("button => button === document.activeElement"):
            break
    comfy.page.keyboard.press("Enter")
    ended(panel)
    panel.expect([2, 2, 4, 1, 3, 4])


@pytest.mark.parametrize("renderer", RENDERERS)
def test_reload_in_the_middle(comfy: ComfyPage, renderer: str) -> None:
    panel = prepared(comfy)
    wait_for_clips(panel)
    panel.clip("A").click()
    panel.expect([1, 0, 0, 0, 0, 0])
    comfy.reload()
    panel = shown(comfy)
    clips_are_there(panel)
    panel.expect([0] * CANDIDATES)
    assert not panel.can("done") and not panel.can("over") and panel.can("skip")
    panel.clip("B").click()
    panel.expect([0, 1, 0, 0, 0, 0])
    panel.press("over")
    panel.expect([0] * CANDIDATES)
    panel.clip("F").click()
    panel.press("done")
    ended(panel)
    panel.expect([2, 2, 2, 2, 2, 1])


def test_done_needs_the_best(comfy: ComfyPage) -> None:
    panel = prepared(comfy)
    wait_for_clips(panel)
    # A person can press a button that says why it cannot be pressed; Playwright would wait until it can.
    panel.root.locator('button[data-action="done"]').click(force=True)
    panel.comfy.poll(lambda: "best clip at least" in panel.root.inner_text(), what="what is missing")
    assert panel.status == "waiting"
    panel.press("skip")
    ended(panel)
    assert "Nobody ranked" in panel.headline and panel.places() == [0] * CANDIDATES
    assert any("would have saved" in line for line in panel.results())


def test_two_pages_see_the_same_end(comfy: ComfyPage, open_page) -> None:
    panel, other = prepared(comfy), open_page("nodes2", "light")
    there = prepared(other)
    wait_for_clips(panel)
    clips_are_there(there)
    there.clip("D").click()
    there.press("done")
    ended(panel)
    there.wait("finished")
    assert panel.places() == there.places() == [2, 2, 2, 1, 2, 2]


def test_interrupt_while_it_waits(comfy: ComfyPage) -> None:
    panel = prepared(comfy)
    wait_for_clips(panel)
    comfy.interrupt()
    assert comfy.wait_for_end().status == "interrupted"
    panel.wait("stopped")
    wait_for_clips(panel)  # the clips are there still
    panel.clip("A").click()
    panel.press("done")
    ended(panel)


ADD_REPORT = """(() => {
    const [best, sampler] = ["PrismBestOfN", "KSampler"].map((type) => graph.nodes.find((node) => node.type === type));
    const [report, text] = ["PrismRunReport", "PreviewAny"].map((type) => LiteGraph.createNode(type));
    graph.add(report);
    graph.add(text);
    best.connect(0, report, report.inputs.findIndex(({ name }) => name === "model"));
    sampler.connect(0, report, report.inputs.findIndex(({ name }) => name === "latent"));
    report.connect(report.outputs.findIndex(({ name }) => name === "report"), text, 0);
    return [report, text].map(({ id }) => String(id));
})()"""


def test_a_report_says_nothing_before_the_ranking(comfy: ComfyPage) -> None:
    panel = prepared(comfy)
    nodes = comfy.graph(ADD_REPORT)
    wait_for_clips(panel)
    told = "value.map((id) => JSON.stringify(app.nodeOutputs[id] ?? null))"
    assert comfy.graph(told, value=nodes) == ["null", "null"], "a report was told"
    assert "Only watched" not in comfy.page.content()
    panel.clip("A").click()
    panel.press("done")
    run = ended(panel)
    assert all("Only watched" in run.outputs[node]["text"][0] for node in nodes)
    comfy.poll(lambda: all("Only watched" in text for text in comfy.graph(told, value=nodes)), what="the reports")
    assert "after_trial" not in str(comfy.serialize()) + str(comfy.prompt()["output"])


@pytest.mark.parametrize("renderer", RENDERERS)
def test_what_was_ranked_comes_back_after_a_restart(comfy: ComfyPage, comfyui: Server, renderer: str) -> None:
    panel = prepared(comfy)
    wait_for_clips(panel)
    panel.clip("D").click()
    panel.press("done")
    ended(panel)
    comfyui.client.free()  # as a restart does: all that was made is forgotten, what was recorded is not
    comfy.set_widget("PrismBestOfN", prune_step=CUT + 1)
    comfy.run()
    ended(panel)
    comfy.poll(lambda: "You ranked these clips on" in panel.root.inner_text(), what="a word about the earlier trial")
    panel.expect([2, 2, 2, 1, 2, 2])
    assert sum(f"would go at step {CUT + 1}" in panel.said(letter) for letter in "ABCDEF") == 4
    comfy.screenshot("trial_again")
