"""PrismBestOfN, PrismKSampler and PrismRunReport: what they return, show and refuse."""

from __future__ import annotations

import json
from types import SimpleNamespace

import nodes as comfy_nodes
import pytest
import torch
from comfy_api.latest import io
from comfy_execution.graph_utils import ExecutionBlocker
from conftest import BLOCKS, TAP, node, pack

SEED, STEPS = 11, 8
CHOICE = {"candidates": 4, "prune_step": 3, "keep": 2}


def empty(rows: int = 1) -> dict:
    return {"samples": torch.zeros(rows, 16, 3, 8, 8)}


def hidden(name: str, **values):
    """A node class as ComfyUI prepares it for one run, with its hidden inputs."""
    return node(name).PREPARE_CLASS_CLONE({"hidden_inputs": {io.Hidden[key]: value for key, value in values.items()}})


@pytest.fixture
def ksampler(model, head, prompt):
    """PrismKSampler on one empty latent, with settings that the test may change."""
    def run(**changes):
        settings = {"model": model, "seed": SEED, "steps": STEPS, "cfg": 1.0, "sampler_name": "euler",
                    "scheduler": "simple", "positive": prompt(), "negative": prompt(seed=6), "latent_image": empty(),
                    "denoise": 1.0, "head": head, **CHOICE, **changes}
        with torch.inference_mode():
            return node("PrismKSampler").execute(**settings)
    return run


@pytest.fixture
def plain(model, prompt):
    """A plain KSampler, with settings that the test may change."""
    def run(**changes):
        settings = {"model": model, "seed": SEED, "steps": STEPS, "cfg": 1.0, "sampler_name": "euler",
                    "scheduler": "simple", "positive": prompt(), "negative": prompt(seed=6), "latent_image": empty(),
                    **changes}
        with torch.inference_mode():
            return node("KSampler")().sample(**settings)[0]
    return run


@pytest.fixture
def patched(model, head):
    """PrismBestOfN's MODEL, with settings that the test may change."""
    def make(**changes):
        return node("PrismBestOfN").execute(**{"model": model, "head": head, **CHOICE, **changes}).args[0]
    return make


def report(model, latent):
    return node("PrismRunReport").execute(model=model, latent=latent)


def test_one_node_in_a_plain_graph(patched, plain, ksampler):
    model = patched()
    latent = plain(model=model)
    reported = report(model, latent)
    assert reported.args[0]["samples"] is latent["samples"] and len(latent["samples"]) == 2
    assert reported.args[5] == [SEED + row for row in json.loads(reported.args[3])["kept"]]
    whole = ksampler()
    assert torch.equal(whole.args[0]["samples"], latent["samples"]) and whole.args[2] == reported.args[4]
    assert whole.args[3] == reported.args[5]


def test_a_plain_ksampler_makes_each_survivor_from_its_seed(ksampler, plain):
    survivors, _, _, seeds, *_ = ksampler().args
    for samples, seed in zip(survivors["samples"], seeds, strict=True):
        alone = plain(seed=seed)["samples"]
        assert (alone[0] - samples).abs().max() <= 1e-4 * alone.abs().max()    # a batch of one rounds otherwise


def test_everything_about_a_run_agrees(ksampler):
    output = ksampler()
    survivors, dropped, kept, seeds, scores, chart = output.args
    record = json.loads(output.ui["prism_run"][0])
    rows = record["kept"]
    assert kept == record["replay"] and kept.startswith(f"{rows[0]}, {rows[1]} #")
    assert seeds == [SEED + row for row in rows] and record["seeds"] == [SEED + row for row in range(4)]
    best = sorted(sorted(range(4), key=lambda row: -scores.values[row])[:2])
    assert (rows, scores.step, scores.candidates, scores.depth) == (best, 3, (0, 1, 2, 3), TAP / BLOCKS)
    assert "batch_index" not in survivors and len(dropped["samples"]) == 2
    assert dropped["prism_seeds"] == [drop["seed"] for drop in sorted(
        ({"seed": SEED + drop["row"]} for drop in record["drops"]), key=lambda drop: drop["seed"])]
    assert chart.shape[0] == 1 and chart.shape[2:] == (768, 3)
    # A probe of four halves saves nothing against the two rows that it drops, so they go one call later.
    assert record["evaluations"]["spent"] == 4 * 4 + 2 * 4 and record["evaluations"]["probes"] == 0


def test_dropped_clips_are_predictions_and_not_noise(ksampler, plain):
    """At a run's last step the prediction is the clip, so one that is dropped there has become itself."""
    survivors, dropped, _, seeds, *_ = ksampler(prune_step=STEPS - 1).args
    missing = [seed for seed in range(SEED, SEED + 4) if seed not in seeds]
    assert dropped["prism_seeds"] == missing and dropped["samples"].shape == survivors["samples"].shape
    for samples, seed in zip(dropped["samples"], missing, strict=True):
        clip = plain(seed=seed)["samples"][0]
        assert (samples - clip).abs().max() <= 1e-4 * clip.abs().max()


