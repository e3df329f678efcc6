"""What a module of the repository is to the files that import it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

from mlgate.facts.python.known import Class, Function, Inner, Instance, Known, Partial, merge, outside
from mlgate.facts.python.names import Names
from mlgate.facts.python.options import command_line_options
from mlgate.facts.python.outlines import outline
from mlgate.facts.python.relevance import Relevance
from mlgate.facts.python.scopes import Outline
from mlgate.facts.python.trees import parsed
from mlgate.facts.python.values import Evaluator
from mlgate.facts.python.wrappers import wrapper_of, wrapper_of_partial
from mlgate.model import Atom, Project, Ref, Shape, Unit, Value

MAX_NESTING = 2
"""Deepest classes inside classes that are told of."""


def read(units: Sequence[Unit], runs: Sequence[str] = ()) -> Outline | None:
    """The outline of a module's units; None where none of them can be parsed. `runs`: files that `%run` runs."""
    trees = [(place, tree) for place, unit in enumerate(units) if isinstance(tree := parsed(unit.text), ast.Module)]
    if not trees:
        return None
    found = outline(trees)
    found.module.stars += runs
    return found


@dataclass(slots=True)
class Exports:
    """The names of one module, each answered when it is asked for."""

    module: Outline
    names: Names
    project: Project
    path: str
    holder: object = None
    """What takes the outline apart when it goes: it is kept as long as this is."""
    _evaluator: Evaluator = field(init=False)
    _known: dict[str, Value | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        wanted = frozenset(self.names.lasts)
        libraries = frozenset(self.names.roots)
        relevance = Relevance(self.module, self.project, self.path, self.names)
        self._evaluator = Evaluator(self.module, self.project, self.path, relevance, wanted, libraries)
        options = command_line_options(self.module, self._evaluator)
        if options:
            self._evaluator = Evaluator(self.module, self.project, self.path, relevance, wanted, libraries, options)

    def get(self, name: str) -> Value | None:
        """None where the module does not bind the name, neither itself nor by a star import."""
        if name not in self._known:
            self._known[name] = self._get(name)
        return self._known[name]

    def all(self) -> dict[str, Value]:
        """Every name that the module binds itself or takes from a module of the repository with `*`."""
        found = {name: value for name in self.module.module.bindings if (value := self.get(name)) is not None}
        return dict(sorted(found.items()))

    @property
    def stars(self) -> Sequence[str]:
        return self.module.module.stars

    def _get(self, name: str) -> Value | None:
        scope = self.module.module
        if name in scope.bindings:
            return self._told(merge(self._evaluator.bound(one, 0) for one in scope.bindings[name]), name)
        for star in scope.stars:
            found = None if name.startswith("_") else self.project.export(star, name, self.path)
            if found is not None:
                return found
        return None

    def _told(self, known: Known, name: str) -> Value:
        options: list[Atom] = []
        unknown = known.unknown
        for option in known.options:
            told = self._atoms(option, name, MAX_NESTING)
            options += told
            if not told:
                unknown = unknown or f"defined in {self.path}"
        return Value(tuple(options), unknown, outside(known.defaults), outside(known.passed))

    def _atoms(self, option: Inner, name: str, nesting: int) -> list[Atom]:
        """The option as other modules are told of it; empty where they are not."""
        dotted = f"{posixpath.splitext(posixpath.basename(self.path))[0]}.{name}"
        match option:
            case Class() | Instance():
                owner = option if isinstance(option, Class) else option.of
                return [self._shape(owner, dotted, nesting)] if nesting >= 0 else []
            case Function():
                return [wrapper_of(dotted, option, self._evaluator, self.names, returns=nesting == MAX_NESTING)]
            case Partial():
                return [wrapper_of_partial(dotted, option, self._evaluator)]
            case Ref(relative) if relative.startswith("."):
                # A dot means something else to whoever asks.
                path = self.project.find_module(relative, self.path)
                return [] if path is None else [Ref(path)]
            case _:
                return [option]

    def _shape(self, owner: Class, dotted: str, nesting: int) -> Shape:
        members = []
        for name, known in self._evaluator.members(owner).items():
            several = [self._atoms(option, f"{owner.name}.{name}", nesting - 1) for option in known.options]
            kept = tuple(atom for atoms in several for atom in atoms)
            unknown = known.unknown or ("" if all(several) else f"defined in {self.path}")
            if kept or known.defaults or known.passed:
                members.append((name, Value(kept, unknown, outside(known.defaults), outside(known.passed))))
        return Shape(dotted, tuple(members), tuple(self._evaluator.bases(owner)), self._evaluator.is_enum(owner))


__all__ = ["Exports", "read"]
