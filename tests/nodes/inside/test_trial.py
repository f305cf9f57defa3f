"""PrismTrial: a run in which nobody is dropped, ranked blind through the board or by the widget's text."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import comfy.model_management
import folder_paths
import pytest
import torch
from comfy_api.latest import io
from conftest import node, pack
from live_runs import FULL, STEPS
from PIL import Image

trials, messages = pack("nodes.panel.trial"), pack("nodes.panel.messages")
asking, keeping = pack("nodes.panel.asking"), pack("nodes.panel.keeping")
core, records = pack("prism_core.trial"), pack("prism_core.record")
CANDIDATES, KEEP, SEED = 4, 1, 11
PROMPT = {
    "m": {"class_type": "UNETLoader", "inputs": {}},
    "n": {"class_type": "PrismBestOfN", "inputs": {"model": ["m", 0]}},
    "s": {"class_type": "KSampler", "inputs": {"model": ["n", 0], "seed": SEED}},
    "t": {"class_type": "PrismTrial", "inputs": {"model": ["n", 0], "latent": ["s", 0]}},
}


class Vae:
    """Decodes the clip of one row to pictures (1, T, 8 H, 8 W, 3) whose brightness tells the row."""

    def __init__(self) -> None:
        self.rows: list[torch.Tensor] = []

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        assert len(latent) == 1, "one at a time, to save memory"
        self.rows.append(latent)
        brightness = latent.float().mean().sigmoid()
        return brightness.expand(1, latent.shape[2], 8 * latent.shape[3], 16 * latent.shape[4], 3)


def hidden(name: str, **values):
    """A node class as ComfyUI prepares it for one run, with its hidden inputs."""
    return node(name).PREPARE_CLASS_CLONE({"hidden_inputs": {io.Hidden[key]: value for key, value in values.items()}})


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """Folders of the test's own."""
    monkeypatch.setattr(folder_paths, "user_directory", str(tmp_path / "user"))
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))
    yield tmp_path
    comfy.model_management.interrupt_current_processing(False)


@pytest.fixture
def told():
    """What pages are told, in order."""
    return []


@pytest.fixture
def board(monkeypatch, told):
    """The pack's board, of which a page hears."""
    page = SimpleNamespace(sockets={"page": None}, send_sync=lambda event, data, client: told.append(data))
    monkeypatch.setattr(pack("nodes.panel.pages"), "server", lambda: page)
    return pack("nodes.panel.board").BOARD


@pytest.fixture
def watched(loaded, head, sample, board):
    """A patched model in front of a trial, and what its sampler gave."""
    def run(prompt=PROMPT, seed=SEED, sampler=FULL, **changes):
        patch = hidden("PrismBestOfN", prompt=prompt, unique_id="n")
        settings = {"candidates": CANDIDATES, "prune_step": 2, "keep": KEEP, "head": head, **changes}
        model = patch.execute(loaded, **settings).args[0]
        return model, sample({"samples": torch.zeros(1, 16, 3, 8, 8)}, model, noise_seed=seed, **sampler)
    return run


def trial(model, latent, **changes):
    return hidden("PrismTrial", prompt=PROMPT, unique_id="t", extra_pnginfo=None).execute(model, latent, Vae(), **changes)


class Person:
    """Answers the trial on a board, in a thread of its own."""

    def __init__(self, board, ready=lambda view: True, **answer) -> None:
        self.board, self.ready, self.answer, self.seen = board, ready, answer, None
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while self.seen is None:
            view = next((view for view in self.board.views() if view.status == "waiting"), None)
            question = view and self.board.question(view.run)
            if question is None or not self.ready(view):
                time.sleep(0.005)
                continue
            self.seen = view
            question.put(messages.Answer(question=question.id, **self.answer))


def record_of(model, latent):
    return pack("nodes.bridge.live").ledger_of(model).find(latent["samples"]).record


def the_trial(board):
    return next(view for view in board.views() if view.kind == "trial")


def test_all_candidates_are_finished(watched, loaded, sample):
    model, latent = watched()
    record = record_of(model, latent)
    assert record.policy == "watch" and record.kept == (0, 1, 2, 3) and len(record.chosen) == KEEP
    assert len(latent["samples"]) == CANDIDATES


