"""`.env` files: one setting per line. Values go into facts only for the names that a rule asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from mlgate.model import Extraction, Fact, Span, Unit, Value, Vocabulary

_LINE = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""")


def extract(units: Sequence[Unit], vocabulary: Vocabulary) -> Extraction:
    """Facts `setting` named `env:KEY`; the span is the whole line's text.

    A quoted value ends at its quote, another at ` #`. `${OTHER}` is not replaced: its value is unknown.
    """
    facts: list[Fact] = []
    for unit in units:
        for number, line in enumerate(unit.text.split("\n"), start=1):
            match = _LINE.match(line)
            if match is None:
                continue
            name = f"env:{match.group(1)}"
            if not any(fnmatchcase(name, pattern) for pattern in vocabulary.settings):
                continue
            span = Span(unit.cell, number, match.start(1) + 1, number, match.end(2) + 1)
            facts.append(Fact("setting", name, span, attributes={"value": _value(match.group(2))}))
    return Extraction(tuple(facts))


def _value(text: str) -> Value:
    quoted = _QUOTED.match(text)
    if quoted is not None:
        single, double = quoted.groups()
        if single is not None:
            return Value((single,))
        text = re.sub(r"\\(.)", r"\1", double)
    else:
        text = re.split(r"[ \t]#", text, maxsplit=1)[0].rstrip()
    if re.search(r"\$\{?\w", text):
        return Value((), "it holds another variable")
    return Value((text,))
