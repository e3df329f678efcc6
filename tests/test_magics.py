"""Magics are read, not blanked, and every line stays where it was."""

from __future__ import annotations

import ast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mlgate.facts import magics
from mlgate.model import Fact, Kind, LineMap, Span, Template, Value

Part = tuple[Kind, str, str, str]


def python(text: str, language: str = "python") -> str | None:
    return magics.split(0, text, language).python


def parts(text: str, language: str = "python") -> list[Part]:
    return [(one.kind, one.origin, one.path, one.unit.text) for one in magics.split(0, text, language).embedded]


def facts(text: str) -> tuple[Fact, ...]:
    return magics.split(0, text, "python").facts


SNIPPETS = [
    *(
        "x = 1",
        "if x:",
        "    y = 2",
        "  z",
        "",
        "# a comment?",
        "s = '''",
        "'''",
        'print("!ls %time")',
        "f(",
        ")",
        "a = [1,",
    ),
    *(
        "!ls",
        "    !pip install x \\",
        "%time f()",
        "  %timeit -n 3 f(x)",
        "x = !ls -l",
        "y = %sx pwd",
        "%%bash",
        "%%time",
    ),
    *(
        "%%writefile a.py",
        "%env A=b",
        "%run a.py",
        "foo?",
        "?bar",
        "/f a",
        ">>> import a",
        "In [1]: x",
        "pip install x",
    ),
    *(
        "%",
        "%%",
        "!",
        "=!",
        "x = %",
        "\\",
        "'",
        '"',
        "%%script bash",
        "%sql SELECT 1",
        "# MAGIC %sh ls",
        "é = !😀",
        "%%foo",
    ),
    *(
        "%sh",
        "%python import a",
        "%%capture",
        "... b",
        "%time",
        "x = %time f()",
        "%%sql postgresql://h",
        "\tfoo()",
        "? ?",
    ),
]
CELLS = st.lists(st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=12)), max_size=8).map("\n".join)


@given(CELLS, st.sampled_from(["python", "bash", "r", "sql", "scala"]))
def test_every_line_stays_where_it_was(text: str, language: str) -> None:
    split = magics.split(4, text, language)
    rows = text.split("\n")
    if split.python is not None:
        own = split.python.split("\n")
        assert len(own) == len(rows)
        places = split.lines.lines if split.lines else tuple((number, 0) for number in range(1, len(own) + 1))
        assert [line for line, _ in places] == list(range(1, len(rows) + 1))
    for one in split.embedded:
        assert one.unit.cell == 4
        lines = one.unit.lines or LineMap(tuple((number, 0) for number in range(1, len(rows) + 1)))
        if one.origin == "magic" and one.kind is Kind.PYTHON and split.python == text:
            continue
        for row, (line, shift) in zip(one.unit.text.split("\n"), lines.lines, strict=True):
            assert rows[line - 1][shift:] == row
    for fact in split.facts:
        assert (fact.span.cell, fact.span.line) == (4, fact.span.end_line)
        assert 1 <= fact.span.column <= fact.span.end_column <= len(rows[fact.span.line - 1]) + 1


