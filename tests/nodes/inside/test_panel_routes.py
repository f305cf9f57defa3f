"""The routes on a server of the test's own, beside a board that the test writes to."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import folder_paths
import pytest
import torch
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from conftest import pack

boards, messages, routes, keeping = (pack(f"nodes.panel.{name}") for name in ("board", "messages", "routes", "keeping"))
picks = pack("prism_core.picks.pick")
RUN, OTHER = "a" * 32, "b" * 32
JSON = {"Content-Type": "application/json"}


class Question:
    """A wait for an answer about rows 0 to 2."""

    def __init__(self, id: int = 7) -> None:
        self.id, self.rows, self.answers = id, frozenset(range(3)), []

    def put(self, answer) -> None:
        if self.answers:
            raise boards.Closed
        if not self.rows.issuperset(answer.rows):
            raise ValueError(f"Candidate {max(answer.rows)} is not alive.")
        self.answers.append(answer)


@pytest.fixture
def board(monkeypatch):
    """A board with one run of four candidates, the last one dropped."""
    found = boards.Board(lambda event, data: None)
    found.open(messages.View(run=RUN, node="3", candidates=[
        messages.Card(row=row, state="dropped" if row == 3 else "alive") for row in range(4)]))
    monkeypatch.setattr(routes, "BOARD", found)
    return found


@pytest.fixture(autouse=True)
def user(tmp_path, monkeypatch):
    """A user folder of the test's own."""
    monkeypatch.setattr(folder_paths, "user_directory", str(tmp_path / "user"))
    monkeypatch.setattr(folder_paths, "temp_directory", str(tmp_path / "temp"))
    return tmp_path


def ask(method: str, path: str, body=None, headers=None, data=None):
    """(status, JSON or bytes, headers) of one request to a fresh server."""
    async def requested():
        table, app = web.RouteTableDef(), web.Application()
        routes.register(table)
        app.add_routes(table)
        async with TestClient(TestServer(app)) as client:
            given = json.dumps(body).encode() if data is None and body is not None else data
            async with client.request(method, path, data=given, headers=headers or (JSON if given else {})) as answer:
                content = await answer.read()
                decoded = json.loads(content) if answer.content_type == "application/json" else content
                return answer.status, decoded, answer.headers
    return asyncio.run(requested())


def post(path: str, body=None, **more):
    return ask("POST", path, body, **more)[:2]


def answer(body, run: str = RUN, **more):
    return post(f"/prism/runs/{run}/answer", body, **more)


def pick(**changes):
    return picks.Pick(**{"kind": "prune-step", "run": RUN, "step": 5, "steps": 20, "sigma": 0.9, "shown": (0, 1),
                         "kept": (1,), "tensors": {"noisy": torch.zeros(2, 4)}, **changes})


def test_without_a_server_registering_does_nothing():
    routes.register()


def test_the_runs_are_those_on_the_board(board):
    status, found, _ = ask("GET", "/prism/runs")
    assert status == 200 and found == {"runs": [board.get(RUN).model_dump(mode="json")]}


def test_a_sheet_is_got_by_its_version_for_good(board):
    version = board.set_sheet(RUN, messages.Sheet(step=1, frames=1, width=8, height=8, rows=[0]), b"picture",
                              "image/jpeg").sheet.version
    status, found, headers = ask("GET", f"/prism/runs/{RUN}/sheets/{version}")
    assert (status, found, headers["Content-Type"]) == (200, b"picture", "image/jpeg")
    assert "immutable" in headers["Cache-Control"]
    assert ask("GET", f"/prism/runs/{RUN}/sheets/{version + 1}")[0] == 404
    assert ask("GET", f"/prism/runs/{OTHER}/sheets/{version}")[0] == 404
    assert ask("GET", f"/prism/runs/{RUN}/sheets/..%2f..%2fetc")[0] == 404


def test_an_answer_reaches_the_question(board):
    question = Question()
    board.ask(RUN, question)
    status, found = answer({"question": 7, "action": "keep", "rows": [0, 2]})
    assert status == 200 and found["run"]["run"] == RUN
    assert [(given.action, given.rows) for given in question.answers] == [("keep", [0, 2])]


def test_late_repeated_and_foreign_answers_are_refused(board):
    keep = {"question": 7, "action": "keep", "rows": [0]}
    assert answer(keep)[0] == 409    # nothing is asked
    question = Question()
    board.ask(RUN, question)
    assert answer({**keep, "question": 6})[0] == 409 and answer(keep, OTHER)[0] == 404
    assert answer({**keep, "rows": [3]}) == (409, {"error": "Candidate 3 is not alive."})
    assert not question.answers
    assert answer(keep)[0] == 200 and answer(keep)[0] == 409 and len(question.answers) == 1
    board.settled(RUN)
    assert answer(keep)[0] == 409


