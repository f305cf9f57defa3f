"""Real ComfyUI servers with this checkout linked in.

`comfyui` is a running launcher.server.Server: `comfyui.client.run(prompt)` queues a prompt in API format, waits and
returns a launcher.client.Run with .status, .error, .outputs and .cached; a prompt that the server refuses raises
PromptRejected. `workflow_prompt(name)` turns a file of workflows/ into such a prompt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from launcher import layout
from launcher.client import Prompt
from launcher.comfyui import DEFAULT, released
from launcher.graph import to_prompt
from launcher.server import Server, free_port

OLDER = ("0.27.0", "0.24.0")


@pytest.fixture(scope="session")
def comfyui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The ComfyUI that the launcher uses, for the whole session."""
    with Server(released(DEFAULT), tmp_path_factory.mktemp("comfyui"), free_port()) as server:
        yield server


@pytest.fixture(scope="module", params=OLDER)
def older_comfyui(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each older ComfyUI that PRISM supports, in turn."""
    with Server(released(request.param), tmp_path_factory.mktemp(request.param), free_port()) as server:
        yield server


@pytest.fixture(scope="session")
def object_info(comfyui: Server) -> dict[str, Any]:
    """Every node that the server knows."""
    return comfyui.client.object_info()


@pytest.fixture(scope="session")
def load_workflow() -> Callable[[str], dict[str, Any]]:
    """The workflow of that name in workflows/, as the browser saves it."""
    def load(name: str) -> dict[str, Any]:
        return json.loads((layout.WORKFLOWS / f"{name}.json").read_text(encoding="utf-8"))
    return load


@pytest.fixture
def workflow_prompt(load_workflow: Callable[[str], dict[str, Any]], object_info: dict[str, Any]) -> Callable[..., Prompt]:
    """A workflow of that name as a fresh prompt; give the object_info of an older server where one is used."""
    def convert(name: str, info: dict[str, Any] | None = None) -> Prompt:
        return to_prompt(load_workflow(name), info or object_info)
    return convert

