"""Expressions that are compiled late are expressions, and do what compiled ones do."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import mlgate
from mlgate.regex import Regex, regex


def late() -> Iterator[tuple[str, Regex]]:
    """Every expression that stands in a module, alone or in a table."""
    for found in pkgutil.walk_packages(mlgate.__path__, "mlgate."):
        if found.name.endswith("__main__"):
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            several = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            yield from ((f"{found.name}.{name}", one) for one in several if isinstance(one, Regex))


LATE = list(late())


@pytest.mark.parametrize(
    "one", [one for _, one in LATE], ids=[f"{place}-{name}" for place, (name, _) in enumerate(LATE)]
)
def test_what_is_compiled_late_compiles(one: Regex) -> None:
    assert re.compile(one.pattern, one.flags & ~re.UNICODE).groups == one.groups


def test_it_does_what_a_compiled_one_does() -> None:
    ours, theirs = regex(r"(a+)(b)?", re.IGNORECASE), re.compile(r"(a+)(b)?", re.IGNORECASE)
    for text in ("", "xAAb", "aab ab", "b"):
        assert [one.span() for one in ours.finditer(text)] == [one.span() for one in theirs.finditer(text)]
        assert ours.sub("-", text) == theirs.sub("-", text)
        assert ours.split(text) == theirs.split(text)
    assert (ours.pattern, ours.flags, ours.groups) == (theirs.pattern, theirs.flags, theirs.groups)


def test_it_is_compiled_once() -> None:
    one = regex("a")
    assert "search" not in vars(one)
    assert one.search("a")
    assert vars(one)["search"] == re.compile("a").search


def test_what_is_no_expression_is_told_of_when_it_is_used() -> None:
    with pytest.raises(re.error, match="unterminated"):
        regex("(").search("a")
    with pytest.raises(AttributeError):
        regex("a").serch("a")  # type: ignore[attr-defined]
