"""What a cache keeps is what a run without one finds, whatever changes in between."""

from __future__ import annotations

import tempfile
from pathlib import Path

from examined import examiner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgate.cache import Cache
from mlgate.discover import source
from mlgate.examine import Examiner

CONTENTS = {
    "main.py": ["from a import load\nload('x.pt')\n", "import a\na.load('x.pt')\n", "x = 1\n",
        "import torch\ntorch.load('x.pt')\n"],
    "a.py": ["from b import load\n", "from b import *\n", "import torch\nload = torch.load\n", "", None],
    "b.py": ["from c import ld as load\n", "def load(path):\n    return open(path)\n",
        "import pickle\nload = pickle.load\n", None],
    "c.py": ["from pickle import load as ld\n", "from torch import load as ld\n", "ld = print\n", None],
    "a/__init__.py": [None, None, "from joblib import load\n"],
    "requirements.txt": ["torch==2.5.0\n", "torch==2.9.0\n", None],
    "notes.md": ["text\n", "`from_pretrained` and https://huggingface.co/acme/x/resolve/main/a.bin\n"],
    "run.ipynb": [
        '{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": "from a import load\\nload(p)"}],'
        ' "metadata": {}, "nbformat": 4, "nbformat_minor": 4}',
        None,
    ],
}  # fmt: skip
TREES = st.fixed_dictionaries({name: st.sampled_from(several) for name, several in CONTENTS.items()})


def found(tree: dict[str, str | None], kept: Cache) -> dict[str, object]:
    """What is found in each file of a tree."""
    files = {path: text.encode() for path, text in tree.items() if text is not None}
    judge = examiner(files, kept=kept)
    return {path: judge.examine(source(path, data, "test")) for path, data in files.items()}


@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(TREES, min_size=2, max_size=5))
def test_a_kept_answer_is_the_right_one(trees: list[dict[str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = Cache(Path(folder))
        for tree in trees:
            assert found(tree, kept) == found(tree, Cache(None))
        kept.close()


def test_nothing_is_read_twice(tmp_path: Path) -> None:
    """Else the law above would hold of a cache that keeps nothing."""
    kept = Cache(tmp_path)
    tree = {name: several[0] for name, several in CONTENTS.items()}
    first = found(tree, kept)
    assert any(result.findings for result in first.values())  # type: ignore[attr-defined]

    class Refusing(Examiner):
        def _is_admitted(self, *_: object) -> bool:
            raise AssertionError("it was kept")

    files = {path: text.encode() for path, text in tree.items() if text is not None}
    judge = examiner(files, Refusing, kept)
    kept_now = {path: judge.examine(source(path, data, "test")) for path, data in files.items() if path.endswith(".py")}
    assert kept_now == {path: result for path, result in first.items() if path.endswith(".py")}
