"""Texts put together from pieces: every text that they can form, with holes where a piece is not known."""

from __future__ import annotations

import posixpath
import re
import string
from collections.abc import Mapping, Sequence
from itertools import product

from mlgate.facts.python.known import Inner, Known
from mlgate.limits import MAX_OPTIONS
from mlgate.model import Atom, Entries, Items, Local, Template
from mlgate.regex import regex

_PERCENT = regex(r"%(?:\((\w+)\))?[-#0-9 +.]*([sdifrxX%])")

Choice = tuple[str | None, ...]
"""One text in pieces; None stands for what is not known."""


def concatenate(pieces: Sequence[Known]) -> Known:
    """All texts that the pieces can form; beyond MAX_OPTIONS of them a piece with a choice is a hole."""
    local = bool(pieces) and any(isinstance(option, Local) for option in pieces[0].options)
    texts = _products([_choices(one, one.options) for one in pieces])
    atoms = tuple(dict.fromkeys(_atom(text) for text in texts))
    if local:
        return Known(tuple(Local(shown(atom)) for atom in atoms))
    if all(isinstance(atom, Template) and not any(atom.parts) for atom in atoms):
        unknown = next((one.unknown for one in pieces if one.unknown), "a text put together at run time")
        atoms = ()
    else:
        unknown = ""
    # What is only passed, or only a default, makes texts that are no more certain than it is.
    passed = _evidence(pieces, [one.passed for one in pieces])
    defaults = _evidence(pieces, [one.defaults for one in pieces])
    return Known(atoms, unknown, defaults, passed)


def _evidence(pieces: Sequence[Known], several: Sequence[tuple[Inner, ...]]) -> tuple[Inner, ...]:
    if not any(several):
        return ()
    texts = _products(
        [
            _choices(Known(atoms or one.options), atoms or one.options)
            for one, atoms in zip(pieces, several, strict=True)
        ]
    )
    return tuple(dict.fromkeys(atom for text in texts if isinstance(atom := _atom(text), str)))


def _choices(one: Known, options: tuple[Inner, ...]) -> list[Choice]:
    choices: list[Choice] = []
    for option in options:
        match option:
            case bool() | int() | float() | None:
                choices.append((str(option),))
            case str(text) | Local(text):
                choices.append((text,))
            case Template(parts):
                choices.append(parts)
            case _:
                choices.append((None,))
    if one.unknown or not choices:
        choices.append((None,))
    return choices


def _products(pieces: Sequence[list[Choice]]) -> list[Choice]:
    kept: list[list[Choice]] = []
    count = 1
    for choices in pieces:
        if count * len(choices) > MAX_OPTIONS:
            choices = [(None,)]
        count *= len(choices)
        kept.append(choices)
    return [tuple(part for choice in text for part in choice) for text in product(*kept)]


def join(separator: str, items: Sequence[Known]) -> Known:
    """`separator.join(items)`."""
    pieces: list[Known] = []
    for item in items:
        pieces += [Known((separator,)), item] if pieces else [item]
    return concatenate(pieces) if pieces else Known(("",))


def join_path(items: Sequence[Known]) -> Known:
    """`os.path.join(*items)`: one slash between two parts, none behind one that ends in it."""
    whole = join("\0", items)

    def joined(atom: Inner) -> Inner:
        match atom:
            case str(text):
                return posixpath.join(*text.split("\0"))
            case Local(text):
                return Local(posixpath.join(*text.split("\0")))
            case Template(parts):
                texts = [None if part is None else re.sub(r"/?\0", "/", part) for part in parts]
                return Template(tuple(texts))
        return atom

    return Known(
        tuple(map(joined, whole.options)),
        whole.unknown,
        tuple(map(joined, whole.defaults)),
        tuple(map(joined, whole.passed)),
    )


def format_fields(text: str, positional: Sequence[Known] | None, named: Mapping[str, Known]) -> Known:
    """`text.format(…)`; `positional` is None where arguments are handed on unseen."""
    pieces: list[Known] = []
    automatic = 0
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return Known((Template((text,)),))
    for literal, name, spec, _ in fields:
        if literal:
            pieces.append(Known((literal,)))
        if name is None:
            continue
        if name == "":
            name, automatic = str(automatic), automatic + 1
        argument = named.get(name)
        if name.isdigit() and positional is not None and int(name) < len(positional):
            argument = positional[int(name)]
        pieces.append(argument if argument is not None and not spec else Known(unknown="formatted"))
    return concatenate(pieces) if pieces else Known(("",))


def percent(text: str, right: Known) -> Known:
    """`text % right`."""
    values: list[Known] = [right]
    named: dict[str, Known] = {}
    match right.options:
        case (Items(items),):
            values = [Known.of(one) for one in items]
        case (Entries(entries),):
            named = {name: Known.of(value) for name, value in entries}
    pieces: list[Known] = []
    position = place = 0
    for hole in _PERCENT.finditer(text):
        pieces.append(Known((text[position : hole.start()],)))
        position = hole.end()
        if hole.group(2) == "%":
            pieces.append(Known(("%",)))
        elif hole.group(1) or place >= len(values):
            pieces.append(named.get(hole.group(1) or "", Known(unknown="formatted")))
        else:
            pieces.append(values[place])
            place += 1
    pieces.append(Known((text[position:],)))
    return concatenate(pieces)


def text_of(known: Known) -> str:
    """The first text that it may be, unknown parts as `{…}`."""
    return next((text for option in known.options if (text := plain(option)) is not None), "{…}")


def plain(atom: Inner) -> str | None:
    """The text of a string atom, holes shown as `{…}`; None where it is no text."""
    match atom:
        case str() | Template():
            return shown(atom)
        case Local(text):
            return text
    return None


def shown(atom: str | Template) -> str:
    return atom if isinstance(atom, str) else "".join("{…}" if part is None else part for part in atom.parts)


def _atom(parts: Choice) -> str | Template:
    merged: list[str | None] = []
    for part in parts:
        if merged and part is not None and merged[-1] is not None:
            merged[-1] += part
        elif not (part is None and merged and merged[-1] is None):
            merged.append(part)
    if not merged:
        return ""
    if len(merged) == 1 and merged[0] is not None:
        return merged[0]
    return Template(tuple(merged))


__all__ = ["Atom", "concatenate", "format_fields", "join", "join_path", "percent", "plain", "shown", "text_of"]
