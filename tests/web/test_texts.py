"""Whatever the page shows comes from web/prism/texts/, where it is in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from launcher import layout

WEB = layout.ROOT / "web"
# check.mjs finds faults of messages: they are told to whoever opens the browser's console, in English.
FILES = [WEB / "prism.js", *sorted({*(WEB / "prism").rglob("*.mjs")} - {*(WEB / "prism" / "texts").rglob("*.mjs")}
                                   - {WEB / "prism" / "check.mjs"})]
# A comment, or a string; a template's own expressions are looked through for strings of their own.
TOKENS = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL)
WORDS = re.compile(r"[A-Za-z]{2,}[,.:;!?]? +[A-Za-z]{2,}|^[A-Z][a-z]+(?: |[.!?\u2026]?$)|[\u4e00-\u9fff]")
# Classes, icons, a media query, selectors.
CODE = re.compile(r"(prism-|pi )[a-z -]+|\([a-z-]+: [a-z]+\)|[a-z]+(, [a-z]+)+")
BROKEN = re.compile(r"\"\s*\+\n\s*\"")    # one text on two lines
ALLOWED = {
    "Tab", "Shift", "Control", "Alt", "Meta", "Enter", "Escape", "Home", "End", "Backspace",    # keys, as browsers have it
    "Down", "Move", "Up", "Prism", "Motion", "Sound", "Store",    # parts of names in code
    "PRISM: a message was left out, because 0.",    # for the console
}


def translated() -> set[str]:
    """What ComfyUI itself translates by our locales: names and hints of settings and commands."""
    files = [layout.ROOT / "locales" / "en" / f"{name}.json" for name in ("settings", "commands", "main")]
    return {text for file in files if file.exists() for text in strings(json.loads(file.read_text(encoding="utf-8")))}


def strings(part: dict | str) -> Iterator[str]:
    """All texts in it, however deep."""
    if isinstance(part, str):
        yield part
    else:
        for inside in part.values():
            yield from strings(inside)


def shown(source: str) -> Iterator[str]:
    """The strings of a file that read like language, the expressions in templates left out."""
    for token in TOKENS.findall(BROKEN.sub("", source)):
        if token.startswith(("//", "/*")):
            continue
        inside = token[1:-1]
        if token[0] == "`":
            yield from (text for part in re.findall(r"\$\{([^}]*)\}", inside) for text in shown(part))
            inside = re.sub(r"\$\{[^}]*\}", "0", inside)
        if WORDS.search(inside) and inside not in ALLOWED and not CODE.fullmatch(inside):
            yield inside


def test_only_the_texts_hold_sentences() -> None:
    known = translated()
    found = [(path.name, text) for path in FILES for text in shown(path.read_text(encoding="utf-8"))
             if text not in known]
    assert found == []


def test_sentences_are_found() -> None:
    source = """write(part, "Lost the connection"); // "a comment here"
        const text = `Locked to ${many ? "several of them" : ""}`; element.textContent = "Show"; title = '\u9501\u5b9a';
        make("div", "prism-panel", { role: "listbox" }); `translate(${x}px)`; /* "a block comment" */ "aria-label";"""
    assert list(shown(source)) == ["Lost the connection", "several of them", "Locked to 0", "Show", "\u9501\u5b9a"]
    assert Path(WEB / "prism" / "texts").is_dir()
