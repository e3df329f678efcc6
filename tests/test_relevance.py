"""Which names may stand for what rules ask for, told without evaluating them."""

from __future__ import annotations

import ast
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.facts.python.names import Names
from mlgate.facts.python.outlines import outline
from mlgate.facts.python.relevance import Relevance
from mlgate.project import Repository
from mlgate.trees import Memory


def relevance(text: str) -> Relevance:
    return Relevance(outline([(0, ast.parse(text))]), Repository(Memory({})), "a.py", Names(["torch.load"]))


@pytest.mark.parametrize("asked", list(permutations("abc")))
def test_names_that_stand_for_each_other_are_all_told_whichever_is_asked_first(asked: tuple[str, ...]) -> None:
    found = relevance("import torch\na = b\nb = c\nc = a\na = torch.load\nd = print\n")
    assert [found.may_end_in(name) for name in asked] == [True, True, True]
    assert not found.may_end_in("d")


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=9),
    st.sets(st.sampled_from("abcde"), max_size=2),
    st.permutations("abcde"),
)
def test_a_name_may_be_what_is_reached_from_it(edges: list[tuple[str, str]], loads: set[str], asked: list[str]) -> None:
    lines = [f"{left} = {right}" for left, right in edges] + [f"{name} = torch.load" for name in sorted(loads)]
    found = relevance("\n".join(["import torch", *lines, ""]))
    reach = set(loads)
    for _ in edges:
        reach |= {left for left, right in edges if right in reach}
    for name in asked:
        assert found.may_be(ast.Name(name)) is (name in reach)
        assert found.may_end_in(name) is (name in reach)