def test_what_was_not_asked_is_refused(board):
    question = pack("nodes.panel.question").Question
    for asked, given in ((question(7, [0, 1]), {"action": "rank", "ranking": [[0]]}),
                         (question(7, [0, 1]), {"action": "skip"}),
                         (question(7, [0, 1], ("rank", "skip")), {"action": "keep", "rows": [0]}),
                         (question(7, [0, 1], ("rank", "skip")), {"action": "all"}),
                         (question(7, [0, 1], ("rank", "skip")), {"action": "rank", "ranking": [[1], [2]]})):
        board.ask(RUN, asked)
        status, found = answer({"question": 7, **given})
        assert status == 409 and asked.wait(0) is None, found
    board.ask(RUN, question(7, [0, 1], ("rank", "skip")))
    assert answer({"question": 7, "action": "rank", "ranking": [[1], [0]]})[0] == 200


def test_clips_of_a_trial_cannot_be_marked(board):
    board.open(messages.View(run=OTHER, node="4", kind="trial", candidates=[messages.Card(row=0)]))
    status, found = post(f"/prism/runs/{OTHER}/marks", {"row": 0, "mark": "pin"})
    assert status == 409 and "ranked" in found["error"]


def test_the_choice_of_a_head_that_is_not_there_is_refused(board):
    question, best = Question(), {"question": 7, "action": "best", "rows": []}
    for has_head, status in ((False, 409), (True, 200)):
        board.ask(RUN, question)
        board.change(RUN, status="waiting", waiting=messages.Waiting(
            question=7, keep=1, suggested=[], deadline_s=None, outcome="stop", has_head=has_head))
        assert answer(best)[0] == status and len(question.answers) == has_head


def test_a_mark_shows_on_the_card(board):
    assert post(f"/prism/runs/{RUN}/marks", {"row": 1, "mark": "pin"})[0] == 200
    status, found = post(f"/prism/runs/{RUN}/marks", {"row": 2, "mark": "ban"})
    assert status == 200 and [card["mark"] for card in found["run"]["candidates"]] == ["none", "pin", "ban", "none"]
    assert board.marks(RUN) == {1: "pin", 2: "ban"}
    post(f"/prism/runs/{RUN}/marks", {"row": 1, "mark": "none"})
    assert board.marks(RUN) == {2: "ban"}


def test_marks_that_make_no_sense_are_refused(board):
    assert post(f"/prism/runs/{RUN}/marks", {"row": 3, "mark": "pin"})[0] == 409    # dropped
    assert post(f"/prism/runs/{RUN}/marks", {"row": 4, "mark": "pin"})[0] == 409    # never was
    assert post(f"/prism/runs/{OTHER}/marks", {"row": 0, "mark": "pin"})[0] == 404
    board.change(RUN, status="finished")
    assert post(f"/prism/runs/{RUN}/marks", {"row": 0, "mark": "pin"})[0] == 409
    assert board.marks(RUN) == {}


@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b'"keep"', b"{}", b"\xff\xfe", b"[" * 60_000, b'{"question": 7}',
    b'{"question": "7", "action": "all"}', b'{"question": 7.0, "action": "all"}', b'{"question": true, "action": "all"}',
    b'{"question": -1, "action": "all"}', b'{"question": 7, "action": "ALL"}', b'{"question": 7, "action": "keep"}',
    b'{"question": 7, "action": "keep", "rows": []}', b'{"question": 7, "action": "keep", "rows": [1, 0]}',
    b'{"question": 7, "action": "keep", "rows": [0, 0]}', b'{"question": 7, "action": "keep", "rows": [99999999]}',
    b'{"question": 7, "action": "rank"}', b'{"question": 7, "action": "rank", "ranking": []}',
    b'{"question": 7, "action": "rank", "ranking": [0, 1]}', b'{"question": 7, "action": "rank", "ranking": [[0], [0]]}',
    b'{"question": 7, "action": "rank", "ranking": [[0], []]}', b'{"question": 7, "action": "rank", "ranking": [[0, 4096]]}',
    b'{"question": 7, "action": "rank", "ranking": [[0]], "rows": [0]}', b'{"question": 7, "action": "rank", "ranking": "0"}',
    b'{"question": 7, "action": "skip", "ranking": [[0]]}', b'{"question": 7, "action": "rank", "ranking": [["0"]]}',
    b'{"question": 7, "action": "all", "rows": [0]}', b'{"question": 7, "action": "all", "more": 1}',
    b'{"question": NaN, "action": "all"}', b'{"question": 1e400, "action": "all"}'], ids=lambda body: str(body[:50]))
def test_malformed_answers_are_refused(board, body):
    question = Question()
    board.ask(RUN, question)
    status, found = answer(None, data=body, headers=JSON)
    assert status == 400 and len(found["error"]) < 1000 and not question.answers


