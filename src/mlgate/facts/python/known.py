"""What an expression is known to be: values, library objects, and objects of this document."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable

from msgspec import Struct

from mlgate.facts.python.scopes import FunctionNode, Here, Scope
from mlgate.limits import MAX_OPTIONS
from mlgate.model import Atom, Entries, Given, Items, Shape, Value, Wrapper


class Class(Struct, frozen=True, eq=False):
    """A class statement of this document."""

    name: str
    node: ast.ClassDef
    scope: Scope
    here: Here


class Instance(Struct, frozen=True, eq=False):
    of: Class


class Function(Struct, frozen=True, eq=False):
    """A function of this document, bound or not."""

    node: FunctionNode
    scope: Scope | None = None
    """Its own scope; None for a lambda."""


class Partial(Struct, frozen=True, eq=False):
    """`functools.partial(name, …)`: the call that made it holds arguments of the call to come."""

    name: str
    call: ast.Call
    here: Here


Object = Class | Instance | Function | Partial
Inner = Atom | Object


class Known(Struct):
    """The inner form of `Value`, with objects of this document among its options."""

    options: tuple[Inner, ...] = ()
    unknown: str = ""
    defaults: tuple[Inner, ...] = ()
    passed: tuple[Inner, ...] = ()

    @classmethod
    def of(cls, value: Value) -> Known:
        return cls(value.options, value.unknown, value.defaults, value.passed)

    def value(self) -> Value:
        options = outside(self.options)
        unknown = self.unknown or ("an object of this file" if len(options) < len(self.options) else "")
        return Value(options, unknown, outside(self.defaults), outside(self.passed))


def outside(atoms: Iterable[Inner]) -> tuple[Atom, ...]:
    """Those that a fact may hold."""
    return tuple(atom for atom in atoms if not isinstance(atom, (Object, Shape, Wrapper)))


def told(value: Value) -> Value:
    """The value as a fact may hold it: what a function was given is known to its callers alone."""
    several = tuple(_without_given(atoms) for atoms in (value.options, value.defaults, value.passed))
    if several == (value.options, value.defaults, value.passed):
        return value
    unknown = value.unknown or "it is what a function was given"
    return Value(several[0], unknown, several[1], several[2])


def _without_given(atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
    kept: list[Atom] = []
    for atom in atoms:
        match atom:
            case Given():
                pass
            case Items(items):
                kept.append(Items(tuple(map(told, items))))
            case Entries(entries, is_open):
                kept.append(Entries(tuple((name, told(one)) for name, one in entries), is_open))
            case _:
                kept.append(atom)
    return tuple(kept)


def merge(several: Iterable[Known]) -> Known:
    """One answer out of those of several possibilities."""
    known = list(several)
    if len(known) == 1:
        return known[0]
    kept: tuple[dict[object, Inner], ...] = ({}, {}, {})
    unknown = ""
    for one in known:
        for atoms, seen in zip((one.options, one.defaults, one.passed), kept, strict=True):
            for atom in atoms:
                seen.setdefault(_identity(atom), atom)
        unknown = unknown or one.unknown
    if len(kept[0]) > MAX_OPTIONS:
        unknown = unknown or f"more than {MAX_OPTIONS} values"
    options, defaults, passed = (_bounded(seen.values()) for seen in kept)
    return Known(options, unknown, defaults, passed)


def lost(whole: Known, name: str) -> Known:
    """What a part of something is of which nothing is known."""
    return Known(unknown=whole.unknown or f"`{name}` is not known here")


def _bounded(options: Collection[Inner]) -> tuple[Inner, ...]:
    """At most `MAX_OPTIONS`: the same ones wherever in the document they stand."""
    if len(options) <= MAX_OPTIONS:
        return tuple(options)
    return tuple(sorted(options, key=_name_of)[:MAX_OPTIONS])


def _name_of(option: Inner) -> str:
    match option:
        case Class(name=name) | Instance(of=Class(name=name)) | Partial(name=name):
            return f"{type(option).__name__} {name}"
        case Function(node=node):
            return f"Function {getattr(node, 'name', '')}"
        case _:
            return repr(option)


def _identity(atom: Inner) -> object:
    # NOTE: 1 == True == 1.0 in Python; they are three values here.
    return (type(atom), id(atom) if isinstance(atom, Object) else atom)
