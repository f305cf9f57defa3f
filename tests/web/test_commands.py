"""Commands: their keys clash with none of ComfyUI's own, and each does what its button does."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.web.comfy_page import RENDERERS, ComfyPage
from tests.web.panel import Panel
from tests.web.test_panel_page import NODE, WAITING, WORKFLOW, Server, focused, press, tell
from tests.web.views import card, sheet, show_sheets, view

# Every key binding that the page knows: whose it is, and its keys as one text.
BINDINGS = """async () => {
    const { useKeybindingStore } = window.comfyAPI?.keybindingStore ?? {};
    const pinia = document.querySelector("#vue-app").__vue_app__.config.globalProperties.$pinia;
    const store = useKeybindingStore?.() ?? pinia._s.get("keybinding");
    return store.keybindings.map(({ commandId, combo }) => [commandId, [combo.ctrl && "ctrl", combo.alt && "alt",
        combo.shift && "shift", combo.key.toLowerCase()].filter(Boolean).join("+")]);
}"""


@pytest.fixture
def routes(comfy: ComfyPage) -> Server:
    return Server(comfy)


@pytest.fixture
def panel(comfy: ComfyPage, routes: Server) -> Panel:
    show_sheets(comfy.page.context, 8)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    comfy.graph("node.pos = [-1200, 0]", NODE)
    comfy.show(NODE, 0.7)
    comfy.page.locator("#graph-canvas").focus()
    return Panel(comfy)


def with_pictures(panel: Panel, **changes: object) -> None:
    tell(panel, view(panel.comfy, NODE, sheet=sheet([*range(8)])) | changes)
    panel.comfy.poll(lambda: len(panel.playing()) == 8, what="pictures")


def test_no_key_is_taken_twice(comfy: ComfyPage) -> None:
    bindings = comfy.page.evaluate(BINDINGS)
    ours = {keys for command, keys in bindings if command.startswith("PRISM.")}
    others = {keys for command, keys in bindings if not command.startswith("PRISM.")}
    assert ours == {"shift+g", "shift+k", "shift+c", "shift+l"} and len(others) > 20
    assert not ours & others


@pytest.mark.parametrize("renderer", RENDERERS)
def test_going_to_the_run_that_waits_and_on(panel: Panel, routes: Server) -> None:
    comfy = panel.comfy
    press(panel, "Shift+G")
    comfy.page.get_by_text("No run waits for you.", exact=True).wait_for()
    with_pictures(panel, status="waiting", step=5, waiting=WAITING | {"suggested": [2]})
    comfy.graph("(app.canvas.ds.offset[0] += 9000, app.canvas.setDirty(true, true))")
    comfy.page.locator("#graph-canvas").focus()
    press(panel, "Shift+G")
    comfy.poll(lambda: focused(panel) == "0", 10, "the first card")
    comfy.page.locator("#graph-canvas").focus()
    press(panel, "Shift+K")
    comfy.poll(lambda: routes.posted, 10, "an answer")
    assert routes.posted == [("answer", {"question": 1, "action": "keep", "rows": [2]})]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_comparing_and_locking(panel: Panel) -> None:
    comfy = panel.comfy
    press(panel, "Shift+C")
    comfy.page.get_by_text("There are no two candidates with pictures yet.").wait_for()
    press(panel, "Shift+L")
    comfy.page.get_by_text("there is nothing to lock").wait_for()
    cards = [card(row, state="kept" if row in (1, 4) else "dropped") for row in range(8)]
    with_pictures(panel, status="finished", step=20, candidates=cards, replay="1, 4 #1a2b3c4d")
    press(panel, "Shift+L")
    comfy.poll(lambda: comfy.widget(NODE, "kept") == "1, 4 #1a2b3c4d", 10, "the lock")
    press(panel, "Shift+C")
    compare = panel.root.locator(".prism-compare")
    compare.wait_for()
    press(panel, "Escape")
    compare.wait_for(state="hidden")


def test_texts_are_typed_as_ever(panel: Panel) -> None:
    comfy = panel.comfy
    with_pictures(panel, status="waiting", step=5, waiting=WAITING | {"suggested": [2]})
    comfy.page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'typed' }))")
    comfy.page.locator("#typed").focus()
    press(panel, "Shift+C", "Shift+K")
    assert comfy.page.locator("#typed").input_value() == "CK" and panel.status == "waiting"
    assert not panel.root.locator(".prism-compare").is_visible()


def test_the_menu_has_them(comfy: ComfyPage) -> None:
    found = comfy.page.evaluate("""() => {
        const pinia = document.querySelector("#vue-app").__vue_app__.config.globalProperties.$pinia;
        const items = pinia._s.get("menuItem").menuItems.find(item => item.label === "PRISM")?.items ?? [];
        return items.map(item => typeof item.label === "function" ? item.label() : item.label);
    }""")
    assert len(found) == 4 and all("PRISM" in label for label in found), found