def test_a_choice_is_repeated_without_the_head(ksampler):
    first = ksampler()
    again = ksampler(head=None, kept=first.args[2])
    assert torch.allclose(again.args[0]["samples"], first.args[0]["samples"], atol=1e-4)
    assert again.args[2:4] == first.args[2:4]
    assert all(isinstance(again.args[slot], ExecutionBlocker) for slot in (1, 4))
    record = json.loads(again.ui["prism_run"][0])
    assert record["evaluations"]["spent"] == 2 * STEPS and record["head"] is None


def test_a_sampler_that_noises_clips_anew_is_refused_before_anything_runs(loaded, head, monkeypatch):
    monkeypatch.setitem(comfy_nodes.NODE_CLASS_MAPPINGS, "WanMoeKSampler", SimpleNamespace(RETURN_TYPES=("LATENT",)))
    prompt = {"1": {"class_type": "PrismBestOfN", "inputs": {}},
              "2": {"class_type": "WanMoeKSampler", "inputs": {"model_high_noise": ["1", 0], "model_low_noise": ["9", 0]}}}
    patch = hidden("PrismBestOfN", prompt=prompt, unique_id="1")
    with pytest.raises(ValueError, match="WanMoeKSampler samples with two models.*prism_best_of_n_wan22"):
        patch.execute(loaded, 4, 2, 1, head)


@pytest.mark.parametrize("changes, message", [
    ({"kept": "1, 2 #00000000"}, "chosen in another run"), ({"kept": "9"}, "Entry 1"),
    ({"kept": "0, 1, 2, 3"}, "nothing to drop"), ({"keep": 4}, "nothing to drop"),
    ({"latent_image": empty(4)}, "batch_size to 1"), ({"denoise": 0.0}, "denoise is 0.0"),
    ({"head": None, "choose": "head"}, "nothing to choose by"), ({"prune_step": STEPS}, "can prune after step 1"),
    ({"schedule": "2:2, 5:x"}, "\n    2:2, 5:x\n           ^"), ({"sampler_name": "dpm_adaptive"}, "dpm_adaptive"),
])
def test_what_cannot_be_is_refused_in_words(ksampler, changes, message):
    with pytest.raises(ValueError) as refused:
        ksampler(**changes)
    assert message in str(refused.value)


def test_a_schedule_replaces_the_two_numbers(ksampler):
    record = json.loads(ksampler(schedule="2:3, 50%:1", prune_step=7).ui["prism_run"][0])
    assert record["schedule"] == "2:3, 50%:1" and len(record["kept"]) == 1
    assert {drop["step"] for drop in record["drops"]} == {2, 4}


def test_a_mask_of_the_one_clip_stays_with_every_survivor(ksampler):
    mask = torch.ones(1, 1, 3, 8, 8)
    mask[..., :4] = 0
    output = ksampler(latent_image={"samples": torch.randn(1, 16, 3, 8, 8), "noise_mask": mask}, denoise=0.7)
    survivors = output.args[0]
    assert torch.equal(survivors["noise_mask"], mask.repeat(2, 1, 1, 1, 1))


def masked() -> dict:
    """Four candidates, each with a mask of its own."""
    masks = torch.stack([torch.full((1, 3, 8, 8), 0.25 * row) for row in range(1, 5)])
    return {**empty(4), "noise_mask": masks, "batch_index": [7, 8, 9, 10]}


def graph(*, past_report: bool = False) -> dict:
    """Model, patch "n", sampler "s", report "r", and a decoder behind the report or beside it."""
    return {
        "m": {"class_type": "UNETLoader", "inputs": {}},
        "n": {"class_type": "PrismBestOfN", "inputs": {"model": ["m", 0]}},
        "s": {"class_type": "KSampler", "inputs": {"model": ["n", 0], "seed": SEED}},
        "r": {"class_type": "PrismRunReport", "inputs": {"model": ["n", 0], "latent": ["s", 0]}},
        "d": {"class_type": "VAEDecode", "inputs": {"samples": ["s" if past_report else "r", 0]}},
    }


def test_masks_of_single_candidates_need_the_report(model, head, plain):
    def run(prompt: dict):
        patch = hidden("PrismBestOfN", prompt=prompt, unique_id="n")
        patched = patch.execute(model=model, head=head, **CHOICE).args[0]
        latent = masked()
        return patched, plain(model=patched, latent_image=latent), latent
    patched, latent, given = run(graph())
    assert len(latent["noise_mask"]) == 4
    sliced, record = report(patched, latent).args[0], json.loads(report(patched, latent).args[3])
    assert torch.equal(sliced["noise_mask"], given["noise_mask"][record["kept"]])
    assert sliced["batch_index"] == [7 + row for row in record["kept"]] and "prism_seeds" not in sliced
    assert len(given["noise_mask"]) == len(latent["noise_mask"]) == 4
    with pytest.raises(ValueError, match="PrismRunReport"):
        run(graph(past_report=True))


def test_the_report_refuses_what_it_cannot_know(model, patched, plain):
    with pytest.raises(ValueError, match="does not come from PrismBestOfN"):
        report(model, empty())
    with pytest.raises(ValueError, match="Connect the LATENT"):
        report(patched(), plain())


