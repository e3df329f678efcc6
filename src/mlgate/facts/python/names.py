"""The dotted names that rules ask for, indexed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mlgate.model import OBJECTS
from mlgate.regex import regex


class Names:
    """The dotted patterns that rules ask for, indexed so that most calls are refused by one look-up."""

    def __init__(self, patterns: Iterable[str]) -> None:
        exact: set[str] = set()
        self.receivers: dict[str, set[str]] = {}
        """Method name → libraries asked for with an unknown receiver; "" stands for any."""
        self.lasts: dict[str, set[str]] = {}
        """Last segment → first ones; "" where the library is open."""
        self.roots: set[str] = set()
        """First segments: the libraries that rules speak of."""
        opened: set[tuple[frozenset[str], tuple[str, ...]]] = set()
        wild: list[str] = []
        for pattern in patterns:
            pattern = pattern.removeprefix("builtins.")
            root = pattern.partition(".")[0]
            if "*" not in root and "?" not in root:
                self.roots.add(root)
            last = pattern.rpartition(".")[2]
            if "*" in last:
                plain = frozenset(one for one in pattern.split(".") if "*" not in one and one != "?")
                opened.add((plain, tuple(part for part in last.split("*") if part)))
            else:
                self.lasts.setdefault(last, set()).add("" if "*" in root or "?" in root or root in OBJECTS else root)
            head, found, method = pattern.rpartition("?.")
            if found and "." not in method:
                self.receivers.setdefault(method, set()).add(head.rstrip("."))
            elif "*" in pattern:
                wild.append(re.escape(pattern).replace(r"\*", ".+"))
            else:
                exact.add(pattern)
        self.exact = frozenset(exact)
        self.opened = tuple(opened)
        """Of patterns whose last segment is open: the plain segments, and what the last one must hold."""
        self._wild = regex("|".join(f"(?:{one})" for one in wild)) if wild else None

    def asks_for(self, dotted: str) -> bool:
        return dotted in self.exact or (self._wild is not None and self._wild.fullmatch(dotted) is not None)


@lru_cache(maxsize=16)
def names_of(patterns: frozenset[str]) -> Names:
    """The index of `patterns`, made once for all the files of a run."""
    return Names(patterns)
