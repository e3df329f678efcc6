"""What one entry is about: the names of models, files or packages, as many as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from mlgate.model import OR
from mlgate.report.columns import cut_middle, width

MOST_NAMES = 12
"""Packages that a sentence lists unless every one is asked for."""


def sentence(names: Sequence[str], every: bool) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b and 7 more`."""
    if not every and len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def in_one_line(names: Sequence[str], room: int, ellipsis: str) -> str:
    """`a, b`, `a or b`, `a, b and 7 more` in `room` columns; of one name that is too long the beginning and the end."""
    between, last = ", ", " and"
    if len(names) == 1 and OR in names[0]:
        names, between, last = names[0].split(OR), OR, OR.rstrip()
    text = between.join(names)
    shown = len(names)
    while width(text) > room and shown > 1:
        shown -= 1
        text = f"{between.join(names[:shown])}{last} {len(names) - shown} more"
    if width(text) <= room:
        return text
    more = f"{last} {len(names) - 1} more" if len(names) > 1 else ""
    return cut_middle(names[0], room - len(more), ellipsis) + more
