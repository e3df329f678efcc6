"""From what rules ask for to what a file must hold before it can have a finding: the screen, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlgate.model import Vocabulary
from mlgate.patterns import literals


def compile_screen(vocabulary: Vocabulary, gate: Mapping[str, Any] | None) -> dict[str, Any]:
    """The screen of a vocabulary, JSON-able; `gate` is that of the detectors, where secrets are sought.

    Derived, never typed: a pattern whose first or last segment is open asks for less, not for nothing.
    """
    pairs: dict[str, set[str]] = {}
    for pattern in (*vocabulary.calls, *vocabulary.imports, *vocabulary.classes):
        segments = pattern.removeprefix("builtins.").split(".")
        first, last = segments[0], segments[-1]
        # Names inside one segment may be open too: `Auto*`.
        first = "" if "*" in first or first == "?" or len(segments) == 1 else first
        pairs.setdefault("*" if "*" in last else last, set()).add(first)
    exact: set[str] = set()
    folded: set[str] = set()
    always = False
    for search in vocabulary.strings:
        flags = re.compile(search).flags
        found = literals(search, flags)
        if not found:
            always = True
        (folded if flags & re.IGNORECASE else exact).update(word.text for word in found)
    return {
        "pairs": {last: sorted(firsts) for last, firsts in sorted(pairs.items())},
        "text": {"exact": sorted(exact), "folded": sorted(folded), "always": always},
        "secrets": gate,
    }