def test_a_ranking_as_text_runs_headless(watched, board):
    model, latent = watched()
    record = record_of(model, latent)
    digest = record.replay.split("#")[1]
    output = trial(model, latent, ranking=f"2 > 0, 3 > 1 #{digest}")
    card, report, ranking, best = output.args
    assert ranking == f"2 > 0, 3 > 1 #{digest}" and torch.equal(best["samples"], latent["samples"][2:3])
    assert card.shape[0] == 1 and card.shape[2:] == (1080, 3) and 0 <= card.min() < card.max() <= 1
    kept = record.chosen[0]
    assert ("keeps the best clip" if kept == 2 else "would have dropped the best clip") in report
    assert report.count("would have been dropped at step 2") == 3 and f"write into 'ranking': {ranking}" in report
    view = the_trial(board)
    assert view.status == "finished" and view.replay == ranking and view.waiting is None
    assert [view.reveal.places[view.reveal.rows.index(row)] for row in range(4)] == [2, 3, 1, 2]
    again = trial(model, latent, ranking="2 > 0, 3 > 1")
    assert again.args[2] == ranking and torch.equal(again.args[0], card)
    assert keeping.store().count == 0, "only what a person does is recorded"


def test_the_clip_shown_first_is_some_candidate_and_always_the_same(watched, board):
    model, latent = watched()
    record = record_of(model, latent)
    order = trials.blind_order(record)
    assert sorted(order) == [0, 1, 2, 3] and order == trials.blind_order(record)
    orders = {tuple(trials.blind_order(records.RunRecord.from_json(record.to_json().replace(record.replay, f"0 #{n:08x}"))))
              for n in range(40)}
    assert len(orders) > 10, "another run, another order"


def test_a_person_ranks_positions_and_is_told_of_candidates(watched, board, told):
    model, latent = watched()
    record = record_of(model, latent)
    order = trials.blind_order(record)
    person = Person(board, action="rank", ranking=[[1], [3, 0]])
    _, report, ranking, best = trial(model, latent).args
    expected = ((order[1],), (order[3], order[0]), (order[2],))
    assert core.parse_ranking(ranking, 4)[0] == expected
    assert torch.equal(best["samples"], latent["samples"][order[1]][None])
    view, asked = the_trial(board), person.seen
    assert asked.sheet.rows == [0, 1, 2, 3] and asked.sheet.frames == 3 and asked.waiting.outcome == "skip"
    assert view.reveal.rows == order and view.reveal.places == [2, 1, 3, 2]
    assert [card.seed for card in view.candidates] == [str(SEED + row) for row in order]
    assert [card.imagined_at for card in view.candidates] == [None if row in record.chosen else 2 for row in order]
    agreement = core.Trial(expected, record.chosen, core.deciding_scores(record))
    assert view.reveal.agreement.best_kept == agreement.best_kept and view.reveal.totals.trials == 1
    assert "1 trial says little" in report


def test_pages_hear_nothing_that_tells_before_the_ranking(watched, board, told):
    """Of the trial, and of the run itself, whose panel is on the same page."""
    model, latent = watched()

    def told_of(view) -> bool:    # pages hear of it a moment later
        return any(data["run"] == view.run and data["status"] == "waiting" for data in list(told))
    Person(board, told_of, action="rank", ranking=[[0]])
    trial(model, latent)
    seeds = {str(SEED + row) for row in range(1, 4)}
    run = next(view for view in board.views() if view.kind == "run")
    mine = (the_trial(board).run, run.run)

    def heard() -> list:
        return [data for data in list(told) if data["run"] in mine]    # others of earlier tests may still be told
    deadline = time.monotonic() + 10
    while not any(data["reveal"] for data in heard()):
        assert time.monotonic() < deadline, "pages were never told how it ended"
        time.sleep(0.01)
    ended = next(index for index, data in enumerate(heard()) if data["reveal"])
    before, after = heard()[:ended], heard()[ended:]
    assert any(data["kind"] == "trial" and data["status"] == "waiting" for data in before)
    for data in before:
        for card in data["candidates"]:
            assert card | {"row": 0, "state": "alive"} == messages.Card(row=0).model_dump(), data
        assert data["reveal"] is None and not seeds & set(json.dumps(data).replace('"', " ").split())
    assert all(card["score"] is not None for card in after[0]["candidates"])
    assert [card.seed for card in run.candidates] == [str(SEED + row) for row in range(4)]
    assert sum(card.imagined_at == 2 for card in run.candidates) == 3 and board.curves(run.run) is not None


def test_the_chart_is_kept_back_until_then(watched, board):
    model, latent = watched()
    run = next(view for view in board.views() if view.kind == "run").run
    assert board.curves(run) is None and any("blind" in note.text for note in board.get(run).notes)
    trial(model, latent, ranking="0")
    assert board.curves(run).json()["watches"] and not any("blind" in note.text for note in board.get(run).notes)


