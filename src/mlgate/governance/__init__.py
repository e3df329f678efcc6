"""What a change does to the checks themselves, as facts of kind `change`: seen here, judged as anything else is."""

from __future__ import annotations

from msgspec import Struct

from mlgate.model import Fact, Span, Value


class Change(Struct, frozen=True):
    """One change to the checks, and the file that it is told in."""

    path: str
    """POSIX, relative to the root."""
    line: int
    """1-based, in the file as it is at the head; at the base where `is_gone`."""
    name: str
    """What patterns of rules meet: `policy-loosened`, `waiver-added`, `waiver-stale`, `enforcement-changed` …"""
    words: tuple[tuple[str, str], ...] = ()
    """Attributes of the fact, for messages and for what tells it from others."""
    is_gone: bool = False
    """Whether the file, or the place in it, is only at the base."""

    def fact(self, lines: int) -> Fact:
        """As a fact of a document of one cell with so many lines."""
        line = max(1, min(self.line, lines))
        attributes = {name: Value((text,)) for name, text in self.words}
        return Fact("change", self.name, Span(0, line, 1, line, 1), attributes=attributes)
