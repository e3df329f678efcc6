"""Which calls can be any that rules ask for, told from names alone, before anything is evaluated.

Nine calls in ten cannot: neither they, nor what their name may stand for here, end in a name of a rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct, field

from mlgate.facts.python.names import Names
from mlgate.facts.python.scopes import Binding, Outline
from mlgate.model import Handed, Project

_CHOOSERS = frozenset("getattr __getattribute__ __dict__ globals locals vars partial attrgetter methodcaller".split())
"""With these in an expression, what it stands for need not be a name in it."""
_GETTERS = frozenset(["get", "pop", "setdefault", "items", "values"])
_LATE = frozenset(["import_module", "__import__"])
_TRANSPARENT = frozenset(["value", "__call__", "__func__", "__wrapped__"])
"""Attributes that stand for what they belong to: of an enumeration's member, of a method."""


class Relevance(Struct):
    """Answers for one outline. It says too much rather than too little: a name is the same in every scope."""

    outline: Outline
    project: Project
    path: str
    names: Names
    """What rules ask for."""
    _bound: dict[str, bool] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    """Names that were looked through for the one that is asked for."""
    _reach: Handed | None = None
    """What is in reach: names and libraries of other modules, and the libraries that are imported here."""
    _is_any: bool | None = None
    _ended: dict[str, bool] = field(default_factory=dict)
    _named: dict[str, bool] = field(default_factory=dict)

    def may_end_in(self, last: str) -> bool:
        """Whether a name or attribute `last`, of whatever, may be; most are not, and need no further look."""
        if last not in self._named:
            self._named[last] = (
                self._any() or not last or last in _TRANSPARENT or self._is_last(last) or self._name(last)
            )
        return self._named[last]

    def may_be(self, expression: ast.expr) -> bool:
        """Whether what `expression` evaluates to may be asked for by a rule."""
        if self._any():
            return True
        match expression:
            case ast.Name(name):
                return self._named.get(name, True) and self._name(name)
            case ast.Attribute(base, last):
                if not self._named.get(last, True):
                    return False
                return self._is_last(last) or (last in _TRANSPARENT and self.may_be(base))
            case ast.Call(function):
                # What a library's function returns is none of its functions; what a table gives may be one.
                if isinstance(function, ast.Attribute) and function.attr in _GETTERS and self.may_be(function.value):
                    return True
                if any(one in _CHOOSERS or self._is_bound(one) for one in _identifiers(function)):
                    return True
                return not isinstance(function, (ast.Name, ast.Attribute)) and self.may_be(function)
            case ast.Subscript(base):
                return self.may_be(base)
            case ast.List(elements) | ast.Tuple(elements) | ast.Set(elements):
                return any(map(self.may_be, elements))
            case ast.Dict(values=values):
                return any(map(self.may_be, values))
            case ast.IfExp(_, yes, no):
                return self.may_be(yes) or self.may_be(no)
            case ast.NamedExpr(_, value) | ast.Await(value) | ast.Starred(value):
                return self.may_be(value)
            case ast.Constant():
                return False
            case _:
                return any(one in _CHOOSERS or self._ends(one) or self._name(one) for one in _identifiers(expression))

    def _name(self, name: str) -> bool:
        if name in self.outline.bound:
            return self._is_bound(name)
        return name in self.names.exact or name in _CHOOSERS or (self._has_stars() and self._ends(name))

    def _is_last(self, last: str) -> bool:
        return self._ends(last) or self._is_bound(last)

    def _ends(self, last: str) -> bool:
        if last not in self._ended:
            self._ended[last] = self._may_end(last)
        return self._ended[last]

    def _may_end(self, last: str) -> bool:
        """Whether a name of a library in reach, or of a module, may end so."""
        reach = self._reached()
        if last in reach.names:
            return True
        roots = self.names.lasts.get(last)
        if roots is not None and ("" in roots or not roots.isdisjoint(reach.roots)):
            return True
        return any(part in last for _, parts in self.names.opened for part in parts)

    def _is_bound(self, name: str) -> bool:
        """Whether something is set to the name here, in whatever scope, that may be asked for."""
        known = self._bound.get(name)
        if known is not None or name in self._seen:
            return bool(known)  # A circle of names adds nothing to what else is found on the way.
        is_first = not self._seen
        self._seen.add(name)
        found = any(map(self._binds, self.outline.bound.get(name, ())))
        if found:
            self._bound[name] = True
        if is_first:
            # Nothing that was reached from the first one can be asked for: else that could.
            if not found:
                self._bound.update(dict.fromkeys(self._seen, False))
            self._seen.clear()
        return found

    def _binds(self, binding: Binding) -> bool:
        match binding.kind:
            case "import":
                return any(map(self._ends, binding.name.split(".")[1:]))
            case "class":
                return isinstance(binding.node, ast.ClassDef) and any(map(self.may_be, binding.node.bases))
            case "definition":
                returns = binding.scope.returns if binding.scope is not None else ()
                return any(self.may_be(value) for value, _ in returns)
            case "parameter":
                return False  # What callers and defaults give is told where they name it.
            case _:
                return isinstance(binding.node, ast.expr) and self.may_be(binding.node)

    def _has_stars(self) -> bool:
        return bool(self.outline.stars or self.outline.module.stars)

    # -- what is in reach

    def _reached(self) -> Handed:
        self._any()
        assert self._reach is not None
        return self._reach

    def _any(self) -> bool:
        """Whether nothing can be told from names, because a module or library is there that may bring any."""
        if self._is_any is None:
            names: set[str] = set()
            roots = set(self.outline.libraries)
            late = list(self._late())
            self._is_any = None in late or not (_LATE - {"import_module"}).isdisjoint(self.outline.bound)
            roots.update(module.partition(".")[0] for module in late if module is not None)
            for module in (*self._modules(), *filter(None, late)):
                found = self.project.handed_on(module, self.path)
                if found is None:
                    self._is_any = True
                    break
                names |= found.names
                roots |= found.roots
            self._reach = Handed(frozenset(names), frozenset(roots))
            self._is_any = self._is_any or any(
                not parts and not segments.isdisjoint(roots) for segments, parts in self.names.opened
            )
        return self._is_any

    def _late(self) -> Iterator[str | None]:
        """Modules that are imported by a call; None where a text says which."""
        for name in self.outline.called:
            if name not in _LATE and not self._is_renamed_import(name):
                continue
            for site in self.outline.calls_of(name):
                assert isinstance(site.node, ast.Call)
                match site.node.args:
                    case [ast.Constant(str() as module)]:
                        yield module
                    case _:
                        yield None

    def _is_renamed_import(self, name: str) -> bool:
        """`from importlib import import_module as load`."""
        bindings = self.outline.bound.get(name, ())
        return any(one.kind == "import" and one.name.rpartition(".")[2] in _LATE for one in bindings)

    def _modules(self) -> Iterator[str]:
        """Everything that the document may import, and the files that it runs."""
        seen = dict.fromkeys([*self.outline.module.stars, *self.outline.stars])
        for site in self.outline.imports:
            match site.node:
                case ast.Import(names):
                    seen.update((alias.name, None) for alias in names)
                case ast.ImportFrom(module, names, level):
                    base = "." * level + (module or "")
                    seen[base] = None
                    dot = "" if base.endswith(".") else "."
                    seen.update((f"{base}{dot}{alias.name}", None) for alias in names if alias.name != "*")
        return iter(seen)


def _identifiers(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        match node:
            case ast.Name(name) | ast.Attribute(attr=name):
                yield name
