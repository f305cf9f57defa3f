"""Scenes on what goes into a run and what comes out: head, prompt, report."""

from __future__ import annotations

from recorder.camera import Camera
from recorder.film import Film
from recorder.play import END_MS, before_and_after, finish, opened, start
from recorder.stage import MARGIN, TITLE, WIDTH, add, link, place, ready
from recorder.studio import Studio

PROMPTS = ("a small yellow circle moving left slowly", "a large blue circle moving right slowly")


def load_head(studio: Studio) -> Film:
    """The head is connected; then the candidates get scores, and the weak ones go."""
    with studio.page("prism_best_of_n_shapes") as comfy:
        node, head = "PrismBestOfN", "PrismLoadHead"
        comfy.set_widget(node, candidates=3, keep=1, prune_step=15)
        comfy.set_widget("KSampler", steps=50)
        comfy.graph("node.disconnectInput(node.findInputSlot('head'))", node)
        panel = opened(comfy, node, 400)
        place(comfy, {head: (0, 80), node: (140, 400)})
        camera = Camera(comfy, WIDTH, 600)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        camera.shoot()
        ends = [camera.graph_place(*comfy.graph("[...node.getOutputPos(0)]", head)),
                camera.graph_place(*comfy.graph("[...node.getInputPos(node.findInputSlot('head'))]", node))]
        camera.drag(ends[0], ends[1], ms=900)
        start(panel, camera)
        return finish(camera, panel)


def shapes_prompt(studio: Studio) -> Film:
    """Other words, another clip."""
    with studio.page("prism_best_of_n_shapes") as comfy:
        comfy.set_widget("PrismBestOfN", candidates=4, keep=1)
        prompt, clip = "4", "SaveAnimatedWEBP"
        comfy.set_widget(prompt, text=PROMPTS[0])
        place(comfy, {prompt: (0, 130), clip: (190, 400)})
        ready(comfy)
        camera = Camera(comfy, WIDTH, 640)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        camera.hold(900)
        camera.click(comfy.page.locator(f'[data-node-id="{prompt}"] textarea'))
        comfy.page.keyboard.press("ControlOrMeta+a")
        camera.type(PROMPTS[1])
        camera.leave()
        ready(comfy)
        camera.hold(2 * END_MS)
        return camera.film


def run_report(studio: Studio) -> Film:
    """A run ends, and the report says what happened."""
    with studio.page("prism_best_of_n_shapes") as comfy:
        text = add(comfy, "PreviewAny")
        link(comfy, "PrismRunReport", "report", text, "source")
        place(comfy, {"PrismRunReport": (0, 150), "SaveImage": (210, 300), text: (560, 250)})
        camera = Camera(comfy, WIDTH, 860)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        return before_and_after(camera)
