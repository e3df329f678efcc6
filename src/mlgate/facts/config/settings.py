"""Settings of configuration files: keys that a rule asks for, environments, and Jupyter's server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from mlgate.commands.servers import settled
from mlgate.facts.config.leaves import Leaf
from mlgate.model import Fact, Span, Unit, Value, Vocabulary

_ENVIRONMENTS = frozenset(
    {
        "env",
        "environment",
        "environment_variables",
        "env_variables",
        "envVars",
        "variables",
        "containerEnv",
        "remoteEnv",
    }
)
_JUPYTER = frozenset({"ServerApp", "NotebookApp", "LabApp", "IdentityProvider", "PasswordIdentityProvider"})
_TRAITS = {
    "ip": "host",
    "port": "port",
    "token": "token",
    "password": "password",
    "hashed_password": "password",
    "allow_origin": "allow-origin",
    "allow_root": "root",
    "disable_check_xsrf": "xsrf-off",
}


def settings(leaves: Sequence[Leaf], unit: Unit, vocabulary: Vocabulary, path: str) -> Iterator[Fact]:
    """Facts `setting` named by their dotted keys or `env:NAME`, and one `server` for what a Jupyter file says together.

    The places of lists are no part of a name.
    """
    for leaf in leaves:
        name = ".".join(leaf.keys)
        if name and _asked(name, vocabulary):
            yield _setting(name, leaf, unit)
    yield from _environments(leaves, unit, vocabulary)
    if re.search(r"(?:^|/)jupyter[\w-]*\.json$|jupyter_server_config\.d/", path):
        yield from _jupyter(leaves, unit)


def _asked(name: str, vocabulary: Vocabulary) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in vocabulary.settings)


def _setting(name: str, leaf: Leaf, unit: Unit, value: Value | None = None) -> Fact:
    return Fact("setting", name, leaf.span(unit.cell), attributes={"value": value or _value(leaf.value)})


def _value(value: bool | int | float | str | None) -> Value:
    if isinstance(value, str) and re.search(r"\$\{?\{?\s*\w", value):
        return Value((), "it holds a variable")
    return Value((value,))


def _environments(leaves: Sequence[Leaf], unit: Unit, vocabulary: Vocabulary) -> Iterator[Fact]:
    """`env: {A: 1}`, `environment: [A=1]`, `env: [{name: A, value: 1}]`; truth values count as their words."""
    names: dict[tuple[str | int, ...], str] = {}
    for leaf in leaves:
        parent = leaf.path[-2] if len(leaf.path) > 1 else ""
        last = leaf.path[-1] if leaf.path else ""
        if isinstance(last, str) and parent in _ENVIRONMENTS:
            name, value = last, _text(leaf.value)
        elif isinstance(last, int) and parent in _ENVIRONMENTS and isinstance(leaf.value, str):
            name, equals, text = leaf.value.partition("=")
            value = _value(text)
            if not equals:
                continue
        elif last == "name" and isinstance(leaf.value, str) and set(leaf.keys[-2:-1]) & _ENVIRONMENTS:
            names[leaf.path[:-1]] = leaf.value
            continue
        elif last == "value" and leaf.path[:-1] in names:
            name, value = names[leaf.path[:-1]], _text(leaf.value)
        else:
            continue
        if _asked(f"env:{name}", vocabulary):
            yield _setting(f"env:{name}", leaf, unit, value)


def _text(value: bool | int | float | str | None) -> Value:
    if isinstance(value, bool):
        return Value(("true" if value else "false",))
    return _value("" if value is None else str(value))


def _jupyter(leaves: Sequence[Leaf], unit: Unit) -> Iterator[Fact]:
    said: dict[str, object] = {}
    first: Span | None = None
    for leaf in leaves:
        if len(leaf.path) == 2 and leaf.path[0] in _JUPYTER and leaf.path[1] in _TRAITS:
            value = leaf.value if isinstance(leaf.value, bool | str) else str(leaf.value)
            said[_TRAITS[str(leaf.path[1])]] = value
            first = first or leaf.span(unit.cell)
    if first is not None:
        attributes = settled({key: value for key, value in said.items() if isinstance(value, bool | str)})
        values = {key: Value((value,)) for key, value in attributes.items() if isinstance(value, bool | str)}
        yield Fact("server", "jupyter", first, attributes=values)
