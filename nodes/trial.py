"""Whether PRISM would have kept what an artist likes best: a blind ranking of all clips of a run, dropped or not."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import nodes as comfy_nodes    # ComfyUI's own module of that name
from comfy_api.latest import io, ui
from torch import Tensor

from ..prism_core.record import WATCH, RunRecord
from ..prism_core.replay import unsigned
from ..prism_core.trial import Ranking, parse_ranking
from . import file_record, trial_card
from .aliases import found_as
from .bridge.ledger import Finished, Ledger
from .bridge.live import ledger_of
from .panel.asking import Wishes
from .panel.board import BOARD
from .panel.outcome import Clips, Outcome, concluded, decided
from .panel.trial import OUTCOMES, SKIP, Stage, blind_order
from .survivors import UNTOUCHED, of_rows
from .trial_words import report

ONCE, ALWAYS = "once", "always"
NOISE_LEFT = 0.05        # sigma at which no clip is worth looking at


class PrismTrial(io.ComfyNode):
    """Lets an artist rank the clips of a run blind, and shows how far PRISM agreed."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismTrial",
            display_name="PRISM Trial",
            category="PRISM",
            description=(
                "Puts PRISM to the test: every candidate is finished, also those it would drop, and you rank the clips "
                "without knowing which is which. Then it shows whether your favourite was kept, what the pruning would "
                "have saved, and how often that was so in all your trials."),
            search_aliases=found_as("PrismTrial", "blind test", "evaluate", "benchmark", "rank", "compare",
                                    "agreement", "is it any good", "a/b test"),
            inputs=[
                io.Model.Input("model", tooltip=(
                    "The model from PRISM Best of N, the same that the sampler uses. While this node hangs behind it, "
                    "nobody is dropped: a run costs the time of all candidates, and the memory of a few at a time.")),
                io.Latent.Input("latent", lazy=True, tooltip=(
                    "What that sampler returned, unchanged: the clips of all candidates.")),
                io.Vae.Input("vae", lazy=True, tooltip=(
                    "Decodes the clips to be shown, one after the other: the time of as many decodings, the memory of "
                    "one.")),
                io.String.Input("ranking", default="", optional=True, advanced=True, tooltip=(
                    "Replay: candidates from best to worst, counted from 0, such as '3 > 0, 5 > 1'. A comma joins "
                    "equally good ones, and those left out share the last place. Paste the 'ranking' output of an "
                    "earlier run to repeat it unasked. Empty (default): you are asked.")),
                io.Int.Input("timeout", default=0, min=0, max=86400, optional=True, advanced=True, tooltip=(
                    "How many seconds to wait for your ranking, 0 to 86400, which is a day. 0 (default): until you "
                    "answer. Where no page is open the run waits for 30 seconds only. Waiting takes no time on the GPU.")),
                io.Combo.Input("on_timeout", options=OUTCOMES, default=SKIP, optional=True, advanced=True, tooltip=(
                    "What happens when the time is up. skip (default): the run goes on without a ranking, with PRISM's "
                    "own best clip. stop: the run ends.")),
                io.Combo.Input("ask", options=[ONCE, ALWAYS], default=ONCE, optional=True, advanced=True, tooltip=(
                    "Whether you are asked about clips that you have ranked before. once (default): no, your first "
                    "ranking of the very same clips comes back, also after a restart and with another head or cut. "
                    "always: you rank them again at every run, which is not recorded, as it is no longer blind.")),
            ],
            outputs=[
                io.Image.Output("card", display_name="card", tooltip=(
                    "The result as a picture to share, 1080 pixels wide: a still of each clip in your order, what PRISM "
                    "would have done with it, agreement and savings. It shows neither prompt nor paths.")),
                io.String.Output("report", display_name="report", tooltip="The same as text, the best clip first."),
                io.String.Output("ranking", display_name="ranking", tooltip=(
                    "Your ranking, such as '3 > 0, 5 > 1 #1a2b3c4d'. Pasted into 'ranking' it is given again unasked; "
                    "with another seed or prompt it is refused. Empty where nobody ranked.")),
                io.Latent.Output("best", display_name="best", tooltip=(
                    "The clip that you ranked first, for VAE Decode; of equally good ones the one you named first. "
                    "PRISM's own best where nobody ranked.")),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo, io.Hidden.unique_id],
            is_output_node=True,
        )

    @classmethod
    def check_lazy_status(cls, model, latent: dict | None = None, vae=None, **given) -> list[str]:
        # Before the sampler runs, so that nobody waits for clips that cannot be tried.
        _ledger(model)
        return [name for name, value in (("latent", latent), ("vae", vae)) if value is None]

    @classmethod
    def fingerprint_inputs(cls, ranking: str = "", ask: str = ONCE, **given) -> int:
        # ComfyUI does not run again what has the same fingerprint.
        return time.time_ns() if ask == ALWAYS and not ranking.strip() else 0

    @classmethod
    def execute(cls, model, latent: dict, vae, ranking: str = "", timeout: int = 0, on_timeout: str = SKIP,
                ask: str = ONCE) -> io.NodeOutput:
        finished = _watched(model, latent)
        record = finished.record
        given = _given(ranking, record) if ranking.strip() else None
        file_record.add(cls.hidden, record)
        stage = Stage(getattr(cls.hidden, "unique_id", None), blind_order(record), record.head.name)
        with stage.on():
            loops = stage.decoded(partial(_decode, vae, latent["samples"]))
            outcome = concluded(finished, given) if given else decided(
                finished, Clips(model, latent["samples"]), stage, Wishes(timeout, on_timeout), anew=ask == ALWAYS)
            stage.reveal(outcome.cards(), outcome.places, outcome.replay, **outcome.told())
        BOARD.unveil(finished.run)
        return _output(outcome, latent, {row: loop[len(loop) // 2] for row, loop in loops.items()})


def _output(outcome: Outcome, latent: dict, stills: dict[int, Tensor]) -> io.NodeOutput:
    facts = outcome.record, outcome.saving, outcome.trial, outcome.tally
    card, text = trial_card.draw(*facts, stills), report(*facts, outcome.replay)
    best = of_rows(latent, _rows(latent["samples"], outcome.best), [outcome.best], outcome.record)
    # Without the prompt in its metadata: the picture is to be shared.
    return io.NodeOutput(card, text, outcome.replay, best, ui={**ui.PreviewImage(card).as_dict(), "text": [text]})


def _watched(model: Any, latent: dict) -> Finished:
    """The run that made this latent. Raises ValueError where it is none that finished everybody on purpose."""
    finished = _ledger(model).find(latent["samples"])
    record = finished.record
    if record.policy == UNTOUCHED or record.policy == WATCH and not record.imagined:
        raise ValueError(
            f"PrismBestOfN would not have dropped any of these {record.candidates} clips, so there is nothing to "
            "compare. Set 'keep' below 'candidates', and 'prune_step' below the sampler's steps.")
    if record.policy != WATCH or record.head is None:
        raise ValueError(
            f"{record.candidates - len(record.kept)} of the {record.candidates} candidates of this run were really "
            "dropped, so their clips do not exist. A trial needs all of them: connect this node's model to "
            "PrismBestOfN, directly or through LoRA loaders, connect a head there, and run again.")
    if record.sigmas[-1] > NOISE_LEFT:
        raise ValueError(
            f"These clips are not finished: their sampler stopped at sigma {record.sigmas[-1]:.2f}, so that another one "
            "can go on from there. PrismTrial cannot follow clips from one sampler to the next: use one sampler for all "
            "steps, with PrismBestOfN in front of it.")
    return finished


def _ledger(model: Any) -> Ledger:
    """What the patch of PrismBestOfN remembers. Raises ValueError where a model has no such patch."""
    ledger = ledger_of(model)
    if ledger is None:
        raise ValueError(
            "This model does not come from PrismBestOfN, and no other node's runs can be tried: PrismKSampler drops "
            "candidates itself, and graphs in stages with PrismPruneLatents drop them in between. Put PrismBestOfN, with "
            "a head, between the model and a KSampler, and connect the model that it gives to that sampler and to "
            "PrismTrial.")
    return ledger


def _given(text: str, record: RunRecord) -> Ranking:
    """The ranking of the widget. Raises ValueError where it is of another run."""
    ranking, digest = parse_ranking(text, record.candidates)
    found = unsigned(record.replay)[1]
    if digest is not None and digest != found:
        raise ValueError(
            f"This ranking was given for other clips: it is of #{digest}, and this run is #{found}. The seed, the prompt "
            "or the number of candidates has changed since. Restore them, or empty 'ranking' to rank anew.")
    return ranking


def _rows(samples: Any, row: int) -> Any:
    """One row of a latent; of video with sound, of both."""
    if getattr(samples, "is_nested", False):
        return type(samples)([stream[row:row + 1] for stream in samples.unbind()])
    return samples[row:row + 1]


def _decode(vae: Any, samples: Any, row: int) -> Tensor:
    """Images (T, H, W, 3) of one clip, as ComfyUI's own node decodes them."""
    return comfy_nodes.VAEDecode().decode(vae, {"samples": _rows(samples, row)})[0]
