"""Draw the measured figures: accuracy over noise, and what Best-of-8 keeps."""

from __future__ import annotations

from pathlib import Path

LINES = {"pooled": "mean-pooled features", "random": "untrained backbone", "raw": "raw latents", "shuffled": "another prompt"}


def _series(by_step: dict[str, dict], figure: str) -> tuple[list[float], list[float], list[float], list[float]]:
    rows = sorted((row["sigma"], *(row[figure][k] for k in ("value", "low", "high"))) for row in by_step.values())
    return tuple(list(column) for column in zip(*rows))


def _accuracy(axes: object, figures: dict) -> None:
    for i, (seed, by_step) in enumerate(figures["head"].items()):
        sigma, value, low, high = _series(by_step, "accuracy")
        axes.plot(sigma, value, color="#2a6fdb", marker="o", ms=3, lw=1.8, label="PRISM head, 3 seeds" if i == 0 else None)
        axes.fill_between(sigma, low, high, color="#2a6fdb", alpha=0.12, lw=0)
    for (name, label), style in zip(LINES.items(), ("--", ":", "-.", (0, (1, 3)))):
        sigma, value, *_ = _series(figures["controls"][name], "accuracy")
        axes.plot(sigma, value, color="#555555", ls=style, lw=1.4, label=label)
    axes.axhline(0.5, color="#999999", lw=0.8)
    axes.invert_xaxis()
    axes.set(xlabel="sigma: noise left (sampling runs to the right)", ylabel="pairs ordered as the oracle does",
             title="Which of two candidates will be better?")
    axes.legend(fontsize=8, frameon=False)


def _best_of_eight(axes: object, figures: dict) -> None:
    for keep, marker in ((1, "v"), (2, "s"), (4, "o")):
        sigma, value, low, high = _series(figures["head"]["seed_0"], f"retention_{keep}")
        axes.plot(sigma, value, marker=marker, ms=4, lw=1.6, label=f"keep {keep} of 8")
        axes.fill_between(sigma, low, high, alpha=0.12, lw=0)
        axes.axhline(keep / 8, color="#999999", lw=0.8, ls=":")
    axes.invert_xaxis()
    axes.set(xlabel="sigma: noise left", ylabel="chance that the best is kept", ylim=(0, 1.02),
             title="Best of 8, one cut (dotted: a coin)")
    axes.legend(fontsize=8, frameon=False)


def draw(figures: dict, path: Path) -> None:
    """Write the picture that the README shows."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    canvas, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    _accuracy(left, figures)
    _best_of_eight(right, figures)
    canvas.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(canvas)
