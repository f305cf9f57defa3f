"""Scenes on a panel's cards: a head that chooses, a person who does."""

from __future__ import annotations

from recorder.camera import Camera
from recorder.film import Film
from recorder.play import END_MS, choose, finish, opened, start, top
from recorder.stage import MARGIN, TITLE, WIDTH, add, link
from recorder.studio import Studio


def best_of_n(studio: Studio) -> Film:
    """Six start, the head drops four while they are noise, two are finished."""
    with studio.page("prism_best_of_n_shapes") as comfy:
        panel = opened(comfy, "PrismBestOfN", 560)
        comfy.set_widget("PrismBestOfN", candidates=6, prune_step=8)
        comfy.set_widget("KSampler", steps=30)
        camera = Camera(comfy, WIDTH, 620)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        start(panel, camera)
        return finish(camera, panel)


def ksampler(studio: Studio) -> Film:
    """The sampler waits; a candidate is clicked and finished."""
    with studio.page("prism_choose_shapes") as comfy:
        panel = opened(comfy, "PrismKSampler", 860)
        comfy.set_widget("PrismKSampler", candidates=6)
        start(panel)
        camera = Camera(comfy, WIDTH, 470)
        camera.aim(-MARGIN, top(panel) - MARGIN)
        panel.wait("waiting", 120)
        choose(camera, panel, *panel.rows(chosen="true"), 4, 1)
        return finish(camera, panel)


def pick(studio: Studio) -> Film:
    """A batch is there; one of it is chosen."""
    with studio.page("prism_best_of_n_shapes") as comfy:
        picking = add(comfy, "PrismPick")
        link(comfy, "UNETLoader", "MODEL", "KSampler", "model")
        link(comfy, "UNETLoader", "MODEL", picking, "model")
        link(comfy, "KSampler", "LATENT", picking, "latent")
        link(comfy, picking, "survivors", "PrismSplitCandidates", "latent")
        comfy.graph("['PrismBestOfN', 'PrismRunReport', 'SaveImage'].forEach(kind => "
                    "graph.nodes.filter(node => node.type === kind).forEach(node => graph.remove(node)))")
        comfy.set_widget("EmptyHunyuanLatentVideo", batch_size=6)
        panel = opened(comfy, picking, 520)
        camera = Camera(comfy, WIDTH, 560)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        start(panel)
        choose(camera, panel, *panel.rows(chosen="true"), 3)
        return finish(camera, panel)


def trial(studio: Studio) -> Film:
    """Finished clips without names; they are clicked from best to worst, and the verdict appears."""
    with studio.page("prism_trial_shapes") as comfy:
        comfy.set_widget("PrismBestOfN", candidates=4, keep=2)
        panel = opened(comfy, "PrismTrial", 560)
        camera = Camera(comfy, WIDTH, 720)
        camera.aim(-MARGIN, -TITLE - MARGIN)
        comfy.run()
        panel.wait("waiting", 240)
        comfy.poll(lambda: panel.root.locator(".prism-film[data-moving=true]").count() == 4, what="the clips")
        camera.hold(600)
        for position in (0, 3, 1):
            camera.click(panel.root.locator(f'.prism-card[data-position="{position}"]'), 150)
        camera.click(panel.root.locator('button[data-action="done"]'))
        camera.leave()
        camera.until(lambda: panel.status == "finished", lambda: panel.headline)
        camera.hold(2 * END_MS)
        return camera.film
