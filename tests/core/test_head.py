"""The query-aggregation head: values, invariances, masking, precision, gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from prism_core.features import Features
from prism_core.head import HeadConfig, QueryAggregationHead, TokenNorm

CONFIG = HeadConfig(visual_dim=6, text_dim=6, dim=8, attention_heads=2)


def wave(*shape: int, phase: int = 0) -> torch.Tensor:
    """A fixed tensor in [-1, 1] that needs no random numbers: golden values outlive torch's RNG."""
    values = [(31 * i * i + 17 * i + 101 * phase) % 251 / 125 - 1 for i in range(math.prod(shape))]
    return torch.tensor(values).reshape(shape)


def filled(config: HeadConfig = CONFIG, **options) -> QueryAggregationHead:
    """A head whose weights are fixed, of ordinary size, and none alike."""
    head = QueryAggregationHead(config, **options)
    with torch.no_grad():
        for number, (name, parameter) in enumerate(head.named_parameters()):
            values = wave(*parameter.shape, phase=number)
            is_scale = name.startswith("norm") and name.endswith("weight")
            parameter.copy_(1 + 0.3 * values if is_scale else 0.8 * values)
    return head.eval()


def tokens(rows: int = 3, visual: int = 6, text: int = 6) -> tuple[torch.Tensor, ...]:
    """Visual tokens (rows, 4, visual), text tokens (rows, 3, text) and a mask with padding."""
    mask = torch.tensor([[True, True, False]]).expand(rows, -1)
    return wave(rows, 4, visual, phase=50), wave(rows, 3, text, phase=60), mask


def plain_head(head: QueryAggregationHead, visual, text, mask) -> torch.Tensor:
    """The same head for one row, written out with loops and torch's own attention, in float64."""
    config = head.config
    weights = {name: value.double() for name, value in head.state_dict().items()}

    def linear(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name, x):
        scale, shift = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return nn.functional.layer_norm(x.double(), x.shape[-1:], scale, shift)

    text_name = "project" if head.project_text is None else "project_text"
    rows = [linear("project", norm("norm_visual", visual))]
    rows.append(linear(text_name, norm("norm_text", text[mask])))
    x = torch.cat(rows)
    pooled = []
    for query in weights["queries"]:
        q, k, v = linear("query", query), linear("key", x), linear("value", x)
        size = config.dim // config.attention_heads
        parts = []
        for start in range(0, config.dim, size):
            part = slice(start, start + size)
            logits = torch.stack([q[part] @ key[part] / math.sqrt(size) for key in k])
            parts.append(logits.softmax(0) @ v[:, part])
        pooled.append(linear("out", torch.cat(parts)))
    x = norm("norm_pooled", torch.cat(pooled))
    for layer in range(config.mlp_layers):
        x = linear(f"mlp.{layer}", x)
        if layer < config.mlp_layers - 1:
            x = nn.functional.gelu(x)
    return x


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        HeadConfig(6, 10, dim=8, attention_heads=4, queries=3, mlp_layers=2, mlp_width=5),
        HeadConfig(6, 6, dim=4, attention_heads=1, mlp_layers=1, outputs=("motion", "overall")),
    ],
)
def test_values_equal_the_head_written_out_with_loops(config):
    head = filled(config)
    visual, text, mask = tokens(2, config.visual_dim, config.text_dim)
    found = head(visual, text, mask)
    wanted = torch.stack([plain_head(head, *row) for row in zip(visual, text, mask, strict=True)])
    assert torch.allclose(found.double(), wanted, rtol=1e-4, atol=1e-5)


def test_golden_values():
    scores = [-0.6000991180, -0.5978768507, -0.5712142165]
    attention = [0.1780595, 0.0883240, 0.1874079, 0.1697334, 0.2523476, 0.1241275, 0.0]
    head = filled()
    assert head(*tokens()).flatten().tolist() == pytest.approx(scores, abs=2e-6)
    assert head.attention(*tokens())[0, 0].tolist() == pytest.approx(attention, abs=1e-6)


def test_default_is_the_papers_head():
    config = HeadConfig(visual_dim=1536, text_dim=1536)
    assert (config.dim, config.queries, config.mlp_layers, config.outputs) == (
        1536,
        1,
        5,
        ("overall",),
    )
    head = QueryAggregationHead(config, device="meta")
    assert head.project_text is None
    assert len(head.mlp) == 5
    assert sum(p.numel() for p in head.parameters()) == pytest.approx(21.8e6, rel=0.03)


def test_extra_queries_and_outputs_have_their_shapes():
    config = HeadConfig(6, 10, dim=8, attention_heads=4, queries=3, outputs=("overall", "motion"))
    head = filled(config)
    visual, text, mask = tokens(2, 6, 10)
    assert head(visual, text, mask).shape == (2, 2)
    assert head.attention(visual, text, mask).shape == (2, 3, 7)


