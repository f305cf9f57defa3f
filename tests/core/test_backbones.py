"""The family table: recognition by class, token layout, fingerprints, refusal of mismatches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from prism_core.backbones import (
    HeadMismatch,
    UnknownBackbone,
    check_match,
    fingerprint,
    identify,
    similarity,
    text_mask,
    token_grid,
    visual_tokens,
)
from prism_core.checkpoint import BackboneSpec, HeadInfo
from prism_core.head import HeadConfig


class WanModel(nn.Module):
    """The skeleton of ComfyUI's class of this name: as many modules as PRISM reads."""

    def __init__(self, hidden_size: int = 12, blocks: int = 30) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv3d(4, hidden_size, (1, 2, 2), (1, 2, 2))
        self.text_embedding = nn.Sequential(nn.Linear(5, hidden_size), nn.GELU())
        self.blocks = nn.ModuleList(nn.Identity() for _ in range(blocks))


class VaceWanModel(WanModel):
    """A variant that adds modules of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.vace_blocks = nn.ModuleList([nn.Identity()])


class SCAILWanModel(WanModel):
    pass


class SCAIL2WanModel(SCAILWanModel):
    pass


@pytest.fixture(scope="module")
def diffusers_wan():
    """diffusers' transformer at the smallest size, its weights seeded."""
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    return diffusers.WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4,
        out_channels=4,
        text_dim=8,
        freq_dim=16,
        ffn_dim=32,
        num_layers=3,
    ).eval()


@pytest.mark.parametrize("model", [WanModel, VaceWanModel, SCAIL2WanModel])
def test_comfyui_models_are_known_by_their_base_class(model):
    backbone = identify(model())
    assert (backbone.family, backbone.hidden_size, backbone.blocks) == ("wan", 12, 30)
    assert backbone.class_name == model.__name__


def test_paths_lead_to_the_modules():
    model = WanModel()
    backbone = identify(model)
    assert model.get_submodule(backbone.block_path(1)) is model.blocks[0]
    assert model.get_submodule(backbone.block_path(30)) is model.blocks[29]
    assert model.get_submodule(backbone.text_embedding_path) is model.text_embedding
    assert model.get_submodule(backbone.patch_embedding_path) is model.patch_embedding


@pytest.mark.parametrize("number", [0, -1, 31])
def test_blocks_count_from_one_to_the_last(number):
    with pytest.raises(ValueError, match="has 1 to 30"):
        identify(WanModel()).block_path(number)


def test_diffusers_model_is_of_the_same_family(diffusers_wan):
    backbone = identify(diffusers_wan)
    assert (backbone.family, backbone.hidden_size, backbone.blocks) == ("wan", 24, 3)
    blocks = [diffusers_wan.get_submodule(backbone.block_path(n)) for n in (1, 2, 3)]
    assert blocks == list(diffusers_wan.blocks)
    text = diffusers_wan.get_submodule(backbone.text_embedding_path)
    assert text(torch.zeros(1, 2, 8)).shape == (1, 2, 24)


def test_token_layout_of_a_real_forward(diffusers_wan):
    """Visual tokens are frame by frame, row by row: a change at one place moves those tokens."""
    backbone, seen = identify(diffusers_wan), {}
    patches = diffusers_wan.get_submodule(backbone.block_path(1))
    hook = patches.register_forward_pre_hook(lambda _, args: seen.update(tokens=args[0]))
    latent = torch.zeros(1, 4, 3, 4, 6)
    context = torch.zeros(1, 5, 8)
    try:
        with torch.no_grad():
            diffusers_wan(latent, torch.tensor([500]), context)
            before = seen["tokens"]
            latent[:, :, 2, 2:4, 4:6] = 1.0
            diffusers_wan(latent, torch.tensor([500]), context)
    finally:
        hook.remove()
    grid = token_grid(tuple(latent.shape), (1, 2, 2))
    assert grid == (3, 2, 3)
    moved = visual_tokens(seen["tokens"] - before, grid).abs().sum(-1).unflatten(1, grid)
    assert moved.nonzero().tolist() == [[0, 2, 1, 2]]


@pytest.mark.parametrize(("blocks", "tap"), [(30, 12), (40, 12), (6, 2), (1, 1), (10, 4)])
def test_default_tap(blocks, tap):
    assert identify(WanModel(blocks=blocks)).default_tap == tap


def test_an_unknown_model_is_refused_with_the_families_named():
    with pytest.raises(UnknownBackbone, match="is a Linear, .* families wan .*WanModel"):
        identify(nn.Linear(2, 2))


def test_a_stranger_of_a_known_name_is_refused():
    class WanModel(nn.Module):
        pass

    with pytest.raises(UnknownBackbone, match="not built as one"):
        identify(WanModel())


@pytest.mark.parametrize(
    ("shape", "grid"),
    [((1, 16, 3, 8, 8), (3, 4, 4)), ((2, 16, 21, 61, 105), (21, 31, 53))],
)
def test_token_grid_counts_padded_edges(shape, grid):
    assert token_grid(shape, (1, 2, 2)) == grid


