"""Comments that say no: `# mlgate: ignore[unsafe-load/pickle] false-positive: written two lines above`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Container, Iterator, Sequence

from msgspec import Struct

from mlgate.model import Fact, Kind, Span, Unit, Value
from mlgate.regex import regex

TYPES = ("false-positive", "mitigated", "accepted-risk")
"""What a comment may claim. An emergency is for a waiver: it has an end."""

FORM = "# mlgate: ignore[rule/id] false-positive: why, in one sentence"

_SAID = regex(r"mlgate:[ \t]*ignore\b", re.IGNORECASE)
_WELL = regex(r"\s*mlgate:[ \t]*ignore\[([^\]\n]*)\][ \t]*([a-z-]+):[ \t]*(\S[^\n]*?)\s*\Z")
_RULE = regex(r"[a-z0-9-]+/[a-z0-9-]+")
_BLOCK_SCALAR = regex(r"(?:^|[:\-?]|^[^#]*&\S+)\s+(?:&\S+\s+)?[|>][-+0-9]*\s*(?:#.*)?$")
_HASH_KINDS = frozenset([Kind.SHELL, Kind.DOTENV, Kind.REQUIREMENTS, Kind.CONFIG])
_CONTINUED = frozenset([Kind.SHELL, Kind.DOCKERFILE, Kind.REQUIREMENTS])


class _Comment(Struct, frozen=True):
    """A comment and what it stands beside or above; all 1-based, `end_column` one past the end."""

    line: int
    column: int
    end_column: int
    text: str
    """Without what makes it a comment."""
    first: int
    last: int
    """Lines of the statement that it is about; `first` > `last`: it is about none."""


def extract(kind: Kind, units: Sequence[Unit]) -> Iterator[Fact]:
    """Facts `change` (`suppression-added`, `suppression-malformed`) at the comment, and `ignore` over what it covers.

    An own-line comment covers the statement directly below, one beside code the statement that it stands in: its whole
    logical line, of `with` and `if` the header alone. It covers nothing else on the way there.
    """
    for unit in units:
        # A search that folds cases takes thirty times as long, and to fold those of a text that is not ASCII ten times.
        if b"mlgate:" in unit.text.encode("utf-8", "surrogatepass").lower() and _SAID.search(unit.text):
            for comment in _comments(kind, unit.text):
                if _SAID.search(comment.text):
                    yield from _facts(unit.cell, comment)


def _facts(cell: int, comment: _Comment) -> Iterator[Fact]:
    place = Span(cell, comment.line, comment.column, comment.line, comment.end_column)
    well = _WELL.match(comment.text)
    rules = [one.strip() for one in well.group(1).split(",")] if well else []
    problem = _problem(well, rules)
    if problem or well is None:
        shown = " ".join(comment.text.split())
        words = {"what": Value((shown,)), "problem": Value((problem,)), "form": Value((FORM,))}
        yield Fact("change", "suppression-malformed", place, attributes=words)
        return
    words = {"rules": Value((", ".join(rules),)), "reason": Value((f"{well.group(2)}: {well.group(3)}",))}
    yield Fact("change", "suppression-added", place, attributes=words)
    first, last = comment.line, comment.line
    if comment.first <= comment.last:
        first, last = min(comment.first, first), max(comment.last, last)
    words = {"rules": Value(tuple(rules)), "type": Value((well.group(2),)), "reason": Value((well.group(3),))}
    yield Fact("ignore", "ignore", Span(cell, first, 1, last, 1), attributes=words)


def _problem(well: re.Match[str] | None, rules: Sequence[str]) -> str:
    """Why it silences nothing, as half a sentence; empty where it is as it should be."""
    if well is None:
        return "a rule in brackets, a type and a reason are needed"
    if any("*" in rule for rule in rules):
        return "it names a family; each rule has its own comment"
    if not rules or not all(_RULE.fullmatch(rule) for rule in rules):
        return "it names no rule"
    if well.group(2) not in TYPES:
        return f"its type is none of {', '.join(TYPES)}"
    return ""


# --- where comments stand


def _comments(kind: Kind, text: str) -> Iterator[_Comment]:
    if kind is Kind.PYTHON:
        yield from _python(text)
    elif kind is Kind.SQL:
        yield from _lined(text, "--", continued=False, beside=True)
    elif kind is Kind.MARKDOWN:
        yield from _markdown(text)
    elif kind is Kind.DOCKERFILE:
        # Behind an instruction a # is part of it.
        yield from _lined(text, "#", continued=True, beside=False)
    elif kind in _HASH_KINDS:
        yield from _lined(text, "#", continued=kind in _CONTINUED, beside=True, skip=_block_scalars(kind, text))


def _python(text: str) -> Iterator[_Comment]:
    """By tokens: a text that looks like a comment is none. In a statement that cannot be read it covers its line."""
    found: list[_Comment] = []
    waiting: list[tuple[int, int, str]] = []
    inside: list[tuple[int, int, str]] = []
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            line, column = token.start
            if token.type == tokenize.COMMENT:
                (inside if first else waiting).append((line, column + 1, token.string))
            elif token.type == tokenize.NL:
                if not first and not token.line.strip():
                    found += [_told(one, 1, 0) for one in waiting]
                    waiting = []
            elif token.type == tokenize.NEWLINE:
                found += [_told(one, first, line) for one in (*waiting, *inside)]
                waiting, inside, first = [], [], 0
            elif token.type not in (tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER) and not first:
                first = line
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # The statements before the fault are whole.
    yield from found
    yield from (_told(one, 1, 0) for one in (*waiting, *inside))


def _told(comment: tuple[int, int, str], first: int, last: int) -> _Comment:
    line, column, text = comment
    return _Comment(line, column, column + len(text), text.lstrip("#"), first, last)


def _lined(text: str, sign: str, *, continued: bool, beside: bool, skip: Container[int] = ()) -> Iterator[_Comment]:
    """By lines (0-based in `skip`), for languages whose comments end with the line."""
    lines = text.split("\n")
    starts: list[int] = []
    for index in range(len(lines)):
        joined = continued and index > 0 and lines[index - 1].rstrip("\r").endswith("\\")
        starts.append(starts[-1] if joined else index)
    ends = {start: index for index, start in enumerate(starts)}
    for index, line in enumerate(lines):
        if index in skip or _SAID.search(line) is None:
            continue
        at = _comment_at(line, sign)
        if at < 0:
            continue
        said = line[at:].rstrip("\r")
        own = not line[:at].strip()
        comment = (index + 1, at + 1, said)
        if own:
            below = _below(lines, index, sign)
            first, last = (starts[below] + 1, ends[starts[below]] + 1) if below is not None else (1, 0)
        elif beside:
            first, last = starts[index] + 1, ends[starts[index]] + 1
        else:
            continue
        line_no, column, shown = comment
        yield _Comment(line_no, column, column + len(shown), shown[len(sign) :], first, last)


def _block_scalars(kind: Kind, text: str) -> frozenset[int]:
    """0-based lines of YAML's literal and folded texts, where a # is part of the text. Scripts there are read apart."""
    if kind is not Kind.CONFIG:
        return frozenset()
    inside: set[int] = set()
    depth = -1
    for index, line in enumerate(text.split("\n")):
        indent = len(line) - len(line.lstrip(" "))
        if depth >= 0 and (not line.strip() or indent > depth):
            inside.add(index)
            continue
        depth = indent if _BLOCK_SCALAR.search(line) else -1
    return frozenset(inside)


