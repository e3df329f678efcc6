"""Python text as a syntax tree, within our own bounds."""

from __future__ import annotations

import ast
import warnings

from mlgate.limits import beyond_bounds
from mlgate.regex import regex

MAX_LOOK_AHEAD = 60
"""Most lines that one statement of a text that does not parse is tried with: each is parsed anew."""

_BEGINS = regex(r"(?!else\b|elif\b|except\b|finally\b)[^\s)\]}]")
"""How a line begins that may be the first of a statement at the margin."""


def recovered(text: str) -> ast.Module | None:
    """The statements at the margin of a text that parse by themselves, each where it stands; None where none does.

    A cell with one broken statement still says what the others do. Cut by our own rule, not where the parser gave up,
    which differs between versions of Python.
    """
    if beyond_bounds(text):
        return None
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if _BEGINS.match(line)]
    body: list[ast.stmt] = []
    place = 0
    while place < len(starts):
        start = starts[place]
        ends = [*starts[place + 1 :], len(lines)]
        # First as far as the next statement and further; then without the lines behind that belong to nothing.
        longer = [(end, behind) for behind, end in enumerate(ends, place + 1) if end - start <= MAX_LOOK_AHEAD]
        shorter = [(end, place + 1) for end in range(min(ends[0], start + MAX_LOOK_AHEAD) - 1, start, -1)]
        for end, behind in longer + shorter:
            tree = parsed("\n".join(lines[start:end]))
            if isinstance(tree, ast.Module):
                body += (ast.increment_lineno(statement, start) for statement in tree.body)
                place = behind - 1
                break
        place += 1
    return ast.Module(body, []) if body else None


def parsed(text: str) -> ast.Module | tuple[str, int, str]:
    """The tree; or the `input` fact's name, the line, and half a sentence on why there is none."""
    problem = beyond_bounds(text)
    if problem:
        return "too-deep", 1, problem
    try:
        with warnings.catch_warnings():
            # Invalid escapes in somebody's strings are not ours to print.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), text.count("\n") + 1)
        return "unparsed", line, error.msg or "not valid Python"
    except (ValueError, RecursionError, MemoryError) as error:
        # NOTE: NUL bytes and lone surrogates are a ValueError; the others cannot happen within our own bounds.
        return "unparsed", 1, str(error).partition("\n")[0] or type(error).__name__
