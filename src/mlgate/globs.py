"""Patterns of paths and repositories, as scopes and waivers write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of `patterns` stands for the whole of `path` (POSIX, relative to the root).

    `*` and `?` stay within a segment, `**` is any number of whole segments, everything else is itself, case included.
    A pattern begins at the root: `serve.py` is no file in a folder. Tighter than CODEOWNERS on purpose: a waiver that
    covers more than it seems to is a hole.
    """
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    segments: list[str] = []
    for segment in pattern.removeprefix("/").split("/"):
        if segment == "**" and segments[-1:] == ["**"]:
            continue  # Two in a row say nothing new, and cost a regular expression dearly.
        segments.append(segment)
    parts: list[str] = []
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "**":
            parts.append(".+" if is_last else "(?:[^/]+/)*")
        else:
            parts.append(_segment(segment) + ("" if is_last else "/"))
    return re.compile("".join(parts), re.DOTALL)


def _segment(segment: str) -> str:
    shortened = re.sub(r"\*+", "*", segment)
    return "".join("[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char) for char in shortened)