def test_a_ranking_is_recorded_and_counted(watched, board):
    for seed in (SEED, SEED + 10):
        model, latent = watched(seed=seed)
        record = record_of(model, latent)
        order = trials.blind_order(record)
        Person(board, action="rank", ranking=[[2], [0, 1]])
        report = trial(model, latent).args[1]
    first, pick = keeping.store().picks()
    assert pick.kind == "trial" and pick.shown == tuple(order) and pick.verdict == record.chosen
    assert pick.ranking == ((order[2],), (order[0], order[1]), (order[3],)) and pick.kept == (order[2],)
    assert pick.seeds == tuple(str(SEED + 10 + row) for row in order) and pick.step == STEPS and pick.sigma == 0
    assert [pick.scores[place] for place in range(4)] == [core.deciding_scores(record)[row] for row in order]
    noisy = model.model.process_latent_in(latent["samples"])[order].half()
    assert torch.equal(keeping.store().tensors(pick)["noisy"], noisy)
    assert "of 2 trials" in report and the_trial(board).reveal.totals.trials == 2


def test_with_recording_off_nothing_is_recorded_and_nothing_added_up(watched, board, monkeypatch):
    monkeypatch.setattr(keeping, "settings", lambda: messages.Recording(recording=False))
    model, latent = watched()
    Person(board, action="rank", ranking=[[0]])
    report = trial(model, latent).args[1]
    assert not keeping.store().path.exists() and "trial" not in report and the_trial(board).reveal.totals is None


