"""Which library functions a call may reach, under which names, with which arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from mlgate.facts.python.known import Class, Function, Instance, Known, Partial, merge
from mlgate.facts.python.names import Names
from mlgate.facts.python.scopes import Binding, Here
from mlgate.facts.python.values import Evaluator
from mlgate.model import Confidence, Entries, Items, Made, Ref, Shape, Sink, Value, Wrapper


class Target(Struct, frozen=True):
    """One library function that an expression may be."""

    name: str
    confidence: Confidence = Confidence.HIGH
    why: str = ""
    partial: Partial | None = None
    owner: Class | None = None
    """The class of this document through which it was reached."""
    wrapper: Wrapper | None = None
    """The function of another module that reaches it, and how."""
    sink: Sink | None = None


def targets(
    node: ast.expr, here: Here, evaluator: Evaluator, names: Names, libraries: frozenset[str]
) -> Iterator[Target]:
    """The library functions that expression `node` may be and that rules ask for."""
    if not evaluator.relevance.may_be(node):
        return
    if isinstance(node, ast.Name) and _is_parameter(node, here):
        return
    if isinstance(node, ast.Name) and _was_replaced(node, here, evaluator):
        # `pipeline = pipeline("…")` above, in this or another cell: here the object is called.
        for target in _targets(node, here, evaluator, names, libraries):
            yield replace(target, confidence=Confidence.LOW, why=f"`{node.id}` was set to something else above")
        return
    yield from _targets(node, here, evaluator, names, libraries)


def _targets(
    node: ast.expr, here: Here, evaluator: Evaluator, names: Names, libraries: frozenset[str]
) -> Iterator[Target]:
    known = evaluator.known(node, here)
    owner = _owner(node, here, evaluator)
    certain = not known.unknown
    for option in known.options:
        match option:
            case Ref(name) if names.asks_for(name):
                yield Target(name, owner=owner)
            case Partial(name) if names.asks_for(name):
                yield Target(name, partial=option)
            case Wrapper(sinks=sinks):
                for sink in sinks:
                    if names.asks_for(sink.name) or sink.name.startswith("?."):
                        yield _through(option, sink)
            case Shape(bases=bases):
                for base in bases:
                    if names.asks_for(base):
                        yield Target(base)
            case Class():
                for base in evaluator.bases(option):
                    if names.asks_for(base):
                        yield Target(base, owner=option)
            case _:
                pass
    if isinstance(node, ast.Attribute) and not certain and not _is_library(known):
        yield from _unknown_receiver(node, known, names, libraries)


def _through(wrapper: Wrapper, sink: Sink) -> Target:
    if not wrapper.parameters and sink.forwards and not sink.why:
        return Target(sink.name, sink.confidence, sink.why, wrapper=wrapper, sink=sink)  # a partial: the call itself
    confidence = min(sink.confidence, Confidence.MEDIUM)
    return Target(sink.name, confidence, sink.why or f"`{wrapper.name}` hands it on", wrapper=wrapper, sink=sink)


def _unknown_receiver(node: ast.Attribute, known: Known, names: Names, libraries: frozenset[str]) -> Iterator[Target]:
    wanted = names.receivers.get(node.attr)
    if wanted is None or any(isinstance(option, (Function, Ref, Wrapper)) for option in known.options):
        return
    if "" in wanted or wanted & libraries:
        yield Target(f"?.{node.attr}", Confidence.MEDIUM, "the object's class is not known here")


def _is_library(known: Known) -> bool:
    return any(isinstance(option, Ref) and "." in option.name for option in known.options)


def _is_parameter(node: ast.Name, here: Here) -> bool:
    """Whether the name is nothing but a parameter: what callers hand in is said where they name it."""
    scope = here.scope.lookup(node.id)
    return scope is not None and all(one.kind in ("parameter", "unknown") for one in scope.bindings[node.id])


def _was_replaced(node: ast.Name, here: Here, evaluator: Evaluator) -> bool:
    """Whether a cell above has set the name to what a call of it returned: `pipeline = pipeline("…")`.

    That call is judged itself, so no line can be added that only takes the weight from another one.
    """
    scope = here.scope.lookup(node.id)
    if scope is None or scope.kind != "module" or scope is not here.scope or len(scope.bindings[node.id]) < 2:
        return False
    bindings = scope.bindings[node.id]
    if any(one.here.unit == here.unit and one.here.line < here.line for one in bindings):
        return False  # This cell says anew what it is.
    above = [one for one in bindings if one.here.unit < here.unit]
    match above[-1:]:
        case [Binding("value", Here(block=(), scope=holder), ast.Call(ast.Name(name)))]:
            if name != node.id or holder is not scope:
                return False
            options = evaluator.bound(above[-1], 0).options
            return bool(options) and all(isinstance(option, (Made, Instance)) for option in options)
    return False


def _owner(node: ast.expr, here: Here, evaluator: Evaluator) -> Class | None:
    if not isinstance(node, ast.Attribute):
        return None
    for option in evaluator.known(node.value, here).options:
        if isinstance(option, Instance):
            return option.of
        if isinstance(option, Class):
            return option
    return None


def arguments(call: ast.Call, here: Here, evaluator: Evaluator) -> tuple[dict[str, Value], bool]:
    """Arguments by position ("0", "1" …) and keyword; and whether there may be more than are known."""
    found: dict[str, Value] = {}
    is_open = False
    position = 0
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            known = evaluator.known(argument.value, here)
            if len(known.options) == 1 and isinstance(known.options[0], Items) and not known.unknown:
                for item in known.options[0].items:
                    found[str(position)] = item
                    position += 1
                continue
            is_open = True
            break
        found[str(position)] = evaluator.value(argument, here)
        position += 1
    for keyword in call.keywords:
        if keyword.arg is not None:
            found[keyword.arg] = evaluator.value(keyword.value, here)
            continue
        known = evaluator.known(keyword.value, here)
        if len(known.options) == 1 and isinstance(known.options[0], Entries) and not known.unknown:
            table = {name: Known.of(value) for name, value in known.options[0].entries}
            for name, later in evaluator.later(keyword.value, here).items():
                table[name] = merge([table[name], later]) if name in table else later
            found.update({name: one.value() for name, one in table.items() if name not in found})
            is_open = is_open or known.options[0].open
        else:
            is_open = True
            if isinstance(keyword.value, ast.Name):
                given = evaluator.further(keyword.value.id, here)
                found.update({name: value for name, value in given.items() if name not in found})
    return found, is_open


def with_partial(target: Target, found: dict[str, Value], evaluator: Evaluator) -> dict[str, Value]:
    """The arguments of a call merged with those that `functools.partial` had bound."""
    if target.partial is None:
        return found
    bound, _ = arguments(target.partial.call, target.partial.here, evaluator)
    positional = [value for name, value in sorted(bound.items()) if name.isdigit()][1:]
    given = [value for name, value in sorted(found.items()) if name.isdigit()]
    merged = {str(place): value for place, value in enumerate([*positional, *given])}
    merged.update({name: value for name, value in bound.items() if not name.isdigit()})
    merged.update({name: value for name, value in found.items() if not name.isdigit()})
    return merged


def restricts(owner: Class | None) -> bool:
    """Whether a subclass of Unpickler decides in `find_class` instead of handing every name on."""
    if owner is None:
        return False
    for statement in owner.node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "find_class":
            # Renaming a module and handing the name on is no restriction; refusing some names is.
            refuses = any(isinstance(inner, ast.Raise) for inner in ast.walk(statement))
            return refuses or not any(_hands_on(inner) for inner in statement.body)
    return False


def _hands_on(statement: ast.stmt) -> bool:
    """`return super().find_class(…)`, whatever came before."""
    return (
        isinstance(statement, ast.Return)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Attribute)
        and statement.value.func.attr == "find_class"
    )


def made(known: Known) -> tuple[str, ...]:
    return tuple(option.name for option in known.options if isinstance(option, Made))
