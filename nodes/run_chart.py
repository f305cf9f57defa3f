"""A picture of one live run: every candidate's score over the steps, and who was dropped when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ..prism_core.pruning import format_kept
from ..prism_core.record import WATCH, RunRecord, ranking
from .canvas import DROPPED, FAINT, GRID, INK, KEPT, MARGIN, WIDTH, Canvas, short

TOP, AXIS = 132, 76
LEFT, RIGHT = 92, WIDTH - 208    # of the plot; the names of the candidates stand right of it
NAME, PLOT = 22, 300             # height of a name, least height of the plot
TICKS = 9

Point = tuple[int, float]        # step, score


def draw(record: RunRecord) -> Tensor:
    """The chart as an IMAGE (1, H, 768, 3) in [0, 1]; the same record always gives the same pixels."""
    traces = _traces(record)
    height = max(PLOT if traces else 0, NAME * record.candidates)
    canvas = Canvas(TOP + height + (AXIS if traces else MARGIN))
    _title(canvas, record)
    if traces:
        plot = _Plot.of([point for trace in traces.values() for point in trace], height)
        _axes(canvas, plot, _sigmas(record))
        _cuts(canvas, plot, record)
        _lines(canvas, plot, record, traces)
    else:
        _names(canvas, record)
    return canvas.tensor()


@dataclass(frozen=True)
class _Plot:
    """Maps steps and scores to pixels; equal scores lie in the middle."""

    first: int
    last: int
    low: float
    high: float
    height: int

    @classmethod
    def of(cls, points: Sequence[Point], height: int) -> _Plot:
        steps, scores = [step for step, _ in points], [score for _, score in points]
        room = 0.08 * ((max(scores) - min(scores)) or 1.0)
        return cls(min(steps), max(steps), min(scores) - room, max(scores) + room, height)

    def x(self, step: int) -> float:
        if self.first == self.last:
            return (LEFT + RIGHT) / 2
        return LEFT + (step - self.first) / (self.last - self.first) * (RIGHT - LEFT)

    def y(self, score: float) -> float:
        return TOP + (self.high - score) / (self.high - self.low) * self.height


def _traces(record: RunRecord) -> dict[int, list[Point]]:
    """Each scored candidate's scores, in the order of the steps."""
    traces: dict[int, list[Point]] = {}
    for watch in record.watches:
        for row, score in zip(watch.rows, watch.scores, strict=True):
            traces.setdefault(row, []).append((watch.step, score))
    return traces


def _sigmas(record: RunRecord) -> dict[int, float]:
    return {watch.step: watch.sigma for watch in record.watches}


def _title(canvas: Canvas, record: RunRecord) -> None:
    kept = "Would keep" if record.policy == WATCH else "Kept"
    names = f"{kept} candidate{'s' if len(record.chosen) > 1 else ''} {format_kept(record.chosen)}"
    canvas.text(MARGIN, 36, f"{short(names, 46)} of {record.candidates}", size=24)
    chosen = "named in 'kept'" if record.policy == "replay" else f"policy {record.policy}"
    judge = f"head {record.head.name}" if record.head else chosen
    canvas.text(MARGIN, 68, short(judge, 76), FAINT, 16)
    canvas.text(MARGIN, 94, f"cost {record.clips:.2f} clips, finishing all would cost {record.candidates}", FAINT, 16)


def _axes(canvas: Canvas, plot: _Plot, sigmas: dict[int, float]) -> None:
    bottom = TOP + plot.height
    for part in range(5):
        score = plot.low + (plot.high - plot.low) * part / 4
        canvas.line(LEFT, plot.y(score), RIGHT, plot.y(score), GRID)
        canvas.text(LEFT - 10, plot.y(score), f"{score:+.2f}", FAINT, 14, "rm")
    steps = sorted(sigmas)
    for step in steps[::-(-len(steps) // TICKS)]:
        canvas.line(plot.x(step), bottom, plot.x(step), bottom + 6, FAINT)
        canvas.text(plot.x(step), bottom + 20, str(step), INK, 15, "mm")
        canvas.text(plot.x(step), bottom + 42, f"{sigmas[step]:.2f}", FAINT, 14, "mm")
    canvas.text(MARGIN, bottom + 20, "step", FAINT, 14)
    canvas.text(MARGIN, bottom + 42, "sigma", FAINT, 14)


def _cuts(canvas: Canvas, plot: _Plot, record: RunRecord) -> None:
    """A line at every step at which candidates were dropped."""
    drops = (*record.drops, *record.imagined)
    cuts = sorted({drop.step for drop in drops if plot.first <= drop.step <= plot.last})
    for step in cuts:
        canvas.line(plot.x(step), TOP - 8, plot.x(step), TOP + plot.height, FAINT)
        gone = sum(drop.step == step for drop in drops)
        canvas.text(plot.x(step), TOP - 16, f"{gone} dropped" if len(cuts) <= 3 else f"-{gone}", FAINT, 13, "mm")


def _lines(canvas: Canvas, plot: _Plot, record: RunRecord, traces: dict[int, list[Point]]) -> None:
    """Survivors last, so that their lines lie on top."""
    order = sorted(traces, key=lambda row: row in record.chosen)
    places = dict(zip(sorted(traces, key=lambda row: -traces[row][-1][1]),
                      _spread([plot.y(score) for score in sorted((trace[-1][1] for trace in traces.values()),
                                                                 reverse=True)], TOP, TOP + plot.height)))
    for row in order:
        kept, points = row in record.chosen, [(plot.x(step), plot.y(score)) for step, score in traces[row]]
        colour, (x, y) = KEPT if kept else DROPPED, points[-1]
        canvas.line(x, y, RIGHT + 20, places[row], GRID)
        if len(points) > 1:
            canvas.path(points, colour, 4 if kept else 2)
        canvas.dot(x, y, colour, filled=kept, radius=6)
        canvas.text(RIGHT + 26, places[row], _name(record, row), INK if kept else FAINT, 15)


def _name(record: RunRecord, row: int) -> str:
    """A candidate and its fate; a word tells it, not the colour alone."""
    drop = next((drop for drop in (*record.drops, *record.imagined) if drop.row == row), None)
    if drop is None:
        return f"{row}  " + ("would be kept" if record.policy == WATCH else "kept")
    if drop in record.imagined:
        return f"{row}  would go at step {drop.step}"
    return f"{row}  " + (f"dropped at step {drop.step}" if drop.step else "left out")


def _spread(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Ascending places at least a name apart and inside the plot, as near to the wanted ones as a sweep gets."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + NAME if places else top))
    limit = bottom
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - NAME
    return places


def _names(canvas: Canvas, record: RunRecord) -> None:
    """Without scores there is only who was kept."""
    for place, row in enumerate(ranking(record)):
        kept = row in record.kept
        y = TOP + NAME * place + NAME / 2
        canvas.dot(MARGIN + 8, y, KEPT if kept else DROPPED, filled=kept, radius=6)
        canvas.text(MARGIN + 26, y, f"candidate {_name(record, row)}", INK if kept else FAINT, 15)