def _below(lines: Sequence[str], index: int, sign: str) -> int | None:
    """The line directly below a comment, further comments passed over; None where there is a gap or nothing."""
    for below in range(index + 1, len(lines)):
        text = lines[below].strip()
        if not text:
            return None
        if not text.startswith(sign):
            return below
    return None


def _comment_at(line: str, sign: str) -> int:
    """Where a comment begins, outside quotes and behind a blank; -1: nowhere."""
    quote = ""
    index = 0
    while index < len(line):
        char = line[index]
        if quote:
            if char == "\\" and quote == '"':
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif line.startswith(sign, index) and (index == 0 or line[index - 1] in " \t"):
            return index
        index += 1
    return -1


_HTML = regex(r"<!--(.*?)-->", re.DOTALL)


def _markdown(text: str) -> Iterator[_Comment]:
    """HTML comments on one line: beside text its line, alone the line directly below."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        for found in _HTML.finditer(line):
            if _SAID.search(found.group(1)) is None:
                continue
            alone = not (line[: found.start()] + line[found.end() :]).strip()
            below = _below(lines, index, "<!--") if alone else index
            first, last = (below + 1, below + 1) if below is not None else (1, 0)
            yield _Comment(index + 1, found.start() + 1, found.end() + 1, found.group(1), first, last)
