"""A dark sheet to draw on, for the pictures that nodes give."""

from __future__ import annotations

import torch
from torch import Tensor

WIDTH, MARGIN = 768, 32
SCALE = 2    # drawn larger and scaled down: Pillow's shapes have hard edges
PAPER, INK, FAINT, GRID, KEPT, DROPPED = "#16181d", "#f2f4f8", "#9aa3b2", "#2b2f38", "#5fd0a5", "#8b93a3"


class Canvas:
    """A Pillow canvas in unscaled pixels."""

    def __init__(self, height: int, width: int = WIDTH) -> None:
        from PIL import Image, ImageDraw
        self.image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, colour: str = INK, size: int = 17, anchor: str = "lm",
             bold: bool = False) -> None:
        """Write a text; `anchor` as in Pillow."""
        from PIL import ImageFont
        font = ImageFont.load_default(size * SCALE)
        self.pen.text((x * SCALE, y * SCALE), text, colour, font, anchor, stroke_width=int(bold), stroke_fill=colour)

    def length(self, text: str, size: int = 17) -> float:
        """How wide a text is."""
        from PIL import ImageFont
        return ImageFont.load_default(size * SCALE).getlength(text) / SCALE

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: int = 1) -> None:
        """A straight line."""
        self.pen.line([x0 * SCALE, y0 * SCALE, x1 * SCALE, y1 * SCALE], colour, width * SCALE)

    def dot(self, x: float, y: float, colour: str, filled: bool, radius: int = 8) -> None:
        """A disc, or a ring."""
        box = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self.pen.ellipse(box, fill=colour if filled else PAPER, outline=colour, width=2 * SCALE)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: str | None, outline: str | None = None,
            radius: int = 8, width: int = 1) -> None:
        """A rectangle with round corners."""
        self.pen.rounded_rectangle([x0 * SCALE, y0 * SCALE, x1 * SCALE, y1 * SCALE], radius * SCALE, fill, outline,
                                   width * SCALE)

    def picture(self, x: float, y: float, width: float, height: float, pixels: Tensor, radius: int = 8) -> None:
        """A picture (H, W, 3) in bytes, scaled to fill that room, with round corners."""
        from PIL import Image, ImageDraw
        size = round(width * SCALE), round(height * SCALE)
        drawn = Image.fromarray(pixels.numpy()).resize(size, Image.Resampling.LANCZOS)
        corners = Image.new("L", size, 0)
        ImageDraw.Draw(corners).rounded_rectangle([0, 0, size[0] - 1, size[1] - 1], radius * SCALE, 255)
        self.image.paste(drawn, (round(x * SCALE), round(y * SCALE)), corners)

    def path(self, points: list[tuple[float, float]], colour: str, width: int = 1) -> None:
        """A line through points (x, y)."""
        self.pen.line([(x * SCALE, y * SCALE) for x, y in points], colour, width * SCALE, joint="curve")

    def tensor(self) -> Tensor:
        """The sheet as an IMAGE (1, H, W, 3) in [0, 1]."""
        from PIL import Image
        small = self.image.resize((self.image.width // SCALE, self.image.height // SCALE), Image.Resampling.LANCZOS)
        pixels = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8)
        return pixels.view(1, small.height, small.width, 3).float() / 255


def short(text: str, limit: int = 44) -> str:
    """The text, cut where it would run out of the sheet."""
    return text if len(text) <= limit else text[:limit - 3] + "..."
