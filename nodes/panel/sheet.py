"""One picture that holds the loops of all candidates, and who makes it while a run goes on."""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ...prism_core.said import say
from .board import BOARD, Board
from .frames import LONGEST, Frames, chosen_previewer, frames
from .messages import Previewing, Sheet

logger = logging.getLogger(__name__)

PIXELS = 4_000_000       # of one sheet; of a sheet of larger pictures
MOST_PIXELS = 16_000_000
TINY = 96                # pixels; what is smaller is shown at this size
LEAST = 64               # pixels; rather fewer frames than smaller ones
BLOCK = 8                # a JPEG's block: a frame of whole blocks takes nothing over from its neighbours
TALLEST = 65_000         # pixels of a JPEG
STRETCH = 0.02           # of the aspect ratio, for the sake of whole blocks
SHARE = 0.005            # of the run's time, for previews
MIME = "image/jpeg"


class Picture(NamedTuple):
    """A sheet without its version, its file, the file's media type, and what a person should know about it."""

    sheet: Sheet
    image: bytes
    mime: str
    note: str


class Cell(NamedTuple):
    """What every candidate gets on a sheet: so many frames of so many pixels."""

    frames: int
    height: int
    width: int


def sheet(x0: Tensor, latent_format: Any, rows: Sequence[int], *, step: int = 0, previewer: Any = None) -> Picture:
    """The loops of predictions (R, C, T, H, W) or (R, C, H, W), in the model's space, of these rows.

    Raises:
        ValueError: latents that are neither pictures nor clips.
    """
    found, album = frames(x0, latent_format, previewer), Album()
    album.add(rows, found.pixels())
    return album.picture(step, found.note)


