"""The models that are measured: Shapes as stock loaders load it, and Wan in its real size with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import comfy.ops
import comfy.sd
import folder_paths
import nodes
import torch
from comfy.ldm.wan.model import WanModel

from ..nodes.bridge.judge import Head, check, load
from ..nodes.bridge.tap import backbone_of
from ..nodes.folders import head_path
from ..nodes.shapes import EXAMPLE, PrismShapesPrompt
from ..prism_core.backbones import HeadMismatch, fingerprint
from ..prism_core.checkpoint import BackboneSpec, HeadInfo, read_info, save_head
from ..prism_core.head import HeadConfig, QueryAggregationHead
from .scene import Scene

BACKBONE, VAE = "prism_shapes_wan_t2v.safetensors", "prism_shapes_vae.safetensors"
HEAD = "prism_shapes_head.safetensors"
SHAPES_LATENT = (16, 3, 8, 8)    # 9 frames of 64 x 64 pixels
WORDS, TEXT = 512, 4096          # what umT5 gives to Wan


@dataclass(frozen=True)
class WanSize:
    """Width and depth of a Wan model."""

    dim: int
    ffn: int
    blocks: int


WAN = {"1.3B": WanSize(1536, 8960, 30), "14B": WanSize(5120, 13824, 40)}


def shapes(steps: int, as_it_is: bool = False) -> tuple[Scene, str]:
    """The Shapes scene with the head that ships; a word on the head that was used.

    as_it_is: else the head is taken to be reliable at every sigma.
    """
    model = nodes.UNETLoader().load_unet(BACKBONE, "default")[0]
    head, word = _shapes_head(model)
    positive, negative = (PrismShapesPrompt.execute(text).args[0] for text in (EXAMPLE, ""))
    return Scene(model, head if as_it_is else trusted(head), positive, negative, SHAPES_LATENT, steps,
                 vae=nodes.VAELoader().load_vae(VAE)[0]), word


def _shapes_head(model: Any) -> tuple[Head, str]:
    path = head_path(HEAD)
    head = load(path, HEAD)
    try:
        note = check(head, model, backbone_of(model))
    except HeadMismatch:
        # As large as the one that does not fit, so it costs the same.
        info = read_info(path)
        return (random_head(model, info.backbone.tap_block, info.head),
                "random weights, in the size of the shipped head, which does not fit this model")
    return head, f"{HEAD}. {note}" if note else HEAD


def trusted(head: Head) -> Head:
    """The head as if it were reliable at every sigma: it looks at every step, and no cut waits for a better one."""
    return replace(head, info=replace(head.info, sigma_range=(0.0, 1.0), reliability=()))


def random_head(model: Any, tap: int, config: HeadConfig) -> Head:
    """A head of random weights for a MODEL, through a file as any head."""
    backbone = backbone_of(model)
    weight = model.get_model_object(f"diffusion_model.{backbone.patch_embedding_path}").weight
    spec = BackboneSpec(backbone.family, backbone.hidden_size, backbone.blocks, tap, fingerprint(weight))
    space = type(model.get_model_object("latent_format")).__name__
    torch.manual_seed(3)
    path = Path(folder_paths.get_temp_directory()) / "random_head.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_head(path, QueryAggregationHead(config), HeadInfo(config, spec, space, (0.0, 1.0)))
    return load(str(path), path.name)


def random_wan(size: WanSize, device: torch.device, text: int = TEXT) -> Any:
    """A t2v Wan MODEL in bfloat16, of weights with which signals keep their size."""
    with torch.device("meta"):
        module = WanModel(text_len=WORDS, dim=size.dim, ffn_dim=size.ffn, text_dim=text, num_heads=size.dim // 128,
                          num_layers=size.blocks, operations=comfy.ops.disable_weight_init)
    generator = torch.Generator(device).manual_seed(0)

    def weight(like: torch.Tensor) -> torch.Tensor:
        noise = torch.randn(like.shape, generator=generator, device=device, dtype=torch.bfloat16)
        noise = noise * like[0].numel() ** -0.5 if like.ndim > 1 else 1 + 0.02 * noise
        return noise.cpu()
    state = {name: weight(value) for name, value in module.state_dict().items()}
    return comfy.sd.load_diffusion_model_state_dict(state)


def wan(size: WanSize, frames: int, steps: int, device: torch.device, height: int = 480, width: int = 832,
        load_model: Callable[..., Any] = random_wan) -> Scene:
    """A Wan scene of random weights with CFG and a head of the paper's size."""
    model = load_model(size, device)
    words = torch.randn(1, WORDS, TEXT, generator=torch.Generator().manual_seed(5))
    words[:, 60:] = 0    # padding, as umT5 leaves it
    head = random_head(model, backbone_of(model).default_tap, HeadConfig(size.dim, size.dim))
    latent = (16, (frames - 1) // 4 + 1, height // 8, width // 8)
    return Scene(model, trusted(head), [[words, {}]], [[words.flip(-1), {}]], latent, steps, cfg=5.0)
