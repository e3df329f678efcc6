"""Our own bounds, the same on every Python, checked before any parser sees a text."""

from __future__ import annotations

import re

from mlgate.regex import regex

MAX_BYTES = 20_000_000
"""Largest source read, in bytes; the largest of 3,200 public notebooks has 19.4 MB once its images are counted."""

MAX_POLICY_BYTES = 2_000_000
"""Largest policy document read, in bytes; the shipped catalogue's largest file is a tenth of that."""

MAX_NESTING = 100
"""Deepest nesting of brackets. CPython's own parser refuses 200; of 10,400 public files none has more than 25."""

MAX_LINKS = 500
"""Most operators, dots, calls and subscripts in one logical line. libcst takes 3 s for 2,000 and dies at 4,000;
of 10,400 public files none has more than 62."""

MAX_CODE = 1_000_000
"""Most code of one file or cell, in code points outside strings and comments: a syntax tree takes 500 times that in
bytes. The largest of 13,000 public files has 680,000, strings included."""

MAX_BRANCHES = 500
"""Most `elif` of one `if`: each is nested in the one before. The longest of 13,000 public files has 118."""

MAX_LOGICAL_LINE = 65_536
"""Longest stretch between two separators of a logical line, in code points outside strings and comments: no name or
number of code is as long; of 10,400 public files none has a sixteenth of it."""

MAX_EMBEDDING = 3
"""Deepest chain of documents inside documents: a notebook that writes a Dockerfile that runs `sh -c`."""

MAX_JSON_NESTING = 200
"""Deepest nesting of a notebook's JSON; the decoder of the standard library gives up at 1,000 or more, by version."""

MAX_CELLS = 100_000
"""Most cells of a notebook: reading as many takes 3 s. The longest of 3,200 public notebooks has 335."""

MAX_OPTIONS = 16
"""Most values that one name is followed to: two names of so many each make 256."""

FILE_SECONDS = 20.0
"""What one file may take before its worker is ended, in seconds; the slowest of 13,000 public files takes 2."""

# Unrolled: an alternative for each character would keep 100 bytes for each, 1.2 GB for a text of 10 MB.
_STRINGS_AND_COMMENTS = regex(
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"""|\Z)'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'''|\Z)"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"?'
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'?"
    r"|#[^\n]*"
    r"|\\\r?\n",
    re.DOTALL,
)
_ELIF = regex(r"^([ \t]*)(elif\b)?[^\n]", re.MULTILINE)
_TO_ONE_KIND = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS = bytes(set(range(256)) - set(b"()[]{}\n"))
_CHAIN = regex(r"\*\*|//|<<|>>|[-+*/%@&|^~.()\[\]{},:;]|[<>=!]=?|\b(?:and|or|not|if|in|is|lambda|await)\b")
_OPENING = "([{"


def without_texts(text: str) -> str:
    """Python `text` with a `0` for each string, comment and continued line; a string without an end ends with it."""
    return _STRINGS_AND_COMMENTS.sub("0", text)


def beyond_bounds(text: str) -> str:
    """Why Python `text` is too deep for a parser, as half a sentence; empty where it is not.

    Iterative and linear. Strings and comments do not count.
    """
    bare = without_texts(text)
    if len(bare) > MAX_CODE:
        return f"it holds more than {MAX_CODE:,} characters of code"
    if bare.count("elif") > MAX_BRANCHES and _longest_chain(bare) > MAX_BRANCHES:
        return f"one `if` has more than {MAX_BRANCHES} branches"
    depth = 0
    length = 0
    held: list[str] = []
    """The lines of the logical line at hand."""
    marks = bare.encode("utf-8", "surrogatepass").translate(_TO_ONE_KIND, _NO_BRACKETS).split(b"\n")
    for line, row in zip(bare.split("\n"), marks, strict=True):
        held.append(line)
        length += len(line) + 1
        if row:
            if depth + row.count(b"(") > MAX_NESTING and _is_deep(row, depth):
                return f"brackets are nested more than {MAX_NESTING} deep"
            depth = _behind(row, depth)
        if depth == 0:
            if length > MAX_LINKS and (why := _line_beyond("\n".join(held))):
                return why
            held.clear()
            length = 0
    return _line_beyond("\n".join(held)) if length > MAX_LINKS else ""


def _is_deep(row: bytes, depth: int) -> bool:
    for mark in row:
        depth = depth + 1 if mark == 40 else max(0, depth - 1)
        if depth > MAX_NESTING:
            return True
    return False


def _behind(row: bytes, depth: int) -> int:
    """The depth behind the brackets of a row; one that closes what was never open changes nothing."""
    opened = row.count(b"(")
    if row == b"(" * opened + b")" * (len(row) - opened):
        return max(0, depth + opened * 2 - len(row))
    for mark in row:
        depth = depth + 1 if mark == 40 else max(0, depth - 1)
    return depth


def _longest_chain(bare: str) -> int:
    """Most `elif` that stand at one margin with nothing else at it, or further left, between them."""
    longest = 0
    open_chains: dict[int, int] = {}
    for line in _ELIF.finditer(bare):
        margin = len(line.group(1))
        open_chains = {one: count for one, count in open_chains.items() if one <= margin}
        open_chains[margin] = open_chains.get(margin, 0) + 1 if line.group(2) else 0
        longest = max(longest, open_chains[margin])
    return longest


def _line_beyond(line: str) -> str:
    # Elements of a display are siblings, not a chain: a separator starts anew at its own level of brackets only.
    chains = [0]
    since_separator = 0
    for mark in _CHAIN.finditer(line):
        sign = mark.group()
        if sign in ",:;":
            chains[-1] = 0
            if mark.start() - since_separator > MAX_LOGICAL_LINE:
                return f"{MAX_LOGICAL_LINE} characters outside strings stand between two separators"
            since_separator = mark.end()
            continue
        if sign in ")]}":
            if len(chains) > 1:
                chains.pop()
            continue
        chains[-1] += 1
        if chains[-1] > MAX_LINKS:
            return f"one expression holds more than {MAX_LINKS} operators, calls or attributes"
        if sign in _OPENING:
            chains.append(0)
    if len(line) - since_separator > MAX_LOGICAL_LINE:
        return f"{MAX_LOGICAL_LINE} characters outside strings stand between two separators"
    return ""
