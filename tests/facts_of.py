"""Facts as short tuples, for the tests of extractors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlgate.facts import shell
from mlgate.model import Atom, Embedded, Extraction, Fact, Items, Template, Unit, Value, Vocabulary

EVERYTHING = Vocabulary(settings=frozenset({"*"}))


def read_shell(*texts: str, origin: str = "script", variables: Mapping[str, str] | None = None) -> Extraction:
    """The facts of a script that stands in several pieces, one per cell."""
    units = [Unit(number, text) for number, text in enumerate(texts)]
    return shell.extract(units, EVERYTHING, origin, variables)


def of_kind(extraction: Extraction, kind: str) -> list[Fact]:
    return [fact for fact in extraction.facts if fact.kind == kind]


def plain(value: Value | None) -> object:
    """A known value as itself, an unknown one as `?`, a template as its text with `…`, several as a tuple."""
    if value is None:
        return None
    if value.unknown:
        return "?"
    options = tuple(_atom(option) for option in value.options)
    return options[0] if len(options) == 1 else options


def _atom(atom: Atom) -> object:
    match atom:
        case Template(parts):
            return "".join("…" if part is None else part for part in parts)
        case Items(items):
            return [plain(item) for item in items]
        case _:
            return atom


def attributes(fact: Fact, *leave_out: str) -> dict[str, object]:
    return {name: plain(value) for name, value in fact.attributes.items() if name not in leave_out}


def place(fact: Fact) -> tuple[int, int, int, int]:
    span = fact.span
    return span.line, span.column, span.end_line, span.end_column


def covered(text: str, fact: Fact) -> str:
    """The text that the fact's span covers."""
    lines = text.split("\n")
    span = fact.span
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    inner = lines[span.line : span.end_line - 1]
    return "\n".join([lines[span.line - 1][span.column - 1 :], *inner, lines[span.end_line - 1][: span.end_column - 1]])


def code(embedded: Iterable[Embedded]) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.unit.text, one.path) for one in embedded]
