"""Facts as JSON and back: what the cache holds. Never pickle: a cache is a file that somebody else may have written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlgate.model import Atom, Confidence, Entries, Fact, Items, Local, Made, Ref, Span, Template, Value

FORM = 2
"""Changes whenever this module writes something else."""


def encode(facts: Sequence[Fact]) -> list[Any]:
    return [
        [
            fact.kind,
            fact.name,
            [fact.span.cell, fact.span.line, fact.span.column, fact.span.end_line, fact.span.end_column],
            {name: _value(value) for name, value in fact.args.items()},
            {name: _value(value) for name, value in fact.attributes.items()},
            fact.open,
            int(fact.confidence),
            fact.why,
            sorted(fact.handed),
        ]
        for fact in facts
    ]


def decode(stored: Sequence[Any]) -> tuple[Fact, ...]:
    """Raises ValueError, TypeError, KeyError or IndexError on what `encode` did not write."""
    return tuple(
        Fact(
            str(kind),
            str(name),
            Span(*(int(number) for number in span)),
            {str(key): _unvalue(value) for key, value in args.items()},
            {str(key): _unvalue(value) for key, value in attributes.items()},
            bool(is_open),
            Confidence(confidence),
            str(why),
            frozenset(map(str, handed)),
        )
        for kind, name, span, args, attributes, is_open, confidence, why, handed in stored
    )


def _value(value: Value) -> list[Any]:
    several = (value.options, value.defaults, value.passed)
    options, defaults, passed = ([_atom(one) for one in atoms] for atoms in several)
    return [options, value.unknown, defaults, passed]


def _unvalue(stored: Sequence[Any]) -> Value:
    options, unknown, defaults, passed = stored
    options, defaults, passed = (tuple(map(_unatom, atoms)) for atoms in (options, defaults, passed))
    return Value(options, str(unknown), defaults, passed)


def _atom(atom: Atom) -> Any:
    match atom:
        case Ref(name):
            return {"ref": name}
        case Made(name):
            return {"made": name}
        case Local(text):
            return {"local": text}
        case Template(parts):
            return {"template": list(parts)}
        case Items(items):
            return {"items": [_value(item) for item in items]}
        case Entries(entries, is_open):
            return {"entries": [[key, _value(value)] for key, value in entries], "open": is_open}
        case float() if atom != atom or atom in (float("inf"), float("-inf")):
            return {"float": repr(atom)}
        case _:
            return atom


def _unatom(stored: Any) -> Atom:
    match stored:
        case None | bool() | int() | float() | str():
            return stored
        case {"ref": str(name)}:
            return Ref(name)
        case {"made": str(name)}:
            return Made(name)
        case {"local": str(text)}:
            return Local(text)
        case {"template": list(parts)}:
            return Template(tuple(None if part is None else str(part) for part in parts))
        case {"items": list(items)}:
            return Items(tuple(map(_unvalue, items)))
        case {"entries": list(entries), "open": bool(is_open)}:
            return Entries(tuple((str(key), _unvalue(value)) for key, value in entries), is_open)
        case {"float": str(text)}:
            return float(text)
    raise ValueError("not an atom")
