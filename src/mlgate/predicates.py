"""Whether a value passes the tests of a predicate: it does, some of what it may be does, it does not, or who knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from mlgate import identifiers
from mlgate.model import (
    HOLE,
    Atom,
    Confidence,
    Entries,
    Items,
    Local,
    Made,
    Param,
    Predicate,
    Ref,
    Template,
    Test,
    Value,
)
from mlgate.parts import part
from mlgate.regex import compiled


class Truth(IntEnum):
    """What a test says of a set of possible values. The order is that of a conjunction: the least decides."""

    FALSE = 0
    UNKNOWN = 1
    SOME = 2
    TRUE = 3


class Answer(Struct, frozen=True):
    truth: Truth
    why: str = ""
    """What could not be told, or what is only assumed."""
    cap: Confidence = Confidence.HIGH
    """The highest confidence that the answer supports."""


def passes(
    predicate: Predicate, value: Value | None, params: Mapping[str, object], is_open: bool, exempts: bool
) -> Answer:
    """What the least of its tests says of `value`, None where the fact has none.

    `params`: the rule's parameters here. `is_open`: more arguments may be there than are seen. `exempts`: see `match`.
    """
    if value is not None and predicate.part is not None:
        value = part_of(value, predicate.part)
    answers = [
        _test(test, value, params, is_open and (exempts or test.op == "present"), exempts) for test in predicate.tests
    ]
    truth = min(answer.truth for answer in answers)
    return next(answer for answer in answers if answer.truth is truth)


def part_of(value: Value, name: str) -> Value | None:
    """Part `name` of what the value may be, see `parts`; None where it has no such part."""
    options: list[Atom] = []
    unknown = value.unknown
    for option in value.options:
        if isinstance(option, Entries):  # `model_kwargs={"trust_remote_code": True}`
            inner = dict(option.entries).get(name)
            if inner is not None:
                options += inner.options
                unknown = unknown or inner.unknown
            elif option.open:
                unknown = unknown or f"it may hold {name}"
            continue
        text = text_of(option)
        if text is None:
            unknown = unknown or "it is not a text"
            continue
        for found in part(text, name):
            if HOLE in found:
                unknown = unknown or f"its {name} is put together at run time"
            else:
                options.append(found)
    defaults, passed = (
        tuple(found for option in atoms if (text := text_of(option)) for found in part(text, name))
        for atoms in (value.defaults, value.passed)
    )
    if not (options or defaults or passed) and (value.defaults or value.passed):
        return None  # As far as there is evidence, it has no such part.
    return Value(tuple(options), unknown, defaults, passed) if options or unknown or defaults or passed else None


def _test(
    test: Test, value: Value | None, params: Mapping[str, object], is_open: bool, exempts: bool = False
) -> Answer:
    if value is None and is_open:
        return Answer(Truth.UNKNOWN, "more arguments are handed on than are written here")
    if test.op == "present":
        return Answer(Truth.TRUE if (value is not None) is bool(test.operand) else Truth.FALSE)
    if value is None:
        return Answer(Truth.FALSE)
    if test.op != "is":
        value = _spread(value)
    decide = _decider(test, params)
    verdicts = [decide(option) for option in value.options]
    if True in verdicts:
        return Answer(Truth.TRUE if not value.unknown and all(verdicts) else Truth.SOME)
    passed = [option for option in value.passed if decide(option) is True]
    if passed:
        return _passed(value, passed, exempts)
    if None in verdicts:
        undecided = value.options[verdicts.index(None)]
        form = (
            "it may be a name on a hub or a folder"
            if isinstance(undecided, str)
            else "its value is put together at run time"
        )
        return Answer(Truth.UNKNOWN, value.unknown or form)
    if value.unknown:
        if _never(test, params):
            return Answer(Truth.FALSE)
        evidence = (*value.defaults, *value.passed)
        if evidence and all(decide(one) is False for one in evidence):
            return Answer(Truth.FALSE)
        return Answer(Truth.UNKNOWN, value.unknown)
    return Answer(Truth.FALSE)


def _passed(value: Value, fitting: Sequence[Atom], exempts: bool) -> Answer:
    """A parameter, of which `fitting` are the values that pass among those that calls of this file give it.

    The name of what is loaded is the caller's alone; what becomes of a flag depends on the code between.
    """
    why = "a call of this file passes it"
    if exempts:
        is_always = len(fitting) == len(value.passed) and not value.defaults and not value.options
        return Answer(Truth.TRUE if is_always else Truth.UNKNOWN, why)
    if any(isinstance(option, str) for option in fitting):
        return Answer(Truth.SOME, why, Confidence.MEDIUM)
    return Answer(Truth.UNKNOWN, why)


def _never(test: Test, params: Mapping[str, object]) -> bool:
    """Whether no value that is not written here can pass: it is no literal, and in an empty list is nothing."""
    if isinstance(test.operand, Param):
        return not params.get(test.operand.name)
    return (test.op == "is" and test.operand == "literal") or (test.op == "in" and test.operand == ())


def _spread(value: Value) -> Value:
    """A list counts as the values that it holds: `accept_content=["json", "pickle"]` is some of them."""
    options: list[Atom] = []
    unknown = value.unknown
    for option in value.options:
        if isinstance(option, Items):
            inner = [_spread(item) for item in option.items]
            options += (one for item in inner for one in item.options)
            unknown = unknown or next((item.unknown for item in inner if item.unknown), "")
        else:
            options.append(option)
    return replace(value, options=tuple(options), unknown=unknown)


def _decider(test: Test, params: Mapping[str, object]) -> Callable[[Atom], bool | None]:
    operand = params.get(test.operand.name) if isinstance(test.operand, Param) else test.operand
    match test.op:
        case "in":
            wanted = (operand,) if isinstance(operand, (str, int, float)) or operand is None else tuple(operand)  # type: ignore[arg-type]
            return lambda atom: _is_in(atom, wanted)
        case "regex":
            patterns = (operand,) if isinstance(operand, str) else tuple(operand or ())  # type: ignore[arg-type]
            return lambda atom: _any(_matches(str(pattern), atom) for pattern in patterns)
        case "is":
            return lambda atom: _is(str(operand), atom)
        case "refers-to":
            wanted_names = (operand,) if isinstance(operand, str) else tuple(operand or ())  # type: ignore[arg-type]
            return lambda atom: isinstance(atom, (Ref, Made)) and atom.name in wanted_names
        case other:
            raise AssertionError(f"no such test: {other}")


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    seen = list(verdicts)
    return True if True in seen else None if None in seen else False


def _is_in(atom: Atom, wanted: tuple[object, ...]) -> bool | None:
    match atom:
        case Ref() | Entries():
            return None if isinstance(atom, Ref) else False
        case Made():
            return None if not _is_object(atom.name) else False
        case Local(text):
            return text in wanted
        case Template(parts):
            shape = re.compile(".*".join(re.escape(one) if one else "" for one in parts) or ".*", re.DOTALL)
            possible = any(isinstance(one, str) and shape.fullmatch(one) for one in wanted)
            return None if possible else False
        case Items():
            return False
        case _:
            return any(atom == one and isinstance(atom, str) is isinstance(one, str) for one in wanted)


def _matches(pattern: str, atom: Atom) -> bool | None:
    text = text_of(atom)
    if text is None:
        if isinstance(atom, (bool, int, float)):
            return compiled(pattern).search(str(atom)) is not None
        return None if isinstance(atom, Ref) or (isinstance(atom, Made) and not _is_object(atom.name)) else False
    found = compiled(pattern).search(text)
    if found is not None and HOLE not in found.group():
        return True
    if not isinstance(atom, Template):
        return found is not None
    prefix = _literal_prefix(pattern)
    first = atom.parts[0]
    if prefix and first and not (prefix.startswith(first) or first.startswith(prefix)):
        return False
    return True if found is not None and found.group() else None


def _is(kind: str, atom: Atom) -> bool | None:
    match atom:
        case Local(text):
            return kind == "local-path" or (kind == "literal" and HOLE not in text)
        case None:
            return kind in ("empty", "literal")
        case bool() | int() | float():
            return kind == "literal" or (kind == "empty" and atom is False)
        case Ref():
            return False if kind == "literal" else None
        case Made(name):
            return False if kind == "literal" or _is_object(name) else None
        case Items(items):
            return not items if kind == "empty" else kind == "literal"
        case Entries(entries):
            return not entries if kind == "empty" else False
        case Template():
            if kind == "literal":
                return False
            verdict = identifiers.test(kind, text_of(atom) or "")
            # A text with unknown parts is no commit, version or address; whether it is an id depends on the rest.
            return verdict if kind in ("url", "local-path") else None if verdict is not False else False
        case str():
            return True if kind == "literal" else identifiers.test(kind, atom)
    return None


def _is_object(made: str) -> bool:
    """Whether what a call of `made` returns is an object rather than a text or number: its class's name says so."""
    return made.rpartition(".")[2][:1].isupper() or made.endswith((".from_pretrained", ".__call__"))


def text_of(atom: Atom) -> str | None:
    """The text of an atom with unknown parts as `{…}`; None for what is no text."""
    match atom:
        case str():
            return atom
        case Local(text):
            return text
        case Template(parts):
            return "".join(HOLE if one is None else one for one in parts)
    return None


@lru_cache(maxsize=4096)
def _literal_prefix(pattern: str) -> str:
    """What every match of a pattern that begins with `^` begins with, as far as it is plain text."""
    found = re.match(r"\^((?:[A-Za-z0-9_:/@ -]|\\[./-])*)(?![*+?{|])", pattern)
    if found is None or "|" in pattern:
        return ""
    return found.group(1).replace("\\", "")
