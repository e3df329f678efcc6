"""Which assignments of a name can be seen where it is used."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from mlgate.facts.python.scopes import Binding, Here, Scope


def reaching(bindings: Sequence[Binding], scope: Scope, here: Here, node: ast.AST | None) -> Sequence[Binding]:
    """The bindings whose value a name may have where it is used.

    Inside one unit the last unconditional binding above the use hides those before it; a use in another scope or
    another cell may meet any of them.
    """
    if len(bindings) == 1 or scope is not here.scope:
        return bindings
    line = getattr(node, "lineno", here.line)
    column = getattr(node, "col_offset", here.column)
    before = [
        one
        for one in bindings
        if one.here.unit == here.unit
        and (one.here.line, one.here.column) < (line, column)
        and (one.here.line, one.here.column) != (here.line, here.column)
    ]
    certain = [
        one for one in before if here.block[: len(one.here.block)] == one.here.block and not _is_set_inside(one, scope)
    ]
    if not certain:
        return bindings
    last = certain[-1]
    after_last = [one for one in before if (one.here.line, one.here.column) > (last.here.line, last.here.column)]
    # A loop around the use can bring back what is bound below it.
    around = here.block
    looped = [
        one
        for one in bindings
        if one.here.unit == here.unit
        and one not in before
        and around
        and one.here.block[: len(around)] == around
        and len(around) > len(last.here.block)
    ]
    return [last, *after_last, *looped]


def _is_set_inside(binding: Binding, scope: Scope) -> bool:
    """Whether a function inside `scope` sets the name (`global`, `nonlocal`): it may never be called."""
    inner = binding.here.scope
    while inner is not scope and inner.parent is not None:
        inner = inner.parent
        if inner is scope:
            return True
    return False
