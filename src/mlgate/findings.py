"""A match and its document become a finding: where it is, what it is, and what identifies it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec.structs import replace

from mlgate.detectors import Detector
from mlgate.documents import locate
from mlgate.facts.python.canonical import canonical
from mlgate.facts.secret import mask_text
from mlgate.match import Match
from mlgate.model import (
    HOLE,
    Atom,
    Document,
    Entries,
    Fact,
    Finding,
    Items,
    Local,
    Location,
    Made,
    Ref,
    Span,
    Template,
    Value,
)
from mlgate.predicates import text_of
from mlgate.regex import regex

_PYTHON_FACTS = frozenset(["call", "class", "import"])
_HOLE = regex(r"\{([a-z][a-z-]*)\}")
_IT = "it"
"""What a thing without a name is called."""
_WORDS = {
    "asset": _IT,
    "origin": "",
    "value": "",
    "remote": "from the network",
    "repository": "from this repository",
    "own-output": "written by this file",
    "unknown": "from elsewhere",
}
_LONGEST_SHOWN = 120
_UNKNOWN_TEXT = repr(HOLE)
_LOADED = regex(r"^[01]$|(?:model|repo|path|name|file|url|uri|checkpoint|dataset|weights|source|id)$")
"""Arguments, by place or name, that say what is loaded."""
_NOT_OF_THE_LINE = frozenset(["words", "revision", "verified", "beside", "released", "detail"])
"""Attributes that are said twice, or that others decide: a checkout, a checksum, other keys, how much is released."""


def findings(document: Document, matches: Sequence[Match], detectors: Sequence[Detector]) -> tuple[Finding, ...]:
    """Findings in the order of `matches`, which is document order: equal ones are told apart by their ordinal."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for match in matches:
        thing = _canonical(document, match, detectors)
        ordinal = seen[match.rule.id, thing]
        seen[match.rule.id, thing] += 1
        found.append(_finding(document, match, thing, ordinal, detectors))
    return tuple(found)


def fingerprint(rule: str, path: str, thing: str, ordinal: int) -> str:
    """`1:` and 16 hex digits of SHA-256 over rule, path, canonical form and ordinal, joined by NUL."""
    text = "\0".join((rule, path, thing, str(ordinal)))
    return "1:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _finding(document: Document, match: Match, thing: str, ordinal: int, detectors: Sequence[Detector]) -> Finding:
    fact, rule = match.fact, match.rule
    location = _masked(locate(document, fact.span), detectors)
    origin = next((str(one) for one in _options(fact.attributes.get("origin"))), None)
    asset = None if match.asset is None else _short(mask_text(match.asset, detectors))
    shown = _subject(fact)
    words = {
        "asset": asset if asset and asset.replace(HOLE, "").strip("/.") else _IT,
        "origin": _WORDS.get(origin or "", origin or ""),
        "match": shown,
        "name": fact.name if fact.kind != "secret" else shown,
        "value": _shown_value(match, detectors),
        **_attribute_words(fact, detectors),
    }
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        confidence=match.confidence,
        reason=match.reason,
        location=location,
        subject=shown,
        canonical=thing,
        fingerprint=fingerprint(rule.id, document.source.path, thing, ordinal),
        subject_digest=hashlib.sha256(thing.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        asset=asset,
        origin=origin,
        message=_filled(rule.message, words),
        fix=_filled(rule.fix, words),
        line_text=mask_text(_line(document, fact.span), detectors),
    )


def _masked(location: Location, detectors: Sequence[Detector]) -> Location:
    """A heading or a cell's id is text of the document, so it may hold a secret."""
    cell = location.cell
    if cell is None:
        return location
    return replace(
        location,
        cell=replace(
            cell,
            heading=cell.heading and mask_text(cell.heading, detectors),
            id=cell.id and mask_text(cell.id, detectors),
        ),
    )


# -- identity


def _canonical(document: Document, match: Match, detectors: Sequence[Detector]) -> str:
    """The thing in one spelling, then what the rule read of it; a value that is not known is `?`.

    Masked: 64 bits of a hash over a weak password would tell it.
    """
    fact = match.fact
    if fact.kind in _PYTHON_FACTS or (fact.kind == "string" and "sql" not in _options(fact.attributes.get("use"))):
        thing = (
            canonical(mask_text(_text(document, fact.span), detectors))
            if fact.kind != "string"
            else f"string {fact.name}"
        )
    elif fact.kind == "secret":
        length, digest = (next(iter(_options(fact.attributes.get(key))), "?") for key in ("length", "digest"))
        thing = f"secret {fact.name} {length} {digest}"
    elif fact.kind == "input":
        # What cannot be read is known by its text or bytes: a change to a broken file is another finding, not old debt.
        text = mask_text(_cell_text(document, fact.span), detectors)
        held = " ".join(text.split()) if text else hashlib.sha256(document.source.data).hexdigest()
        thing = f"input {fact.name} {held}"
    else:
        known = {name: value for name, value in fact.attributes.items() if name not in _NOT_OF_THE_LINE}
        words = sorted(f"{name}={spelled(value)}" for name, value in known.items())
        thing = f"{fact.kind} {' '.join(fact.name.split())} {' '.join(words)}"
    read = " ".join(f"{name}={spelled(value)}" for name, value in match.read)
    loaded = _loaded(fact)
    return f"{thing}|{read}|{loaded}" if loaded else f"{thing}|{read}"


