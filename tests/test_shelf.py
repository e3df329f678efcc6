"""A shelf holds what was used last, as far as there is room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate import shelf
from mlgate.shelf import Shelf

sizes = st.integers(0, shelf.MAX_HELD + 1)


@given(st.lists(st.tuples(st.integers(0, 9), sizes), max_size=30))
def test_the_last_ones_used_are_held_and_no_more_than_there_is_room_for(asked: list[tuple[int, int]]) -> None:
    kept: Shelf[int, str] = Shelf()
    used: list[tuple[int, int]] = []
    for key, size in asked:
        size = max(size, shelf.LEAST)
        kept.put(key, f"item {key}, {size}", size)
        assert kept[key] == f"item {key}, {size}"
        used = [one for one in used if one[0] != key] + [(key, size)]
        while len(used) > 1 and sum(held for _, held in used) > shelf.MAX_HELD:
            used.pop(0)
        assert [key for key in range(10) if key in kept] == sorted(key for key, _ in used)


def test_what_is_looked_up_stays_longest() -> None:
    kept: Shelf[str, str] = Shelf()
    for key in "abc":
        kept.put(key, key, shelf.MAX_HELD // 3)
    assert kept["a"] == "a"
    kept.put("d", "d", shelf.LEAST)
    assert [key for key in "abcd" if key in kept] == ["a", "c", "d"]


def test_what_is_not_held_is_an_error() -> None:
    with pytest.raises(KeyError):
        Shelf[int, str]()[1]
