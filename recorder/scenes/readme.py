"""The README's film and stills: choose, then tune."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from PIL import Image

from recorder.camera import Camera
from recorder.film import Film
from recorder.play import END_MS, choose, finish
from recorder.stage import MARGIN, TITLE, place, ready
from recorder.studio import Studio
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel

WIDTH, HEIGHT, SCALE = 860, 880, 1.0
WORKFLOW, NODE, SEED = "prism_best_of_n_shapes", "PrismBestOfN", 100
STEPS, CUT = 60, 15  # many: every one of them is a frame
PROMPT = "a large cyan circle moving right slowly from the middle"


def prepared(comfy: ComfyPage, choose_by: str) -> Panel:
    """One wide node whose candidates stand in one row, the chart below them. The models are loaded by another run."""
    ready(comfy)
    comfy.load_workflow(WORKFLOW, str(uuid4()))
    place(comfy, {NODE: (0, 240)})
    comfy.graph("node.setSize(value)", NODE, [WIDTH - 2 * MARGIN, 240])
    comfy.set_widget("4", text=PROMPT)
    comfy.set_widget("KSampler", seed=SEED, steps=STEPS, control_after_generate="fixed")
    # One candidate in each call of the model, as where memory holds no more of a large one: time then follows work.
    comfy.set_widget(NODE, choose=choose_by, candidates=8, prune_step=CUT, keep=2, group=1)
    return Panel(comfy, NODE)


def choose_and_tune(studio: Studio) -> Film:
    """Cards fill, one is pinned, two are chosen and finished; then the marker is dragged and a cut is suggested."""
    with studio.page(WORKFLOW, scale=SCALE) as comfy:
        panel = prepared(comfy, "me")
        camera = Camera(comfy, WIDTH, HEIGHT)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        comfy.run()
        comfy.poll(panel.cards.count, 180, "the candidates")
        camera.until(lambda: panel.status == "waiting" and len(panel.playing()) == 8,
                     lambda: (panel.headline, panel.playing()), hold=False)
        comfy.page.keyboard.down("Shift")
        x, y = camera.place(panel.card(4))
        camera.click((x, y - 20))
        comfy.page.keyboard.up("Shift")
        choose(camera, panel, *choices(panel, 5, 4))
        finish(camera, panel, hold=False)
        tune(camera, panel)
        return camera.film


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
    camera.drag(here, (here[0] + 20 * step, here[1]), (here[0] - 8 * step, here[1]), ms=1100, after=900)
    camera.click(panel.root.locator(".prism-suggest button"), 2 * END_MS)


def still(studio: Studio, folder: Path) -> Path:
    """A picture that stands still: the question in the light theme, with the chart below it."""
    file = folder / "choose_light.png"
    with studio.page(WORKFLOW, theme="light", scale=SCALE) as comfy:
        panel = prepared(comfy, "me")
        camera = Camera(comfy, WIDTH, HEIGHT)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        comfy.run()
        panel.wait("waiting", 240)
        comfy.poll(lambda: len(panel.playing()) == 8, what="a picture on each card")
        for row in choices(panel, 5, 4):
            panel.card(row).click()
        keep(camera.picture(), file)
    return file


def keep(picture: Image.Image, file: Path) -> None:
    """Write a still in few colours, which is what a page has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, optimize=True)
