"""What a caller may choose about the looks of a report."""

from __future__ import annotations

from msgspec import Struct


class Options(Struct, frozen=True):
    width: int = 80
    """Columns of the terminal; 0 is unknown and taken as 80, anything below 40 as 40."""
    colour: bool = False
    """Whether escape sequences are wanted; NO_COLOR, FORCE_COLOR and the kind of stream are the caller's business."""
    quiet: bool = False
    """Say nothing unless something blocks."""
    verbose: bool = False
    """Unfold the warnings, and say why a finding is not certain and who decided what."""
    all: bool = False
    """Every decision, and every place of it, however many there are."""
    ascii: bool = False
    """For consoles that cannot show more (cp1252, cp437): own signs in ASCII, foreign letters as escapes."""

    today: str = ""
    """The day of the run, which reports fill in: dates of another year are said with it."""

    @property
    def every(self) -> bool:
        """Whether each place and name is listed, however many there are."""
        return self.all or self.verbose
