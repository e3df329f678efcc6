"""From what rules ask for to what a file must hold before it can have a finding: the screen, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from mlgate.model import OBJECTS, Vocabulary
from mlgate.patterns import beginnings, needed
from mlgate.regex import regex

_NAME = regex(r"[.:]")


def compile_screen(vocabulary: Vocabulary, gate: Mapping[str, Any] | None) -> dict[str, Any]:
    """The screen of a vocabulary, JSON-able; `gate` is that of the detectors, where secrets are sought.

    Derived, never typed: a pattern whose first or last segment is open asks for less, not for nothing.
    """
    calls: dict[str, set[tuple[str, ...]]] = {}
    opened: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    roots: set[str] = set()
    bare: set[str] = set()
    for pattern in (*vocabulary.calls, *vocabulary.imports, *vocabulary.classes):
        segments = pattern.removeprefix("builtins.").split(".")
        if len(segments) == 1 and "*" not in pattern:
            bare.add(pattern)
            continue
        if "*" not in segments[0] and segments[0] != "?" and segments[0] not in OBJECTS:
            roots.add(segments[0])
        # Open segments ask for nothing: `*`, `Auto*` and the `?` of an unknown receiver.
        plain = tuple(sorted({one for one in segments if "*" not in one and one != "?"} - OBJECTS))
        parts = tuple(sorted(part for part in segments[-1].split("*") if part)) if "*" in segments[-1] else ()
        if parts:
            opened.add((parts, plain))
        else:
            last = segments[-1] if segments[-1] in plain else plain[0] if plain else "*"
            calls.setdefault(last, set()).add(tuple(one for one in plain if one != last))
    settings: dict[str, set[tuple[str, ...]]] = {}
    for pattern in vocabulary.settings - vocabulary.in_files:
        plain = tuple(sorted(one for one in _NAME.split(pattern.removeprefix("env:")) if one and "*" not in one))
        settings.setdefault(plain[0] if plain else "*", set()).add(plain[1:])
    in_code = [one for one in vocabulary.strings if one in vocabulary.strings_in_code]
    anchored = {one: texts for one in in_code if (texts := beginnings(one))}
    return {
        "calls": _sorted(calls),
        "open": sorted([list(parts), list(others)] for parts, others in opened),
        "roots": sorted(roots),
        "bare": sorted(bare),
        "settings": _sorted(settings),
        "text": {
            **_texts(one for one in vocabulary.strings if one not in vocabulary.strings_in_code),
            "in-code": _texts(one for one in in_code if one not in anchored),
            "beginning": [
                [list(starts), list(map(list, sets))] for one, starts in anchored.items() for sets in needed(one)
            ],
        },
        "secrets": gate,
        "only-texts": vocabulary.only_texts,
    }


def _sorted(table: Mapping[str, set[tuple[str, ...]]]) -> dict[str, list[list[str]]]:
    return {word: sorted(map(list, others)) for word, others in sorted(table.items())}


def _texts(searches: Iterable[str]) -> dict[str, Any]:
    found: dict[str, list[list[list[list[str]]]]] = {"exact": [], "folded": []}
    always = False
    for search in searches:
        flags = re.compile(search).flags
        branches = needed(search, flags)
        always = always or not all(branches)
        found["folded" if flags & re.IGNORECASE else "exact"].append([[list(one) for one in sets] for sets in branches])
    return {**found, "always": always}
