"""Choosing through the server's routes, as pages and other programs do, in a real ComfyUI."""

from __future__ import annotations

import io
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from PIL import Image

from launcher.client import opener
from launcher.events import EventStream
from launcher.graph import find

SEED, STEPS = 31, 8
PATIENCE = 90    # seconds that a run may take after its answer on a busy machine
WORKFLOW = {"id": "5f1c3a0e-0000-4000-8000-000000000001", "nodes": [], "links": [], "version": 0.4}


@pytest.fixture
def prompt(workflow_prompt):
    """One node in front of a KSampler, without head or report: six candidates, two kept after step 3 of 8."""
    made = workflow_prompt("prism_best_of_n_shapes")
    patch, sampler = made[find(made, "PrismBestOfN")], made[find(made, "KSampler")]
    # Two at a time in the run and in its replay: then both round alike, and the same pixels are the very same.
    patch["inputs"].update(candidates=6, prune_step=3, keep=2, group=2)
    del patch["inputs"]["head"]
    sampler["inputs"].update(seed=SEED, steps=STEPS)
    del made[find(made, "PrismLoadHead")]
    return made


@contextmanager
def running(comfyui, prompt: dict, seconds: float = 120):
    """The prompt in another thread, with a page's connection; yields (client, a dictionary that will hold the run)."""
    client, held = comfyui.client, {}
    thread = threading.Thread(target=lambda: held.update(run=client.run(prompt, workflow=WORKFLOW, seconds=seconds)))
    thread.start()
    try:
        yield client, held
    finally:
        thread.join(PATIENCE)
        if thread.is_alive():
            client.interrupt()
            thread.join(PATIENCE)


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
    return value


def views(client) -> list[dict]:
    return client.get("/prism/runs")["runs"]


def waiting(client) -> dict:
    return until(lambda: next((view for view in views(client) if view["status"] == "waiting"), None))


def answer(client, view: dict, **given) -> int:
    """The status of an answer to what a view asks."""
    body = {"question": view["waiting"]["question"], **given}
    try:
        client.post(f"/prism/runs/{view['run']}/answer", body)
        return 200
    except urllib.error.HTTPError as refused:
        return refused.code


def state(client, run: str) -> dict:
    return next(view for view in views(client) if view["run"] == run)


def pixels(client, run, prompt: dict) -> list[bytes]:
    frames = []
    for file in run.files(find(prompt, "SaveAnimatedWEBP")):
        image = Image.open(io.BytesIO(client.view(file)))
        for index in range(image.n_frames):
            image.seek(index)
            frames.append(image.convert("RGB").tobytes())
    return frames


def test_a_choice_by_hand_and_its_replay(comfyui, prompt):
    before = comfyui.client.get("/prism/picks")["count"]
    with running(comfyui, prompt) as (client, held):
        view = waiting(client)
        assert view["workflow"] == WORKFLOW["id"] and view["client"] == client.id
        assert view["node"] == find(prompt, "PrismBestOfN") and view["step"] == 3 and view["steps"] == STEPS
        assert [card["seed"] for card in view["candidates"]] == [str(SEED + row) for row in range(6)]
        assert view["waiting"] == {"question": 1, "keep": 2, "suggested": [], "deadline_s": None, "outcome": "best",
                                   "has_head": False}
        sheet, picture = until(lambda: _latest(client, view["run"]))
        assert picture.size == (sheet["frames"] * sheet["width"], len(sheet["rows"]) * sheet["height"])
        # Another program asks at the same time, and is served; the worker waits, the server does not.
        assert client.get("/system_stats") and client.get("/queue")["queue_running"]
        assert answer(client, view, action="keep", rows=[9]) == 409
        assert answer(client, view, action="keep", rows=[1, 4]) == 200
        assert answer(client, view, action="keep", rows=[0]) == 409
    run, done = held["run"], state(comfyui.client, view["run"])
    assert run.status == "success", run.error
    assert done["status"] == "finished" and [card["state"] for card in done["candidates"]].count("kept") == 2
    assert comfyui.client.get("/prism/picks")["count"] == before + 1
    replay = deepcopy(prompt)
    replay[find(prompt, "PrismBestOfN")]["inputs"].update(kept=done["replay"], group=done["group"])
    again = comfyui.client.run(replay)
    assert again.status == "success", again.error
    assert pixels(comfyui.client, again, prompt) == pixels(comfyui.client, run, prompt) != []
    replay[find(prompt, "KSampler")]["inputs"]["seed"] = SEED + 1
    assert "chosen in another run" in comfyui.client.run(replay).error


