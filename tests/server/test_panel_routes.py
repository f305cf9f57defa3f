"""The routes of the pages on a real server: refusals, foreign sites, and a flood of malformed bodies during a run."""

from __future__ import annotations

import io
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from PIL import Image

from launcher.client import opener
from launcher.graph import find

RUN = "a" * 32
JSON = {"Content-Type": "application/json"}
POSTS = (f"/prism/runs/{RUN}/answer", f"/prism/runs/{RUN}/marks", "/prism/picks/settings", "/prism/picks/delete",
         "/prism/previews")
GETS = ("/prism/runs", "/prism/picks", "/prism/picks/export", "/prism/previews", f"/prism/runs/{RUN}/sheets/1")
SETTINGS = ("/prism/picks", "/prism/previews")
MALFORMED = 1000
WORKFLOW = "prism_best_of_n_shapes"


def ask(server, path: str, data: bytes | None = None, headers: dict | None = None, method: str | None = None):
    """(status, body) of one request."""
    request = urllib.request.Request(server.client.url(path), data, headers or {}, method=method)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def tree(server) -> set[str]:
    """Everything in the server's own folders."""
    return {str(path) for path in server.folder.rglob("*") if "__pycache__" not in path.parts and path.suffix != ".log"}


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_the_routes_are_there(comfyui, prefix):
    status, body = ask(comfyui, f"{prefix}/prism/runs")
    assert status == 200 and isinstance(json.loads(body)["runs"], list)
    status, body = ask(comfyui, f"{prefix}/prism/picks")
    assert status == 200 and json.loads(body).keys() == {"count", "bytes", "limit_bytes", "recording"}


def test_runs_that_nobody_knows_are_not_found(comfyui):
    for path in (f"/prism/runs/{RUN}/answer", f"/prism/runs/{RUN}/marks", "/prism/runs/..%2f..%2fuser/answer"):
        status, body = ask(comfyui, path, b'{"question": 1, "action": "all"}', JSON)
        assert status == 404 and json.loads(body)["error"], path
    assert ask(comfyui, f"/prism/runs/{RUN}/sheets/1")[0] == 404
    assert ask(comfyui, "/prism/picks/../../user")[0] == 404


def test_bodies_must_be_small_json(comfyui):
    body = json.dumps({"recording": True, "limit_bytes": 10**9}).encode()
    before = ask(comfyui, "/prism/picks")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/octet-stream"):
        assert ask(comfyui, "/prism/picks/settings", body, {"Content-Type": kind})[0] == 415
    assert ask(comfyui, "/prism/picks/settings", body + b" " * 70_000, JSON)[0] == 413
    assert ask(comfyui, "/prism/picks/settings", b"{", JSON)[0] == 400
    assert ask(comfyui, "/prism/picks/settings", body, JSON, method="PUT")[0] == 405
    assert ask(comfyui, "/prism/picks") == before


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_other_sites_are_refused(comfyui, headers):
    for path in GETS:
        assert ask(comfyui, path, headers=headers)[0] == 403, path
    for path in POSTS:
        assert ask(comfyui, path, b'{"confirm": "delete"}', {**JSON, **headers})[0] == 403, path


def test_getting_writes_nothing(comfyui):
    before, files = ask(comfyui, "/prism/picks"), tree(comfyui)
    for path in GETS:
        ask(comfyui, path)
    for path in set(POSTS) - set(GETS):
        assert ask(comfyui, path)[0] in (404, 405)
    assert tree(comfyui) == files and ask(comfyui, "/prism/picks") == before


def test_settings_are_kept_below_the_user_folder(comfyui):
    files = tree(comfyui)
    wanted = {"recording": True, "limit_bytes": 10**9}
    status, body = ask(comfyui, "/prism/picks/settings", json.dumps(wanted).encode(), JSON)
    assert status == 200 and json.loads(body) == {**json.loads(ask(comfyui, "/prism/picks")[1]), **wanted}
    assert all("/user/" in path.replace("\\", "/") for path in tree(comfyui) - files)
    assert ask(comfyui, "/userdata/..%2f__prism%2fpicks.json")[0] in (400, 403, 404)


