"""The floors that import-linter cannot see: what src never calls, and what its records are."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from mlgate import model

SRC = Path(__file__).resolve().parents[1] / "src" / "mlgate"
MODULES = sorted(SRC.rglob("*.py"))

NEVER_IMPORTED = frozenset("pickle cPickle marshal shelve dill cloudpickle joblib runpy code codeop imp torch".split())
NEVER_CALLED = frozenset("eval exec compile __import__ input breakpoint".split())
NEVER_USED = frozenset(
    "importlib.import_module importlib.util importlib.machinery yaml.load yaml.load_all yaml.unsafe_load yaml.full_load"
    " os.system os.popen os.execv os.execve os.execvp os.fork subprocess.Popen subprocess.call".split()
)
"""Dotted names; anything below one is meant too."""

RANDOM = frozenset("random secrets uuid numpy".split())
CLOCKS = frozenset("time.time time.time_ns time.localtime time.gmtime time.strftime time.perf_counter".split())
TODAY = frozenset("now today utcnow fromtimestamp".split())


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of what a module imports, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def used(tree: ast.AST) -> Iterator[str]:
    """Dotted names that are read, such as `os.system`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def at_or_below(name: str, names: frozenset[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in names)


def forbidden(source: str) -> set[str]:
    """What of `source` could run what is scanned."""
    tree = ast.parse(source)
    return (
        {name for name in imported(tree) if at_or_below(name, NEVER_IMPORTED | NEVER_USED)}
        | {name for name in used(tree) if at_or_below(name, NEVER_USED)}
        | {name for name in called(tree) if name in NEVER_CALLED}
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_nothing_can_run_what_is_scanned(path: Path) -> None:
    assert forbidden(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from marshal import loads",
        "from importlib import import_module",
        "import importlib.util",
        "import importlib\nimportlib.import_module(x)",
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
        "eval(text)",
        "def f():\n    exec(text)",
        "__import__('os')",
        "import runpy as r",
        "import os\nos.system('ls')",
    ],
)
def test_the_floor_would_be_noticed(source: str) -> None:
    assert forbidden(source)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_neither_calendar_nor_randomness_below_the_command_line(path: Path) -> None:
    tree = parsed(path)
    assert {name for name in imported(tree) if at_or_below(name, RANDOM)} == set()
    if path == SRC / "cli" / "console.py":
        return
    names = set(used(tree)) | set(imported(tree))
    assert names & CLOCKS == set()
    assert {name for name in names if name.rpartition(".")[2] in TODAY and "date" in name} == set()


def test_only_the_supervisor_of_workers_and_the_counter_on_a_terminal_have_a_clock() -> None:
    assert {path.name for path in MODULES if "time" in set(imported(parsed(path)))} <= {"workers.py", "console.py"}


def handlers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield from ("" if kind is None else ast.unparse(kind) for kind in kinds)


def test_everything_is_caught_in_one_place_only() -> None:
    broad = [
        path.relative_to(SRC).as_posix()
        for path in MODULES
        for kind in handlers(parsed(path))
        if kind in ("", "Exception", "BaseException")
    ]
    assert broad == ["cli/__init__.py"]


RECORDS = [
    one
    for _, one in inspect.getmembers(model, inspect.isclass)
    if issubclass(one, Struct) and one.__module__ == model.__name__
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_records_are_frozen_and_slotted(record: type[Struct]) -> None:
    assert record.__struct_config__.frozen
    assert not record.__dictoffset__


def test_every_class_of_the_model_is_a_record_an_enumeration_or_a_question() -> None:
    plain = {
        name
        for name, one in inspect.getmembers(model, inspect.isclass)
        if one.__module__ == model.__name__ and one not in RECORDS and not hasattr(one, "__members__")
    }
    assert plain == {"Project"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_a_module_says_in_one_line_what_it_owns(path: Path) -> None:
    text = ast.get_docstring(parsed(path))
    if path.name != "__init__.py" or path.stat().st_size:
        assert text
        assert text.splitlines()[0].endswith((".", "?"))
