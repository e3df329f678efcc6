"""Texts without the secrets in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from mlgate.detectors import Detector, restore
from mlgate.facts.secret.catalogue import compile_detectors
from mlgate.facts.secret.find import find
from mlgate.model import Atom, Cell, Entries, Fact, Items, Local, Template, Value

MIN_REDACTED = 6
"""Shortest value that any detector takes, in code points."""
MIN_ECHO = 16
"""Shortest value that is looked for again elsewhere in the document, in code points."""


def mask(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """`text` with each (start, end, preview) replaced by its preview; 0-based offsets, which must not overlap."""
    for start, end, preview in sorted(spans, reverse=True):
        text = text[:start] + preview + text[end:]
    return text


def mask_text(text: str, detectors: Sequence[Detector] | None = None) -> str:
    """`text` with every value masked that a detector claims, examples included; for source lines of all reports.

    Mask first, cut afterwards: half a key is no longer recognised.
    """
    hits = find(text, default_detectors() if detectors is None else detectors)
    return mask(text, ((hit.start, hit.end, hit.preview) for hit in hits)) if hits else text


@lru_cache(maxsize=1)
def default_detectors() -> tuple[Detector, ...]:
    """Compiled anew, for callers without a cache. Imports detect_secrets."""
    return restore(compile_detectors())


def redactor(cells: Sequence[tuple[int, Cell]], detectors: Sequence[Detector]) -> Callable[[str], str]:
    """A function that masks, in any text, the values found in `cells` and what a detector claims in the text itself.

    A call's argument has lost the name that made it a secret, and a folded string was a key in no cell. The values
    live in the function alone.
    """
    values: dict[str, str] = {}
    for _, cell in cells:
        for hit in find(cell.text, detectors):
            if not hit.placeholder or hit.preview != "***":
                values[cell.text[hit.start : hit.end]] = hit.preview
    longest_first = sorted(values.items(), key=lambda entry: -len(entry[0]))
    known: dict[str, str] = {}

    def redact(text: str) -> str:
        if len(text) < MIN_REDACTED:
            return text
        if text not in known:
            masked = text
            for value, preview in longest_first:
                masked = masked.replace(value, preview)
            # What stands in a cell as it is has been looked at there.
            known[text] = masked if any(text in cell.text for _, cell in cells) else mask_text(masked, detectors)
        return known[text]

    return redact


def redacted(fact: Fact, redact: Callable[[str], str]) -> Fact:
    """`fact` with every string that it holds passed through `redact`: before it is cached, judged or shown."""
    if fact.kind == "secret":
        return fact
    return replace(
        fact,
        name=redact(fact.name),
        args={name: _redacted_value(value, redact) for name, value in fact.args.items()},
        attributes={name: _redacted_value(value, redact) for name, value in fact.attributes.items()},
        why=redact(fact.why),
    )


def _redacted_value(value: Value, redact: Callable[[str], str]) -> Value:
    return Value(
        tuple(_redacted_atom(atom, redact) for atom in value.options),
        redact(value.unknown),
        tuple(_redacted_atom(atom, redact) for atom in value.defaults),
    )


def _redacted_atom(atom: Atom, redact: Callable[[str], str]) -> Atom:
    match atom:
        case str():
            return redact(atom)
        case Local(text):
            return Local(redact(text))
        case Template(parts):
            return Template(tuple(part if part is None else redact(part) for part in parts))
        case Items(items):
            return Items(tuple(_redacted_value(item, redact) for item in items))
        case Entries(entries, open=more):
            return Entries(tuple((redact(key), _redacted_value(item, redact)) for key, item in entries), more)
        case _:
            return atom
