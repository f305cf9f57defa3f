"""Head files: exact round trips, and a clear refusal of every kind of bad file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from prism_core import checkpoint
from prism_core.checkpoint import load_head, read_info, save_head
from tests.core.head_files import CONFIG, INFO, assert_refused, make_head, rewrite


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_round_trip_is_exact_to_the_bit(tmp_path, dtype):
    head = make_head(dtype)
    save_head(tmp_path / "a.safetensors", head, INFO)
    loaded, info = load_head(tmp_path / "a.safetensors")
    assert info == INFO
    assert loaded.config == CONFIG
    saved, found = head.state_dict(), loaded.state_dict()
    assert saved.keys() == found.keys()
    for name, tensor in saved.items():
        assert found[name].dtype == dtype
        assert torch.equal(found[name], tensor)


def test_a_loaded_head_scores_as_the_saved_one(path):
    visual, text = torch.randn(3, 4, 6), torch.randn(3, 2, 10)
    loaded, _ = load_head(path)
    assert torch.equal(loaded(visual, text), make_head().eval()(visual, text))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_saving_twice_gives_the_same_bytes_and_no_other_file(path):
    before = path.read_bytes()
    save_head(path, make_head(), INFO)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_loading_draws_no_random_numbers_and_leaves_the_file_alone(path):
    torch.manual_seed(5)
    before, content = torch.get_rng_state(), path.read_bytes()
    head, _ = load_head(path)
    assert torch.equal(torch.get_rng_state(), before)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
    assert path.read_bytes() == content


def test_a_loaded_head_holds_no_part_of_the_file(path):
    """A mapped file could not be replaced on Windows, nor its folder be unmounted."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("mapped files are listed on Linux only")
    head, _ = load_head(path)
    assert str(path) not in maps.read_text()
    assert head.queries.isfinite().all()


def test_dtype_and_operations_are_the_callers(path):
    class Operations:
        class Linear(torch.nn.Linear):
            pass

    head, _ = load_head(path, dtype=torch.bfloat16, operations=Operations)
    assert {parameter.dtype for parameter in head.parameters()} == {torch.bfloat16}
    assert isinstance(head.mlp[0], Operations.Linear)


def test_info_is_read_without_the_weights(path):
    assert read_info(path) == INFO
    assert read_info(str(path)).outputs == ("overall", "motion")


def test_metadata_has_exactly_the_formats_keys():
    stored = json.loads(INFO.to_json())
    assert list(stored) == [
        "format",
        "head",
        "backbone",
        "latent_space",
        "sigma_range",
        "eta",
        "outputs",
        "reliability",
        "training",
        "licence",
        "description",
    ]
    assert stored["format"] == "prism-head/1"
    assert list(stored["backbone"]) == [
        "family",
        "hidden_size",
        "blocks",
        "tap_block",
        "fingerprint",
    ]


# --- what cannot be saved


def test_a_description_of_another_head_is_not_saved(tmp_path):
    other = replace(INFO, head=replace(CONFIG, queries=2))
    with pytest.raises(ValueError, match="description is of"):
        save_head(tmp_path / "a.safetensors", make_head(), other)
    assert list(tmp_path.iterdir()) == []


def test_broken_weights_are_not_saved_over_a_good_file(path):
    content, head = path.read_bytes(), make_head()
    head.queries.data[0, 0] = float("nan")
    with pytest.raises(ValueError, match="queries holds NaN"):
        save_head(path, head, INFO)
    assert path.read_bytes() == content


def test_a_save_that_fails_at_the_end_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.safetensors").mkdir()
    with pytest.raises(OSError, match="a.safetensors"):
        save_head(tmp_path / "a.safetensors", make_head(), INFO)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.safetensors"]


