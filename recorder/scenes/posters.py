"""The templates' thumbnails: what became of the candidates of a run like the template's.

Every picture in them is of a run of Shapes, for which weights ship; the numbers are the template's own.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from launcher.client import Run
from recorder.studio import Studio
from tests.web.comfy_page import ComfyPage
from tests.web.panel import Panel

SIDE = 512  # the template browser shows 254 pixels of a page; twice that is sharp on fine screens
PAGE = Path(__file__).parent.parent / "poster.html"
# The middle frame of what each card's film shows, as the page holds it.
FRAMES = """films => Promise.all(films.map(async film => {
    const style = getComputedStyle(film), image = new Image();
    image.src = style.backgroundImage.slice(5, -2);
    await image.decode();
    const [wide, high] = style.backgroundSize.split(" ").map(part => parseFloat(part) / 100);
    const part = high > 1 ? parseFloat(style.backgroundPositionY) / 100 : 0;
    const width = image.naturalWidth / wide, height = image.naturalHeight / high;
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    canvas.getContext("2d").drawImage(image, -Math.floor(wide / 2) * width, -Math.round(part * (high - 1)) * height);
    return canvas.toDataURL();
}))"""


@dataclass(frozen=True)
class Poster:
    """A thumbnail: what to run, and what to say. `steps` is of the run, `step` the one after which most are dropped."""

    count: int
    keep: int
    step: int
    steps: int
    prompt: str
    text: str
    choose: str = "head"  # who chooses: "me" shows the moment of the question, "watch" every clip finished
    seed: int = 7

    @property
    def title(self) -> str:
        """The line in large letters."""
        if self.choose == "me":
            return f"{self.count} start, you choose"
        if self.choose == "watch":
            return f"{self.count} clips, you rank"
        return f"{self.count} start, {self.keep} {'is' if self.keep == 1 else 'are'} finished"


POSTERS = {
    "prism_best_of_n_shapes": Poster(8, 2, 5, 20, "a large red circle moving right slowly from the middle",
                                     "One node more in your graph"),
    "prism_choose_shapes": Poster(8, 2, 8, 20, "a large orange circle moving right slowly from the middle",
                                  "By eye, no head needed", "me"),
    "prism_prune_shapes": Poster(8, 2, 6, 16, "a large green circle moving right slowly from the middle",
                                 "In stages: score, then prune"),
    "prism_best_of_n_few_steps": Poster(4, 1, 1, 4, "a large yellow circle moving right slowly from the middle",
                                        "Wan 2.1 with 4 steps"),
    "prism_best_of_n_wan22": Poster(6, 1, 4, 20, "a large purple circle moving right slowly from the middle",
                                    "Wan 2.2, two samplers"),
    "prism_best_of_n_i2v": Poster(6, 1, 4, 20, "a large cyan circle moving right slowly from the middle",
                                  "Wan 2.1, from a picture"),
    "prism_prune_wan21": Poster(4, 1, 11, 30, "a large blue circle moving right slowly from the middle",
                                "Wan 2.1, in stages"),
    "prism_trial_shapes": Poster(8, 2, 5, 20, "a large white circle moving right slowly from the middle",
                                 "A blind test of PRISM", "watch"),
}


def poster(studio: Studio, name: str) -> Image.Image:
    """The thumbnail of a template."""
    one = POSTERS[name]
    with studio.page("prism_best_of_n_shapes") as comfy:
        tiles = asked(comfy, one) if one.choose == "me" else finished(comfy, one)
    page = studio.browser.new_page(viewport={"width": SIDE, "height": SIDE})
    page.goto(PAGE.as_uri())
    columns = 4 if one.count > 6 else 3 if one.count > 4 else 2
    page.evaluate("window.show", {"tiles": tiles, "columns": columns, "side": {4: 104, 3: 142, 2: 156}[columns],
                                  "title": one.title, "text": one.text})
    picture = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    return picture.convert("RGB")


def run(comfy: ComfyPage, one: Poster) -> Panel:
    """Run Shapes with a poster's numbers."""
    comfy.set_widget("PrismBestOfN", candidates=one.count, keep=one.keep, prune_step=one.step,
                     choose=one.choose)
    comfy.set_widget("KSampler", steps=one.steps, seed=one.seed, control_after_generate="fixed")
    comfy.set_widget("4", text=one.prompt)
    comfy.show("PrismBestOfN", 0.8)
    comfy.run()
    return Panel(comfy)


def asked(comfy: ComfyPage, one: Poster) -> list[dict[str, str]]:
    """The candidates while it waits; the first of the head's ranking are the ones that are chosen."""
    panel = run(comfy, one)
    panel.wait("waiting", 180)
    comfy.poll(lambda: len(panel.playing()) == one.count, what="a picture on each card")
    chosen = panel.rows(chosen="true")
    tiles = tiles_of(panel, lambda row: "kept" if row in chosen else "alive")
    panel.press("stop")
    return tiles


def finished(comfy: ComfyPage, one: Poster) -> list[dict[str, str]]:
    """The candidates at the end: the dropped as they were, the kept as they came out."""
    panel = run(comfy, one)
    ended = comfy.wait_for_end(seconds=240)
    assert ended.status == "success", ended.error
    panel.wait("finished")
    watched = one.choose == "watch"
    kept = sorted(panel.rows() if watched else panel.rows(state="kept"))
    made = dict(zip(kept, clips(comfy, ended), strict=True))
    tiles = tiles_of(panel, lambda row: "alive" if watched else "kept" if row in kept else "dropped")
    return [tile | ({"picture": made[row]} if row in made else {}) for row, tile in enumerate(tiles)]


def tiles_of(panel: Panel, state: Callable[[int], str]) -> list[dict[str, str]]:
    """What the cards show, in order of seed, with what `state` says of each."""
    shown = panel.root.locator(".prism-film").evaluate_all(FRAMES)
    rows = panel.rows()
    return [{"picture": picture, "state": state(row)} for row, picture in sorted(zip(rows, shown))]


def clips(comfy: ComfyPage, ended: Run) -> list[str]:
    """The middle frames of the clips that a run saved, as addresses that hold them."""
    files = [file for file in ended.files() if file["filename"].endswith(".webp") and file["type"] == "output"]
    return [address(middle(comfy.server.client.view(file))) for file in files]


def middle(clip: bytes) -> Image.Image:
    """The frame in the middle of an animated picture."""
    film = Image.open(io.BytesIO(clip))
    film.seek(film.n_frames // 2)
    return film.convert("RGB")


def address(picture: Image.Image) -> str:
    """A picture as a data address."""
    file = io.BytesIO()
    picture.resize((4 * picture.width, 4 * picture.height), Image.Resampling.BICUBIC).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
