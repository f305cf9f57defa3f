"""Choosing at a prune step: what is asked, who may answer, and what happens if nobody does.

Answers come from another thread, as they do from the server's routes.
"""

from __future__ import annotations

import threading
import time

import comfy.model_management
import comfy.ops
import comfy.sd
import nodes as comfy_nodes
import pytest
import torch
from comfy.ldm.modules.diffusionmodules.mmdit import MMDiT
from conftest import node, pack, random_weights
from live_runs import FULL, finished, patched

asking, messages, session = pack("nodes.panel.asking"), pack("nodes.panel.messages"), pack("nodes.panel.session")
Answer, Closed = messages.Answer, pack("nodes.panel.board").Closed


@pytest.fixture
def board(monkeypatch):
    """A board that nobody listens to, in place of the pack's."""
    made = pack("nodes.panel.board").Board(lambda event, data: None, lambda: True)
    monkeypatch.setattr(pack("nodes.panel.keeping"), "settings", lambda: messages.Recording(recording=False))
    return made


@pytest.fixture(autouse=True)
def nobody_is_interrupted():
    yield
    comfy.model_management.interrupt_current_processing(False)


class Person:
    """Answers the questions of runs on a board, in a thread of its own."""

    def __init__(self, board, *answers: dict) -> None:
        self.board, self.answers, self.asked, self.late = board, list(answers), [], []
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self) -> None:
        while self.answers:
            view = next((view for view in self.board.views() if view.status == "waiting"), None)
            question = view and self.board.question(view.run)
            if question is None or self.asked and self.asked[-1].waiting == view.waiting:
                time.sleep(0.005)
                continue
            self.asked.append(view)
            marks = self.answers[0].pop("marks", {})
            for row, mark in marks.items():
                self.board.mark(view.run, messages.Mark(row=row, mark=mark))
            given = Answer(question=question.id, **self.answers.pop(0))
            question.put(given)
            with pytest.raises(Closed):
                question.put(given)
            self.late.append(given)


def choosing(loaded, board, head=None, rounds: str = "2:2", wishes=asking.Wishes(), **changes):
    """A patched model that asks."""
    made = session.Session("7", head, wishes, board)
    return patched(loaded, head, rounds, **{**made.hooks(asks=True), **changes})


def only(board):
    view, = board.views()
    return view


@pytest.mark.parametrize("judged", [False, True], ids=["by eye", "with a head"])
def test_what_a_person_keeps_is_what_comes_out(loaded, head, sample, board, judged):
    person = Person(board, {"action": "keep", "rows": [1, 3]})
    pruning = choosing(loaded, board, head if judged else None)
    left = sample(None, pruning, **FULL)["samples"]
    whole = sample(None, loaded, **FULL)["samples"]
    record, view, asked = finished(pruning, left).record, only(board), person.asked[0]
    assert record.kept == (1, 3) and left.shape == whole[[1, 3]].shape
    assert asked.waiting.has_head == judged and asked.waiting.keep == 2 and asked.waiting.deadline_s is None
    assert len(asked.waiting.suggested) == (2 if judged else 0)
    assert [card.rank is not None for card in asked.candidates] == [judged] * 4
    assert view.status == "finished" and view.replay == record.replay and "#" in view.replay
    assert [card.state for card in view.candidates] == ["dropped", "kept", "dropped", "kept"]
    assert view.candidates[0].dropped_at == 2 and view.seed == "11" and view.group == 2


def test_the_replay_of_a_choice_gives_the_same_latents(loaded, sample, board):
    Person(board, {"action": "keep", "rows": [0, 2]})
    left = sample(None, choosing(loaded, board), **FULL)["samples"]
    again = sample(None, patched(loaded, None, kept=only(board).replay, group=only(board).group), **FULL)["samples"]
    assert torch.equal(left, again)


def test_pictures_are_of_predictions_and_come_before_the_question(loaded, sample, board):
    person = Person(board, {"action": "keep", "rows": [0]})
    sample(None, choosing(loaded, board), **FULL)
    deadline = time.monotonic() + 10
    while only(board).sheet is None or only(board).sheet.step < 6:
        assert time.monotonic() < deadline, "no picture was made"
        time.sleep(0.01)
    assert only(board).sheet.rows == [0, 1, 2, 3] and person.asked[0].step == 2