def test_weights_of_mixed_or_foreign_dtype_are_not_saved(tmp_path):
    mixed = make_head()
    mixed.key.double()
    for head in (make_head().double(), mixed):
        with pytest.raises(ValueError, match="one dtype"):
            save_head(tmp_path / "a.safetensors", head, INFO)


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"set": {1}}, "as JSON"),
        ({"x": float("inf")}, "not JSON compliant"),
        ({"x": "y" * 10**6}, "most a file"),
    ],
)
def test_a_description_that_is_no_json_or_too_long_is_not_saved(tmp_path, training, message):
    with pytest.raises(ValueError, match=message):
        save_head(tmp_path / "a.safetensors", make_head(), replace(INFO, training=training))
    assert list(tmp_path.iterdir()) == []


# --- damaged and foreign files


def test_no_such_file_and_a_folder(tmp_path):
    assert_refused(tmp_path / "none.safetensors", "cannot be read")
    assert_refused(tmp_path, "cannot be read")


@pytest.mark.parametrize("size", [0, 5, 9, 200, -400, -1])
def test_truncated_at_any_place(path, size):
    path.write_bytes(path.read_bytes()[:size])
    assert_refused(path, "not a safetensors file|truncated|damaged")


def test_truncated_in_the_header_says_so(path):
    path.write_bytes(path.read_bytes()[:200])
    assert_refused(path, "truncated: 200 bytes")


def test_bytes_behind_the_last_tensor(path):
    path.write_bytes(path.read_bytes() + b"\0")
    assert_refused(path, "damaged")


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(500), b"\x80\x02}q\x00." + b"x" * 500])
def test_not_safetensors(path, content):
    path.write_bytes(content)
    assert_refused(path, "not a safetensors file")


def test_a_pickle_is_refused_and_never_run(path, tmp_path):
    import pickle

    flag = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return Path.touch, (flag,)

    path.write_bytes(pickle.dumps(Trap()))
    assert_refused(path, "not a safetensors file")
    assert not flag.exists()


def test_a_header_of_gigabytes_is_refused_unread(path):
    path.write_bytes((2**40).to_bytes(8, "little") + b"{" + bytes(100))
    assert_refused(path, "header is over")


def test_a_header_that_is_no_json(path):
    path.write_bytes((100).to_bytes(8, "little") + b"{" + b"x" * 99)
    assert_refused(path, "damaged")


def test_a_safetensors_file_that_is_no_head(path):
    save_file({"weight": torch.ones(2)}, path)
    assert_refused(path, "not a PRISM head")
    save_file({"weight": torch.ones(2)}, path, metadata={"format": "pt"})
    assert_refused(path, "not a PRISM head")


# --- tensors that are not what the description says


def test_a_missing_tensor(path):
    rewrite(path, lambda tensors: tensors.pop("mlp.2.bias"))
    assert_refused(path, r"lacks the tensors \['mlp.2.bias'\]")


def test_an_extra_tensor(path):
    rewrite(path, lambda tensors: tensors.update(extra=torch.ones(1)))
    assert_refused(path, r"unknown \['extra'\]")


def test_a_wrong_shape(path):
    rewrite(path, lambda tensors: tensors.update(queries=torch.ones(2, 8)))
    assert_refused(path, r"queries is of shape \(2, 8\) where its description needs \(1, 8\)")


def test_the_same_number_of_weights_in_another_shape(path):
    rewrite(path, lambda tensors: tensors.update(queries=torch.ones(8, 1)))
    assert_refused(path, "queries is of shape")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite(path, value):
    def spoil(tensors):
        tensors["value.weight"][3, 3] = value

    rewrite(path, spoil)
    assert_refused(path, "value.weight holds NaN or infinite", header=False)


@pytest.mark.parametrize("dtype", [torch.int32, torch.float64, torch.float16])
def test_a_tensor_of_another_dtype(path, dtype):
    rewrite(path, lambda tensors: tensors.update(queries=torch.ones(1, 8).to(dtype)))
    assert_refused(path, "all must be one of F32, F16, BF16")


def test_a_good_file_still_loads_after_a_bad_one(path):
    content = path.read_bytes()
    path.write_bytes(content[:-10])
    assert_refused(path, "damaged")
    path.write_bytes(content)
    assert load_head(path)[1] == INFO


def test_the_module_offers_what_it_documents():
    assert all(hasattr(checkpoint, name) for name in checkpoint.__all__)
