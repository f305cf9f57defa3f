"""What the model calls of one run took, by the rows that lived in them; waits for people left out.

A call lasts from when the model is asked to when it is asked again, so scoring, previews and the sampler's own work
are in it. What came before the first call, such as loading the model, is kept apart: the next run may not need it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import fmean


@dataclass(frozen=True)
class Pace:
    """Seconds: `setup` before the first call; `calls` (rows, how many, seconds each); `probes` (rows, seconds)."""

    setup: float
    calls: tuple[tuple[int, int, float], ...]
    probes: tuple[tuple[int, float], ...]

    def completed(self, earlier: Iterable[Pace | None]) -> Pace:
        """Where all calls had the same rows: with other rows from the first earlier pace that knows these as well.

        They are taken at this run's speed, and count as no calls of its own.
        """
        known = (dict((rows, seconds) for rows, _, seconds in pace.calls) for pace in earlier if pace is not None)
        if len(self.calls) != 1:
            return self
        (rows, _, seconds), = self.calls
        found = next((other for other in known if rows in other and len(other) > 1), {rows: seconds})
        added = [(count, 0, each * seconds / found[rows]) for count, each in found.items() if count != rows]
        return replace(self, calls=tuple(sorted([*added, *self.calls])))


class Times:
    """The clock of one run, from when it is made. The first call warms up, so it counts only where it is alone."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._began = clock, clock()
        self.waited = 0.0                                  # seconds, for people
        self._setup = 0.0
        self._calls: list[tuple[int, float]] = []          # rows, seconds
        self._probes: list[tuple[int, float]] = []
        self._open: tuple[int, float] | None = None        # rows and start of the call that is going on
        self._aside = 0.0                                  # of it, what is counted elsewhere

    def called(self, rows: int) -> None:
        """The model is asked for that many rows."""
        now = self._clock()
        if self._open is None:
            self._setup = now - self._began - self._aside
        self._close(now)
        self._open, self._aside = (rows, now), 0.0

    def ended(self) -> None:
        """The sampler has returned."""
        self._close(self._clock())
        self._open = None

    @contextmanager
    def probing(self, rows: int) -> Iterator[None]:
        """Scoring beside the sampler's calls."""
        with self._beside() as spent:
            yield
        self._probes.append((rows, spent[0]))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A person is asked."""
        with self._beside() as spent:
            yield
        self.waited += spent[0]

    @contextmanager
    def _beside(self) -> Iterator[list[float]]:
        began, spent = self._clock(), [0.0]
        yield spent
        spent[0] = self._clock() - began
        self._aside += spent[0]

    def _close(self, now: float) -> None:
        if self._open is not None:
            rows, began = self._open
            self._calls.append((rows, now - began - self._aside))

    def pace(self) -> Pace:
        """What it all took."""
        first, *later = self._calls or [(0, 0.0)]
        counted = later if any(rows == first[0] for rows, _ in later) else self._calls
        by_rows = {rows: [seconds for other, seconds in counted if other == rows] for rows, _ in counted}
        calls = tuple((rows, len(found), fmean(found)) for rows, found in sorted(by_rows.items()))
        return Pace(self._setup, calls, tuple(self._probes))
