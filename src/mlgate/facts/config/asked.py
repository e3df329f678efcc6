"""Whether a rule asks for a setting, told from its name before patterns are tried."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache


def asked(name: str, patterns: frozenset[str]) -> bool:
    """Whether one of `patterns` fits the whole of `name`. A file has up to ten thousand names."""
    by_last, others = _sorted(patterns)
    return any(fnmatchcase(name, one) for one in (*by_last.get(name.rpartition(".")[2], ()), *others))


@lru_cache(maxsize=4)
def _sorted(patterns: frozenset[str]) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """The patterns by their last segment, and those in which that is open."""
    by_last: dict[str, tuple[str, ...]] = {}
    others: list[str] = []
    for pattern in sorted(patterns):
        last = pattern.rpartition(".")[2]
        if any(sign in last for sign in "*?["):
            others.append(pattern)
        else:
            by_last[last] = (*by_last.get(last, ()), pattern)
    return by_last, tuple(others)
