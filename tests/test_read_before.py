"""Policy documents that are kept are the ones that were read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgate.errors import PolicyError
from mlgate.model import Rule
from mlgate.policy import ours, read_before
from mlgate.policy.documents import mapping, parse
from mlgate.shipped import shipped
from mlgate.yaml_strict import read

POLICY = b"kind: Policy\nversion: 1\nid: acme\nowner: security\nrules:\n  unsafe-load/*:\n    level: warn\n"


def test_everything_shipped_comes_back(tmp_path: Path) -> None:
    folder = shipped("policies")
    files = {path.name: path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}
    first = parse(files, tmp_path, check_schema=False)
    again = parse(files, tmp_path, check_schema=False)
    assert isinstance(again[0].places, read_before.Places)
    assert [(one.path, one.data) for one in again] == [(one.path, one.data) for one in first]
    assert [list(one.places.items()) for one in again] == [list(one.places.items()) for one in first]
    assert [list(one.places) for one in again] == [list(one.places) for one in first]


def test_the_shipped_bundle_comes_back_without_its_documents(tmp_path: Path) -> None:
    # Called past its memory, as another process would.
    compiled, again = (ours.shipped_bundle.__wrapped__(tmp_path) for _ in range(2))
    assert again == compiled
    assert [type(one) for one in again.rules.values()] == [Rule] * len(compiled.rules)
    assert list(again.rules) == list(compiled.rules)
    (file,) = tmp_path.glob("shipped-*.json")
    file.write_bytes(file.read_bytes()[:-2])
    assert ours.shipped_bundle.__wrapped__(tmp_path) == compiled


def test_the_shipped_documents_are_there_for_who_asks(tmp_path: Path) -> None:
    documents = ours.Documents(tmp_path)
    ids = {mapping(one.data)["id"] for one in documents if mapping(one.data)["kind"] == "Rule"}
    assert ids == set(ours.shipped_bundle(None).rules)
    assert documents[0:1] == (documents[0],)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(codec="ascii"), max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_document_comes_back(tmp_path: Path, data: object) -> None:
    first = read(json.dumps(data).encode(), "a.yaml")
    file = tmp_path / "documents-1.json"
    read_before.keep(file, first)
    again = read_before.documents(file)
    assert again is not None
    assert [(one.path, one.data, dict(one.places)) for one in again] == [
        (one.path, one.data, dict(one.places)) for one in first
    ]
    assert again[0].line(("no", "such")) == first[0].line(("no", "such"))


def test_other_bytes_names_or_checks_are_read_anew(tmp_path: Path) -> None:
    def place(name: str, data: bytes, *, check_schema: bool = True) -> Path | None:
        return read_before.place(tmp_path, {name: data}, check_schema=check_schema)

    known = place("a.yaml", POLICY)
    assert known == place("a.yaml", POLICY)
    others = [place("b.yaml", POLICY), place("a.yaml", POLICY + b"\n"), place("a.yaml", POLICY, check_schema=False)]
    assert len({known, *others}) == 4
    assert read_before.place(None, {"a.yaml": POLICY}, check_schema=True) is None


def test_what_is_wrong_is_not_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(PolicyError, match=r"^a\.yaml:7: rules/unsafe-load/\*/levl: unknown key"):
            parse({"a.yaml": POLICY.replace(b"    level", b"    levl")}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"5", b"[[1]]", b"null", b'[["a", {}]]'])
def test_what_is_damaged_is_read_anew(tmp_path: Path, damage: bytes) -> None:
    first = parse({"a.yaml": POLICY}, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    assert parse({"a.yaml": POLICY}, tmp_path) == first
    assert parse({"a.yaml": POLICY}, tmp_path)[0].data == first[0].data
