"""Needles are found by the words of a text as surely as by looking for each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.needles import WORD, Needles, Parts

bits = st.sampled_from([b"s3", b"S3", b"://", b"a", b"_", b" ", b"-", b"gs", b"\xc3\xa9", b"3", b"hf_", b"%", b"\n"])
needles = st.lists(bits, min_size=1, max_size=3).map(b"".join)
texts = st.lists(bits, max_size=12).map(b"".join)


def words(data: bytes) -> frozenset[bytes]:
    return frozenset(data.translate(WORD).split())


@given(st.lists(needles, min_size=1, max_size=12), texts)
def test_with_and_without_the_words_of_the_text(several: list[bytes], data: bytes) -> None:
    found = any(needle in data for needle in several)
    made = Needles(several)
    assert made.are_in(data) is found
    assert made.are_in(data, Parts(made.parts).within(words(data))) is found


@given(st.lists(needles, min_size=1, max_size=6), texts)
def test_case_is_let_go_where_the_text_is_lowered(several: list[bytes], data: bytes) -> None:
    made = Needles(needle.lower() for needle in several)
    found = any(needle.lower() in data.lower() for needle in several)
    assert made.are_in(data.lower(), Parts(made.parts).within(words(data))) is found


@given(st.lists(needles, min_size=1, max_size=6), st.lists(texts, max_size=6))
def test_what_was_seen_before_changes_no_answer(several: list[bytes], seen: list[bytes]) -> None:
    made = Needles(several)
    parts = Parts(made.parts)
    for data in (*seen, *seen):
        assert parts.within(words(data)) == Parts(made.parts).within(words(data))


def test_words_that_are_forgotten_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlgate.needles.MAX_KNOWN", 2)
    parts = Parts([b"s3"])
    for number in range(9):
        assert parts.within(frozenset([b"x%d" % number, b"s3%d" % number])) == {b"", b"s3"}
    assert parts.within(frozenset([b"x0"])) == {b""}


@pytest.mark.parametrize("count", [3, 50])
def test_no_text_makes_it_remember_more_than_it_may(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlgate.needles.MAX_KNOWN", 10)
    parts = Parts([b"s3"])
    for start in range(0, 400, count):
        found = parts.within(frozenset(b"x%d" % number for number in range(start, start + count)) | {b"my_s3"})
        assert found == {b"", b"s3"}
        assert len(parts._dull) + len(parts._known) <= 10


def test_data_that_is_one_word_is_told_and_not_remembered() -> None:
    parts = Parts([b"hf_"])
    for number in range(3):
        data = b"%d" % number + b"0" * 200
        assert parts.within(frozenset([data])) == {b""}
        assert parts.within(frozenset([data + b"HF_" + data])) == {b"", b"hf_"}
    assert not parts._dull and not parts._known
