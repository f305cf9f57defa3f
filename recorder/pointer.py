"""The mouse pointer, which a screenshot leaves out."""

from __future__ import annotations

from PIL import Image, ImageDraw

# The outline of an arrow whose tip is at 0, 0, in CSS pixels.
ARROW = ((0, 0), (0, 19), (4.6, 14.8), (7.9, 22), (11.4, 20.5), (8.2, 13.4), (14.2, 13.2))
FINE = 4  # drawn this much larger and made smaller, for smooth edges
RING = 15  # radius of the ring around a click, CSS pixels
WHITE, BLACK, BLUE = (255, 255, 255, 255), (0, 0, 0, 255), (88, 166, 255, 255)


def with_pointer(frame: Image.Image, place: tuple[float, float], scale: float, pressed: bool) -> Image.Image:
    """A copy of a frame with the pointer's tip at a place in CSS pixels, ringed while a button is down."""
    box = int(48 * scale)
    layer = Image.new("RGBA", (box * FINE, box * FINE))
    draw, one, middle = ImageDraw.Draw(layer), scale * FINE, box * FINE / 2
    if pressed:
        radius = RING * one
        draw.ellipse((middle - radius, middle - radius, middle + radius, middle + radius), (88, 166, 255, 70), BLUE,
                     int(2.5 * one))
    points = [(middle + x * one, middle + y * one) for x, y in ARROW]
    draw.polygon(points, WHITE)
    draw.line([*points, points[0], points[1]], BLACK, int(1.5 * one), joint="curve")
    small = layer.resize((box, box), Image.Resampling.LANCZOS)
    shown = frame.convert("RGBA")
    shown.alpha_composite(*cut(small, round(place[0] * scale - box / 2), round(place[1] * scale - box / 2), shown.size))
    return shown.convert("RGB")


def cut(layer: Image.Image, x: int, y: int, size: tuple[int, int]) -> tuple[Image.Image, tuple[int, int]]:
    """What of a layer whose corner is at x, y lies within a picture of this size, and where that begins."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(layer.width, size[0] - x), min(layer.height, size[1] - y)
    if left >= right or top >= bottom:
        return Image.new("RGBA", (1, 1)), (0, 0)
    return layer.crop((left, top, right, bottom)), (x + left, y + top)
