"""A good head file, ways to spoil it, and how its refusal must look: shared by the tests of head files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from prism_core.checkpoint import BackboneSpec, HeadFileError, HeadInfo, load_head, read_info
from prism_core.head import HeadConfig, QueryAggregationHead

CONFIG = HeadConfig(6, 10, dim=8, attention_heads=2, outputs=("overall", "motion"))
SPEC = BackboneSpec("wan", 6, 30, 12, tuple(0.01 * i for i in range(1, 33)))
ENTRY = {
    "sigma": 0.93,
    "accuracy": 0.7,
    "low": 0.66,
    "high": 0.74,
    "pairs": 10080,
    "retention": {"8": {"1": 0.4, "4": 0.8}},
    "sampler": "euler",
    "loras": [],
}
INFO = HeadInfo(
    head=CONFIG,
    backbone=SPEC,
    latent_space="wan21",
    sigma_range=(0.1, 0.98),
    eta=4.0,
    reliability=(ENTRY,),
    training={"pairs": 12, "seed": 3, "command": "train", "data_hash": "ab", "date": "2026-01-01"},
    licence="Apache-2.0",
    description='A "test" head\nof two lines',
)


def make_head(dtype: torch.dtype = torch.float32) -> QueryAggregationHead:
    torch.manual_seed(0)
    return QueryAggregationHead(CONFIG, dtype=dtype)


def rewrite(path: Path, change_tensors=None, change_info=None, text: str | None = None) -> None:
    """Spoil a good file: its tensors, its description, or the description's very text."""
    tensors, info = load_file(path), json.loads(INFO.to_json())
    for change, target in ((change_tensors, tensors), (change_info, info)):
        if change:
            change(target)
    save_file(tensors, path, metadata={"prism": json.dumps(info) if text is None else text})


def assert_refused(path: Path, message: str, *, header: bool = True) -> None:
    """Loading fails with one HeadFileError that names the file; so does a look at the header."""
    for read in (load_head, read_info) if header else (load_head,):
        with pytest.raises(HeadFileError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)
