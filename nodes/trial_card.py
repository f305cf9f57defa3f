"""The card of a trial, as a picture to share: the clips in the artist's order, and how far PRISM agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from torch import Tensor

from ..prism_core import VERSION
from ..prism_core.record import RunRecord
from ..prism_core.trial import Saving, Tally, Trial
from .canvas import DROPPED, FAINT, GRID, INK, KEPT, Canvas, short
from .trial_words import agreement, in_order, of_all, savings, verdict

WIDTH, MARGIN, GAP = 1080, 48, 18
HEAD, TILE, FOOT = 150, 118, 96
ALL = 92                 # of the line over all trials
LABEL = 44               # below a still
HIGHEST = 700            # of all stills together, where that leaves them large enough
LEAST = 84               # pixels of a still's width
PANEL, ON_KEPT = "#1e2128", "#10231c"


@dataclass(frozen=True)
class _Grid:
    """Where the stills stand."""

    columns: int
    rows: int
    width: float
    height: float

    @classmethod
    def of(cls, count: int, aspect: float) -> _Grid:
        """The largest stills of that width through height that leave the card in shape."""
        grids = [cls._with(columns, count, aspect) for columns in range(1, count + 1)]
        wide = [grid for grid in grids if grid.width >= LEAST] or grids[:1]
        low = [grid for grid in wide if grid.total <= HIGHEST]
        return max(low, key=lambda grid: grid.width * count / (grid.rows * grid.columns)) if low else wide[-1]

    @classmethod
    def _with(cls, columns: int, count: int, aspect: float) -> _Grid:
        width = (WIDTH - 2 * MARGIN - GAP * (columns - 1)) / columns
        return cls(columns, -(-count // columns), width, width / aspect)

    @property
    def total(self) -> float:
        """Pixels from top to bottom, labels and all."""
        return self.rows * (self.height + LABEL) + (self.rows - 1) * GAP

    def at(self, place: int) -> tuple[float, float]:
        row, column = divmod(place, self.columns)
        return MARGIN + column * (self.width + GAP), HEAD + row * (self.height + LABEL + GAP)


def draw(record: RunRecord, saving: Saving, trial: Trial | None, tally: Tally | None,
         stills: Mapping[int, Tensor]) -> Tensor:
    """The card as an IMAGE (1, H, 1080, 3) in [0, 1].

    stills: (H, W, 3) bytes of each candidate. trial: None where nobody ranked the clips; tally: None where none is kept.
    """
    height, width = next(iter(stills.values())).shape[:2]
    grid = _Grid.of(record.candidates, width / height)
    top = HEAD + grid.total + 30
    below = top + TILE + (ALL if tally else 0)
    canvas = Canvas(round(below + FOOT), WIDTH)
    _title(canvas, record, trial)
    for place, row in enumerate(in_order(record, trial)):
        _still(canvas, grid, place, stills[row], *verdict(record, row), trial and trial.places[row])
    _tiles(canvas, top, record, saving, trial)
    if tally:
        _all_trials(canvas, top + TILE + 24, tally)
    _foot(canvas, below + FOOT - 40, record)
    return canvas.tensor()


def _title(canvas: Canvas, record: RunRecord, trial: Trial | None) -> None:
    said = "Nobody has ranked these clips" if trial is None else (
        "PRISM keeps the best clip" if trial.best_kept else "PRISM would have dropped the best clip")
    canvas.text(MARGIN, 62, said, size=40, bold=True)
    count = record.candidates
    how = "in PRISM's own order" if trial is None else "ranked blind, best first"
    last = max((drop.step for drop in record.imagined), default=0)
    canvas.text(MARGIN, 110, f"{count} clips, {how}  \u00b7  PRISM finishes {len(record.chosen)} of {count}, chosen by step "
                             f"{last} of {len(record.sigmas) - 1}", FAINT, 21)


def _still(canvas: Canvas, grid: _Grid, place: int, pixels: Tensor, kept: bool, fate: str, number: int | None) -> None:
    x, y = grid.at(place)
    canvas.picture(x, y, grid.width, grid.height, pixels)
    canvas.box(x, y, x + grid.width, y + grid.height, None, KEPT if kept else GRID, width=4 if kept else 1)
    roomy = grid.width >= 190
    if number is not None:
        _place(canvas, x + 8, y + 8, number, kept, 22 if roomy else 16)
    canvas.dot(x + 9, y + grid.height + 23, KEPT if kept else DROPPED, filled=kept, radius=7)
    text = fate if roomy else fate.removeprefix("dropped at ")
    canvas.text(x + 25, y + grid.height + 23, text, INK if kept else FAINT, 19 if roomy else 15)


def _place(canvas: Canvas, x: float, y: float, number: int, kept: bool, size: int) -> None:
    high = size * 1.5
    wide = max(high, canvas.length(str(number), size) + size * 0.8)
    canvas.box(x, y, x + wide, y + high, KEPT if kept else PANEL, radius=6)
    canvas.text(x + wide / 2, y + high / 2, str(number), ON_KEPT if kept else INK, size, "mm", bold=True)


def _tiles(canvas: Canvas, top: float, record: RunRecord, saving: Saving, trial: Trial | None) -> None:
    tiles = [*agreement(trial), savings(saving, record)] if trial else [savings(saving, record)]
    wide = (WIDTH - 2 * MARGIN - GAP * (len(tiles) - 1)) / len(tiles)
    for number, (figure, line, small) in enumerate(tiles):
        x = MARGIN + number * (wide + GAP)
        canvas.box(x, top, x + wide, top + TILE, PANEL, radius=12)
        canvas.text(x + 20, top + 34, figure, size=30, bold=True)
        canvas.text(x + 20, top + 68, line, INK, 17)
        canvas.text(x + 20, top + 93, small, FAINT, 15)


def _all_trials(canvas: Canvas, top: float, tally: Tally) -> None:
    """A line from 0 to 100 % with the interval, the share found and the level of chance."""
    line, small = of_all(tally)
    canvas.text(MARGIN, top + 12, line, INK, 19)
    canvas.text(MARGIN, top + 40, small, FAINT, 15)
    left, right, y = WIDTH - MARGIN - 370, WIDTH - MARGIN - 10, top + 16
    scale = right - left
    canvas.line(left, y, right, y, GRID, 4)
    canvas.line(left + tally.best.low * scale, y, left + tally.best.high * scale, y, KEPT, 6)
    canvas.dot(left + tally.best.value * scale, y, KEPT, filled=True, radius=9)
    canvas.line(left + tally.chance * scale, y - 13, left + tally.chance * scale, y + 13, INK, 2)
    for share, text in ((0.0, "0 %"), (1.0, "100 %")):
        canvas.text(left + share * scale, y + 30, text, FAINT, 14, "mm")
    canvas.text(left + min(max(tally.chance, 0.15), 0.85) * scale, y + 30, "chance", INK, 14, "mm")


def _foot(canvas: Canvas, y: float, record: RunRecord) -> None:
    canvas.line(MARGIN, y - 26, WIDTH - MARGIN, y - 26, GRID)
    head = PurePosixPath(record.head.name.replace("\\", "/")).stem if record.head else "no head"
    canvas.text(MARGIN, y, f"PRISM {VERSION}: scores video candidates while they are still noise", FAINT, 16)
    canvas.text(WIDTH - MARGIN, y, short(f"head {head}", 48), FAINT, 16, "rm")
