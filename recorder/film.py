"""A short looping film: pictures with how long each is seen, kept as an animated WebP."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageChops

QUALITIES = (88, 80, 72, 64, 56, 48)
MOST_MS = 65_535  # what a WebP frame's length may be


class FilmTooLarge(RuntimeError):
    """A film does not fit into the bytes that it may take, however coarse."""


@dataclass
class Film:
    """Frames of one size, in order, with their lengths in milliseconds."""

    frames: list[Image.Image] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Milliseconds until it starts again."""
        return sum(self.lengths)

    def add(self, frame: Image.Image, ms: int) -> None:
        """Show a picture for so long; one like the last makes that one longer. ValueError for another size."""
        frame = frame.convert("RGB")
        if self.frames and frame.size != self.frames[-1].size:
            raise ValueError(f"a frame of {frame.size} cannot follow one of {self.frames[-1].size}")
        if self.frames and not ImageChops.difference(frame, self.frames[-1]).getbbox():
            self.lengths[-1] = min(MOST_MS, self.lengths[-1] + ms)
            return
        self.frames.append(frame)
        self.lengths.append(ms)

    def save(self, path: Path, limit: int) -> Path:
        """Write the best film of at most `limit` bytes, looping for ever. FilmTooLarge if none fits."""
        if len(self.frames) < 2:
            raise ValueError(f"nothing moves in {path.name}")
        for quality in QUALITIES:
            found = encoded(self, quality)
            if len(found) <= limit:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(found)
                return path
        raise FilmTooLarge(f"{path.name} takes {len(found):,} bytes at the coarsest, and {limit:,} are allowed: film "
                           "less of the page, or fewer frames.")


def encoded(film: Film, quality: int) -> bytes:
    """The film as WebP, in which a frame holds only what has changed."""
    file = io.BytesIO()
    film.frames[0].save(file, "WEBP", save_all=True, append_images=film.frames[1:], duration=film.lengths, loop=0,
                        quality=quality, method=4, minimize_size=True)
    return file.getvalue()
