"""What Python code says, resolved: names, arguments, values, places."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlgate.facts.python import extract
from mlgate.model import (
    Confidence,
    Fact,
    Handed,
    Items,
    Kind,
    Local,
    Place,
    Ref,
    Template,
    Unit,
    Value,
    Version,
    Vocabulary,
)

VOCABULARY = Vocabulary(
    calls=frozenset(
        "torch.load pickle.load pickle.loads pickle.Unpickler pickle.Unpickler.load transformers.*.from_pretrained "
        "gradio.*.launch diffusers.?.load_lora_weights ?.deploy_model".split()
    ),
    strings=("s3://",),
)


class Files:
    """A project of a few modules."""

    def __init__(self, modules: Mapping[str, Mapping[str, Value]] = {}, paths: frozenset[str] = frozenset()) -> None:
        self.modules = modules
        self.known = paths | {f"{name}.py" for name in modules}

    def version(self, package: str) -> Version | None:
        return None

    def exists(self, path: str) -> bool:
        return path in self.known

    def find_module(self, name: str, importer: str) -> str | None:
        return f"/{name.lstrip('.')}.py" if name.lstrip(".") in self.modules else None

    def is_library(self, name: str) -> bool:
        return False

    def handed_on(self, module: str, importer: str) -> Handed | None:
        return None if self.find_module(module, importer) else Handed()

    def export(self, module: str, name: str, importer: str) -> Value | None:
        return self.modules.get(module.lstrip("."), {}).get(name)

    def member(self, place: Place, name: str) -> Value | None:
        return None

    @property
    def hops(self) -> int:
        return 0


def facts(*cells: str, project: Files | None = None) -> list[Fact]:
    units = [Unit(place, text) for place, text in enumerate(cells)]
    return list(extract(units, VOCABULARY, project or Files(), "a.py").facts)


def calls(*cells: str, project: Files | None = None) -> list[tuple[str, int, int]]:
    return [(f.name, f.span.cell, f.span.line) for f in facts(*cells, project=project) if f.kind == "call"]


def argument(text: str, name: str, project: Files | None = None) -> Value:
    found = [fact for fact in facts(text, project=project) if fact.kind == "call"]
    assert len(found) == 1
    return found[0].args[name]


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load(f)",
        "import torch as t\nt.load(f)",
        "from torch import load\nload(f)",
        "from torch import load as ld\nld(f)",
        "from torch import *\nload(f)",
        "import torch\nld = torch.load\nld(f)",
        "import torch\ngetattr(torch, 'lo' + 'ad')(f)",
        "import importlib\nimportlib.import_module('torch').load(f)",
        "__import__('torch').load(f)",
        "def f():\n    import torch\n    torch.load(x)",
        "try:\n    import torch\nexcept ImportError:\n    torch = None\ntorch.load(f)",
        "import torch\nclass A:\n    load = torch.load\n    def go(self):\n        self.load(f)",
        "import functools, torch\nfunctools.partial(torch.load, weights_only=True)(f)",
    ],
)
def test_a_call_is_found_under_the_name_of_its_library(code: str) -> None:
    assert ("torch.load", 0, code.count("\n") + 1) in calls(code)


@pytest.mark.parametrize(
    "code",
    [
        "def load(f): ...\nload(f)",
        "import json as torch\ntorch.load(f)",
        "from mine import load\nload(f)",
        "def g(torch):\n    torch.load(f)",
        "import torch\n# torch.load(f)\n'torch.load(f)'",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n    torch.load(f)",
    ],
)
def test_what_only_has_the_name_is_not_the_library(code: str) -> None:
    assert calls(code) == []


def test_cells_share_one_scope() -> None:
    assert calls("import torch as t", "x = 1", "t.load(f)") == [("torch.load", 2, 1)]


def test_a_name_set_in_several_cells_has_all_its_values() -> None:
    cells = ("from transformers import AutoModel\nM = 'a/b'", "AutoModel.from_pretrained(M)", "M = 'c/d'")
    (fact,) = [fact for fact in facts(*cells) if fact.kind == "call"]
    assert set(fact.args["0"].options) == {"a/b", "c/d"}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("AutoModel.from_pretrained('a' + '/b')", Value(("a/b",))),
        ("o = 'a'\nAutoModel.from_pretrained(f'{o}/b')", Value(("a/b",))),
        ("AutoModel.from_pretrained('%s/%s' % ('a', 'b'))", Value(("a/b",))),
        ("AutoModel.from_pretrained('{}/b'.format('a'))", Value(("a/b",))),
        ("AutoModel.from_pretrained('/'.join(['a', 'b']))", Value(("a/b",))),
        ("AutoModel.from_pretrained({'x': 'a/b'}['x'])", Value(("a/b",))),
        ("x, y = 'a/b', 1\nAutoModel.from_pretrained(x)", Value(("a/b",))),
        ("if z:\n    m = 'a'\nelse:\n    m = 'b'\nAutoModel.from_pretrained(m)", Value(("a", "b"))),
        ("m = 'a'\nm = 'b'\nAutoModel.from_pretrained(m)", Value(("b",))),
        ("for m in ['a', 'b']:\n    AutoModel.from_pretrained(m)", Value(("a", "b"))),
        ("AutoModel.from_pretrained(f's/{zz}')", Value((Template(("s/", None)),))),
        ("from pathlib import Path\nAutoModel.from_pretrained(Path('d') / 'm')", Value((Local("d/m"),))),
        ("import os\nAutoModel.from_pretrained(os.path.join('d', 'm'))", Value(("d/m",))),
        ("def f(m='a/b'):\n    AutoModel.from_pretrained(m)", Value((), "default of m", ("a/b",))),
    ],
)
def test_a_value_is_folded(code: str, value: Value) -> None:
    assert argument("from transformers import AutoModel\n" + code, "0") == value


def test_keyword_arguments_of_a_literal_dict_are_known() -> None:
    code = "from transformers import AutoModel\nkw = {'revision': 'main'}\nAutoModel.from_pretrained('a', **kw)"
    assert argument(code, "revision") == Value(("main",))


def test_a_constant_of_another_file_is_known() -> None:
    project = Files({"config": {"MODEL": Value(("a/b",))}})
    code = "from transformers import AutoModel\nfrom config import MODEL\nAutoModel.from_pretrained(MODEL)"
    assert argument(code, "0", project) == Value(("a/b",))


def test_a_library_renamed_in_another_file_is_found() -> None:
    project = Files({"tools": {"fetch": Value((Ref("torch.load"),))}})
    assert calls("from tools import fetch\nfetch(x)", project=project) == [("torch.load", 0, 2)]


def test_a_reference_is_found_once_and_is_not_certain() -> None:
    (fact,) = [one for one in facts("import pickle\nlist(map(pickle.loads, blobs))") if one.kind == "call"]
    assert (fact.name, fact.open, fact.confidence) == ("pickle.loads", True, Confidence.MEDIUM)


def test_an_object_of_unknown_class_is_found_where_its_library_is_imported() -> None:
    code = "def f(pipe):\n    pipe.load_lora_weights('a/b')\n"
    assert calls(code) == []
    assert calls("import diffusers\n" + code) == [("?.load_lora_weights", 0, 3)]


def test_methods_are_named_by_the_class_and_its_bases() -> None:
    code = "import gradio as gr\nclass Mine(gr.Blocks): ...\nwith gr.Blocks() as demo: ...\n"
    code += "demo.queue().launch()\nMine().launch()"
    assert calls(code) == [("gradio.Blocks.queue.launch", 0, 4), ("gradio.Blocks.launch", 0, 5)]


@pytest.mark.parametrize(
    ("code", "origin"),
    [
        ("pickle.load(open('m.pkl', 'rb'))", "unknown"),
        ("with open('m.pkl', 'wb') as f:\n    pickle.dump(x, f)\npickle.load(open('m.pkl', 'rb'))", "own-output"),
        ("import requests\npickle.loads(requests.get('https://x.example/m').content)", "remote"),
        ("from urllib.request import urlretrieve\nurlretrieve(u, 'm.pkl')\npickle.load(open('m.pkl', 'rb'))", "remote"),
        ("pickle.load(open('here.pkl', 'rb'))", "repository"),
    ],
)
def test_the_origin_of_what_is_loaded_is_traced(code: str, origin: str) -> None:
    found = facts("import pickle\n" + code, project=Files(paths=frozenset({"here.pkl"})))
    (fact,) = [one for one in found if one.name in ("pickle.load", "pickle.loads")]
    assert fact.attributes["origin"] == Value((origin,))
    assert (fact.confidence is Confidence.MEDIUM) is (origin == "own-output")


def test_a_restricting_unpickler_says_so() -> None:
    body = "import pickle\nclass R(pickle.Unpickler):\n    def find_class(self, m, n):\n        "
    (strict,) = [one for one in facts(body + "raise ValueError(m)\nR(f).load()") if one.name.endswith(".load")]
    (loose,) = [
        one for one in facts(body + "return super().find_class(m, n)\nR(f).load()") if one.name.endswith(".load")
    ]
    assert strict.attributes.get("receiver-restricts") == Value((True,))
    assert "receiver-restricts" not in loose.attributes


def test_a_name_that_became_an_object_is_the_object() -> None:
    cells = ("from torch import load", "load = load(f)", "load(g)", "from torch import load\nload(h)")
    found = [(one.span.cell, one.confidence) for one in facts(*cells) if one.name == "torch.load"]
    assert found == [(1, Confidence.HIGH), (2, Confidence.LOW), (3, Confidence.HIGH)]


def test_columns_count_code_points_from_one() -> None:
    (fact,) = [one for one in facts("import torch\nß = 'ééé'; torch.load(f)") if one.kind == "call"]
    assert (fact.span.line, fact.span.column, fact.span.end_column) == (2, 12, 25)


def test_a_cell_that_does_not_parse_takes_nothing_from_the_others() -> None:
    found = facts("import torch", "this is no python", "torch.load(f)")
    assert [(one.kind, one.name, one.span.cell) for one in found] == [
        ("input", "unparsed", 1),
        ("call", "torch.load", 2),
    ]


def test_strings_know_how_they_are_used() -> None:
    code = '"""s3://doc"""\nread("s3://a")\nprint("s3://b")\nif x.startswith("s3://"): ...\nb = f"s3://{c}/x"'
    uses = {(one.name, str(one.attributes["use"].options[0])) for one in facts(code) if one.kind == "string"}
    assert uses == {
        ("s3://doc", "docstring"),
        ("s3://a", "argument"),
        ("s3://b", "message"),
        ("s3://", "pattern"),
        ("s3://{…}/x", "other"),
    }


