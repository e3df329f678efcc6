"""Which names a text binds, where, and to what; `outlines` gathers it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal as OneOf

from msgspec import Struct, field

from mlgate.facts.python import guards

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Use = OneOf["argument", "docstring", "message", "compare", "pattern", "default", "bare", "other"]


class Scope(Struct, eq=False):
    """A module, class, function or comprehension. The cells of a notebook share one module scope."""

    kind: OneOf["module", "class", "function"]
    parent: Scope | None
    node: ast.AST | None = None
    here: Here | None = None
    """Where its statement stands; None for the module."""
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    """Of a class: what its methods assign to `self.NAME`."""
    outer: set[str] = field(default_factory=set)
    """Names that `global` or `nonlocal` hand to an outer scope."""
    stars: list[str] = field(default_factory=list)
    """Modules whose names were imported with `*`, and files that `%run` ran here."""
    returns: list[tuple[ast.expr, Here]] = field(default_factory=list)
    """Of a function: what it returns."""
    calls: list[Site] = field(default_factory=list)
    """Of a function: the calls in it and in what is defined inside it."""
    yields: bool = False

    def lookup(self, name: str) -> Scope | None:
        """The scope whose binding `name` means here, None where nothing binds it. Class bodies hide from functions."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bindings and (scope.kind != "class" or scope is self) and name not in scope.outer:
                return scope
            scope = scope.parent
        return None

    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def enclosing_class(self) -> Scope | None:
        scope: Scope | None = self
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return scope


class Here(Struct, eq=False):
    """Where an expression stands: what its names mean depends on it.

    Neither it nor `Binding` and `Site` changes; they are made by the million, and frozen ones take three times as long.
    """

    scope: Scope
    unit: int
    block: tuple[int, ...]
    """The compound statements around it, outermost first."""
    line: int
    column: int


class Binding(Struct, eq=False):
    kind: OneOf["import", "value", "parameter", "element", "unpack", "definition", "class", "unknown"]
    here: Here
    node: ast.AST | None = None
    """The expression, default or definition; None where there is none."""
    name: str = ""
    """Dotted name of an import; name of a parameter."""
    path: tuple[int, ...] = ()
    """For `unpack`: the places to follow into the value."""
    scope: Scope | None = None
    """For `class` and `definition`: its own scope. For `parameter`: that of the function, or of the dataclass."""
    annotation: ast.expr | None = None


class Site(Struct, eq=False):
    """An expression or statement that may be a fact."""

    node: ast.AST
    here: Here
    use: Use = "other"
    keyword: str = ""
    """The name that it is given: of the argument or variable, and the key in a table (`tables.raw`)."""
    callee: ast.expr | None = None


class Outline(Struct):
    """Everything that the rest of the extractor asks of a document, gathered in one walk."""

    module: Scope
    calls: list[Site] = field(default_factory=list)
    called: dict[str, list[int]] = field(default_factory=dict)
    """Last segment of what is called → places in `calls`; the empty one: what has no name."""
    strings: list[Site] = field(default_factory=list)
    references: list[Site] = field(default_factory=list)
    imports: list[Site] = field(default_factory=list)
    classes: list[Site] = field(default_factory=list)
    assignments: list[tuple[Site, ast.expr]] = field(default_factory=list)
    """Attribute and subscript targets, each with the expression assigned."""
    there: dict[int, tuple[Here, frozenset[str]]] = field(default_factory=dict)
    """Of a block: where its test stands, and the shapes of the paths that exist inside it, see `guards`."""
    there_below: list[tuple[Here, frozenset[str]]] = field(default_factory=list)
    """Shapes of the paths that exist in the rest of the block that a statement stands in."""
    command_lists: list[Site] = field(default_factory=list)
    """List displays that hold an option such as "--host": they may be a command that is started elsewhere."""
    decorated: list[tuple[Scope, list[Site]]] = field(default_factory=list)
    """Functions with decorators, by their scope."""
    libraries: set[str] = field(default_factory=set)
    """First segments of all absolute imports."""
    bound: dict[str, list[Binding]] = field(default_factory=dict)
    """Everything that a name is bound to, in whatever scope, and as whatever attribute."""
    stars: list[str] = field(default_factory=list)
    """Modules whose names were imported with `*`, in whatever scope."""
    scopes: list[Scope] = field(default_factory=list)

    def calls_of(self, *names: str) -> list[Site]:
        """The calls of what ends in one of the names, in the order of `calls`."""
        places = [place for name in names for place in self.called.get(name, ())]
        return [self.calls[place] for place in sorted(places)]

    def close(self) -> None:
        """Take apart what refers to itself, so that its memory is free at once and not when a collector finds it."""
        for scope in (self.module, *self.scopes):
            scope.bindings.clear()
            scope.attributes.clear()
            scope.returns.clear()
            scope.calls.clear()
            scope.here = None
        self.bound.clear()


def is_there(found: Outline, node: ast.expr, here: Here) -> bool:
    """Whether a test around or above `node` has found that the path exists."""
    if not found.there and not found.there_below:
        return False
    around = [found.there[block] for block in here.block if block in found.there]
    above = [
        (at, there)
        for at, there in found.there_below
        if at.scope is here.scope
        and at.unit == here.unit
        and at.line < here.line
        and here.block[: len(at.block)] == at.block
    ]
    if not around and not above:
        return False
    shape = guards.shape(node)
    return any(shape in there and not _is_set_between(found, node, at, here) for at, there in around + above)


def _is_set_between(found: Outline, node: ast.expr, test: Here, use: Here) -> bool:
    """Whether something in the path is given another value behind the test: then the test says nothing of it."""
    names = set(names_in(node))
    scopes = {name: use.scope.lookup(name) for name in names}
    set_at = [one.here for name, scope in scopes.items() if scope is not None for one in scope.bindings[name]]
    set_at += [site.here for site, _ in found.assignments if not names.isdisjoint(names_in(site.node))]
    first, last = (test.line, test.column), (use.line, use.column)
    return any(at.unit == test.unit and first < (at.line, at.column) < last for at in set_at)


def names_in(target: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name))
