"""The regular expressions that rules look for in texts, asked together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from mlgate.needles import Needles
from mlgate.patterns import needed


class Searches:
    """Most texts hold none of the words that any of the expressions needs: they are refused by a few look-ups."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]
        exact: list[bytes] = []
        folded: list[bytes] = []
        self._always = False
        for pattern in self._patterns:
            for sets in needed(pattern.pattern, pattern.flags):
                if not sets:
                    self._always = True
                    continue
                words = [word.encode() for word in min(sets, key=len)]
                (folded if pattern.flags & re.IGNORECASE else exact).extend(words)
        self._exact = Needles(exact)
        self._folded = Needles(folded)

    @staticmethod
    @lru_cache(maxsize=16)
    def of(patterns: tuple[str, ...]) -> Searches:
        """Made once for all the files of a run."""
        return Searches(patterns)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def meet(self, text: str) -> bool:
        """Whether one of the expressions is found in `text`."""
        if not self._always:
            data = text.encode("utf-8", "surrogatepass")
            if not self._exact.are_in(data):
                # Two letters fold to ASCII ones: the long s and the Kelvin sign.
                plain = data.isascii() or ("\u017f" not in text and "\u212a" not in text)
                if plain and not self._folded.are_in(data.lower()):
                    return False
        return any(pattern.search(text) for pattern in self._patterns)
