"""A few seconds of what `make fuzz` does for hours: examples of the catalogue, cut, doubled, mixed and spoiled."""

from __future__ import annotations

import pytest
from fuzz.inputs import SEEDS, WORDS, starts
from fuzz.laws import LAWS, facts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgate.policy.rules import FACTS


@pytest.mark.parametrize("name", LAWS)
def test_what_broke_a_law_once_does_not_again(name: str) -> None:
    for path in sorted((SEEDS / name).glob("*")):
        LAWS[name](path.read_bytes())


@pytest.mark.parametrize("name", LAWS)
def test_a_law_begins_with_what_it_is_about(name: str) -> None:
    """A law that is tried on nothing holds."""
    assert len(starts(name)) >= 5
    assert len(WORDS[name]) >= 30


def test_rules_meet_facts_of_every_kind() -> None:
    assert {fact.kind for fact in facts()} >= set(FACTS)


@pytest.mark.parametrize("name", LAWS)
@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_laws_hold_for_what_is_spoiled(name: str, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(starts(name)), label="start")[:8_000]
    words = [word.encode("utf-8", "surrogatepass") for word in WORDS[name]]
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        at, to = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        middle = data.draw(
            st.one_of(
                st.just(b""),
                st.sampled_from(words),
                st.just(text[at:to] * 2),
                st.binary(max_size=3),
                st.sampled_from(starts(name)).map(lambda other: other[:200]),
            )
        )
        text = text[:at] + middle + text[to if data.draw(st.booleans()) else at :]
    LAWS[name](text)
