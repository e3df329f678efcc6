"""Under which public dotted names callables are reached: re-exports, lazy tables, moved modules, inheritance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from catalogue_signatures import Class, Function, Module

CALLED = ("__init__", "__call__")
"""The private-looking methods that users reach: by calling the class, and by calling its instance."""


@dataclass(frozen=True, slots=True)
class Found:
    """A callable with watched arguments, by one of its names."""

    name: str
    function: Function
    module: Module
    """Where it is defined."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A function or class, where it is defined."""

    module: Module
    name: str

    @property
    def definition(self) -> Function | Class:
        return self.module.definitions[self.name]


class Library:
    """All modules together, so that a class may inherit from another package's."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.source.module: module for module in modules}
        self._moved = {
            old: new
            for module in self._modules.values()
            for old, new in module.moved.items()
            if new in self._modules and old not in self._modules
        }
        self._surfaces: dict[tuple[str, str], Mapping[str, Found]] = {}
        self._stars: dict[str, frozenset[str]] = {}

    def callables(self) -> Iterator[Found]:
        """Every public callable that takes a watched argument, once per name."""
        for prefix, module in [
            *self._modules.items(),
            *((old, self._modules[new]) for old, new in self._moved.items()),
        ]:
            if any(part.startswith("_") for part in prefix.split(".")):
                continue
            for name in sorted(self._reached(module)):
                for found in self._behind(module, name):
                    yield replace(found, name=f"{prefix}.{name}{found.name}")

    def _behind(self, module: Module, name: str) -> Iterator[Found]:
        """What a name of a module gives: a function itself, of a class its methods; `name` is what is appended."""
        target = self._resolve(module.source.module, name)
        if target is None or _is_borrowed(name, module, target[0].module):
            return
        place, rest = target
        match place.definition, rest:
            case Function() as function, "":
                if function.takes:
                    yield Found("", function, place.module)
            case Class(), "":
                for method, found in self._surface(place).items():
                    if found.function.takes and (method in CALLED or not method.startswith("_")):
                        yield replace(found, name="" if method == "__init__" else f".{method}")
            case Class(), method:
                inherited = self._surface(place).get(method)
                if inherited is not None and inherited.function.takes:
                    yield replace(inherited, name="")

    # -- what a module gives

    def _reached(self, module: Module) -> set[str]:
        """Names that users reach in a module on purpose."""
        own = {*module.definitions, *module.meant, *(module.exported or ())}
        for star in module.stars:
            own |= self._star(star)
        return {name for name in own if not name.startswith("_")}

    def _star(self, dotted: str) -> frozenset[str]:
        """What `from dotted import *` gives."""
        if dotted in self._stars:
            return self._stars[dotted]
        self._stars[dotted] = frozenset()  # a cycle ends here
        module = self._modules.get(dotted)
        if module is None:
            return frozenset()
        found = set(module.exported or ())
        if module.exported is None:
            found = {*module.definitions, *module.names}
            found.update(*(self._star(star) for star in module.stars))
        self._stars[dotted] = frozenset(name for name in found if not name.startswith("_"))
        return self._stars[dotted]

    def _resolve(self, module_name: str, name: str, seen: frozenset[str] = frozenset()) -> tuple[_Place, str] | None:
        """Where a name is defined, and the method that is left: `create_commit = api.create_commit`."""
        module = self._modules.get(module_name)
        if module is None or f"{module_name}.{name}" in seen:
            return None
        seen |= {f"{module_name}.{name}"}
        if name in module.definitions:
            return _Place(module, name), ""
        if name in module.names:
            return self._follow(module.names[name], seen)
        for star in module.stars:
            if name in self._star(star) and (found := self._resolve(star, name, seen)):
                return found
        return None

    def _follow(self, dotted: str, seen: frozenset[str] = frozenset()) -> tuple[_Place, str] | None:
        head, _, last = dotted.rpartition(".")
        module_name = self._module(head, seen)
        if module_name is not None:
            return self._resolve(module_name, last, seen)
        module_name, _, name = head.rpartition(".")
        owner = self._modules[module_name].instances.get(name) if module_name in self._modules else None
        if "." not in head or head in seen:
            return None
        target = self._follow(owner or head, seen | {head})
        return (target[0], last) if target is not None and target[1] == "" else None

    def _module(self, dotted: str, seen: frozenset[str]) -> str | None:
        """The module that a dotted name stands for, through `from . import module as name`."""
        if dotted in self._modules:
            return dotted
        head, _, last = dotted.rpartition(".")
        if head not in self._modules or dotted in seen or last not in self._modules[head].names:
            return None
        return self._module(self._modules[head].names[last], seen | {dotted})

    # -- what a class has

    def _surface(self, place: _Place) -> Mapping[str, Found]:
        """The methods of a class, inherited ones too; the nearest wins, and takes what it hands on."""
        key = (place.module.source.module, place.name)
        if key in self._surfaces:
            return self._surfaces[key]
        self._surfaces[key] = {}  # a cycle ends here
        definition = place.definition
        assert isinstance(definition, Class)
        inherited: dict[str, Found] = {}
        for base in reversed(definition.bases):
            target = self._follow(f"{place.module.source.module}.{base}")
            if target is not None and target[1] == "" and isinstance(target[0].definition, Class):
                inherited |= self._surface(target[0])
        own = {
            name: Found(name, _with(function, inherited.get(name)), place.module)
            for name, function in definition.methods.items()
        }
        self._surfaces[key] = inherited | own
        return self._surfaces[key]


def _is_borrowed(name: str, module: Module, definer: Module) -> bool:
    """Whether a name is another library's, imported for the module's own use."""
    return _root(module) != _root(definer) and name not in (module.exported or ())


def _root(module: Module) -> str:
    return module.source.module.partition(".")[0]


def _with(function: Function, inherited: Found | None) -> Function:
    if inherited is None or not function.hands_on:
        return function
    base = inherited.function
    return replace(function, takes=function.takes | base.takes, named=function.named | base.named)
