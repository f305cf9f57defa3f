"""The figures of `bench tune` for people."""

from __future__ import annotations

from typing import Any

from .console import table

LIMIT = 0.1    # by which predicted seconds may be off


def report(found: dict[str, Any]) -> str:
    """Tables of what was promised and what came."""
    machine = found["hardware"]
    lines = [f"{machine['cpu']}, {machine['cores']} cores; torch {machine['torch']}, ComfyUI {machine['comfyui']}; "
             f"{found['date']}"]
    if found["quick"]:
        lines.append("A quick run: its figures mean nothing.")
    for part in found["workflows"]:
        known = "a run that drops nobody, as the least" if part["least"] else _cut(part["cut"])
        lines.append(f"\n{part['workflow']}: {found['candidates']} candidates, {found['steps']} steps; predicted from "
                     f"{known}, medians of {part['repetitions']} runs.")
        lines.append(table(("cut", "predicted, s", "measured, s", "off by"), [
            (_cut(row["cut"]), f"{row['predicted']:.2f}", f"{row['measured']:.2f}", f"{100 * row['error']:+.1f} %")
            for row in part["cuts"]]))
    most = max(abs(row["error"]) for part in found["workflows"] for row in part["cuts"] if not part["least"])
    lines.append(f"\nAt most {100 * most:.1f} % off; {100 * LIMIT:.0f} % are allowed.")
    least = [row["error"] <= 0 for part in found["workflows"] if part["least"] for row in part["cuts"]]
    if least:
        lines.append(f"Of {len(least)} promises of the least, {sum(least)} took as long or longer.")
    return "\n".join([*lines, *_promises(found["promises"])])


def _cut(cut: list[int]) -> str:
    return f"{cut[1]} after step {cut[0]}"


def _promises(found: dict[str, Any]) -> list[str]:
    single = found["retention"]
    inside = sum(row["inside"] for row in single)
    rows = [(row["schedule"], f"{100 * row['promised']:.0f} %", f"{100 * row['measured']:.0f} %",
             " to ".join(f"{100 * end:.0f}" for end in row["interval"])) for row in found["joint"]]
    return [f"\nHow often the best stays, on {found['prompts']} test prompts: {inside} of {len(single)} promises of one "
            "cut lie inside the measured 95 % interval.",
            table(("several cuts", "promised", "measured", "interval, %"), rows)]
