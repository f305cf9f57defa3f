"""The README's film and stills: choose, then tune."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from PIL import Image

from recorder.camera import Camera, in_slices
from recorder.film import Film
from recorder.play import END_MS, choose, finish
from recorder.stage import MARGIN, TITLE, place
from recorder.studio import Studio
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel

WIDTH, HEIGHT, SCALE = 860, 880, 1.0
WORKFLOW, NODE, SEED = "prism_best_of_n_shapes", "PrismBestOfN", 100
STEPS, CUT, CHOSEN = 30, 8, (4, 5)
PROMPT = "a large cyan circle moving right slowly from the middle"


def prepared(comfy: ComfyPage, timeout: int = 0) -> Panel:
    """One wide node that asks; its candidates stand in one row, the chart below them."""
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    place(comfy, {NODE: (0, 240)})
    comfy.graph("node.setSize(value)", NODE, [WIDTH - 2 * MARGIN, 240])
    comfy.set_widget("4", text=PROMPT)
    comfy.set_widget("KSampler", seed=SEED, steps=STEPS, control_after_generate="fixed")
    # One candidate in each call of the model, as where memory holds no more of a large one: time then follows work.
    comfy.set_widget(NODE, choose="me", candidates=8, prune_step=CUT, keep=2, group=1, timeout=timeout)
    return Panel(comfy, NODE)


def aimed(comfy: ComfyPage) -> Camera:
    """A camera that sees the whole node."""
    camera = Camera(comfy, WIDTH, HEIGHT)
    camera.aim(-MARGIN, -TITLE - MARGIN)
    return camera


def choose_and_tune(studio: Studio) -> Film:
    """Cards fill, one is pinned, two are chosen and finished; then the marker is dragged and a cut is suggested.

    From Continue on it is another run with the same seed, undisturbed, because the chart tells the times of its run.
    """
    with studio.page(WORKFLOW, scale=SCALE) as comfy:
        panel, camera = prepared(comfy), aimed(comfy)
        begin(camera, panel)
        comfy.wait_for_end(seconds=240)
        panel = prepared(comfy, timeout=3600)  # what differs in nothing comes from ComfyUI's memory, and takes no time
        camera.aim(-MARGIN, -TITLE - MARGIN)
        ask(panel)
        panel.press("keep")
        finish(camera, panel, held=False)
        tune(camera, panel)
        return camera.film


def begin(camera: Camera, panel: Panel) -> None:
    """The cards fill; one is pinned, two are chosen."""
    camera.comfy.run()
    in_slices(camera.comfy, panel.cards.count, "the candidates")
    camera.until(lambda: panel.status == "waiting" and len(panel.playing()) == 8,
                 lambda: (panel.headline, panel.playing()))
    camera.comfy.page.keyboard.down("Shift")
    x, y = camera.place(panel.card(CHOSEN[0]))
    camera.click((x, y - 20))
    camera.comfy.page.keyboard.up("Shift")
    choose(camera, panel, *choices(panel, *CHOSEN))


def ask(panel: Panel) -> None:
    """Run until it asks, and choose, unseen."""
    panel.comfy.run()
    panel.wait("waiting", 240)
    panel.comfy.poll(lambda: len(panel.playing()) == 8, what="a picture on each card")
    for row in choices(panel, *CHOSEN):
        panel.card(row).click()


def choices(panel: Panel, *wanted: int) -> list[int]:
    """The cards to click so that exactly these are chosen."""
    panel.comfy.page.wait_for_timeout(300)
    return sorted(set(panel.rows(chosen="true")) ^ set(wanted))


def tune(camera: Camera, panel: Panel) -> None:
    """Drag the marker to a late and to an early step, then ask for a suggestion."""
    marker = panel.root.get_by_role("slider").first
    panel.comfy.poll(marker.is_visible, what="the chart of the finished run")
    here = camera.place(marker)
    stage = panel.root.locator(".prism-stage").bounding_box()
    assert stage, "the chart cannot be seen"
    step = stage["width"] / (1.2 * STEPS)
    camera.drag(here, (here[0] + 9 * step, here[1]), (here[0] - 3 * step, here[1]), ms=1100, after=900)
    camera.click(panel.root.locator(".prism-suggest button"), 2 * END_MS)


def still(studio: Studio, file: Path) -> Path:
    """A picture that stands still: the question in the light theme, with the chart below it."""
    with studio.page(WORKFLOW, theme="light", scale=SCALE) as comfy:
        panel, camera = prepared(comfy), aimed(comfy)
        ask(panel)
        keep(camera.picture(), file)
        panel.press("stop")
    return file


def keep(picture: Image.Image, file: Path) -> None:
    """Write a still in few colours, which is what a page has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, optimize=True)
