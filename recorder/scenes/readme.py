"""The README's film and stills: choose, then tune."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from recorder.camera import Camera
from recorder.film import Film
from recorder.play import END_MS, choose, finish, start
from recorder.stage import MARGIN, TITLE, place
from recorder.studio import Studio
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel

WIDTH, HEIGHT, SCALE = 860, 880, 1.0
NODE, SEED = "PrismBestOfN", 100
PROMPT = "a large cyan circle moving right slowly from the middle"


def prepared(comfy: ComfyPage, choose_by: str) -> Panel:
    """One wide node whose candidates stand in one row, the chart below them."""
    place(comfy, {NODE: (0, 240)})
    comfy.graph("node.setSize(value)", NODE, [WIDTH - 2 * MARGIN, 240])
    comfy.set_widget("4", text=PROMPT)
    comfy.set_widget("KSampler", seed=SEED, steps=30, control_after_generate="fixed")
    # One candidate in each call of the model, as where memory holds no more of a large one: time then follows work.
    comfy.set_widget(NODE, choose=choose_by, candidates=8, prune_step=6, keep=2, group=1)
    return Panel(comfy, NODE)


def choose_and_tune(studio: Studio) -> Film:
    """Cards fill, one is pinned, two are chosen and finished; then the marker is dragged and a cut is suggested."""
    with studio.page("prism_best_of_n_shapes", scale=SCALE) as comfy:
        panel = prepared(comfy, "me")
        camera = Camera(comfy, WIDTH, HEIGHT)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        comfy.run()
        comfy.poll(panel.cards.count, 180, "the candidates")
        camera.until(lambda: panel.status == "waiting" and len(panel.playing()) == 8,
                     lambda: (panel.headline, panel.playing()))
        comfy.page.keyboard.down("Shift")
        x, y = camera.place(panel.card(5))
        camera.click((x, y - 20))
        comfy.page.keyboard.up("Shift")
        choose(camera, panel, *choices(panel, 5, 1))
        finish(camera, panel)
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
    step = stage["width"] / 36
    camera.drag(here, (here[0] + 9 * step, here[1]), (here[0] - 3 * step, here[1]), ms=1100, after=900)
    camera.click(panel.root.locator(".prism-suggest button"), 2 * END_MS)


def stills(studio: Studio, folder: Path) -> list[Path]:
    """Two pictures that stand still: the question in the light theme, and the chart after a run by the head."""
    files = [folder / "choose_light.png", folder / "chart_light.png"]
    with studio.page("prism_best_of_n_shapes", theme="light", scale=SCALE) as comfy:
        panel = prepared(comfy, "me")
        camera = Camera(comfy, WIDTH, HEIGHT)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        start(panel)
        panel.wait("waiting", 120)
        for row in choices(panel, 1, 5):
            panel.card(row).click()
        keep(camera.picture(), files[0])
    return files[:1]


def keep(picture: Image.Image, file: Path) -> None:
    """Write a still in few colours, which is what a page has."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, optimize=True)
