"""Saved workflows store sockets by name and widgets by position: once released, nothing here may move or vanish.

New inputs go to the end. After such a change, set PRISM_WRITE_SCHEMA=1 for one run of these tests and commit the file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import folder_paths
import pytest
from conftest import PACKAGE, node, pack

SNAPSHOT = Path(__file__).parent.parent / "schema.json"
CLASSES = sys.modules[PACKAGE].NODES


def described() -> dict:
    """Ids, inputs in order, outputs in order, with their types."""
    def line(socket, remark: str) -> str:
        return f"{socket.id} {socket.get_io_type()} {remark}".strip()
    schemas = [cls.define_schema() for cls in CLASSES]
    return {schema.node_id: {
        "inputs": [line(socket, "optional" if socket.optional else "") for socket in schema.inputs],
        "outputs": [line(socket, "list" if socket.is_output_list else "") for socket in schema.outputs],
    } for schema in schemas}


def test_sockets_are_as_released():
    if os.environ.get("PRISM_WRITE_SCHEMA"):
        SNAPSHOT.write_text(json.dumps(described(), indent=1) + "\n", encoding="ascii")
    assert described() == json.loads(SNAPSHOT.read_text(encoding="ascii"))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_socket_explains_itself(cls):
    schema = cls.define_schema()
    assert all(socket.tooltip and len(socket.tooltip) >= 20 for socket in [*schema.inputs, *schema.outputs])
    assert schema.description and schema.search_aliases and schema.category == "PRISM"
    assert schema.node_id.startswith("Prism") and schema.display_name.isascii()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_node_has_a_help_page_of_its_sockets(cls):
    schema = cls.define_schema()
    page = Path(sys.modules[PACKAGE].__file__).parent / "web" / "docs" / schema.node_id / "en.md"
    text = page.read_text(encoding="ascii")
    assert [socket.id for socket in schema.inputs if f"**{socket.id}**" not in text] == []


def test_every_node_is_registered():
    assert [node(cls.define_schema().node_id) for cls in CLASSES] == CLASSES


def test_the_packs_folders_come_after_the_persons_own():
    folders = pack("nodes.folders")
    heads = folder_paths.folder_names_and_paths["prism_heads"]
    assert heads[1] == {".safetensors"} and heads[0][-1] == str(folders.WEIGHTS / "prism_heads")
    for kind in ("diffusion_models", "vae"):
        assert folder_paths.get_folder_paths(kind)[-1] == str(folders.WEIGHTS / kind)


def test_registering_keeps_paths_that_are_already_there(monkeypatch):
    monkeypatch.setattr(folder_paths, "folder_names_and_paths",
                        {**folder_paths.folder_names_and_paths, "prism_heads": (["/mine"], set())})
    pack("nodes.folders").register()
    pack("nodes.folders").register()
    paths, extensions = folder_paths.folder_names_and_paths["prism_heads"]
    assert paths[0] == "/mine" and len(paths) == len(set(paths)) == 3 and extensions == {".safetensors"}
