"""Detectors of secrets, and which of them a text can meet at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from mlgate.gate import KEY_CHARACTERS, MIN_KEY, has_userinfo, runs
from mlgate.model import Confidence
from mlgate.needles import WORD, Parts, part_of
from mlgate.regex import regex

MAX_NEAR = 160
"""How far from a match `near` is looked for, in code points to either side: two lines of code."""


Flagged = tuple[str, int]
"""A regular expression, and its flags."""


class Detector(Struct, frozen=True):
    """A form ready for use, with the words of which a text holds at least one wherever it matches."""

    id: str
    search: Flagged
    group: int
    confidence: Confidence
    nearby: Flagged | None
    mild: Flagged | None
    because: str
    shown: tuple[str, ...]
    floor: float
    judge: str
    exact: tuple[str, ...]
    keyed: tuple[str, ...]
    """Those of `exact` that begin a run of characters of keys, `gate.MIN_KEY` long at least."""
    folded: tuple[str, ...]
    """Lower case; looked for in the lowered text."""
    userinfo: bool
    """No word promises anything: only `://user:password@` does."""

    @property
    def pattern(self) -> re.Pattern[str]:
        return compiled(self.search)

    @property
    def near(self) -> re.Pattern[str] | None:
        return self.nearby and compiled(self.nearby)

    @property
    def milder(self) -> re.Pattern[str] | None:
        return self.mild and compiled(self.mild)


@lru_cache(maxsize=1024)
def compiled(search: Flagged) -> re.Pattern[str]:
    """Compiled when a text asks for it: most runs meet none of a hundred."""
    return re.compile(*search)


SHORT = 1_000
"""Texts below this, in code points, are searched as they are."""


MAX_ALONE = 40
"""Most words that are looked for one by one in a long text; more are told by one pass over it."""
MAX_SUBSETS = 256
"""Most choices of detectors that are kept: documents meet a few of a hundred, and mostly the same."""


_FOLDS_TO_ASCII = regex("[\u212a\u0130]")
"""The Kelvin sign and the dotted I."""


def _ascii_lower(text: str) -> str:
    """In lower case as far as it is ASCII; other letters become spaces, one for each byte."""
    data = text.encode("utf-8", "surrogatepass").lower()
    return data.translate(_ASCII).decode("ascii")


_ASCII = bytes(byte if byte < 128 else 32 for byte in range(256))


def _is_key(word: str) -> bool:
    return all(character in KEY_CHARACTERS for character in word.encode())


class Detectors(tuple[Detector, ...]):
    """Detectors by the words of which one stands in every text that they match."""

    def __init__(self, detectors: Iterable[Detector]) -> None:
        self._exact: dict[str, list[int]] = {}
        self._keyed: dict[str, list[int]] = {}
        self._folded: dict[str, list[int]] = {}
        for place, one in enumerate(self):
            plain = set(one.exact) - set(one.keyed)
            for table, words in ((self._exact, plain), (self._keyed, one.keyed), (self._folded, one.folded)):
                for word in words:
                    table.setdefault(word, []).append(place)
        self._userinfo = [place for place, one in enumerate(self) if one.userinfo]
        self._part_of = {word: part_of(word.encode()) for word in (*self._exact, *self._keyed, *self._folded)}
        # What words hold is remembered: a few needles are looked for sooner, and take no room.
        self._parts = Parts(self._part_of.values()) if len(self._part_of) > MAX_ALONE else None
        self._subsets: dict[tuple[int, ...], Detectors] = {}

    def within(self, texts: Iterable[str]) -> Detectors:
        """Those that can match in one of the texts: most documents meet none, and their cells need no further look."""
        together = "\n".join(texts)
        places = self._places(together)
        if places not in self._subsets:
            if len(self._subsets) >= MAX_SUBSETS:
                self._subsets.clear()
            self._subsets[places] = Detectors(self[place] for place in places)
        return self._subsets[places]

    def for_text(self, text: str) -> list[Detector]:
        """Those that can match in `text`, in their order."""
        return [self[place] for place in self._places(text)]

    def _places(self, text: str) -> tuple[int, ...]:
        places: set[int] = set()
        tables = (self._exact, self._keyed, self._folded)
        exact, keyed, folded = (
            tables if self._parts is None or len(text) < SHORT else map(self._narrowed(self._parts, text), tables)
        )
        for word in exact:
            if word in text:
                places.update(self._exact[word])
        if keyed:
            keys = text if len(text) < SHORT else runs(text.encode("utf-8", "surrogatepass")).decode("ascii")
            for word in keyed:
                if word in keys:
                    places.update(self._keyed[word])
        if folded:
            # To fold a text that is not ASCII takes ten times as long; the words are.
            lowered = text.lower() if text.isascii() or _FOLDS_TO_ASCII.search(text) else _ascii_lower(text)
            for word in folded:
                if word in lowered:
                    places.update(self._folded[word])
        if "://" in text and "@" in text and has_userinfo(text.encode("utf-8", "surrogatepass")):
            places.update(self._userinfo)
        return tuple(sorted(places))

    def _narrowed(self, parts: Parts, text: str) -> Callable[[Iterable[str]], list[str]]:
        """Leaves of words those that the words of `text` may hold."""
        # Two letters become ASCII ones in lower case: the Kelvin sign and the dotted I.
        if _FOLDS_TO_ASCII.search(text):
            return list
        words = text.encode("utf-8", "surrogatepass").translate(WORD).split()
        there = parts.within(frozenset(words))
        return lambda table: [word for word in table if self._part_of[word] in there]


def restore(compiled: Mapping[str, Any]) -> Detectors:
    """Detectors from the data that `facts.secret.compile_detectors` made and a cache kept; imports no library."""
    return Detectors(
        Detector(
            id=entry["id"],
            search=(entry["pattern"], entry["flags"]),
            group=entry["group"],
            confidence=Confidence(entry["confidence"]),
            nearby=(entry["near"], re.IGNORECASE | re.ASCII) if entry["near"] else None,
            mild=(entry["milder"], re.ASCII) if entry["milder"] else None,
            because=entry["because"],
            shown=tuple(entry["shown"]),
            floor=entry["floor"],
            judge=entry["judge"],
            exact=tuple(word for word, _ in entry["exact"]),
            keyed=tuple(word for word, tail in entry["exact"] if len(word) + tail >= MIN_KEY and _is_key(word)),
            folded=tuple(word for word, _ in entry["folded"]),
            userinfo=entry["userinfo"],
        )
        for entry in compiled["detectors"]
    )
