"""What of a Python file is code, told from its bytes without a parser. Imports next to nothing, for `quick`.

The lexical rules are Python's own: reference manual, 2.1.3 (comments), 2.4.1 (strings), 2.4.3 (f-strings), PEP 701.
"""

from __future__ import annotations

import re

from mlgate.regex import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DOUBLE = rb'"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_SINGLE = rb"'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*'"
_RUN = regex(
    rb"""[^"'#]*(?:(?<![fFtT])(?<![fFtT][rR])(?:""" + _DOUBLE + rb"|" + _SINGLE + rb""")[^"'#]*)*""", re.DOTALL
)
"""Code as far as the next comment, f-string or text in three quotes; other strings are run over."""
MAX_START = 80
"""How much of a long text is kept to see how it begins, in bytes."""
_TEXT = regex(_DOUBLE + rb"|" + _SINGLE, re.DOTALL)
_FIELDS = regex(rb"\{(?:[^{}]|\{[^{}]*\})*\}")
_DOTTED = regex(rb"[\w.\[\], |]*")
"""A name, or an annotation."""
_LONG = {
    b'"""': regex(rb'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""', re.DOTALL),
    b"'''": regex(rb"'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''", re.DOTALL),
}
# A replacement field holds no quote but those of plain texts in it, so that every Python agrees where it ends.
_PLAIN = rb"""[^"'{}#\\]*"""
_SPEC = rb"\{" + _PLAIN + rb"\}"
_IN_DOUBLE = rb"""'[^"'{}#\\\n]*'"""
_IN_SINGLE = rb'''"[^"'{}#\\\n]*"'''


def _formatted(quote: bytes, literal: bytes, *texts: bytes) -> re.Pattern[bytes]:
    field = rb"\{" + _PLAIN + rb"(?:(?:" + b"|".join((*texts, _SPEC)) + rb")" + _PLAIN + rb")*\}"
    return regex(quote + rb"(?:" + literal + rb"|\\[^{}]|\{\{|\}\}|" + field + rb")*" + quote, re.DOTALL)


_FORMATTED = {
    b'"': _formatted(b'"', rb'[^\\{}"\n]', _IN_DOUBLE),
    b"'": _formatted(b"'", rb"[^\\{}'\n]", _IN_SINGLE),
    b'"""': _formatted(b'"""', rb'[^\\{}"]|"(?!"")', _IN_DOUBLE, _IN_SINGLE),
    b"'''": _formatted(b"'''", rb"[^\\{}']|'(?!'')", _IN_DOUBLE, _IN_SINGLE),
}
_BEGINS = regex(rb"(?:\A|(?<!\\)\n)[ \t]*(?:async[ \t]+)?(?=(?:def|class)[ \t])")
_HEADER = regex(
    rb"""(?:def|class)[ \t]+\w+[ \t]*(\((?:[^"'\\]|"[^"\\\n]*"|'[^'\\\n]*')*\))?"""
    rb"""[ \t]*(?:->[^\n:"'\\{]*)?:[ \t\r]*\n[ \t\r\n]*[rR]?\Z"""
)
_IN_HEADER = regex(rb""""[^"\n]*"|'[^'\n]*'|[()]""")


class Views:
    """The bytes of a Python file without what is not asked about; what is left stands in its order."""

    __slots__ = ("code", "said", "starts", "texts")

    def __init__(self, parts: list[tuple[bytes, str]]) -> None:
        code = [part for part, kind in parts if kind == "code"]
        self.code = b" ".join(code)
        """Without comments and long texts: those in three quotes that go over several lines and hold no code."""
        self.starts = b" ".join([*code, *(part[:MAX_START] for part, kind in parts if kind == "long")])
        """The same with the beginnings of long texts, behind everything else."""
        self.texts = b" ".join([part for part, kind in parts if kind != "docstring"])
        """Without comments and docstrings."""
        self.said = b" ".join([part for part, _ in parts])
        """Without comments."""


def views(data: bytes) -> Views | None:
    """`data` must be UTF-8 with `\\n` for line ends. A text is a docstring only where it is one for certain.

    None where Pythons disagree, or the end of a string is missing: then everything is to be taken for code.
    """
    try:
        return Views(list(_parts(data)))
    except ValueError:
        return None


def names(data: bytes) -> bytes:
    """The code alone: as `views`, and without texts that are no single word either; all of it where nobody can tell."""
    try:
        return b" ".join(
            b" ".join(_FIELDS.findall(part)) if part[:1] in (b'"', b"'") else _TEXT.sub(_if_word, part)
            for part, kind in _parts(data)
            if kind == "code"
        )
    except ValueError:
        return data


def _if_word(text: re.Match[bytes]) -> bytes:
    found = text.group()
    return found if _DOTTED.fullmatch(found, 1, len(found) - 1) else b'""'


def _parts(data: bytes) -> Iterator[tuple[bytes, str]]:
    """Stretches of the file and what they are, comments left out. Raises ValueError where that cannot be told."""
    at, end = 0, len(data)
    is_first = True
    """Whether nothing but comments stood before."""
    while True:
        run = _RUN.match(data, at)
        assert run is not None
        begin, at = at, run.end()
        yield data[begin:at], "code"
        is_first = is_first and data[begin:at].translate(None, b" \t\n\f\xef\xbb\xbf") in (b"", b"r", b"R")
        if at == end:
            return
        if data[at] == 35:  # "#"
            at = data.find(b"\n", at)
            if at < 0:
                return
            continue
        quote = data[at : at + 3]
        if quote not in _LONG:
            quote = quote[:1]
        prefix = data[max(0, at - 2) : at].lower()
        if prefix.endswith((b"f", b"t", b"fr", b"tr")):
            found = _FORMATTED[quote].match(data, at)
            kind = "code"
        elif len(quote) == 3:
            found = _LONG[quote].match(data, at)
            kind = "long" if found and b"\n" in found.group() else "code"
            if is_first or _is_header(data[begin:at], begin == 0):
                kind = "docstring"
        else:
            found = None
        if found is None:
            raise ValueError("no end of a string that every Python agrees on")
        is_first = False
        at = found.end()
        yield found.group(), kind


def _is_header(before: bytes, is_start: bool) -> bool:
    """Whether the code before a text ends in the whole header of a function or class, so that it is a docstring.

    `is_start`: that code begins where the file does.
    """
    at = max(before.rfind(b"def "), before.rfind(b"class "), before.rfind(b"def\t"), before.rfind(b"class\t"))
    if at < 0:
        return False
    line = before.rfind(b"\n", 0, at)
    begins = _BEGINS.match(before, max(line, 0)) if line >= 0 or is_start else None
    if begins is None or begins.end() != at or before[line - 1 : line] == b"\\":
        return False
    header = _HEADER.match(before, at)
    if header is None:
        return False
    depth = 0
    given = header.group(1) or b""
    for mark in _IN_HEADER.finditer(given):
        depth += {b"(": 1, b")": -1}.get(mark.group(), 0)
        if depth == 0 and mark.group() == b")" and mark.end() < len(given):
            return False
    return depth == 0
