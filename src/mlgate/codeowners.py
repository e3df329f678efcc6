"""CODEOWNERS as GitHub understands it: who is asked for a review of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from msgspec import Struct

from mlgate.regex import regex

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where GitHub looks; the first that is there counts."""

MAX_BYTES = 3_000_000
"""GitHub does not load a larger file. Source: docs.github.com, "About code owners"."""

_OWNER = regex(r"@[A-Za-z0-9][\w-]*(?:/[\w.-]+)?|[^\s@]+@[^\s@]+\.[^\s@]+")


class Line(Struct, frozen=True):
    """A pattern and who owns what it fits; the last line that fits a path decides."""

    number: int
    """1-based."""
    pattern: str
    owners: tuple[str, ...]
    """Empty: nobody, whatever the lines above say."""


class CodeOwners(Struct, frozen=True):
    path: str
    lines: tuple[Line, ...]
    invalid: tuple[int, ...] = ()
    """Numbers of the lines that GitHub passes over."""

    def line(self, path: str) -> Line | None:
        """The line that decides about a file (POSIX, relative to the root); None: no line fits."""
        return next((line for line in reversed(self.lines) if _compiled(line.pattern).fullmatch(path)), None)

    def owners(self, path: str) -> tuple[str, ...]:
        found = self.line(path)
        return found.owners if found else ()


NOBODY = CodeOwners("", ())


def load(read: Callable[[str], bytes | None]) -> CodeOwners:
    """The file that counts, of those that `read` gives; without one nobody owns anything."""
    for path in PLACES:
        data = read(path)
        if data is not None:
            # What GitHub does not load owns nothing; another place is not looked at.
            return NOBODY if len(data) > MAX_BYTES else parse(data.decode("utf-8", "replace"), path)
    return NOBODY


def parse(text: str, path: str = PLACES[0]) -> CodeOwners:
    lines: list[Line] = []
    invalid: list[int] = []
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        words = list(_words(raw))
        if not words:
            continue
        pattern, owners = words[0], tuple(words[1:])
        # Source: docs.github.com, "CODEOWNERS syntax": no negation, no ranges, no escaped #; a wrong line is skipped.
        if pattern.startswith(("!", "\\#")) or "[" in pattern or not all(map(_OWNER.fullmatch, owners)):
            invalid.append(number)
        else:
            lines.append(Line(number, pattern, owners))
    return CodeOwners(path, tuple(lines), tuple(invalid))


def _words(line: str) -> Iterator[str]:
    """Pattern and owners; `\\ ` is a blank in a path, and a # that begins a word begins a comment."""
    for word in re.findall(r"(?:\\.|\S)+", line):
        if word.startswith("#"):
            return
        yield word.replace("\\ ", " ")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern without a slash before its end fits at any depth, any other begins at the root.

    `docs/` and `docs` are the folder and all in it, `docs/*` what is directly in it.
    """
    body = pattern.strip("/")
    anchored = "/" in pattern.rstrip("/")
    parts: list[str] = [] if anchored else ["(?:.*/)?"]
    segments = body.split("/")
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "**":
            parts.append(".*" if is_last else "(?:.*/)?")
            continue
        parts.append("".join("[^/]*" if one == "*" else "[^/]" if one == "?" else re.escape(one) for one in segment))
        if not is_last:
            parts.append("/")
    if pattern.endswith("/"):
        parts.append("/.*")
    elif segments[-1] != "**" and not (segments[-1] == "*" and anchored):
        parts.append("(?:/.*)?")
    return re.compile("".join(parts), re.DOTALL)
