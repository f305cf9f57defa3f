"""Scenes in the graph of two samplers: score, prune, split."""

from __future__ import annotations

from recorder.camera import Camera
from recorder.film import Film
from recorder.play import END_MS, before_and_after
from recorder.stage import MARGIN, TITLE, WIDTH, add, link, place, ready
from recorder.studio import Studio
from tests.web.panel import Panel

WORKFLOW, SEED = "prism_prune_shapes", "16"


def score(studio: Studio) -> Film:
    """A run, and every candidate has a score."""
    with studio.page(WORKFLOW) as comfy:
        text = add(comfy, "PreviewAny")
        link(comfy, "PrismScoreLatents", "report", text, "source")
        place(comfy, {"PrismScoreLatents": (0, 270), text: (330, 270)})
        camera = Camera(comfy, WIDTH, 640)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        return before_and_after(camera)


def chart(studio: Studio) -> Film:
    """Another seed, another chart."""
    with studio.page(WORKFLOW) as comfy:
        place(comfy, {"PrismScoreChart": (0, 80), "SaveImage": (140, 300)})
        camera = Camera(comfy, WIDTH, 480)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        for seed in (7, 8, 9):
            comfy.set_widget(SEED, value=seed)
            ready(comfy)
            camera.hold(END_MS)
        return camera.film


def prune(studio: Studio) -> Film:
    """The best two are kept; another one is pinned, and the next run keeps it."""
    with studio.page(WORKFLOW) as comfy:
        place(comfy, {"PrismPruneLatents": (0, 560)})
        panel = Panel(comfy, "PrismPruneLatents")
        camera = Camera(comfy, WIDTH, 610)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        ready(comfy)
        camera.hold(END_MS)
        camera.click(panel.card(panel.rows()[4]), 900)
        camera.leave()
        ready(comfy)
        camera.hold(END_MS)
        return camera.film


def split(studio: Studio) -> Film:
    """Every survivor is a clip of its own: they appear side by side, and one is opened."""
    with studio.page(WORKFLOW) as comfy:
        comfy.set_widget("PrismPruneLatents", keep=4)
        place(comfy, {"PrismSplitCandidates": (0, 180), "SaveAnimatedWEBP": (240, 430)})
        camera = Camera(comfy, WIDTH, 720)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        camera.hold(600)
        ready(comfy)
        camera.hold(900)
        clips = comfy.page.locator(f'[data-node-id="{comfy.node_id("SaveAnimatedWEBP")}"] img')
        camera.click(clips.nth(2))
        camera.leave()
        camera.hold(2 * END_MS)
        return camera.film
