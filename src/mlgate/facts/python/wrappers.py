"""Functions that hand what they are given on to a library: what they say to who calls them from another module."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from mlgate.facts.python.calls import Target, arguments, targets
from mlgate.facts.python.known import Function, Partial
from mlgate.facts.python.names import Names
from mlgate.facts.python.scopes import Here, Scope, Site
from mlgate.facts.python.values import Evaluator
from mlgate.model import Confidence, Given, Sink, Value, Wrapper

MAX_SINKS = 8
"""Most calls of libraries that one function is remembered for; the first are those above."""


def wrapper_of(name: str, function: Function, evaluator: Evaluator, names: Names, returns: bool = True) -> Wrapper:
    """What `function` does with its parameters, also through another function of its own module.

    `returns`: whether it is asked what it returns, too.
    """
    wrapper = _wrapper(name, function, evaluator, names, 1)
    return replace(wrapper, returns=evaluator.returned(function).value()) if returns else wrapper


def _wrapper(name: str, function: Function, evaluator: Evaluator, names: Names, further: int) -> Wrapper:
    """`further`: how many functions of the module may stand between this one and the library."""
    node, scope = function.node, function.scope
    if isinstance(node, ast.Lambda) or scope is None:
        return Wrapper(name)
    sinks: tuple[Sink, ...] = ()
    if any(_may_matter(site, evaluator) for site in scope.calls):
        inside = replace(evaluator, inside=scope, _memo={}, _active=set(), _cut=set(), _tries={})
        sinks = tuple(_sinks(node, scope, inside, names, further))[:MAX_SINKS]
    # What it is given matters where it hands something on.
    return Wrapper(name, tuple(_parameters(node, scope, evaluator)) if sinks else (), sinks)


def _may_matter(site: Site, evaluator: Evaluator) -> bool:
    """Whether a call may be one that rules ask for, or of a function of the module through which one is reached."""
    assert isinstance(site.node, ast.Call)
    return evaluator.relevance.may_be(site.node.func) or isinstance(site.node.func, ast.Name)


def wrapper_of_partial(name: str, partial: Partial, evaluator: Evaluator) -> Wrapper:
    """`functools.partial` bound at module level: whoever calls it adds arguments."""
    given, is_open = arguments(partial.call, partial.here, evaluator)
    bound = {str(int(key) - 1) if key.isdigit() else key: value for key, value in given.items() if key != "0"}
    sink = Sink(partial.name, tuple(bound.items()), is_open, Confidence.HIGH, "", forwards=True)
    return Wrapper(name, (), (sink,))


def handed_on(
    target: Target, given: Mapping[str, Value], is_open: bool
) -> tuple[dict[str, Value], bool, frozenset[str]]:
    """Arguments of the library call that a call of `target`'s wrapper makes; whether more are possible; and which
    of them this caller decides.
    """
    assert target.wrapper is not None and target.sink is not None
    wrapper, sink = target.wrapper, target.sink
    bound: dict[str, Value] = {}
    for place, (name, default) in enumerate(wrapper.parameters):
        value = given.get(name, given.get(str(place)))
        if value is None:
            value = default if default is not None and not is_open else Value((), f"`{name}` of {wrapper.name}")
        bound[name] = value
    args: dict[str, Value] = {}
    handed: set[str] = set()
    for name, value in sink.args:
        args[name], is_handed = _filled(value, bound)
        if is_handed:
            handed.add(name)
    if sink.forwards:
        known = {name for name, _ in wrapper.parameters}
        first = sum(name.isdigit() for name, _ in sink.args)
        for name, value in given.items():
            if name.isdigit() and int(name) >= len(wrapper.parameters):
                name = str(first + int(name) - len(wrapper.parameters))
            elif name.isdigit() or name in known:
                continue
            args[name] = value
            handed.add(name)
    return args, sink.open or (sink.forwards and is_open), frozenset(handed)


def _filled(value: Value, bound: Mapping[str, Value]) -> tuple[Value, bool]:
    names = [option.name for option in value.options if isinstance(option, Given)]
    if not names:
        return value, False
    parts = [bound[name] for name in names if name in bound]
    rest = Value(tuple(one for one in value.options if not isinstance(one, Given)), value.unknown, value.defaults)
    options = tuple(dict.fromkeys(one for part in (rest, *parts) for one in part.options))
    defaults = tuple(dict.fromkeys(one for part in (rest, *parts) for one in part.defaults))
    passed = tuple(dict.fromkeys(one for part in parts for one in part.passed))
    unknown = next((part.unknown for part in (rest, *parts) if part.unknown), "")
    return Value(options, unknown, defaults, passed), True


def _parameters(
    node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, evaluator: Evaluator
) -> Iterator[tuple[str, Value | None]]:
    positional = [*node.args.posonlyargs, *node.args.args]
    defaults: Sequence[ast.expr | None] = [None] * (len(positional) - len(node.args.defaults)) + list(
        node.args.defaults
    )
    pairs = [*zip(positional, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    is_method = scope.parent is not None and scope.parent.kind == "class"
    is_static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)
    for argument, default in pairs[1:] if is_method and not is_static else pairs:
        here = scope.here
        yield argument.arg, None if default is None or here is None else evaluator.value(default, here)


def _sinks(
    node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, evaluator: Evaluator, names: Names, further: int
) -> Iterator[Sink]:
    libraries = frozenset(evaluator.outline.libraries)
    for site in scope.calls:
        call = site.node
        assert isinstance(call, ast.Call)
        if not _may_matter(site, evaluator):
            continue
        if further and isinstance(call.func, ast.Name):
            yield from _through_another(call, site.here, scope, evaluator, names)
        for target in targets(call.func, site.here, evaluator, names, libraries):
            if target.wrapper is not None:
                continue
            given, is_open = arguments(call, site.here, evaluator)
            forwards = any(_names_kwargs(one.value, node) for one in call.keywords if one.arg is None)
            if forwards or any(isinstance(one, Given) for value in given.values() for one in value.options):
                others = is_open and not forwards
                yield Sink(target.name, tuple(given.items()), others, target.confidence, target.why, forwards)


def _through_another(call: ast.Call, here: Here, scope: Scope, evaluator: Evaluator, names: Names) -> Iterator[Sink]:
    """What a function of the same module does with what it is handed on here."""
    assert isinstance(call.func, ast.Name)
    holder = here.scope.lookup(call.func.id)
    if holder is None or holder.kind != "module":
        return
    for binding in holder.bindings[call.func.id]:
        if binding.kind != "definition" or binding.scope is None or binding.scope is scope:
            continue
        assert isinstance(binding.node, (ast.FunctionDef, ast.AsyncFunctionDef))
        inner = _wrapper("", Function(binding.node, binding.scope), evaluator, names, 0)
        given, is_open = arguments(call, here, evaluator)
        for sink in inner.sinks:
            args, may_have_more, _ = handed_on(Target(sink.name, wrapper=inner, sink=sink), given, is_open)
            if any(isinstance(one, Given) for value in args.values() for one in value.options):
                yield Sink(sink.name, tuple(args.items()), may_have_more, sink.confidence, sink.why)


def _names_kwargs(value: ast.expr, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return isinstance(value, ast.Name) and node.args.kwarg is not None and value.id == node.args.kwarg.arg


__all__ = ["handed_on", "wrapper_of", "wrapper_of_partial"]