def test_previews_are_as_the_person_sets_them(comfyui, workflow_prompt):
    assert json.loads(ask(comfyui, "/prism/previews")[1]) == {"size": 128, "rate": 10.0}
    files, wanted = tree(comfyui), {"size": 64, "rate": 2.5}
    try:
        status, body = ask(comfyui, "/prism/previews", json.dumps(wanted).encode(), JSON)
        assert status == 200 and json.loads(body) == json.loads(ask(comfyui, "/prism/previews")[1]) == wanted
        assert all("/user/" in path.replace("\\", "/") for path in tree(comfyui) - files)
        comfyui.client.free()
        assert comfyui.client.run(workflow_prompt(WORKFLOW)).status == "success"
        sheet = runs(comfyui)[0]["sheet"]
        assert max(sheet["width"], sheet["height"]) == 64
        for bad in ({"size": 60, "rate": 1}, {"size": 129, "rate": 1}, {"size": 1024, "rate": 1}, {"size": 128},
                    {"size": 128, "rate": 0}, {"size": 128, "rate": "2"}, {"size": 128, "rate": 1, "more": 1}):
            assert ask(comfyui, "/prism/previews", json.dumps(bad).encode(), JSON)[0] == 400, bad
        assert json.loads(ask(comfyui, "/prism/previews")[1]) == wanted
    finally:
        ask(comfyui, "/prism/previews", b'{"size": 128, "rate": 10}', JSON)


def test_a_run_is_told_to_pages_until_its_end_and_its_picture_can_be_got(comfyui, workflow_prompt):
    told = []
    comfyui.client.free()
    run = comfyui.client.run(workflow_prompt(WORKFLOW), on_event=lambda kind, data: told.append((kind, data)))
    assert run.status == "success", run.error
    heard = [data for kind, data in told if kind == "prism.run"]
    begun = next(state["run"] for state in heard if state["seq"] == 0)    # the run of the test before may still be told of
    states = [state for state in heard if state["run"] == begun]
    assert [state["seq"] for state in states] == sorted({state["seq"] for state in states})
    assert states[0]["status"] == "sampling" and any(state["sheet"] for state in states)
    status = 404
    while status == 404:    # a newer picture has just taken its place
        view = next(view for view in runs(comfyui) if view["run"] == begun)
        assert view["status"] == "finished" and view["sheet"]["rows"] == list(range(8))
        status, body = ask(comfyui, f"/prism/runs/{begun}/sheets/{view['sheet']['version']}")
    image = Image.open(io.BytesIO(body))
    said = view["sheet"]
    assert status == 200 and image.size == (said["frames"] * said["width"], 8 * said["height"])
    assert numpy.asarray(image).std() > 20    # a picture, not a plain surface


def malformed(rng: random.Random) -> tuple[bytes, dict]:
    """A body that no page of ours sends, and its headers."""
    values = [None, True, -1, 0, 1.5, 1e308, 2**70, "", "keep", "\u0000", "x" * rng.randrange(3000), [], {}, [[[]]], [0, 0],
              [2, 1], [4096], ["0"], "rank", "skip", [[0], [0]], [[4096]], [[0], []], {"question": 1}, float("nan"),
              float("-inf")]
    keys = ["question", "action", "rows", "ranking", "row", "mark", "confirm", "recording", "limit_bytes", "size", "rate",
            "__proto__", ""]
    kind = rng.randrange(5)
    if kind == 0:
        body = rng.randbytes(rng.randrange(200))
    elif kind == 1:
        body = rng.choice([b"[", b'{"a":', b"\xef\xbb\xbf", b"\xed\xa0\x80", b"9" * 99, b'"']) * rng.randrange(1, 3000)
    else:
        body = json.dumps({rng.choice(keys): rng.choice(values) for _ in range(rng.randrange(5))}).encode()
    if kind == 3:
        place = rng.randrange(len(body) + 1)
        body = body[:place] + rng.randbytes(rng.randrange(1, 4)) + body[place + rng.randrange(3):]
    headers = dict(JSON) if rng.random() < 0.9 else {
        "Content-Type": rng.choice(["text/plain", "application/json; charset=utf-16", "multipart/form-data", "\x7f"]),
        "Content-Encoding": rng.choice(["identity", "gzip", "deflate", "none"])}
    return body, headers


