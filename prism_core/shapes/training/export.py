"""Write trained weights the way ComfyUI's stock loaders read them: native names, float16, facts in the metadata."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ... import VERSION
from ...backbones import fingerprint
from ...checkpoint import save_head
from ...metadata import BackboneSpec, HeadInfo
from ...reliability import reliability_entry
from ..convert import to_native
from ..models import BACKBONE_FILE, HEAD_FILE, VAE_FILE, load_backbone
from ..prompts import TEXT_DIM, TEXT_LENGTH, TEXT_TABLE, make_table
from ..sampling import CFG, STEPS, simple_sigmas
from . import states, variants
from .backbone import DIM, HEADS, LAYERS
from .head import evaluate
from .tokens import TAP_BLOCK

# What UNETLoader cannot read off the shapes of the tensors.
TRANSFORMER_CONFIG = {"num_heads": HEADS, "text_dim": TEXT_DIM, "text_len": TEXT_LENGTH}


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"licence": "Apache-2.0", **metadata})


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.to("cpu", torch.float16) for key, value in state.items()}


def export_table(seed: int = 0) -> None:
    """The word table behind the demo's prompt node."""
    _write(TEXT_TABLE, {"words": make_table(seed)}, {"training": f"python3 run.py shapes train text --seed {seed}"})


def export_vae(state: dict[str, Tensor], training: str) -> None:
    """A diffusers AutoencoderKLWan state dict, for VAELoader."""
    _write(VAE_FILE, to_native(_half(state), "vae"), {"training": training})


def export_backbone(state: dict[str, Tensor], training: str) -> None:
    """A diffusers WanTransformer3DModel state dict, for UNETLoader."""
    config = json.dumps({"transformer": TRANSFORMER_CONFIG})
    _write(BACKBONE_FILE, to_native(_half(state), "transformer"), {"config": config, "training": training})


def export_head(figures: dict, seed: int) -> None:
    """The trained head as a head file, with its reliability as measured on the test prompts."""
    data = states.load("test")
    trained, view, model = variants.load("full", seed), variants.view("full"), load_backbone()
    spec = BackboneSpec("wan", DIM, LAYERS, TAP_BLOCK, fingerprint(model.patch_embedding.weight))
    sigmas = simple_sigmas()
    entries = [reliability_entry(float(sigmas[step]), evaluate(trained, view, data.latents[step], float(sigmas[step]), data.words),
                                 data.oracle, candidates=(2, 4, 8), sampler="euler", scheduler="simple", cfg=CFG, loras=[])
               for step in variants.TRAIN_STEPS]
    taught = states.load("head")
    pairs = math.comb(taught.oracle.shape[1], 2) * len(taught.words)
    training = {"command": f"python3 run.py shapes train head --seed {seed}", "seed": seed, "pairs": pairs,
                "data": "oracle preferences on the sampler's own states and on noised clips",
                "data_hash": variants.data_hash(taught), "pack_version": VERSION}
    info = HeadInfo(trained.config, spec, "Wan21", (float(sigmas[STEPS]), float(sigmas[1])), reliability=tuple(entries),
                    training=training, licence="Apache-2.0",
                    description="Reads from the tiny Shapes model which candidate will follow its prompt best.")
    HEAD_FILE.parent.mkdir(parents=True, exist_ok=True)
    save_head(HEAD_FILE, trained, info)
