"""Bytes become text, whatever they are."""

from __future__ import annotations

import codecs

from msgspec import Struct

from mlgate.model import Problem
from mlgate.regex import regex

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COOKIE = regex(rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")
_NO_CODE = regex(rb"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n)")
_SURROGATES = regex("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Decoded(Struct, frozen=True):
    text: str
    """Without a byte order mark; line ends are `\\n`, as Python's own tokenizer has them; no lone surrogate, no NUL."""
    encoding: str
    problem: Problem | None = None


def decode(data: bytes, *, cookies: bool, utf8_only: bool) -> Decoded:
    """The text of a file.

    A byte order mark decides, else (with `cookies`) a declared encoding, else UTF-8, else latin-1, which fits all.
    `utf8_only`: whoever runs the file refuses it when undeclared bytes are not UTF-8; so that is a problem.
    Source of cookies: PEP 263.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(codec, "replace")
            damaged = _REPLACEMENT in text and codec == "utf-8" and not _decodes(data[len(mark) :])
            return _decoded(text, codec, f"holds bytes that are not {codec}" if damaged else "")
    if b"\0" in data and (unmarked := _utf16_without_mark(data)):
        return _decoded(data.decode(unmarked, "replace"), unmarked, "")
    why = ""
    if cookies and b"coding" in data[:1024] and (cookie := _cookie(data)):
        try:
            return _decoded(data.decode(cookie), cookie.lower(), "")
        except LookupError:
            why = f"declares an unknown encoding, `{cookie}`"
        except UnicodeError:
            why = f"holds bytes that are not {cookie}, as it declares"
    try:
        return _decoded(data.decode(), "utf-8", why)
    except UnicodeDecodeError as error:
        if utf8_only and not why:
            why = f"is not UTF-8 (byte {error.start}); read as latin-1"
        return _decoded(data.decode("latin-1"), "latin-1", why)


def newlines(text: str) -> str:
    """`text` with `\\r\\n` and `\\r` as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def without_surrogates(text: str) -> str:
    """Lone surrogates, which no encoder and no parser takes, become U+FFFD; the length stays."""
    return _SURROGATES.sub(_REPLACEMENT, text)


def _decoded(text: str, encoding: str, why: str) -> Decoded:
    name = "unparsed"
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
        name, why = "unreadable", "holds NUL bytes, so it is binary or damaged; only its text was searched"
    # Codecs such as unicode_escape, which a cookie may name, can yield surrogates.
    if encoding not in ("utf-8", "latin-1"):
        text = without_surrogates(text)
    return Decoded(newlines(text), encoding, Problem(name, why) if why else None)


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _cookie(data: bytes) -> str | None:
    first = _COOKIE.match(data)
    if first is None and (blank := _NO_CODE.match(data)):
        first = _COOKIE.match(data, blank.end())
    return first[1].decode("ascii", "replace") if first else None


def _utf16_without_mark(data: bytes) -> str | None:
    sample = data[:2048]
    half = len(sample) // 2
    low, high = sample[1::2].count(0), sample[0::2].count(0)
    if low > half * 0.7 and not high:
        return "utf-16-le"
    if high > half * 0.7 and not low:
        return "utf-16-be"
    return None
