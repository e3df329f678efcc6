"""A line of a `.env` file is a setting; what no rule asks for is not repeated."""

from __future__ import annotations

import pytest
from facts_of import EVERYTHING, covered, plain

from mlgate.facts.dotenv import extract
from mlgate.model import Unit, Vocabulary


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=value", "value"),
        ("export KEY = value  # why", "value"),
        ("KEY='a # b'", "a # b"),
        ('KEY="a \\"b\\"" # c', 'a "b"'),
        ("KEY=", ""),
        ('KEY=""', ""),
        ("KEY=a#b", "a#b"),
        ("KEY=${OTHER}/x", "?"),
        ("KEY='$OTHER'", "$OTHER"),
        ("KEY=value\r", "value"),
    ],
)
def test_a_line_is_a_setting(line: str, value: str) -> None:
    (fact,) = extract([Unit(0, line)], EVERYTHING).facts
    assert (fact.kind, fact.name, plain(fact.attributes["value"])) == ("setting", "env:KEY", value)


@pytest.mark.parametrize("line", ["# KEY=value", "", "KEY", "=value", "1KEY=value", "some prose about x = y here"])
def test_other_lines_are_none(line: str) -> None:
    assert extract([Unit(0, line)], EVERYTHING).facts == ()


def test_the_place_is_key_and_value() -> None:
    text = "# first\n  export A=1\nB='x y' # c"
    assert [covered(text, fact) for fact in extract([Unit(0, text)], EVERYTHING).facts] == ["A=1", "B='x y' # c"]


def test_a_revision_counts_for_its_own_model_wherever_it_stands() -> None:
    text = "MODEL_REVISION=v1\nHF_MODEL_ID=acme/a\nMODEL_ID=acme/b\n"
    found = extract([Unit(0, text)], Vocabulary(settings=frozenset({"env:*_ID"})))
    assert [(fact.name, plain(fact.attributes.get("revision"))) for fact in found.facts] == [
        ("env:HF_MODEL_ID", None),
        ("env:MODEL_ID", "v1"),
    ]


def test_an_address_is_a_string_of_its_line() -> None:
    text = "# s3://acme/a\nLAKE='s3://acme/b' # c\nTEXT=see s3://acme/d\n"
    (fact,) = extract([Unit(0, text)], Vocabulary(strings=("^s3://",))).facts
    assert (fact.kind, fact.name, covered(text, fact)) == ("string", "s3://acme/b", "LAKE='s3://acme/b' # c")


def test_a_value_that_no_rule_asks_for_is_in_no_fact() -> None:
    value = "hun" + "ter2hunter2"
    found = extract([Unit(0, f"PASSWORD={value}\nHF_ENDPOINT=x")], Vocabulary(settings=frozenset({"env:HF_*"})))
    assert [fact.name for fact in found.facts] == ["env:HF_ENDPOINT"]
    assert value not in repr(found)
