"""The families of diffusion models whose features PRISM can read.

A family is recognised by class name, so that one table serves ComfyUI's models and diffusers' own
without importing either. Blocks and taps count from 1: tap n is the state after block n, and n
blocks have to run for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .metadata import HeadInfo

FINGERPRINT_SIZE = 32
SAME_BACKBONE = 0.999  # casts to bfloat16 or float8 stay above
RELATED_BACKBONE = 0.9  # merges and fine-tunes stay above; unrelated weights are near 0


class UnknownBackbone(ValueError):
    """The model belongs to no family of the table."""


class HeadMismatch(ValueError):
    """The head was made for another model than this one."""


@dataclass(frozen=True)
class Layout:
    """Where one implementation of a family keeps the modules that PRISM reads."""

    family: str
    blocks: str
    patch_embedding: str
    text_embedding: str


# class name, of the model itself or of any of its bases -> layout
LAYOUTS = {
    "WanModel": Layout("wan", "blocks", "patch_embedding", "text_embedding"),
    "WanTransformer3DModel": Layout(
        "wan", "blocks", "patch_embedding", "condition_embedder.text_embedder"
    ),
}


@dataclass(frozen=True)
class Backbone:
    """A recognised model: its family, size and where its modules are (paths for get_submodule)."""

    family: str
    class_name: str
    hidden_size: int
    blocks: int
    blocks_path: str
    patch_embedding_path: str
    text_embedding_path: str

    @property
    def default_tap(self) -> int:
        """The paper's 12 for models of 30 blocks and more, the same 40 % of a smaller one."""
        return min(12, max(1, round(0.4 * self.blocks)))

    def block_path(self, number: int) -> str:
        """Path of block `number`, from 1. Raises ValueError outside 1..blocks."""
        if not 1 <= number <= self.blocks:
            raise ValueError(
                f"Block {number} does not exist; {self.class_name} has 1 to {self.blocks}."
            )
        return f"{self.blocks_path}.{number - 1}"


def identify(diffusion_model: nn.Module) -> Backbone:
    """Recognise a diffusion model. Raises UnknownBackbone when it is of no family in the table."""
    class_name = type(diffusion_model).__name__
    names = [base.__name__ for base in type(diffusion_model).__mro__]
    layout = next((LAYOUTS[name] for name in names if name in LAYOUTS), None)
    if layout is None:
        raise UnknownBackbone(
            f"The diffusion model is a {class_name}, whose features PRISM cannot read yet; it "
            f"reads {_known()}. Load a model of one of these families."
        )
    try:
        blocks = diffusion_model.get_submodule(layout.blocks)
        diffusion_model.get_submodule(layout.text_embedding)
        hidden_size = diffusion_model.get_submodule(layout.patch_embedding).out_channels
        count = len(blocks)
    except (AttributeError, TypeError) as error:
        raise UnknownBackbone(
            f"The diffusion model calls itself {class_name} but is not built as one ({error}); "
            f"PRISM reads {_known()} of ComfyUI and diffusers."
        ) from error
    return Backbone(
        layout.family,
        class_name,
        hidden_size,
        count,
        layout.blocks,
        layout.patch_embedding,
        layout.text_embedding,
    )


def _known() -> str:
    families = sorted({layout.family for layout in LAYOUTS.values()})
    classes = ", ".join(LAYOUTS)
    return f"the families {', '.join(families)} (classes {classes} and those derived from them)"


