"""What a module of the repository is to the files that import it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Sequence

from mlgate.facts.python.known import Class, Function, Inner, Instance, Known, Partial, merge, outside
from mlgate.facts.python.names import Names
from mlgate.facts.python.options import command_line_options
from mlgate.facts.python.outlines import outline
from mlgate.facts.python.relevance import Relevance
from mlgate.facts.python.scopes import Here, Outline
from mlgate.facts.python.trees import parsed
from mlgate.facts.python.values import Evaluator, class_of
from mlgate.facts.python.wrappers import wrapper_of, wrapper_of_partial
from mlgate.model import Atom, Place, Project, Ref, Shape, Unit, Value

MAX_NESTING = 2
"""Deepest classes inside classes that are told of: a settings class with a nested one."""


def read(units: Sequence[Unit], runs: Sequence[str] = ()) -> Outline | None:
    """The outline of a module's units; None where none of them can be parsed. `runs`: files that `%run` runs."""
    trees = [(place, tree) for place, unit in enumerate(units) if isinstance(tree := parsed(unit.text), ast.Module)]
    if not trees:
        return None
    found = outline(trees)
    found.module.stars += runs
    return found


class Exports:
    """The names of one module, each answered when it is asked for.

    `holder` takes the outline apart when it goes: it is kept as long as this is. With `is_whole` classes are told of
    with all their attributes: nobody can ask for them later.
    """

    def __init__(
        self,
        module: Outline,
        names: Names,
        project: Project,
        path: str,
        holder: object = None,
        is_whole: bool = False,
    ) -> None:
        self.module = module
        self.names = names
        self.project = project
        self.path = path
        self.holder = holder
        self.is_whole = is_whole
        self._known: dict[str, Value | None] = {}
        self._classes: dict[tuple[int, int, int], Class] | None = None  # By where they stand.
        wanted = frozenset(names.lasts)
        libraries = frozenset(names.roots)
        relevance = Relevance(module, project, path, names)
        self._evaluator = Evaluator(module, project, path, relevance, wanted, libraries)
        options = command_line_options(module, self._evaluator)
        if options:
            self._evaluator = Evaluator(module, project, path, relevance, wanted, libraries, options)

    def get(self, name: str) -> Value | None:
        """None where the module does not bind the name, neither itself nor by a star import."""
        if name not in self._known:
            self._known[name] = self._get(name)
        return self._known[name]

    def all(self) -> dict[str, Value]:
        """Every name that the module binds itself or takes from a module of the repository with `*`."""
        whole = self
        if not self.is_whole:
            whole = Exports(self.module, self.names, self.project, self.path, self.holder, is_whole=True)
        found = {name: value for name in self.module.module.bindings if (value := whole.get(name)) is not None}
        return dict(sorted(found.items()))

    def member(self, place: Place, name: str) -> Value | None:
        """What attribute `name` is of the class at `place`; None where it sets none."""
        if self._classes is None:
            scopes = (scope for scope in self.module.scopes if scope.kind == "class" and scope.here is not None)
            self._classes = {_position(owner.here): owner for owner in map(class_of, scopes)}
        owner = self._classes.get((place.unit, place.line, place.column))
        known = None if owner is None else self._evaluator.member(owner, name)
        return None if owner is None or known is None else self._told_of(owner, name, known, place.nesting)

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
        bases, is_enum = tuple(self._evaluator.bases(owner)), self._evaluator.is_enum(owner)
        if not self.is_whole and not is_enum:
            place = Place(self.path, self.project.hops, nesting, *_position(owner.here))
            return Shape(dotted, None, bases, is_enum, place)
        members = (
            (name, self._told_of(owner, name, known, nesting)) for name, known in self._evaluator.members(owner).items()
        )
        return Shape(dotted, tuple((name, value) for name, value in members if value is not None), bases, is_enum)

    def _told_of(self, owner: Class, name: str, known: Known, nesting: int) -> Value | None:
        """An attribute of a class, as other modules are told of it; None where there is nothing to tell."""
        several = [self._atoms(option, f"{owner.name}.{name}", nesting - 1) for option in known.options]
        kept = tuple(atom for atoms in several for atom in atoms)
        if not kept and not known.defaults and not known.passed:
            return None
        unknown = known.unknown or ("" if all(several) else f"defined in {self.path}")
        return Value(kept, unknown, outside(known.defaults), outside(known.passed))


def _position(here: Here) -> tuple[int, int, int]:
    return here.unit, here.line, here.column


__all__ = ["Exports", "read"]
