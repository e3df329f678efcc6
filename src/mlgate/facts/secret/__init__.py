"""Secrets in the decoded text of cells: found, judged, and never handed on."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from mlgate.detectors import Detector, Detectors
from mlgate.facts.secret.catalogue import compile_detectors
from mlgate.facts.secret.find import Hit, apart, find
from mlgate.facts.secret.mask import mask_text
from mlgate.model import Cell, Confidence, Extraction, Fact, Span, Value
from mlgate.regex import regex

__all__ = ["compile_detectors", "extract", "find", "mask_text"]

MIN_ECHO = 16
"""Shortest value that is looked for again elsewhere in the document, in code points."""
MAX_ECHOES = 64
"""Values that are looked for again, per document: each takes a pass over it."""
MAX_LINE = 1_000
"""How far back on its line a comment may begin, in code points."""
MAX_DOCSTRING = 4_000
"""How far back a docstring may begin, in code points; a string that began earlier is taken for code."""

PROSE = regex(
    r"example|e\.g\.|sample|dummy|fake|placeholder|for instance|something like|looks like|such as|default",
    re.IGNORECASE,
)
MADE_FOR_TESTS = frozenset(
    {"generic-password", "basic-auth-url", "database-url", "presigned-url", "jwt", "jupyter-token"}
)
"""Kinds that tests make up or record all the time; the others keep their confidence there."""
TEST_PATH = regex(
    r"(?:^|/)(?:tests?|testing|fixtures?|mocks?)(?:[_-][^/]*)?/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.\w+$"
)


def extract(cells: Sequence[tuple[int, Cell]], detectors: Sequence[Detector], path: str) -> Extraction:
    """One `secret` fact for every hit in `cells`, given with their 0-based places in the document.

    A value found in one cell is found again wherever else it stands: an output echoes what a cell defines.
    Facts say kind, length, 16 bits of a hash and whether it looks like an example; never the value.
    """
    possible = Detectors(detectors) if not isinstance(detectors, Detectors) else detectors
    possible = possible.within(cell.text for _, cell in cells)
    found = {place: find(cell.text, possible) if possible else () for place, cell in cells}
    echoes: dict[str, Hit] = {}
    for place, cell in cells:
        for hit in found[place]:
            value = cell.text[hit.start : hit.end]
            if len(value) >= MIN_ECHO and not hit.placeholder and "\n" not in value and len(echoes) < MAX_ECHOES:
                echoes.setdefault(value, hit)
    facts: list[Fact] = []
    for place, cell in cells:
        hits = apart((*found[place], *_echoed(cell.text, echoes)))
        if hits:
            lines = [0, *(match.end() for match in re.finditer("\n", cell.text))]
            facts.extend(_fact(place, cell, hit, path, lines) for hit in hits)
    return Extraction(tuple(facts))


def _echoed(text: str, echoes: Mapping[str, Hit]) -> Iterator[Hit]:
    for value, hit in echoes.items():
        start = text.find(value)
        while start >= 0:
            yield replace(hit, start=start, end=start + len(value))
            start = text.find(value, start + len(value))


def _fact(place: int, cell: Cell, hit: Hit, path: str, lines: Sequence[int]) -> Fact:
    """`lines` holds the 0-based offset of each line."""
    first, last = bisect_right(lines, hit.start) - 1, bisect_right(lines, hit.end) - 1
    use = _use(cell, hit.start, lines[first])
    confidence, why = hit.confidence, hit.why
    if use in ("comment", "docstring", "prose") and PROSE.search(_around(cell.text, hit.start, hit.end)):
        confidence, why = (
            Confidence(max(Confidence.LOW, confidence - 1)),
            f"stands in a {use} that speaks of an example",
        )
    elif hit.id in MADE_FOR_TESTS and TEST_PATH.search(path):
        confidence, why = Confidence.LOW, "stands in a test"
    value = cell.text[hit.start : hit.end]
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    attributes = {
        "placeholder": Value((bool(hit.placeholder),)),
        "use": Value((use,)),
        "length": Value((len(value),)),
        "digest": Value((digest,)),
        "preview": Value((hit.preview,)),
    }
    span = Span(place, first + 1, hit.start - lines[first] + 1, last + 1, hit.end - lines[last] + 1)
    return Fact("secret", hit.id, span, attributes=attributes, confidence=confidence, why=why)


def _use(cell: Cell, offset: int, line: int) -> str:
    """What the text around is: `prose`, `output`, `metadata`, `comment`, `docstring` or `code`; `line` begins there."""
    kinds = {"markdown": "prose", "raw": "prose", "output": "output", "metadata": "metadata"}
    if cell.kind in kinds:
        return kinds[cell.kind]
    if cell.language == "markdown":
        return "prose"
    before = cell.text[max(line, offset - MAX_LINE) : offset]
    if re.match(r"\s{0,80}(?:#|//|-- )", before) or re.search(r"\s#\s", before):
        return "comment"
    above = cell.text[max(0, offset - MAX_DOCSTRING) : offset]
    if cell.language == "python" and (above.count('"""') % 2 or above.count("'''") % 2):
        return "docstring"
    return "code"


def _around(text: str, start: int, end: int) -> str:
    """The line of the hit and the one above, 400 characters to either side at most, without the hit."""
    before = text[max(0, start - 400) : start].split("\n")[-2:]
    return "\n".join(before) + text[end : end + 400].split("\n", 1)[0]