@pytest.mark.parametrize("answer, kept", [
    ({"action": "all"}, (0, 1, 2, 3)),
    ({"action": "all", "marks": {1: "ban"}}, (0, 2, 3)),
    ({"action": "keep", "rows": [0], "marks": {2: "pin"}}, (0, 2)),
    ({"action": "keep", "rows": [1], "marks": {1: "ban"}}, (1,)),
], ids=str)
def test_all_and_marks(loaded, sample, board, answer, kept):
    Person(board, answer)
    pruning = choosing(loaded, board)
    assert finished(pruning, sample(None, pruning, **FULL)["samples"]).record.kept == kept


def test_the_heads_choice_is_that_of_the_head_alone(loaded, head, sample, board):
    alone = patched(loaded, head)
    wanted = finished(alone, sample(None, alone, **FULL)["samples"]).record.kept
    person = Person(board, {"action": "best"})
    pruning = choosing(loaded, board, head)
    assert finished(pruning, sample(None, pruning, **FULL)["samples"]).record.kept == wanted
    assert tuple(person.asked[0].waiting.suggested) == wanted


def test_every_round_asks_until_little_enough_is_left(loaded, sample, board):
    person = Person(board, {"action": "keep", "rows": [0, 1, 3]}, {"action": "keep", "rows": [3]})
    pruning = choosing(loaded, board, rounds="1:3, 2:2, 4:1")
    assert finished(pruning, sample(None, pruning, **FULL)["samples"]).record.kept == (3,)
    assert [view.waiting.question for view in person.asked] == [1, 2] and person.asked[1].step == 2


def test_time_that_is_up_has_a_named_outcome(loaded, head, sample, board):
    def run(judge, outcome: str):
        pruning = choosing(loaded, board, judge, wishes=asking.Wishes(0.2, outcome))
        return finished(pruning, sample(None, pruning, **FULL)["samples"]).record
    assert len(run(head, "best").kept) == 2 and len(run(None, "all").kept) == 4
    with pytest.raises(RuntimeError, match="time that 'timeout' allows is up.*connect a head"):
        run(None, "best")
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        run(None, "stop")
    assert [view.status for view in board.views()] == ["stopped", "failed", "finished", "finished"]


def test_without_any_page_the_head_chooses_and_without_a_head_it_is_an_error(loaded, head, sample, monkeypatch):
    monkeypatch.setattr(asking, "ALONE_SECONDS", 0.2)
    board = pack("nodes.panel.board").Board(lambda event, data: None, lambda: False)
    pruning = choosing(loaded, board, head)
    assert len(finished(pruning, sample(None, pruning, **FULL)["samples"]).record.kept) == 2
    with pytest.raises(RuntimeError, match="no page of this ComfyUI has been open"):
        sample(None, choosing(loaded, board), **FULL)
    assert "no page" in board.views()[0].notes[0].text


@pytest.mark.parametrize("how", ["button", "answer"])
def test_a_person_can_stop_and_nothing_is_left_behind(loaded, sample, board, how):
    wrappers = dict(loaded.model_options.get("transformer_options", {}))
    if how == "button":
        threading.Timer(0.5, comfy.model_management.interrupt_current_processing).start()
    else:
        Person(board, {"action": "stop"})
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        sample(None, choosing(loaded, board), **FULL)
    view = only(board)
    assert view.status == "stopped" and view.waiting is None and board.question(view.run) is None
    assert loaded.model_options.get("transformer_options", {}) == wrappers


def test_marks_overrule_the_head_while_it_runs(loaded, head, sample, board):
    made = session.Session("7", head, asking.Wishes(), board)
    hooks = made.hooks(asks=False)

    def mark_at_once(event: dict) -> None:
        if event["event"] == "started":
            board.mark(event["run"], messages.Mark(row=0, mark="pin"))
            board.mark(event["run"], messages.Mark(row=1, mark="ban"))
    hooks["listeners"] = (*hooks["listeners"], mark_at_once)
    pruning = patched(loaded, head, **hooks)
    record = finished(pruning, sample(None, pruning, **FULL)["samples"]).record
    assert 0 in record.kept and 1 not in record.kept and len(record.kept) == 2
    assert only(board).candidates[1].reason.text == "banned before step 2"


def test_a_row_that_does_not_live_cannot_be_answered():
    question = pack("nodes.panel.question").Question(1, [0, 2])
    with pytest.raises(ValueError, match="Candidate 1 is not among"):
        question.put(Answer(question=1, action="keep", rows=[0, 1]))
    question.put(Answer(question=1, action="keep", rows=[0]))
    assert question.wait(0).rows == [0]


