"""Which of two values of a parameter is stricter, by what the rule declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from packaging.version import Version

from mlgate.model import Parameter


def stricter(parameter: Parameter, root: object, asked: object, admitted: Callable[[object], bool]) -> object:
    """What an overlay gets that asks for `asked` where the root says `root`.

    Entries of a list that it may not add (`fewer`) or leave out (`more`) are dropped or kept; another value is taken
    where it is stricter or `admitted`. A parameter without a stricter way is the root's.
    """
    match parameter.stricter:
        case "fewer":
            return tuple(entry for entry in _entries(asked) if entry in _entries(root) or admitted(entry))
        case "more":
            kept = tuple(entry for entry in _entries(root) if entry not in _entries(asked) and not admitted(entry))
            return (*_entries(asked), *kept)
        case "lower" | "higher":
            return asked if admitted(asked) or not is_looser(parameter, asked, root) else root
        case _:
            return root


def combined(parameter: Parameter, values: Sequence[object]) -> object:
    """The strictest of what several overlays get: intersection, union, minimum or maximum. `values` is not empty."""
    first = values[0]
    match parameter.stricter:
        case "fewer":
            return tuple(entry for entry in _entries(first) if all(entry in _entries(one) for one in values))
        case "more":
            return tuple(dict.fromkeys(entry for one in values for entry in _entries(one)))
        case "lower":
            return min(values, key=lambda value: _ordered(parameter, value))
        case "higher":
            return max(values, key=lambda value: _ordered(parameter, value))
        case _:
            return first


def is_looser(parameter: Parameter, one: object, other: object) -> bool:
    """Whether `one` admits anything that `other` does not. Without a stricter way every change may."""
    match parameter.stricter:
        case "fewer":
            return not set(_entries(one)) <= set(_entries(other))
        case "more":
            return not set(_entries(one)) >= set(_entries(other))
        case "lower":
            return _ordered(parameter, one) > _ordered(parameter, other)
        case "higher":
            return _ordered(parameter, one) < _ordered(parameter, other)
        case _:
            return one != other


def _entries(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _ordered(parameter: Parameter, value: object) -> Version:
    """Something that can be compared: numbers and truth values are versions of one part."""
    return Version(str(int(value)) if isinstance(value, bool) else str(value))
