"""Where the text of a JSON string stands in the file that holds it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from operator import itemgetter

from msgspec import Struct, field

from mlgate.documents.json_text import DECODER
from mlgate.regex import regex

Step = str | int
Offset = int
"""Into the decoded file, in code points, 0-based."""

_SPACE = regex(r"[ \t\n\r]*")
_ESCAPE = regex(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)",
)
_LINE_FEED = regex(r"\\(?:n|u000[aA])")
_CARRIAGE_RETURN = regex(r"\\(?:r|u000[dD])")


class JsonText:
    """A JSON file's places, found as they are asked for: each container that is on the way is read once."""

    def __init__(self, text: str) -> None:
        """`text` must be valid JSON, decoded as `decoding` does it."""
        self._text = text
        self._line_starts = [0, *(end.end() for end in re.finditer("\n", text))]
        self._children: dict[Offset, Mapping[Step, Offset]] = {}
        self._strings: dict[tuple[Offset, str], JsonString] = {}

    def place(self, offset: Offset) -> tuple[int, int]:
        """Line and column, 1-based, columns in code points."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def find(self, pointer: Sequence[Step]) -> Offset:
        """Where the value at `pointer` begins. Of equal keys the last counts, as for `json`.

        Raises KeyError where there is none.
        """
        at = _skip_space(self._text, 0)
        for step in pointer:
            at = self._of(at)[step]
        return at

    def string(self, pointer: Sequence[Step], separator: str) -> JsonString | None:
        """The string at `pointer`, or the strings of the list there, joined by `separator`; None: it is neither.

        Raises KeyError where there is nothing.
        """
        at = self.find(pointer)
        if (at, separator) not in self._strings:
            opening = self._text[at]
            starts = [at] if opening == '"' else list(self._of(at).values())
            if opening not in '"[' or any(self._text[start] != '"' for start in starts):
                return None
            pieces = [(start + 1, DECODER.raw_decode(self._text, start)[1] - 1) for start in starts]
            # An empty list is an empty text, just inside its bracket.
            pieces = pieces or [(at + 1, at + 1)]
            string = JsonString(self._text, tuple(pieces), _line_starts(self._text, pieces, separator))
            self._strings[at, separator] = string
        return self._strings[at, separator]

    def _of(self, at: Offset) -> Mapping[Step, Offset]:
        """Where the values of the object or list at `at` begin; empty for anything else."""
        if at not in self._children:
            opening = self._text[at]
            self._children[at] = self._read(at) if opening in "{[" else {}
        return self._children[at]

    def _read(self, at: Offset) -> Mapping[Step, Offset]:
        text = self._text
        closing, is_object = ("}", True) if text[at] == "{" else ("]", False)
        children: dict[Step, Offset] = {}
        at = _skip_space(text, at + 1)
        while text[at] != closing:
            key: Step = len(children)
            if is_object:
                key, at = DECODER.raw_decode(text, at)
                at = _skip_space(text, _skip_space(text, at) + 1)
            children[key] = at
            at = _skip_space(text, DECODER.raw_decode(text, at)[1])
            if text[at] == ",":
                at = _skip_space(text, at + 1)
        return children


_BETWEEN_MARKS = 4096
"""Columns after which a place in a long line is remembered, so that its next finding does not start from the left."""


class JsonString(Struct):
    """One text that stands in the file as one or several JSON strings."""

    text: str
    """The whole file."""
    pieces: tuple[tuple[Offset, Offset], ...]
    """Start and end of each string, quotes not included."""
    line_starts: tuple[tuple[int, Offset], ...]
    """For each line of the text: index of the piece, and offset, at which it begins."""
    _marks: dict[int, list[tuple[int, int, Offset]]] = field(default_factory=dict)
    """By line: columns behind it, piece and offset."""

    def start(self, line: int, column: int) -> Offset:
        """Where the character at (`line`, `column`) begins; both 1-based. Past the end: the end."""
        piece, offset = self._walk(line, column - 1)
        # The character after a string's last one is the first of the next that is not empty.
        while offset == self.pieces[piece][1] and piece + 1 < len(self.pieces):
            piece += 1
            offset = self.pieces[piece][0]
        return offset

    def end(self, line: int, column: int) -> Offset:
        """Just after the character before (`line`, `column`); where the line begins, if there is none."""
        return self._walk(line, column - 1)[1] if column > 1 else self.start(line, column)

    def _walk(self, line: int, count: int) -> tuple[int, Offset]:
        """`count` characters on from the start of `line`."""
        line = min(line, len(self.line_starts))
        marks = self._marks.setdefault(line, [(0, *self.line_starts[line - 1])])
        done, piece, offset = marks[bisect_right(marks, count, key=itemgetter(0)) - 1]
        while True:
            end = self.pieces[piece][1]
            for escape in _ESCAPE.finditer(self.text, offset, end):
                plain = escape.start() - offset
                if done + plain >= count:
                    return piece, offset + count - done
                done += plain + 1
                offset = escape.end()
                if done - marks[-1][0] >= _BETWEEN_MARKS:
                    marks.append((done, piece, offset))
            if done + end - offset >= count or piece + 1 == len(self.pieces):
                return piece, min(offset + count - done, end)
            done += end - offset
            piece += 1
            offset = self.pieces[piece][0]


def _line_starts(text: str, pieces: Sequence[tuple[Offset, Offset]], separator: str) -> tuple[tuple[int, Offset], ...]:
    starts = [(0, pieces[0][0])]
    after_return: Offset | None = None
    """Where a line feed would belong to the carriage return before it."""
    for index, (start, end) in enumerate(pieces):
        if index and separator == "\n":
            if after_return is None:
                starts.append((index, start))
            else:
                starts[-1] = (index, start)
                after_return = None
        elif after_return is not None:
            after_return = start
        for escape in _ESCAPE.finditer(text, start, end):
            if _LINE_FEED.fullmatch(escape[0]):
                if after_return == escape.start():
                    starts.pop()
                starts.append((index, escape.end()))
                after_return = None
            elif _CARRIAGE_RETURN.fullmatch(escape[0]):
                starts.append((index, escape.end()))
                after_return = escape.end()
        if after_return != end:
            after_return = None
    return tuple(starts)


def _skip_space(text: str, at: Offset) -> Offset:
    space = _SPACE.match(text, at)
    return space.end() if space else at
