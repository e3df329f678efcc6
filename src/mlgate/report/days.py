"""Days as people say them, in English wherever the program runs."""

from __future__ import annotations

from datetime import date

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = tuple("January February March April May June July August September October November December".split())

NEAR = 300
"""Days within which a month names its year."""


def spoken(day: str, today: str) -> str:
    """`Tue 12 January`, with the year where it may be mistaken; both `YYYY-MM-DD`."""
    when = date.fromisoformat(day)
    year = "" if abs((when - date.fromisoformat(today)).days) < NEAR else f" {when.year}"
    return f"{_DAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]}{year}"
