"""Code in a language that is not parsed (R, Julia, Scala …): the quoted texts of it that rules ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlgate.model import Extraction, Fact, Span, Unit, Value, Vocabulary
from mlgate.regex import regex

_QUOTED = regex(r"""#.*|//.*|"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'""")
"""A text, or a comment, which may hold an apostrophe. In no language of notebooks does `//` stand outside both."""
_JOINED = regex(r"\bpaste0?\(\s*$|\bstring\(\s*$")
"""What stands before the first part of a text that is put together: R's `paste0("gs://", bucket)`."""
_NAMED = regex(r"([A-Za-z_.]\w*)\s*(?:=|<-|:)\s*$")
_HOLE = "{…}"


def extract(units: Sequence[Unit], vocabulary: Vocabulary) -> Extraction:
    """Facts `string`, whose use is `foreign`; a text that goes on with something unknown ends in a hole."""
    searches = [re.compile(pattern) for pattern in vocabulary.strings]
    facts: list[Fact] = []
    for unit in units:
        for number, line in enumerate(unit.text.split("\n"), 1):
            for quoted in _QUOTED.finditer(line) if searches else ():
                text = quoted[1] if quoted[1] is not None else quoted[2]
                if text is None:
                    continue
                named = _NAMED.search(line, 0, quoted.start())
                if _JOINED.search(line, 0, quoted.start()) and line[quoted.end() :].lstrip().startswith(","):
                    text += _HOLE
                if any(search.search(text) for search in searches):
                    span = Span(unit.cell, number, quoted.start() + 1, number, quoted.end() + 1)
                    attributes = {"use": Value(("foreign",))}
                    if named is not None:
                        attributes["keyword"] = Value((named[1],))
                    facts.append(Fact("string", text, span, attributes=attributes))
    return Extraction(tuple(facts))
