"""What of a file is code: no word of code is lost, no comment is kept, and where nobody can tell it says so."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgate.code_view import names, views
from mlgate.needles import Needles

HERE = Path(__file__).parent
FILES = sorted([*HERE.glob("*.py"), *(HERE.parent / "src").rglob("*.py")])

PIECES = st.sampled_from(
    [
        "load(x)", "torch.load", "'text'", '"te\\"xt"', "f'{load(x)}'", 'f"{x!r:>{width}} {{"',
        "rb'\\''", '"""long\nload"""',
        "'''a \"\"\" b'''", "# load 'x\n", "\n", " + ", "(", ")", "x = ", "def f():\n    ", "class A:\n    ",
        "\\\n", "''", '""',
        "f'''{a['b']}\n'''", "u'x'", "if x: ", "    ", "f'\\N{DASH}'", "{", "}", ",", ":",
    ]
)  # fmt: skip


def words(text: bytes) -> set[str]:
    return set("".join(one if one.isalnum() or one == "_" else " " for one in text.decode()).split())


def identifiers(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        for name in ("id", "attr", "arg", "name", "asname", "module"):
            value = getattr(node, name, None)
            if isinstance(value, str):
                found.update(value.split("."))
    return {name for name in found if name.isascii()}


@settings(max_examples=400, derandomize=True)
@given(st.lists(PIECES, max_size=12))
def test_no_name_of_a_program_is_lost(pieces: list[str]) -> None:
    program = "".join(pieces)
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError):
        return
    found = views(program.encode())
    if found is not None:
        assert identifiers(tree) <= words(found.code)
        assert identifiers(tree) <= words(names(program.encode()))


@pytest.mark.parametrize("path", FILES[::7], ids=lambda path: path.name)
def test_of_real_files_comments_go_and_names_stay(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = views(text.encode())
    assert found is not None or "f" in text
    if found is None:
        return
    assert identifiers(ast.parse(text)) <= words(found.code)
    comments = {
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT
    }
    assert not [one for one in comments if len(one) > 20 and one.encode() in found.said]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('"""doc"""\nx = """kept"""\n', ["kept"]),
        ('# a\n\n"""doc"""\nx = 1\n', []),
        ('def f(a, b="x"):\n    """doc"""\n', []),
        ('def f():\n    x = 1\n    """kept"""\n', ["kept"]),
        ('class A(B):\n    r"""doc"""\n    """kept"""\n', ["kept"]),
        ('def f(): return {g(\n):\n"""kept"""}\n', ["kept"]),
        ("x = {a:\n  '''kept'''}\n", ["kept"]),
        ('x = """\ndef f():""" + {y:\n"""kept"""}\n', ["kept"]),
    ],
)
def test_only_what_is_a_docstring_for_certain_is_left_out(text: str, texts: list[str]) -> None:
    found = views(text.encode())
    assert found is not None
    assert [word for word in ("doc", "kept") if word in words(found.texts)] == texts


@pytest.mark.parametrize("text", ["x = '''", "x = 'a\n'", "f'{x['a']}'", 'f"{d["}"] + "', "f'{'"])
def test_where_pythons_disagree_nobody_tells(text: str) -> None:
    assert views(text.encode()) is None
    assert names(text.encode()) == text.encode()


LETTERS = st.text(alphabet="ab:/ -", max_size=12)


@given(st.lists(LETTERS.filter(bool), max_size=12), LETTERS)
def test_needles_find_what_is_there(several: list[str], text: str) -> None:
    assert Needles(map(str.encode, several)).are_in(text.encode()) is any(one in text for one in several)
