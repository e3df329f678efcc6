"""Which calls can be any that rules ask for, told from names alone, before anything is evaluated.

Nine calls in ten cannot: neither they, nor what their name may stand for here, end in a name of a rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from mlgate.facts.python.scopes import Binding, Outline
from mlgate.model import Project

_CHOOSERS = frozenset(
    "getattr __getattribute__ __dict__ globals locals vars import_module __import__ partial attrgetter "
    "methodcaller".split()
)
"""With these in an expression, what it stands for need not be a name in it."""
_TRANSPARENT = frozenset(["value", "__call__", "__func__", "__wrapped__"])
"""Attributes that stand for what they belong to: of an enumeration's member, of a method."""


@dataclass(slots=True)
class Relevance:
    """Answers for one outline. It says too much rather than too little: a name is the same in every scope."""

    outline: Outline
    project: Project
    path: str
    lasts: frozenset[str]
    """Last segments of the names that rules ask for."""
    opened: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = ()
    """Of names whose last segment is open: plain segments, one of which is in reach, and parts of the last one."""
    _known: dict[str, bool] = field(default_factory=dict)
    _handed: frozenset[str] | None = None
    _is_any: bool | None = None
    _hands_parameters: bool | None = None

    def may_be(self, function: ast.expr) -> bool:
        """Whether what `function` evaluates to may be asked for, or lead to what is."""
        if self._any():
            return True
        match function:
            case ast.Name(name):
                return self.names(name)
            case ast.Attribute(base, last):
                return self.names(last) or (last in _TRANSPARENT and self.may_be(base))
            case _:
                return self._holds(function)

    def names(self, name: str) -> bool:
        """Whether something that bears the name here may be asked for."""
        if name not in self._known:
            self._known[name] = False  # A circle of names adds nothing.
            self._known[name] = self._asks(name)
        return self._known[name]

    def _asks(self, name: str) -> bool:
        if name in self.lasts or name in _CHOOSERS or name in self._from_modules():
            return True
        if any(part in name for _, parts in self.opened for part in parts):
            return True
        return any(map(self._binds, self.outline.bound.get(name, ())))

    def _binds(self, binding: Binding) -> bool:
        match binding.kind:
            case "import":
                segments = binding.name.split(".")
                return segments[-1] != binding.name and any(map(self.names, segments[1:]))
            case "class":
                return isinstance(binding.node, ast.ClassDef) and any(map(self._holds, binding.node.bases))
            case "definition":
                returns = binding.scope.returns if binding.scope is not None else ()
                return any(self._holds(value) for value, _ in returns)
            case "parameter":
                default = binding.node
                return (isinstance(default, ast.expr) and self._holds(default)) or self._parameters_are()
            case _:
                return isinstance(binding.node, ast.expr) and self._holds(binding.node)

    def _holds(self, expression: ast.expr) -> bool:
        return any(map(self.names, _identifiers(expression)))

    def _parameters_are(self) -> bool:
        """Whether some call hands on, as an argument, what may be asked for."""
        if self._hands_parameters is None:
            self._hands_parameters = False
            self._hands_parameters = any(
                isinstance(site.node, ast.expr) and self._holds(site.node) for site in self.outline.references
            )
        return self._hands_parameters

    def _from_modules(self) -> frozenset[str]:
        """Names under which modules of this repository may hand on what is asked for."""
        self._any()
        return self._handed or frozenset()

    def _any(self) -> bool:
        """Whether nothing can be told from names, because a module or library is there that may bring any."""
        if self._is_any is None:
            self._is_any = any(
                not parts and not segments.isdisjoint(self.outline.libraries) for segments, parts in self.opened
            )
            handed: set[str] = set()
            for module in self._modules():
                found = self.project.handed_on(module, self.path)
                if found is None:
                    self._is_any = True
                    break
                handed |= found
            self._handed = frozenset(handed)
        return self._is_any

    def _modules(self) -> Iterator[str]:
        """Everything that the document may import, and the files that it runs."""
        seen = dict.fromkeys(self.outline.module.stars)
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
            case ast.Constant(str() as text) if text.isidentifier():
                yield text
