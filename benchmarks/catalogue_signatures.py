"""What a module's text says: its functions and classes, which watched arguments they take, what its names stand for."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from catalogue_sources import Source

WATCHED = ("revision", "trust_remote_code", "weights_only", "allow_pickle")
"""The arguments that decide what a load fetches and runs."""

_DOCUMENTED = re.compile(rf"^[ \t]*(?:[-*][ \t]+)?`*({'|'.join(WATCHED)})`*[ \t]*[(:]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Function:
    takes: frozenset[str]
    """Which of WATCHED it takes: by name, or out of its `**kwargs`."""
    positional: tuple[str, ...]
    """Parameters that may be given by position; without self and cls."""
    named: frozenset[str]
    """Parameters that may be given by name."""
    is_open: bool
    """Whether it has `**kwargs`."""
    hands_on: bool
    """Whether what its base class takes is taken too: `super()` gets the rest, or a dataclass adds fields."""
    line: int


@dataclass(frozen=True, slots=True)
class Class:
    bases: tuple[str, ...]
    """As they are written."""
    methods: Mapping[str, Function]
    line: int


@dataclass(slots=True)
class Module:
    source: Source
    definitions: dict[str, Function | Class] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Imported and assigned names, and what they stand for: dotted and absolute."""
    instances: dict[str, str] = field(default_factory=dict)
    """`api = HfApi()`: name → class, dotted and absolute."""
    meant: set[str] = field(default_factory=set)
    """Names that are imported or assigned in order to be reached here: `import a as a`, `__all__`, tables."""
    stars: list[str] = field(default_factory=list)
    exported: set[str] | None = None
    """`__all__`; None where there is none."""
    moved: dict[str, str] = field(default_factory=dict)
    """Modules by their former names, as a table `{"package.old": "package.new"}` says."""


def read(source: Source) -> Module | None:
    """None for what does not parse: templates, and tests for a newer Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old escapes in other people's strings
        try:
            tree = ast.parse(source.text)
        except (SyntaxError, ValueError):
            return None
    module = Module(source)
    for statement in _statements(tree.body):
        _take(statement, module)
    return module


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module or class, those under `if`, `try` and `with` too."""
    for statement in body:
        match statement:
            case ast.If(body=inner, orelse=others):
                yield from _statements([*inner, *others])
            case ast.Try(body=inner, handlers=handlers, orelse=others, finalbody=last):
                yield from _statements([*inner, *(one for each in handlers for one in each.body), *others, *last])
            case ast.With(body=inner):
                yield from _statements(inner)
            case _:
                yield statement


def _take(statement: ast.stmt, module: Module) -> None:
    match statement:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
            if not _is_overload(statement):
                module.definitions[name] = function(statement)
        case ast.ClassDef(name):
            module.definitions[name] = _class(statement)
        case ast.Import(aliases):
            for alias in aliases:
                root = alias.name.partition(".")[0]
                module.names[alias.asname or root] = alias.name if alias.asname else root
        case ast.ImportFrom(origin, aliases, level):
            _import(_absolute(origin or "", level or 0, module.source), aliases, module)
        case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
            _assign(name, value, module)
        case ast.Assign([ast.Subscript(ast.Name(), ast.Constant(str(key)))], value):
            _export_from(key, _texts(value), module)
        case ast.AugAssign(ast.Name("__all__"), _, value):
            module.exported = (module.exported or set()) | set(_texts(value))
        case ast.Expr(ast.Call(ast.Attribute(owner, "extend" | "append"), [value])):
            _extend(owner, _texts(value), module)


# -- names


def _absolute(origin: str, level: int, source: Source) -> str:
    if not level:
        return origin
    parts = source.module.split(".")
    kept = parts[: len(parts) - level + source.is_package]
    return ".".join([*kept, origin] if origin else kept)


def _import(origin: str, aliases: Sequence[ast.alias], module: Module) -> None:
    for alias in aliases:
        if alias.name == "*":
            module.stars.append(origin)
            continue
        name = alias.asname or alias.name
        module.names[name] = f"{origin}.{alias.name}"
        if module.source.is_package or alias.asname == alias.name:
            module.meant.add(name)


def _assign(name: str, value: ast.expr, module: Module) -> None:
    if name == "__all__":
        module.exported = set(_texts(value))
        return
    if isinstance(value, ast.Dict):
        _table(value, module)
    elif isinstance(value, ast.Call) and (called := dotted(value.func)):
        module.instances[name] = f"{module.source.module}.{called}"
    elif known := dotted(value):
        module.names[name] = f"{module.source.module}.{known}"
        module.meant.add(name)


