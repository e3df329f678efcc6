"""The regular expressions that rules look for in texts, asked together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mlgate.needles import WORD, Needles, Parts, part_of
from mlgate.patterns import needed

_TO_ASCII = ("\u017f", "\u212a", "\u0130")
"""Letters that become ASCII ones when case is let go: the long s, the Kelvin sign and the dotted I."""


MAX_SUBSETS = 256
"""Most choices of expressions that are kept: documents meet few, and mostly the same."""


@dataclass(frozen=True, slots=True)
class _Search:
    pattern: re.Pattern[str]
    words: tuple[str, ...]
    """One of them stands in each text that it is found in; without any, no word does for certain."""
    parts: frozenset[bytes]

    @property
    def is_folded(self) -> bool:
        return bool(self.pattern.flags & re.IGNORECASE)


class Searches:
    """Most texts hold none of the words that any of the expressions needs: they are refused by a few look-ups."""

    def __init__(self, searches: Sequence[_Search]) -> None:
        self._searches = searches
        self._always = not all(one.words for one in searches)
        self._exact = Needles(word.encode() for one in searches if not one.is_folded for word in one.words)
        self._folded = Needles(word.encode() for one in searches if one.is_folded for word in one.words)
        self._parts = Parts(part for one in searches for part in one.parts)
        self._subsets: dict[frozenset[int], Searches] = {}

    @staticmethod
    @lru_cache(maxsize=16)
    def of(patterns: tuple[str, ...]) -> Searches:
        """Made once for all the files of a run."""
        return Searches([_search(pattern) for pattern in patterns])

    def __bool__(self) -> bool:
        return bool(self._searches)

    def within(self, texts: Iterable[str]) -> Searches:
        """Those of the expressions that may be found in one of the texts."""
        together = "\n".join(texts)
        if any(letter in together for letter in _TO_ASCII):
            return self
        parts = self._parts.within(frozenset(together.encode("utf-8", "surrogatepass").translate(WORD).split()))
        chosen = frozenset(
            place for place, one in enumerate(self._searches) if not one.words or not parts.isdisjoint(one.parts)
        )
        if chosen not in self._subsets:
            if len(self._subsets) >= MAX_SUBSETS:
                self._subsets.clear()
            self._subsets[chosen] = Searches([self._searches[place] for place in sorted(chosen)])
        return self._subsets[chosen]

    def meet(self, text: str) -> bool:
        """Whether one of the expressions is found in `text`."""
        is_plain = not any(letter in text for letter in _TO_ASCII)
        if not self._always and is_plain:
            data = text.encode("utf-8", "surrogatepass")
            if not self._exact.are_in(data) and not self._folded.are_in(data.lower()):
                return False
        lowered = text.lower()
        for one in self._searches:
            where = lowered if one.is_folded else text
            if (not one.words or not is_plain or any(word in where for word in one.words)) and one.pattern.search(text):
                return True
        return False


def _search(pattern: str) -> _Search:
    compiled = re.compile(pattern)
    words: list[str] = []
    for sets in needed(compiled.pattern, compiled.flags):
        if not sets:
            return _Search(compiled, (), frozenset([b""]))
        fewest: tuple[str, ...] = min(sets, key=lambda one: len(one))
        words += fewest
    return _Search(compiled, tuple(words), frozenset(part_of(word.encode()) for word in words))
