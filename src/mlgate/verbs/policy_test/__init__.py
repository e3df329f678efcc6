"""`mlgate policy test`: a policy's documents, its rules' examples and its own tests, tried."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlgate.cascade import ANYWHERE, Bundle
from mlgate.errors import PolicyError
from mlgate.model import Example, Finding, Rule
from mlgate.policy import FOLDERS, Loaded, Pins, is_policy_file, load
from mlgate.policy.sources import InMemory
from mlgate.verbs.policy_test.cases import Examine, cases, failure
from mlgate.yaml_strict import Data, Document, KeyPath


@dataclass(frozen=True, slots=True)
class Outcome:
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    rules: int
    examples: int
    tests: int


def run(
    source: str | Path | None = None,
    root: Path | None = None,
    write: Callable[[str], object] | None = None,
    pins: Pins | None = None,
) -> int:
    """Test one policy source and write what came out: 0 all holds, 1 something fails, 2 it cannot be read."""
    from mlgate.scan import examine_example

    write = write or sys.stdout.write
    try:
        outcome = examined(loaded(source, root, pins), examine_example)
    except PolicyError as error:
        write(f"{error}\n")
        return 2
    write(printed(outcome))
    return 1 if outcome.failures else 0


def loaded(source: str | Path | None, root: Path | None, pins: Pins | None) -> Loaded:
    """The policy to test: the one that is named, without what the repository at `root` adds to it; else that one."""
    return load(source, root, pins, files=None if source is None else InMemory({}, ""))


def run_changed(
    paths: Sequence[str],
    root: Path | None = None,
    write: Callable[[str], object] | None = None,
    pins: Pins | None = None,
) -> int:
    """Test every policy that one of the changed files belongs to; the worst exit code. For the pre-commit hook."""
    root = Path.cwd() if root is None else root
    return max((run(source, root, write, pins) for source in sources_of(paths, root)), default=0)


def sources_of(paths: Sequence[str], root: Path) -> tuple[Path | None, ...]:
    """The policy sources that the files are part of; None stands for the repository's own policy.

    A file in a folder with rules/, policies/, teams/ or waivers/ is part of that bundle; another one stands alone.
    Files that are no policy documents are left out.
    """
    found: dict[Path | None, None] = {}
    for name in paths:
        path = root / name
        parts = Path(name).parts
        if parts and parts[0] in (".mlgate", ".mlgate.yaml"):
            found[None] = None
        elif path.is_file() and is_policy_file(path):
            folder = path.parent.parent if path.parent.name in FOLDERS else path.parent
            bundled = any(next((folder / name).glob("*.yaml"), None) for name in FOLDERS if name)
            found[folder if bundled else path] = None
    return tuple(found)


def examined(loaded: Loaded, examine: Examine) -> Outcome:
    """Everything that a loaded policy claims of itself, tried."""
    failures: list[str] = []
    examples = 0
    own = [document for document in loaded.documents if _said(document)["kind"] == "Rule"]
    for document in own:
        rule = loaded.bundle.rules[str(_said(document)["id"])]
        for path, kind, label, example in _claims(rule):
            examples += 1
            findings = examine(example, loaded.bundle, ANYWHERE)
            failures += [document.problem(path, f"{label}: {what}") for what in _verdict(rule.id, kind, findings)]
    tests = 0
    notes = list(loaded.advice)
    failures += loaded.slips
    for document, path, test in cases(loaded.documents):
        tests += 1
        if wrong := failure(test, document, loaded.bundle, examine):
            failures.append(document.problem(path, wrong))
    notes += [note for document in own for note in _lint(document, loaded.bundle)]
    return Outcome(tuple(failures), tuple(notes), len(own), examples, tests)


def printed(outcome: Outcome) -> str:
    """What the verb prints: notes, what is not enforced, failures, and a line that counts."""
    lines = [f"note: {note}" for note in outcome.notes]
    lines += [f"FAIL {failure}" for failure in outcome.failures]
    counts = [
        _counted(outcome.rules, "rule"),
        _counted(outcome.examples, "example"),
        _counted(outcome.tests, "test"),
    ]
    verdict = _counted(len(outcome.failures), "failure") if outcome.failures else "all hold"
    lines.append(f"{', '.join(counts)}: {verdict}")
    return "\n".join(lines) + "\n"


# --- examples -------------------------------------------------------------------------------------------------------


def _claims(rule: Rule) -> Iterator[tuple[KeyPath, str, str, Example]]:
    """Each example in each form: its place in the document, `bad`, `good` or `gap`, how it is run."""
    for kind, examples in (("bad", rule.bad), ("good", rule.good), ("gap", rule.gap)):
        for index, example in enumerate(examples):
            for label, form in forms(example):
                yield ("examples", kind, index), kind, label, form


def forms(example: Example) -> tuple[tuple[str, Example], ...]:
    """A cell as a notebook, and as .py where it is Python without magics; a repository as it is."""
    if set(example.files) != {""}:
        return (("as a repository", example),)
    cell = example.files[""]
    found = [("as a notebook", Example({"example.ipynb": notebook(cell)}))]
    if _is_python(cell):
        found.append(("as .py", Example({"example.py": cell})))
    return tuple(found)


def notebook(cell: str) -> str:
    """A notebook of one code cell, as nbformat 4.5 writes it."""
    code: dict[str, object] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "example",
        "metadata": {},
        "outputs": [],
        "source": cell.splitlines(keepends=True),
    }
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {
        "cells": [code],
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _is_python(cell: str) -> bool:
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _verdict(rule: str, kind: str, findings: Sequence[Finding]) -> Iterator[str]:
    """What is wrong with an example of this kind."""
    by_this = [finding for finding in findings if finding.rule == rule]
    if kind == "bad" and not by_this:
        others = ", ".join(sorted({finding.rule for finding in findings}))
        yield "is not found" + (f"; found instead: {others}" if others else "")
    if kind == "gap" and by_this:
        yield "is found by now; move it to bad"
    if kind == "good":
        for finding in findings:
            place = finding.location.cell or finding.location
            yield f"{finding.rule} finds {finding.subject} in line {place.line}"


def _lint(document: Document, bundle: Bundle) -> Iterator[str]:
    """What a rule could do better."""
    rule = bundle.rules[str(_said(document)["id"])]
    if not rule.references:
        yield document.problem((), "no references; name at least a CWE or the library's documentation")
    for index, clause in enumerate(rule.any):
        for pattern in clause.patterns if isinstance(clause.patterns, tuple) else ():
            if clause.kind in ("string", "shell") and re.search(pattern, ""):
                yield document.problem(("match", "any", index, clause.kind), "matches the empty text, so every text")


def _said(document: Document) -> Mapping[str, Data]:
    return document.data if isinstance(document.data, dict) else {}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
