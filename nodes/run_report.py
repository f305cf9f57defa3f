"""What a run of PRISM Best of N did."""

from __future__ import annotations

from comfy_api.latest import io

from ..prism_core.record import RunRecord, summary
from . import file_record, run_chart
from .aliases import found_as
from .bridge.live import ledger_of
from .price import few_steps_note
from .survivors import UNTOUCHED, of_rows, seeds_of


class PrismRunReport(io.ComfyNode):
    """Passes the survivors on, and tells how they were chosen."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="PrismRunReport",
            display_name="PRISM Run Report",
            category="PRISM",
            description=(
                "Goes between the sampler and VAE Decode: tells which candidates were dropped when and why and what "
                "that saved, and writes it into the files that are saved further on."),
            search_aliases=found_as("PrismRunReport", "log", "statistics", "scores", "metadata", "chart", "best of n",
                                    "time saved"),
            inputs=[
                io.Model.Input("model", tooltip="The model from PRISM Best of N, the same that the sampler uses."),
                io.Latent.Input("latent", tooltip=(
                    "What that sampler returned, unchanged. Reporting takes no time and no GPU memory.")),
            ],
            outputs=report_outputs(),
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo, io.Hidden.unique_id],
            has_intermediate_output=True,
        )

    @classmethod
    def execute(cls, model, latent: dict, **waited_for) -> io.NodeOutput:    # trials, see `blindness`
        ledger = ledger_of(model)
        if ledger is None:
            raise ValueError(
                "This model does not come from PrismBestOfN, so there is no run to report. Connect the model that "
                "PrismBestOfN gives, the same that the sampler uses.")
        record = ledger.find(latent["samples"]).record
        file_record.add(cls.hidden, record)
        text = report(record)
        return io.NodeOutput(
            of_rows(latent, latent["samples"], record.kept, record), text, run_chart.draw(record), record.to_json(),
            record.replay, seeds_of(record, record.kept), ui=shown(record, text))


def report_outputs() -> list[io.Output]:
    """The survivors, and everything that is known of their run."""
    return [
        io.Latent.Output("latent", display_name="latent", tooltip=(
            "The survivors, as they came; noise masks and other things that belong to single candidates are cut down "
            "to them. For VAE Decode, or PRISM Split Candidates if several were kept.")),
        io.String.Output("report", display_name="report", tooltip=(
            "The run as text, best candidate first: scores, who was dropped when and why, cost and warnings.")),
        io.Image.Output("chart", display_name="chart", tooltip=(
            "The scores over the steps as a picture, 768 pixels wide.")),
        io.String.Output("record", display_name="record", tooltip=(
            "Everything as JSON (prism-run/1), for programs. The same goes into saved files.")),
        kept_output(),
        io.Int.Output("seeds", display_name="seeds", is_output_list=True, tooltip=(
            "The seed of each survivor, best used for file names. A plain KSampler with that seed makes the same clip. "
            "For a batch of several rows it is the sampler's one seed each time.")),
    ]


def kept_output() -> io.Output:
    """The choice, in the form in which it can be repeated."""
    return io.String.Output("kept", display_name="kept", tooltip=(
        "The kept candidates, such as '1, 4 #1a2b3c4d'. Pasted into the 'kept' widget it repeats the choice, without "
        "the head and at the price of the survivors alone; with another seed or prompt it is refused."))


def report(record: RunRecord) -> str:
    """The record for people, with what few steps can save at all."""
    if record.policy == UNTOUCHED:
        return "\n".join(["Nothing was pruned: this sampler call had no more clips than are kept.",
                          *(f"Note: {warning}" for warning in record.warnings)])
    note = few_steps_note(record)
    return summary(record) + (f"\nNote: {note}" if note else "")


def shown(record: RunRecord, text: str) -> dict:
    """What the node shows, and what the page reads."""
    return {"text": [text], "prism_run": [record.to_json()]}
