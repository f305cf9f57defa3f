"""A head file's description: a clear refusal of everything that no head would say of itself."""

from __future__ import annotations

import json

import pytest

from prism_core.checkpoint import load_head
from tests.core.head_files import ENTRY, INFO, SPEC, assert_refused, rewrite


@pytest.mark.parametrize(
    "text",
    ["", "{", "not json", '{"format": NaN}', '{"format": 1e999}', "[" * 100_000, "1" * 5000],
)
def test_a_description_that_is_not_json(path, text):
    rewrite(path, text=text)
    assert_refused(path, "not valid JSON")


def test_a_description_over_a_megabyte(path):
    rewrite(path, change_info=lambda info: info.update(description="x" * 1_000_001))
    assert_refused(path, "over 1000000 bytes")


@pytest.mark.parametrize("text", ["[]", "null", "7", '"prism-head/1"', "{}"])
def test_json_that_is_no_description(path, text):
    rewrite(path, text=text)
    assert_refused(path, "its format is None")


@pytest.mark.parametrize("version", ["prism-head/2", "prism-head/1.0", 1, None])
def test_another_format_version(path, version):
    rewrite(path, change_info=lambda info: info.update(format=version))
    assert_refused(path, "reads 'prism-head/1'; update PRISM")


@pytest.mark.parametrize("key", json.loads(INFO.to_json()).keys() - {"format"})
def test_a_missing_key(path, key):
    rewrite(path, change_info=lambda info: info.pop(key))
    assert_refused(path, rf"lacks \['{key}'\]")


def test_an_unknown_key(path):
    rewrite(path, change_info=lambda info: info.update(colour="red"))
    assert_refused(path, r"unknown \['colour'\]")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("head", {}, "two different sets of outputs"),
        ("head", [], "needs exactly"),
        ("outputs", ["motion", "overall"], "two different sets of outputs"),
        ("backbone", "wan", "backbone is a str"),
        ("backbone", {"family": "wan"}, "backbone lacks"),
        ("latent_space", "", "latent_space is ''"),
        ("latent_space", 3, "latent_space is 3"),
        ("sigma_range", [0.5], "sigma_range"),
        ("sigma_range", [0.9, 0.1], "low < high"),
        ("sigma_range", [0.0, 1.5], "low < high"),
        ("sigma_range", [False, True], "low < high"),
        ("sigma_range", None, "low < high"),
        ("eta", 1.0, "eta is 1.0"),
        ("eta", "5", "eta is '5'"),
        ("reliability", {}, "reliability is {}"),
        ("reliability", [3], r"reliability\[0\] is 3"),
        ("reliability", [{"sigma": 0.5}], r"reliability\[0\]"),
        ("reliability", [{**ENTRY, "accuracy": 70}], r"reliability\[0\].accuracy is 70"),
        ("reliability", [{**ENTRY, "pairs": 0}], "pairs is 0"),
        ("reliability", [{**ENTRY, "retention": {"8": {"1": 2}}}], "retention"),
        ("reliability", [{**ENTRY, "retention": {"eight": {}}}], "retention"),
        ("reliability", [{**ENTRY, "retention": {"8": 0.4}}], "retention"),
        ("training", [], r"training is \[\]"),
        ("licence", None, "licence is None"),
        ("description", {}, "description is {}"),
    ],
)
def test_values_that_no_head_has(path, key, value, message):
    rewrite(path, change_info=lambda info: info.update({key: value}))
    assert_refused(path, message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("family", "", "family"),
        ("family", 1, "family"),
        ("hidden_size", 0, "hidden_size is 0"),
        ("hidden_size", 7, "head.visual_dim is 6, but must be the hidden size 7"),
        ("blocks", 30.5, "blocks is 30.5"),
        ("tap_block", 0, "tap_block is 0"),
        ("tap_block", 31, "tap_block is 31"),
        ("fingerprint", [1.0] * 31, "32 numbers"),
        ("fingerprint", [0.0] * 32, "not all zero"),
        ("fingerprint", ["1"] * 32, "32 numbers"),
        ("fingerprint", None, "32 numbers"),
    ],
)
def test_backbones_that_no_model_is(path, key, value, message):
    rewrite(path, change_info=lambda info: info["backbone"].update({key: value}))
    assert_refused(path, message)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dim", 9, "divides it"),
        ("dim", 10**9, "dim is 1000000000"),
        ("mlp_layers", 10**9, "mlp_layers"),
        ("queries", "1", "queries is '1'"),
        ("colour", "red", "needs exactly"),
    ],
)
def test_configurations_that_no_head_has(path, key, value, message):
    rewrite(path, change_info=lambda info: info["head"].update({key: value}))
    assert_refused(path, message)


def test_one_expert_is_read_as_the_backbone(path):
    def wrap(info):
        info["backbone"] = {"experts": [{**info["backbone"], "sigma_range": [0.875, 1.0]}]}

    rewrite(path, change_info=wrap)
    assert load_head(path)[1].backbone == SPEC


@pytest.mark.parametrize(
    ("experts", "message"),
    [
        (2, "2 experts, and this version of PRISM reads heads of one expert only"),
        (0, "at least one expert"),
    ],
)
def test_several_experts_or_none_are_refused(path, experts, message):
    def wrap(info):
        expert = {**info["backbone"], "sigma_range": [0.875, 1.0]}
        info["backbone"] = {"experts": [expert] * experts}

    rewrite(path, change_info=wrap)
    assert_refused(path, message)


def test_an_expert_without_its_sigma_range_is_refused(path):
    rewrite(path, change_info=lambda info: info.update(backbone={"experts": [info["backbone"]]}))
    assert_refused(path, "sigma_range")
