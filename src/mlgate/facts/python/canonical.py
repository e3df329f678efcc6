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
    ast.And: "And()",
    ast.Or: "Or()",
    ast.USub: "Minus()",
    ast.Not: "Not()",
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
            root = ast.parse(f"({text}\n)", mode="eval").body
        return "".join(_spelled(root))
    except (_NotPlain, *_UNREADABLE):
        return None


def _spelled(root: ast.expr) -> Iterator[str]:
    """Iterative: attributes and operators chain deep."""
    stack: list[ast.expr | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
        else:
            stack.extend(reversed(_parts(node)))


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
        case ast.Subscript(base, ast.Name() | ast.Constant() | ast.Attribute() | ast.Call() as index):
            inside = ("LeftSquareBracket()SubscriptElement(Index(", index, "))RightSquareBracket()")
            return ["Subscript(", base, *inside, ")"]
        case ast.UnaryOp(ast.USub() | ast.Not() as operator, operand):
            return ["UnaryOperation(", _OPERATORS[type(operator)], operand, ")"]
        case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Mod() as operator, right):
            return ["BinaryOperation(", left, _OPERATORS[type(operator)], right, ")"]
        case ast.BoolOp(operator, [first, *others]):
            sign = _OPERATORS[type(operator)]
            return ["BooleanOperation(" * len(others), first, *(one for other in others for one in (sign, other, ")"))]
        case ast.IfExp(test, yes, no):
            return ["IfExp(", yes, test, no, ")"]
    raise _NotPlain


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
    if keywords and any(isinstance(one, ast.Starred) for one in args):
        raise _NotPlain  # `f(a=1, *b)`: the tree does not keep their order.
    for one in args:
        if isinstance(one, ast.Starred):
            yield from ("Arg*(", one.value, ")")
        else:
            yield from ("Arg(", one, ")")
    for keyword in keywords:
        if keyword.arg is None:
            yield from ("Arg**(", keyword.value, ")")
        else:
            yield from (f"Arg({keyword.arg};AssignEqual()", keyword.value, ")")


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