def test_visual_tokens_leave_out_what_stands_before_and_behind():
    output = torch.arange(2 * 10 * 3).reshape(2, 10, 3)
    assert torch.equal(visual_tokens(output, (1, 2, 3)), output[:, :6])
    assert torch.equal(visual_tokens(output, (1, 2, 3), lead=4), output[:, 4:])
    for bad in ({"lead": 5}, {"lead": -1}):
        with pytest.raises(ValueError, match="cannot hold"):
            visual_tokens(output, (1, 2, 3), **bad)
    with pytest.raises(ValueError, match="cannot hold"):
        visual_tokens(output[0], (1, 1, 1))


def test_text_mask_finds_zeroed_padding():
    context = torch.ones(2, 4, 3, dtype=torch.float16)
    context[0, 2:] = 0
    context[1, 1, :2] = 0  # zero in part is a real token
    assert text_mask(context).tolist() == [[True, True, False, False], [True] * 4]
    assert not text_mask(torch.zeros(1, 4, 3)).any()


# --- fingerprints


def weight(seed: int = 0, channels: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(64, channels, 1, 2, 2, generator=generator) * 0.02


def test_fingerprint_is_32_numbers_of_unit_length():
    numbers = fingerprint(weight())
    assert len(numbers) == 32
    assert all(isinstance(number, float) for number in numbers)
    assert sum(number**2 for number in numbers) == pytest.approx(1, abs=1e-6)


def test_fingerprint_of_a_fixed_weight_never_changes():
    # stored in head files: another value would make every head a stranger to its own model
    values = torch.arange(96, dtype=torch.float32).reshape(6, 4, 1, 2, 2).sin()
    golden = [-0.1488086, -0.1652899, 0.2033593, 0.0679614]
    assert fingerprint(values)[:4] == pytest.approx(golden, abs=1e-6)


def test_fingerprint_is_made_of_the_stated_signs():
    """A weight of a single one shows its signs: +1 and -1 alike often, no two patterns the same."""
    columns = []
    for place in range(64):
        one = torch.zeros(64)
        one[place] = 1
        columns.append([round(number * 32**0.5) for number in fingerprint(one)])
    signs = torch.tensor(columns, dtype=torch.float32)
    assert set(signs.flatten().tolist()) == {1, -1}
    assert abs(signs.mean().item()) < 0.1
    assert len({tuple(pattern) for pattern in signs.T.tolist()}) == 32
    overlap = signs.T @ signs / 64 - torch.eye(32)
    assert overlap.abs().max() < 0.6


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_fingerprint_survives_a_change_of_dtype(dtype):
    assert similarity(fingerprint(weight()), fingerprint(weight().to(dtype))) > 0.999


def test_fingerprint_ignores_scale_and_tells_models_apart():
    own = fingerprint(weight())
    assert similarity(own, fingerprint(3 * weight())) == pytest.approx(1)
    others = [similarity(own, fingerprint(weight(seed))) for seed in range(1, 30)]
    others.append(similarity(own, fingerprint(weight(channels=36))))
    assert max(others) < 0.8
    related = weight() + 0.2 * weight(1)
    assert 0.9 < similarity(own, fingerprint(related)) < 0.999


@pytest.mark.parametrize(
    "bad", [torch.zeros(4, 4), torch.zeros(0), torch.full((4, 4), float("nan"))]
)
def test_a_weight_without_a_fingerprint_is_refused(bad):
    with pytest.raises(ValueError, match="empty, all zero or not finite"):
        fingerprint(bad)


# --- does this head fit this model


@pytest.fixture
def info():
    spec = BackboneSpec("wan", 12, 30, 12, fingerprint(weight()))
    return HeadInfo(HeadConfig(12, 12, dim=8, attention_heads=2), spec, "wan21", (0.1, 1.0))


def test_the_heads_own_model_matches_without_a_note(info):
    model_fingerprint = fingerprint(weight().bfloat16())
    assert check_match(info, identify(WanModel()), "wan21", model_fingerprint) is None
    assert check_match(info, identify(VaceWanModel()), "wan21", model_fingerprint) is None


def test_a_fine_tune_matches_with_a_note(info):
    note = check_match(info, identify(WanModel()), "wan21", fingerprint(weight() + 0.2 * weight(1)))
    assert "related" in note
    assert "0.9" in note


def test_other_weights_are_refused(info):
    with pytest.raises(HeadMismatch, match="patch embeddings .* scores would be noise"):
        check_match(info, identify(WanModel()), "wan21", fingerprint(weight(1)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"family": "hunyuan"}, "family wan, but this model .WanModel. has hunyuan"),
        ({"hidden_size": 5120}, "hidden size 12, .* has 5120"),
        ({"blocks": 40}, "number of blocks 30, .* has 40"),
    ],
)
def test_another_family_or_size_is_refused(info, change, message):
    backbone = replace(identify(WanModel()), **change)
    with pytest.raises(HeadMismatch, match=message):
        check_match(info, backbone, "wan21", info.backbone.fingerprint)


def test_another_latent_space_is_refused(info):
    with pytest.raises(HeadMismatch, match="latent space wan21, .* has wan22"):
        check_match(info, identify(WanModel()), "wan22", info.backbone.fingerprint)
