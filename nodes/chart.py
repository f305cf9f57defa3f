"""A picture of the scores of a batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from comfy_api.latest import io
from torch import Tensor

from ..prism_core.pruning import parse_kept
from .sockets import PrismScores, Scores

WIDTH, MARGIN, TITLE, ROW, AXIS = 768, 32, 104, 44, 56
LABELS, VERDICTS = 170, 130    # room for the texts left and right of the plot
SCALE = 2                      # drawn larger and scaled down: Pillow's shapes have hard edges
PAPER, INK, FAINT, GRID, KEPT, DROPPED = "#16181d", "#f2f4f8", "#9aa3b2", "#2b2f38", "#5fd0a5", "#8b93a3"


class PrismScoreChart(io.ComfyNode):
    """Draws scores as an image, for saving beside the clips."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismScoreChart",
            display_name="PRISM Score Chart",
            category="PRISM",
            description="Draws the scores of a batch, best first, with what was kept and what was dropped.",
            search_aliases=["plot", "graph", "ranking", "scores image"],
            inputs=[
                PrismScores.Input("scores", tooltip="From PRISM Score Latents."),
                io.String.Input("kept", optional=True, force_input=True, tooltip=(
                    "The 'kept' output of PRISM Prune Latents. Without it the chart shows the ranking only.")),
            ],
            outputs=[io.Image.Output("image", display_name="image", tooltip=(
                "One picture, 768 pixels wide, taller with more candidates. Takes a blink and no GPU memory."))],
        )

    @classmethod
    def execute(cls, scores: Scores, kept: str | None = None) -> io.NodeOutput:
        rows = parse_kept(kept, len(scores)) if kept and kept.strip() else None
        return io.NodeOutput(draw(scores, rows))


@dataclass(frozen=True)
class _Scale:
    """Maps scores to pixels; a batch of equal scores sits in the middle."""

    low: float
    high: float
    left: int = LABELS
    right: int = WIDTH - VERDICTS - MARGIN

    @classmethod
    def of(cls, values: list[float]) -> _Scale:
        spread = (max(values) - min(values)) or 1.0
        return cls(min(values) - 0.08 * spread, max(values) + 0.08 * spread)

    def x(self, value: float) -> float:
        return self.left + (value - self.low) / (self.high - self.low) * (self.right - self.left)


class _Canvas:
    """A Pillow canvas in unscaled pixels."""

    def __init__(self, height: int) -> None:
        from PIL import Image, ImageDraw
        self.image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, colour: str = INK, size: int = 17, anchor: str = "lm") -> None:
        from PIL import ImageFont
        self.pen.text((x * SCALE, y * SCALE), text, colour, ImageFont.load_default(size * SCALE), anchor)

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str, width: int = 1) -> None:
        self.pen.line([x0 * SCALE, y0 * SCALE, x1 * SCALE, y1 * SCALE], colour, width * SCALE)

    def dot(self, x: float, y: float, colour: str, filled: bool, radius: int = 8) -> None:
        box = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self.pen.ellipse(box, fill=colour if filled else PAPER, outline=colour, width=2 * SCALE)

    def tensor(self) -> Tensor:
        from PIL import Image
        small = self.image.resize((self.image.width // SCALE, self.image.height // SCALE), Image.Resampling.LANCZOS)
        pixels = torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8)
        return pixels.view(1, small.height, small.width, 3).float() / 255


def draw(scores: Scores, kept: list[int] | None = None) -> Tensor:
    """The chart as an IMAGE (1, H, 768, 3) in [0, 1]; the same scores always give the same pixels."""
    values = scores.values.tolist()
    order = scores.values.argsort(descending=True, stable=True).tolist()
    canvas, scale = _Canvas(TITLE + ROW * len(order) + AXIS), _Scale.of(values)
    canvas.text(MARGIN, 36, f"Scores after step {scores.step}, at sigma {scores.sigma:.3f}", size=24)
    canvas.text(MARGIN, 68, f"{_outcome(len(order), kept)}  \u00b7  head {_short(scores.head)}", FAINT, 16)
    _axis(canvas, scale, TITLE + ROW * len(order))
    for place, row in enumerate(order):
        _candidate(canvas, scale, TITLE + ROW * place + ROW // 2, scores.candidates[row], values[row],
                   None if kept is None else row in kept)
    return canvas.tensor()


def _outcome(count: int, kept: list[int] | None) -> str:
    return f"{count} candidates" if kept is None else f"{len(kept)} of {count} candidates kept"


def _short(name: str, limit: int = 44) -> str:
    return name if len(name) <= limit else name[:limit - 3] + "..."


def _axis(canvas: _Canvas, scale: _Scale, bottom: int) -> None:
    for part in range(5):
        value = scale.low + (scale.high - scale.low) * part / 4
        canvas.line(scale.x(value), TITLE, scale.x(value), bottom + 6, GRID)
        canvas.text(scale.x(value), bottom + 22, f"{value:+.2f}", FAINT, 14, "mm")


def _candidate(canvas: _Canvas, scale: _Scale, y: float, name: int, value: float, kept: bool | None) -> None:
    """One line: name, stem and dot, score, verdict. A hollow dot and a word tell what was dropped, not colour alone."""
    colour, ink = (DROPPED, FAINT) if kept is False else (KEPT, INK)
    canvas.text(MARGIN, y, f"candidate {name}", ink)
    canvas.line(scale.left, y, scale.x(value), y, colour, 2 if kept is False else 5)
    canvas.dot(scale.x(value), y, colour, filled=kept is not False)
    verdict = "" if kept is None else "  kept" if kept else "  dropped"
    canvas.text(WIDTH - VERDICTS - 8, y, f"{value:+.2f}{verdict}", ink)
