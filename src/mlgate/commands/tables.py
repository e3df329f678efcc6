"""Tables of names, written as blank-separated text."""

from __future__ import annotations


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())
