"""Environments that configuration files set: of jobs, containers, pods and endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from mlgate.facts.config.leaves import Leaf, Step
from mlgate.model import Value

_ENVIRONMENTS = frozenset(
    {
        "env",
        "environment",
        "Environment",
        "environment_variables",
        "env_variables",
        "envVars",
        "variables",
        "containerEnv",
        "remoteEnv",
    }
)
_ELSEWHERE = frozenset({"env_file", "envFrom", "envFile"})
"""Keys beside an environment that bring in more of it."""


class Pair(Struct, frozen=True):
    name: str
    value: Value
    leaf: Leaf
    """Where the value stands."""


class Variables(Struct):
    """One environment."""

    pairs: list[Pair] = field(default_factory=list)
    elsewhere: str = ""
    """The key that adds to it from a file or a map that is not read here."""


def environments(leaves: Sequence[Leaf]) -> tuple[Variables, ...]:
    """`env: {A: 1}`, `environment: [A=1]`, `env: [{name: A, value: 1}]`; truth values count as their words."""
    found: dict[tuple[Step, ...], Variables] = {}
    names: dict[tuple[Step, ...], str] = {}
    for leaf in leaves:
        if len(leaf.path) > 1:
            for place, pair in _pairs(leaf, names):
                found.setdefault(place, Variables()).pairs.append(pair)
    elsewhere = {leaf.path[: leaf.path.index(key)]: key for leaf in leaves for key in _ELSEWHERE if key in leaf.path}
    for place, variables in found.items():
        variables.elsewhere = elsewhere.get(place[:-1], "")
    return tuple(found.values())


def _pairs(leaf: Leaf, names: dict[tuple[Step, ...], str]) -> Iterator[tuple[tuple[Step, ...], Pair]]:
    """The variable that a leaf sets, and the path of its environment; `names` keeps `name: A` for its `value: 1`."""
    item, last = leaf.path[:-1], leaf.path[-1]
    parent = item[-1]
    if isinstance(last, str) and parent in _ENVIRONMENTS:
        yield item, Pair(last, _text(leaf.value), leaf)
    elif isinstance(last, int) and parent in _ENVIRONMENTS and isinstance(leaf.value, str):
        name, equals, text = leaf.value.partition("=")
        if equals:
            yield item, Pair(name, known(text), leaf)
    elif isinstance(parent, int) and len(item) > 1 and item[-2] in _ENVIRONMENTS:
        if last == "name" and isinstance(leaf.value, str):
            names[item] = leaf.value
        elif last == "value" and item in names:
            yield item[:-1], Pair(names[item], _text(leaf.value), leaf)


def known(value: bool | int | float | str | None) -> Value:
    """The value of a scalar; unknown where it holds a variable."""
    if isinstance(value, str) and re.search(r"\$\{?\{?\s*\w", value):
        return Value((), "it holds a variable")
    return Value((value,))


def _text(value: bool | int | float | str | None) -> Value:
    if isinstance(value, bool):
        return Value(("true" if value else "false",))
    return known("" if value is None else str(value))
