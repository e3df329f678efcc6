"""Python text as a syntax tree, within our own bounds."""

from __future__ import annotations

import ast
import warnings

from mlgate.limits import beyond_bounds


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
