"""Which names a text binds, where, and to what: one walk over the syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal as OneOf

from mlgate.facts.python import guards

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Use = OneOf["argument", "docstring", "message", "compare", "pattern", "default", "bare", "other"]


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class, function or comprehension. The cells of a notebook share one module scope."""

    kind: OneOf["module", "class", "function"]
    parent: Scope | None
    node: ast.AST | None = None
    here: Here | None = None
    """Where its statement stands; None for the module."""
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    """Of a class: what its methods assign to `self.NAME`."""
    outer: set[str] = field(default_factory=set)
    """Names that `global` or `nonlocal` hand to an outer scope."""
    stars: list[str] = field(default_factory=list)
    """Modules whose names were imported with `*`, and files that `%run` ran here."""
    returns: list[tuple[ast.expr, Here]] = field(default_factory=list)
    """Of a function: what it returns."""
    calls: list[Site] = field(default_factory=list)
    """Of a function: the calls in it and in what is defined inside it."""
    yields: bool = False

    def lookup(self, name: str) -> Scope | None:
        """The scope whose binding `name` means here, None where nothing binds it. Class bodies hide from functions."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.bindings and (scope.kind != "class" or scope is self) and name not in scope.outer:
                return scope
            scope = scope.parent
        return None

    def module(self) -> Scope:
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def enclosing_class(self) -> Scope | None:
        scope: Scope | None = self
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return scope


@dataclass(frozen=True, slots=True, eq=False)
class Here:
    """Where an expression stands: what its names mean depends on it."""

    scope: Scope
    unit: int
    block: tuple[int, ...]
    """The compound statements around it, outermost first."""
    line: int
    column: int


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    kind: OneOf["import", "value", "parameter", "element", "unpack", "definition", "class", "unknown"]
    here: Here
    node: ast.AST | None = None
    """The expression, default or definition; None where there is none."""
    name: str = ""
    """Dotted name of an import; name of a parameter."""
    path: tuple[int, ...] = ()
    """For `unpack`: the places to follow into the value."""
    scope: Scope | None = None
    """For `class` and `definition`: its own scope. For `parameter`: that of the function, or of the dataclass."""
    annotation: ast.expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """An expression or statement that may be a fact."""

    node: ast.AST
    here: Here
    use: Use = "other"
    keyword: str = ""
    """The name that it is given: of the argument or variable, and the key in a table (`tables.raw`)."""
    callee: ast.expr | None = None


@dataclass(slots=True)
class Outline:
    """Everything that the rest of the extractor asks of a document, gathered in one walk."""

    module: Scope
    calls: list[Site] = field(default_factory=list)
    strings: list[Site] = field(default_factory=list)
    references: list[Site] = field(default_factory=list)
    imports: list[Site] = field(default_factory=list)
    classes: list[Site] = field(default_factory=list)
    assignments: list[tuple[Site, ast.expr]] = field(default_factory=list)
    """Attribute and subscript targets, each with the expression assigned."""
    there: dict[int, tuple[Here, frozenset[str]]] = field(default_factory=dict)
    """Of a block: where its test stands, and the shapes of the paths that exist inside it, see `guards`."""
    there_below: list[tuple[Here, frozenset[str]]] = field(default_factory=list)
    """Shapes of the paths that exist in the rest of the block that a statement stands in."""
    command_lists: list[Site] = field(default_factory=list)
    """List displays that hold an option such as "--host": they may be a command that is started elsewhere."""
    decorated: list[tuple[Scope, list[Site]]] = field(default_factory=list)
    """Functions with decorators, by their scope."""
    libraries: set[str] = field(default_factory=set)
    """First segments of all absolute imports."""
    bound: dict[str, list[Binding]] = field(default_factory=dict)
    """Everything that a name is bound to, in whatever scope, and as whatever attribute."""
    stars: list[str] = field(default_factory=list)
    """Modules whose names were imported with `*`, in whatever scope."""
    scopes: list[Scope] = field(default_factory=list)

    def close(self) -> None:
        """Take apart what refers to itself, so that its memory is free at once and not when a collector finds it."""
        for scope in (self.module, *self.scopes):
            scope.bindings.clear()
            scope.attributes.clear()
            scope.returns.clear()
            scope.calls.clear()
            scope.here = None
        self.bound.clear()


def is_there(found: Outline, node: ast.expr, here: Here) -> bool:
    """Whether a test around or above `node` has found that the path exists."""
    if not found.there and not found.there_below:
        return False
    shape = guards.shape(node)
    around = [found.there[block] for block in here.block if block in found.there]
    above = [
        (at, there)
        for at, there in found.there_below
        if at.scope is here.scope
        and at.unit == here.unit
        and at.line < here.line
        and here.block[: len(at.block)] == at.block
    ]
    return any(shape in there and not _is_set_between(found, node, at, here) for at, there in around + above)


def _is_set_between(found: Outline, node: ast.expr, test: Here, use: Here) -> bool:
    """Whether something in the path is given another value behind the test: then the test says nothing of it."""
    names = set(_names(node))
    scopes = {name: use.scope.lookup(name) for name in names}
    set_at = [one.here for name, scope in scopes.items() if scope is not None for one in scope.bindings[name]]
    set_at += [site.here for site, _ in found.assignments if not names.isdisjoint(_names(site.node))]
    first, last = (test.line, test.column), (use.line, use.column)
    return any(at.unit == test.unit and first < (at.line, at.column) < last for at in set_at)


def outline(trees: Sequence[tuple[int, ast.Module]]) -> Outline:
    """Walk the trees of all units, in order, into one module scope."""
    module = Scope("module", None)
    found = Outline(module)
    for unit, tree in trees:
        _Walker(found, unit).statements(tree.body, module, (), is_body_of=tree)
    return found


_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_MESSAGE_CALLS = frozenset(
    "print warn warning info debug error exception critical log fail skip skipif display Markdown HTML write title "
    "header subheader caption echo secho".split()
)
_PATTERN_CALLS = frozenset(
    "compile match search fullmatch findall finditer sub split startswith endswith replace "
    "removeprefix removesuffix strip lstrip rstrip partition rpartition find index count".split()
)


class _Walker:
    def __init__(self, found: Outline, unit: int) -> None:
        self.found = found
        self.unit = unit
        self.blocks = unit * 1_000_000

    def scope(self, kind: OneOf["class", "function"], parent: Scope, node: ast.AST, here: Here) -> Scope:
        made = Scope(kind, parent, node, here)
        self.found.scopes.append(made)
        return made

    # -- statements

    def statements(
        self, body: Sequence[ast.stmt], scope: Scope, block: tuple[int, ...], is_body_of: ast.AST | None = None
    ) -> None:
        for place, statement in enumerate(body):
            if (
                place == 0
                and isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
                and isinstance(is_body_of, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            ):
                here = self.here(statement, scope, block)
                self.found.strings.append(Site(statement.value, here, "docstring"))
                continue
            self.statement(statement, scope, block)

    def here(self, node: ast.AST, scope: Scope, block: tuple[int, ...]) -> Here:
        return Here(scope, self.unit, block, getattr(node, "lineno", 1), getattr(node, "col_offset", 0))

    def block(self, block: tuple[int, ...]) -> tuple[int, ...]:
        self.blocks += 1
        return (*block, self.blocks)

    def guarded(self, block: tuple[int, ...], here: Here, there: frozenset[str]) -> tuple[int, ...]:
        inner = self.block(block)
        if there:
            self.found.there[inner[-1]] = (here, there)
        return inner

    def below(self, here: Here, there: frozenset[str]) -> None:
        if there:
            self.found.there_below.append((here, there))

    def statement(self, node: ast.stmt, scope: Scope, block: tuple[int, ...]) -> None:
        here = self.here(node, scope, block)
        match node:
            case ast.Expr(value):
                use: Use = "bare" if isinstance(value, (ast.Constant, ast.JoinedStr)) else "other"
                self.expression(value, here, use)
            case ast.Assign(targets, value):
                self.expression(value, here, name=next((one.id for one in targets if isinstance(one, ast.Name)), ""))
                for target in targets:
                    self.bind(target, value, here)
            case ast.AnnAssign(target, annotation, value):
                if value is not None:
                    self.expression(value, here)
                if isinstance(target, ast.Name) and (value is not None or scope.kind == "class"):
                    # NOTE: an annotated name in a class body is most often a dataclass or pydantic field: a default.
                    kind: OneOf["value", "parameter"] = (
                        "value"
                        if value is not None and (scope.kind != "class" or _is_final(annotation))
                        else "parameter"
                    )
                    self.add(
                        scope, target.id, Binding(kind, here, value, target.id, scope=scope, annotation=annotation)
                    )
                elif value is not None:
                    self.bind(target, value, here)
            case ast.AugAssign(target, _, value):
                self.expression(value, here)
                if isinstance(target, ast.Name):
                    self.add(scope, target.id, Binding("unknown", here))
            case ast.Import(names):
                self.found.imports.append(Site(node, here))
                for alias in names:
                    root = alias.name.partition(".")[0]
                    self.found.libraries.add(root)
                    if alias.asname:
                        self.add(scope, alias.asname, Binding("import", here, node, alias.name))
                    else:
                        self.add(scope, root, Binding("import", here, node, root))
            case ast.ImportFrom(module, names, level):
                self.found.imports.append(Site(node, here))
                base = "." * level + (module or "")
                if not level:
                    self.found.libraries.add(base.partition(".")[0])
                for alias in names:
                    if alias.name == "*":
                        scope.stars.append(base)
                        self.found.stars.append(base)
                    else:
                        dotted = f"{base}{'' if base.endswith('.') else '.'}{alias.name}"
                        self.add(scope, alias.asname or alias.name, Binding("import", here, node, dotted))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                own = self.scope("function", scope, node, here)
                self.add(scope, node.name, Binding("definition", here, node, node.name, scope=own))
                for decorator in node.decorator_list:
                    self.expression(decorator, here)
                if node.decorator_list:
                    self.found.decorated.append((own, [Site(one, here) for one in node.decorator_list]))
                self.function(node, own, here)
            case ast.ClassDef():
                self.class_(node, scope, block, here)
            case ast.If(test, body, orelse):
                if _is_type_checking(test, scope):
                    # Only a type checker runs it; its imports still name what annotations mean.
                    self.imports_only(body, scope, block)
                    self.statements(orelse, scope, block)
                    return
                self.expression(test, here, "compare")
                self.statements(body, scope, self.guarded(block, here, guards.there(test)))
                self.statements(orelse, scope, self.guarded(block, here, guards.there(test, False)))
                if guards.leaves(body):
                    self.below(here, guards.there(test, False))
            case ast.For(target, iterable, body, orelse) | ast.AsyncFor(target, iterable, body, orelse):
                self.expression(iterable, here)
                inner = self.block(block)
                # An empty loop binds nothing.
                self.bind(target, iterable, replace(here, block=inner), element=True)
                self.statements(body, scope, inner)
                self.statements(orelse, scope, self.block(block))
            case ast.While(test, body, orelse):
                self.expression(test, here, "compare")
                self.statements(body, scope, self.block(block))
                self.statements(orelse, scope, self.block(block))
            case ast.With(items, body) | ast.AsyncWith(items, body):
                for item in items:
                    self.expression(item.context_expr, here)
                    if item.optional_vars is not None:
                        self.bind(item.optional_vars, item.context_expr, here)
                self.statements(body, scope, block)
            case ast.Try(body, handlers, orelse, final):
                self.try_(body, handlers, orelse, final, scope, block)
            case ast.Return(value):
                if value is not None:
                    self.expression(value, here)
                    scope.returns.append((value, here))
            case ast.Raise(exception, cause):
                for expression in (exception, cause):
                    if expression is not None:
                        self.expression(expression, here, "message")
            case ast.Assert(test, message):
                self.expression(test, here, "compare")
                self.below(here, guards.there(test))
                if message is not None:
                    self.expression(message, here, "message")
            case ast.Delete(targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.add(scope, target.id, Binding("unknown", here))
            case ast.Global(names) | ast.Nonlocal(names):
                scope.outer.update(names)
            case ast.Match(subject, cases):
                self.expression(subject, here)
                for case in cases:
                    inner = self.block(block)
                    for name in _captures(case.pattern):
                        self.add(scope, name, Binding("unknown", replace(here, block=inner)))
                    if case.guard is not None:
                        self.expression(case.guard, here, "compare")
                    self.statements(case.body, scope, inner)
            case _:
                self.other_statement(node, scope, block, here)

    def other_statement(self, node: ast.stmt, scope: Scope, block: tuple[int, ...], here: Here) -> None:
        """`try … except*`, `type X = …` and whatever a later Python adds."""
        if hasattr(node, "handlers"):
            self.try_(node.body, node.handlers, node.orelse, node.finalbody, scope, block)  # type: ignore[attr-defined]
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child, here)

    def try_(
        self,
        body: Sequence[ast.stmt],
        handlers: Sequence[ast.ExceptHandler],
        orelse: Sequence[ast.stmt],
        final: Sequence[ast.stmt],
        scope: Scope,
        block: tuple[int, ...],
    ) -> None:
        # What the body binds is not bound where it failed before.
        tried = self.block(block)
        self.statements(body, scope, tried)
        for handler in handlers:
            handled = self.block(block)
            if handler.name:
                self.add(scope, handler.name, Binding("unknown", self.here(handler, scope, handled)))
            self.statements(handler.body, scope, handled)
        self.statements(orelse, scope, tried)
        self.statements(final, scope, block)

    def imports_only(self, body: Sequence[ast.stmt], scope: Scope, block: tuple[int, ...]) -> None:
        for statement in body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                self.statement(statement, scope, block)

    def function(self, node: FunctionNode, inner: Scope, here: Here) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(
            arguments.defaults
        )
        pairs = [
            *zip(positional, defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            parameter = Binding("parameter", here, default, argument.arg, scope=inner, annotation=argument.annotation)
            self.add(inner, argument.arg, parameter)
            if default is not None:
                self.expression(default, here, "default")
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self.add(inner, extra.arg, Binding("unknown", here))
        if isinstance(node, ast.Lambda):
            self.expression(node.body, self.here(node.body, inner, ()))
        else:
            self.statements(node.body, inner, (), is_body_of=node)

    def class_(self, node: ast.ClassDef, scope: Scope, block: tuple[int, ...], here: Here) -> None:
        inner = self.scope("class", scope, node, here)
        self.add(scope, node.name, Binding("class", here, node, node.name, scope=inner))
        self.found.classes.append(Site(node, here))
        for expression in (*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list):
            self.expression(expression, here)
        self.statements(node.body, inner, (), is_body_of=node)

    # -- bindings

    def add(self, scope: Scope, name: str, binding: Binding) -> None:
        if name in scope.outer:
            scope = scope.module()
        scope.bindings.setdefault(name, []).append(binding)
        self.found.bound.setdefault(name, []).append(binding)

    def attribute(self, owner: Scope, name: str, binding: Binding) -> None:
        owner.attributes.setdefault(name, []).append(binding)
        self.found.bound.setdefault(name, []).append(binding)

    def bind(
        self, target: ast.expr, value: ast.expr, here: Here, path: tuple[int, ...] = (), element: bool = False
    ) -> None:
        match target:
            case ast.Name(name):
                kind: OneOf["element", "unpack", "value"] = "element" if element else "unpack" if path else "value"
                self.add(here.scope, name, Binding(kind, here, value, name, path))
            case ast.Tuple(elements) | ast.List(elements):
                starred = False
                for place, one in enumerate(elements):
                    starred = starred or isinstance(one, ast.Starred)
                    # Behind a star places count from the end.
                    self.bind(one, value, here, (*path, place - len(elements) if starred else place), element)
            case ast.Starred(inner):
                for name in _names(inner):
                    self.add(here.scope, name, Binding("unknown", here))
            case ast.Attribute(ast.Name("self" | "cls"), name):
                owner = here.scope.enclosing_class()
                if owner is not None and not path and not element:
                    self.attribute(owner, name, Binding("value", here, value, name))
                elif owner is not None:
                    self.attribute(owner, name, Binding("unknown", here, value))
                self.found.assignments.append((Site(target, here), value))
            case ast.Attribute() | ast.Subscript():
                self.found.assignments.append((Site(target, here), value))
                held = target.attr if isinstance(target, ast.Attribute) else getattr(target.value, "id", "")
                self.found.bound.setdefault(held, []).append(Binding("value", here, value, held))
                self.expression(target, here)
            case _:
                pass  # Not a target that Python knows.

    # -- expressions

    def expression(self, root: ast.expr, here: Here, use: Use = "other", name: str = "") -> None:
        """Gather calls, strings and references of one expression; iterative, since operators chain deep."""
        stack: list[tuple[ast.AST, Here, Use, str, ast.expr | None]] = [(root, here, use, name, None)]
        while stack:
            node, at, use, keyword, callee = stack.pop()
            kind = type(node)
            # Two nodes in three are one of these.
            if kind is ast.Name:
                continue
            if kind is ast.Attribute:
                stack.append((node.value, at, use, keyword, callee))  # type: ignore[attr-defined]
                continue
            if kind is ast.Constant:
                if isinstance(node.value, (str, bytes)):  # type: ignore[attr-defined]
                    self.found.strings.append(Site(node, at, use, keyword, callee))
                continue
            match node:
                case ast.Call(function, arguments, keywords):
                    site = Site(node, at, use, keyword, callee)
                    self.found.calls.append(site)
                    holder: Scope | None = at.scope
                    while holder is not None:
                        if holder.kind == "function":
                            holder.calls.append(site)
                        holder = holder.parent
                    inner = _use_of_arguments(function, use)
                    if _is_format(node):
                        self.found.strings.append(Site(node, at, use, keyword, callee))
                    else:
                        stack.append((function, at, inner if inner != "argument" else "other", "", None))
                    for argument in arguments:
                        self.reference(argument, at)
                        stack.append((argument, at, inner, "", function))
                    for named in keywords:
                        self.reference(named.value, at)
                        stack.append((named.value, at, inner, named.arg or "", function))
                case ast.JoinedStr(parts):
                    self.found.strings.append(Site(node, at, use, keyword, callee))
                    stack.extend(
                        (part.value, at, "other", "", None) for part in parts if isinstance(part, ast.FormattedValue)
                    )
                case ast.BinOp(left, operator, right):
                    if isinstance(operator, (ast.Add, ast.Mod, ast.Div)) and _has_text(node):
                        self.found.strings.append(Site(node, at, use, keyword, callee))
                        stack.extend((piece, at, "other", "", None) for piece in _without_text(node))
                    else:
                        stack.append((left, at, use, keyword, callee))
                        stack.append((right, at, use, keyword, callee))
                case ast.Compare(left, _, comparators):
                    stack.extend((part, at, "compare", "", None) for part in (left, *comparators))
                case ast.Lambda():
                    self.function(node, self.scope("function", at.scope, node, at), at)
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                    self.comprehension(node, at)
                case ast.Yield(value):
                    at.scope.yields = True
                    if value is not None:
                        stack.append((value, at, use, keyword, callee))
                case ast.YieldFrom(value):
                    at.scope.yields = True
                    stack.append((value, at, use, keyword, callee))
                case ast.NamedExpr(target, value):
                    scope = at.scope
                    while isinstance(scope.node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
                        assert scope.parent is not None
                        scope = scope.parent
                    # `x and (y := z)` may bind nothing.
                    self.add(
                        scope, target.id, Binding("value", replace(at, block=self.block(at.block)), value, target.id)
                    )
                    stack.append((value, at, use, keyword, callee))
                case ast.Dict(keys, values):
                    for key, value in zip(keys, values, strict=True):
                        if key is not None:
                            stack.append((key, at, "other", "", None))
                        self.reference(value, at)
                        stack.append((value, at, use, ".".join(filter(None, (keyword, _key(key)))), callee))
                case ast.List(elements) | ast.Tuple(elements) | ast.Set(elements):
                    if not isinstance(node, ast.Set) and any(map(_is_option, elements[1:])):
                        self.found.command_lists.append(Site(node, at, use, keyword, callee))
                    for element in elements:
                        self.reference(element, at)
                        stack.append((element, at, use, keyword, callee))
                case ast.Subscript(value, index):
                    stack.append((value, at, "other", "", None))
                    stack.append((index, at, "other", "", None))
                case _:
                    stack.extend((child, at, use, keyword, callee) for child in ast.iter_child_nodes(node))

    def reference(self, node: ast.expr, here: Here) -> None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            self.found.references.append(Site(node, here))

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, here: Here) -> None:
        inner = self.scope("function", here.scope, node, here)
        at = Here(inner, here.unit, (), here.line, here.column)
        for place, generator in enumerate(node.generators):
            self.expression(generator.iter, here if place == 0 else at)
            self.bind(generator.target, generator.iter, at, element=True)
            for test in generator.ifs:
                self.expression(test, at, "compare")
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.expression(part, at)


def _is_option(element: ast.expr) -> bool:
    text = element.values[0] if isinstance(element, ast.JoinedStr) and element.values else element
    return isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value.startswith("-")


def _use_of_arguments(function: ast.expr, around: Use) -> Use:
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    if around == "message" or name in _MESSAGE_CALLS or name.endswith(("Error", "Exception", "Warning")):
        return "message"
    if name in _PATTERN_CALLS:
        return "pattern"
    return "argument"


def _is_format(node: ast.Call) -> bool:
    function = node.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "format"
        and isinstance(function.value, ast.Constant)
        and isinstance(function.value.value, str)
    )


def _has_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(piece, (ast.JoinedStr, ast.Constant)) and not isinstance(getattr(piece, "value", ""), (int, float))
        for piece in pieces(node)
    )


def pieces(node: ast.expr) -> Iterator[ast.expr]:
    """The operands of a chain of `+`, `%` and `/`."""
    stack: list[ast.expr] = [node]
    while stack:
        piece = stack.pop()
        if isinstance(piece, ast.BinOp) and isinstance(piece.op, (ast.Add, ast.Mod, ast.Div)):
            stack += (piece.right, piece.left)
        else:
            yield piece


def _without_text(node: ast.BinOp) -> list[ast.expr]:
    return [piece for piece in pieces(node) if not isinstance(piece, (ast.Constant, ast.JoinedStr))]


def _key(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_type_checking(test: ast.expr, scope: Scope) -> bool:
    """`typing.TYPE_CHECKING`, under its own name; a name that the text sets itself may be true."""
    match test:
        case ast.Name("TYPE_CHECKING" as name) | ast.Attribute(ast.Name(name), "TYPE_CHECKING"):
            holder = scope.lookup(name)
            return holder is not None and all(
                one.kind == "import" and one.name.startswith("typing") for one in holder.bindings[name]
            )
    return False


def _is_final(annotation: ast.expr) -> bool:
    """`Final`, `ClassVar` and their subscripts: no caller may replace the value."""
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""
    return name in {"Final", "ClassVar"}


def _names(target: ast.AST) -> Iterator[str]:
    return (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _captures(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            yield name
