"""Whether bytes can hold a secret at all: words before any regular expression. Imports next to nothing."""

from __future__ import annotations

from mlgate.needles import Needles, part_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Keys = Mapping[bytes, Sequence[tuple[bytes, int]]]
    Gate = tuple[Keys, Needles, Needles]

KEY_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=.~%"
"""What keys are made of: a word with a tail counts only where that many of these follow it."""
MIN_KEY = 20
"""Shortest key with its prefix, in bytes; words with a tail are looked for in longer runs of key characters alone."""
_RUNS = bytes(char if char in KEY_CHARACTERS else 32 for char in range(256))
MAX_USERINFO = 1200
"""Longest `user:password` of a URL that is looked for, in bytes: detectors take 260 characters of up to four."""


def opened(gate: Mapping[str, Sequence[Sequence[str | int]]]) -> Gate:
    """The words of the compiled gate as `admits` wants them."""
    keys: dict[bytes, list[tuple[bytes, int]]] = {}
    for given, tail in gate["keys"]:
        word = str(given).encode()
        keys.setdefault(part_of(word), []).append((word, int(tail)))
    exact, folded = (Needles(str(word).encode() for (word,) in gate[name]) for name in ("exact", "folded"))
    return keys, exact, folded


def parts_of(gate: Gate) -> set[bytes]:
    """For `needles.Parts`."""
    keys, exact, folded = gate
    return {*keys, *exact.parts, *folded.parts}


def admits(
    data: bytes,
    keys: Keys,
    exact: Needles,
    folded: Needles,
    *,
    parts: set[bytes] | None = None,
    escaped: bool = False,
) -> bool:
    """False: no detector can match in `data`. `folded` words are lower case and looked for without regard to case.

    `parts`: what `needles.Parts.within` said of the words of `data`. `escaped` is for raw JSON, where `\\"` and `\\/`
    cut words in two and `\\u0068f_` hides them. Bytes that are neither UTF-8 nor another superset of ASCII must not be
    asked about: they always have to be read.
    """
    if escaped and b"\\" in data:
        if b"\\u00" in data:
            return True
        data = data.translate(None, b"\\")
        parts = None
    possible = [key for part in (keys if parts is None else keys.keys() & parts) for key in keys[part]]
    if possible:
        long = runs(data)
        if any(word in long and _stands(long, word, tail) for word, tail in possible):
            return True
    if exact.are_in(data, parts):
        return True
    if (parts is None or not parts.isdisjoint(folded.parts)) and folded.are_in(data.lower(), parts):
        return True
    return has_userinfo(data)


def runs(data: bytes) -> bytes:
    """The stretches of characters of keys that are long enough for one, with spaces between."""
    return b" ".join([run for run in data.translate(_RUNS).split() if len(run) >= MIN_KEY])


def _stands(data: bytes, word: bytes, tail: int) -> bool:
    """Whether `word` is there with `tail` key characters behind it."""
    at = data.find(word)
    while at >= 0:
        behind = data[at + len(word) : at + len(word) + tail]
        if len(behind) == tail and b" " not in behind:
            return True
        at = data.find(word, at + 1)
    return False


def has_userinfo(data: bytes) -> bool:
    """Whether some `://user:password@` is there: no word says so, `://` stands in every licence header."""
    at = data.find(b"@")
    while at >= 0:
        head = data.rfind(b"://", max(0, at - MAX_USERINFO), at)
        if head >= 0:
            between = data[head + 3 : at]
            if b":" in between and b"/" not in between and len(between.split()) == 1:
                return True
        at = data.find(b"@", at + 1)
    return False