def test_score_is_the_overall_output_wherever_it_stands():
    head = filled(HeadConfig(6, 6, dim=8, attention_heads=2, outputs=("motion", "overall")))
    visual, text, mask = tokens()
    features = Features(visual, text, mask, (1, 2, 2), torch.full((3,), 0.5))
    assert torch.equal(head.score(features), head(visual, text, mask)[:, 1])


def test_rows_do_not_depend_on_each_other():
    head = filled()
    visual, text, mask = tokens(5)
    together = head(visual, text, mask)
    alone = torch.cat([head(visual[i : i + 1], text[i : i + 1], mask[i : i + 1]) for i in range(5)])
    # a matrix product may add in another order where a row stands elsewhere; nothing else differs
    assert torch.allclose(together, alone, rtol=1e-5, atol=1e-6)
    order = torch.tensor([4, 2, 0, 3, 1])
    permuted = head(visual[order], text[order], mask[order])
    assert torch.allclose(permuted, together[order], rtol=1e-5, atol=1e-6)
    assert together.std() > 0.01  # the rows are not alike to begin with


def test_other_rows_may_hold_anything_even_nan():
    head = filled()
    visual, text, mask = tokens()
    wanted = head(visual, text, mask)[0]
    visual[1:], text[2:] = float("nan"), 1e30
    assert torch.equal(head(visual, text, mask)[0], wanted)


@pytest.mark.parametrize("content", [0.0, 1e4, float("inf"), float("nan")])
def test_what_a_masked_token_holds_changes_no_bit(content):
    head = filled()
    visual, text, mask = tokens()
    wanted, attention = head(visual, text, mask), head.attention(visual, text, mask)
    text[:, 2] = content
    assert torch.equal(head(visual, text, mask), wanted)
    assert torch.equal(head.attention(visual, text, mask), attention)


def test_a_masked_token_is_as_good_as_absent():
    head = filled()
    visual, text, mask = tokens()
    assert torch.allclose(head(visual, text, mask), head(visual, text[:, :2]), rtol=1e-5, atol=1e-6)
    assert not torch.allclose(head(visual, text, mask), head(visual, text), rtol=1e-3)


def test_a_prompt_of_padding_alone_scores_by_the_picture():
    head = filled()
    visual, text, mask = tokens()
    nothing = torch.zeros_like(mask)
    found = head(visual, text, nothing)
    assert torch.isfinite(found).all()
    assert torch.allclose(found, head(visual, text[:, :0]), rtol=1e-5, atol=1e-6)


def test_attention_sums_to_one_and_leaves_out_padding():
    visual, text, mask = tokens()
    weights = filled().attention(visual, text, mask)
    assert weights.dtype == torch.float32
    assert torch.allclose(weights.sum(-1), torch.ones(3, 1))
    assert (weights[..., 6] == 0).all()
    assert (weights[..., :6] > 0).all()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float16, 2e-2), (torch.bfloat16, 1.5e-1)])
def test_half_precision_weights_and_tokens(dtype, tolerance):
    head, half = filled(), filled(dtype=dtype)
    visual, text, mask = tokens()
    found = half(visual.to(dtype), text.to(dtype), mask)
    assert found.dtype == torch.float32
    assert torch.allclose(found, head(visual, text, mask), atol=tolerance)


def test_half_precision_tokens_meet_float32_weights():
    visual, text, mask = tokens()
    found = filled()(visual.half(), text.half(), mask)
    assert torch.allclose(found, filled()(visual, text, mask), atol=5e-3)


def test_outlier_channels_do_not_overflow_in_half_precision():
    visual, text, mask = tokens()
    visual[..., 3] = 6e4  # its square is far beyond float16
    found = filled(dtype=torch.float16)(visual.half(), text.half(), mask)
    assert torch.isfinite(found).all()
    assert torch.allclose(found, filled()(visual, text, mask), atol=2e-2)


def test_every_weight_learns():
    torch.manual_seed(0)
    head = QueryAggregationHead(HeadConfig(6, 10, dim=8, attention_heads=2, queries=2))
    visual, text, mask = tokens(4, 6, 10)
    head(visual, text, mask).square().sum().backward()
    # a bias added to every key cancels in the softmax
    still = [n for n, p in head.named_parameters() if p.grad.abs().max() < 1e-9 and n != "key.bias"]
    assert still == []


def test_gradient_equals_finite_differences():
    head = filled().double()
    visual, text, mask = tokens(1)
    # the norm works in float32, so the step is taken behind it
    weight = head.mlp[0].weight
    head(visual, text, mask).sum().backward()
    step = 1e-3
    with torch.no_grad():
        weight[1, 2] += step
        above = head(visual, text, mask).item()
        weight[1, 2] -= 2 * step
        below = head(visual, text, mask).item()
    assert (above - below) / (2 * step) == pytest.approx(weight.grad[1, 2].item(), rel=1e-2)