def token_grid(
    latent_shape: tuple[int, ...], patch_size: tuple[int, int, int]
) -> tuple[int, int, int]:
    """Tokens in (T, H, W) of a latent (B, C, T, H, W), whose edges are padded to whole patches."""
    frames, height, width = (
        -(-size // patch) for size, patch in zip(latent_shape[-3:], patch_size, strict=True)
    )
    return frames, height, width


def visual_tokens(output: Tensor, grid: tuple[int, int, int], lead: int = 0) -> Tensor:
    """The tokens of the noisy latent alone, (B, T * H * W, D), out of a block's output (B, L, D).

    lead: reference tokens in front of them. Whatever follows them (reference, pose or motion
    tokens of Wan's variants) is dropped too. Raises ValueError when the output is too short.
    """
    count = grid[0] * grid[1] * grid[2]
    if output.ndim != 3 or lead < 0 or output.shape[1] < lead + count:
        raise ValueError(
            f"A block's output of shape {tuple(output.shape)} cannot hold {lead} leading tokens "
            f"and a grid of {grid[0]} x {grid[1]} x {grid[2]}; the tap does not fit this model."
        )
    return output[:, lead : lead + count]


def text_mask(context: Tensor) -> Tensor:
    """Which text tokens are real: (B, Lt) bool of the raw context (B, Lt, C).

    umT5's encoders for Wan set padded positions to zero, and the text embedding layer then turns
    them into one constant non-zero token: only before it can padding be told from text.
    """
    return (context != 0).any(dim=-1)


def fingerprint(weight: Tensor) -> tuple[float, ...]:
    """32 numbers of unit length that identify a patch embedding's weight, whatever its dtype.

    They are sums of the flattened weight under fixed patterns of +1 and -1, so rounding of single
    weights hardly moves them and unrelated weights give unrelated numbers. Raises ValueError for a
    weight that is empty, all zero or not finite.
    """
    values = weight.detach().to("cpu", torch.float32).flatten().numpy().astype(np.float64)
    hashes = _hash(np.arange(values.size, dtype=np.uint32))
    sums = np.array(
        [
            np.where(hashes >> np.uint32(bit) & np.uint32(1), values, -values).sum()
            for bit in range(32)
        ]
    )
    length = np.sqrt((sums**2).sum())
    if not np.isfinite(length) or length == 0.0:
        raise ValueError(
            "The patch embedding's weight is empty, all zero or not finite, so the model cannot be "
            "told from others; its file is probably damaged. Load it again or fetch it anew."
        )
    return tuple(round(float(value), 9) for value in sums / length)


def _hash(index: np.ndarray) -> np.ndarray:
    """Well-mixed 32 bits for every uint32: two rounds of xor-shift and odd multiplication."""
    mixed = index + np.uint32(0x9E3779B9)
    for factor in (0x21F0AAAD, 0x735A2D97):
        mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(factor)
    return mixed ^ (mixed >> np.uint32(15))


def similarity(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Cosine of two fingerprints, in [-1, 1]."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def check_match(
    info: HeadInfo, backbone: Backbone, latent_space: str, model_fingerprint: tuple[float, ...]
) -> str | None:
    """Refuse a head on a model that it was not made for; return a note on a doubtful one.

    latent_space: VAE family of the model's latents. model_fingerprint: of its patch embedding's
    weight. Returns None for the same weights and a sentence for related ones (a fine-tune or a
    merge). Raises HeadMismatch otherwise, naming what the head was made for and what it met.
    """
    spec = info.backbone
    found: dict[str, tuple[Any, Any]] = {
        "family": (spec.family, backbone.family),
        "hidden size": (spec.hidden_size, backbone.hidden_size),
        "number of blocks": (spec.blocks, backbone.blocks),
        "latent space": (info.latent_space, latent_space),
    }
    for what, (wanted, given) in found.items():
        if wanted != given:
            raise HeadMismatch(
                f"The head was made for a model of {what} {wanted}, but this model "
                f"({backbone.class_name}) has {given}; its features mean something else to the "
                "head. Load the model the head was made for, or a head made for this model."
            )
    likeness = similarity(spec.fingerprint, model_fingerprint)
    if likeness < RELATED_BACKBONE:
        raise HeadMismatch(
            f"The weights of this {backbone.family} model are not those the head was trained on "
            f"(similarity of their patch embeddings {likeness:.3f}, needed {RELATED_BACKBONE}); "
            "scores would be noise. Load the model the head was made for, or a head made for this "
            "model."
        )
    if likeness < SAME_BACKBONE:
        return (
            f"This model is related to the one the head was trained on, but not the same "
            f"(similarity {likeness:.3f}); the head's stated reliability may not hold."
        )
    return None
