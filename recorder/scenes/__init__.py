"""Every picture that is made here: what shows it, where it lies, how large it may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from launcher import layout
from recorder.film import Film
from recorder.scenes import cards, posters, readme, stages, wiring
from recorder.studio import Studio

HELP_FOLDER = layout.ROOT / "web" / "docs" / "pictures"
README_FOLDER = layout.ROOT / "docs" / "pictures"
HELP_BYTES, README_BYTES, POSTER_BYTES = 300_000, 1_000_000, 60_000
ALL_BYTES = 5_000_000

HELP: dict[str, Callable[[Studio], Film]] = {  # node -> the film on its help page
    "PrismBestOfN": cards.best_of_n,
    "PrismKSampler": cards.ksampler,
    "PrismLoadHead": wiring.load_head,
    "PrismPick": cards.pick,
    "PrismPruneLatents": stages.prune,
    "PrismRunReport": wiring.run_report,
    "PrismScoreChart": stages.chart,
    "PrismScoreLatents": stages.score,
    "PrismShapesPrompt": wiring.shapes_prompt,
    "PrismSplitCandidates": stages.split,
    "PrismTrial": cards.trial,
}


def help_file(node: str) -> Path:
    """The film of a node's help page."""
    return HELP_FOLDER / f"{node}.webp"


def thumbnail(workflow: str) -> Path:
    """The picture by which ComfyUI's template browser shows a bundled workflow."""
    return layout.WORKFLOWS / f"{workflow}.jpg"


def film_help(node: str, studio: Studio) -> Path:
    """Films a node's help page."""
    return HELP[node](studio).save(help_file(node), HELP_BYTES)


def make_thumbnail(name: str, studio: Studio) -> Path:
    """Makes the picture of a template."""
    posters.poster(studio, name).save(thumbnail(name), quality=88, optimize=True)
    return thumbnail(name)


def film_readme(studio: Studio) -> Path:
    """Films the README's picture of choosing and tuning."""
    return readme.choose_and_tune(studio).save(README_FOLDER / "choose_and_tune.webp", README_BYTES)


def keep_still(studio: Studio) -> Path:
    """The README's picture that stands still, also for those who do not want movement."""
    return readme.still(studio, README_FOLDER / "choose_light.png")


PICTURES: dict[str, Callable[[Studio], Path]] = {
    **{node: partial(film_help, node) for node in HELP},
    "readme": film_readme,
    "still": keep_still,
    **{name: partial(make_thumbnail, name) for name in posters.POSTERS},
}
