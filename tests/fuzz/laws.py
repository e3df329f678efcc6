"""For each thing that reads what an attacker may write: what holds, whatever the bytes are.

A law takes bytes and returns nothing; it raises AssertionError, or whatever got out of the code under test.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from examined import SEEN_BY_PARSERS, Unscreened, examiner
from msgspec.structs import replace

from mlgate import documents, yaml_strict
from mlgate.clauses import Index
from mlgate.discover import source
from mlgate.documents.decoding import decode
from mlgate.errors import MlgateError, PolicyError
from mlgate.examine import Examiner
from mlgate.facts import magics
from mlgate.facts.magics import scripts
from mlgate.match import Circumstances, match
from mlgate.model import Fact, Kind, Problem, Source, Span
from mlgate.policy import load, load_bundle, params_for
from mlgate.policy.sources import InMemory
from mlgate.policy.waivers_text import added
from mlgate.verbs.policy_test import forms

BETWEEN = b"\n#----\n"
"""What parts the two modules of a program."""


# --- notebooks: every code that Jupyter would run is in a cell, and every character is found again on disk


def notebook(data: bytes) -> None:
    document = documents.load(Source("a.ipynb", Kind.NOTEBOOK, data))
    if isinstance(document, Problem):
        return
    texts = {cell.text for cell in document.cells}
    told = bool(document.problems)
    for text in _code(data):
        assert told or _plain(text) in texts, "a code cell is gone"
    on_disk = None
    for place, cell in enumerate(document.cells):
        if not cell.pointer or cell.pointer[0] == "line" or not cell.text:
            continue
        rows = cell.text.split("\n")
        row = len(rows) // 2
        for line, column in ((1, 1), (row + 1, len(rows[row]) // 2 + 1)):
            found = documents.locate(document, Span(place, line, column, line, column + 1))
            assert (found.line, found.column) < (found.end_line, found.end_column) or not rows[line - 1]
            on_disk = on_disk or decode(data, cookies=False, utf8_only=True).text.split("\n")
            assert 1 <= found.line <= len(on_disk)
            assert 1 <= found.column <= len(on_disk[found.line - 1]) + 1
            there = on_disk[found.line - 1][found.column - 1 : found.column]
            here = rows[line - 1][column - 1 : column]
            is_one_string = isinstance(_at(data, cell.pointer), str)
            if here and is_one_string and there != "\\" and here.isascii():
                assert there == here, "not where it stands"


def _code(data: bytes) -> Iterator[str]:
    """The code of a notebook as any reader of its format sees it."""
    whole = _json(data)
    cells = whole.get("cells") if isinstance(whole, dict) else None
    for cell in cells if isinstance(cells, list) else ():
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            found = cell.get("source")
            if isinstance(found, str):
                yield found
            elif isinstance(found, list) and all(isinstance(line, str) for line in found):
                yield "".join(found)


def _at(data: bytes, pointer: tuple[str | int, ...]) -> object:
    found = _json(data)
    for step in pointer if found is not None else ():
        found = found[step]
    return found


def _json(data: bytes) -> Any:
    """None for what no other reader takes for JSON in UTF-8."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _plain(text: str) -> str:
    return re.sub("[\ud800-\udfff]", "�", text.replace("\r\n", "\n").replace("\r", "\n"))


PROMPT = re.compile(r"^[ \t]*(?:In ?\[|>>>|\.\.\.)", re.MULTILINE)
"""What IPython takes away, although `In [1]: x` is an annotation in Python."""


# --- masking: what is Python stays the Python that it is, and every line stays where it was


def masking(data: bytes) -> None:
    text = _text(data)
    parts = magics.split(0, text, "python")
    rows = text.split("\n")
    for fact in parts.facts:
        _stands_in(fact.span, rows)
    for one in parts.embedded:
        if one.unit.lines is not None:
            assert len(one.unit.lines.lines) >= 1
            assert all(1 <= line <= len(rows) for line, _ in one.unit.lines.lines)
    if parts.python is None:
        return
    places = parts.lines.lines if parts.lines else [(number, 0) for number in range(1, len(rows) + 1)]
    assert len(parts.python.split("\n")) == len(places)
    assert all(1 <= line <= len(rows) for line, _ in places)
    if text.startswith((scripts.DATABRICKS, scripts.JUPYTEXT)) or PROMPT.search(text):
        return
    before = _tree(text)
    # A line that is a word alone runs the magic of that name in IPython, `ls` as well as `pwd`.
    if before is not None and "\n" in text.strip():
        assert _tree(parts.python) == before, "Python was changed"


