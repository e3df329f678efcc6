"""Requirement and constraint files: packages, and options that say where they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlgate.commands.installs import PIP_OPTIONS
from mlgate.commands.requirements import Requirement, requirement, without_password
from mlgate.model import Extraction, Fact, Span, Unit, Value, Vocabulary
from mlgate.regex import regex

_OPTION = regex(r"(--?[A-Za-z][\w-]*)(?:[ \t]*=[ \t]*|[ \t]+|(?=[^\s=]))(\S+)?")
_COMMENT = regex(r"(?:^|[ \t])#.*$")


def extract(units: Sequence[Unit], vocabulary: Vocabulary) -> Extraction:
    """Facts `package` (origin `requirements`) and `setting` (`pip:…`)."""
    return Extraction(tuple(fact for unit in units for fact in _requirements(unit)))


def _requirements(unit: Unit) -> Iterator[Fact]:
    for number, column, text, end_line, end_column in _logical_lines(unit.text):
        if text.startswith("-"):
            yield from _option(unit.cell, number, column, text)
            continue
        found = requirement(text)
        if found is not None:
            yield _package(found, text, Span(unit.cell, number, column, end_line, end_column))


def _logical_lines(text: str) -> Iterator[tuple[int, int, str, int, int]]:
    r"""Line and column where a requirement begins, its text without comments and `\`, and where it ends."""
    parts: list[str] = []
    start = (0, 0)
    end = (0, 0)
    lines = text.split("\n")
    for number, raw in enumerate(lines, start=1):
        line = _COMMENT.sub("", raw.rstrip("\r"))
        continued = line.endswith("\\")
        bare = line.rstrip("\\").rstrip() if continued else line.rstrip()
        stripped = bare.lstrip("\ufeff \t")
        if stripped:
            if not parts:
                start = (number, len(bare) - len(stripped) + 1)
            parts.append(stripped)
            end = (number, len(bare) + 1)
        if parts and (not continued or number == len(lines)):
            yield start[0], start[1], " ".join(parts), end[0], end[1]
            parts = []


def _option(cell: int, line: int, column: int, text: str) -> Iterator[Fact]:
    match = _OPTION.match(text)
    short = re.match(r"(-[a-z])(.+)", text) if not text.startswith("--") else None
    if short is not None:
        option, value = short.group(1), short.group(2).lstrip(" \t=")
    elif match is not None:
        option, value = match.group(1), match.group(2) or ""
    else:
        return
    value = value.strip("'\"")
    span = Span(cell, line, column, line, column + len(text))
    if option in ("-e", "--editable"):
        found = requirement(value)
        if found is not None:
            yield _package(found, value, span)
    elif option in PIP_OPTIONS and value:
        yield Fact("setting", PIP_OPTIONS[option], span, attributes={"value": _text(value)})


def _package(found: Requirement, text: str, span: Span) -> Fact:
    attributes = {
        "specifier": Value((found.specifier,)),
        "source": Value((found.source,)),
        "origin": Value(("requirements",)),
        "upgrade": Value((False,)),
        "manager": Value(("pip",)),
        "hash": Value((found.hashed,)),
    }
    if found.url:
        attributes["url"] = _text(found.url)
    if found.revision:
        attributes["revision"] = _text(found.revision)
    return Fact("package", found.name or text[:200], span, attributes=attributes)


def _text(value: str) -> Value:
    """Known, unless it holds `${A_VARIABLE}`."""
    if re.search(r"\$\{?\w", value):
        return Value((), "it holds a variable")
    return Value((without_password(value),))
