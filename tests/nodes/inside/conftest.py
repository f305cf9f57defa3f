"""Tests that run inside a process that holds ComfyUI, started by ../test_inside.py.

The repository's root is never on this process's path: ComfyUI has a module called `nodes` of its own.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest

PACK = Path(__file__).resolve().parents[3]
COMFYUI = Path(os.environ["PRISM_TEST_COMFYUI"])
BASE = Path(os.environ["PRISM_TEST_FOLDER"])

sys.path.insert(0, str(COMFYUI))
sys.argv = ["main.py", "--cpu", "--base-directory", str(BASE)]
os.chdir(COMFYUI)

import comfy.options

comfy.options.enable_args_parsing()

import comfy.ops
import comfy.sample
import comfy.samplers
import comfy.sd
import comfy_api.latest
import nodes as comfy_nodes
import torch
from comfy.ldm.wan.model import WanModel
from safetensors.torch import save_file

# ComfyUI's own loader imports modules with the first pack that it loads: let that be an empty one.
EMPTY = BASE / "empty_pack"
EMPTY.mkdir(parents=True, exist_ok=True)
(EMPTY / "__init__.py").write_text("NODE_CLASS_MAPPINGS = {}\n", encoding="ascii")
(EMPTY / "pyproject.toml").write_text("[project]\nname = 'empty'\nversion = '1.0.0'\n", encoding="ascii")
assert asyncio.run(comfy_nodes.load_custom_node(str(EMPTY)))
MODULES_BEFORE = set(sys.modules)
assert asyncio.run(comfy_nodes.load_custom_node(str(PACK)))
MODULES_ADDED = set(sys.modules) - MODULES_BEFORE
PACKAGE = next(name for name in MODULES_ADDED if name.endswith(".nodes.bridge")).removesuffix(".nodes.bridge")

WORDS, DIM, BLOCKS, TAP = 8, 48, 4, 2
CONFIG = {"transformer": {"num_heads": 3, "text_dim": 16, "text_len": WORDS}}


def pack(name: str):
    """A module of the pack, in the package as ComfyUI loaded it."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def node(name: str):
    """A node class by its id, of the pack or of ComfyUI."""
    return comfy_nodes.NODE_CLASS_MAPPINGS[name]


