"""Films one part of a ComfyUI page while a hand works on it."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator

from recorder.film import Film
from recorder.pointer import with_pointer
from tests.web.comfy_page import ComfyPage

FRAME_MS, GLIDE_MS = 150, 60
CLOCK = Path(__file__).with_name("clock.js").read_text(encoding="utf-8")
AIM = """(({ canvas, ds }) => {
    const [x, y, left, top, zoom] = value, place = canvas.getBoundingClientRect();
    ds.changeScale(zoom);
    ds.offset[0] = (left - place.x) / zoom - x;
    ds.offset[1] = (top - place.y) / zoom - y;
    app.canvas.setDirty(true, true);
})(app.canvas)"""
Place = tuple[float, float]


def in_slices(comfy: ComfyPage, question: Callable[[], object], what: str, seconds: float = 240) -> object:
    """The first true answer to a question, while the server works for a moment only between two times of asking.

    A frame takes longer than a step of so small a model. What the server measures meanwhile means nothing.
    """
    process = comfy.server.process
    assert process is not None

    def asked() -> object:
        process.send_signal(signal.SIGSTOP)
        try:
            return question()
        finally:
            process.send_signal(signal.SIGCONT)
    return comfy.poll(asked, seconds, what)


class Camera:
    """Looks at `width` x `height` CSS pixels of a page, `scale` pixels each. Places are in CSS pixels of that part."""

    LEFT, TOP = 360, 90  # where it stands on the page: beside the bars of ComfyUI

    def __init__(self, comfy: ComfyPage, width: int, height: int) -> None:
        self.comfy, self.size, self.film = comfy, (width, height), Film()
        self.aimed = 0.0, 0.0, 1.0
        self.scale = float(comfy.page.evaluate("window.devicePixelRatio"))
        self.pointer: Place | None = None
        self.pressed = False
        comfy.page.evaluate(CLOCK)

    # Looking

    def aim(self, x: float, y: float, zoom: float = 1.0) -> None:
        """Bring a place of the graph to the upper left corner."""
        self.aimed = x, y, zoom
        self.comfy.graph(AIM, value=[x, y, self.LEFT, self.TOP, zoom])
        self.comfy.page.wait_for_timeout(200)  # both renderers place their elements in the frames that follow

    def picture(self) -> Image.Image:
        """What it sees at this moment of the film."""
        page, (width, height) = self.comfy.page, self.size
        # What loops by itself changes only so often, also while the pointer glides: that halves the file.
        page.evaluate("ms => window.prismClock.set(ms)", self.film.length // FRAME_MS * FRAME_MS)
        clip = {"x": self.LEFT, "y": self.TOP, "width": width, "height": height}
        shot = Image.open(io.BytesIO(page.screenshot(clip=clip)))
        return with_pointer(shot, self.pointer, self.scale, self.pressed) if self.pointer else shot

    def shoot(self, ms: int = FRAME_MS) -> None:
        """One frame."""
        self.film.add(self.picture(), ms)

    def hold(self, ms: int) -> None:
        """Frames of what moves by itself."""
        for _ in range(round(ms / FRAME_MS)):
            self.shoot()

    def until(self, condition: Callable[[], object], news: Callable[[], object], held: bool = True) -> None:
        """A frame each time there is news, until something is so: what takes long here is short in the film.

        `held`: the server waits for every frame, so that none is missed, and the times that it measures mean nothing.
        """
        last: list[object] = []

        def looked() -> object:
            if [found := news()] != last:
                last[:] = [found]
                self.shoot()
            return condition()
        if held:
            in_slices(self.comfy, looked, "the end of a scene")
        else:
            self.comfy.poll(looked, 240, "the end of a scene")

    def graph_place(self, x: float, y: float) -> Place:
        """Where a place of the graph is seen."""
        left, top, zoom = self.aimed
        return (x - left) * zoom, (y - top) * zoom

    # Working

    def place(self, target: Locator | Place) -> Place:
        """The middle of an element, or a place as it is."""
        if isinstance(target, tuple):
            return target
        box = target.bounding_box()
        assert box, "what the hand should go to cannot be seen"
        return box["x"] + box["width"] / 2 - self.LEFT, box["y"] + box["height"] / 2 - self.TOP

    def move(self, target: Locator | Place, ms: int = 420) -> None:
        """Lead the pointer there, slower at both ends."""
        end = self.place(target)
        start = self.pointer or (end[0] + 90, end[1] + 120)
        steps = max(2, round(ms / GLIDE_MS))
        for step in range(1, steps + 1):
            part = step / steps
            eased = part * part * (3 - 2 * part)
            self._put((start[0] + (end[0] - start[0]) * eased, start[1] + (end[1] - start[1]) * eased))
            self.shoot(GLIDE_MS)

    def click(self, target: Locator | Place, after: int = 300) -> None:
        """Go there and press the button."""
        self.move(target)
        self.hand_down()
        self.hand_up()
        self.hold(after)

    def drag(self, start: Locator | Place, *ends: Place, ms: int = 700, after: int = 300) -> None:
        """Press at one place, go on to others, let go at the last."""
        self.move(start)
        self.hand_down()
        for end in ends:
            self.move(end, ms)
        self.hand_up()
        self.hold(after)

    def hand_down(self) -> None:
        """Press the button, which is seen for a moment."""
        self.comfy.page.mouse.down()
        self.pressed = True
        self.shoot(FRAME_MS)

    def hand_up(self) -> None:
        """Let the button go."""
        self.comfy.page.mouse.up()
        self.pressed = False

    def type(self, text: str) -> None:
        """Write into what has the keyboard, a frame for every few letters."""
        for start in range(0, len(text), 3):
            self.comfy.page.keyboard.type(text[start:start + 3])
            self.shoot(GLIDE_MS)

    def leave(self) -> None:
        """Take the hand out of the picture."""
        self.pointer = None
        self.comfy.page.mouse.move(self.LEFT - 100, self.TOP - 30)

    def _put(self, place: Place) -> None:
        self.pointer = place
        self.comfy.page.mouse.move(place[0] + self.LEFT, place[1] + self.TOP)
