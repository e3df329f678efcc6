"""What looking at a file leaves is freed at once: workers run without a collector until they hold a great deal."""

from __future__ import annotations

import gc

from examined import examiner, law

from mlgate.model import Kind, Source

MODULE = b"""\
import os
import torch

class Loader:
    def __init__(self, path, weights=None):
        self.path = path if os.path.exists(path) else os.path.join("models", path)
        self.owner = self
        self.read = lambda: self.load(self.path)

    def load(self, path, **more):
        def inner(name):
            return torch.load(name) if os.path.isfile(name) else inner(name + ".bin")

        if not os.path.exists(path):
            raise ValueError(path)
        return inner(path)
"""
SCRIPT = b"""\
from loader import Loader
import torch

def main():
    path = "s3://prod-data/model.bin"
    return Loader(path).load(path) or main()
"""
BROKEN = SCRIPT + b'torch.load("a.bin"'


def files() -> dict[str, bytes]:
    """A module, what uses it, one that cannot be parsed, and the Python of the examples of all rules."""
    examples = [
        example.files[""]
        for rule in law().bundle.rules.values()
        for example in (*rule.bad, *rule.good)
        if "" in example.files
    ]
    found = {f"example_{place}.py": text.encode() for place, text in enumerate(examples)}
    return {
        "loader.py": MODULE,
        "script.py": SCRIPT,
        "broken.py": BROKEN,
        **found,
    }


def test_nothing_is_left_to_the_collector() -> None:
    tree = files()
    judge = examiner(tree)
    sources = [Source(path, Kind.PYTHON, data) for path, data in tree.items()]
    for source in sources[:3]:
        judge.examine(source)  # What is made once may hold circles, and stays.
    gc.collect()
    gc.disable()
    try:
        found = {source.path: [one.rule for one in judge.examine(source).findings] for source in sources}
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert found["loader.py"] == ["unsafe-load/torch-load"]
