"""Made-up records of runs that were only watched."""

from __future__ import annotations

from typing import Any

from prism_core.record import Drop, Evaluations, HeadUsed, RunRecord, Watched


def watched(dropped: dict[int, int], candidates: int = 4, steps: int = 10, calls: int | None = None,
            seconds: float = 40.0, **changes: Any) -> RunRecord:
    """A run in which these rows would have been dropped at these steps."""
    sigmas = tuple(round(1 - step / steps, 4) for step in range(steps + 1))
    rows, plain = tuple(range(candidates)), float(candidates * (calls or steps))
    watches = tuple(Watched(step, sigmas[step], rows, tuple(row + step / 10 for row in rows), "forward")
                    for step in range(1, steps))
    drops = tuple(Drop(row, step, sigmas[step], row + step / 10, f"score {row} was too low")
                  for row, step in dropped.items())
    return RunRecord(**{
        "version": "0.1.0", "head": HeadUsed("prism_shapes_head.safetensors", "f" * 64), "model": "WanModel",
        "sampler": "euler", "sigmas": sigmas, "candidates": candidates, "seed": 7,
        "seeds": tuple(range(7, 7 + candidates)), "group": 2, "schedule": "2:1", "policy": "watch", "kept": rows,
        "replay": f"{', '.join(map(str, rows))} #1a2b3c4d", "watches": watches, "drops": (), "imagined": drops,
        "evaluations": Evaluations(plain, 0.0, plain, 0.0), "seconds": seconds, **changes})
