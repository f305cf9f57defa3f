"""Every text of every node in English and Chinese, in the form that the front end asks for.

English repeats the schemas. After a change there, or of an English help page, set PRISM_WRITE_LOCALES=1 for one run of
these tests, translate what they then miss in locales/zh/ and web/docs/*/zh.md, and commit every file.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE

PACK = Path(sys.modules[PACKAGE].__file__).parent
LOCALES, DOCS = PACK / "locales", PACK / "web" / "docs"
CLASSES = sys.modules[PACKAGE].NODES
LANGUAGES = ("en", "zh")
FILES = ("commands", "main", "nodeDefs", "settings")
PLACEHOLDER = re.compile(
    r"TODO|FIXME|TBD|XXX|lorem ipsum|translat(e|ion) me|\?\?\?|\u5f85\u7ffb\u8bd1|\u5f85\u8865|\u5f85\u5b9a", re.I)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAME_IN_CHINESE = {"cfg", "PRISM"}
MILLIONS = ("20 million", "2000 \u4e07")  # Chinese counts in units of ten thousand


def described() -> dict:
    """The nodes' texts as their schemas have them."""
    def text(socket) -> dict[str, str]:
        return {"name": socket.display_name or socket.id, "tooltip": socket.tooltip}
    schemas = [cls.define_schema() for cls in CLASSES]
    return {schema.node_id: {
        "display_name": schema.display_name,
        "description": schema.description,
        "inputs": {socket.id: text(socket) for socket in schema.inputs},
        "outputs": {str(index): text(socket) for index, socket in enumerate(schema.outputs)},
    } for schema in schemas}


def locale(language: str, file: str) -> dict:
    return json.loads((LOCALES / language / f"{file}.json").read_text(encoding="utf-8"))


def texts(tree: dict, *at: str) -> dict[tuple[str, ...], str]:
    """Every text by the keys that lead to it."""
    found: dict[tuple[str, ...], str] = {}
    for key, value in tree.items():
        found.update(texts(value, *at, key) if isinstance(value, dict) else {(*at, key): value})
    return found


def both(file: str) -> list[tuple[tuple[str, ...], str, str]]:
    """Where, English, Chinese."""
    english, chinese = texts(locale("en", file)), texts(locale("zh", file))
    return [(at, english[at], chinese[at]) for at in english if at in chinese]


def help_page(language: str, node: str) -> str:
    """The page under the name that the front end asks for."""
    return (DOCS / node / f"{language}.md").read_text(encoding="utf-8")


def test_english_is_what_the_schemas_say():
    if os.environ.get("PRISM_WRITE_LOCALES"):
        content = json.dumps(described(), indent=2, ensure_ascii=False)
        (LOCALES / "en" / "nodeDefs.json").write_text(content + "\n", encoding="utf-8")
    assert locale("en", "nodeDefs") == described()


@pytest.mark.parametrize("file", FILES)
def test_both_languages_have_the_same_texts(file: str):
    assert texts(locale("zh", file)).keys() == texts(locale("en", file)).keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES)
def test_no_text_is_empty_or_a_placeholder(file: str, language: str):
    bad = {at: text for at, text in texts(locale(language, file)).items()
           if not isinstance(text, str) or not text.strip() or PLACEHOLDER.search(text)}
    assert bad == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES)
def test_the_front_end_shows_texts_as_they_are(file: str, language: str):
    # All but tooltips of nodes are read as messages, in which these characters mean something.
    bad = {at: text for at, text in texts(locale(language, file)).items()
           if re.search(r"[@|{}]", text) and not (file == "nodeDefs" and at[-1] == "tooltip")}
    assert bad == {}


@pytest.mark.parametrize("file", FILES)
def test_chinese_is_chinese(file: str):
    bad = [(at, chinese) for at, english, chinese in both(file) if english not in SAME_IN_CHINESE
           and (chinese == english or len(chinese) > 20 and len(CHINESE.findall(chinese)) < len(chinese) / 4)]
    assert bad == []


@pytest.mark.parametrize("file", FILES)
def test_chinese_gives_the_same_numbers(file: str):
    def numbers(text: str) -> set[str]:
        return set(re.findall(r"\d+(?:\.\d+)?", text))
    missing = [(at, numbers(english.replace(*MILLIONS)) - numbers(chinese)) for at, english, chinese in both(file)]
    assert [each for each in missing if each[1]] == []


def test_options_keep_the_names_that_prompts_have():
    chinese = locale("zh", "nodeDefs")
    missing = []
    for schema in (cls.define_schema() for cls in CLASSES):
        for socket in schema.inputs:
            named = [option for option in getattr(socket, "options", None) or [] if f"{option}:" in socket.tooltip]
            shown = chinese[schema.node_id]["inputs"][socket.id]["tooltip"]
            missing += [(schema.node_id, socket.id, option) for option in named if option not in shown]
    assert missing == []


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_every_input(language: str, cls):
    schema = cls.define_schema()
    page, shown = help_page(language, schema.node_id), locale(language, "nodeDefs")[schema.node_id]
    assert not PLACEHOLDER.search(page) and page.startswith(f"# {shown['display_name']}\n")
    names = [shown["inputs"][socket.id]["name"] for socket in schema.inputs]
    assert [name for name in names if f"**{name}**" not in page] == []
    if language == "zh":  # where the names are translated: examples and error messages call them by their ids
        assert [socket.id for socket in schema.inputs if f"`{socket.id}`" not in page] == []
        assert len(CHINESE.findall(page)) > len(page) / 4


@pytest.mark.parametrize("node", [cls.define_schema().node_id for cls in CLASSES])
def test_languages_without_a_help_page_are_shown_the_english_one(node: str):
    # The front end falls back on no other language, but on a page without one.
    if os.environ.get("PRISM_WRITE_LOCALES"):
        (DOCS / f"{node}.md").write_text(help_page("en", node), encoding="utf-8")
    assert (DOCS / f"{node}.md").read_text(encoding="utf-8") == help_page("en", node)


def test_no_help_page_is_left_of_a_node_that_is_gone():
    nodes = {cls.define_schema().node_id for cls in CLASSES}
    assert {path.stem for path in DOCS.glob("*.md")} == nodes
    assert {path.parent.name for path in DOCS.glob("*/*.md")} == nodes