class Album:
    """The latest loop of every candidate, those that were dropped since among them."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._loops: dict[int, Tensor] = {}
        self._kind: tuple[int, ...] = ()
        self._room = 0
        self._cell = Cell(1, BLOCK, BLOCK)

    def add(self, rows: Sequence[int], pixels: Tensor) -> None:
        """Take new loops (R, n, H, W, 3), in bytes, of these rows."""
        known = {*self._loops, *rows}
        if tuple(pixels.shape[1:]) != self._kind or len(known) > self._room:
            self._kind, self._room = tuple(pixels.shape[1:]), len(known)
            self._cell, old = fit(len(known), *pixels.shape[1:4], self._longest), self._cell
            if self._cell != old:
                self._loops.clear()
        for row, loop in zip(rows, pixels, strict=True):
            self._loops[row] = _resized(loop, self._cell)

    def picture(self, step: int, note: str = "") -> Picture:
        """All loops as one picture: a candidate a line, in order of rows."""
        rows, cell = sorted(self._loops), self._cell
        lines = [self._loops[row].permute(1, 0, 2, 3).flatten(1, 2) for row in rows]    # (h, n * w, 3)
        file = io.BytesIO()
        # full colour resolution: halved, its blocks would reach over the frames' borders
        Image.fromarray(torch.cat(lines).numpy()).save(file, "JPEG", quality=82, subsampling=0)
        described = Sheet(step=step, frames=cell.frames, width=cell.width, height=cell.height, rows=rows)
        return Picture(described, file.getvalue(), MIME, note)


def fit(rows: int, count: int, height: int, width: int, longest: int = LONGEST) -> Cell:
    """How many frames, and how large, so that a sheet of that many rows stays small.

    longest: pixels that the longer side may have. More than LONGEST only where there is more to be seen.
    """
    source = max(height, width)
    pixels = min(MOST_PIXELS, PIXELS * max(1.0, (longest / LONGEST) ** 2))
    largest = min(longest, max(LONGEST, source // BLOCK * BLOCK) if source > TINY else TINY)
    for frames in dict.fromkeys(min(count, most) for most in (16, 12, 8, 4, 1)):
        sides = [side for side in range(largest, 0, -BLOCK)
                 if _fits(rows, frames, *_blocks(side, height, width), pixels)]
        if sides and (sides[0] >= LEAST or frames == 1):
            break
    sides = sides or [BLOCK]
    best = min(sides[:4], key=lambda side: max(_stretch(side, height, width), STRETCH))    # the largest of the good ones
    return Cell(frames, *_blocks(best, height, width))


def _blocks(side: int, height: int, width: int) -> tuple[int, int]:
    """Height and width with that longer side, both of whole blocks."""
    short = max(BLOCK, round(side * min(height, width) / max(height, width) / BLOCK) * BLOCK)
    return (side, short) if height > width else (short, side)


def _stretch(side: int, height: int, width: int) -> float:
    new_height, new_width = _blocks(side, height, width)
    return abs(new_height * width / (new_width * height) - 1)


def _fits(rows: int, frames: int, height: int, width: int, pixels: float) -> bool:
    return rows * frames * height * width <= pixels and rows * height <= TALLEST


def _resized(loop: Tensor, cell: Cell) -> Tensor:
    """(n, h, w, 3) bytes of a loop (m, H, W, 3), smoothly."""
    index = torch.linspace(0, len(loop) - 1, cell.frames).round().long()
    # in bytes all the way: thirty times as fast as in floating point, and as good for this
    chosen = loop[index].permute(0, 3, 1, 2)
    sized = F.interpolate(chosen, (cell.height, cell.width), mode="bicubic", antialias=True)
    return sized.permute(0, 2, 3, 1)


class Previews:
    """Makes the sheets of one run while it samples, and shows them on the board.

    The sampler's thread only starts the pictures; they are put together and encoded in a thread that lives as long as
    there is something to do. All of it together takes at most `share` of the run's time; only the first sheet, and
    those that are asked for by force, may take more, and come sooner than `wanted` says.
    """

    def __init__(self, run: str, board: Board = BOARD, clock: Callable[[], float] = time.perf_counter,
                 share: float = SHARE, wanted: Previewing | None = None) -> None:
        self._run, self._board, self._clock, self._share = run, board, clock, share
        self._wanted, self._latest = wanted or Previewing(), float("-inf")
        self._began, self._spent, self._made = clock(), 0.0, 0
        self._album, self._previewer = Album(self._wanted.size), None
        self._asked, self._failed = False, False
        self._job: tuple[int, tuple[int, ...], Frames] | None = None
        self._busy = False
        self._change = threading.Condition()

    def offer(self, step: int, rows: Sequence[int], x0: Tensor | None, latent_format: Any, force: bool = False) -> bool:
        """Show these predictions, one a row and in the model's space, if somebody looks and it costs little.

        Whatever goes wrong here is noted on the page and ends the previews of this run, never the run itself.
        """
        if x0 is None or self._failed or not (force or self._board.listening() and self._may()):
            return False
        began = self._clock()
        try:
            found = self._frames(x0, latent_format)
        except Exception as error:
            self._fail(error)
            return False
        with self._change:
            self._spent, self._made, self._latest = self._spent + self._clock() - began, self._made + 1, began
            self._job = step, tuple(rows), found
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._work, name="prism previews", daemon=True).start()
        return True

    def close(self, seconds: float = 5.0) -> None:
        """Wait until what was offered is shown."""
        with self._change:
            self._change.wait_for(lambda: not self._busy, seconds)

    def _may(self) -> bool:
        with self._change:
            now = self._clock()
            sampled = now - self._began - self._board.waited(self._run)
            soon = now - self._latest < 1 / self._wanted.rate
            one = self._spent / max(1, self._made)
            return self._made == 0 or not soon and self._spent + one <= self._share * sampled

    def _frames(self, x0: Tensor, latent_format: Any) -> Frames:
        if not self._asked:
            self._asked, self._previewer = True, chosen_previewer(x0.device, latent_format)
        if self._previewer is not None:
            try:
                return frames(x0, latent_format, self._previewer, self._wanted.size)
            except Exception as error:    # its file is for another model, or memory is short
                logger.warning("PRISM: the preview decoder failed, so previews use plain colours from here on: %s", error)
                self._previewer = None
        return frames(x0, latent_format, None, self._wanted.size)

    def _work(self) -> None:
        while True:
            with self._change:
                job, self._job = self._job, None
                if job is None:
                    self._busy = False
                    self._change.notify_all()
                    return
            try:
                self._show(*job)
            except Exception as error:
                self._fail(error)

    def _show(self, step: int, rows: tuple[int, ...], found: Frames) -> None:
        pixels = found.pixels()    # the wait is for the model's own work, which costs the run nothing
        began = self._clock()
        self._album.add(rows, pixels)
        picture = self._album.picture(step)
        if self._board.get(self._run) is not None:
            self._board.set_sheet(self._run, picture.sheet, picture.image, picture.mime)
            self._board.note(self._run, found.note)
        with self._change:
            self._spent += self._clock() - began

    def _fail(self, error: Exception) -> None:
        self._failed = True
        logger.warning("PRISM: no more previews in this run: %s", error)
        if self._board.get(self._run) is not None:
            self._board.note(self._run, say(
                "noPreviews", "There are no more previews in this run: {problem}", problem=str(error)))
