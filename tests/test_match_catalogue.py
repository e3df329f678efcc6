"""What the shipped rules say of facts, to the letter: those of the catalogue's examples, kept as they were extracted.

`MLGATE_SNAPSHOTS=write` extracts them anew and accepts what is said of them now: read the diff.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlgate import codec
from mlgate.cache import Cache
from mlgate.cascade import params_for
from mlgate.clauses import Index
from mlgate.discover import source
from mlgate.examine import Examiner
from mlgate.law import derive, reexports
from mlgate.match import Circumstances, match, references, trials
from mlgate.model import Example, Fact, Rule, Value, Version
from mlgate.modules import Modules
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.trees import Memory

KEPT = Path(__file__).parent / "data" / "matched.jsonl"
BUNDLE = load_bundle()
INDEX = Index(BUNDLE.rules.values())
PARAMS = {rule.id: params_for(rule, BUNDLE) for rule in BUNDLE.rules.values()}


def circumstances(version: Callable[[str], Version | None]) -> Circumstances:
    return Circumstances(lambda rule: PARAMS[rule.id], version)


def said(rule: str, facts: tuple[Fact, ...], version: Callable[[str], Version | None]) -> dict[str, Any]:
    """Everything that this module says of the facts of an example of `rule`."""
    here = circumstances(version)
    return {
        "matches": [
            [one.rule.id, one.fact.name, one.confidence.name.lower(), one.reason, one.asset, _digest(one.read)]
            for one in match(facts, INDEX, here)
        ],
        "references": [
            [fact.name, one.type, one.source, one.id, one.pinned] for fact, one in references(facts, INDEX, here)
        ],
        "trials": [
            ["/".join(map(str, path)), is_true]
            for fact in facts
            for path, is_true in trials(BUNDLE.rules[rule], fact, here)
        ],
    }


def _digest(read: tuple[tuple[str, Value | None], ...]) -> str:
    return hashlib.sha256(repr(read).encode("utf-8", "surrogatepass")).hexdigest()[:8]


# --- to write


def _examples() -> Iterator[tuple[Rule, Example]]:
    for rule in BUNDLE.rules.values():
        for example in (*rule.bad, *rule.good, *rule.gap):
            if not example.unread and not example.base and not rule.id.startswith(("governance/", "secret/", "input/")):
                yield rule, example


def _extracted(example: Example) -> Iterator[tuple[tuple[Fact, ...], dict[str, Version | None]]]:
    law = derive(BUNDLE, (), None)
    files = {path or "a.py": text.encode("utf-8", "surrogatepass") for path, text in example.files.items()}
    known = reexports(law, files.get)
    project = Repository(Memory(files), Modules(law.vocabulary), known)
    examiner = Examiner(law, project, known, Cache(None), 0)
    for path, data in sorted(files.items()):
        facts, here = examiner.seen(source(path, data, "example"))
        asked: dict[str, Version | None] = {}

        def version(package: str, here: Circumstances = here, asked: dict[str, Version | None] = asked) -> Any:
            return asked.setdefault(package, here.version(package))

        # Most facts are of no rule at all.
        near = tuple(fact for fact in facts if any(INDEX.clauses(fact, circumstances(version).params)))
        match(near, INDEX, circumstances(version))
        references(near, INDEX, circumstances(version))
        if near:
            yield near, asked


def _lines() -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for rule, example in _examples():
        for facts, asked in _extracted(example):
            versions = {
                package: [one.version, one.exact, one.source]
                for package, one in sorted(asked.items())
                if one is not None
            }
            given = {"rule": rule.id, "facts": codec.encode(facts), "versions": versions}
            key = json.dumps([given["facts"], versions])
            if key not in seen:
                seen.add(key)
                yield {**given, **said(rule.id, facts, asked.get)}


if os.environ.get("MLGATE_SNAPSHOTS") == "write":
    _written = [json.dumps(line, ensure_ascii=True, separators=(",", ":")) for line in _lines()]
    KEPT.write_text("\n".join(_written) + "\n", encoding="utf-8", newline="\n")

# --- to compare

LINES: list[Mapping[str, Any]] = [json.loads(line) for line in KEPT.read_text(encoding="utf-8").splitlines()]


def test_every_family_of_rules_is_tried() -> None:
    tried = {line["rule"].partition("/")[0] for line in LINES}
    assert {rule.partition("/")[0] for rule in BUNDLE.rules} - tried == {"governance", "input", "secret"}


@pytest.mark.parametrize("number", range(0, len(LINES), 50))
def test_the_rules_say_what_they_said(number: int) -> None:
    for line in LINES[number : number + 50]:
        versions = {package: Version(*said) for package, said in line["versions"].items()}
        now = said(line["rule"], codec.decode(line["facts"]), versions.get)
        assert now == {key: line[key] for key in ("matches", "references", "trials")}, line["rule"]