def test_only_json_of_a_small_size_is_read(board):
    question = Question()
    board.ask(RUN, question)
    body = {"question": 7, "action": "all", "rows": []}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream"):
        assert answer(body, headers={"Content-Type": kind})[0] == 415
    assert answer(body, headers={**JSON, "Content-Encoding": "gzip"})[0] == 415
    assert answer(None, data=json.dumps(body).encode() + b" " * 70_000, headers=JSON)[0] == 413
    assert not question.answers
    assert answer(body, headers={"Content-Type": "application/json; charset=utf-8"})[0] == 200


def test_getting_changes_nothing(board, user):
    before = board.views()
    for path in ("/prism/runs", "/prism/picks", "/prism/picks/export", "/prism/previews", f"/prism/runs/{RUN}/sheets/1"):
        ask("GET", path)
    assert board.views() == before and not list(user.rglob("*"))
    for path in routes.POSTS.keys() - routes.GETS:
        assert ask("GET", path.format(run=RUN))[0] == 405


# Recorded choices

def test_nothing_is_recorded_at_first(board):
    status, found, _ = ask("GET", "/prism/picks")
    assert status == 200 and found == {"count": 0, "bytes": 0, "limit_bytes": 8_000_000_000, "recording": True}
    assert ask("GET", "/prism/picks/export")[0] == 404


def test_recording_can_be_switched_off_and_stays_off(board):
    wanted = {"recording": False, "limit_bytes": 50_000_000}
    assert post("/prism/picks/settings", wanted) == (200, {"count": 0, "bytes": 0, **wanted})
    assert keeping.record(pick()) is None and ask("GET", "/prism/picks")[1]["count"] == 0
    assert post("/prism/picks/settings", {**wanted, "recording": True})[0] == 200
    assert keeping.record(pick()) == 1 and ask("GET", "/prism/picks")[1]["count"] == 1
    assert keeping.store().limit_bytes == 50_000_000


@pytest.mark.parametrize("body", [{}, {"recording": True}, {"recording": 1, "limit_bytes": 10**8},
                                  {"recording": True, "limit_bytes": 5}, {"recording": True, "limit_bytes": 10**30}])
def test_malformed_settings_are_refused(board, body, user):
    assert post("/prism/picks/settings", body)[0] == 400 and not list(user.rglob("*"))


def test_previews_are_as_ever_until_they_are_set(board, user):
    usual, wanted = {"size": 128, "rate": 10.0}, {"size": 256, "rate": 1.5}
    assert ask("GET", "/prism/previews")[:2] == (200, usual) and not list(user.rglob("*"))
    assert post("/prism/previews", wanted) == (200, wanted) == ask("GET", "/prism/previews")[:2]
    assert keeping.settings() == messages.Recording(), "the one setting leaves the other alone"
    (keeping.folder() / keeping.PREVIEWS).write_text("{", encoding="ascii")
    assert ask("GET", "/prism/previews")[:2] == (200, usual)


@pytest.mark.parametrize("body", [{}, {"size": 128}, {"size": "128", "rate": 1}, {"size": 100, "rate": 1}, {"size": 56, "rate": 1},
                                  {"size": 520, "rate": 1}, {"size": 128, "rate": 0}, {"size": 128, "rate": 1e300},
                                  {"size": 128, "rate": True}, {"size": 128, "rate": 1, "run": 1}])
def test_malformed_previews_are_refused(board, body, user):
    assert post("/prism/previews", body)[0] == 400 and not list(user.rglob("*"))


def test_damaged_settings_record_nothing(board):
    keeping.change(messages.Recording())
    (keeping.folder() / keeping.SETTINGS).write_text("{", encoding="ascii")
    assert keeping.settings().recording is False and keeping.record(pick()) is None


def test_the_store_is_exported_as_one_file(board, user):
    keeping.record(pick())
    keeping.record(pick(kept=(0,)))
    status, found, headers = ask("GET", "/prism/picks/export")
    assert status == 200 and "attachment" in headers["Content-Disposition"]
    file = user / "got.sqlite3"
    file.write_bytes(found)
    with sqlite3.connect(f"file:{file}?immutable=1", uri=True) as copy:
        assert copy.execute("SELECT count(*) FROM picks").fetchone() == (2,)
    assert not list((user / "temp").iterdir())


def test_deleting_must_be_confirmed(board):
    keeping.record(pick())
    for body in ({}, {"confirm": True}, {"confirm": "yes"}):
        assert post("/prism/picks/delete", body)[0] == 400
    assert ask("GET", "/prism/picks")[1]["count"] == 1
    status, found = post("/prism/picks/delete", {"confirm": "delete"})
    assert status == 200 and found["count"] == 0 and found["bytes"] < 100_000


def test_a_store_that_cannot_be_read_is_an_error_and_no_crash(board):
    keeping.folder().mkdir(parents=True)
    (keeping.folder() / keeping.STORE).write_bytes(b"no database" * 1000)
    status, found, _ = ask("GET", "/prism/picks")
    assert status == 409 and "Move that file" in found["error"]
    assert ask("GET", "/prism/picks/export")[0] == 409
    assert post("/prism/picks/delete", {"confirm": "delete"})[0] == 200 and keeping.record(pick()) == 1
