"""The identity experiment: what people do to notebooks every day makes no finding new."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlgate import newness
from mlgate.examples import examine_example
from mlgate.model import Example, Finding
from mlgate.policy import load_bundle

NOTEBOOKS = 200
MOST_NEW = 0.001
"""Share of findings that may turn new. Source: the goal of the experiment; Tricorder's users left at 10 % noise."""

BUNDLE = load_bundle(root=Path("/nonexistent"))
FILLER = (
    "import numpy as np\nimport pandas as pd\n",
    "df = pd.DataFrame({'a': [1, 2, 3]})\ndf.head()",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1,2])",
    "for i in range(10):\n    print(i)",
    "def train(epochs = 3):\n    return [epoch*2 for epoch in range(epochs)]\n",
)


def cells() -> list[str]:
    """The catalogue's bad examples that are one cell: code as people write it, each with a finding."""
    found = [
        example.files[""]
        for rule in sorted(BUNDLE.rules.values(), key=lambda rule: rule.id)
        if not rule.id.startswith(("governance/", "input/"))
        for example in rule.bad
        if set(example.files) == {""}
    ]
    return [text for text in found if "%%" not in text]


def code(text: str, count: int | None) -> dict[str, Any]:
    output = [] if count is None else [{"output_type": "stream", "name": "stdout", "text": [f"run {count}\n"]}]
    lines = text.splitlines(keepends=True)
    return {"cell_type": "code", "metadata": {}, "execution_count": count, "source": lines, "outputs": output}


def prose(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": [text]}


def notebook(parts: list[dict[str, Any]], indent: int = 1) -> str:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": parts, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}, indent=indent) + "\n"


def made(chance: random.Random, pool: list[str]) -> list[dict[str, Any]]:
    parts = [prose("# Title"), *(code(text, None) for text in chance.sample(pool, 5))]
    return parts + [code(text, None) for text in chance.sample(FILLER, 2)]


def worked_on(parts: list[dict[str, Any]], chance: random.Random) -> str:
    """Cells in another order, others between them, run again, outputs there, written by another program."""
    mixed = [
        code("".join(one["source"]), number) if one["cell_type"] == "code" else one
        for number, one in enumerate(chance.sample(parts, len(parts)), 7)
    ]
    for text in chance.sample(FILLER, 2):
        mixed.insert(chance.randrange(len(mixed) + 1), code(text, 3))
    mixed.insert(chance.randrange(len(mixed) + 1), prose("And more words."))
    return notebook(mixed, indent=2)


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str, str]]:
    """Name, what was there, and what was made of it."""
    chance = random.Random(20261126)
    pool = cells()
    drawn = [made(chance, pool) for _ in range(NOTEBOOKS)]
    return [(f"nb{n:03}.ipynb", notebook(parts), worked_on(parts, chance)) for n, parts in enumerate(drawn)]


def judged(name: str, text: str) -> list[Finding]:
    found = examine_example(Example({name: text}), BUNDLE)
    return [one for one in found if not one.rule.startswith("governance/")]


def turned(before: list[Finding], after: list[Finding]) -> tuple[list[str], int]:
    """Which findings are new, of how many."""
    statuses = newness.statuses(after, before, {})
    return [one.rule for one, status in zip(after, statuses, strict=True) if status == "new"], len(after)


def test_reordered_inserted_run_again_and_written_anew(pairs: list[tuple[str, str, str]]) -> None:
    new: list[str] = []
    total = 0
    for name, before, after in pairs:
        fresh, count = turned(judged(name, before), judged(name, after))
        new += fresh
        total += count
    assert total > 5 * NOTEBOOKS
    assert len(new) <= MOST_NEW * total, new


def test_formatted(pairs: list[tuple[str, str, str]], tmp_path: Path) -> None:
    for name, before, _ in pairs:
        (tmp_path / name).write_text(before)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--isolated", "--quiet", str(tmp_path)], check=False)
    new: list[str] = []
    total = changed = 0
    for name, before, _ in pairs:
        after = (tmp_path / name).read_text()
        changed += after != before
        fresh, count = turned(judged(name, before), judged(name, after))
        new += fresh
        total += count
    assert changed > NOTEBOOKS // 2
    assert len(new) <= MOST_NEW * total, new


def test_another_constant_is_new(pairs: list[tuple[str, str, str]]) -> None:
    """The experiment can fail: what a finding depends on is not what may change."""
    before = notebook([code("import torch\ntorch.load('acme/a.pt', weights_only=False)", None)])
    after = before.replace("acme/a.pt", "evil/b.pt")
    assert turned(judged("a.ipynb", before), judged("a.ipynb", after))[0] == ["unsafe-load/torch-load"]
