"""The scalars of a configuration file, each with its path and its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Generator, Iterator

from msgspec import Struct

from mlgate.model import Span
from mlgate.regex import regex

Step = str | int


class Leaf(Struct, frozen=True):
    path: tuple[Step, ...]
    """Keys, and 0-based places in lists."""
    value: bool | int | float | str | None
    line: int
    column: int
    end_line: int
    end_column: int
    lines: tuple[tuple[int, int], ...] = ()
    """Of a text of several lines: for each, the file's line and what to add to a column."""

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(step for step in self.path if isinstance(step, str))

    @property
    def key(self) -> str:
        """The nearest key: a list's items have the list's."""
        return self.keys[-1] if self.keys else ""

    def span(self, cell: int) -> Span:
        return Span(cell, self.line, self.column, self.end_line, self.end_column)


class Unparsed(ValueError):
    """Text that is not what the name of its file says; `line` is 1-based."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(detail)
        self.line = line
        self.detail = detail


def read(text: str, path: str) -> tuple[Leaf, ...]:
    """By the ending of `path`: TOML, INI, or YAML, of which JSON is one.

    Raises Unparsed for what is no YAML; of TOML and INI, lines that are none are skipped.
    """
    name = path.rsplit("/", 1)[-1].lower()
    if name.endswith(".toml") or name == "pipfile":
        return tuple(_toml(text))
    if name.endswith((".ini", ".cfg", ".conf")) or name == ".pypirc":
        return tuple(_ini(text))
    return tuple(_yaml(_without_comments(text) if name.endswith(".json") else text))


# --- YAML, JSON

_COMMENT_OF_JSON = regex(r'"(?:[^"\\\n]|\\.)*"|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
"""A string, or a comment as editors and devcontainer.json have it in JSON. Source: microsoft/node-jsonc-parser."""


def _without_comments(text: str) -> str:
    """The same text with blanks for the comments of JSON: everything else stays where it is.

    Before it is read, not only where that fails: to YAML a comment may be the beginning of the key below it.
    """

    def blank(found: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", found.group()) if found.group(1) else found.group()

    return _COMMENT_OF_JSON.sub(blank, text)


def _yaml(text: str) -> Iterator[Leaf]:
    from mlgate.yaml_strict import Data, KeyPath, Place, YamlProblem, read_foreign

    try:
        documents = read_foreign(text)
    except YamlProblem as problem:
        raise Unparsed(problem.line, problem.message) from problem
    source = text.split("\n")
    for document in documents:
        waiting: list[tuple[KeyPath, Data]] = [((), document.data)]
        while waiting:
            path, data = waiting.pop()
            if isinstance(data, dict):
                waiting += [((*path, key), value) for key, value in reversed(list(data.items()))]
            elif isinstance(data, list):
                waiting += [((*path, index), value) for index, value in reversed(list(enumerate(data)))]
            elif path in document.places:
                place: Place = document.places[path]
                yield _leaf(path, data, place.line, place.column, place.end_line, place.end_column, source)


def _leaf(
    path: tuple[Step, ...],
    value: bool | int | float | str | None,
    line: int,
    column: int,
    end_line: int,
    end_column: int,
    source: list[str],
) -> Leaf:
    mark = source[line - 1][column - 1 : column] if line <= len(source) else ""
    if isinstance(value, str) and mark in ("|", ">"):
        count = value.count("\n") + 1
        body = [number for number in range(line + 1, end_line + 1) if number <= len(source)]
        first = next((source[number - 1] for number in body if source[number - 1].strip()), "")
        indent = len(first) - len(first.lstrip(" "))
        if mark == "|":
            lines = tuple((min(line + 1 + row, len(source)), indent) for row in range(count))
        else:
            lines = tuple((min(line + 1, len(source)), indent) for _ in range(count))
        last = max((number for number in body if source[number - 1].strip()), default=line)
        return Leaf(path, value, line, column, last, len(source[last - 1]) + 1, lines)
    if mark in ("'", '"'):
        return Leaf(path, value, line, column, end_line, end_column, ((line, column),))
    return Leaf(path, value, line, column, end_line, end_column, ((line, column - 1),))


# --- TOML

_TABLE = regex(r"[ \t]*\[(\[?)([^\[\]\n]+)\]\]?[ \t]*(?:#.*)?$")
_TOML_KEY = regex(r"""[ \t]*((?:"[^"\n]*"|'[^'\n]*'|[\w-]+)(?:[ \t]*\.[ \t]*(?:"[^"\n]*"|'[^'\n]*'|[\w-]+))*)[ \t]*=""")
_TOML_TOKEN = regex(
    r'''"""(?P<long>(?:[^\\]|\\.)*?)"""|\'\'\'(?P<raw>.*?)\'\'\'|"(?P<basic>(?:[^"\\\n]|\\.)*)"|'(?P<literal>[^'\n]*)\''''
    r"|(?P<comment>\#[^\n]*)|(?P<sign>[\[\]{},])|(?P<key>[\w-]+)[ \t]*=|(?P<bare>[^\s\[\]{},#=\"']+)|(?P<line>\n)",
    re.DOTALL,
)


def _toml(text: str) -> Iterator[Leaf]:
    """Strings, numbers and truth values; what is broken is skipped to the end of its line."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    table: tuple[Step, ...] = ()
    counts: dict[tuple[Step, ...], int] = {}
    row = 0
    while row < len(starts):
        begin = starts[row]
        end = text.find("\n", begin)
        line = text[begin : len(text) if end < 0 else end].rstrip("\r")
        header = _TABLE.match(line)
        key = _TOML_KEY.match(line)
        row += 1
        if header is not None:
            table = _keys(header.group(2))
            if header.group(1):
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
        elif key is not None:
            consumed = yield from _toml_value(text, begin + key.end(), (*table, *_keys(key.group(1))), starts)
            while row < len(starts) and starts[row] < consumed:
                row += 1


def _toml_value(text: str, at: int, path: tuple[Step, ...], starts: list[int]) -> Generator[Leaf, None, int]:
    """The leaves of one value; returns the offset behind it."""
    stack: list[tuple[str, tuple[Step, ...], int]] = []
    here = path
    while True:
        token = _TOML_TOKEN.search(text, at)
        if token is None:
            return len(text)
        at = token.end()
        kind = token.lastgroup
        if kind == "comment":
            continue
        if kind == "line":
            if not stack:
                return token.start()
            continue
        if kind == "sign":
            sign = token.group()
            if sign in "[{":
                stack.append((sign, here, 0))
                here = (*here, 0) if sign == "[" else here
            elif sign in "]}":
                if stack:
                    _, here, _ = stack.pop()
                if not stack:
                    return at
            elif stack:
                opening, base, count = stack[-1]
                stack[-1] = (opening, base, count + 1)
                here = (*base, count + 1) if opening == "[" else base
            continue
        if kind == "key":
            if stack:
                here = (*stack[-1][1], token.group("key"))
            continue
        raw = token.group(kind) if kind is not None else ""
        value: bool | str = raw
        if kind == "bare" and raw in ("true", "false"):
            value = raw == "true"
        elif kind in ("basic", "long"):
            value = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m.group(1), m.group(1)), raw, flags=re.DOTALL)
        line = bisect_right(starts, token.start())
        end_line = bisect_right(starts, token.end())
        column = token.start() - starts[line - 1] + 1
        add = column - 1 if kind == "bare" else column
        yield Leaf(here, value, line, column, end_line, token.end() - starts[end_line - 1] + 1, ((line, add),))
        if not stack:
            return at


def _keys(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"""[ \t]*("[^"]*"|'[^']*'|[^."']+)""", text))


# --- INI

_INI_SECTION = regex(r"[ \t]*\[([^\]]+)\]")
_INI_KEY = regex(r"([A-Za-z][\w.-]*)[ \t]*[=:][ \t]*(.*?)[ \t\r]*$")


def _ini(text: str) -> Iterator[Leaf]:
    """A value goes on over indented lines; each line is an item of its own."""
    section, key, item = "", "", 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.rstrip()
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        header = _INI_SECTION.match(line)
        match = _INI_KEY.match(line)
        if header is not None and not line.startswith((" ", "\t")):
            section, key = header.group(1).strip(), ""
        elif match is not None:
            key, item = match.group(1), 0
            if match.group(2):
                yield _ini_leaf(section, key, item, match.group(2), number, match.start(2))
        elif key and line[0] in " \t":
            item += 1
            start = len(line) - len(line.lstrip())
            yield _ini_leaf(section, key, item, line.strip(), number, start)


def _ini_leaf(section: str, key: str, item: int, value: str, line: int, start: int) -> Leaf:
    end = start + len(value) + 1
    path = (section, key, item) if section else (key, item)
    return Leaf(path, value, line, start + 1, line, end, ((line, start),))