def _loaded(fact: Fact) -> str:
    """What a call may load, though no clause reads it: `torch.load(path)` stays as it is when `path` is another."""
    if fact.kind != "call":
        return ""
    values = [fact.attributes.get("asset"), *(value for name, value in fact.args.items() if _LOADED.search(name))]
    atoms = [atom for value in values if value is not None for atom in (*value.options, *value.defaults, *value.passed)]
    texts = {_atom(atom) for atom in atoms if text_of(atom) is not None} - {_UNKNOWN_TEXT}
    return ",".join(sorted(texts))


def _cell_text(document: Document, span: Span) -> str:
    cell = document.cells[span.cell] if span.cell < len(document.cells) else None
    return cell.text if cell is not None and cell.index else ""


def spelled(value: Value | None) -> str:
    """One spelling of a value: its options sorted, `?` where it may be something else, `-` where it is absent.

    After `?` what it is by default: that is no knowledge, but whoever changes it changes what is found.
    """
    if value is None:
        return "-"
    options = {_atom(one) for one in value.options}
    is_open = bool(value.unknown) or _UNKNOWN_TEXT in options
    defaults = {_atom(one) for one in (*value.defaults, *value.passed)}
    listed = sorted(options - {_UNKNOWN_TEXT}) + (["?", *sorted(defaults - options)] if is_open else [])
    return "{" + ",".join(listed) + "}"


def _atom(atom: Atom) -> str:
    match atom:
        case Ref(name):
            return f"ref:{name}"
        case Made(name):
            return f"made:{name}"
        case str() | Local() | Template():
            # Whether a text is a path of this machine is judged by what is around; the text is the same.
            return repr(text_of(atom))
        case Items(items):
            return "[" + ",".join(map(spelled, items)) + "]"
        case Entries(entries):
            return (
                "{"
                + ",".join(f"{key}:{spelled(value)}" for key, value in sorted(entries, key=lambda one: one[0]))
                + "}"
            )
        case _:
            return repr(atom)


# -- what is shown


def _subject(fact: Fact) -> str:
    match fact.kind:
        case "call":
            return fact.name.removeprefix("?.") if fact.name.startswith("?.") else fact.name
        case "shell" | "string":
            return _short(fact.name)
        case "change":
            named = (fact.attributes.get(name) for name in ("what", "id", "rules"))
            return next((_short(str(one)) for value in named for one in _options(value)), fact.name)
        case "secret":
            return next((str(one) for one in _options(fact.attributes.get("preview"))), fact.name)
    return _short(fact.name)


def _shown_value(match: Match, detectors: Sequence[Detector]) -> str:
    """The first value that the clause tested and that is there, as a reader would write it."""
    if match.fact.kind == "secret":
        return ""
    for predicate in (*match.clause.args, *match.clause.where):
        value = match.fact.args.get(predicate.name) or match.fact.attributes.get(predicate.name)
        if value is None and predicate.pos is not None:
            value = match.fact.args.get(str(predicate.pos))
        for option in value.options if value else ():
            text = text_of(option)
            return (
                _short(mask_text(text, detectors))
                if text is not None
                else repr(option)
                if not isinstance(option, (Ref, Made))
                else option.name
            )
    return ""


def _attribute_words(fact: Fact, detectors: Sequence[Detector]) -> dict[str, str]:
    if fact.kind == "secret":
        return {}
    words = {}
    for name, value in fact.attributes.items():
        text = next((text for one in value.options if (text := text_of(one)) is not None), None)
        if text is not None and name not in ("origin", "asset"):
            words[name] = _short(mask_text(text, detectors))
    return words


def _filled(template: str, words: Mapping[str, str]) -> str:
    """A sentence in which what the fact does not say is called `it`."""
    text = re.sub(r"  +", " ", _HOLE.sub(lambda hole: words.get(hole.group(1)) or _IT, template)).strip()
    return "It" + text[2:] if text.startswith(f"{_IT} ") else text


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"


def _options(value: Value | None) -> Iterable[Atom]:
    return value.options if value is not None else ()


# -- texts of a span


def _line(document: Document, span: Span) -> str:
    if span.cell >= len(document.cells):
        return ""
    lines = _lines(document.cells[span.cell].text)
    return lines[span.line - 1].strip()[:500] if span.line <= len(lines) else ""


def _text(document: Document, span: Span) -> str:
    if span.cell >= len(document.cells):
        return ""
    lines = _lines(document.cells[span.cell].text)[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


@lru_cache(maxsize=4)
def _lines(text: str) -> list[str]:
    """Kept for the next finding of the same cell; nobody changes them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
