"""A check for secrets alone finds the secrets that a whole check finds, and follows no code for it."""

from __future__ import annotations

from functools import cache

import pytest

from mlgate.cache import Cache
from mlgate.discover import source
from mlgate.examine import Examiner
from mlgate.facts import python
from mlgate.law import Law, derive, reexports
from mlgate.model import Finding
from mlgate.modules import Modules
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.trees import Memory
from mlgate.verbs.policy_test import forms

BUNDLE = load_bundle()
TOKEN = "hf_" + "kTbWvXqRzNfLpDsGhJcM" + "yQxZaBnVtUwEoP"
FILES = [
    pytest.param(form.files, id=f"{rule.id}-{number}-{label.split()[-1]}")
    for rule in BUNDLE.rules.values()
    if rule.id.startswith("secret/")
    for number, example in enumerate((*rule.bad, *rule.good), 1)
    for label, form in forms(example)
]


@cache
def law(only: tuple[str, ...] = ()) -> Law:
    return derive(BUNDLE, only, None)


def found(files: dict[str, str], law: Law) -> list[Finding]:
    tree = {path: text.encode("utf-8", "surrogatepass") for path, text in files.items()}
    known = reexports(law, tree.get)
    examiner = Examiner(law, Repository(Memory(tree), Modules(law.vocabulary), known), known, Cache(None), 0)
    return [one for path, data in sorted(tree.items()) for one in examiner.examine(source(path, data, "x")).findings]


@pytest.mark.parametrize("files", FILES)
def test_the_same_secrets(files: dict[str, str]) -> None:
    whole = [one for one in found(files, law()) if one.rule.startswith("secret/")]
    alone = [one for one in found(files, law(("secret/*",))) if one.rule.startswith("secret/")]
    assert alone == whole


def test_a_comment_still_silences_one() -> None:
    text = f'key = "{TOKEN}"  # mlgate: ignore[secret/huggingface-token] false-positive: made up here\n'
    (one,) = found({"a.py": text}, law(("secret/*",)))
    assert [ignore.reason for ignore in one.ignores] == ["made up here"]


def test_no_code_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    def outline(*arguments: object) -> None:
        raise AssertionError("code was understood")

    monkeypatch.setattr(python, "outline", outline)
    text = f'import torch\ntorch.load("x")\nkey = "{TOKEN}"\n'
    assert [one.rule for one in found({"a.py": text}, law(("secret/*",)))] == ["secret/huggingface-token"]


@pytest.mark.parametrize("data", [b"\0", b"\xff\xfeh\0f\0", b"# coding: latin-1\nx = '\xe9'\n", b"x = '\xe9'\n"])
def test_what_is_no_text_is_still_said_or_read(data: bytes) -> None:
    rules = law(("secret/*",))
    known = reexports(rules, lambda path: None)
    examiner = Examiner(rules, Repository(Memory({})), known, Cache(None), 0)
    token = f'\nkey = "{TOKEN}"\n'.encode()
    assert examiner.examine(source("a.py", data + token, "x")).findings != ()


@pytest.mark.parametrize("only", ["secret/*", "input/*"])
def test_what_no_parser_reads_is_said_whatever_is_asked_for(only: str) -> None:
    nested = "$(" * 60 + "true" + ")" * 60
    files = {".github/workflows/ci.yml": "jobs: [\n", "a.sh": f"{nested}\n", "b.sh": f"sh -c '{nested}'\n"}
    assert [(one.location.path, one.rule) for one in found(files, law((only,)))] == [
        (".github/workflows/ci.yml", "input/unparsed"),
        ("a.sh", "input/too-deep"),
        ("b.sh", "input/too-deep"),
    ]
