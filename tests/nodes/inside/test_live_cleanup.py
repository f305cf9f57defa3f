"""After an error, an interrupt or a lack of memory nothing of a run is left, and the next run is as if it never was."""

from __future__ import annotations

import gc
import weakref

import comfy.model_management
import pytest
import torch
from comfy.model_management import InterruptProcessingException
from conftest import TAP, pack
from live_runs import FULL, STEPS, counted, finished, patched, traces


class Broken(RuntimeError):
    """What the tests raise."""


@pytest.fixture(scope="session")
def untouched(loaded, sample):
    """The plain batch, from before anything went wrong."""
    return sample(None, loaded, **FULL)["samples"]


@pytest.fixture
def clean(loaded, head, sample, untouched):
    """Checks that nothing is left and that plain and pruned runs are what they always are."""
    yield
    assert traces(loaded) == [] and not any(module._forward_hooks for module in head.patcher.model.modules())
    assert torch.equal(sample(None, loaded, **FULL)["samples"], untouched)
    pruning = patched(loaded, head, group=4)
    left = sample(None, pruning, **FULL)["samples"]
    assert torch.allclose(left, untouched[list(finished(pruning, left).kept)], atol=1e-3)


def break_block(model, block: int, call: int, error: BaseException):
    """Raises in a block of the model, in its n-th call from now."""
    calls = iter(range(10 ** 6))

    def hook(*_):
        if next(calls) == call:
            raise error
    return model.model.diffusion_model.blocks[block - 1].register_forward_pre_hook(hook)


@pytest.mark.parametrize("block", [1, TAP + 1])
@pytest.mark.parametrize("call", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("error", [Broken(), InterruptProcessingException()], ids=["error", "interrupt"])
def test_an_exception_in_any_phase(clean, loaded, head, sample, block, call, error):
    """With all rows in one call: steps 0 and 1, then at step 2 the probe, which ends before the later block."""
    pruning = patched(loaded, head, group=4)
    handle = break_block(loaded, block, call, error)
    with pytest.raises(type(error)):
        sample(None, pruning, **FULL)
    handle.remove()
    assert len(pack("nodes.bridge.live").ledger_of(pruning)) == 0


@pytest.mark.parametrize("step", range(1, STEPS))
def test_an_interrupt_at_any_step(clean, loaded, head, sample, step):
    def press_stop(event: dict) -> None:
        if event["event"] == "x0" and event["step"] == step - 1:
            comfy.model_management.interrupt_current_processing()
    with pytest.raises(InterruptProcessingException):
        sample(None, patched(loaded, head, listeners=(press_stop,)), **FULL)


@pytest.mark.parametrize("event", ["started", "watched", "dropped", "x0", "finished"])
def test_a_listener_that_fails(clean, loaded, head, sample, event):
    def listener(told: dict) -> None:
        if told["event"] == event:
            raise Broken
    with pytest.raises(Broken):
        sample(None, patched(loaded, head, listeners=(listener,)), **FULL)


def test_a_head_that_fails(clean, loaded, head, sample, monkeypatch):
    monkeypatch.setattr(head.patcher.model, "score", lambda features: torch.full((features.rows,), float("nan")))
    with pytest.raises(RuntimeError, match="not finite"):
        sample(None, patched(loaded, head), **FULL)
    monkeypatch.undo()


def test_a_model_that_cannot_be_loaded(clean, loaded, head, sample, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")
    monkeypatch.setattr(comfy.model_management, "load_models_gpu", full)
    with pytest.raises(torch.OutOfMemoryError):
        sample(None, patched(loaded, head), **FULL)
    monkeypatch.undo()


def limit_rows(model, rows: int, block: int, first: int = 0):
    """A model that runs out of memory in a block with more than so many rows, from some call on."""
    calls = iter(range(10 ** 6))

    def hook(module, args):
        if next(calls) >= first and len(args[0]) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
    return model.model.diffusion_model.blocks[block - 1].register_forward_pre_hook(hook)


@pytest.mark.parametrize("first, phase", [(0, "first call"), (1, "scored call"), (2, "probe"), (3, "pruned call")])
def test_too_little_memory_halves_the_group_and_goes_on(clean, loaded, head, sample, untouched, first, phase):
    """4 rows and two prompts are 8 rows; from the given call on, only 4 rows (2 of the probe's) fit."""
    pruning = patched(loaded, head, group=4)
    handle = limit_rows(loaded, {"probe": 2, "pruned call": 2}.get(phase, 4), 1, first)
    with counted(loaded) as count:
        left = sample(None, pruning, **FULL)["samples"]
    handle.remove()
    record = finished(pruning, left).record
    assert record.group == {"probe": 1, "pruned call": 1}.get(phase, 2), phase
    assert torch.allclose(left, untouched[list(record.kept)], atol=1e-3)
    assert record.evaluations.spent == 4 * 2 + 2 * (STEPS - 2) and max(count.begun) <= 8
    assert [len(watch.rows) for watch in record.watches] == [4, 4, 2, 2, 2]


def test_the_recorded_group_gives_the_same_survivors_again(clean, loaded, head, sample):
    pruning = patched(loaded, head, group=0)
    handle = limit_rows(loaded, 4, 1)
    halved = sample(None, pruning, **FULL)["samples"]
    handle.remove()
    record = finished(pruning, halved).record
    assert record.group == 2
    assert torch.equal(halved, sample(None, patched(loaded, head, group=record.group), **FULL)["samples"])


def test_one_row_that_does_not_fit_is_an_error(clean, loaded, head, sample):
    handle = limit_rows(loaded, 1, 1)
    with pytest.raises(torch.OutOfMemoryError):
        sample(None, patched(loaded, head, group=4), **FULL)
    handle.remove()


def test_nothing_of_a_run_stays_in_memory(loaded, head, sample, monkeypatch):
    call, alive = pack("nodes.bridge.call"), []

    class Watched(call.Run):
        def __init__(self, *args):
            super().__init__(*args)
            alive.append(weakref.ref(self))
    monkeypatch.setattr(call, "Run", Watched)
    pruning = patched(loaded, head)
    handle = break_block(loaded, 1, 7, Broken())
    with pytest.raises(Broken):
        sample(None, pruning, **FULL)
    handle.remove()
    for _ in range(3):
        sample(None, pruning, **FULL)
    gc.collect()
    assert len(alive) == 4 and [run() for run in alive] == [None] * 4


def test_the_ledger_of_two_hundred_runs_stays_small(loaded, head, sample):
    ledgers, live = pack("nodes.bridge.ledger"), pack("nodes.bridge.live")
    pruning = patched(loaded, head)
    done = finished(pruning, sample(None, pruning, **FULL)["samples"])
    ledger = live.ledger_of(pruning)
    for seed in range(200):
        ledger.add(torch.randn(2, 16, generator=torch.Generator().manual_seed(seed)), done)
    assert len(ledger) == ledgers.KEPT_RUNS
    held = [ledger.find(torch.randn(2, 16, generator=torch.Generator().manual_seed(seed))).dropped_x0 is not None
            for seed in range(199, 189, -1)]
    assert held == [True] * ledgers.KEPT_DROPPED + [False] * (10 - ledgers.KEPT_DROPPED)
