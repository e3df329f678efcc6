"""The cache: never trusted blindly, never a reason to fail, JSON all through."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate import cache_folder, codec
from mlgate.cache import Cache
from mlgate.model import Confidence, Entries, Fact, Items, Local, Made, Ref, Span, Template, Value

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.builds(Ref, st.text()),
    st.builds(Made, st.text()),
    st.builds(Local, st.text()),
    st.builds(Template, st.lists(st.none() | st.text(), max_size=3).map(tuple)),
)
VALUES = st.deferred(
    lambda: st.builds(Value, st.lists(ATOMS, max_size=2).map(tuple), st.text(), st.lists(LEAVES, max_size=2).map(tuple))
)
ATOMS = (
    LEAVES
    | st.builds(Items, st.lists(VALUES, max_size=2).map(tuple))
    | st.builds(Entries, st.lists(st.tuples(st.text(), VALUES), max_size=2).map(tuple), st.booleans())
)
FACTS = st.builds(
    Fact,
    st.sampled_from(["call", "string"]),
    st.text(),
    st.builds(Span, *[st.integers(1, 99)] * 5),
    st.dictionaries(st.text(), VALUES, max_size=2),
    st.dictionaries(st.text(), VALUES, max_size=2),
    st.booleans(),
    st.sampled_from(Confidence),
    st.text(),
)


@given(st.lists(FACTS, max_size=3))
def test_facts_come_back_as_they_were(facts: list[Fact]) -> None:
    import json

    stored = json.loads(json.dumps(codec.encode(facts)))
    assert codec.decode(stored) == tuple(facts)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_what_encode_did_not_write_is_refused(stored: object) -> None:
    try:
        codec.decode(stored)  # type: ignore[arg-type]
    except (ValueError, TypeError, KeyError, IndexError):
        return
    assert not stored


def test_an_entry_comes_back_and_others_do_not(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("k", [1, "é\ud800"], 20261123)
    assert (Cache(tmp_path).get("k"), cache.get("other")) == ([1, "é\ud800"], None)


@pytest.mark.parametrize("damage", [b"", b"not sqlite at all, but long enough to be looked at" * 20])
def test_a_damaged_cache_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "facts.sqlite").write_bytes(damage)
    cache = Cache(tmp_path)
    cache.put("k", 1, 1)
    assert cache.get("k") in (None, 1)


def test_a_damaged_entry_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("k", 1, 1)
    with sqlite3.connect(tmp_path / "facts.sqlite") as connection:
        connection.execute("UPDATE facts SET entry = x'00'")
    assert Cache(tmp_path).get("k") is None


def test_without_a_folder_nothing_is_kept() -> None:
    cache = Cache(None)
    cache.put("k", 1, 1)
    assert cache.get("k") is None


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    place.mkdir(mode=0o700)
    environment = {"MLGATE_CACHE_DIR": str(place)}
    assert cache_folder.find(environment) == str(place)
    place.chmod(0o777)
    assert cache_folder.find(environment) is None


def test_the_folder_follows_the_environment(tmp_path: Path) -> None:
    made = cache_folder.find({"XDG_CACHE_HOME": str(tmp_path)}, make=True)
    assert made == str(tmp_path / "mlgate")
    assert cache_folder.find({"HOME": str(tmp_path / "nobody")}) is None
    assert cache_folder.find({}) is None


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlgate.cache.MAX_ENTRIES", 10)
    cache = Cache(tmp_path)
    for number in range(12):
        cache.put(f"k{number:02}", number, 20261101)
    assert [cache.get(f"k{number:02}", 20261102) for number in range(9)] == list(range(9))
    cache.trim()
    assert [number for number in range(12) if cache.get(f"k{number:02}") is not None] == list(range(9))


def test_what_is_no_file_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "facts.sqlite").mkdir()
    assert not Cache(tmp_path).is_open


def test_an_entry_that_cannot_be_marked_as_used_is_read_all_the_same(tmp_path: Path) -> None:
    cache, other = Cache(tmp_path), sqlite3.connect(tmp_path / "facts.sqlite", isolation_level=None)
    cache.put("k", "v", 1)
    cache._connection.execute("PRAGMA busy_timeout = 0")  # type: ignore[union-attr]
    other.execute("BEGIN IMMEDIATE")
    assert cache.get("k", 2) == "v"
    other.close()
