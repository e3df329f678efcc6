"""Text measured in columns of a terminal: its width, cut and wrapped to it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from mlgate.report.escape import JOINER

_WIDEN = "\ufe0f"
"""Asks for the emoji form of the sign before it, which takes two columns on many terminals."""


def width(text: str) -> int:
    """Columns that `text` takes, rather too many than too few where terminals differ. Source: Unicode annex 11."""
    return len(text) if text.isascii() else sum(_widths(text))


def _widths(text: str) -> list[int]:
    widths: list[int] = []
    for sign in text:
        if sign == _WIDEN:
            widths.append(1 if widths and widths[-1] == 1 else 0)
        elif sign == JOINER or unicodedata.category(sign) in ("Mn", "Me"):
            widths.append(0)
        else:
            widths.append(2 if unicodedata.east_asian_width(sign) in "WF" else 1)
    return widths


def head(text: str, room: int) -> int:
    """How many characters of `text` fit into `room` columns."""
    if text.isascii():
        return min(len(text), max(room, 0))
    used = 0
    for place, size in enumerate(_widths(text)):
        used += size
        if used > room:
            return place
    return len(text)


def cut(text: str, room: int, ellipsis: str) -> str:
    """`text`, or as much of its beginning as fits into `room` columns together with `ellipsis`."""
    if width(text) <= room:
        return text
    return text[: head(text, room - width(ellipsis))].rstrip() + ellipsis


def cut_front(text: str, room: int, ellipsis: str) -> str:
    """`text`, or as much of its end as fits: the end of a path says more than its beginning."""
    if width(text) <= room:
        return text
    widths = _widths(text)
    left, start = sum(widths) + width(ellipsis), 0
    while start < len(text) and (left > room or not widths[start]):
        left -= widths[start]
        start += 1
    return ellipsis + text[start:]


def cut_middle(text: str, room: int, ellipsis: str) -> str:
    """`text`, or as much of its beginning and its end as fits: where names differ is at either."""
    if width(text) <= room:
        return text
    tail = (room - width(ellipsis)) // 2
    return text[: head(text, room - width(ellipsis) - tail)] + cut_front(text, tail + width(ellipsis), ellipsis)


def fold(text: str, room: int, rest: str = "") -> list[str]:
    """`text` in lines of at most `room` columns, broken anywhere, blanks kept; all but the first led by `rest`."""
    lines: list[str] = []
    lead = ""
    while text or not lines:
        fits = max(head(text, room - width(lead)), 1)
        lines.append(lead + text[:fits])
        text, lead = text[fits:], rest
    return lines


def wrap(text: str, room: int, first: str = "", rest: str = "") -> list[str]:
    """`text` in lines of at most `room` columns, the first one led by `first`, the others by `rest`.

    A word that is longer than a line is broken. `first` and `rest` are narrower than `room` by two columns at least.
    """
    return wrap_parts(text.split(), room, first, rest)


def wrap_parts(parts: Iterable[str], room: int, first: str = "", rest: str = "") -> list[str]:
    """As `wrap`, of a text that is given in parts between which a line may end."""
    lines: list[str] = []
    line, lead = "", first
    for part in parts:
        if line and width(lead) + width(line) + 1 + width(part) > room:
            lines.append(lead + line)
            line, lead = "", rest
        line = f"{line} {part}" if line else part
        while width(lead) + width(line) > room:
            fits = max(head(line, room - width(lead)), 1)
            lines.append(lead + line[:fits])
            line, lead = line[fits:], rest
    return [*lines, lead + line] if line or not lines else lines