def test_a_store_that_fails_costs_the_record_and_not_the_trial(watched, board, user):
    (user / "user").write_text("a file where a folder should be", encoding="ascii")
    keeping_settings = messages.Recording()
    model, latent = watched()
    Person(board, action="rank", ranking=[[0]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "settings", lambda: keeping_settings)
        assert trial(model, latent).args[2]
    assert any("not recorded" in note.text for note in the_trial(board).notes)


@pytest.mark.parametrize("answer", [{"action": "skip"}, None], ids=["skip", "time"])
def test_without_a_ranking_there_is_no_agreement(watched, board, answer):
    model, latent = watched()
    record = record_of(model, latent)
    if answer:
        Person(board, **answer)
    card, report, ranking, best = trial(model, latent, timeout=0 if answer else 1).args
    assert ranking == "" and report.startswith("Nobody ranked these clips") and card.shape[2] == 1080
    assert torch.equal(best["samples"], latent["samples"][list(record.chosen)])
    view = the_trial(board)
    assert view.status == "finished" and view.reveal.agreement is None and view.reveal.places == []
    assert keeping.store().count == 0


@pytest.mark.parametrize("stop", ["answer", "time", "button"])
def test_stopping(watched, board, stop):
    model, latent = watched()
    if stop == "answer":
        Person(board, action="stop")
    if stop == "button":
        comfy.model_management.interrupt_current_processing()
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        trial(model, latent, timeout=1, on_timeout="stop")
    assert the_trial(board).status == "stopped" and the_trial(board).reveal is None


def test_with_nobody_there_the_run_goes_on(watched, board, monkeypatch):
    monkeypatch.setattr(asking, "ALONE_SECONDS", 0.2)
    model, latent = watched()
    monkeypatch.setattr(pack("nodes.panel.pages"), "server", lambda: None)
    assert trial(model, latent, on_timeout="stop").args[2] == "", "there is nobody to whom a stop would be of use"


def test_the_card_carries_no_prompt(watched, board):
    model, latent = watched()
    shown = trial(model, latent, ranking="0").ui
    (file,) = shown["images"]
    with Image.open(f"{folder_paths.get_temp_directory()}/{file['filename']}") as picture:
        assert picture.text == {} and picture.size[0] == 1080


@pytest.mark.parametrize("text, message", [
    ("9", "no candidate"), ("0 > 0", "two places"), ("0 #00000000", "other clips"), ("best", "no candidate")])
def test_rankings_that_do_not_fit_are_refused_before_anything_is_decoded(watched, board, text, message):
    model, latent = watched()
    vae, before = Vae(), len(board.views())
    with pytest.raises(ValueError, match=message):
        hidden("PrismTrial", prompt=PROMPT, unique_id="t", extra_pnginfo=None).execute(model, latent, vae, ranking=text)
    assert vae.rows == [] and len(board.views()) == before


def test_runs_that_dropped_somebody_are_refused_with_a_remedy(watched, board, loaded):
    without = {name: entry for name, entry in PROMPT.items() if name != "t"}
    with pytest.raises(ValueError, match="3 of the 4 candidates of this run were really dropped.*PrismBestOfN.*run again"):
        trial(*watched(without))
    with pytest.raises(ValueError, match="would not have dropped any"):
        trial(*watched(keep=CANDIDATES))
    with pytest.raises(ValueError, match="does not come from PrismBestOfN"):
        trial(loaded, watched()[1])
    model, latent = watched()
    with pytest.raises(ValueError, match="not what a sampler made"):
        trial(model, {"samples": torch.randn_like(latent["samples"])})


def test_clips_that_were_ranked_before_are_not_asked_about(watched, board):
    """As after a restart of ComfyUI: another model, another sampler call, the same clips."""
    Person(board, action="rank", ranking=[[2], [0, 1]])
    first = trial(*watched())
    again = trial(*watched())
    assert again.args[2] == first.args[2]
    # up to the seconds that the sampler took
    assert again.args[1].split(" % of the work")[0] == first.args[1].split(" % of the work")[0]
    assert keeping.store().count == 1 and the_trial(board).reveal.totals.trials == 1, "the same trial twice is one trial"
    assert [note.code for note in the_trial(board).notes] == ["rankedBefore"]


def test_a_ranking_holds_for_other_cuts_and_counts_for_each(watched, board):
    """What an artist thinks of clips does not hang on what PRISM would have kept of them."""
    Person(board, action="rank", ranking=[[2], [0, 1]])
    ranking = trial(*watched()).args[2]
    for changes, count in (({"prune_step": 3}, 1), ({"keep": 2}, 2), ({"keep": 2, "prune_step": 3}, 2)):
        assert trial(*watched(**changes)).args[2] == ranking
        assert keeping.store().count == count and the_trial(board).reveal.totals.trials == 1, changes
    one, two = keeping.store().picks()
    assert one.ranking == two.ranking and one.shown == two.shown and (len(one.verdict), len(two.verdict)) == (1, 2)
    tensors = [keeping.store().tensors(pick)["noisy"] for pick in (one, two)]
    assert torch.equal(*tensors)


def test_whoever_wants_to_is_asked_again_which_is_no_longer_blind(watched, board):
    Person(board, action="rank", ranking=[[2]])
    ranking = trial(*watched()).args[2]
    Person(board, action="rank", ranking=[[1]])
    again = trial(*watched(), ask="always").args[2]
    assert again != ranking and trial(*watched()).args[2] == ranking, "what was said blind holds"
    assert keeping.store().count == 1
    asked = next(view for view in board.views() if view.replay == again)
    assert [note.code for note in asked.notes] == ["rankedAgain"]


def test_clips_made_in_another_way_are_other_clips(watched, board):
    Person(board, action="rank", ranking=[[2]])
    trial(*watched())
    for change in ({"seed": SEED + 1}, {"sampler": {**FULL, "cfg": 3.0}}, {"sampler": {**FULL, "sampler_name": "heun"}}):
        person = Person(board, action="skip")
        assert trial(*watched(**change)).args[2] == "" and person.seen, change


def test_a_store_that_cannot_be_read_costs_the_memory_and_not_the_trial(watched, board):
    file = keeping.store().path
    file.parent.mkdir(parents=True)
    file.write_text("no database", encoding="ascii")
    Person(board, action="rank", ranking=[[2]])
    assert trial(*watched()).args[2] and the_trial(board).status == "finished"


def test_comfyui_asks_again_only_where_that_is_wanted():
    fingerprint = node("PrismTrial").fingerprint_inputs
    assert fingerprint(ranking="", ask="once") == fingerprint(ranking="0", ask="always")
    assert fingerprint(ranking="", ask="always") != fingerprint(ranking="", ask="always")


def test_a_model_that_cannot_be_tried_is_refused_before_the_sampler_runs(loaded, watched, board):
    needs = node("PrismTrial").check_lazy_status
    with pytest.raises(ValueError, match="PrismKSampler.*graphs in stages.*Put PrismBestOfN.*KSampler"):
        needs(loaded, ranking="", latent=None, vae=None)
    model, latent = watched()
    assert needs(model, latent=None, vae=None) == ["latent", "vae"] and needs(model, latent=latent, vae=Vae()) == []


def test_what_could_not_be_compared_is_refused_before_the_sampler_runs(watched):
    with pytest.raises(ValueError, match="Empty 'kept'"):
        watched(kept="0, 1")
    with pytest.raises(ValueError, match="no head is connected.*PrismLoadHead"):
        watched(head=None)


def test_clips_that_another_sampler_is_to_finish_are_refused(watched, board):
    unfinished = {**FULL, "end_at_step": STEPS - 2, "return_with_leftover_noise": "enable"}
    with pytest.raises(ValueError, match="not finished.*one sampler for all steps"):
        trial(*watched(sampler=unfinished))


def test_without_a_ranking_the_text_has_the_order_of_the_card(watched, board):
    model, latent = watched(keep=2, prune_step=1)
    Person(board, action="skip")
    lines = trial(model, latent).args[1].split("\n")[1:1 + CANDIDATES]
    assert ["would have been dropped" in line for line in lines] == [False, False, True, True]


def test_clips_of_any_shape_are_previewed_small():
    loop = trials.preview(torch.rand(81, 480, 832, 3))
    assert loop.shape == (16, 148, 256, 3) and loop.dtype == torch.uint8
    assert trials.preview(torch.rand(1, 90, 60, 4)).shape == (1, 90, 60, 3)
    assert trials.preview(torch.full((2, 512, 256, 3), 0.5)).float().sub(128).abs().max() <= 1
