"""benchmarks/catalogue_walk.py lists the callables of a wheel that no rule knows, under the names that users write."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "catalogue_walk.py"

MODULES = {
    # The rules know transformers.*.from_pretrained, so a wheel of that name has something to know.
    "transformers/__init__.py": """
        from ._hidden import reached_through_init
        _import_structure = {"_lazy": ["LazyLoader"]}
        _import_structure["_lazy"].append("LazyReader")
        _MOVED = {"transformers.old": "transformers._moved"}
        """,
    "transformers/_moved.py": "def moved(name, revision=None): ...",
    "transformers/_hidden.py": """
        def reached_through_init(name, revision=None): ...
        def reached_by_nobody(name, revision=None): ...
        class Mixin:
            def load_parts(self, name, revision=None): ...
            def _inner(self, revision): ...
        class Other:
            def load_rest(self, name, revision=None): ...
        """,
    "transformers/facade.py": """
        from ._hidden import Mixin, reached_by_nobody, reached_through_init
        from ._starred import *
        __all__ = ["reached_by_nobody_else"]
        __all__ += ["reached_through_init"]
        another_name = reached_by_nobody
        """,
    "transformers/_starred.py": """
        def starred(name, allow_pickle=False): ...
        """,
    "transformers/_lazy.py": """
        class LazyLoader:
            def __init__(self, name, *, trust_remote_code=False): ...
        class LazyReader:
            def __call__(self, name, *, revision=None): ...
        """,
    # Another library: what it imports for its own use is not its own, and a rule that guesses knows none of it.
    "peft/__init__.py": """
        from transformers._hidden import reached_by_nobody
        from transformers.modeling import PreTrainedModel
        class Tuned(PreTrainedModel):
            def load_parts(self, *args, **kwargs):
                return super().load_parts(*args, **kwargs)
        """,
    "transformers/modeling.py": """
        from ._hidden import Mixin
        from . import _hidden as hidden
        class PreTrainedModel(Mixin):
            @classmethod
            def from_pretrained(cls, pretrained_model_name_or_path, **kwargs):
                revision = kwargs.pop("revision", None)
        class Renamed(Mixin, hidden.Other):
            @classmethod
            def from_pretrained(cls, folder_or_id, revision=None): ...
            @classmethod
            def from_config(cls, config, revision=None, trust_remote_code=False): ...
            def load_parts(self, name): ...
        """,
    "transformers/arguments.py": """
        from dataclasses import dataclass, field
        @dataclass
        class Settings:
            weights_only: bool = True
        @dataclass
        class Result:
            revision: str = field(init=False)
        def pops(name, **kwargs):
            return kwargs.pop("revision", None)
        def documents(name, **kwargs):
            '''Loads.

            Args:
                trust_remote_code (`bool`): Whether to run it.
            '''
        def sets(name, **kwargs):
            kwargs["revision"] = "main"
        def takes_none(name): ...
        """,
    "transformers/api.py": """
        class Api:
            def model_info(self, name, revision=None): ...
        api = Api()
        model_info = api.model_info
        """,
    "transformers/broken.py": "def (",
}


def wheel(folder: Path, modules: Mapping[str, str] = MODULES) -> Path:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "transformers-9.0-py3-none-any.whl", "w") as archive:
        for name, text in modules.items():
            first, *others = text.splitlines() or [""]
            archive.writestr(name, "\n".join([first, *(line.removeprefix(" " * 8) for line in others)]))
        archive.writestr("transformers-9.0.dist-info/METADATA", "Name: transformers")
    return folder


def printed(folder: Path, exceptions: str) -> tuple[int, str]:
    file = folder.parent / "exceptions.yaml"
    file.write_text(exceptions)
    command = [sys.executable, str(SCRIPT), "--wheels", str(folder), "--exceptions", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def run(folder: Path, exceptions: str) -> tuple[int, set[str]]:
    """The exit code, and what is printed above the summary; a line is cut before the place."""
    code, text = printed(folder, exceptions)
    lines = text.partition("\n\n")[0].splitlines()
    return code, {re.split("  (?:transformers|peft)/", line)[0].removeprefix("transformers 9.0  ") for line in lines}


UNKNOWN = {
    "transformers.reached_through_init  revision",
    "transformers.LazyLoader  trust_remote_code",
    "transformers.LazyReader.__call__  revision",
    "transformers.old.moved  revision",
    "transformers.facade.another_name  revision",
    "transformers.facade.starred  allow_pickle",
    "peft.Tuned.from_pretrained  revision",
    "peft.Tuned.load_parts  revision",
    "transformers.modeling.PreTrainedModel.load_parts  revision",
    "transformers.modeling.Renamed.from_pretrained  revision",
    "transformers.modeling.Renamed.from_config  revision",
    "transformers.modeling.Renamed.load_rest  revision",
    "transformers.arguments.Settings  weights_only",
    "transformers.arguments.pops  revision",
    "transformers.arguments.documents  trust_remote_code",
    "transformers.api.model_info  revision",
}


def test_what_no_rule_knows_is_listed_by_its_shortest_public_name(tmp_path: Path) -> None:
    assert run(wheel(tmp_path / "wheels"), "exceptions: []") == (1, UNKNOWN)


def test_a_wheel_that_is_unpacked_says_the_same(tmp_path: Path) -> None:
    packed = wheel(tmp_path / "packed")
    with zipfile.ZipFile(next(packed.iterdir())) as archive:
        archive.extractall(tmp_path / "wheels" / "transformers")
    assert run(tmp_path / "wheels", "exceptions: []") == (1, UNKNOWN)


def test_an_exception_covers_names_and_one_that_covers_none_is_stale(tmp_path: Path) -> None:
    exceptions = """
        exceptions:
          - {reason: asks, arguments: [revision], names: [transformers.api.*.model_info, transformers.*.pops]}
          - {reason: known, arguments: [revision], names: [transformers.modeling.PreTrainedModel.from_pretrained]}
          - {reason: of the other argument, arguments: [revision], names: [transformers.LazyLoader]}
          - {reason: of a package that is not here, arguments: [revision], names: [elsewhere.load]}
        """
    stale = {
        f"exception for {name} (revision) is not needed; take it out"
        for name in ("transformers.modeling.PreTrainedModel.from_pretrained", "transformers.LazyLoader")
    }
    excepted = {"transformers.api.model_info  revision", "transformers.arguments.pops  revision"}
    assert run(wheel(tmp_path / "wheels"), exceptions) == (1, UNKNOWN - excepted | stale)


@pytest.mark.parametrize(
    "text",
    [
        "class Model:\n            def from_pretrained(cls, pretrained_model_name_or_path, revision=None): ...",
        "def load(name): ...",
        "def _load(name, revision=None): ...",
    ],
)
def test_where_everything_is_known_the_exit_code_is_0(tmp_path: Path, text: str) -> None:
    folder = wheel(tmp_path / "wheels", {"transformers/modeling.py": "\n        " + text})
    assert run(folder, "exceptions: []") == (0, {"every callable is known or excepted"})


def test_a_line_says_where_a_callable_is_and_how_many_names_it_has(tmp_path: Path) -> None:
    modules = {
        "transformers/__init__.py": "from .loading import fetch",
        "transformers/loading.py": "\ndef fetch(name, revision=None, weights_only=True): ...",
        "transformers/broken.py": "def (",
    }
    _, text = printed(wheel(tmp_path / "wheels", modules), "exceptions: []")
    line, _, _, counts, unread = text.splitlines()
    assert line == (
        "transformers 9.0  transformers.fetch  revision, weights_only  transformers/loading.py:2"
        "  (and 1 more, such as transformers.loading.fetch)"
    )
    assert counts.split() == ["transformers", "9.0", "1", "0", "1"]
    assert unread.endswith("not read: transformers/broken.py")


def test_every_shipped_exception_has_a_reason() -> None:
    text = SCRIPT.with_suffix(".yaml").read_text()
    reasons = [line.partition("reason: ")[2] for line in text.splitlines() if "- reason:" in line]
    assert [reason for reason in reasons if len(reason) < 20] == []
