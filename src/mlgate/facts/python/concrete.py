"""The spelling of `canonical` for any code, from the tree of libcst. Imported when it is needed."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator
from itertools import groupby

import libcst

from mlgate.regex import regex

_LAYOUT = (
    libcst.BaseParenthesizableWhitespace,
    libcst.TrailingWhitespace,
    libcst.EmptyLine,
    libcst.Comment,
    libcst.Newline,
    libcst.LeftParen,
    libcst.RightParen,
    libcst.Comma,
    libcst.Semicolon,
)
_UNREADABLE = (libcst.ParserSyntaxError, ValueError, RecursionError)
_ESCAPE = regex(r"\\(?:[0-7]{1,3}|N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r\n|.)", re.DOTALL)


def spelled(text: str) -> str:
    """Any expression or simple statement; what libcst cannot parse is given back as its words."""
    try:
        tree: libcst.CSTNode = libcst.parse_expression(f"({text}\n)")
    except _UNREADABLE:
        try:
            tree = libcst.parse_module(textwrap.dedent(text).strip() + "\n")
        except _UNREADABLE:
            return " ".join(text.split())
    with warnings.catch_warnings():
        # An escape that Python does not know (`"\d"`) is a warning, and another one in each version.
        warnings.simplefilter("ignore")
        return "".join(_spelled(tree))


def _spelled(root: libcst.CSTNode) -> Iterator[str]:
    stack: list[libcst.CSTNode | str] = [root]
    while stack:
        node = stack.pop()
        match node:
            case str():
                yield node
            case libcst.SimpleString() | libcst.ConcatenatedString() | libcst.FormattedString():
                stack.extend(reversed(_joined(node)))
            case libcst.Integer() | libcst.Float() | libcst.Imaginary():
                yield f"num:{node.evaluated_value!r};"
            case libcst.Name(value):
                yield f"{value};"
            case libcst.FormattedStringText(value):
                yield f"text:{value!r};"
            case _ if isinstance(node, _LAYOUT):
                continue
            case _:
                yield type(node).__name__ + _mark(node) + "("
                stack.append(")")
                stack.extend(reversed(node.children))


def _mark(node: libcst.CSTNode) -> str:
    """What tells two nodes of a kind apart and is no node itself: `f(a)`, `f(*a)` and `f(**a)`; `{a!r}`."""
    match node:
        case libcst.Arg(star=star) | libcst.Param(star=star) if isinstance(star, str):
            return star
        case libcst.FormattedStringExpression(conversion=conversion) if conversion:
            return f"!{conversion}"
    return ""


# -- strings: `"a" f"b{c}"` is `f"ab{c}"`


def _joined(node: libcst.BaseString) -> list[libcst.CSTNode | str]:
    """A string as one run of texts and expressions, however many literals write it."""
    joined: list[libcst.CSTNode | str] = []
    for kind, run in groupby(_pieces(node), type):
        if kind is str:
            text = "".join(map(str, run))
            joined += [f"str:{text!r};"] if text else []
        elif kind is bytes:
            joined.append(f"bytes:{b''.join(one for one in run if isinstance(one, bytes))!r};")
        else:
            joined += [one for one in run if isinstance(one, libcst.CSTNode)]
    return joined or ["str:'';"]


def _pieces(node: libcst.CSTNode) -> Iterator[str | bytes | libcst.CSTNode]:
    match node:
        case libcst.ConcatenatedString(left=left, right=right):
            yield from _pieces(left)
            yield from _pieces(right)
        case libcst.FormattedString(parts=parts):
            is_raw = "r" in node.prefix
            for part in parts:
                if isinstance(part, libcst.FormattedStringText):
                    yield _unescaped(part.value.replace("{{", "{").replace("}}", "}"), is_raw)
                else:
                    yield part
        case libcst.SimpleString(value):
            yield _evaluated(value)
        case _:
            yield node


def _unescaped(text: str, is_raw: bool) -> str:
    """What the text of an f-string stands for: its escapes as Python reads them."""
    return text if is_raw else _ESCAPE.sub(lambda found: str(_evaluated(f'"""{found.group()}"""')), text)


def _evaluated(literal: str) -> str | bytes:
    try:
        value = ast.literal_eval(literal)
    except (SyntaxError, ValueError):
        return literal
    return value if isinstance(value, (str, bytes)) else literal
