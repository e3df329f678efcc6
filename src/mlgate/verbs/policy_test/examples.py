"""A rule's examples: what each claims, the forms in which it is tried, and whether the claim holds."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Sequence

from mlgate.model import Example, Finding, Rule
from mlgate.yaml_strict import KeyPath

GAP = "gap"
"""Kind of an example that is a known miss."""


def claims(rule: Rule) -> Iterator[tuple[KeyPath, str, str, Example]]:
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


def verdict(rule: str, kind: str, findings: Sequence[Finding]) -> Iterator[str]:
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
