"""The query-aggregation head: one learnable query reads the backbone's tokens, an MLP scores it.

From the paper: visual and text tokens are concatenated and projected to D = 1536, one query
cross-attends to all of them, five layers turn the pooled vector into a scalar. Left open there and
chosen here: token norms, twelve attention heads, a norm of the pooled vector, GELU, every MLP layer
as wide as D. That makes 21.3 million parameters on Wan 2.1 1.3B; the paper states 21.8.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .features import Features, check_tokens

_LIMITS = {  # a head file states these numbers, so they are bounded before anything is built
    "visual_dim": 65536,
    "text_dim": 65536,
    "dim": 16384,
    "attention_heads": 256,
    "queries": 64,
    "mlp_layers": 32,
    "mlp_width": 65536,
}


@dataclass(frozen=True)
class HeadConfig:
    """Every constructor argument of a head; the whole of it is stored in the head file.

    visual_dim, text_dim  channels of the backbone's tokens (equal: one shared projection)
    dim                   width D of the projected tokens and of the queries
    attention_heads       divides dim
    queries               learnable queries; their pooled vectors are concatenated for the MLP
    mlp_layers            linear layers after the pooling, the last one included
    mlp_width             width between those layers; None means dim
    outputs               names of the scalars; "overall" is the score

    Raises ValueError on a value no head can have.
    """

    visual_dim: int
    text_dim: int
    dim: int = 1536
    attention_heads: int = 12
    queries: int = 1
    mlp_layers: int = 5
    mlp_width: int | None = None
    outputs: tuple[str, ...] = ("overall",)

    def __post_init__(self) -> None:
        if self.mlp_width is None:
            object.__setattr__(self, "mlp_width", self.dim)
        for name, limit in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= limit:
                raise ValueError(
                    f"{name} is {value!r}; it must be a whole number from 1 to {limit}."
                )
        if self.dim % self.attention_heads:
            raise ValueError(
                f"dim {self.dim} cannot be split over {self.attention_heads} attention heads; "
                "choose a number of heads that divides it."
            )
        self._check_outputs()

    def _check_outputs(self) -> None:
        names = self.outputs
        well_formed = (
            isinstance(names, tuple)
            and 1 <= len(names) <= 16
            and all(isinstance(name, str) and 1 <= len(name) <= 64 for name in names)
            and len(set(names)) == len(names)
        )
        if not well_formed or "overall" not in names:
            raise ValueError(
                f'outputs is {names!r}; it must be up to 16 different names, "overall" one of them.'
            )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary of every field; `from_dict` is its inverse."""
        return {**asdict(self), "outputs": list(self.outputs)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> HeadConfig:
        """The inverse of `to_dict`. Raises ValueError on unknown, missing or impossible values."""
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or values.keys() != known:
            found = sorted(values) if isinstance(values, dict) else type(values).__name__
            raise ValueError(
                f"A head's configuration needs exactly {sorted(known)}, but has {found}."
            )
        if not isinstance(values["outputs"], list) or values["mlp_width"] is None:
            raise ValueError(
                "A stored configuration needs outputs as a list and mlp_width as a number."
            )
        return cls(**{**values, "outputs": tuple(values["outputs"])})


class TokenNorm(nn.Module):
    """LayerNorm over channels, always computed in float32.

    Hidden states carry a few channels hundreds of times larger than the rest, whose squares
    overflow float16; and the weights follow the input's device, wherever they are kept.
    """

    def __init__(
        self, channels: int, *, device: Any = None, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros(channels, device=device, dtype=dtype))

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., channels) in any float dtype -> the same shape in float32."""
        weight, bias = (p.to(tokens.device, torch.float32) for p in (self.weight, self.bias))
        return F.layer_norm(tokens.float(), weight.shape, weight, bias)


class QueryAggregationHead(nn.Module):
    """Scores candidates from one tap of a frozen backbone; a row never depends on other rows.

    operations: module that supplies Linear; ComfyUI passes its own casting layers here. Layers of
    another supplier than torch.nn are left for `load_state_dict` to fill.
    dropout: of the pooled vector and between MLP layers, in training mode only; never stored.
    """

    def __init__(
        self,
        config: HeadConfig,
        *,
        device: Any = None,
        dtype: torch.dtype | None = None,
        operations: Any = nn,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.config = config
        self.dropout = dropout
        place = {"device": device, "dtype": dtype}
        dim, width = config.dim, config.mlp_width
        self.norm_visual = TokenNorm(config.visual_dim, **place)
        self.norm_text = TokenNorm(config.text_dim, **place)
        self.project = operations.Linear(config.visual_dim, dim, **place)
        shared = config.visual_dim == config.text_dim
        self.project_text = None if shared else operations.Linear(config.text_dim, dim, **place)
        self.queries = nn.Parameter(torch.zeros(config.queries, dim, **place))
        self.query, self.key, self.value, self.out = (
            operations.Linear(dim, dim, **place) for _ in range(4)
        )
        self.norm_pooled = TokenNorm(config.queries * dim, **place)
        widths = [config.queries * dim] + [width] * (config.mlp_layers - 1) + [len(config.outputs)]
        self.mlp = nn.ModuleList(
            operations.Linear(before, after, **place) for before, after in pairwise(widths)
        )
        if operations is nn:
            self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Start values: unit-variance signals through every layer and scores near zero."""
        nn.init.normal_(self.queries)
        for layer in filter(
            None, (self.project, self.project_text, self.query, self.key, self.value, self.out)
        ):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        for layer in self.mlp:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        self.mlp[-1].weight.mul_(0.1)

    @torch.no_grad()
    def calibrate(self, visual: Tensor, text: Tensor, text_mask: Tensor | None = None) -> None:
        """Start the token norms at unit variance a channel, measured on some training tokens.

        Shapes as in `forward`. Without it the outlier channels dominate the first epochs.
        """
        check_tokens(visual, text, text_mask)
        text = text.flatten(0, 1) if text_mask is None else text[text_mask]
        for norm, tokens in ((self.norm_visual, visual.flatten(0, 1)), (self.norm_text, text)):
            if len(tokens) < 2:
                continue
            plain = F.layer_norm(tokens.float(), tokens.shape[-1:])
            mean, deviation = plain.mean(0), plain.std(0).clamp_min(1e-3)
            norm.weight.copy_(1.0 / deviation)
            norm.bias.copy_(-mean / deviation)

    def forward(self, visual: Tensor, text: Tensor, text_mask: Tensor | None = None) -> Tensor:
        """Scores (B, outputs) in float32; higher is better, in logits of the preference model.

        visual (B, Lv, Dv), text (B, Lt, Dt), text_mask (B, Lt) bool with True for real tokens.
        Raises ValueError when shapes do not belong together or to this head.
        """
        tokens, hidden = self._tokens(visual, text, text_mask)
        weights = self._weights(tokens, hidden)
        pooled = self.out(
            _join_heads(weights.to(tokens.dtype) @ self._split_heads(self.value(tokens)))
        )
        x = self._drop(self.norm_pooled(pooled.flatten(1)).to(tokens.dtype))
        for layer in self.mlp[:-1]:
            x = self._drop(F.gelu(layer(x)))
        return self.mlp[-1](x).float()

    def attention(self, visual: Tensor, text: Tensor, text_mask: Tensor | None = None) -> Tensor:
        """Where each query looks, (B, queries, Lv + Lt) float32: the mean over attention heads.

        Arguments as in `forward`. Weights sum to 1; the first Lv are the heat map over the clip.
        """
        return self._weights(*self._tokens(visual, text, text_mask)).mean(1)

    def score(self, features: Features) -> Tensor:
        """The "overall" output for each row of the features, (B,) float32."""
        outputs = self(features.visual, features.text, features.text_mask)
        return outputs[:, self.config.outputs.index("overall")]

    def _tokens(
        self, visual: Tensor, text: Tensor, text_mask: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Projected tokens (B, L, D) in the weights' dtype; which to hide: (B, L) bool or None."""
        check_tokens(visual, text, text_mask)
        self._check_channels(visual, text)
        hidden = None
        if text_mask is not None:
            # zeroed as well as hidden: 0 * NaN from an unused token would still reach the score
            text = text.masked_fill(~text_mask[..., None], 0.0)
            hidden = F.pad(~text_mask, (visual.shape[1], 0))
        dtype = self.queries.dtype
        project_text = self.project if self.project_text is None else self.project_text
        tokens = (
            self.project(self.norm_visual(visual).to(dtype)),
            project_text(self.norm_text(text).to(dtype)),
        )
        return torch.cat(tokens, dim=1), hidden

    def _check_channels(self, visual: Tensor, text: Tensor) -> None:
        found = visual.shape[-1], text.shape[-1]
        wanted = self.config.visual_dim, self.config.text_dim
        if found != wanted:
            raise ValueError(
                f"This head reads visual and text tokens of {wanted[0]} and {wanted[1]} channels, "
                f"but the model gives {found[0]} and {found[1]}; use a head made for this model."
            )

    def _weights(self, tokens: Tensor, hidden: Tensor | None) -> Tensor:
        """Attention weights (B, attention_heads, queries, L) in float32."""
        queries = self.query(self.queries.to(tokens)[None])
        queries, keys = self._split_heads(queries), self._split_heads(self.key(tokens))
        logits = (queries * keys.shape[-1] ** -0.5 @ keys.transpose(-1, -2)).float()
        if hidden is not None:
            logits = logits.masked_fill(hidden[:, None, None, :], float("-inf"))
        return logits.softmax(dim=-1)

    def _split_heads(self, x: Tensor) -> Tensor:
        """(B, L, D) -> (B, attention_heads, L, D / attention_heads)."""
        return x.unflatten(-1, (self.config.attention_heads, -1)).transpose(1, 2)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training) if self.dropout else x


def _join_heads(x: Tensor) -> Tensor:
    """(B, attention_heads, L, D / attention_heads) -> (B, L, D)."""
    return x.transpose(1, 2).flatten(2)
