"""The grammar of the Shapes world: prompts, their attributes and their token embeddings.

A prompt names up to six attributes, in any order that reads as English::

    a large red circle moving right slowly from the top

Every attribute may be left out; what is not named is not judged and not conditioned on.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

TEXT_LENGTH, TEXT_DIM = 8, 64
WEIGHTS = Path(__file__).parent / "weights"
TEXT_TABLE = WEIGHTS / "prism_shapes_text.safetensors"

VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "size": ("small", "large"),
    "colour": ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "white"),
    "shape": ("circle", "square", "triangle", "star", "cross"),
    "direction": ("left", "right", "up", "down"),
    "speed": ("slowly", "steadily", "quickly"),
    "start": ("left", "right", "top", "bottom", "middle"),
}
FILLERS = frozenset({"a", "an", "the", "moving", "from"})
LANES: Mapping[str, tuple[str, ...]] = {
    "left": ("top", "middle", "bottom"), "right": ("top", "middle", "bottom"),
    "up": ("left", "middle", "right"), "down": ("left", "middle", "right"),
}


@dataclass(frozen=True)
class Prompt:
    """The attributes of one clip; `None` where the prompt does not name one."""

    size: str | None = None
    colour: str | None = None
    shape: str | None = None
    direction: str | None = None
    speed: str | None = None
    start: str | None = None

    def __str__(self) -> str:
        motion = [self.direction, self.speed]
        words = ["a", self.size, self.colour, self.shape]
        words += ["moving", *motion] if any(motion) else []
        words += ["from the", self.start] if self.start else []
        return " ".join(word for word in words if word) if any(asdict(self).values()) else ""


def _category(word: str, after_from: bool) -> str:
    """The attribute that a word sets; 'left' and 'right' are starts behind 'from'."""
    names = ["start"] if after_from else [n for n in VOCABULARY if n != "start"]
    for name in [*names, "start"]:
        if word in VOCABULARY[name]:
            return name
    known = "; ".join(f"{name}: {', '.join(words)}" for name, words in VOCABULARY.items())
    raise ValueError(
        f"The Shapes model does not know the word '{word}'. It understands only this vocabulary: {known}. "
        "Write for example 'a large red circle moving right slowly from the top'.")


def parse(text: str) -> Prompt:
    """Read a prompt of the Shapes grammar.

    Raises:
        ValueError: an unknown word (the message names the vocabulary), an attribute named
            twice, or a start that the direction cannot have.
    """
    found: dict[str, str] = {}
    after_from = False
    for word in text.lower().replace(",", " ").replace(".", " ").split():
        after_from = after_from or word == "from"
        if word in FILLERS:
            continue
        name = _category(word, after_from)
        if name in found:
            raise ValueError(f"The prompt '{text}' names two values for {name}: '{found[name]}' and '{word}'. Keep one.")
        found[name] = word
    lanes = LANES.get(found.get("direction", ""))
    if lanes and found.get("start", lanes[0]) not in lanes:
        raise ValueError(
            f"A shape moving {found['direction']} can start from the {', '.join(lanes[:-1])} or {lanes[-1]}, "
            f"not from the {found['start']}: it would leave the picture.")
    return Prompt(**found)


def all_prompts() -> list[Prompt]:
    """Every full prompt of the grammar, in a fixed order: 2,880 of them."""
    motions = [(direction, lane) for direction, lanes in LANES.items() for lane in lanes]
    v = VOCABULARY
    return [Prompt(size, colour, shape, direction, speed, lane) for size, colour, shape, speed, (direction, lane)
            in itertools.product(v["size"], v["colour"], v["shape"], v["speed"], motions)]


# Disjoint sets of attribute combinations: what a part of the pipeline has seen, no later part is tested on.
SPLIT_SIZES: Mapping[str, int] = {"test": 400, "validation": 120, "head": 1000, "backbone": 1360}


@lru_cache(maxsize=1)
def splits() -> dict[str, list[Prompt]]:
    """The prompts of each split, disjoint, shuffled once by a fixed seed."""
    prompts = all_prompts()
    random.Random(20606310).shuffle(prompts)
    position, result = 0, {}
    for name, size in SPLIT_SIZES.items():
        result[name] = prompts[position:position + size]
        position += size
    return result


@lru_cache(maxsize=1)
def _table() -> Tensor:
    from safetensors.torch import load_file
    return load_file(TEXT_TABLE)["words"]


def make_table(seed: int = 0) -> Tensor:
    """Orthogonal word vectors of unit variance, (words, 64): the world's 'text encoder'."""
    words = sum(len(options) for options in VOCABULARY.values())
    noise = torch.randn(TEXT_DIM, words, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (torch.linalg.qr(noise)[0].T * TEXT_DIM ** 0.5).float().contiguous()


def word_ids(prompt: Prompt) -> list[int]:
    """Row of the word table for each attribute in the order of the vocabulary; -1 where it is not named."""
    ids, offset = [], 0
    for field in fields(prompt):
        options, word = VOCABULARY[field.name], getattr(prompt, field.name)
        ids.append(-1 if word is None else offset + options.index(word))
        offset += len(options)
    return ids


def embed(ids: Tensor, table: Tensor | None = None) -> Tensor:
    """Word ids (B, 6), -1 for none, to conditioning (B, 8, 64); rows of zeros are padding."""
    table = _table() if table is None else table
    vectors = table[ids.clamp(min=0)] * (ids >= 0).unsqueeze(-1)
    return torch.nn.functional.pad(vectors, (0, 0, 0, TEXT_LENGTH - ids.shape[1]))


def encode(text: str) -> Tensor:
    """Conditioning (1, 8, 64) of a prompt; the empty prompt is the unconditional one, all zeros.

    Raises:
        ValueError: the prompt is outside the grammar; see `parse`.
    """
    return embed(torch.tensor([word_ids(parse(text))]))
