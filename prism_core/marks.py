"""What a person's pins and bans make of a policy's decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .policy import Decision, Watch
from .said import Said, say

PIN, BAN = "pin", "ban"
ALL_BANNED = say("allBanned", "All candidates were banned, so the bans were left aside.")


def overruled(decision: Decision, watch: Watch, marks: Mapping[int, str]) -> Decision:
    """A decision in which pinned rows live on and banned ones go first; as many live on as before where that can be.

    More live on than the policy meant to keep where more are pinned, fewer where all others are banned. Rows whose
    score is not a number come behind all others. Where every row is banned the policy decides, and a note says so.
    """
    pinned = {row for row in watch.rows if marks.get(row) == PIN}
    banned = {row for row in watch.rows if marks.get(row) == BAN}
    if not pinned and not banned:
        return decision
    if banned == set(watch.rows):
        return replace(decision, note=" ".join((decision.note, ALL_BANNED)) if decision.note else ALL_BANNED)
    scores = dict(zip(watch.rows, watch.scores.nan_to_num(nan=float("-inf")).tolist(), strict=True))
    order = sorted(watch.rows, key=lambda row: (row not in pinned, row not in decision.keep, -scores[row], row))
    size = max(len(pinned), len(decision.keep))
    keep = tuple(sorted([row for row in order if row not in banned][:size]))
    reasons = {row: _banned(watch.step) if row in banned else decision.reasons.get(row, _made_room(watch.step))
               for row in watch.rows if row not in keep}
    return Decision(keep, reasons, decision.note)


def _banned(step: int) -> Said:
    return say("banned", "banned before step {step}", step=step)


def _made_room(step: int) -> Said:
    return say("madeRoom", "made room for a pinned candidate at step {step}", step=step)
