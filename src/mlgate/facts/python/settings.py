"""Settings that Python code makes: environment variables and the traitlets of Jupyter's configuration files."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from mlgate.facts.python.known import Known
from mlgate.facts.python.scopes import Here, Outline
from mlgate.facts.python.values import Evaluator
from mlgate.model import Entries, Fact, Ref, Span, Value

_JUPYTER = frozenset(
    "NotebookApp ServerApp LabApp IdentityProvider PasswordIdentityProvider JupyterApp "
    "SingleUserNotebookApp SingleUserLabApp VoilaConfiguration".split()
)
_SERVER_KEYS = {
    "ip": "host",
    "port": "port",
    "token": "auth",
    "password": "auth",
    "hashed_password": "auth",
    "allow_origin": "allow-origin",
    "allow_root": "root",
    "disable_check_xsrf": "xsrf",
}
_SETTERS = frozenset(["os.environ.setdefault", "os.putenv", "environ.setdefault"])

Place = Callable[[int, ast.AST], Span]


def settings(found: Outline, evaluator: Evaluator, place: Place) -> Iterator[Fact]:
    """Facts `setting`, and one `server` for what a Jupyter configuration file says together."""
    server: dict[str, Value] = {}
    first: Span | None = None
    for site, assigned in found.assignments:
        unit = site.here.unit
        match site.node:
            case ast.Subscript(base, index) if _is_environment(evaluator.known(base, site.here)):
                for name in evaluator.known(index, site.here).options:
                    if isinstance(name, str):
                        span = _around(place(unit, site.node), place(unit, assigned))
                        yield _setting(f"env:{name}", span, evaluator.value(assigned, site.here))
            case ast.Attribute(ast.Attribute(ast.Name(root), owner), key) if owner[:1].isupper() and (
                root == "c" or _is_config(root, site.here, evaluator)
            ):
                value = evaluator.value(assigned, site.here)
                span = _around(place(unit, site.node), place(unit, assigned))
                yield _setting(f"{owner}.{key}", span, value)
                if owner in _JUPYTER and key in _SERVER_KEYS:
                    attribute = _SERVER_KEYS[key]
                    # Any token or password that is not empty is a lock on the door.
                    if attribute != "auth" or "auth" not in server or server["auth"].options == ("",):
                        server[attribute] = _inverted(value) if attribute == "xsrf" else value
                    first = first or span
    for site in found.calls_of("setdefault", "putenv", "update"):
        if isinstance(site.node, ast.Call) and isinstance(site.node.func, ast.Attribute):
            yield from _from_call(site.node, site.here, evaluator, place)
    if first is not None:
        yield Fact("server", "jupyter", first, attributes=server)


def _from_call(node: ast.Call, here: Here, evaluator: Evaluator, place: Place) -> Iterator[Fact]:
    span = place(here.unit, node)
    for option in evaluator.known(node.func, here).options:
        if not isinstance(option, Ref):
            continue
        if option.name in _SETTERS and len(node.args) == 2:
            for name in evaluator.known(node.args[0], here).options:
                if isinstance(name, str):
                    yield _setting(f"env:{name}", span, evaluator.value(node.args[1], here))
        elif option.name == "os.environ.update":
            for argument in node.args:
                for table in evaluator.known(argument, here).options:
                    if isinstance(table, Entries):
                        for name, value in table.entries:
                            yield _setting(f"env:{name}", span, value)
            for keyword in node.keywords:
                if keyword.arg:
                    yield _setting(f"env:{keyword.arg}", span, evaluator.value(keyword.value, here))


def _setting(name: str, span: Span, value: Value) -> Fact:
    return Fact("setting", name, span, attributes={"value": value})


def _inverted(value: Value) -> Value:
    """`disable_check_xsrf = True` is a protection that is off."""
    return Value(tuple(not option for option in value.options), value.unknown)


def _is_environment(known: Known) -> bool:
    return any(isinstance(option, Ref) and option.name in ("os.environ", "environ") for option in known.options)


def _is_config(root: str, here: Here, evaluator: Evaluator) -> bool:
    return any(getattr(option, "name", "").endswith("get_config") for option in evaluator.name(root, here, 0).options)


def _around(first: Span, last: Span) -> Span:
    return Span(first.cell, first.line, first.column, last.end_line, last.end_column)