def test_a_fresh_head_starts_near_zero_and_tells_candidates_apart():
    torch.manual_seed(1)
    head = QueryAggregationHead(HeadConfig(64, 64, dim=32, attention_heads=4))
    scores = head(torch.randn(64, 12, 64), torch.randn(64, 3, 64))
    assert scores.abs().max() < 2
    assert scores.std() > 1e-3


def test_calibration_gives_every_channel_the_same_say():
    head = QueryAggregationHead(CONFIG)
    torch.manual_seed(2)
    scale = torch.tensor([1.0, 1.0, 100.0, 1.0, 0.1, 1.0])
    visual, text = torch.randn(16, 20, 6) * scale + 3, torch.randn(16, 5, 6)
    mask = torch.ones(16, 5, dtype=torch.bool)
    mask[:, 3:] = False
    text[:, 3:] = float("nan")
    head.calibrate(visual, text, mask)
    for norm, sample in ((head.norm_visual, visual), (head.norm_text, text[mask])):
        normed = norm(sample.flatten(0, -2))
        assert torch.allclose(normed.mean(0), torch.zeros(6), atol=1e-4)
        assert torch.allclose(normed.std(0), torch.ones(6), atol=1e-3)


@pytest.mark.parametrize("layers", [1, 5])
def test_dropout_acts_in_training_only(layers):
    config = HeadConfig(6, 6, dim=8, attention_heads=2, mlp_layers=layers)
    head = filled(config, dropout=0.5)
    assert torch.equal(head(*tokens()), filled(config)(*tokens()))
    head.train()
    torch.manual_seed(0)
    assert not torch.equal(head(*tokens()), head(*tokens()))


def test_layers_come_from_operations():
    made = []

    class Operations:
        class Linear(nn.Linear):
            def __init__(self, *sizes, **place):
                super().__init__(*sizes, **place)
                made.append(sizes)

    head = QueryAggregationHead(CONFIG, operations=Operations)
    assert len(made) == 1 + 4 + 5
    head.load_state_dict(filled().state_dict())
    assert torch.equal(head.eval()(*tokens()), filled()(*tokens()))


def test_token_norm_is_layer_norm_in_float32():
    x = wave(2, 5, 6).half()
    norm = TokenNorm(6, dtype=torch.float16)
    assert norm(x).dtype == torch.float32
    assert torch.equal(norm(x), nn.LayerNorm(6)(x.float()))


@pytest.mark.parametrize(
    ("visual", "text", "mask", "message"),
    [
        ((4, 6), (1, 3, 6), None, r"\(rows, tokens, channels\)"),
        ((2, 4, 6), (1, 3, 6), None, "repeat the text"),
        ((1, 0, 6), (1, 3, 6), None, "no visual tokens"),
        ((1, 4, 5), (1, 3, 6), None, "6 and 6 channels"),
        ((1, 4, 6), (1, 3, 6), torch.ones(1, 4, dtype=torch.bool), "bool mask of shape"),
        ((1, 4, 6), (1, 3, 6), torch.ones(1, 3), "bool mask of shape"),
    ],
)
def test_tokens_that_do_not_fit_are_refused(visual, text, mask, message):
    with pytest.raises(ValueError, match=message):
        filled()(torch.zeros(visual), torch.zeros(text), mask)


def test_features_check_grid_and_sigma():
    visual, text, mask = tokens()
    with pytest.raises(ValueError, match="grid of 1 x 2 x 3"):
        Features(visual, text, mask, (1, 2, 3), torch.zeros(3))
    with pytest.raises(ValueError, match="one sigma a row"):
        Features(visual, text, mask, (1, 2, 2), torch.zeros(1))
    assert Features(visual, text, mask, (1, 2, 2), torch.zeros(3)).rows == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attention_heads": 3}, "divides it"),
        ({"dim": 0}, "dim is 0"),
        ({"queries": 1.0}, "queries is 1.0"),
        ({"mlp_layers": True}, "mlp_layers is True"),
        ({"mlp_layers": 10**9}, "mlp_layers"),
        ({"outputs": ("motion",)}, "overall"),
        ({"outputs": ("overall", "overall")}, "different names"),
        ({"outputs": ()}, "outputs"),
    ],
)
def test_impossible_configurations_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        HeadConfig(**{"visual_dim": 6, "text_dim": 6, "dim": 8, "attention_heads": 2, **change})


def test_configuration_round_trip_is_strict():
    config = HeadConfig(6, 10, dim=8, attention_heads=4, outputs=("overall", "motion"))
    stored = config.to_dict()
    assert HeadConfig.from_dict(stored) == config
    assert stored["mlp_width"] == 8
    for bad in ({**stored, "extra": 1}, {k: v for k, v in stored.items() if k != "dim"}, [], None):
        with pytest.raises(ValueError, match="needs exactly"):
            HeadConfig.from_dict(bad)
    for name, value in (("outputs", "overall"), ("mlp_width", None), ("dim", "8")):
        with pytest.raises(ValueError, match=name):
            HeadConfig.from_dict({**stored, name: value})
