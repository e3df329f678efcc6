"""One spelling for a piece of Python, whatever its layout, quotes and comments, and whatever Python runs us."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import libcst

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


def canonical(text: str) -> str:
    """Node kinds and values of the syntax tree of an expression or simple statement.

    `ast.unparse` will not do: 3.11 and 3.12 print nested f-strings differently. What libcst cannot parse is given
    back as its words.
    """
    try:
        tree: libcst.CSTNode = libcst.parse_expression(f"({text}\n)")
    except (libcst.ParserSyntaxError, ValueError, RecursionError):
        try:
            tree = libcst.parse_module(textwrap.dedent(text).strip() + "\n")
        except (libcst.ParserSyntaxError, ValueError, RecursionError):
            return " ".join(text.split())
    return "".join(_spelled(tree))


def _spelled(root: libcst.CSTNode) -> Iterator[str]:
    stack: list[libcst.CSTNode | str] = [root]
    while stack:
        node = stack.pop()
        match node:
            case str():
                yield node
            case libcst.SimpleString() | libcst.ConcatenatedString() if (value := node.evaluated_value) is not None:
                yield f"str:{value!r};"
            case libcst.Integer() | libcst.Float() | libcst.Imaginary():
                yield f"num:{node.evaluated_value!r};"
            case libcst.Name(value):
                yield f"{value};"
            case libcst.FormattedStringText(value):
                yield f"text:{value!r};"
            case _ if isinstance(node, _LAYOUT):
                continue
            case _:
                yield type(node).__name__ + "("
                stack.append(")")
                stack.extend(child for child in reversed(node.children))
