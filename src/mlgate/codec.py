"""Facts and findings as JSON and back: what the cache holds. Never pickle: a cache is somebody else's word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlgate.model import (
    Asset,
    Atom,
    CellLocation,
    Confidence,
    Entries,
    Fact,
    Finding,
    Ignore,
    Items,
    Local,
    Location,
    Made,
    Ref,
    Severity,
    Span,
    Template,
    Value,
)

FORM = 3
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


def encode_findings(findings: Sequence[Finding]) -> list[Any]:
    return [
        [
            one.rule,
            int(one.severity),
            int(one.confidence),
            one.reason,
            _location(one.location),
            one.subject,
            one.canonical,
            one.fingerprint,
            one.subject_digest,
            one.asset,
            one.origin,
            one.message,
            one.fix,
            one.line_text,
            [[list(ignore.rules), ignore.type, ignore.reason, ignore.line] for ignore in one.ignores],
        ]
        for one in findings
    ]


def decode_findings(stored: Sequence[Any]) -> tuple[Finding, ...]:
    """Raises ValueError, TypeError, KeyError or IndexError on what `encode_findings` did not write."""
    return tuple(map(_finding, stored))


def _finding(stored: Sequence[Any]) -> Finding:
    rule, severity, confidence, reason, location, subject, canonical, fingerprint, digest, *rest = stored
    asset, origin, message, fix, line_text, ignores = rest
    return Finding(
        rule=str(rule),
        severity=Severity(severity),
        confidence=Confidence(confidence),
        reason=str(reason),
        location=_unlocation(location),
        subject=str(subject),
        canonical=str(canonical),
        fingerprint=str(fingerprint),
        subject_digest=str(digest),
        asset=None if asset is None else str(asset),
        origin=None if origin is None else str(origin),
        message=str(message),
        fix=str(fix),
        line_text=str(line_text),
        ignores=tuple(
            Ignore(tuple(map(str, rules)), str(type_), str(why), int(line)) for rules, type_, why, line in ignores
        ),
    )


def encode_assets(assets: Sequence[Asset]) -> list[Any]:
    return [[one.type, one.source, one.id, one.pinned] for one in assets]


def decode_assets(stored: Sequence[Any]) -> tuple[Asset, ...]:
    """Raises as `decode_findings` does."""
    return tuple(Asset(str(type_), str(source), str(id_), bool(pinned)) for type_, source, id_, pinned in stored)


def _location(location: Location) -> list[Any]:
    cell = location.cell
    within = None if cell is None else [getattr(cell, name) for name in CellLocation.__struct_fields__]
    return [location.path, location.line, location.column, location.end_line, location.end_column, within]


def _unlocation(stored: Sequence[Any]) -> Location:
    path, line, column, end_line, end_column, within = stored
    cell = None if within is None else CellLocation(*within)
    return Location(str(path), int(line), int(column), int(end_line), int(end_column), cell)


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
        case None | bool() | int() | float() | str():
            return atom
    raise ValueError(f"{type(atom).__name__} is no value of a fact")


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