def _table(value: ast.Dict, module: Module) -> None:
    """Lazy exports, `{"submodule": ["Name", …]}`, and moved modules, `{"package.old": "package.new"}`."""
    root = module.source.module.partition(".")[0] + "."
    for key, inner in zip(value.keys, value.values, strict=True):
        match key, inner:
            case ast.Constant(str(old)), ast.Constant(str(new)) if old.startswith(root) and new.startswith(root):
                module.moved[old] = new
            case ast.Constant(str(submodule)), ast.List() | ast.Tuple() | ast.Set():
                _export_from(submodule, _texts(inner), module)


def _export_from(submodule: str, names: Iterable[str], module: Module) -> None:
    if module.source.is_package and re.fullmatch(r"\w+(\.\w+)*", submodule):
        for name in names:
            module.names.setdefault(name, f"{module.source.module}.{submodule}.{name}")
            module.meant.add(name)


def _extend(owner: ast.expr, texts: Sequence[str], module: Module) -> None:
    match owner:
        case ast.Name("__all__"):
            module.exported = (module.exported or set()) | set(texts)
        case ast.Subscript(ast.Name(), ast.Constant(str(key))):
            _export_from(key, texts, module)


def _texts(value: ast.expr) -> list[str]:
    """Every text of a list, of lists that are added, or the one text itself."""
    match value:
        case ast.Constant(str(text)):
            return [text]
        case ast.List(items) | ast.Tuple(items) | ast.Set(items):
            return [text for item in items for text in _texts(item)]
        case ast.BinOp(left, _, right):
            return [*_texts(left), *_texts(right)]
    return []


def dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(owner, name):
            head = dotted(owner)
            return f"{head}.{name}" if head else None
        case ast.Subscript(owner):  # `Generic[T]` as a base class
            return dotted(owner)
    return None


# -- definitions


def function(node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_method: bool = False) -> Function:
    given = node.args
    positional = [one.arg for one in (*given.posonlyargs, *given.args)]
    if is_method and "staticmethod" not in _decorators(node):
        positional = positional[1:]
    named = frozenset([*positional, *(one.arg for one in given.kwonlyargs)])
    takes = named & frozenset(WATCHED)
    if given.kwarg is not None:
        takes |= _read_from(given.kwarg.arg, node) | _documented(node)
    hands_on = given.kwarg is not None and any(
        isinstance(one, ast.Name) and one.id == "super" for one in ast.walk(node)
    )
    return Function(takes, tuple(positional), named, given.kwarg is not None, hands_on, node.lineno)


def _class(node: ast.ClassDef) -> Class:
    statements = list(_statements(node.body))
    methods = {
        one.name: function(one, is_method=True)
        for one in statements
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and not _is_overload(one) and not _is_property(one)
    }
    if "__init__" in methods and methods["__init__"].is_open:
        methods["__init__"] = _also(methods["__init__"], _documented(node))
    elif "__init__" not in methods and "dataclass" in _decorators(node):
        methods["__init__"] = _of_fields(node, statements)
    return Class(tuple(base for one in node.bases if (base := dotted(one))), methods, node.lineno)


def _also(one: Function, takes: frozenset[str]) -> Function:
    return Function(one.takes | takes, one.positional, one.named, one.is_open, one.hands_on, one.line)


def _of_fields(node: ast.ClassDef, statements: Iterable[ast.stmt]) -> Function:
    fields = [
        one.target.id
        for one in statements
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and _is_given(one)
    ]
    takes = frozenset(fields) & frozenset(WATCHED)
    return Function(takes, tuple(fields), frozenset(fields), is_open=False, hands_on=True, line=node.lineno)


def _is_given(one: ast.AnnAssign) -> bool:
    """Whether a field of a dataclass is a parameter of its `__init__`."""
    if "ClassVar" in ast.unparse(one.annotation):
        return False
    return not isinstance(one.value, ast.Call) or not any(
        each.arg == "init" and isinstance(each.value, ast.Constant) and each.value.value is False
        for each in one.value.keywords
    )


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    found = (dotted(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list)
    return {one.rpartition(".")[2] for one in found if one}


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return "overload" in _decorators(node)


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(_decorators(node) & {"property", "cached_property", "setter", "getter", "deleter"})


def _documented(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> frozenset[str]:
    return frozenset(_DOCUMENTED.findall(ast.get_docstring(node) or ""))


def _read_from(kwargs: str, node: ast.AST) -> frozenset[str]:
    """The watched names that are looked up in a function's `**kwargs`: `pop`, `get`, `[…]` that is read, `in`."""
    found = set()
    for one in ast.walk(node):
        match one:
            case ast.Call(ast.Attribute(ast.Name(owner), "pop" | "get" | "setdefault"), [ast.Constant(str(key)), *_]):
                pass
            case ast.Subscript(ast.Name(owner), ast.Constant(str(key)), ast.Load()):
                pass
            case ast.Compare(ast.Constant(str(key)), [ast.In() | ast.NotIn()], [ast.Name(owner)]):
                pass
            case _:
                continue
        if owner == kwargs:
            found.add(key)
    return frozenset(found) & frozenset(WATCHED)
