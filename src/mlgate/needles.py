"""Whether bytes hold one of many words, in fewer passes than one for each. Imports nothing, for `quick`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_GROUP = 4
"""Fewest words that are looked for together, by what they end with."""
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


class Needles:
    """Words of bytes. `s3://`, `gs://` and a hundred more: the text is cut at `://`, and its pieces looked at."""

    __slots__ = ("_alone", "_groups")

    def __init__(self, words: Iterable[bytes]) -> None:
        distinct = list(dict.fromkeys(words))
        # A word that holds another one is there only where that is.
        distinct = [word for word in distinct if not any(one in word for one in distinct if one != word)]
        by_end: dict[bytes, list[bytes]] = {}
        for word in distinct:
            end = word[len(word.rstrip(_signs(word))) :]
            by_end.setdefault(end, []).append(word)
        self._groups: list[tuple[bytes, tuple[bytes, ...]]] = []
        self._alone: list[bytes] = []
        for end, group in by_end.items():
            starts = tuple(word[: -len(end)] for word in group) if end else ()
            # A start ends in a letter: no end of a word begins inside another.
            if len(starts) >= MIN_GROUP and not any(end in start for start in starts):
                self._groups.append((end, starts))
            else:
                self._alone += group

    def are_in(self, data: bytes) -> bool:
        """Whether `data` holds one of the words."""
        for word in self._alone:
            if word in data:
                return True
        for end, starts in self._groups:
            if end in data:
                for piece in data.split(end)[:-1]:
                    if piece.endswith(starts):
                        return True
        return False


def _signs(word: bytes) -> bytes:
    """The bytes of the word that are no letters."""
    return bytes(set(word) - set(_LETTERS)) or b"\0"
