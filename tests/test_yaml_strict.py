"""YAML is read one way only: YAML 1.2 scalars, positions for everything, a sentence for whatever is wrong."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.errors import PolicyError
from mlgate.limits import MAX_POLICY_BYTES
from mlgate.yaml_strict import MAX_ALIASES, MAX_NESTING, MAX_NODES, Place, YamlProblem, read, read_foreign


def value(text: str) -> object:
    (document,) = read(f"key: {text}\n".encode(), "p.yaml")
    assert isinstance(document.data, dict)
    return document.data["key"]


@pytest.mark.parametrize("word", ["off", "on", "yes", "no", "Off", "YES", "n", "y"])
def test_words_that_older_yaml_takes_for_booleans_are_texts(word: str) -> None:
    assert value(word) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("0x1f", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("'1.5'", "1.5"),
        ("!!str 5", "5"),
        ("!!str true", "true"),
    ],
)
def test_scalars_of_the_core_schema(text: str, expected: object) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", ["2026-09-01", "12:30", "007", "1_000", "1e5", ".inf", ".nan", "0b11", "<2.6", "="])
def test_what_only_looks_like_a_number_or_a_date_stays_a_text(text: str) -> None:
    assert value(text) == text


def test_every_key_and_item_has_its_place() -> None:
    text = "kind: Rule\nmatch:\n  any:\n    - call: [a.b,\n             c.d]\n"
    (document,) = read(text.encode(), "p.yaml")
    assert document.data == {"kind": "Rule", "match": {"any": [{"call": ["a.b", "c.d"]}]}}
    assert document.places["match", "any"] == Place(3, 4, 5, 6, 1)
    assert document.places["match", "any", 0, "call", 1] == Place(5, 5, 14, 5, 17)
    assert document.at(("match", "any", 0, "call", 1)) == "p.yaml:5"


def test_a_path_that_is_not_there_has_the_line_of_the_nearest_above_it() -> None:
    (document,) = read(b"rules:\n  a:\n    b: 1\n", "p.yaml")
    assert document.problem(("rules", "a", "c", 0), "gone") == "p.yaml:2: rules/a/c/1: gone"


def test_lines_count_on_over_several_documents() -> None:
    first, second = read(b"a: 1\n---\n\nb: 2\n", "p.yaml")
    assert (first.line(("a",)), second.line(("b",))) == (1, 4)


def test_a_byte_order_mark_is_no_text() -> None:
    assert [document.data for document in read("\ufeffa: 1\n".encode(), "p.yaml")] == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n  b: 1\n  b: 2\n", "p.yaml:3: a/b: given twice, first on line 2"),
        ("rules:\n  *: {level: off}\n", 'p.yaml:2: a lone * is an alias in YAML; quote it: "*"'),
        ("owner: @acme/x\n", "p.yaml:1: a value cannot begin with @; quote it"),
        ("a: 1\n\tb: 2\n", "p.yaml:2: a tab where YAML wants blanks; indent with blanks"),
        (
            "fix: Do this: that\n",
            "p.yaml:1: a second ': ' in one value, or a wrong indentation; quote the value",
        ),
        ("? [a]\n: 1\n", "p.yaml:1: a list as a key; keys are texts"),
        ("a:\n  ? {b: 1}\n  : 1\n", "p.yaml:2: a: a mapping as a key; keys are texts"),
        ("1: 2\n", "p.yaml:1: key 1 is no text; quote it"),
        ("a: *b\n", "p.yaml:1: alias *b: no anchor &b above"),
        ("a: &a [*a]\n", "p.yaml:1: alias *a stands inside its own anchor"),
        ("<<: {a: 1}\n", "p.yaml:1: merge keys (<<) are not read; write the keys out"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "p.yaml:1: tag !!python/object/apply:os.system: tags are not used in policies",
        ),
        ("a: \x07\n", "p.yaml:1: a control character that YAML forbids; write it as an escape in double quotes"),
        ("n: 1234567890123456789\n", "p.yaml:1: a number of more than 18 digits; quote it if it is a text"),
        ("[" * (MAX_NESTING + 1), f"p.yaml:1: nested more than {MAX_NESTING} deep"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        read(text.encode(), "p.yaml")
    assert str(error.value) == message


def test_text_that_is_not_utf8_names_its_line() -> None:
    with pytest.raises(PolicyError) as error:
        read(b"a: 1\nb: \xff\n", "p.yaml")
    assert str(error.value) == "p.yaml:2: not UTF-8; save the file as UTF-8"


def test_a_file_past_the_bound_is_not_parsed() -> None:
    with pytest.raises(PolicyError, match=r"^p\.yaml: 2,000,001 bytes; a policy file has at most 2,000,000$"):
        read(b"[" * (MAX_POLICY_BYTES + 1), "p.yaml")


def test_a_million_aliases_are_refused() -> None:
    with pytest.raises(PolicyError, match=f"more than {MAX_ALIASES} aliases"):
        read(b"a: &a 1\nb: [" + b"*a," * 300_000 + b"*a]\n", "p.yaml")


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(PolicyError, match=f"more than {MAX_NODES:,} keys and values once aliases are filled in"):
        read("\n".join(lines).encode(), "p.yaml")


def test_aliases_that_nest_are_refused() -> None:
    lines = ["a0: &a0 [[[[x]]]]", *(f"a{n}: &a{n} [[[[*a{n - 1}]]]]" for n in range(1, 20))]
    with pytest.raises(PolicyError, match=f"nested more than {MAX_NESTING} deep"):
        read("\n".join(lines).encode(), "p.yaml")


def test_anchors_end_with_their_document() -> None:
    with pytest.raises(PolicyError, match=r"no anchor &a above"):
        read(b"a: &a 1\n---\nb: *a\n", "p.yaml")


def test_foreign_files_are_read_tolerantly() -> None:
    text = "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n  c: !Ref four\n1: yes\n? [k]\n: 5\n"
    (document,) = read_foreign(text)
    assert document.data == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": "four"}, "1": "yes", "?": 5}


@pytest.mark.parametrize("text", ["a: b: c", "[" * 500, "a: *b", "\x00"])
def test_foreign_files_that_are_no_yaml_say_so(text: str) -> None:
    with pytest.raises(YamlProblem):
        read_foreign(text)


# NOTE: YAML does not read a pair of \ud800 escapes as one character, so nothing beyond the basic plane.
BMP = st.characters(codec="utf-8", max_codepoint=0xFFFF)

json_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(BMP, max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(BMP, max_size=8).filter("<<".__ne__), inner, max_size=4)
    ),
    max_leaves=15,
)


@given(json_data)
def test_json_reads_as_itself(data: object) -> None:
    assert [document.data for document in read(json.dumps(data).encode(), "p.yaml")] == [data]


@given(st.text(st.sampled_from("a:-[]{}&*#|>'\"\\!%@?,~0 \t\n")) | st.text())
def test_whatever_the_text_it_is_read_or_refused(text: str) -> None:
    try:
        documents = read(text.encode("utf-8", "replace"), "p.yaml")
    except PolicyError as error:
        assert str(error).startswith("p.yaml")
    else:
        assert all(() in document.places for document in documents)


@pytest.mark.parametrize("sign", ["\r", "\x85", "\u2028", "\u2029", "\u202e", "\u2066"])
def test_what_an_editor_shows_as_a_comment_is_one(sign: str) -> None:
    with pytest.raises(PolicyError, match=rf"p\.yaml:2: a character that hides .*, U\+{ord(sign):04X}"):
        read(f"a: 1\n# b{sign}c: 2\n".encode(), "p.yaml")
    assert read(b'a: "\\r\\x85\\u2028\\u202e"\r\nb: 1\r\n', "p.yaml")[0].data == {"a": "\r\x85\u2028\u202e", "b": 1}


def test_a_name_is_given_once() -> None:
    with pytest.raises(PolicyError, match=r"p\.yaml:2: anchor &x is given twice"):
        read(b"a: &x 1\nb: &x [2]\nc: *x\n", "p.yaml")
    assert read_foreign("a: &x 1\nb: &x [2]\nc: *x\n")[0].data == {"a": 1, "b": [2], "c": [2]}
    assert read(b"a: &x [1]\nb: *x\n---\na: &x 2\n", "p.yaml")[1].data == {"a": 2}
