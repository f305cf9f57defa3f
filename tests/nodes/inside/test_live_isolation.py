"""Patched models, their clones and their runs never see each other; and what a run tells while it goes on."""

from __future__ import annotations

import threading

import comfy.samplers
import pytest
import torch
from conftest import node, pack
from live_runs import FULL, STEPS, custom, empty, finished, in_groups, patched, traces


def ledger_of(model):
    return pack("nodes.bridge.live").ledger_of(model)


def test_two_patched_models_in_one_graph(loaded, head, sample):
    one, other = patched(loaded, head, "2:2"), patched(loaded, head, "4:1", group=1)
    first, second = (sample(None, model, **FULL)["samples"] for model in (one, other))
    assert (len(first), len(second)) == (2, 1)
    assert {drop.step for drop in finished(other, second).record.drops} == {4}
    with pytest.raises(ValueError, match="not what a sampler made"):
        finished(one, second)


def test_two_runs_one_after_the_other(loaded, head, sample):
    pruning = patched(loaded, head)
    runs = [sample(None, pruning, **FULL, noise_seed=seed)["samples"] for seed in (1, 2, 1)]
    assert torch.equal(runs[0], runs[2]) and len(ledger_of(pruning)) == 3
    assert [finished(pruning, samples).record.seed for samples in runs] == [1, 2, 1]


def test_a_clone_remembers_for_its_origin(loaded, head, sample):
    """A LoRA or shift node behind the patch clones the model, and the report is fed by the patch itself."""
    pruning = patched(loaded, head)
    clone = pruning.clone()
    left = sample(None, clone, **FULL)["samples"]
    assert finished(pruning, left).kept == finished(clone, left).kept
    assert ledger_of(loaded) is None and traces(loaded) == []


def test_a_run_is_found_by_copies_of_its_samples(loaded, head, sample):
    pruning = patched(loaded, head)
    left = sample(None, pruning, **FULL)["samples"]
    for copy in (left.half(), left.bfloat16().float(), left.clone()):
        assert finished(pruning, copy).kept == finished(pruning, left).kept
    for other in (left[:1], left + 1, left.flip(0), torch.full_like(left, float("nan"))):
        with pytest.raises(ValueError, match="not what a sampler made"):
            finished(pruning, other)