def test_a_dropped_candidate_made_again_is_that_of_an_unpruned_run(comfyui, prompt):
    """As the page's "Use this candidate" sets it: the row with the run's digest, its group and its seed."""
    prompt[find(prompt, "PrismBestOfN")]["inputs"].update(candidates=4, group=1)    # alone both times: they round alike
    prompt[find(prompt, "KSampler")]["inputs"].update(steps=6)
    ended = []
    for said in ({"action": "all"}, {"action": "keep", "rows": [1, 3]}):
        comfyui.client.free()    # ComfyUI would not run the same prompt twice
        with running(comfyui, prompt) as (client, held):
            view = waiting(client)
            assert answer(client, view, **said) == 200
            until(lambda: held, 120)
        assert held["run"].status == "success", held["run"].error
        ended.append((state(comfyui.client, view["run"]), held["run"]))
    (_, unpruned), (done, _) = ended
    every = pixels(comfyui.client, unpruned, prompt)
    frames = len(every) // 4
    replay, digest = deepcopy(prompt), done["replay"].partition("#")[2]
    replay[find(prompt, "PrismBestOfN")]["inputs"].update(kept=f"2 #{digest}", group=done["group"])
    again = comfyui.client.run(replay)
    assert again.status == "success", again.error
    assert done["group"] == 1 and pixels(comfyui.client, again, prompt) == every[2 * frames:3 * frames] != []


def _latest(client, run: str) -> tuple[dict, Image.Image] | None:
    """The latest sheet and its picture; None before the first, and where a newer one has just taken its place."""
    sheet = state(client, run)["sheet"]
    if sheet is None:
        return None
    try:
        with opener.open(client.url(f"/prism/runs/{run}/sheets/{sheet['version']}"), timeout=30) as response:
            return sheet, Image.open(io.BytesIO(response.read()))
    except urllib.error.HTTPError:
        return None


def test_the_interrupt_button_ends_the_wait(comfyui, prompt):
    with running(comfyui, prompt) as (client, held):
        view = waiting(client)
        client.interrupt()
    assert held["run"].status == "interrupted" and state(comfyui.client, view["run"])["status"] == "stopped"
    assert answer(comfyui.client, view, action="all") == 409


def test_stop_ends_the_run(comfyui, prompt):
    with running(comfyui, prompt) as (client, held):
        assert answer(client, waiting(client), action="stop") == 200
    assert held["run"].status == "interrupted"


def test_a_page_that_comes_later_can_answer(comfyui, prompt):
    """The prompt's own connection is gone by then, as after a reload."""
    client = comfyui.client
    prompt_id = client.queue(prompt, WORKFLOW)
    view = waiting(client)
    other = comfyui.client
    with EventStream(other.host, other.port, f"/ws?clientId={other.id}") as events:
        assert answer(other, view, action="keep", rows=[2]) == 200
        told = until(lambda: next((data for event in iter(lambda: events.receive(timeout=0.2), None)
                                   if event["type"] == "prism.run" and (data := event["data"])["run"] == view["run"]),
                                  None))
        assert told["seq"] > view["seq"]
    entry = until(lambda: client.history(prompt_id))
    assert entry["status"]["status_str"] == "success"


def test_time_runs_out_with_a_named_outcome(comfyui, prompt):
    prompt[find(prompt, "PrismBestOfN")]["inputs"].update(timeout=1, on_timeout="all")
    run = comfyui.client.run(prompt)
    assert run.status == "success" and len(list(run.files(find(prompt, "SaveAnimatedWEBP")))) == 6
    prompt[find(prompt, "PrismBestOfN")]["inputs"].update(on_timeout="best")
    assert "connect a head" in comfyui.client.run(prompt).error


def test_what_is_recorded_can_be_taken_away(comfyui, prompt):
    with running(comfyui, prompt) as (client, held):
        assert answer(client, waiting(client), action="keep", rows=[5]) == 200
    with opener.open(comfyui.client.url("/prism/picks/export"), timeout=30) as response:
        assert response.read(15) == b"SQLite format 3"
    assert comfyui.client.get("/prism/picks")["bytes"] > 0
    assert comfyui.client.post("/prism/picks/delete", {"confirm": "delete"})["count"] == 0
