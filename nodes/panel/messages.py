"""What the server and its pages say to each other.

Pages check every message against the JSON schema of `View`, which lies beside them as a file; the server checks every
body that it receives against `Answer` and `Mark`. Rows are counted from 0.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

ROWS = 4096              # as many as a node makes candidates
STEPS = 10_000
OVER = ("finished", "stopped", "failed")
WORDS = ("title", "description", "default")    # of a JSON schema, which check nothing


def _shown(length: int) -> BeforeValidator:
    """Cut what is only shown: a long text must never fail a run."""
    return BeforeValidator(lambda text: text[:length] if isinstance(text, str) else text)


def _finite(value: Any) -> Any:
    # NaN is no JSON, and a page has no more use for an infinite score
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _each_once(places: list[list[int]]) -> list[list[int]]:
    named = [row for place in places for row in place]
    if len(set(named)) < len(named):
        raise ValueError("a ranking names each candidate once")
    return places


def _ascending(rows: list[int]) -> list[int]:
    if any(one >= other for one, other in zip(rows, rows[1:])):
        raise ValueError("rows must ascend, each named once")
    return rows


Row = Annotated[int, Field(ge=0, lt=ROWS)]
Step = Annotated[int, Field(ge=0, le=STEPS)]
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]    # exact in JavaScript
Pixels = Annotated[int, Field(ge=1, le=65_535)]
Name = Annotated[str, _shown(256), Field(max_length=256)]
Text = Annotated[str, _shown(2000), Field(max_length=2000)]
Number = Annotated[str, Field(pattern=r"^[0-9]{0,20}$")]    # a seed can exceed what JavaScript counts exactly
Run = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Rows = Annotated[list[Row], Field(max_length=ROWS)]
Ranking = Annotated[list[Annotated[list[Row], Field(min_length=1, max_length=ROWS)]], Field(max_length=ROWS),
                    AfterValidator(_each_once)]
Part = Annotated[float, Field(ge=0, le=1)]
Pairs = Annotated[list[Annotated[float, Field(ge=0, le=ROWS**2)]], Field(min_length=2, max_length=2)]
Cut = Annotated[list[Annotated[int, Field(ge=0, le=STEPS)]], Field(min_length=2, max_length=2)]
Kept = Annotated[str, Field(max_length=32_768)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False,
                              json_schema_serialization_defaults_required=True)


def _sentence(value: Any) -> Any:
    return Sentence.of(value) if isinstance(value, str) else value


def _part(value: Any) -> Any:
    return _sentence(value) if hasattr(value, "code") else value


class Sentence(_Message):
    """What people read: `text` in English and, where the page can say it in its own language, what it is made of."""

    text: Text
    code: Name = ""
    values: dict[str, Annotated[int | float | Name | Sentence, BeforeValidator(_part)]] = {}

    @classmethod
    def of(cls, text: str) -> Sentence:
        """The sentence that a text is; one that is Said knows what it is made of."""
        return cls(text=str(text), code=getattr(text, "code", ""), values=getattr(text, "values", {}))


class Card(_Message):
    """One candidate. `dropped_at` is a step, and `imagined_at` that at which it would have been dropped in a run that is
    only watched; rank 1 is the best among those alive; a seed of "" is not known.
    """

    row: Row
    seed: Number = ""
    state: Literal["alive", "dropped", "kept"] = "alive"
    score: Annotated[float | None, BeforeValidator(_finite)] = None
    rank: Annotated[int, Field(ge=1, le=ROWS)] | None = None
    mark: Literal["none", "pin", "ban"] = "none"
    dropped_at: Step | None = None
    imagined_at: Step | None = None
    reason: Annotated[Sentence, BeforeValidator(_sentence)] | None = None


class Sheet(_Message):
    """One picture of all candidates: `rows` from top to bottom, frames from left to right, each width x height pixels.

    Pages get it at /prism/runs/{run}/sheets/{version}.
    """

    version: Count = 0
    step: Step
    frames: Annotated[int, Field(ge=1, le=256)]
    width: Pixels
    height: Pixels
    rows: Rows


class Waiting(_Message):
    """A wait for a person. `deadline_s` is what was left when this was sent, None for ever; `outcome` is what then."""

    question: Count
    keep: Annotated[int, Field(ge=1, le=ROWS)]
    suggested: Rows
    deadline_s: Annotated[float, Field(ge=0)] | None
    outcome: Literal["best", "all", "stop", "skip"]
    has_head: bool


class Agreement(_Message):
    """How far PRISM and a person agree: whether it keeps the best clip, and pairs in the same order, [so many, of]."""

    best_kept: bool
    chance: Part
    pairs: Pairs
    ordered: Pairs


class Totals(_Message):
    """How often the best clip was kept over several trials: a share with its 95 % interval, and that of chance."""

    trials: Annotated[int, Field(ge=1, le=2**53 - 1)]
    best: Part
    low: Part
    high: Part
    chance: Part


class Reveal(_Message):
    """What a blind trial told nobody before the clips were ranked: the candidate and the place of each card, 1 the best.

    Where nobody ranked them there are no places and no agreement. saved: a share of the work, and seconds; negative
    where pruning would have cost more.
    """

    rows: Rows
    places: Annotated[list[Annotated[int, Field(ge=1, le=ROWS)]], Field(max_length=ROWS)] = []
    keep: Annotated[int, Field(ge=1, le=ROWS)]
    agreement: Agreement | None = None
    totals: Totals | None = None
    saved: float
    saved_s: float


class View(_Message):
    """All that a page knows of one run. `seq` counts its states; `node` is an execution id, "12:5" in a subgraph.

    The cards of a blind trial have positions for rows until `reveal` says whose they are.
    """

    version: Literal[1] = 1
    run: Run
    seq: Count = 0
    node: Name
    workflow: Name = ""
    client: Name = ""
    prompt: Name = ""
    kind: Literal["run", "pick", "trial"] = "run"
    status: Literal["sampling", "waiting", "finished", "stopped", "failed"] = "sampling"
    step: Step = 0
    steps: Step = 0
    cuts: Annotated[list[Cut], Field(max_length=STEPS)] = []
    judge: Literal["head", "person", "replay", "watch", "none"] = "none"
    head: Name = ""
    seed: Number = ""
    candidates: Annotated[list[Card], Field(max_length=ROWS)] = []
    sheet: Sheet | None = None
    waiting: Waiting | None = None
    reveal: Reveal | None = None
    replay: Kept = ""
    group: Annotated[int, Field(ge=0, le=ROWS)] = 0
    notes: Annotated[list[Annotated[Sentence, BeforeValidator(_sentence)]], Field(max_length=64)] = []

    @property
    def over(self) -> bool:
        """Whether nothing more can come of this run."""
        return self.status in OVER


class Answer(_Message):
    """What a person decided; `rows` says which live on where the action is "keep", `ranking` which are best where it is
    "rank": places from best to worst, with those that are equally good.
    """

    question: Count
    action: Literal["keep", "best", "all", "stop", "rank", "skip"]
    rows: Annotated[Rows, AfterValidator(_ascending)] = []
    ranking: Ranking = []

    def model_post_init(self, context: Any) -> None:
        """Raises ValueError where rows and action contradict each other."""
        if (self.action == "keep") != bool(self.rows):
            raise ValueError("'rows' names the candidates to keep, at least one, and goes with the action 'keep' only")
        if (self.action == "rank") != bool(self.ranking):
            raise ValueError("'ranking' names the best candidate at least, and goes with the action 'rank' only")


class Mark(_Message):
    """A pin (never dropped), a ban (dropped first) or neither, of one candidate."""

    row: Row
    mark: Literal["none", "pin", "ban"]


class Recording(_Message):
    """Whether choices are recorded on this machine, and how large the store of them may become."""

    recording: bool = True
    limit_bytes: Annotated[int, Field(ge=10_000_000, le=2**53 - 1)] = 8_000_000_000


class Previewing(_Message):
    """How large and how often candidates are shown while they form: pixels of the longer side, and how many new
    pictures a second at most.
    """

    size: Annotated[int, Field(ge=64, le=512, multiple_of=8)] = 128
    rate: Annotated[float, Field(ge=0.1, le=10)] = 10.0


class Deletion(_Message):
    """Deletes all recorded choices; spelt out, so that no stray request does it."""

    confirm: Literal["delete"]


def schema() -> dict[str, Any]:
    """The JSON schema that pages check a `View` against, without the words that check nothing."""
    return _bare(View.model_json_schema(mode="serialization"))


def _bare(part: Any, names: bool = False) -> Any:
    """A schema without its words. `names`: the keys of `part` are names of fields, which may be called as words are."""
    if isinstance(part, list):
        return [_bare(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {key: _bare(value, key in ("properties", "$defs")) for key, value in part.items()
            if names or key not in WORDS}