def test_a_page_that_cannot_be_told_does_not_end_the_run(loaded, head, sample, board, monkeypatch):
    monkeypatch.setattr(board, "change_cards", lambda *args, **fields: 1 / 0)
    hooks = session.Session("7", head, asking.Wishes(), board).hooks(asks=False)
    assert len(sample(None, patched(loaded, head, **hooks), **FULL)["samples"]) == 2


@pytest.mark.parametrize("choose, head, replays, wanted", [
    ("auto", None, False, True), ("auto", object(), False, False), ("me", object(), False, True),
    ("head", object(), False, False), ("me", None, True, False)])
def test_who_chooses(choose, head, replays, wanted):
    assert session.asks(choose, head, replays) is wanted


# PRISM Pick

def picked(loaded, board, monkeypatch, latent, **changes):
    batch = pack("nodes.panel.batch")
    monkeypatch.setattr(pack("nodes.pick"), "pick", lambda *given: batch.pick(*given, board=board))
    return node("PrismPick").execute(loaded, latent, 1, **changes)


def test_pick_hands_on_what_was_chosen(loaded, sample, board, monkeypatch):
    latent = sample(None, loaded, **FULL)
    person = Person(board, {"action": "keep", "rows": [1, 2]})
    left, gone, kept = picked(loaded, board, monkeypatch, latent).args
    assert torch.equal(left["samples"], latent["samples"][[1, 2]]) and kept == "1, 2"
    assert torch.equal(gone["samples"], latent["samples"][[0, 3]])
    assert person.asked[0].kind == "pick" and only(board).replay == "1, 2"
    again = picked(loaded, board, monkeypatch, latent, kept=kept).args
    assert torch.equal(again[0]["samples"], left["samples"]) and len(board.views()) == 1


def test_pick_does_not_ask_about_a_single_clip(loaded, sample, board, monkeypatch):
    latent = {"samples": torch.zeros(1, 16, 3, 8, 8)}
    assert picked(loaded, board, monkeypatch, latent).args[2] == "0" and not board.views()
    with pytest.raises(ValueError, match="4 candidates and 1 pictures"):
        picked(loaded, board, monkeypatch, sample(None, loaded, **FULL), predicted=latent)


# Models that no head is for

@pytest.fixture(scope="module")
def image_prompts():
    def make(seed: int) -> list:
        generator = torch.Generator().manual_seed(seed)
        return [[torch.randn(1, 6, 4096, generator=generator),
                 {"pooled_output": torch.randn(1, 2048, generator=generator)}]]
    return make


@pytest.fixture(scope="module")
def stable_diffusion_3():
    """An image model as small as ComfyUI detects it."""
    module = MMDiT(input_size=None, depth=2, in_channels=16, adm_in_channels=2048, pos_embed_max_size=16,
                   num_patches=256, qkv_bias=True, context_embedder_config={
                       "target": "torch.nn.Linear", "params": {"in_features": 4096, "out_features": 128}},
                   operations=comfy.ops.disable_weight_init, dtype=torch.float32, device="cpu")
    return comfy.sd.load_diffusion_model_state_dict(random_weights(module, 0))


def test_images_are_chosen_by_eye_as_well(stable_diffusion_3, image_prompts, board):
    assert type(stable_diffusion_3.model).__name__ == "SD3"
    person = Person(board, {"action": "keep", "rows": [2]})
    settings = (5, 4, 4.0, "euler", "simple", image_prompts(1), image_prompts(2))
    hooks = session.Session("7", None, asking.Wishes(), board).hooks(asks=True)
    sampler, latent = comfy_nodes.KSampler(), {"samples": torch.zeros(1, 16, 8, 8)}
    with torch.inference_mode():
        pruning = patched(stable_diffusion_3, None, candidates=3, rounds="2:1", group=1, **hooks)
        left = sampler.sample(pruning, *settings, latent)[0]["samples"]
        plain = sampler.sample(stable_diffusion_3, 7, *settings[1:], latent)[0]["samples"]
    assert torch.equal(left, plain)    # candidate 2 is what seed 5 + 2 makes alone
    assert person.asked[0].step == 2 and [card.seed for card in person.asked[0].candidates] == ["5", "6", "7"]
    deadline = time.monotonic() + 10
    while only(board).sheet is None:
        assert time.monotonic() < deadline, "no picture was made"
        time.sleep(0.01)
    assert only(board).sheet.frames == 1