def test_a_second_pass_goes_through_untouched_and_says_so(patched, plain):
    model, clips = patched(), {"samples": torch.randn(2, 16, 3, 8, 8), "batch_index": [4, 9]}
    latent = plain(model=model, latent_image=clips, denoise=0.5)
    passed, text, _, record, *_ = report(model, latent).args
    assert passed is latent and text.startswith("Nothing was pruned") and json.loads(record)["policy"] == "none"
    assert torch.equal(latent["samples"], plain(latent_image=clips, denoise=0.5)["samples"])


def test_video_with_sound_keeps_a_mask_for_each(ksampler):
    from comfy.nested_tensor import NestedTensor
    record = pack("prism_core.record").RunRecord.from_json(ksampler().ui["prism_run"][0])
    masks = NestedTensor([torch.rand(1, 1, 3, 8, 8), torch.rand(1, 1, 20, 4)])
    samples = NestedTensor([torch.randn(2, 16, 3, 8, 8), torch.randn(2, 8, 20, 4)])
    taken = pack("nodes.survivors").of_rows({"samples": samples, "noise_mask": masks}, samples, record.kept, record)
    assert taken["samples"] is samples and [len(mask) for mask in taken["noise_mask"].unbind()] == [2, 2]
    plain = pack("nodes.survivors").of_rows({"samples": samples}, samples, record.kept, record)
    assert set(plain) == {"samples", "prism_seeds"}


def test_survivors_are_named_after_their_seeds(ksampler):
    survivors, _, _, seeds, *_ = ksampler().args
    latents, own, indices, names = node("PrismSplitCandidates").execute(latent=survivors, seed=99, prefix="a/b").args
    assert own == seeds and indices == [0, 0] and names == [f"a/b_seed{seed}" for seed in seeds]
    assert [len(latent["samples"]) for latent in latents] == [1, 1]
    assert all("batch_index" not in latent for latent in latents)


def test_the_head_is_asked_for_only_where_it_judges():
    for name in ("PrismBestOfN", "PrismKSampler"):
        wanted = node(name).check_lazy_status
        assert wanted(model=1, head=None, kept="") == ["head"] == wanted(head=None)
        assert wanted(model=1, head=None, kept="1, 4") == [] == wanted(head=object(), kept="") == wanted(kept="")


def test_the_price_is_told_beforehand(model, head):
    text = node("PrismBestOfN").execute(model=model, head=head, candidates=4, prune_step=1, keep=1).ui["text"][0]
    lines = text.splitlines()
    assert lines[0] == "4 candidates, cuts at 1:1 (step:keep)."
    # Tap at half depth: 4 + 3 rows' steps and a probe of 4 halves of 4 steps; with CFG the probe is half of that.
    assert lines[1] == "With 4 steps: about 2.2 clips instead of 4, 44 % saved."
    assert lines[5] == f"With 50 steps: about {(4 + 49 + 1) / 50:.1f} clips instead of 4, 73 % saved."


@pytest.mark.parametrize("changes, text", [
    ({"kept": "1, 3", "head": None}, "Only candidates 1, 3 are sampled"),
    ({"keep": 4}, "a latent of one clip is sampled as it is"),
    ({"schedule": "s0.5:1"}, "4 candidates, cuts at s0.5:1 (step:keep)."),
])
def test_unusual_choices_are_explained(model, head, changes, text):
    assert text in node("PrismBestOfN").execute(**{"model": model, "head": head, **CHOICE, **changes}).ui["text"][0]


def test_a_race_is_told_by_its_budget():
    """Asked of the text alone: the node itself would want a head with measured reliability."""
    settings = pack("nodes.bridge.live").Settings(None, 8, pack("nodes.live_inputs").rounds_of("", 5, 1), "racing", 2.5)
    assert "at most 2.5 clips instead of 8" in pack("nodes.best_of_n").describe(settings)


def test_few_steps_are_said_to_save_little(ksampler):
    text = ksampler(steps=4, prune_step=1, keep=1).ui["text"][0]
    assert "With 4 steps the first one is already a large share" in text
    assert "already a large share" not in ksampler(steps=20).ui["text"][0]


@pytest.mark.parametrize("watched", [True, False])
def test_the_chart_shows_the_choice(ksampler, watched):
    output = ksampler() if watched else ksampler(head=None, kept="0, 3")
    record = pack("prism_core.record").RunRecord.from_json(output.ui["prism_run"][0])
    draw = pack("nodes.run_chart").draw
    assert torch.equal(draw(record), draw(record)) and torch.equal(draw(record), output.args[5])
    others = [pack("prism_core.record").RunRecord.from_json(ksampler(head=None, kept=text).ui["prism_run"][0])
              for text in ("0, 1", "0, 2")]
    assert not torch.equal(draw(others[0]), draw(others[1]))


def test_the_incoming_model_and_latent_stay_as_they_are(model, ksampler):
    latent, before = empty(), dict(model.model_options)
    ksampler(latent_image=latent)
    assert set(latent) == {"samples"} and latent["samples"].shape[0] == 1
    assert model.model_options == before and not model.wrappers and pack("nodes.bridge.live").ledger_of(model) is None