def test_commands_in_strings_are_handed_on() -> None:
    code = 'import os, subprocess, sys\nos.system("curl x | sh")\n'
    code += 'subprocess.run([sys.executable, "-m", "pip", "install", pkg])'
    extraction = extract([Unit(0, code)], VOCABULARY, Files(), "a.py")
    assert [(one.kind, one.unit.text) for one in extraction.embedded] == [
        (Kind.SHELL, "curl x | sh"),
        (Kind.SHELL, "python -m pip install {…}"),
    ]


def test_jupyter_settings_of_one_file_are_one_server() -> None:
    code = "c.ServerApp.ip = '0.0.0.0'\nc.ServerApp.token = ''\n"
    (server,) = [one for one in facts(code) if one.kind == "server"]
    assert (server.name, dict(server.attributes)) == ("jupyter", {"host": Value(("0.0.0.0",)), "auth": Value(("",))})


def test_lists_keep_the_values_of_their_elements() -> None:
    value = argument("from transformers import AutoModel\nAutoModel.from_pretrained(['a', b])", "0")
    assert value == Value((Items((Value(("a",)), Value((), "`b` is not set in this file"))),))


def test_a_list_that_reads_like_a_command_is_one_and_is_said_once() -> None:
    code = 'import subprocess\nargs = ["vllm", "serve", model,\n        "--host=0.0.0.0"]\n'
    code += 'subprocess.run(["ls", "-l"])\nparse(["--flag", "-x"])\nnames = ["a", "b"]\n'
    code += 'cmd = ["ls", "-a"]\nsubprocess.run(cmd)'
    extraction = extract([Unit(0, code)], VOCABULARY, Files(), "a.py")
    assert [(one.origin, one.unit.text.replace(" \\\n", " ")) for one in extraction.embedded] == [
        ("subprocess", "ls -l"),
        ("subprocess", "ls -a"),
        ("arguments", "vllm serve {…} --host=0.0.0.0"),
    ]
    listed = extraction.embedded[-1].unit.lines
    assert listed is not None
    assert [line for line, _ in listed.lines] == [2, 2, 2, 3]


def test_a_table_of_bigquery_is_an_address_where_there_is_a_client() -> None:
    code = 'TABLE = "acme-prod.tickets.closed"\nother = "torch.nn.Linear"\ntables = {"raw": f"{p}.tickets.raw"}\n'
    assert [one.name for one in facts(code) if one.kind == "string"] == []
    client = "from google.cloud import bigquery\nclient = bigquery.Client()\n"
    project = Vocabulary(VOCABULARY.calls, strings=(r"bq://",))
    found = extract([Unit(0, client + code)], project, Files(), "a.py").facts
    assert [(one.name, one.span.line) for one in found if one.kind == "string"] == [
        ("bq://acme-prod.tickets.closed", 3),
        ("bq://{…}.tickets.raw", 5),
    ]


def test_a_constant_of_a_class_may_have_no_value() -> None:
    """`fast: Final[bool]`, set by `__init__`, as torch.jit asks for."""
    code = (
        "import torch\nclass Net:\n    fast: torch.jit.Final[bool]\n    def f(self):\n        return self.fast.load()\n"
    )
    assert [fact for fact in facts(code) if fact.kind == "input"] == []
