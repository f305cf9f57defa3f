"""What the journeys of choosing have in common."""

from __future__ import annotations

import io
from itertools import count
from typing import Any

import numpy
from PIL import Image, ImageSequence

from launcher.client import Run
from launcher.server import Server
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel

WORKFLOW, NODE = "prism_best_of_n_shapes", "PrismBestOfN"
CANDIDATES, STEP = 6, 3
SEEDS = count(1000, 100)  # ComfyUI does not run again what it has run before


def prepared(comfy: ComfyPage, **widgets: Any) -> Panel:
    """The bundled workflow with a person to choose, its panel on the screen."""
    comfy.load_workflow(WORKFLOW)
    comfy.set_widget(NODE, **{"choose": "me", "candidates": CANDIDATES, "prune_step": STEP, "keep": 2} | widgets)
    comfy.set_widget("KSampler", seed=next(SEEDS), steps=8, control_after_generate="randomize")
    return shown(comfy)


def without_head(panel: Panel) -> None:
    """Let the candidates stand in order of seed."""
    panel.comfy.graph("node.disconnectInput(node.findInputSlot('head'))", NODE)


def shown(comfy: ComfyPage) -> Panel:
    """The panel, in the middle of the screen and beside the other nodes."""
    comfy.graph("node.pos = [-900, 0]", NODE)
    comfy.show(NODE, 0.9)
    return Panel(comfy)


def wait_for_question(panel: Panel) -> None:
    """Press Run, and wait until the panel asks and shows what there is to choose from."""
    panel.comfy.run()
    panel.wait("waiting")
    panel.comfy.poll(lambda: len(panel.playing()) == panel.cards.count(), what="a picture on each card")


def ended(panel: Panel, status: str = "finished") -> Run:
    """The run that has just ended, as the panel says."""
    run = panel.comfy.wait_for_end()
    panel.wait(status)
    return run


def clips(server: Server, run: Run) -> list[numpy.ndarray]:
    """The saved clips' pixels, (frames, height, width, colours) each."""
    files = [file for file in run.files() if file["filename"].endswith(".webp") and file["type"] == "output"]
    pictures = [Image.open(io.BytesIO(server.client.view(file))) for file in files]
    return [numpy.stack([numpy.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)])
            for picture in pictures]


def choose(panel: Panel, rows: list[int]) -> None:
    """Click until exactly these are chosen."""
    for row in set(panel.rows(chosen="true")) ^ set(rows):
        panel.card(row).click()
    expect(panel, rows)


def expect(panel: Panel, chosen: list[int]) -> None:
    """Wait until exactly these are chosen: the panel draws with the next frame."""
    panel.comfy.poll(lambda: sorted(panel.rows(chosen="true")) == chosen, 5,
                     f"{chosen} to be chosen, not {panel.rows(chosen='true')}")
