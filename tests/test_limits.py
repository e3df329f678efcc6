"""Our own bounds: exact, iterative, the same on every Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.limits import MAX_LINKS, MAX_LOGICAL_LINE, MAX_NESTING, beyond_bounds


@pytest.mark.parametrize("pair", ["()", "[]", "{}"])
def test_brackets_may_nest_that_deep_and_no_deeper(pair: str) -> None:
    deep = pair[0] * MAX_NESTING + pair[1] * MAX_NESTING
    assert beyond_bounds(f"x = {deep}\n") == ""
    assert "nested" in beyond_bounds(f"x = {pair[0]}{deep}{pair[1]}\n")


@pytest.mark.parametrize("link", ["+1", ".a", "()", "[0]", " or b", "-x", ".b(1, 2)"])
def test_a_chain_may_be_that_long_and_no_longer(link: str) -> None:
    per_link = 2 if link == ".b(1, 2)" else 1
    fits = MAX_LINKS // per_link
    assert beyond_bounds("a" + link * fits) == ""
    assert beyond_bounds("a" + link * (fits + 1)) != ""
    assert beyond_bounds("(\na" + ("\n" + link) * (fits + 1) + "\n)") != ""


@pytest.mark.parametrize(
    "code",
    [
        "x = [" + "-1, " * 50_000 + "]",
        "d = {" + "'k': f(1), " * 20_000 + "}",
        "x = '" + "(" * 10_000 + "'",
        "# " + "(" * 10_000,
        '"""' + "[" * 10_000 + '"""',
        "x = 1\n" * 10_000,
        "x = 'a' \\\n + 'b'",
    ],
)
def test_what_is_long_but_not_deep_is_read(code: str) -> None:
    assert beyond_bounds(code) == ""


def test_a_stretch_without_separators_is_bounded() -> None:
    assert beyond_bounds("a" * MAX_LOGICAL_LINE) == ""
    assert beyond_bounds("a" * (MAX_LOGICAL_LINE + 1)) != ""


@given(st.text(alphabet="()[]{}'\"#\\\n+.,ab "))
def test_nothing_raises(text: str) -> None:
    assert isinstance(beyond_bounds(text), str)
