"""Patterns that can take exponential time are told from those that cannot."""

from __future__ import annotations

import re
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgate.backtracking import explodes
from mlgate.model import Clause
from mlgate.policy import load_bundle

EXPLODE = [
    r"(a+)+$", r"(a|a)*b", r"(\w+\s?)*$", r"^(a|aa)+$", r"([a-zA-Z]+)*x", r"(.*)*x", r"(a*)*b", r"(\d+|\d+a)*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(x+x+)+y", r"(?i:(ab|AB)+)$", r"(?:\s*\w*)*!", r"(a+){2,}b", r"(?:(?:a|b)*c?)*d",
]  # fmt: skip
FINE = [
    r"^prod-", r"\bacme-fs\s+pull\s+prod/", r"(?:[^/]+/)*x", r"(a|b)*c", r"\w+\s+\w+", r"(?:\s*,\s*\w+)*",
    r"\d+\d+\d+x",    r"(\w+\.)+com", r"a{2,60}b", r"(ab|cd)+e", r"^(.*?,){11}P", r"(?:a?b)*",
    r"(?>a+)+b" if sys.version_info >= (3, 11) else "a",
    r"[^\n]*\n", r"(?<!x)(?:ab)*(?=c)", r"", r"(a)\1*",
]  # fmt: skip


@pytest.mark.parametrize("pattern", EXPLODE)
def test_what_explodes(pattern: str) -> None:
    assert explodes(pattern) is True


@pytest.mark.parametrize("pattern", FINE)
def test_what_does_not(pattern: str) -> None:
    assert explodes(pattern) is False


def test_what_is_too_large_is_not_told() -> None:
    assert explodes("|".join(f"word{n}" for n in range(900))) is None


def test_what_is_no_pattern_is_an_error() -> None:
    with pytest.raises(re.error):
        explodes("(")


def patterns(clause: Clause) -> list[str]:
    found = list(clause.patterns) if clause.kind in ("string", "shell") and isinstance(clause.patterns, tuple) else []
    tests = [test for predicate in (*clause.args, *clause.where) for test in predicate.tests]
    return found + [test.operand for test in tests if test.op == "regex" and isinstance(test.operand, str)]


def test_no_pattern_of_the_catalogue_explodes() -> None:
    rules = load_bundle().rules.values()
    clauses = [one for rule in rules for clause in (*rule.any, *rule.unless) for one in (clause, *clause.unless)]
    every = [pattern for clause in clauses for pattern in patterns(clause)]
    every += [
        str(one) for rule in rules for p in rule.params.values() if p.type == "patterns" for one in tuple(p.default)
    ]  # type: ignore[arg-type]
    assert len(every) > 150
    assert [pattern for pattern in every if explodes(pattern) is not False] == []


atoms = st.sampled_from(["a", "b", "[ab]", "(a)", "(a|b)", "(ab)"])
made = st.lists(st.tuples(atoms, st.sampled_from(["", "+", "*", "?"])), min_size=1, max_size=3).map(
    lambda parts: "".join(atom + sign for atom, sign in parts)
)


@settings(max_examples=60)
@given(made, st.sampled_from(["", "+", "*"]))
def test_what_is_said_not_to_explode_does_not(inside: str, sign: str) -> None:
    """Steps are told by time here, with room for a thousandfold: 2**24 ways take minutes."""
    pattern = f"^({inside}){sign}c$"
    if explodes(pattern) is False:
        begin = time.process_time()
        for text in ("a" * 24, "ab" * 12, "b" * 24):
            re.search(pattern, text + "!")
        assert time.process_time() - begin < 2
