"""The regular expressions that rules look for in texts, asked together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from mlgate.model import Search
from mlgate.needles import WORD, Needles, Parts, part_of
from mlgate.regex import regex

_TO_ASCII = ("\u017f", "\u212a", "\u0130")
"""Letters that become ASCII ones when case is let go: the long s, the Kelvin sign and the dotted I."""


MAX_SUBSETS = 256
"""Most choices of expressions that are kept: documents meet few, and mostly the same."""


class Searches:
    """Most texts hold none of the words that any of the expressions needs: they are refused by a few look-ups."""

    def __init__(self, searches: Sequence[Search]) -> None:
        self._searches = searches
        self._always = not all(one.words for one in searches)
        self._exact = Needles(word.encode() for one in searches if not one.is_folded for word in one.words)
        self._folded = Needles(word.encode() for one in searches if one.is_folded for word in one.words)
        self._compiled = [regex(one.pattern) for one in searches]
        self._subsets: dict[frozenset[int], Searches] = {}

    @cached_property
    def _parts_of(self) -> list[frozenset[bytes]]:
        return [frozenset(part_of(word.encode()) for word in one.words) for one in self._searches]

    @cached_property
    def _parts(self) -> Parts:
        return Parts(part for parts in self._parts_of for part in parts)

    @staticmethod
    @lru_cache(maxsize=16)
    def of(searches: tuple[Search, ...]) -> Searches:
        """Made once for all the files of a run."""
        return Searches(searches)

    def __bool__(self) -> bool:
        return bool(self._searches)

    def within(self, texts: Iterable[str]) -> Searches:
        """Those of the expressions that may be found in one of the texts."""
        together = "\n".join(texts)
        if any(letter in together for letter in _TO_ASCII):
            return self
        parts = self._parts.within(frozenset(together.encode("utf-8", "surrogatepass").translate(WORD).split()))
        chosen = frozenset(
            place
            for place, one in enumerate(self._searches)
            if not one.words or not parts.isdisjoint(self._parts_of[place])
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
        for one, compiled in zip(self._searches, self._compiled, strict=True):
            where = lowered if one.is_folded else text
            if (not one.words or not is_plain or any(word in where for word in one.words)) and compiled.search(text):
                return True
        return False
