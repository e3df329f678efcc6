"""What one expression holds: calls, texts and references, each with what it is used for; and what targets bind."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Literal as OneOf

from msgspec import Struct
from msgspec.structs import replace

from mlgate.facts.python.scopes import Binding, FunctionNode, Here, Outline, Scope, Site, Use, names_in

_MESSAGE_CALLS = frozenset(
    "print warn warning info debug error exception critical log fail skip skipif display Markdown HTML write title "
    "header subheader caption echo secho".split()
)
_PATTERN_CALLS = frozenset(
    "compile match search fullmatch findall finditer sub split startswith endswith replace "
    "removeprefix removesuffix strip lstrip rstrip partition rpartition find index count".split()
)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)

_Stack = list[tuple[ast.AST, Here, Use, str, ast.expr | None]]
"""Expression, where it stands, what it is used for, the name that it is given, and what it is an argument of."""


class Expressions(Struct):
    """Gathers into `found`, for the statements of one unit."""

    found: Outline
    unit: int
    blocks: int

    # -- scopes and bindings

    def scope(self, kind: OneOf["class", "function"], parent: Scope, node: ast.AST, here: Here) -> Scope:
        made = Scope(kind, parent, node, here)
        self.found.scopes.append(made)
        return made

    def here(self, node: ast.stmt | ast.expr | ast.excepthandler, scope: Scope, block: tuple[int, ...]) -> Here:
        return Here(scope, self.unit, block, node.lineno, node.col_offset)

    def block(self, block: tuple[int, ...]) -> tuple[int, ...]:
        self.blocks += 1
        return (*block, self.blocks)

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
                for name in names_in(inner):
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

    def parameters(self, node: FunctionNode, inner: Scope, here: Here) -> None:
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults += arguments.defaults
        pairs = [
            *zip(positional, defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        for argument, default in pairs:
            parameter = Binding("parameter", here, default, argument.arg, (), inner, argument.annotation)
            self.add(inner, argument.arg, parameter)
            if default is not None:
                self.expression(default, here, "default")
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self.add(inner, extra.arg, Binding("unknown", here))

    # -- expressions

    def expression(self, root: ast.expr, here: Here, use: Use = "other", name: str = "") -> None:
        """Gather what one expression holds; iterative, since operators chain deep."""
        stack: _Stack = [(root, here, use, name, None)]
        while stack:
            node, at, use, keyword, callee = stack.pop()
            kind = type(node)
            # Two nodes in three are one of these.
            if kind is ast.Name:
                continue
            if kind is ast.Attribute:
                stack.append((node.value, at, use, keyword, callee))  # type: ignore[attr-defined]
            elif kind is ast.Constant:
                if isinstance(node.value, (str, bytes)):  # type: ignore[attr-defined]
                    self.found.strings.append(Site(node, at, use, keyword, callee))
            elif (gather := _GATHER.get(kind)) is not None:
                gather(self, stack, Site(node, at, use, keyword, callee))
            else:
                stack.extend([(child, at, use, keyword, callee) for child in ast.iter_child_nodes(node)])

    def reference(self, node: ast.expr, here: Here) -> None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            self.found.references.append(Site(node, here))

    def call(self, stack: _Stack, site: Site) -> None:
        node, at = site.node, site.here
        assert isinstance(node, ast.Call)
        function = node.func
        last: str = getattr(function, "id", "") or getattr(function, "attr", "")
        found = self.found
        found.called.setdefault(last, []).append(len(found.calls))
        found.calls.append(site)
        holder: Scope | None = at.scope
        while holder is not None:
            if holder.kind == "function":
                holder.calls.append(site)
            holder = holder.parent
        inner = _use_of_arguments(last, site.use)
        if last == "format" and _is_format(node):
            found.strings.append(site)
        else:
            stack.append((function, at, inner if inner != "argument" else "other", "", None))
        for argument in node.args:
            self.reference(argument, at)
            stack.append((argument, at, inner, "", function))
        for named in node.keywords:
            self.reference(named.value, at)
            stack.append((named.value, at, inner, named.arg or "", function))

    def formatted(self, stack: _Stack, site: Site) -> None:
        assert isinstance(site.node, ast.JoinedStr)
        self.found.strings.append(site)
        fields = (part.value for part in site.node.values if isinstance(part, ast.FormattedValue))
        stack.extend((field, site.here, "other", "", None) for field in fields)

    def operation(self, stack: _Stack, site: Site) -> None:
        node = site.node
        assert isinstance(node, ast.BinOp)
        if isinstance(node.op, (ast.Add, ast.Mod, ast.Div)) and _has_text(node):
            self.found.strings.append(site)
            stack.extend((piece, site.here, "other", "", None) for piece in _without_text(node))
        else:
            stack.extend((side, site.here, site.use, site.keyword, site.callee) for side in (node.left, node.right))

    def compare(self, stack: _Stack, site: Site) -> None:
        assert isinstance(site.node, ast.Compare)
        sides = (site.node.left, *site.node.comparators)
        stack.extend((side, site.here, "compare", "", None) for side in sides)

    def function(self, stack: _Stack, site: Site) -> None:
        node, at = site.node, site.here
        assert isinstance(node, ast.Lambda)
        inner = self.scope("function", at.scope, node, at)
        self.parameters(node, inner, at)
        self.expression(node.body, self.here(node.body, inner, ()))

    def comprehension(self, stack: _Stack, site: Site) -> None:
        node, here = site.node, site.here
        assert isinstance(node, _COMPREHENSIONS)
        inner = self.scope("function", here.scope, node, here)
        at = Here(inner, here.unit, (), here.line, here.column)
        for place, generator in enumerate(node.generators):
            self.expression(generator.iter, here if place == 0 else at)
            self.bind(generator.target, generator.iter, at, element=True)
            for test in generator.ifs:
                self.expression(test, at, "compare")
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.expression(part, at)

    def yielded(self, stack: _Stack, site: Site) -> None:
        assert isinstance(site.node, (ast.Yield, ast.YieldFrom))
        site.here.scope.yields = True
        if site.node.value is not None:
            stack.append((site.node.value, site.here, site.use, site.keyword, site.callee))

    def named(self, stack: _Stack, site: Site) -> None:
        node, at = site.node, site.here
        assert isinstance(node, ast.NamedExpr)
        scope = at.scope
        while isinstance(scope.node, _COMPREHENSIONS):
            assert scope.parent is not None
            scope = scope.parent
        name = node.target.id
        # `x and (y := z)` may bind nothing.
        self.add(scope, name, Binding("value", replace(at, block=self.block(at.block)), node.value, name))
        stack.append((node.value, at, site.use, site.keyword, site.callee))

    def table(self, stack: _Stack, site: Site) -> None:
        assert isinstance(site.node, ast.Dict)
        for key, value in zip(site.node.keys, site.node.values, strict=True):
            if key is not None:
                stack.append((key, site.here, "other", "", None))
            self.reference(value, site.here)
            path = ".".join(filter(None, (site.keyword, _key(key))))
            stack.append((value, site.here, site.use, path, site.callee))

    def display(self, stack: _Stack, site: Site) -> None:
        node = site.node
        assert isinstance(node, (ast.List, ast.Tuple, ast.Set))
        if not isinstance(node, ast.Set) and any(map(_is_option, node.elts[1:])):
            self.found.command_lists.append(site)
        for element in node.elts:
            self.reference(element, site.here)
            stack.append((element, site.here, site.use, site.keyword, site.callee))

    def subscript(self, stack: _Stack, site: Site) -> None:
        assert isinstance(site.node, ast.Subscript)
        stack.append((site.node.value, site.here, "other", "", None))
        stack.append((site.node.slice, site.here, "other", "", None))


_GATHER: dict[type[ast.AST], Callable[[Expressions, _Stack, Site], None]] = {
    ast.Call: Expressions.call,
    ast.JoinedStr: Expressions.formatted,
    ast.BinOp: Expressions.operation,
    ast.Compare: Expressions.compare,
    ast.Lambda: Expressions.function,
    **dict.fromkeys(_COMPREHENSIONS, Expressions.comprehension),
    ast.Yield: Expressions.yielded,
    ast.YieldFrom: Expressions.yielded,
    ast.NamedExpr: Expressions.named,
    ast.Dict: Expressions.table,
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set), Expressions.display),
    ast.Subscript: Expressions.subscript,
}
"""What is done with an expression of a kind; the parts of any other are looked at one by one."""


def _is_option(element: ast.expr) -> bool:
    text = element.values[0] if isinstance(element, ast.JoinedStr) and element.values else element
    return isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value.startswith("-")


def _use_of_arguments(name: str, around: Use) -> Use:
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
