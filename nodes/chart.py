"""A picture of the scores of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from comfy_api.latest import io
from torch import Tensor

from ..prism_core.replay import parse_replay
from .aliases import found_as
from .canvas import DROPPED, FAINT, GRID, INK, KEPT, MARGIN, WIDTH, Canvas, short
from .sockets import PrismScores, Scores

TITLE, ROW, AXIS = 104, 44, 56
LABELS, VERDICTS = 170, 130    # room for the texts left and right of the plot


class PrismScoreChart(io.ComfyNode):
    """Draws scores as an image, for saving beside the clips."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismScoreChart",
            display_name="PRISM Score Chart",
            category="PRISM",
            description="Draws the scores of a batch, best first, with what was kept and what was dropped.",
            search_aliases=found_as("PrismScoreChart", "plot", "graph", "ranking", "scores image"),
            inputs=[
                PrismScores.Input("scores", tooltip="From PRISM Score Latents or PRISM KSampler."),
                io.String.Input("kept", optional=True, force_input=True, tooltip=(
                    "The 'kept' output of the node that chose. Without it the chart shows the ranking only.")),
            ],
            outputs=[io.Image.Output("image", display_name="image", tooltip=(
                "One picture, 768 pixels wide, taller with more candidates. Takes a blink and no GPU memory."))],
        )

    @classmethod
    def execute(cls, scores: Scores, kept: str | None = None) -> io.NodeOutput:
        rows = parse_replay(kept, len(scores))[0] if kept and kept.strip() else None
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


def draw(scores: Scores, kept: list[int] | None = None) -> Tensor:
    """The chart as an IMAGE (1, H, 768, 3) in [0, 1]; the same scores always give the same pixels."""
    values = scores.values.tolist()
    order = scores.values.argsort(descending=True, stable=True).tolist()
    canvas, scale = Canvas(TITLE + ROW * len(order) + AXIS), _Scale.of(values)
    canvas.text(MARGIN, 36, f"Scores after step {scores.step}, at sigma {scores.sigma:.3f}", size=24)
    canvas.text(MARGIN, 68, f"{_outcome(len(order), kept)}  \u00b7  head {short(scores.head)}", FAINT, 16)
    _axis(canvas, scale, TITLE + ROW * len(order))
    for place, row in enumerate(order):
        _candidate(canvas, scale, TITLE + ROW * place + ROW // 2, scores.candidates[row], values[row],
                   None if kept is None else row in kept)
    return canvas.tensor()


def _outcome(count: int, kept: list[int] | None) -> str:
    return f"{count} candidates" if kept is None else f"{len(kept)} of {count} candidates kept"


def _axis(canvas: Canvas, scale: _Scale, bottom: int) -> None:
    for part in range(5):
        value = scale.low + (scale.high - scale.low) * part / 4
        canvas.line(scale.x(value), TITLE, scale.x(value), bottom + 6, GRID)
        canvas.text(scale.x(value), bottom + 22, f"{value:+.2f}", FAINT, 14, "mm")


def _candidate(canvas: Canvas, scale: _Scale, y: float, name: int, value: float, kept: bool | None) -> None:
    """One line: name, stem and dot, score, verdict. A hollow dot and a word tell what was dropped, not colour alone."""
    colour, ink = (DROPPED, FAINT) if kept is False else (KEPT, INK)
    canvas.text(MARGIN, y, f"candidate {name}", ink)
    canvas.line(scale.left, y, scale.x(value), y, colour, 2 if kept is False else 5)
    canvas.dot(scale.x(value), y, colour, filled=kept is not False)
    verdict = "" if kept is None else "  kept" if kept else "  dropped"
    canvas.text(WIDTH - VERDICTS - 8, y, f"{value:+.2f}{verdict}", ink)
