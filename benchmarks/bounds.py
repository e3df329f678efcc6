"""How far public files are from the bounds of docs/limits.md: `bounds.py FOLDER…`, each a checkout.

For each bound: how many files there would be beyond it, if it were the whole, a half, a quarter … of what it is.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from mlgate import limits, yaml_strict
from mlgate.commands import reader
from mlgate.discover import discover
from mlgate.documents import notebook
from mlgate.git.repository import Git
from mlgate.kinds import kind_of_name
from mlgate.model import Kind, Problem

PARTS = (1, 2, 4, 8, 16)
BOUNDS: Mapping[str, tuple[Kind, ModuleType, str]] = {
    "brackets": (Kind.PYTHON, limits, "MAX_NESTING"),
    "links of one line": (Kind.PYTHON, limits, "MAX_LINKS"),
    "code": (Kind.PYTHON, limits, "MAX_CODE"),
    "branches": (Kind.PYTHON, limits, "MAX_BRANCHES"),
    "stretch of a line": (Kind.PYTHON, limits, "MAX_LOGICAL_LINE"),
    "nesting of JSON": (Kind.NOTEBOOK, notebook, "MAX_JSON_NESTING"),
    "cells": (Kind.NOTEBOOK, notebook, "MAX_CELLS"),
    "keys and values of YAML": (Kind.CONFIG, yaml_strict, "MAX_NODES"),
    "nesting of YAML": (Kind.CONFIG, yaml_strict, "MAX_NESTING"),
    "aliases of YAML": (Kind.CONFIG, yaml_strict, "MAX_ALIASES"),
    "nesting of shell": (Kind.SHELL, reader, "MAX_DEPTH"),
}


def main() -> None:
    beyond: Counter[tuple[str, int]] = Counter()
    files: Counter[Kind] = Counter()
    for folder in map(Path, sys.argv[1:]):
        for kind, text in _texts(folder):
            files[kind] += 1
            for name, (asked, module, constant) in BOUNDS.items():
                if kind is asked:
                    for part in PARTS:
                        with _changed(module, constant, part):
                            beyond[name, part] += _is_beyond(kind, text)
    sys.stdout.write(
        "| Bound | | Files | " + " | ".join(f"1/{part}" if part > 1 else "beyond" for part in PARTS) + " |\n"
    )
    sys.stdout.write("|---|---|---|" + "---|" * len(PARTS) + "\n")
    for name, (kind, module, constant) in BOUNDS.items():
        counts = " | ".join(f"{beyond[name, part]:,}" for part in PARTS)
        sys.stdout.write(f"| {name} | {getattr(module, constant):,} | {files[kind]:,} | {counts} |\n")


def _texts(folder: Path) -> Iterator[tuple[Kind, str]]:
    wanted = {kind for kind, _, _ in BOUNDS.values()}
    for entry in discover(str(folder), (), Git(str(folder), {})).entries:
        kind = kind_of_name(entry.path)
        if kind in wanted and (folder / entry.path).is_file():
            yield kind, (folder / entry.path).read_bytes().decode("utf-8", "replace")


@contextmanager
def _changed(module: ModuleType, constant: str, part: int) -> Iterator[None]:
    whole = getattr(module, constant)
    setattr(module, constant, whole // part)
    try:
        yield
    finally:
        setattr(module, constant, whole)


def _is_beyond(kind: Kind, text: str) -> bool:
    return _TESTS[kind](text)


def _notebook(text: str) -> bool:
    found = notebook.read(text)
    return isinstance(found, Problem) and found.name in ("too-deep", "too-large")


def _config(text: str) -> bool:
    try:
        yaml_strict.read_foreign(text)
    except yaml_strict.YamlProblem as problem:
        return "more than" in problem.message
    return False


def _shell(text: str) -> bool:
    cut: list[int] = []
    reader.read_on(text, {}, cut)
    return bool(cut)


_TESTS: Mapping[Kind, Callable[[str], bool]] = {
    Kind.PYTHON: lambda text: bool(limits.beyond_bounds(text)),
    Kind.NOTEBOOK: _notebook,
    Kind.CONFIG: _config,
    Kind.SHELL: _shell,
}

if __name__ == "__main__":
    main()