def random_weights(module: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Weights with which signals keep their size; ComfyUI's layers start uninitialised."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, value in module.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        weights[name] = noise * value[0].numel() ** -0.5 if value.ndim > 1 else 1 + 0.02 * noise
    return weights


@pytest.fixture(scope="session")
def model_file() -> Path:
    """A tiny t2v Wan model of random weights that stock loaders build from its metadata."""
    folder = BASE / "models" / "diffusion_models"
    folder.mkdir(parents=True, exist_ok=True)
    module = WanModel(text_len=WORDS, dim=DIM, ffn_dim=96, text_dim=16, num_heads=3, num_layers=BLOCKS,
                      operations=comfy.ops.disable_weight_init, dtype=torch.float32)
    save_file(random_weights(module, 0), folder / "tiny.safetensors", metadata={"config": json.dumps(CONFIG)})
    return folder / "tiny.safetensors"


@pytest.fixture(scope="session")
def loaded(model_file: Path):
    return node("UNETLoader")().load_unet(model_file.name, "default")[0]


@pytest.fixture
def model(loaded):
    """The model, in a clone that a test may patch."""
    return loaded.clone()


@pytest.fixture(scope="session")
def make_head(loaded):
    """Writes a head for the tiny model, with chosen faults in its description; returns its name."""
    checkpoint, heads, backbones = pack("prism_core.checkpoint"), pack("prism_core.head"), pack("prism_core.backbones")
    folder = BASE / "models" / "prism_heads"
    folder.mkdir(parents=True, exist_ok=True)

    def make(name: str = "tiny_head.safetensors", latent_space: str = "Wan21", text_dim: int = DIM,
             sigma_range: tuple[float, float] = (0.2, 0.99), reliability: tuple = (), **spec) -> str:
        config = heads.HeadConfig(visual_dim=spec.get("hidden_size", DIM), text_dim=text_dim, dim=16, attention_heads=2)
        weight = loaded.model.diffusion_model.patch_embedding.weight
        given = {"family": "wan", "hidden_size": DIM, "blocks": BLOCKS, "tap_block": TAP,
                 "fingerprint": backbones.fingerprint(weight), **spec}
        info = checkpoint.HeadInfo(config, checkpoint.BackboneSpec(**given), latent_space, sigma_range,
                                   reliability=reliability)
        torch.manual_seed(3)
        checkpoint.save_head(folder / name, heads.QueryAggregationHead(config), info)
        return name
    return make


@pytest.fixture(scope="session")
def head(make_head):
    return node("PrismLoadHead").execute(make_head()).args[0]


@pytest.fixture(scope="session")
def prompt():
    """A CONDITIONING of `batch` random prompts, the last words of each padding."""
    def make(batch: int = 1, seed: int = 5) -> list:
        words = torch.randn(batch, WORDS, 16, generator=torch.Generator().manual_seed(seed))
        words[:, 5:] = 0
        return [[words, {}]]
    return make


@pytest.fixture(scope="session")
def sample(loaded, prompt):
    """KSampler Advanced with settings that the test may change."""
    def run(latent: dict | None = None, model=loaded, **changes) -> dict:
        latent = {"samples": torch.zeros(4, 16, 3, 8, 8)} if latent is None else latent
        settings = {"add_noise": "enable", "noise_seed": 11, "steps": 8, "cfg": 1.0, "sampler_name": "euler",
                    "scheduler": "simple", "positive": prompt(), "negative": prompt(seed=6), "latent_image": latent,
                    "start_at_step": 0, "end_at_step": 3, "return_with_leftover_noise": "enable", **changes}
        with torch.inference_mode():
            return node("KSamplerAdvanced")().sample(model, **settings)[0]
    return run


@pytest.fixture(scope="session")
def sampler_runs(loaded, head, sample):
    """A sampler's run that drops nothing, and its pruned run; made once for all that is asked of them."""
    import live_runs

    @cache
    def runs(sampler: str) -> SimpleNamespace:
        pruning, settings = live_runs.patched(loaded, head), {**live_runs.FULL, "sampler_name": sampler}
        with live_runs.counted(loaded) as plain:
            whole = sample(None, live_runs.in_groups(loaded), **settings)["samples"]
        with live_runs.counted(loaded) as cut:
            left = sample(None, pruning, **settings)["samples"]
        return SimpleNamespace(whole=whole, plain=plain, left=left, cut=cut, done=live_runs.finished(pruning, left))
    return runs


@pytest.fixture(scope="session")
def image_model() -> object:
    """A tiny Wan model that also takes a picture: latents beside the noise, and CLIP vision tokens."""
    module = WanModel(model_type="i2v", in_dim=36, text_len=WORDS, dim=DIM, ffn_dim=96, text_dim=16, num_heads=3,
                      num_layers=BLOCKS, operations=comfy.ops.disable_weight_init, dtype=torch.float32)
    return comfy.sd.load_diffusion_model_state_dict(random_weights(module, 1), metadata={"config": json.dumps(CONFIG)})


@pytest.fixture(scope="session")
def noisy(sample):
    """Four candidates after 3 of 8 euler steps."""
    return sample()


@pytest.fixture
def score(model, head, prompt, noisy):
    """PRISM Score Latents on those candidates, with settings that the test may change; the Scores."""
    def run(**changes):
        settings = {"model": model, "head": head, "positive": prompt(), "latent": noisy, "steps": 8,
                    "sampler_name": "euler", "scheduler": "simple", "end_at_step": 3, **changes}
        with torch.inference_mode():
            return node("PrismScoreLatents").execute(**settings).args[0]
    return run
