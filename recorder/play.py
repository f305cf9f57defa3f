"""What the scenes have in common: a panel is opened, a run begins, somebody chooses, it ends."""

from __future__ import annotations

from recorder.camera import FRAME_MS, Camera, in_slices
from recorder.film import Film
from recorder.stage import leave_out_chart, place, ready
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel

END_MS = 1500  # the result is seen so long before the film starts again


def opened(comfy: ComfyPage, node: str, height: int) -> Panel:
    """The panel of a node that stands alone at the origin."""
    place(comfy, {node: (0, height)})
    leave_out_chart(comfy)
    return Panel(comfy, node)


def start(panel: Panel, camera: Camera | None = None) -> None:
    """Press Run, and cut to the moment at which every candidate has a picture; a camera dwells on it."""
    panel.comfy.run()

    def pictured() -> bool:
        found = 0 < panel.cards.count() == len(panel.playing())
        if found and camera:
            camera.hold(6 * FRAME_MS)
        return found
    in_slices(panel.comfy, pictured, "a picture on each card")


def finish(camera: Camera, panel: Panel, held: bool = True) -> Film:
    """Watch the run to its end, and what it made."""
    camera.leave()
    camera.until(lambda: panel.status == "finished", lambda: (panel.headline, panel.rows(state="kept")), held)
    camera.hold(END_MS)
    return camera.film


def before_and_after(camera: Camera) -> Film:
    """The nodes as they are, and then with what a run made."""
    camera.hold(END_MS // 2)
    ready(camera.comfy)
    camera.hold(2 * END_MS)
    return camera.film


def choose(camera: Camera, panel: Panel, *rows: int) -> None:
    """Click cards, then Continue."""
    camera.hold(600)
    for row in rows:
        x, y = camera.place(panel.card(row))
        camera.click((x, y - 20))  # beside the badge that then says so
    camera.click(panel.root.locator('button[data-action="keep"]'))


def top(panel: Panel) -> float:
    """Where the panel begins, in the graph."""
    box = panel.root.bounding_box()
    assert box, "the panel cannot be seen"
    return panel.comfy.graph("""(({ canvas, ds }) =>
        (value - canvas.getBoundingClientRect().y) / ds.scale - ds.offset[1])(app.canvas)""", value=box["y"])
