"""Facts without the secrets that stand in the code they describe: what is cached, identified and shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from mlgate.detectors import Detector
from mlgate.facts.secret import mask_text
from mlgate.model import Atom, Cell, Entries, Fact, Items, Local, Span, Template, Value

MIN_LENGTH = 6
"""Shortest value that is looked for elsewhere, in code points: shorter ones stand in half of all words."""


def redacted(facts: Iterable[Fact], cells: Sequence[Cell], detectors: Sequence[Detector]) -> tuple[Fact, ...]:
    """The same facts; a secret's value is replaced by a mark that is the same wherever it stands.

    Both what was found in the text and what only comes together when strings are folded (`"hf_" + "…"`).
    """
    given = tuple(facts)
    secrets = (fact for fact in given if fact.kind == "secret" and fact.attributes.get("placeholder") != Value((True,)))
    values = {_text(cells, fact.span) for fact in secrets}
    redactor = _Redactor(
        sorted((value for value in values if len(value) >= MIN_LENGTH), key=len, reverse=True), detectors
    )
    return tuple(redactor.fact(fact) if fact.kind != "secret" else fact for fact in given)


class _Redactor:
    def __init__(self, values: Sequence[str], detectors: Sequence[Detector]) -> None:
        self.marks = {
            value: f"***{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:4]}" for value in values
        }
        self.detectors = detectors
        self.known: dict[str, str] = {}

    def fact(self, fact: Fact) -> Fact:
        return replace(
            fact, name=self.text(fact.name), args=self.table(fact.args), attributes=self.table(fact.attributes)
        )

    def table(self, values: Mapping[str, Value]) -> Mapping[str, Value]:
        return {name: self.value(value) for name, value in values.items()}

    def value(self, value: Value) -> Value:
        return replace(
            value,
            options=tuple(self.atom(option) for option in value.options),
            defaults=tuple(self.atom(default) for default in value.defaults),
        )

    def atom(self, atom: Atom) -> Atom:
        match atom:
            case str():
                return self.text(atom)
            case Local(text):
                return Local(self.text(text))
            case Template(parts):
                return Template(tuple(None if part is None else self.text(part) for part in parts))
            case Items(items):
                return Items(tuple(self.value(item) for item in items))
            case Entries(entries, is_open):
                return Entries(tuple((self.text(key), self.value(value)) for key, value in entries), is_open)
        return atom

    def text(self, text: str) -> str:
        if text not in self.known:
            self.known[text] = self._masked(text)
        return self.known[text]

    def _masked(self, text: str) -> str:
        for value, mark in self.marks.items():
            if value in text:
                text = text.replace(value, mark)
        return mask_text(text, self.detectors)


def _text(cells: Sequence[Cell], span: Span) -> str:
    """What stands at a secret's place; one that spans lines is left to its detector."""
    if span.cell >= len(cells) or span.line != span.end_line:
        return ""
    lines = cells[span.cell].text.split("\n")
    return lines[span.line - 1][span.column - 1 : span.end_column - 1] if span.line <= len(lines) else ""