def flood(server, ids: list[str], answers: Counter, unclear: list) -> None:
    """Send malformed bodies to runs of these ids and to the settings; counts the answers, holds what is no refusal."""
    rng = random.Random(4)
    for _ in range(MALFORMED):
        run = rng.choice([*ids * 5, RUN, "%2e%2e", "x" * 500])
        path = f"/prism/runs/{run}/{rng.choice(['answer', 'marks'])}" if rng.random() < 0.9 else rng.choice(POSTS[2:])
        status, body = ask(server, path, *malformed(rng))
        answers[status] += 1
        if not 400 <= status < 500:
            unclear.append((status, path, body))


def runs(server) -> list[dict]:
    return json.loads(ask(server, "/prism/runs")[1])["runs"]


def check(answers: Counter, unclear: list) -> None:
    """That every body was refused, and most of them for what they say."""
    assert sum(answers.values()) == MALFORMED and not unclear, (answers, unclear[:3])
    assert answers.keys() <= {400, 404, 409, 413, 415} and answers[400] > MALFORMED / 2, answers


def test_a_thousand_malformed_bodies_disturb_no_run(comfyui, workflow_prompt):
    assert comfyui.client.run(workflow_prompt(WORKFLOW)).status == "success"
    ids = [view["run"] for view in runs(comfyui)]
    assert ids, "the run is not on the board, so nothing of ours would be reached"
    before, answers, unclear = [ask(comfyui, path) for path in SETTINGS], Counter(), []
    thread = threading.Thread(target=flood, args=(comfyui, ids, answers, unclear))
    thread.start()
    done = []
    while thread.is_alive() or not done:
        comfyui.client.free()
        done.append(comfyui.client.run(workflow_prompt(WORKFLOW)))
    thread.join()
    assert [run.status for run in done] == ["success"] * len(done), [run.error for run in done]
    check(answers, unclear)
    assert [ask(comfyui, path) for path in SETTINGS] == before


def test_a_thousand_malformed_bodies_do_not_answer_a_question(comfyui, workflow_prompt):
    prompt, held, client = workflow_prompt(WORKFLOW), {}, comfyui.client
    patch = prompt[find(prompt, "PrismBestOfN")]["inputs"]
    patch.update(choose="me", candidates=4, keep=2)
    thread = threading.Thread(target=lambda: held.update(run=client.run(prompt, seconds=200)))
    thread.start()
    try:
        view = until(lambda: next((view for view in runs(comfyui) if view["status"] == "waiting"), None))
        answers, unclear = Counter(), []
        flood(comfyui, [view["run"]], answers, unclear)
        check(answers, unclear)
        assert next(found for found in runs(comfyui) if found["run"] == view["run"]) == view
        keep = {"question": view["waiting"]["question"], "action": "keep", "rows": [1, 3]}
        status, body = ask(comfyui, f"/prism/runs/{view['run']}/answer", json.dumps(keep).encode(), JSON)
        assert status == 200, body
        thread.join(120)
    finally:
        if thread.is_alive():
            client.interrupt()
            thread.join(60)
    assert held["run"].status == "success", held["run"].error
    record = json.loads(held["run"].outputs[find(prompt, "PrismRunReport")]["prism_run"][0])
    assert record["kept"] == [1, 3]


def until(found: Callable[[], Any], seconds: float = 100) -> Any:
    """What it finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return value
