"""Command-line options that a document declares, and their defaults: evidence of what their values are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlgate.facts.python.known import Known, merge
from mlgate.facts.python.scopes import Outline, Site
from mlgate.facts.python.values import Evaluator


def command_line_options(outline: Outline, evaluator: Evaluator) -> dict[str, Known]:
    """By attribute of the parsed arguments; those of click and typer by the function's scope and parameter.

    `add_argument("--name", default=…)` and its kin; `@click.option("--name", default=…)` above a function.
    """
    found: dict[str, Known] = {}
    for site in outline.calls_of(*(name for name in outline.called if name.startswith(("add_arg", "add_option")))):
        if isinstance(site.node, ast.Call) and isinstance(site.node.func, ast.Attribute):
            _add(found, "", site, evaluator)
    for function, decorator in _decorated(outline):
        _add(found, f"{function}.", decorator, evaluator)
    return found


def _decorated(outline: Outline) -> Iterator[tuple[int, Site]]:
    """(Identity of the function's scope, call of the decorator) of what looks like an option of click."""
    for scope, decorators in outline.decorated:
        for site in decorators:
            node = site.node
            if isinstance(node, ast.Call):
                last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if last in ("option", "argument"):
                    yield id(scope), site


def _add(found: dict[str, Known], prefix: str, site: Site, evaluator: Evaluator) -> None:
    node = site.node
    assert isinstance(node, ast.Call)
    names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    destination = keywords.get("dest")
    plain = [one for one in names if not one.startswith("-")] if prefix else []
    longest = (plain or [max(names, key=len, default="")])[0]
    name = longest.lstrip("-").partition("/")[0].replace("-", "_")
    if isinstance(destination, ast.Constant) and isinstance(destination.value, str):
        name = destination.value
    if not name:
        return
    default = keywords.get("default")
    known = evaluator.known(default, site.here) if default is not None else Known()
    action = keywords.get("action")
    if default is None and isinstance(action, ast.Constant):
        if action.value == "store_true":
            known = Known((False,))
        elif action.value == "store_false":
            known = Known((True,))
    options = (*known.options, *known.defaults)
    reason = f"default of command-line option --{name}" if options else f"command-line option --{name}"
    key = prefix + name
    found[key] = merge([found.get(key, Known()), Known((), reason, options)])
