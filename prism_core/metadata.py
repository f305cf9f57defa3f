"""What a head file says about itself: the JSON under the metadata key `prism`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from .backbones import FINGERPRINT_SIZE
from .head import HeadConfig
from .preference import ETA

FORMAT = "prism-head/1"
LIMIT = 1_000_000  # bytes of JSON

_KEYS = (
    "format",
    "head",
    "backbone",
    "latent_space",
    "sigma_range",
    "eta",
    "outputs",
    "reliability",
    "training",
    "licence",
    "description",
)
_BACKBONE_KEYS = ("family", "hidden_size", "blocks", "tap_block", "fingerprint")
_RELIABILITY_KEYS = ("sigma", "accuracy", "low", "high", "pairs", "retention")


@dataclass(frozen=True)
class BackboneSpec:
    """The model a head reads: tap_block blocks run, the state after the last of them is read.

    fingerprint: of the patch embedding's weight, from `backbones.fingerprint`. Raises ValueError
    on a value no model can have.
    """

    family: str
    hidden_size: int
    blocks: int
    tap_block: int
    fingerprint: tuple[float, ...]

    def __post_init__(self) -> None:
        _require(
            isinstance(self.family, str) and self.family, "backbone.family", self.family, "a name"
        )
        for name in ("hidden_size", "blocks", "tap_block"):
            value = getattr(self, name)
            _require(
                type(value) is int and value >= 1,
                f"backbone.{name}",
                value,
                "a whole number from 1",
            )
        _require(
            self.tap_block <= self.blocks, "backbone.tap_block", self.tap_block, "a block it has"
        )
        numbers = self.fingerprint
        _require(
            isinstance(numbers, tuple)
            and len(numbers) == FINGERPRINT_SIZE
            and all(map(_number, numbers)),
            "backbone.fingerprint",
            numbers,
            f"{FINGERPRINT_SIZE} numbers",
        )
        _require(any(numbers), "backbone.fingerprint", numbers, "numbers that are not all zero")


@dataclass(frozen=True)
class HeadInfo:
    """Everything a head file says besides its weights; raises ValueError on impossible values.

    latent_space  VAE family of the latents
    sigma_range   (low, high) noise fractions the head was trained on, in [0, 1]
    eta           tie threshold of the preference model
    reliability   entries as made by `reliability.reliability_entry`
    training      pairs, data hash, command, seed, date, pack version
    """

    head: HeadConfig
    backbone: BackboneSpec
    latent_space: str
    sigma_range: tuple[float, float]
    eta: float = ETA
    reliability: tuple[dict[str, Any], ...] = ()
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        space = self.latent_space
        _require(isinstance(space, str) and space, "latent_space", space, "a name")
        _require(
            _sigma_range(self.sigma_range), "sigma_range", self.sigma_range, "low < high in [0, 1]"
        )
        _require(_number(self.eta) and self.eta > 1, "eta", self.eta, "a number above 1")
        _require(isinstance(self.training, dict), "training", self.training, "an object")
        for name in ("licence", "description"):
            _require(isinstance(getattr(self, name), str), name, getattr(self, name), "a text")
        width, hidden_size = self.head.visual_dim, self.backbone.hidden_size
        _require(width == hidden_size, "head.visual_dim", width, f"the hidden size {hidden_size}")
        entries = self.reliability
        _require(isinstance(entries, tuple), "reliability", entries, "a list")
        for position, entry in enumerate(entries):
            _check_reliability(entry, f"reliability[{position}]")

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the head's scalars."""
        return self.head.outputs

    def to_json(self) -> str:
        """The JSON text of a head file. Raises ValueError when it is over the limit or no JSON."""
        values = {
            "format": FORMAT,
            **asdict(self),
            "head": self.head.to_dict(),
            "outputs": self.outputs,
        }
        try:
            text = json.dumps({key: values[key] for key in _KEYS}, allow_nan=False)
        except TypeError as error:
            raise ValueError(
                f"The head's description cannot be stored as JSON: {error}."
            ) from error
        if len(text.encode()) > LIMIT:
            raise ValueError(
                f"The head's description takes {len(text)} bytes; {LIMIT} is the most a file holds."
            )
        return text

    @classmethod
    def from_json(cls, text: str) -> HeadInfo:
        """The inverse of `to_json`. Raises ValueError on anything it would not have written."""
        if len(text.encode("utf-8", "surrogatepass")) > LIMIT:
            raise ValueError(f"its description is over {LIMIT} bytes, more than any head needs")
        values = _parse(text)
        version = values.get("format") if isinstance(values, dict) else None
        if version != FORMAT:
            raise ValueError(
                f"its format is {version!r} and this version of PRISM reads {FORMAT!r}; update "
                "PRISM or export the head anew"
            )
        _exact_keys(values, _KEYS, "the description")
        if isinstance(values["head"], dict) and values["head"].get("outputs") != values["outputs"]:
            raise ValueError("it names two different sets of outputs")
        return cls(
            head=HeadConfig.from_dict(values["head"]),
            backbone=_read_backbone(values["backbone"]),
            sigma_range=_tuple(values["sigma_range"]),
            reliability=_tuple(values["reliability"]),
            **{
                key: values[key]
                for key in ("latent_space", "eta", "training", "licence", "description")
            },
        )


