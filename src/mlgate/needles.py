"""Whether bytes hold one of many words, in fewer passes than one for each. Imports nothing, for `quick`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, KeysView

WORD = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte == 95 else 32 for byte in range(256))
"""A table for `bytes.translate`: what is no part of a word of ASCII becomes a space."""
MIN_GROUP = 4
"""Fewest needles that are looked for together, by what they end with."""
FEW = 64
"""Most needles that are looked for one by one."""
MAX_KNOWN = 12_000
"""Most words that are remembered for what they hold, which takes 2 MB: 45 MB of code have 100,000 distinct ones."""

MAX_WORD = 100
"""Longest word that is remembered, in bytes: names are shorter, and data written as one word must not fill memory."""


def part_of(needle: bytes) -> bytes:
    """The longest word in a needle, in lower case: some word of what holds the needle has it in itself."""
    return max(needle.lower().translate(WORD).split(), key=len, default=b"")


class Parts:
    """Which needles a text may hold, told from its words, most of which were seen in another text before."""

    __slots__ = ("_dull", "_known", "_parts")

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = frozenset(parts) - {b""}
        self._dull: set[bytes] = set()
        self._known: dict[bytes, list[bytes]] = {}

    def within(self, words: frozenset[bytes]) -> set[bytes]:
        """The parts that stand in one of the words, whatever its case; the empty one is always among them."""
        found = {b""}
        fresh = []
        for word in words - self._dull:
            if word in self._known:
                found.update(self._known[word])
            else:
                fresh.append(word)
        if fresh:
            together = b" ".join(fresh).lower()
            there = [part for part in self._parts if part in together]
            found.update(there)
            # A picture in a text is hundreds of thousands of words, which nobody meets again.
            if len(fresh) <= MAX_KNOWN:
                self._remember(fresh, together, there)
        return found

    def _remember(self, fresh: list[bytes], together: bytes, there: list[bytes]) -> None:
        if len(self._dull) + len(self._known) + len(fresh) > MAX_KNOWN:
            self._dull.clear()
            self._known.clear()
        for part in there:
            place = last = 0
            at = together.find(part)
            while at >= 0:
                place += together.count(b" ", last, at)
                if len(fresh[place]) <= MAX_WORD:
                    self._known.setdefault(fresh[place], []).append(part)
                last, end = at, together.find(b" ", at)
                at = together.find(part, end) if end >= 0 else -1
        self._dull.update(word for word in fresh if len(word) <= MAX_WORD and word not in self._known)


class Needles:
    """Words of bytes. `s3://`, `gs://` and a hundred more: the text is cut at `://`, and its pieces looked at."""

    __slots__ = ("_alone", "_by_part", "_groups")

    def __init__(self, needles: Iterable[bytes]) -> None:
        distinct = list(dict.fromkeys(needles))
        # One that holds another is there only where that is. Few stand in another: they are told by counting.
        together = b"\n".join(distinct)
        inner = [needle for needle in distinct if together.count(needle) > 1]
        distinct = [needle for needle in distinct if not any(one in needle for one in inner if one != needle)]
        self._by_part: dict[bytes, list[bytes]] = {}
        by_end: dict[bytes, list[bytes]] = {}
        for needle in distinct:
            self._by_part.setdefault(part_of(needle), []).append(needle)
            end = needle[len(needle.rstrip(_signs(needle))) :]
            by_end.setdefault(end, []).append(needle)
        self._groups: list[tuple[bytes, tuple[bytes, ...]]] = []
        self._alone: list[bytes] = []
        for end, group in by_end.items():
            starts = tuple(needle[: -len(end)] for needle in group) if end else ()
            # A start ends in a letter: no end of a needle begins inside another.
            if len(starts) >= MIN_GROUP and not any(end in start for start in starts):
                self._groups.append((end, starts))
            else:
                self._alone += group

    @property
    def parts(self) -> KeysView[bytes]:
        return self._by_part.keys()

    def are_in(self, data: bytes, parts: set[bytes] | None = None) -> bool:
        """Whether `data` holds one of the needles; `parts`: what `Parts.within` said of its words."""
        if parts is not None:
            possible = [needle for part in self._by_part.keys() & parts for needle in self._by_part[part]]
            if len(possible) <= FEW:
                return any(needle in data for needle in possible)
        for needle in self._alone:
            if needle in data:
                return True
        for end, starts in self._groups:
            if end in data:
                for piece in data.split(end)[:-1]:
                    if piece.endswith(starts):
                        return True
        return False


def _signs(needle: bytes) -> bytes:
    """The bytes of the needle that are no letters."""
    return bytes(set(needle) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")) or b"\0"