@given(CELLS)
def test_what_is_python_comes_back_as_it_is(text: str) -> None:
    """`In [1]: x` is an annotation to Python and a prompt to IPython."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    assume(not text.lstrip().startswith("In ["))
    assert python(text) == text
    assert parts(text) == []


@pytest.mark.parametrize(
    ("text", "expected", "shift"),
    [
        ("%time x = pickle.load(f)", "x = pickle.load(f)", 6),
        ("%timeit -n 10 -r3 -o f(x)", "f(x)", 21),
        ("%timeit for p in paths: pickle.load(p)", "for p in paths: pickle.load(p)", 8),
        ("%time -f(x)", "-f(x)", 6),
        ("%prun -l 10 -s cumulative f(x)", "f(x)", 26),
        ("%memit f(x)", "f(x)", 7),
        ("    %time f()", "f()", 10),
        ("/print x", "print(x)", 1),
        ("time pickle.load(f)", "pickle.load(f)", 5),
        (">>> f()", "f()", 4),
        ("In [12]: f()", "f()", 9),
    ],
)
def test_a_statement_behind_a_magic_is_python(text: str, expected: str, shift: int) -> None:
    split = magics.split(0, text, "python")
    assert split.python == expected
    assert split.lines == LineMap(((1, shift),))
    assert expected.startswith("print(") or text[shift:] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r = %timeit -o f(x)", "r =            f(x)"),
        ("%%time\nimport a\nf()", "\nimport a\nf()"),
        ("%%capture out --no-stderr\n%%time\nf()", "\n\nf()"),
        ("%%unheard_of\nf()", "\nf()"),
        ("# why\n%%time\nf()", "# why\n\nf()"),
        ("%time this is no Python", "pass"),
        ("%%time this is no Python\nf()", "\nf()"),
        ("if a:\n    !ls\nelse:\n    %matplotlib inline", "if a:\n    pass\nelse:\n    pass"),
        ("files = !ls\na, b = %sx ls", "files = get_ipython()\na, b = get_ipython()"),
        ("!ls \\\n  -l\nf()", "pass\n\nf()"),
        ("torch.load?\n?f\nf??\nx = 1 # why?", "pass\npass\npass\nx = 1 # why?"),
        ("await f()\n!ls", "await f()\npass"),
        ("x = 5 \\\n% 2", "x = 5 \\\n% 2"),
        ("s = '''\n!ls\n%time f()\n'''\nf(\n% a,\n!b\n)", "s = '''\n!ls\n%time f()\n'''\nf(\n% a,\n!b\n)"),
        ("s = 'it\\\n!ls'\n!ls", "s = 'it\\\n!ls'\npass"),
        ("!echo don't (\n!ls\nf()", "pass\npass\nf()"),
        ("print('a') # (\n!ls", "print('a') # (\npass"),
        ("a != b\nx %= 2", "a != b\nx %= 2"),
        ("pip = 1\npip", "pip = 1\npip"),
        ("%%bash\nls", None),
        ("%%writefile a.py\nx", None),
        ("%sh\nls", None),
        ("%sql SELECT 1\nf()", "pass\nf()"),
    ],
)
def test_what_is_left_of_a_cell(text: str, expected: str | None) -> None:
    assert python(text) == expected


def test_indentation_of_the_whole_cell_is_taken_away() -> None:
    split = magics.split(0, "\n  x = 1\n  !ls\n  f(x)", "python")
    assert split.python == "\nx = 1\npass\nf(x)"
    assert split.lines == LineMap(((1, 0), (2, 2), (3, 2), (4, 2)))
    assert [one.unit.lines for one in split.embedded] == [LineMap(((3, 3),))]


SHELL, SQL, TEXT, PYTHON = Kind.SHELL, Kind.SQL, Kind.TEXT, Kind.PYTHON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!pip install x", [(SHELL, "shell", "", "pip install x")]),
        ("!!ls", [(SHELL, "shell", "", "ls")]),
        ("!curl {url} | sh $X", [(SHELL, "shell", "", "curl {url} | sh $X")]),
        ("!a \\\n  b\n!c", [(SHELL, "shell", "", "a \\\n  b"), (SHELL, "shell", "", "c")]),
        ("x = !ls -l", [(SHELL, "shell", "", "ls -l")]),
        ("x = !!ls", [(SHELL, "shell", "", "ls")]),
        ("%sx ls", [(SHELL, "shell", "", "ls")]),
        ("%system ls", [(SHELL, "shell", "", "ls")]),
        ("%pip install -U x", [(SHELL, "magic", "", "pip install -U x")]),
        ("%conda install x", [(SHELL, "magic", "", "conda install x")]),
        ("%uv pip install x", [(SHELL, "magic", "", "uv pip install x")]),
        ("x = 1\npip install y", [(SHELL, "magic", "", "pip install y")]),
        ("%tensorboard --logdir x --host 0.0.0.0", [(SHELL, "magic", "", "tensorboard --logdir x --host 0.0.0.0")]),
        ("%%bash -e\nls\n\nrm x", [(SHELL, "shell", "", "ls\n\nrm x")]),
        ("%%sh\nls", [(SHELL, "shell", "", "ls")]),
        ("%%cmd\ndir", [(SHELL, "shell", "", "dir")]),
        ("%%!\nls", [(SHELL, "shell", "", "ls")]),
        ("%%script --bg --out o bash -e\nls", [(SHELL, "shell", "", "ls")]),
        ("%%script /usr/bin/env python3\nx", [(PYTHON, "magic", "", "x")]),
        ("%%script false --no-raise-error\nx", [(TEXT, "magic", "", "x")]),
        ("%%python\nimport pickle", [(PYTHON, "magic", "", "import pickle")]),
        ("%%time\n%%bash\nls", [(SHELL, "shell", "", "ls")]),
        ("%%R\nx <- 1", [(TEXT, "magic", "", "x <- 1")]),
        ("%%sql postgresql://u@h/d\nSELECT 1", [(SQL, "magic", "", " postgresql://u@h/d\nSELECT 1")]),
        ("%sql SELECT 1", [(SQL, "magic", "", "SELECT 1")]),
        ("df = %sql SELECT 1", [(SQL, "magic", "", "SELECT 1")]),
        ("%sql\nSELECT a FROM b", [(SQL, "magic", "", "\nSELECT a FROM b")]),
        ("%sh\ncurl x | sh", [(SHELL, "shell", "", "\ncurl x | sh")]),
        ("%%writefile a/b.py\nx = 1", [(PYTHON, "writefile", "a/b.py", "x = 1")]),
        ("%%writefile -a 'my run.sh'\nls", [(SHELL, "writefile", "my run.sh", "ls")]),
        ("%%writefile $DIR/$FILE\nimport os\nx = 1", [(PYTHON, "writefile", "$DIR/$FILE", "import os\nx = 1")]),
        (
            "%%writefile {name}\nfrom here on it is prose",
            [(Kind.TEXT, "writefile", "{name}", "from here on it is prose")],
        ),
        ("%%file Dockerfile\nFROM x", [(Kind.DOCKERFILE, "writefile", "Dockerfile", "FROM x")]),
        ("%%writefile requirements.txt\nx", [(Kind.REQUIREMENTS, "writefile", "requirements.txt", "x")]),
        ("%%writefile conf.yaml\na: b", [(Kind.CONFIG, "writefile", "conf.yaml", "a: b")]),
        ("%%writefile .env\nA=b", [(Kind.DOTENV, "writefile", ".env", "A=b")]),
        ("%%writefile run\n#!/bin/bash\nls", [(SHELL, "writefile", "run", "#!/bin/bash\nls")]),
        ("%%writefile notes\nls", [(TEXT, "writefile", "notes", "ls")]),
        ("%%writefile", []),
        ("%matplotlib inline", []),
        ("'''\n!ls\n'''", []),
    ],
)
def test_what_a_cell_carries(text: str, expected: list[Part]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected", "left"),
    [
        ("bash", "ls", [(SHELL, "script", "", "ls")], None),
        ("sql", "SELECT 1", [(SQL, "magic", "", "SELECT 1")], None),
        ("r", "x <- 1", [], None),
        ("julia", "import x", [], None),
        ("scala", "%python\nimport pickle", [], "\nimport pickle"),
        ("scala", "%%bash\nls", [(SHELL, "shell", "", "ls")], None),
    ],
)
def test_other_kernels(language: str, text: str, expected: list[Part], left: str | None) -> None:
    assert parts(text, language) == expected
    assert python(text, language) == left


def test_env_sets_and_other_magics_are_calls() -> None:
    def call(line: int, end: int, name: str, rest: Value) -> Fact:
        args = {"0": Value((name,)), "1": rest}
        return Fact("call", "IPython.run_line_magic", Span(0, line, 1, line, end), args=args)

    def setting(line: int, start: int, end: int, name: str, value: Value) -> Fact:
        return Fact("setting", f"env:{name}", Span(0, line, start, line, end), attributes={"value": value})

    text = "%env A=b c\n%set_env B d\n%env\n%env HOME\n%env C=$x/{y}z\n%run a.py --n 1\n%load_ext evil\n%load http://x/y.py"
    assert facts(text) == (
        setting(1, 6, 11, "A", Value(("b c",))),
        setting(2, 10, 13, "B", Value(("d",))),
        setting(5, 6, 15, "C", Value((Template((None, "/", None, "z")),))),
        call(6, 16, "run", Value(("a.py --n 1",))),
        call(7, 15, "load_ext", Value(("evil",))),
        call(8, 20, "load", Value(("http://x/y.py",))),
    )


DATABRICKS = """\
# Databricks notebook source
import a
# COMMAND ----------
# MAGIC %sh
# MAGIC curl x | sh
# COMMAND ----------
# MAGIC %pip install y
# COMMAND ----------
# MAGIC %md
# MAGIC # Title
# COMMAND ----------
# MAGIC %run ./other
"""


def test_magics_of_a_databricks_file_are_read_from_its_comments() -> None:
    assert python(DATABRICKS) == DATABRICKS
    split = magics.split(0, DATABRICKS, "python")
    assert [(one.kind, one.unit.text, one.unit.lines) for one in split.embedded] == [
        (SHELL, "\ncurl x | sh", LineMap(((4, 11), (5, 8)))),
        (SHELL, "pip install y", LineMap(((7, 9),))),
        (TEXT, "\n# Title", LineMap(((9, 11), (10, 8)))),
    ]
    assert [(fact.span.line, fact.span.column, fact.args["1"]) for fact in split.facts] == [
        (12, 9, Value(("./other",)))
    ]


JUPYTEXT = """\
# ---
# jupyter:
#   jupytext: {}
# ---
# %% [markdown]
# !important
# %%
# !pip install x
# %time pickle.load(f)
import a
# %% language="bash"
# ls"""


def test_commented_magics_of_a_jupytext_file_are_read() -> None:
    assert python(JUPYTEXT) == JUPYTEXT
    assert parts(JUPYTEXT) == [
        (SHELL, "shell", "", "pip install x"),
        (PYTHON, "magic", "", "pickle.load(f)"),
        (SHELL, "shell", "", "ls"),
    ]
    assert parts(JUPYTEXT.replace("# jupyter:", "# other:")) == []


@pytest.mark.parametrize(
    "text", ["%%time\n" * 50_000, "x = (" * 3_000, "%time " + "(" * 50_000, "a = '" * 20_000, "?" * 50_000]
)
def test_depth_and_length_raise_nothing(text: str) -> None:
    left = python(text)
    assert left is not None
    assert left.count("\n") == text.count("\n")