def _tree(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


# --- Python: any text ends in facts that stand in it, and the screen changes nothing


def python(data: bytes) -> None:
    first, _, second = data.partition(BETWEEN)
    files = {"a.py": first, "helpers.py": second}
    found = {screened: _found(files, screened=screened) for screened in (False, True)}
    missed = found[False] - found[True]
    assert {one for one in missed if one[0] not in SEEN_BY_PARSERS} == set(), "the screen hides"
    assert found[True] <= found[False], "the screen adds"


def _found(files: Mapping[str, bytes], *, screened: bool) -> set[tuple[str, str, str]]:
    judge = examiner(files, Examiner if screened else Unscreened)
    found = set()
    for path, data in files.items():
        rows = len(decode(data, cookies=True, utf8_only=False).text.split("\n"))
        for finding in judge.examine(source(path, data, "test")).findings:
            assert 1 <= finding.location.line <= rows
            found.add((finding.rule, path, finding.fingerprint))
    return found


# --- YAML: what is accepted means what any reader of YAML says


def yaml(data: bytes) -> None:
    try:
        found = yaml_strict.read(data, "p.yaml")
    except PolicyError as error:
        assert str(error).startswith("p.yaml")
        found = None
    text = _text(data)
    lines = len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text)) + 1
    try:
        tolerant = yaml_strict.read_foreign(text)
    except yaml_strict.YamlProblem as problem:
        assert 1 <= problem.line <= lines
        tolerant = None
    if found is None:
        return
    assert tolerant is not None
    assert [one.data for one in found] == [one.data for one in tolerant]
    import yaml as reference

    # libyaml and PyYAML's own parser differ, on a tab in a flow scalar for one.
    loader = getattr(reference, "CBaseLoader", reference.BaseLoader)
    theirs = list(reference.load_all(text.removeprefix("\ufeff"), Loader=loader))
    assert [_shape(one.data) for one in found] == [_shape(one) for one in theirs]
    for document in found:
        assert all(1 <= place.key_line <= lines for place in document.places.values())


def _shape(data: object) -> object:
    """Keys, lengths and texts; what a plain scalar stands for is where readers differ."""
    if isinstance(data, dict):
        return {key: _shape(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_shape(one) for one in data]
    return None


# --- the match language: a policy is refused in a sentence, or its rules meet any fact


def matching(data: bytes) -> None:
    files = InMemory({".mlgate/policy.yaml": data}, "")
    try:
        bundle = load(files=files).bundle
    except PolicyError as error:
        assert str(error).strip()
        return
    shipped = load_bundle().rules
    rules = [rule for id_, rule in bundle.rules.items() if id_ not in shipped]
    index = Index(rules)
    circumstances = Circumstances(lambda rule: params_for(rule, bundle), lambda package: None)
    for found in match(facts(), index, circumstances):
        assert found.rule in rules
        assert found.fact in facts()


# --- what is put into a file: one thing more, and every other byte as it was

ENTRY = {
    "id": "w-1",
    "rule": "unsafe-load/torch-load",
    "fingerprints": ["1:0123456789abcdef"],
    "type": "mitigated",
    "reason": "loaded from our own bucket, which only the trainer writes",
    "owner": "@acme/ml",
    "from": "2026-11-01",
    "expires": "2026-11-30",
}


def splice(data: bytes) -> None:
    text = _text(data)
    try:
        result = added(text, ENTRY, "waivers.yaml")
    except MlgateError as error:
        assert str(error).startswith("waivers.yaml")
        return
    if not text.strip():
        return
    old, new = text.splitlines(), iter(result.splitlines())
    # `waivers: []` loses its brackets: the one thing that is replaced.
    kept = [line for line in old if not re.search(r"\[\s*\]", line)]
    assert all(line in new for line in kept), "something is gone"


# --- what the laws stand on


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _stands_in(span: Span, rows: list[str]) -> None:
    assert 1 <= span.line <= span.end_line <= len(rows)
    assert 1 <= span.column <= len(rows[span.line - 1]) + 1
    assert 1 <= span.end_column <= len(rows[span.end_line - 1]) + 1


@cache
def facts() -> tuple[Fact, ...]:
    """Of every kind: what is in the first bad example of each shipped rule, each name once."""
    found: dict[tuple[str, str], Fact] = {}
    for rule in load_bundle().rules.values():
        for _, example in forms(rule.bad[0]) if rule.bad else ():
            files = {path: text.encode("utf-8", "surrogatepass") for path, text in example.files.items()}
            judge = examiner(files)
            for path, data in files.items():
                found |= {(fact.kind, fact.name): fact for fact in judge.seen(source(path, data, "test"))[0]}
    call = next(fact for fact in found.values() if fact.kind == "call")
    # No shipped rule asks for these, so nothing sees them.
    return (*found.values(), *(replace(call, kind=kind) for kind in ("import", "class")))


LAWS: dict[str, Callable[[bytes], None]] = {
    "notebook": notebook,
    "masking": masking,
    "python": python,
    "yaml": yaml,
    "match": matching,
    "splice": splice,
}
