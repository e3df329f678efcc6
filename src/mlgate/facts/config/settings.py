"""Settings of configuration files: keys that a rule asks for, environments, and Jupyter's server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlgate.commands.servers import settled
from mlgate.facts.config.asked import asked
from mlgate.facts.config.beside import Mappings
from mlgate.facts.config.environments import environments, known
from mlgate.facts.config.leaves import Leaf
from mlgate.model import Fact, Span, Unit, Value, Vocabulary
from mlgate.neighbours import described

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
    mappings = Mappings(leaves)
    for leaf in leaves:
        name = ".".join(leaf.keys)
        if name and asked(name, vocabulary.settings):
            key, said = mappings.around(leaf)
            attributes = described(key, known(leaf.value), said, vocabulary.beside)
            yield Fact("setting", name, leaf.span(unit.cell), attributes=attributes)
    for variables in environments(leaves):
        said = {one.name: one.value for one in variables.pairs}
        for one in variables.pairs:
            if asked(f"env:{one.name}", vocabulary.settings):
                attributes = described(one.name, one.value, said, vocabulary.beside, variables.elsewhere)
                yield Fact("setting", f"env:{one.name}", one.leaf.span(unit.cell), attributes=attributes)
    if re.search(r"(?:^|/)jupyter[\w-]*\.json$|jupyter_server_config\.d/", path):
        yield from _jupyter(leaves, unit)


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
