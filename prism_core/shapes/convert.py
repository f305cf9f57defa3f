"""Key names of Wan models in diffusers' layout and in the native one that ComfyUI loads.

Only names differ, never values: a state dict goes there and back bit for bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from torch import Tensor

_TRANSFORMER = (
    (r"^condition_embedder\.time_embedder\.linear_1", "time_embedding.0"),
    (r"^condition_embedder\.time_embedder\.linear_2", "time_embedding.2"),
    (r"^condition_embedder\.text_embedder\.linear_1", "text_embedding.0"),
    (r"^condition_embedder\.text_embedder\.linear_2", "text_embedding.2"),
    (r"^condition_embedder\.time_proj", "time_projection.1"),
    (r"^scale_shift_table", "head.modulation"),
    (r"^proj_out", "head.head"),
    (r"\.scale_shift_table", ".modulation"),
    (r"\.ffn\.net\.0\.proj", ".ffn.0"),
    (r"\.ffn\.net\.2", ".ffn.2"),
    (r"\.norm2\.", ".norm3."),
    (r"\.attn1\.", ".self_attn."),
    (r"\.attn2\.", ".cross_attn."),
    (r"\.to_out\.0\.", ".o."),
    (r"\.to_([qkv])\.", r".\1."),
)
_RESNET = ((r"\.norm1\.", ".residual.0."), (r"\.conv1\.", ".residual.2."), (r"\.norm2\.", ".residual.3."),
           (r"\.conv2\.", ".residual.6."), (r"\.conv_shortcut\.", ".shortcut."))
_VAE = (
    (r"^quant_conv\.", "conv1."),
    (r"^post_quant_conv\.", "conv2."),
    (r"^(encoder|decoder)\.conv_in\.", r"\1.conv1."),
    (r"^(encoder|decoder)\.norm_out\.", r"\1.head.0."),
    (r"^(encoder|decoder)\.conv_out\.", r"\1.head.2."),
    (r"\.mid_block\.attentions\.0\.", ".middle.1."),
    (r"\.down_blocks\.", ".downsamples."),
)


def _rename(key: str, rules: Iterable[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key


def transformer_key(key: str) -> str:
    """Native name of a key of diffusers' WanTransformer3DModel."""
    return _rename(key, _TRANSFORMER)


def vae_key(key: str) -> str:
    """Native name of a key of diffusers' AutoencoderKLWan (three resnets and an upsampler a level of the decoder)."""
    if re.search(r"resnets\.\d|down_blocks\.\d+\.(norm|conv)", key):
        key = _rename(key, _RESNET)
    key = re.sub(r"\.mid_block\.resnets\.([01])", lambda m: f".middle.{2 * int(m[1])}", key)
    key = re.sub(r"\.up_blocks\.(\d)\.resnets\.(\d)", lambda m: f".upsamples.{4 * int(m[1]) + int(m[2])}", key)
    key = re.sub(r"\.up_blocks\.(\d)\.upsamplers\.0", lambda m: f".upsamples.{4 * int(m[1]) + 3}", key)
    return _rename(key, _VAE)


def to_native(state: dict[str, Tensor], kind: str) -> dict[str, Tensor]:
    """A diffusers state dict under native names; `kind` is 'transformer' or 'vae'."""
    rename = {"transformer": transformer_key, "vae": vae_key}[kind]
    return {rename(key): value.contiguous() for key, value in state.items()}


def to_diffusers(state: dict[str, Tensor], kind: str, keys: Iterable[str]) -> dict[str, Tensor]:
    """The inverse: a native state dict under the names of a diffusers model with these `keys`."""
    rename = {"transformer": transformer_key, "vae": vae_key}[kind]
    return {key: state[rename(key)] for key in keys}