def _parse(text: str) -> Any:
    try:
        values = json.loads(text)
        json.dumps(values, allow_nan=False)  # NaN and 1e999 are parsed, but are no JSON numbers
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its description is not valid JSON ({error})") from error
    return values


def _read_backbone(values: Any) -> BackboneSpec:
    """One backbone, or the only expert of a model of experts."""
    if isinstance(values, dict) and "experts" in values:
        experts = values["experts"]
        if not isinstance(experts, list) or not experts:
            raise ValueError("backbone.experts must be a list of at least one expert")
        if len(experts) > 1:
            raise ValueError(
                f"it reads a model of {len(experts)} experts, and this version of PRISM reads "
                "heads of one expert only; export one head for each expert"
            )
        values = dict(experts[0]) if isinstance(experts[0], dict) else experts[0]
        expert_range = values.pop("sigma_range", None) if isinstance(values, dict) else None
        _require(
            _sigma_range(_tuple(expert_range)), "experts[0].sigma_range", expert_range, "low < high"
        )
    _exact_keys(values, _BACKBONE_KEYS, "backbone")
    return BackboneSpec(**{**values, "fingerprint": _tuple(values["fingerprint"])})


def _check_reliability(entry: Any, where: str) -> None:
    missing = set(_RELIABILITY_KEYS) - set(entry) if isinstance(entry, dict) else _RELIABILITY_KEYS
    _require(not missing, where, entry, f"an object with {', '.join(_RELIABILITY_KEYS)}")
    for name in ("sigma", "accuracy", "low", "high"):
        _require(_fraction(entry[name]), f"{where}.{name}", entry[name], "a number in [0, 1]")
    pairs = entry["pairs"]
    _require(type(pairs) is int and pairs >= 1, f"{where}.pairs", pairs, "a whole number from 1")
    retention = entry["retention"]
    well_formed = isinstance(retention, dict) and all(
        _counts([size])
        and isinstance(kept, dict)
        and _counts(kept)
        and all(map(_fraction, kept.values()))
        for size, kept in retention.items()
    )
    _require(well_formed, f"{where}.retention", retention, "{candidates: {kept: chance}}")


def _require(condition: Any, name: str, value: Any, wanted: str) -> None:
    if not condition:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise ValueError(f"{name} is {shown}, but must be {wanted}")


def _exact_keys(values: Any, keys: tuple[str, ...], what: str) -> None:
    if not isinstance(values, dict):
        raise ValueError(
            f"{what} is a {type(values).__name__}, but must be an object with {', '.join(keys)}"
        )
    missing, unknown = set(keys) - set(values), set(values) - set(keys)
    if missing or unknown:
        raise ValueError(f"{what} lacks {sorted(missing)} and has the unknown {sorted(unknown)}")


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _fraction(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _counts(names: Iterable[Any]) -> bool:
    return all(isinstance(name, str) and name.isascii() and name.isdigit() for name in names)


def _sigma_range(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(map(_fraction, value))
        and value[0] < value[1]
    )
