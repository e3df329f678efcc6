"""Who calls a function of this document, and what it is given there for a parameter."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator

from msgspec import Struct, field

from mlgate.facts.python.known import Class, Function, Inner
from mlgate.facts.python.scopes import Binding, Here, Outline, Scope

MAX_CALLS = 32
"""Most calls by one name that are looked at; what has more callers has no one value."""

Resolve = Callable[[ast.expr, Here], Collection[Inner]]


class Callers(Struct):
    """The calls of one document."""

    outline: Outline
    _found: dict[tuple[int, str], list[tuple[ast.expr, Here]]] = field(default_factory=dict)

    def of(self, binding: Binding, resolve: Resolve) -> list[tuple[ast.expr, Here]]:
        """The expressions that calls of this document give for parameter (or dataclass field) `binding`."""
        scope = binding.scope
        if scope is None or scope.node is None:
            return []
        key = (id(scope), binding.name)
        if key not in self._found:
            self._found[key] = []  # A call inside the function itself ends here.
            self._found[key] = list(self._given(binding.name, scope, resolve))
        return self._found[key]

    def of_further(self, scope: Scope, resolve: Resolve) -> dict[str, list[tuple[ast.expr, Here]]]:
        """The keyword arguments that calls of this document give beyond the parameters: what `**kwargs` holds."""
        node = scope.node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return {}
        known = {one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        found: dict[str, list[tuple[ast.expr, Here]]] = {}
        sites = self.outline.calls_of(node.name)
        for site in sites if len(sites) <= MAX_CALLS else ():
            assert isinstance(site.node, ast.Call)
            further = [one for one in site.node.keywords if one.arg is not None and one.arg not in known]
            if further and any(_is(option, scope) for option in resolve(site.node.func, site.here)):
                for one in further:
                    found.setdefault(str(one.arg), []).append((one.value, site.here))
        return found

    def _given(self, name: str, scope: Scope, resolve: Resolve) -> Iterator[tuple[ast.expr, Here]]:
        node = scope.node
        if isinstance(node, ast.ClassDef):
            fields = [key for key, bound in scope.bindings.items() if any(one.kind == "parameter" for one in bound)]
            given = list(self._arguments(node.name, name, fields, resolve, scope))
            # Which object is meant is not known: where one is made without the field, its default may be.
            if all(argument is not None for argument, _ in given):
                yield from ((argument, here) for argument, here in given if argument is not None)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            owner = scope.parent if scope.parent is not None and scope.parent.kind == "class" else None
            names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            if owner is not None and not _is_static(node):
                names = names[1:]
            called = node.name
            if owner is not None and called == "__init__":
                assert isinstance(owner.node, ast.ClassDef)
                called, scope = owner.node.name, owner
            for argument, here in self._arguments(called, name, names, resolve, scope):
                if argument is not None:
                    yield argument, here

    def _arguments(
        self, called: str, name: str, names: list[str], resolve: Resolve, scope: Scope
    ) -> Iterator[tuple[ast.expr | None, Here]]:
        """Per call of what `scope` belongs to: the expression given for `name`, None where there is none."""
        if len(self.outline.called.get(called, ())) > MAX_CALLS:
            return
        sites = self.outline.calls_of(called)
        for site in sites:
            call = site.node
            assert isinstance(call, ast.Call)
            if any(_is(option, scope) for option in resolve(call.func, site.here)):
                yield _argument(call, name, names), site.here


def _is(option: Inner, scope: Scope) -> bool:
    """Whether what is called is the function, or the class, that `scope` belongs to."""
    return (isinstance(option, Function) and option.scope is scope) or (
        isinstance(option, Class) and option.scope is scope
    )


def _argument(call: ast.Call, name: str, names: list[str]) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    place = names.index(name) if name in names else len(call.args)
    if place < len(call.args) and not any(isinstance(one, ast.Starred) for one in call.args[: place + 1]):
        return call.args[place]
    return None


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)
