"""Addresses that configuration files hold: of data stores, registries and hubs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlgate.addresses import address
from mlgate.facts.config.commands import is_command
from mlgate.facts.config.environments import environments
from mlgate.facts.config.leaves import Leaf
from mlgate.model import Fact, Unit, Vocabulary


def stores(leaves: Sequence[Leaf], unit: Unit, vocabulary: Vocabulary) -> Iterator[Fact]:
    """Facts `string`, one for each value that is an address as a whole. What a command says is read as a command."""
    if not vocabulary.strings:
        return
    for leaf in leaves:
        if isinstance(leaf.value, str) and not is_command(leaf):
            found = address(leaf.value, leaf.key, leaf.span(unit.cell), vocabulary.strings)
            if found is not None:
                yield found
    for variables in environments(leaves):
        for one in variables.pairs:
            if isinstance(one.leaf.path[-1], int) and isinstance(one.leaf.value, str):  # `- NAME=address`
                text = one.leaf.value.partition("=")[2]
                found = address(text, one.name, one.leaf.span(unit.cell), vocabulary.strings)
                if found is not None:
                    yield found
