"""The settings that PrismBestOfN and PrismKSampler share: their widgets, and what is made of them."""

from __future__ import annotations

from comfy_api.latest import io

from ..prism_core.schedule import Mark, Round, parse_schedule
from .panel.asking import BEST, OUTCOMES
from .panel.session import AUTO, CHOOSERS
from .sockets import PrismHead

POLICIES = ["top-k", "racing", "diverse"]


def main_inputs() -> list[io.Input]:
    """How many candidates, when to cut, how many to keep."""
    return [
        io.Int.Input("candidates", default=8, min=1, max=4096, tooltip=(
            "How many clips are started from a latent of one; a batch of several rows is taken as the candidates. "
            "Candidate 0 has the noise of the seed, candidate 1 that of seed + 1, and so on. 1 to 4096, default 8; "
            "take 4 for models of 8 steps or fewer. Time grows with it up to the prune step, memory hardly.")),
        io.Int.Input("prune_step", default=5, min=1, max=10000, tooltip=(
            "After how many of the sampler's steps the weak candidates are dropped: 1 to steps - 1, default 5. "
            "Earlier saves more time and is less certain. 12 to 20 % of 20 to 50 steps is a good start; with 8 steps or "
            "fewer take 1.")),
        io.Int.Input("keep", default=1, min=1, max=4096, tooltip=(
            "How many candidates are finished: 1 (default) to one fewer than there are. Each costs the time of the "
            "remaining steps, and more of them make it likelier that the best is among them.")),
    ]


def advanced_inputs() -> list[io.Input]:
    """What most graphs leave as it is."""
    return [
        io.String.Input("schedule", default="", optional=True, advanced=True, tooltip=(
            "Several cuts instead of one, as step:keep pairs: '2:4, 5:2, 10:1'. Also as a share of the steps, "
            "'10%:4', or as a noise level, 's0.93:2'. Gradual cuts cost little more than one early cut and err less. "
            "Empty (default): prune_step and keep.")),
        io.Combo.Input("policy", options=POLICIES, default="top-k", optional=True, advanced=True, tooltip=(
            "How candidates are chosen. top-k (default): the highest scores at each cut. racing: many small cuts, each "
            "of those that are unlikely to be the best, at steps of its own within the budget; it needs a head with "
            "measured reliability. diverse: among near-equal scores those that look different. Scoring costs the same "
            "for all.")),
        io.Float.Input("budget", default=0.0, min=0.0, max=4096.0, step=0.1, optional=True, advanced=True, tooltip=(
            "For racing: how much time the whole run may cost, in finished clips, 0 to 4096, such as 2.5; at least the "
            "clips that are kept and a little more. 0 (default): as much as the cut at prune_step, or the schedule, would "
            "cost.")),
        io.Int.Input("group", default=0, min=0, max=4096, optional=True, advanced=True, tooltip=(
            "How many candidates go through the model together, 0 to 4096. 0 (default): as many as free memory allows, "
            "fewer after running out of it. 1 needs the least memory. The results differ by rounding only.")),
        io.String.Input("kept", default="", optional=True, advanced=True, tooltip=(
            "Replay or overrule: the candidates to finish, counted from 0, such as '1, 4', or the 'kept' text of an "
            "earlier run. Then only these are sampled, from the first step, which takes their time alone and needs "
            "no head. Empty (default): the head or you choose.")),
    ]


def head_input() -> io.Input:
    """The judge; not even loaded where the choice is given."""
    return PrismHead.Input("head", optional=True, lazy=True, tooltip=(
        "A head made for this model, from Load PRISM Head: it scores the candidates. Not needed, and not even loaded, "
        "while 'kept' names the candidates. Scoring takes the time of a part of one model call for each candidate."))


def choosing_inputs() -> list[io.Input]:
    """Who chooses, and for how long a run waits for that."""
    return [
        io.Combo.Input("choose", options=CHOOSERS, default=AUTO, optional=True, tooltip=(
            "Who decides at the prune step. me: the run stops there, shows what every candidate is about to become and "
            "waits for you; with a head its ranking is suggested. head: the head decides alone. auto (default): the "
            "head where one is connected, else you. watch: nobody is dropped, the head only shows whom it would have "
            "dropped, so all are finished and no time is saved. Waiting takes no time on the GPU, but keeps the "
            "model in memory.")),
        *timeout_inputs(),
    ]


def timeout_inputs() -> list[io.Input]:
    """For how long a run waits for a person, and what then."""
    return [
        io.Int.Input("timeout", default=0, min=0, max=86400, optional=True, advanced=True, tooltip=(
            "How many seconds to wait for you, 0 to 86400, which is a day. 0 (default): until you answer. Where no page "
            "is open the run waits for 30 seconds only.")),
        io.Combo.Input("on_timeout", options=OUTCOMES, default=BEST, optional=True, advanced=True, tooltip=(
            "What happens when the time is up. best (default): the head's choice, an error where there is none. all: "
            "nothing is dropped, which costs the most time. stop: the run ends.")),
    ]


def rounds_of(schedule: str, prune_step: int, keep: int) -> tuple[Round, ...]:
    """The cuts that the widgets ask for. Raises ScheduleError on a text that cannot be read."""
    return parse_schedule(schedule) if schedule.strip() else (Round(Mark("step", prune_step), keep),)


def missing_head(kept: str, given: dict) -> list[str]:
    """For `check_lazy_status`: the head, where it is connected, needed and not there yet."""
    # An unconnected input is absent here, a connected one that has not been computed is None.
    return ["head"] if "head" in given and given["head"] is None and not kept.strip() else []
