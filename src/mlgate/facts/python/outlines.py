"""The outline of a text: one walk over its statements, in order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from typing import Literal as OneOf

from msgspec.structs import replace

from mlgate.facts.python import guards
from mlgate.facts.python.expressions import Expressions
from mlgate.facts.python.scopes import Binding, Here, Outline, Scope, Site, Use


def outline(trees: Sequence[tuple[int, ast.Module]]) -> Outline:
    """Walk the trees of all units, in order, into one module scope."""
    module = Scope("module", None)
    found = Outline(module)
    for unit, tree in trees:
        _Statements(found, unit, unit * 1_000_000).all(tree.body, module, (), is_body_of=tree)
    return found


class _Statements(Expressions):
    """Each kind of statement has a method: given it, where it stands, and the blocks around."""

    def all(
        self, body: Sequence[ast.stmt], scope: Scope, block: tuple[int, ...], is_body_of: ast.AST | None = None
    ) -> None:
        for place, statement in enumerate(body):
            here = Here(scope, self.unit, block, statement.lineno, statement.col_offset)
            if (
                place == 0
                and isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
                and isinstance(is_body_of, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            ):
                self.found.strings.append(Site(statement.value, here, "docstring"))
                continue
            _KINDS.get(type(statement), _Statements.other)(self, statement, here)

    def guarded(self, here: Here, there: frozenset[str]) -> tuple[int, ...]:
        inner = self.block(here.block)
        if there:
            self.found.there[inner[-1]] = (here, there)
        return inner

    def below(self, here: Here, there: frozenset[str]) -> None:
        if there:
            self.found.there_below.append((here, there))

    # -- simple statements

    def alone(self, node: ast.Expr, here: Here) -> None:
        use: Use = "bare" if isinstance(node.value, (ast.Constant, ast.JoinedStr)) else "other"
        self.expression(node.value, here, use)

    def assigned(self, node: ast.Assign, here: Here) -> None:
        name = next((one.id for one in node.targets if isinstance(one, ast.Name)), "")
        self.expression(node.value, here, name=name)
        for target in node.targets:
            self.bind(target, node.value, here)

    def annotated(self, node: ast.AnnAssign, here: Here) -> None:
        target, value, scope = node.target, node.value, here.scope
        if value is not None:
            self.expression(value, here)
        if isinstance(target, ast.Name) and (value is not None or scope.kind == "class"):
            # NOTE: an annotated name in a class body is most often a dataclass or pydantic field: a default.
            is_value = value is not None and (scope.kind != "class" or _is_final(node.annotation))
            kind: OneOf["value", "parameter"] = "value" if is_value else "parameter"
            binding = Binding(kind, here, value, target.id, scope=scope, annotation=node.annotation)
            self.add(scope, target.id, binding)
        elif value is not None:
            self.bind(target, value, here)

    def changed(self, node: ast.AugAssign, here: Here) -> None:
        self.expression(node.value, here)
        if isinstance(node.target, ast.Name):
            self.add(here.scope, node.target.id, Binding("unknown", here))

    def imported(self, node: ast.Import, here: Here) -> None:
        self.found.imports.append(Site(node, here))
        for alias in node.names:
            root = alias.name.partition(".")[0]
            self.found.libraries.add(root)
            name, dotted = (alias.asname, alias.name) if alias.asname else (root, root)
            self.add(here.scope, name, Binding("import", here, node, dotted))

    def imported_from(self, node: ast.ImportFrom, here: Here) -> None:
        self.found.imports.append(Site(node, here))
        base = "." * node.level + (node.module or "")
        if not node.level:
            self.found.libraries.add(base.partition(".")[0])
        for alias in node.names:
            if alias.name == "*":
                here.scope.stars.append(base)
                self.found.stars.append(base)
            else:
                dotted = f"{base}{'' if base.endswith('.') else '.'}{alias.name}"
                self.add(here.scope, alias.asname or alias.name, Binding("import", here, node, dotted))

    def returned(self, node: ast.Return, here: Here) -> None:
        if node.value is not None:
            self.expression(node.value, here)
            here.scope.returns.append((node.value, here))

    def raised(self, node: ast.Raise, here: Here) -> None:
        for expression in (node.exc, node.cause):
            if expression is not None:
                self.expression(expression, here, "message")

    def asserted(self, node: ast.Assert, here: Here) -> None:
        self.expression(node.test, here, "compare")
        self.below(here, guards.there(node.test))
        if node.msg is not None:
            self.expression(node.msg, here, "message")

    def deleted(self, node: ast.Delete, here: Here) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.add(here.scope, target.id, Binding("unknown", here))

    def outer(self, node: ast.Global | ast.Nonlocal, here: Here) -> None:
        here.scope.outer.update(node.names)

    def other(self, node: ast.stmt, here: Here) -> None:
        """`type X = …` and whatever a later Python adds."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child, here)

    # -- compound statements

    def function_(self, node: ast.FunctionDef | ast.AsyncFunctionDef, here: Here) -> None:
        own = self.scope("function", here.scope, node, here)
        self.add(here.scope, node.name, Binding("definition", here, node, node.name, scope=own))
        for decorator in node.decorator_list:
            self.expression(decorator, here)
        if node.decorator_list:
            self.found.decorated.append((own, [Site(one, here) for one in node.decorator_list]))
        self.parameters(node, own, here)
        self.all(node.body, own, (), is_body_of=node)

    def class_(self, node: ast.ClassDef, here: Here) -> None:
        inner = self.scope("class", here.scope, node, here)
        self.add(here.scope, node.name, Binding("class", here, node, node.name, scope=inner))
        self.found.classes.append(Site(node, here))
        for expression in (*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list):
            self.expression(expression, here)
        self.all(node.body, inner, (), is_body_of=node)

    def if_(self, node: ast.If, here: Here) -> None:
        test, scope = node.test, here.scope
        if _is_type_checking(test, scope):
            # Only a type checker runs it; its imports still name what annotations mean.
            self.all([one for one in node.body if isinstance(one, (ast.Import, ast.ImportFrom))], scope, here.block)
            self.all(node.orelse, scope, here.block)
            return
        self.expression(test, here, "compare")
        self.all(node.body, scope, self.guarded(here, guards.there(test)))
        self.all(node.orelse, scope, self.guarded(here, guards.there(test, False)))
        if guards.leaves(node.body):
            self.below(here, guards.there(test, False))

    def for_(self, node: ast.For | ast.AsyncFor, here: Here) -> None:
        self.expression(node.iter, here)
        inner = self.block(here.block)
        # An empty loop binds nothing.
        self.bind(node.target, node.iter, replace(here, block=inner), element=True)
        self.all(node.body, here.scope, inner)
        self.all(node.orelse, here.scope, self.block(here.block))

    def while_(self, node: ast.While, here: Here) -> None:
        self.expression(node.test, here, "compare")
        self.all(node.body, here.scope, self.block(here.block))
        self.all(node.orelse, here.scope, self.block(here.block))

    def with_(self, node: ast.With | ast.AsyncWith, here: Here) -> None:
        for item in node.items:
            self.expression(item.context_expr, here)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, item.context_expr, here)
        self.all(node.body, here.scope, here.block)

    def try_(self, node: Any, here: Here) -> None:
        """`try` with `except`, and with `except*`, which Python 3.10 does not know."""
        # What the body binds is not bound where it failed before.
        scope = here.scope
        tried = self.block(here.block)
        self.all(node.body, scope, tried)
        for handler in node.handlers:
            handled = self.block(here.block)
            if handler.name:
                self.add(scope, handler.name, Binding("unknown", self.here(handler, scope, handled)))
            self.all(handler.body, scope, handled)
        self.all(node.orelse, scope, tried)
        self.all(node.finalbody, scope, here.block)

    def match_(self, node: ast.Match, here: Here) -> None:
        self.expression(node.subject, here)
        for case in node.cases:
            inner = self.block(here.block)
            for name in _captures(case.pattern):
                self.add(here.scope, name, Binding("unknown", replace(here, block=inner)))
            if case.guard is not None:
                self.expression(case.guard, here, "compare")
            self.all(case.body, here.scope, inner)


_KINDS: dict[type[ast.stmt], Callable[[_Statements, Any, Here], None]] = {
    ast.Expr: _Statements.alone,
    ast.Assign: _Statements.assigned,
    ast.AnnAssign: _Statements.annotated,
    ast.AugAssign: _Statements.changed,
    ast.Import: _Statements.imported,
    ast.ImportFrom: _Statements.imported_from,
    ast.Return: _Statements.returned,
    ast.Raise: _Statements.raised,
    ast.Assert: _Statements.asserted,
    ast.Delete: _Statements.deleted,
    ast.Global: _Statements.outer,
    ast.Nonlocal: _Statements.outer,
    ast.FunctionDef: _Statements.function_,
    ast.AsyncFunctionDef: _Statements.function_,
    ast.ClassDef: _Statements.class_,
    ast.If: _Statements.if_,
    ast.For: _Statements.for_,
    ast.AsyncFor: _Statements.for_,
    ast.While: _Statements.while_,
    ast.With: _Statements.with_,
    ast.AsyncWith: _Statements.with_,
    ast.Try: _Statements.try_,
    ast.Match: _Statements.match_,
}
if hasattr(ast, "TryStar"):
    _KINDS[ast.TryStar] = _Statements.try_


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


def _captures(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            yield name
