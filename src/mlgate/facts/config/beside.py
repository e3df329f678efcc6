"""The mappings of a configuration file: what is said together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlgate.facts.config.environments import known
from mlgate.facts.config.leaves import Leaf, Step
from mlgate.model import Value


class Mappings:
    """The scalars of each mapping by their keys; a list of scalars is every one of them."""

    def __init__(self, leaves: Iterable[Leaf]) -> None:
        self._said: dict[tuple[Step, ...], dict[str, Value]] = {}
        for leaf in leaves:
            place, key = _place(leaf)
            said = self._said.setdefault(place, {})
            before = said[key].options if key in said else ()
            value = known(leaf.value)
            said[key] = Value((*before, *value.options), value.unknown)

    def around(self, leaf: Leaf) -> tuple[str, Mapping[str, Value]]:
        """The key of `leaf`, and what its mapping says."""
        place, key = _place(leaf)
        return key, self._said[place]


def _place(leaf: Leaf) -> tuple[tuple[Step, ...], str]:
    """The path of the mapping, and the key in it; the items of a list stand where the list does."""
    path = leaf.path
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return (path[:-1], str(path[-1])) if path else ((), "")
