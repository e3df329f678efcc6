"""Two spellings of one path have one shape, and two paths have two."""

from __future__ import annotations

import ast

import pytest

from mlgate.facts.python.guards import shape

PATHS = [
    "path",
    "other",
    "self.path",
    "self . path",
    "a / 'b'",
    'a / "b"',
    "a / b'b'",
    "a + 'b'",
    "f'{a}/b'",
    "f'{a!r}/b'",
    "f'{b}/b'",
    "load(a, b)",
    "load(b, a)",
    "load(a, key=b)",
    "load(*a)",
    "table['a']",
    "table[a]",
    "'path'",
    "1",
    "True",
    "u'path'",
]


@pytest.mark.parametrize("one", PATHS)
def test_as_the_standard_library_tells_trees_apart(one: str) -> None:
    tree = ast.parse(one, mode="eval").body
    for text in PATHS:
        other = ast.parse(text, mode="eval").body
        assert (shape(tree) == shape(other)) is (ast.dump(tree) == ast.dump(other)), text
