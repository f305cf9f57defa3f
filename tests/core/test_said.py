"""Sentences that remember what they say, and that the page can say each of them in Chinese."""

import ast
import copy
import json
import re
from pathlib import Path

import pytest

from prism_core.said import Said, say

ROOT = Path(__file__).resolve().parents[2]
CHINESE = ROOT / "web" / "prism" / "texts" / "zh" / "server.mjs"
ENTRY = re.compile(r"^  (\w+):(?: \(\{ ([\w, ]+) \}\))?", re.MULTILINE)


def sentences() -> dict[str, set[str]]:
    """The parts of every sentence in the sources, by its code."""
    found: dict[str, set[str]] = {}
    for path in (*(ROOT / "prism_core").rglob("*.py"), *(ROOT / "nodes").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "say" and len(call.args) == 2:
                code, sentence = call.args
                text = sentence.value if isinstance(sentence, ast.Constant) else ""
                named = {part.arg for part in call.keywords if part.arg}
                found[code.value] = set(re.findall(r"\{(\w+)", text)) | named
    return found


@pytest.mark.skipif(not (ROOT / "nodes").is_dir(), reason="no nodes in this checkout")
def test_the_page_says_each_in_chinese() -> None:
    chinese = {code: set(filter(None, (names or "").split(", ")))
               for code, names in ENTRY.findall(CHINESE.read_text(encoding="utf-8"))}
    english = sentences()
    assert len(english) > 20 and chinese.keys() == english.keys()
    assert {code: chinese[code] - parts for code, parts in english.items() if chinese[code] - parts} == {}


def test_a_sentence_is_its_text_and_knows_its_parts() -> None:
    rank = say("rank", "rank {rank} of {count}", rank=2, count=8)
    whole = say("alike", "{rank}, most like {row:.1f}", rank=rank, row=3.0)
    assert whole == "rank 2 of 8, most like 3.0" and json.dumps([whole]) == '["rank 2 of 8, most like 3.0"]'
    twin = copy.deepcopy(whole)
    assert isinstance(twin, Said) and (twin.code, twin.values["rank"].values) == ("alike", {"rank": 2, "count": 8})