def test_runs_in_several_threads(model_file, head, prompt):
    """Each thread has a model and noise of its own: ComfyUI's memory and its random numbers serve one run at a time."""
    models = [node("UNETLoader")().load_unet(model_file.name, "default")[0] for _ in range(2)]
    noises = [torch.randn(4, 16, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]

    def run(model, noise: torch.Tensor) -> torch.Tensor:
        sampling, euler = model.get_model_object("model_sampling"), comfy.samplers.sampler_object("euler")
        with torch.inference_mode():
            return custom("CFGGuider").execute(model, prompt(), prompt(seed=6), 2.0).args[0].sample(
                noise, torch.zeros_like(noise), euler, comfy.samplers.calculate_sigmas(sampling, "simple", STEPS),
                disable_pbar=True, seed=1)
    expected = [run(in_groups(models[0]), noise) for noise in noises]
    pruning, found = [patched(model, head) for model in models], {}
    threads = [threading.Thread(target=lambda i=i: found.update({i: [run(pruning[i], noises[i]) for _ in range(3)]}))
               for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2 and all(traces(model) == [] for model in models)
    for index, samples in found.items():
        for left in samples:
            assert torch.equal(left, expected[index][list(finished(pruning[index], left).kept)])


def test_hooks_listen_to_their_own_thread_only(loaded):
    taps, backbone = pack("nodes.bridge.tap"), pack("nodes.bridge.tap").backbone_of(loaded)
    module, heard = loaded.model.diffusion_model, []
    reading = taps._Reading(heard.append, threading.get_ident() + 1)
    hooks = reading.install(module, backbone, 1)
    with torch.inference_mode():
        module(torch.zeros(1, 16, 3, 8, 8), torch.ones(1), context=torch.zeros(1, 8, 16))
    for hook in hooks:
        hook.remove()
    assert heard == []


def test_the_head_is_loaded_with_the_model_by_comfyui(loaded, head, sample):
    import comfy.model_management
    comfy.model_management.unload_all_models()
    sample(None, patched(loaded, head), **FULL)
    held = [entry.model.model for entry in comfy.model_management.current_loaded_models if entry.model is not None]
    assert head.patcher.model in held and loaded.model in held


def test_memory_is_asked_for_one_group_only(loaded, head, sample, monkeypatch):
    """Many candidates must not push the model's weights out."""
    import comfy.sampler_helpers
    asked = []
    given = comfy.sampler_helpers.estimate_memory
    monkeypatch.setattr(comfy.sampler_helpers, "estimate_memory",
                        lambda model, shape, conds: (asked.append(list(shape)), given(model, shape, conds))[1])
    for group in (0, 2, 9):
        sample(None, patched(loaded, head, group=group), **FULL)
    assert [shape[0] for shape in asked] == [1, 2, 4] and all(shape[1:] == [16, 3, 8, 8] for shape in asked)


def test_groups_fit_free_memory_by_comfyuis_own_estimate(loaded, head, sample, monkeypatch):
    """The largest group that is at most half of what is left once two prompts are counted."""
    row = loaded.model.memory_required([1, 16, 3, 8, 8])
    free = 1.5 * row * 4 * 1.01
    monkeypatch.setattr(type(loaded), "get_free_memory", lambda self, device: free)
    pruning = patched(loaded, head, "2:3", group=0)
    assert finished(pruning, sample(None, pruning, **FULL)["samples"]).record.group == 2


def test_what_a_run_tells(loaded, head, sample):
    told: list[dict] = []
    pruning = patched(loaded, head, "2:2", listeners=(told.append,))
    left = sample(empty(1), pruning, **FULL)["samples"]
    done = finished(pruning, left)
    kinds = [event["event"] for event in told]
    assert kinds[0] == "started" and kinds[-1] == "finished" and "failed" not in kinds
    assert len({event["run"] for event in told}) == 1
    assert kinds.count("watched") == STEPS - 1 and kinds.count("x0") == STEPS and kinds.count("dropped") == 1
    dropped = told[kinds.index("dropped")]
    assert (dropped["kept"], tuple(dropped["dropped"])) == (done.kept, done.dropped)
    assert told[0]["seeds"] == done.seeds and told[0]["cuts"] == ((2, 2),) and told[-1]["record"] == done.record


def test_somebody_else_may_choose(loaded, head, sample):
    asked = []

    def choose(choice):
        asked.append(choice)
        return [choice.rows[-1], choice.rows[0]]
    for judge in (head, None):
        pruning = patched(loaded, judge, "2:3, 3:2, 4:1", chooser=choose)
        left = sample(None, pruning, **FULL)["samples"]
        record = finished(pruning, left).record
        assert record.kept == (0, 3) and record.policy == "choice"
        assert [drop.reason for drop in record.drops] == ["not chosen at step 2"] * 2
    # At step 3 there is nothing to ask: the first answer left as few as the schedule means to keep.
    assert [choice.step for choice in asked] == [2, 4, 2, 4]
    assert [choice.scores is None for choice in asked] == [False, False, True, True]
    assert asked[0].rows == (0, 1, 2, 3) and asked[1].rows == (0, 3) and asked[0].keep == 3
    assert asked[0].x0.shape == asked[0].noisy.shape == (4, 16, 3, 8, 8) and asked[3].x0.shape == (2, 16, 3, 8, 8)


def test_a_pinned_row_lives_and_a_banned_one_goes(loaded, head, sample):
    plain = finished(pruning := patched(loaded, head, "2:2", listeners=()),
                     sample(None, pruning, **FULL)["samples"]).record
    worst, best = plain.drops[0].row, plain.kept[0]
    told = []
    pruning = patched(loaded, head, "2:2", listeners=(told.append,), marks=lambda run: {worst: "pin", best: "ban"})
    record = finished(pruning, sample(None, pruning, **FULL)["samples"]).record
    assert worst in record.kept and best not in record.kept and len(record.kept) == 2
    assert {drop.row: drop.reason for drop in record.drops}[best] == "banned before step 2"
    marked = next(event for event in told if event["event"] == "marked")
    assert marked["marks"] == {worst: "pin", best: "ban"} and marked["noisy"].shape == (4, 16, 3, 8, 8)


def test_a_person_chooses_where_the_head_cannot(loaded, make_head, sample):
    """Scores are shown all the same, and the schedule stays where the person wants it."""
    blind = node("PrismLoadHead").execute(make_head("blind.safetensors", sigma_range=(0.2, 0.5))).args[0]
    pruning = patched(loaded, blind, "1:2", chooser=lambda choice: (1, 3))
    record = finished(pruning, sample(None, pruning, **FULL)["samples"]).record
    assert record.kept == (1, 3) and {drop.step for drop in record.drops} == {1} and record.warnings == ()


@pytest.mark.parametrize("rows", [[], [9], [0, 1, 2, 3, 4]])
def test_a_choice_of_rows_that_do_not_live_is_refused(loaded, head, sample, rows):
    with pytest.raises(ValueError, match="living candidates"):
        sample(None, patched(loaded, head, chooser=lambda choice: rows), **FULL)


def test_the_compiled_model_is_not_traced_with_hooks(loaded, head, sample):
    """Decisions are probed without torch.compile, and nothing is read from the compiled calls."""
    from comfy.patcher_extension import WrappersMP
    base, hooked = loaded.clone(), []

    def compiled(executor, *args, **kwargs):
        hooked.append(any(module._forward_hooks for module in base.model.diffusion_model.modules()))
        return executor(*args, **kwargs)
    base.add_wrapper_with_key(WrappersMP.APPLY_MODEL, "torch.compile", compiled)
    pruning = patched(base, head, "3:3", group=4)
    record = finished(pruning, sample(None, pruning, **FULL)["samples"]).record
    assert hooked == [False] * STEPS
    assert [(watch.step, watch.source) for watch in record.watches] == [(3, "probe")]
