"""The board: what it remembers, what people may do, and when it tells the pages."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import PACK, pack

boards, messages, pages = pack("nodes.panel.board"), pack("nodes.panel.messages"), pack("nodes.panel.pages")
RUN, OTHER = "a" * 32, "b" * 32


class Time:
    """A clock, and calls that it makes when it comes to them."""

    def __init__(self) -> None:
        self.now, self.calls = 1000.0, []

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, function) -> None:
        self.calls.append((self.now + seconds, function))

    def pass_by(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [call for call in self.calls if call[0] <= end]:
            call = min(due, key=lambda call: call[0])
            self.calls.remove(call)
            self.now = max(self.now, call[0])
            call[1]()
        self.now = end


@pytest.fixture
def world():
    """A board with its clock, and what it sent as (time, event, data); `watched` is whether a page listens."""
    found = SimpleNamespace(time=Time(), sent=[], watched=True)
    found.board = boards.Board(lambda event, data: found.sent.append((found.time.now, event, data)),
                               lambda: found.watched, found.time, found.time.later)
    return found


def view(run: str = RUN, rows: int = 4, **fields):
    return messages.View(run=run, node="12:5", candidates=[messages.Card(row=row) for row in range(rows)], **fields)


def waiting(question: int = 1, deadline: float | None = None):
    return messages.Waiting(question=question, keep=2, suggested=[0, 1], deadline_s=deadline, outcome="best",
                            has_head=True)


def busiest_second(sent: list) -> int:
    times = [when for when, _, _ in sent]
    return max(sum(1 for other in times if when <= other < when + 1) for when in times)


# Memory

def test_changes_are_counted_and_checked(world):
    world.board.open(view())
    assert world.board.change(RUN, step=3, notes=["one"]).seq == 1
    found = world.board.change_cards(RUN, {2: {"score": 0.5, "rank": 1}, 9: {"score": 1.0}}, steps=20)
    assert (found.seq, found.step, found.steps) == (2, 3, 20) and found.candidates[2].score == 0.5
    assert [card.rank for card in found.candidates] == [None, None, 1, None] and world.board.get(RUN) == found
    for wrong in ({"step": "3"}, {"stepp": 3}, {"status": "sleeping"}, {"cuts": [[1, 2, 3]]}):
        with pytest.raises(ValueError):
            world.board.change(RUN, **wrong)
    assert world.board.get(RUN) == found


def test_runs_have_ids_of_their_own(world):
    world.board.open(view())
    with pytest.raises(ValueError, match="already"):
        world.board.open(view())
    with pytest.raises(KeyError):
        world.board.change(OTHER, step=1)
    assert world.board.get(OTHER) is None and world.board.sheet(OTHER, 1) is None and world.board.question(OTHER) is None


def test_open_runs_come_first_and_old_ones_are_forgotten(world):
    ids = [f"{number:032x}" for number in range(25)]
    for run in ids:
        world.board.open(view(run))
    for run in reversed(ids[:20]):
        world.board.change(run, status="finished")
    # the last five are open; of the twenty that ended, the first last, sixteen are remembered
    assert [found.run for found in world.board.views()] == ids[:19:-1] + ids[:16]
    assert world.board.get(ids[16]) is None and world.board.get(ids[15]).status == "finished"
    world.time.pass_by(60)    # and those that wait to be told are not missed


def test_pictures_of_runs_long_over_go_first(world):
    ids = [f"{number:032x}" for number in range(12)]
    sheet = messages.Sheet(step=1, frames=2, width=8, height=8, rows=[0, 1])
    for run in ids:
        world.board.open(view(run))
        version = world.board.set_sheet(run, sheet, run.encode(), "image/jpeg").sheet.version
        if run != ids[0]:
            world.board.change(run, status="finished")
    assert world.board.sheet(ids[0], world.board.get(ids[0]).sheet.version) == (ids[0].encode(), "image/jpeg")
    assert [run for run in ids if world.board.get(run).sheet] == [ids[0], *ids[5:]]
    assert world.board.sheet(ids[11], version) == (ids[11].encode(), "image/jpeg")


def test_only_the_latest_picture_of_a_run_is_held(world):
    world.board.open(view())
    sheet = messages.Sheet(step=1, frames=2, width=8, height=8, rows=[0, 1])
    first = world.board.set_sheet(RUN, sheet, b"one", "image/jpeg").sheet.version
    second = world.board.set_sheet(RUN, sheet, b"two", "image/jpeg").sheet.version
    assert second > first and world.board.sheet(RUN, first) is None and world.board.sheet(RUN, second)[0] == b"two"


def test_a_run_that_is_over_waits_for_nothing(world):
    world.board.open(view())
    world.board.ask(RUN, SimpleNamespace(id=1))
    world.board.change(RUN, status="waiting", waiting=waiting())
    assert world.board.question(RUN).id == 1
    assert world.board.change(RUN, status="stopped").waiting is None and world.board.question(RUN) is None


def test_marks_outlive_new_cards(world):
    world.board.open(view())
    world.board.mark(RUN, messages.Mark(row=1, mark="pin"))
    found = world.board.change(RUN, candidates=[messages.Card(row=row, score=1.0) for row in range(4)])
    assert [card.mark for card in found.candidates] == ["none", "pin", "none", "none"]


def test_the_deadline_shown_is_what_is_left(world):
    world.board.open(view())
    world.board.change(RUN, status="waiting", waiting=waiting(deadline=60.0))
    world.time.now += 20
    world.board.change(RUN, step=5)
    assert world.board.get(RUN).waiting.deadline_s == world.board.views()[0].waiting.deadline_s == 40.0
    assert world.sent[-1][2]["waiting"]["deadline_s"] == 40.0
    world.time.now += 100
    assert world.board.get(RUN).waiting.deadline_s == 0.0


def test_the_time_of_waiting_is_known(world):
    world.board.open(view())
    world.time.now += 5
    world.board.change(RUN, status="waiting", waiting=waiting())
    world.time.now += 20
    assert world.board.waited(RUN) == 20
    world.board.change(RUN, status="sampling", waiting=None)
    world.time.now += 7
    assert world.board.waited(RUN) == 20 and world.board.waited(OTHER) == 0


def test_a_note_is_shown_once(world):
    world.board.open(view(notes=["one"]))
    for text in ("two", "one", "two", ""):
        world.board.note(RUN, text)
    world.board.note(OTHER, "two")
    assert [note.text for note in world.board.get(RUN).notes] == ["one", "two"]


# Messages

def test_a_message_is_the_whole_state(world):
    world.board.open(view())
    assert world.sent == [(1000.0, "prism.run", world.board.get(RUN).model_dump(mode="json"))]


def test_many_changes_are_few_messages_and_the_last_one_arrives(world):
    world.board.open(view())
    for step in range(500):
        world.time.pass_by(0.01)
        world.board.change(RUN, step=step)
    assert busiest_second(world.sent) <= 10 and len(world.sent) >= 5 * 7
    world.time.pass_by(1)
    assert world.sent[-1][2]["seq"] == 500 and not world.time.calls
    sent = [data["seq"] for _, _, data in world.sent]
    assert sent == sorted(set(sent))


def test_nothing_is_pending_when_nothing_changes(world):
    world.board.open(view())
    world.time.pass_by(10)
    world.board.change(RUN, step=1)
    assert len(world.sent) == 2 and not world.time.calls    # sent at once, so no timer is needed
    world.time.pass_by(10)
    assert len(world.sent) == 2


def test_status_and_questions_do_not_wait(world):
    world.board.open(view())
    world.board.change(RUN, step=1)
    for change in ({"status": "waiting", "waiting": waiting(1)}, {"waiting": waiting(2)}, {"status": "finished"}):
        before = len(world.sent)
        world.board.change(RUN, **change)
        assert len(world.sent) == before + 1 and world.sent[-1][2]["seq"] == world.board.get(RUN).seq
    world.time.pass_by(5)
    assert world.sent[-1][2]["status"] == "finished" and busiest_second(world.sent) <= 10


def test_even_urgent_messages_are_at_most_ten_a_second(world):
    world.board.open(view())
    for question in range(200):
        world.board.change(RUN, status="waiting", waiting=waiting(question))
        world.time.pass_by(0.02)
    world.time.pass_by(2)
    assert busiest_second(world.sent) == 10 and world.sent[-1][2]["waiting"]["question"] == 199


def test_several_runs_share_the_messages_and_none_is_missed(world):
    ids = [f"{number:032x}" for number in range(6)]
    for run in ids:
        world.board.open(view(run))
    for step in range(100):
        for run in ids:
            world.board.change(run, step=step)
        world.time.pass_by(0.01)
    world.time.pass_by(3)
    assert busiest_second(world.sent) <= 10
    assert {data["run"]: data["step"] for _, _, data in world.sent} == dict.fromkeys(ids, 99)


def test_nothing_is_sent_or_encoded_while_nobody_listens(world, monkeypatch):
    world.watched = False

    def encoded(*given, **more):
        raise AssertionError("a message was encoded")
    monkeypatch.setattr(messages.View, "model_dump", encoded)
    world.board.open(view())
    world.board.change(RUN, status="finished")
    assert not world.sent and not world.time.calls
    monkeypatch.undo()
    world.watched = True
    world.board.note(RUN, "a page is there")
    assert len(world.sent) == 1


def test_a_page_that_leaves_ends_what_is_pending(world):
    world.board.open(view())
    world.board.change(RUN, step=1)
    world.watched = False
    world.time.pass_by(5)
    assert len(world.sent) == 1 and not world.time.calls


def test_threads_lose_nothing_and_order_is_kept():
    sent, done = [], threading.Event()

    def send(event, data):
        sent.append(data["seq"])
        if data["seq"] == 800:
            done.set()
    board = boards.Board(send)
    board.open(view())

    def change(step):
        for _ in range(100):
            board.change(RUN, step=step)
            board.mark(RUN, messages.Mark(row=step % 4, mark="pin"))
    threads = [threading.Thread(target=change, args=(step,)) for step in range(4)]
    before = set(threading.enumerate())
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done.wait(20), "the last state was not sent"
    assert board.get(RUN).seq == 800 and sent == sorted(set(sent)) and board.marks(RUN) == dict.fromkeys(range(4), "pin")
    deadline = time.monotonic() + 20
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(threading.enumerate()) - before, "a timer's thread lives on while nothing is pending"


# In ComfyUI

def test_the_pack_sends_to_every_page_of_the_server(monkeypatch):
    heard = []
    instance = SimpleNamespace(sockets={"one": object()}, send_sync=lambda *given: heard.append(given))
    monkeypatch.setitem(sys.modules, "server", SimpleNamespace(PromptServer=SimpleNamespace(instance=instance)))
    assert pages.listening()
    boards.BOARD.open(view("c" * 32))
    boards.BOARD.change("c" * 32, status="stopped")
    assert [(event, data["run"], sid) for event, data, sid in heard] == [("prism.run", "c" * 32, None)] * 2
    instance.sockets.clear()
    assert not pages.listening()


def test_a_server_that_has_ended_does_not_end_the_run(monkeypatch):
    def ended(*given):
        raise RuntimeError("Event loop is closed")
    instance = SimpleNamespace(sockets={"one": object()}, send_sync=ended)
    monkeypatch.setitem(sys.modules, "server", SimpleNamespace(PromptServer=SimpleNamespace(instance=instance)))
    boards.BOARD.open(view("d" * 32))
    boards.BOARD.change("d" * 32, status="stopped")


def test_without_a_server_nobody_listens(monkeypatch):
    monkeypatch.setitem(sys.modules, "server", SimpleNamespace())
    assert not pages.listening()


def test_the_stand_alone_file_of_the_schema_is_that_of_the_messages():
    file = Path(PACK) / "web" / "prism" / "messages.schema.json"
    expected = json.dumps(messages.schema(), indent=1) + "\n"
    if os.environ.get("PRISM_WRITE_SCHEMA"):
        file.write_text(expected, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == expected, "set PRISM_WRITE_SCHEMA=1 for one run of this test"


def test_texts_that_are_only_shown_are_cut_and_scores_that_are_none_are_none():
    found = view(notes=["x" * 5000], head="h" * 500).model_copy(
        update={"candidates": [messages.Card(row=0, score=float("nan"), reason="r" * 5000)]})
    assert [len(note.text) for note in found.notes] == [2000] and len(found.head) == 256
    assert found.candidates[0].score is None and len(found.candidates[0].reason.text) == 2000
