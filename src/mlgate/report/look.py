"""How text is laid out on one terminal: its columns, its signs, its colours."""

from __future__ import annotations

from msgspec import Struct

from mlgate.model import Level
from mlgate.report.columns import cut
from mlgate.report.escape import in_ascii, visible
from mlgate.report.options import Options

NARROWEST, WIDEST = 40, 100
"""Columns that the layout uses; on a wider terminal a place at the right edge would be far from what it belongs to."""

MARGIN = 3
"""Columns kept free at the right edge of a terminal that has 60 or more."""

BOLD_RED, BOLD_MAGENTA, PLAIN = "\x1b[1;31m", "\x1b[1;35m", "\x1b[0m"
# Red and magenta are legible on black and on white; yellow is not.


COLOURS = {Level.BLOCK: BOLD_RED, Level.WARN: BOLD_MAGENTA}


class Look(Struct, frozen=True):
    """How text is written on this terminal."""

    columns: int
    """What a line of words may take."""
    edge: int
    """Where code is cut and places end; a little less on a wide terminal."""
    colour: bool
    ascii: bool

    @property
    def ellipsis(self) -> str:
        return "..." if self.ascii else "…"

    @property
    def dot(self) -> str:
        return " - " if self.ascii else " · "

    def show(self, text: str) -> str:
        """Text of any origin, as this terminal can show it on one line."""
        text = visible(text)
        return in_ascii(text) if self.ascii else text

    def cut(self, text: str, room: int) -> str:
        return cut(text, room, self.ellipsis)

    def paint(self, word: str, level: Level) -> str:
        return f"{COLOURS[level]}{word}{PLAIN}" if self.colour and level in COLOURS else word


def look_of(options: Options) -> Look:
    columns = min(max(options.width or 80, NARROWEST), WIDEST)
    return Look(columns, columns - MARGIN if columns >= 60 else columns, options.colour, options.ascii)
