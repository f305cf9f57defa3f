"""What a pruned run costs, before it is made.

The unit is the evaluation: one row through one model call of the sampler, with all its conds. A
sampler makes one model call a step or more; a decision at step k falls on the first call with
sigma <= sigmas[k]. There a probe may score the rows and drop some before the call; otherwise the
call is made with every living row, scored on the way, and the drop takes effect at the next call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Cost:
    """Evaluations of one run.

    spent   rows through the sampler's own model calls
    probes  what scoring cost beside them
    plain   the same run with nothing dropped
    """

    spent: float
    probes: float
    plain: float

    @property
    def total(self) -> float:
        """All that the pruned run costs."""
        return self.spent + self.probes

    @property
    def saved(self) -> float:
        """Evaluations saved against the plain run; negative where pruning costs more."""
        return self.plain - self.total


def probe_cost(alive: int, depth: float, share: float) -> float:
    """Evaluations that one probe of `alive` rows costs.

    depth: blocks up to the tap / all blocks. share: 1/2 where a call runs a CFG pair, else 1.
    """
    return alive * depth * share


def probe_saves(alive: int, keep: int, depth: float, share: float) -> bool:
    """Whether scoring by a probe is cheaper than one more model call of the rows it would drop."""
    return probe_cost(alive, depth, share) < alive - keep


def call_table(calls: Sequence[int] | int) -> tuple[int, ...]:
    """(S + 1,) model calls made before the decision of each step 0...S; the last is their total.

    calls: such a table, or the number of steps S of a sampler with one model call a step. Raises
    ValueError on a table that falls or has no call.
    """
    table = tuple(range(calls + 1)) if isinstance(calls, int) else tuple(calls)
    falls = any(later < earlier for earlier, later in pairwise(table))
    if len(table) < 2 or table[0] != 0 or table[-1] < 1 or falls:
        raise ValueError(
            f"Model calls before each step are {table}; they must start at 0, never fall, and end "
            "with the number of all calls, at least 1."
        )
    return table


def predicted(
    rounds: Sequence[tuple[int, int]],
    candidates: int,
    calls: Sequence[int] | int,
    depth: float,
    share: float,
) -> Cost:
    """The exact cost of a schedule.

    rounds: (step, keep) as from `schedule.resolve`. calls: as in `call_table`. depth, share: as in
    `probe_cost`. Rounds whose steps fall on one model call are one decision: the last of them.
    Raises ValueError when a step lies outside the sampler call.
    """
    table = call_table(calls)
    outside = [step for step, _ in rounds if not 1 <= step < len(table) - 1]
    if outside:
        raise ValueError(f"Step {outside[0]} is not inside a sampler call of {len(table) - 1} steps.")
    decisions = {table[step]: keep for step, keep in rounds}
    alive, done, spent, probes = candidates, 0, 0, 0.0
    for call, keep in sorted(decisions.items()):
        if keep >= alive:
            continue
        probing = probe_saves(alive, keep, depth, share)
        effective = min(call if probing else call + 1, table[-1])
        probes += probe_cost(alive, depth, share) if probing else 0.0
        spent += alive * (effective - done)
        alive, done = keep, effective
    spent += alive * (table[-1] - done)
    return Cost(float(spent), probes, float(candidates * table[-1]))
