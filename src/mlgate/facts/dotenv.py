"""`.env` files: a setting per line, and addresses. Other values than those that a rule asks for go into no fact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from mlgate.addresses import address
from mlgate.model import Extraction, Fact, Span, Unit, Value, Vocabulary
from mlgate.neighbours import described
from mlgate.regex import regex

_LINE = regex(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_QUOTED = regex(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""")


def extract(units: Sequence[Unit], vocabulary: Vocabulary) -> Extraction:
    """Facts `setting` named `env:KEY`, and `string` for addresses; the span is the whole line's text.

    A quoted value ends at its quote, another at ` #`. `${OTHER}` is not replaced: its value is unknown.
    """
    facts: list[Fact] = []
    for unit in units:
        numbered = enumerate(unit.text.split("\n"), start=1)
        lines = [(number, match) for number, line in numbered if (match := _LINE.match(line)) is not None]
        said = {match.group(1): _value(match.group(2)) for _, match in lines}
        for number, match in lines:
            key = match.group(1)
            span = Span(unit.cell, number, match.start(1) + 1, number, match.end(2) + 1)
            if any(fnmatchcase(f"env:{key}", pattern) for pattern in vocabulary.settings):
                attributes = described(key, _value(match.group(2)), said, vocabulary.beside)
                facts.append(Fact("setting", f"env:{key}", span, attributes=attributes))
            found = address(_text(match.group(2)), key, span, vocabulary.strings)
            if found is not None:
                facts.append(found)
    return Extraction(tuple(facts))


def _value(text: str) -> Value:
    """A single-quoted text holds no variable."""
    held = _text(text)
    if not text.startswith("'") and re.search(r"\$\{?\w", held):
        return Value((), "it holds another variable")
    return Value((held,))


def _text(text: str) -> str:
    """What stands behind `=`, without quotes and comment."""
    quoted = _QUOTED.match(text)
    if quoted is None:
        return re.split(r"[ \t]#", text, maxsplit=1)[0].rstrip()
    single, double = quoted.groups()
    return single if single is not None else re.sub(r"\\(.)", r"\1", double)
