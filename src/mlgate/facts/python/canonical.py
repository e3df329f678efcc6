"""One spelling for a piece of Python, whatever its layout, quotes and comments, and whatever Python runs us.

Most of what is found is a call with plain arguments, whose spelling `ast` tells as well as libcst; the rest is left to
`concrete`, which takes a third of a short run to import. What both can spell they spell alike.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache

_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "Add()",
    ast.Sub: "Subtract()",
    ast.Mult: "Multiply()",
    ast.Div: "Divide()",
    ast.Mod: "Modulo()",
    ast.FloorDiv: "FloorDivide()",
    ast.Pow: "Power()",
    ast.BitOr: "BitOr()",
    ast.BitAnd: "BitAnd()",
    ast.And: "And()",
    ast.Or: "Or()",
    ast.USub: "Minus()",
    ast.Not: "Not()",
    ast.Eq: "Equal()",
    ast.NotEq: "NotEqual()",
    ast.Lt: "LessThan()",
    ast.LtE: "LessThanEqual()",
    ast.Gt: "GreaterThan()",
    ast.GtE: "GreaterThanEqual()",
    ast.In: "In()",
    ast.NotIn: "NotIn()",
    ast.Is: "Is()",
    ast.IsNot: "IsNot()",
}


class _NotPlain(Exception):
    """An expression of a kind that is left to `concrete`."""


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """Node kinds and values of the syntax tree of an expression or simple statement.

    `ast.unparse` will not do: 3.11 and 3.12 print nested f-strings differently. What cannot be parsed is given back as
    its words.
    """
    found = plain(text)
    if found is None:
        from mlgate.facts.python.concrete import spelled

        found = spelled(text)
    return found


def plain(text: str) -> str | None:
    """The spelling of an expression of names, attributes, calls, constants and displays; None for any other."""
    # Python folds other letters into the names that they look like: `ﬁle` is `file`.
    if not text.isascii():
        return None
    try:
        with warnings.catch_warnings():
            # An escape that Python does not know (`"\d"`) is a warning, and another one in each version.
            warnings.simplefilter("ignore")
            source = f"({text}\n)"
            root = ast.parse(source, mode="eval").body
        return "".join(_spelled(root, source.split("\n")))
    except (_NotPlain, *_UNREADABLE):
        return None


def _spelled(root: ast.expr, lines: list[str]) -> Iterator[str]:
    """Iterative: attributes and operators chain deep. `lines` are what it was parsed from, ASCII."""
    stack: list[ast.expr | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        else:
            stack.extend(reversed(_slice(node, lines) if isinstance(node, ast.Slice) else _parts(node)))


def _parts(node: ast.expr) -> list[ast.expr | str]:
    match node:
        case ast.Name(name):
            return [f"{name};"]
        case ast.Constant(value):
            return [_constant(value)]
        case ast.Attribute(base, name):
            return ["Attribute(", base, f"Dot(){name};)"]
        case ast.Call(function, args, keywords):
            return ["Call(", function, *_arguments(args, keywords), ")"]
        case ast.JoinedStr(values):
            return [piece for value in values for piece in _piece(value)] or ["str:'';"]
        case ast.List(elements):
            return ["List(LeftSquareBracket()", *_elements(elements), "RightSquareBracket())"]
        case ast.Tuple(elements):
            return ["Tuple(", *_elements(elements), ")"]
        case ast.Set(elements):
            return ["Set(LeftCurlyBrace()", *_elements(elements), "RightCurlyBrace())"]
        case ast.Dict(keys, values):
            return ["Dict(LeftCurlyBrace()", *_entries(keys, values), "RightCurlyBrace())"]
        case ast.Subscript(base, ast.Slice() as index):
            return ["Subscript(", base, "LeftSquareBracket()SubscriptElement(", index, ")RightSquareBracket())"]
        case ast.Lambda(ast.arguments([], parameters, None, [], [], None, []), body):
            return ["Lambda(Parameters(", *(f"Param({one.arg};)" for one in parameters), ")Colon()", body, ")"]
        case ast.Subscript(base, ast.Name() | ast.Constant() | ast.Attribute() | ast.Call() | ast.UnaryOp() as index):
            inside = ("LeftSquareBracket()SubscriptElement(Index(", index, "))RightSquareBracket()")
            return ["Subscript(", base, *inside, ")"]
        case ast.UnaryOp(operator, operand) if type(operator) in _OPERATORS:
            return ["UnaryOperation(", _OPERATORS[type(operator)], operand, ")"]
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            return ["BinaryOperation(", left, _OPERATORS[type(operator)], right, ")"]
        case ast.Compare(left, operators, others):
            targets = (
                (f"ComparisonTarget({_OPERATORS[type(operator)]}", other, ")")
                for operator, other in zip(operators, others, strict=True)
            )
            return ["Comparison(", left, *(one for target in targets for one in target), ")"]
        case ast.BoolOp(operator, [first, *others]):
            sign = _OPERATORS[type(operator)]
            return ["BooleanOperation(" * len(others), first, *(one for other in others for one in (sign, other, ")"))]
        case ast.IfExp(test, yes, no):
            return ["IfExp(", yes, test, no, ")"]
    raise _NotPlain


def _slice(node: ast.Slice, lines: list[str]) -> list[ast.expr | str]:
    """`a[1:2:]` has two colons: the tree keeps none, and its text behind the last number tells."""
    last = node.upper or node.lower
    start = (last.end_lineno, last.end_col_offset) if last is not None else (node.lineno, node.col_offset)
    rest = _between(lines, start, (node.end_lineno, node.end_col_offset))
    has_step = node.step is not None or rest.count(":") > (node.upper is None)
    given = (node.lower, "Colon()", node.upper, "Colon()" if has_step else None, node.step)
    return ["Slice(", *(one for one in given if one is not None), ")"]


def _between(lines: list[str], start: tuple[int | None, int | None], end: tuple[int | None, int | None]) -> str:
    """What stands between two ends of a slice's parts: colons, brackets and blanks.

    Before Python 3.12 places inside f-strings may be wrong, so that something else stands there.
    """
    (line, column), (end_line, end_column) = start, end
    if line is None or end_line is None or end_line > len(lines):
        raise _NotPlain
    several = lines[line - 1 : end_line]
    behind = several[-1][end_column:].lstrip()
    several[-1] = several[-1][:end_column]
    several[0] = several[0][column:]
    found = "\n".join(several)
    if found.strip(" \t\n:()") or not behind.startswith(("]", ")")):
        raise _NotPlain
    return found


def _constant(value: object) -> str:
    match value:
        case bool() | None:
            return f"{value};"
        case int() | float():
            return f"num:{value!r};"
        case str():
            return f"str:{value!r};"
        case bytes():
            return f"bytes:{value!r};"
        case _:
            raise _NotPlain


def _arguments(args: list[ast.expr], keywords: list[ast.keyword]) -> Iterator[ast.expr | str]:
    # `f(a=1, *b)`: the tree keeps them apart.
    several: list[ast.expr | ast.keyword] = [*args, *keywords]
    for one in sorted(several, key=lambda one: (one.lineno, one.col_offset)):
        match one:
            case ast.Starred(value):
                yield from ("Arg*(", value, ")")
            case ast.keyword(None, value):
                yield from ("Arg**(", value, ")")
            case ast.keyword(name, value):
                yield from (f"Arg({name};AssignEqual()", value, ")")
            case ast.expr():
                yield from ("Arg(", one, ")")


def _piece(value: ast.expr) -> list[ast.expr | str]:
    match value:
        case ast.Constant(str() as text):
            return [f"str:{text!r};"] if text else []
        # `{a=}` is a text and a conversion in the tree, as `a={a!r}` is.
        case ast.FormattedValue(inner, -1, None):
            return ["FormattedStringExpression(", inner, ")"]
    raise _NotPlain


def _elements(elements: list[ast.expr]) -> Iterator[ast.expr | str]:
    for one in elements:
        if isinstance(one, ast.Starred):
            yield from ("StarredElement(", one.value, ")")
        else:
            yield from ("Element(", one, ")")


def _entries(keys: list[ast.expr | None], values: list[ast.expr]) -> Iterator[ast.expr | str]:
    for key, value in zip(keys, values, strict=True):
        yield from ("StarredDictElement(", value, ")") if key is None else ("DictElement(", key, value, ")")
