"""Markdown: its headings, and the code blocks of files that are run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from mlgate.model import Cell
from mlgate.regex import regex

_FENCE = regex(r"^([ \t]*(?:>[ \t]?)*)(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_ATX = regex(r"^ {0,3}#{1,6}(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_HTML_HEADING = regex(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]\s*>", re.IGNORECASE | re.DOTALL)
_UNDERLINE = regex(r"^ {0,3}(?:=+|-{2,})[ \t]*$")
_ANCHOR = regex(r"\[\[[^\[\]]*\]\]|\{#[^{}]*\}\s*$")
_TAG = regex(r"<[a-zA-Z/!][^<>]*>")
_LINK = regex(r"!?\[([^\[\]]*)\]\([^()]*\)")
_EMPHASIS = regex(r"\*+|`+|(?<!\w)_+|_+(?!\w)")
_RUN = regex(r"^[ \t]*\{[ \t]*(?:code-cell\}[ \t]*)?([A-Za-z][\w+#]*)")
_PLAIN = regex(r"^[ \t]*([A-Za-z][\w+#]*)(?!.*\.noeval)")
_JUPYTEXT = regex(r"\A---\n(?:(?!---\n).*\n)*?(?:jupytext|kernelspec|jupyter):", re.MULTILINE)
_RUN_SUFFIXES = (".rmd", ".qmd")
_LONGEST_HEADING = 500
"""In characters; keeps the patterns above, which may look at a line several times, away from long lines."""


class _Block(Struct, frozen=True):
    line: int
    """1-based line of the first line of code."""
    info: str
    text: str
    heading: str | None


def headings(text: str) -> tuple[str | None, str | None]:
    """First and last heading of a Markdown text, without hashes, links and emphasis."""
    if "#" not in text and "<" not in text and "\n=" not in text and "\n-" not in text:
        return None, None
    found = list(_headings(text))
    return (found[0], found[-1]) if found else (None, None)


def code_cells(path: str, text: str) -> Iterator[Cell]:
    """The fenced blocks of a Markdown file that some tool runs, in order, numbered from 1."""
    jupytext = _JUPYTEXT.match(text) is not None
    runnable = jupytext or path.lower().endswith(_RUN_SUFFIXES) or "{" in text
    if not runnable or ("```" not in text and "~~~" not in text):
        return
    number = 0
    for block in _blocks(text):
        if language := _language(block.info, plain=jupytext):
            number += 1
            yield Cell(number, None, "code", block.text, language, block.heading, pointer=("line", block.line))


def _language(info: str, *, plain: bool) -> str | None:
    """`{python echo=FALSE}` runs everywhere; `python` only in a file that jupytext opens as a notebook."""
    found = _RUN.match(info) or (_PLAIN.match(info) if plain else None)
    if found is None:
        # MyST: ```{code-cell} without a language runs in the notebook's own, which is Python unless it says otherwise.
        return "python" if info.strip() == "{code-cell}" else None
    language = found[1].lower()
    return "python" if language.startswith(("python", "ipython")) else language


def _headings(text: str) -> Iterator[str]:
    fence = ""
    before = ""
    for whole in text.split("\n"):
        line = whole[:_LONGEST_HEADING]
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[2].startswith(fence) else fence or mark[2]
        atx = _ATX.match(line)
        if not fence:
            found = [atx[1] or ""] if atx else [before] if _UNDERLINE.match(line) else _HTML_HEADING.findall(line)
            yield from filter(None, map(_plain, found))
        # What a line of dashes underlines may be a table, a list or a quotation as well.
        before = "" if atx or line[:1] in ("|", "-", "*", ">") else line.strip()


def _plain(text: str) -> str:
    return " ".join(_EMPHASIS.sub("", _LINK.sub(r"\1", _ANCHOR.sub("", _TAG.sub("", text)))).split())


def _blocks(text: str) -> Iterator[_Block]:
    """Every fenced block, one that is not closed to the end. Source: CommonMark 0.31, 4.5."""
    lines = text.split("\n")
    heading: str | None = None
    at = 0
    while at < len(lines):
        opening = _FENCE.match(lines[at])
        if opening is None:
            heading = headings(lines[at])[0] or heading
            at += 1
            continue
        prefix, fence = opening[1], opening[2]
        start = at = at + 1
        while at < len(lines) and not _closes(lines[at], fence):
            at += 1
        body = "\n".join(_without(line, prefix) for line in lines[start:at])
        yield _Block(start + 1, opening[3], body, heading)
        at += 1


def _closes(line: str, fence: str) -> bool:
    bare = line.lstrip(" \t>").rstrip()
    return len(bare) >= len(fence) and not bare.strip(fence[0])


def _without(line: str, prefix: str) -> str:
    """The line without as much of the fence's own indentation as it has."""
    if line.startswith(prefix):
        return line[len(prefix) :]
    if line.startswith(prefix.rstrip()) and prefix.strip():
        return ""
    kept = line.lstrip(" \t")
    return line[min(len(line) - len(kept), len(prefix)) :]
