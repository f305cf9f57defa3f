"""What keeps a trial blind where the same graph reports the run: the report waits until the clips are ranked.

ComfyUI executes a node once everything that it is connected to is done, and an output node as soon as it can. So a
prompt that is queued gets one connection more, from the trial to the report, which the artist's canvas does not show.
"""

from __future__ import annotations

from comfy_execution.graph_utils import is_link

from .graph import REPORT, TRIAL, Prompt, ancestors, kind_of, patch_behind

AFTER = "after_trial"    # begins the name of an input that no schema knows
RANKING = 2              # output of PrismTrial
NEEDED = ("model", "latent", "vae")


def let_reports_wait(prompt: Prompt) -> None:
    """Connect every report of a run to the trials of it, unless a trial is made from the very report."""
    for report in (node for node in prompt if kind_of(prompt, node) == REPORT):
        inputs = prompt[report].setdefault("inputs", {})
        for name in [name for name in inputs if name.startswith(AFTER)]:
            del inputs[name]
        for trial in trials_of(prompt, patch_behind(prompt, report)):
            if _runs(prompt, trial) and report not in ancestors(prompt, trial):
                inputs[f"{AFTER}_{trial}"] = [trial, RANKING]


def told_too_early(prompt: Prompt, patch: str) -> bool:
    """Whether a trial is made from what a report of the same run has passed on, so that the report cannot wait."""
    return any(kind_of(prompt, node) == REPORT and patch_behind(prompt, node) == patch
               for trial in trials_of(prompt, patch) for node in ancestors(prompt, trial))


def is_tried(prompt: Prompt, patch: str) -> bool:
    """Whether a PrismTrial looks at the runs of a patched model, so that nobody may be dropped."""
    return bool(trials_of(prompt, patch))


def trials_of(prompt: Prompt, patch: str | None) -> list[str]:
    """The trials that look at the runs of a patched model."""
    return [node for node in prompt
            if patch and kind_of(prompt, node) == TRIAL and patch_behind(prompt, node) == patch]


def _runs(prompt: Prompt, trial: str) -> bool:
    """Whether it has what it needs; ComfyUI executes the rest of a prompt without a node that has not."""
    inputs = prompt[trial].get("inputs", {})
    return all(is_link(inputs.get(name)) for name in NEEDED)
