"""From what rules ask for to what a file must hold before it can have a finding: the screen, as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlgate.model import Vocabulary
from mlgate.patterns import needed

_NAME = re.compile(r"[.:]")


def compile_screen(vocabulary: Vocabulary, gate: Mapping[str, Any] | None) -> dict[str, Any]:
    """The screen of a vocabulary, JSON-able; `gate` is that of the detectors, where secrets are sought.

    Derived, never typed: a pattern whose first or last segment is open asks for less, not for nothing.
    """
    words: dict[str, set[tuple[str, ...]]] = {}
    bare: set[str] = set()
    for pattern in (*vocabulary.calls, *vocabulary.imports, *vocabulary.classes):
        segments = pattern.removeprefix("builtins.").split(".")
        if len(segments) == 1 and "*" not in pattern:
            bare.add(pattern)
            continue
        # Open segments ask for nothing: `*`, `Auto*` and the `?` of an unknown receiver.
        plain = tuple(sorted({one for one in segments if "*" not in one and one != "?"}))
        last = segments[-1] if segments[-1] in plain else plain[0] if plain else "*"
        words.setdefault(last, set()).add(tuple(one for one in plain if one != last))
    for pattern in vocabulary.settings - vocabulary.in_files:
        plain = tuple(sorted(one for one in _NAME.split(pattern.removeprefix("env:")) if one and "*" not in one))
        words.setdefault(plain[0] if plain else "*", set()).add(plain[1:])
    texts: dict[str, list[list[list[str]]]] = {"exact": [], "folded": []}
    always = False
    for search in vocabulary.strings:
        flags = re.compile(search).flags
        sets = needed(search, flags)
        always = always or not sets
        texts["folded" if flags & re.IGNORECASE else "exact"].append([list(one) for one in sets])
    return {
        "words": {last: sorted(map(list, others)) for last, others in sorted(words.items())},
        "bare": sorted(bare),
        "text": {**texts, "always": always},
        "secrets": gate,
    }
