"""The recorder's camera on a real page: its clock, its hand, what it frames."""

from __future__ import annotations

from recorder.camera import FRAME_MS, Camera
from recorder.stage import MARGIN, TITLE, add, link, place
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel
from tests.web.views import send, sheet, show_sheets, view

NODE = "PrismBestOfN"
LISTEN = """() => ["pointerdown", "pointerup"].forEach(kind => window.addEventListener(kind,
    ({ clientX, clientY }) => (window.heard ??= []).push([kind, clientX, clientY]), true))"""


def opened(comfy: ComfyPage) -> Camera:
    """A camera on one node that stands alone."""
    comfy.load_workflow("prism_best_of_n_shapes")
    place(comfy, {NODE: (0, 400)})
    camera = Camera(comfy, 350, 460)
    camera.aim(-MARGIN, -TITLE - MARGIN)
    return camera


def test_what_loops_is_seen_at_the_films_time_whatever_the_machines(comfy: ComfyPage) -> None:
    camera, panel = opened(comfy), Panel(comfy, NODE)
    show_sheets(comfy.page.context, 3)
    send(comfy, view(comfy, NODE, 3, sheet=sheet([0, 1, 2])))
    comfy.poll(lambda: len(panel.playing()) == 3, what="three films")
    first = camera.picture()
    assert first.size == (350, 460)
    comfy.page.wait_for_timeout(3 * FRAME_MS)
    assert camera.picture().tobytes() == first.tobytes(), "the film's clock stands still"
    camera.film.add(first, 3 * FRAME_MS)
    assert camera.picture().tobytes() != first.tobytes(), "the clips did not move on"


def test_the_hand_presses_where_it_is_seen(comfy: ComfyPage) -> None:
    camera = opened(comfy)
    comfy.page.evaluate(LISTEN)
    camera.drag((40, 300), (200, 330))
    assert comfy.page.evaluate("window.heard") == [
        ["pointerdown", camera.LEFT + 40, camera.TOP + 300], ["pointerup", camera.LEFT + 200, camera.TOP + 330]]
    assert camera.pointer == (200, 330) and len(camera.film.frames) > 5
    before = camera.picture()
    camera.leave()
    assert camera.picture().tobytes() != before.tobytes(), "the pointer is still there"


def test_nodes_of_a_scene_are_added_linked_and_in_the_picture(comfy: ComfyPage) -> None:
    camera = opened(comfy)
    text = add(comfy, "PreviewAny")
    link(comfy, "PrismRunReport", "report", text, "source")
    place(comfy, {"PrismRunReport": (0, 150), text: (210, 200)})
    assert comfy.graph("node.getInputNode(0).type", text) == "PrismRunReport"
    away = comfy.graph("graph.nodes.filter(node => node.pos[0] < -1000).length")
    assert away == comfy.graph("graph.nodes.length") - 2
    assert camera.graph_place(0, 210) == (MARGIN, 210 + TITLE + MARGIN)
