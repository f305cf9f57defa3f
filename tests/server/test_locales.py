"""What a real server hands to the front end: texts and help pages in both languages."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from launcher import layout
from launcher.client import opener
from launcher.server import Server

FILES = ("commands", "nodeDefs", "settings")
HELP = {"en": "docs/{node}/en.md", "zh": "docs/{node}/zh.md"}


def get(server: Server, path: str) -> str:
    with opener.open(urllib.request.Request(server.client.url(path)), timeout=30) as answer:
        assert "html" not in answer.headers["Content-Type"], "the front end takes a page of HTML for none at all"
        return answer.read().decode("utf-8")


def within(part: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a tree of texts is found in a larger one."""
    return all(within(value, whole.get(key, {})) if isinstance(value, dict) else whole.get(key) == value
               for key, value in part.items())


@pytest.fixture(scope="module")
def served(comfyui: Server) -> dict[str, Any]:
    return json.loads(get(comfyui, "/i18n"))


@pytest.mark.parametrize("language", HELP)
def test_our_texts_are_served(served: dict[str, Any], language: str) -> None:
    folder = layout.ROOT / "locales" / language
    ours = {file: json.loads((folder / f"{file}.json").read_text(encoding="utf-8")) for file in FILES}
    ours |= json.loads((folder / "main.json").read_text(encoding="utf-8"))
    assert within(ours, served[language])


@pytest.mark.parametrize("language", HELP)
def test_every_node_on_the_server_has_its_texts_and_help(
        comfyui: Server, object_info: dict[str, Any], served: dict[str, Any], language: str) -> None:
    nodes = {name: info for name, info in object_info.items() if info["python_module"] == f"custom_nodes.{layout.PACK}"}
    assert nodes
    for name, info in nodes.items():
        texts = served[language]["nodeDefs"][name]
        assert texts["display_name"] and texts["description"]
        inputs = {key for group in ("required", "optional") for key in info["input"].get(group, {})}
        assert texts["inputs"].keys() == inputs and len(texts["outputs"]) == len(info["output"]), name
        page = get(comfyui, f"/extensions/{layout.PACK}/{HELP[language].format(node=name)}")
        assert page.startswith(f"# {texts['display_name']}\n")
