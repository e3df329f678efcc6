"""What is loaded, followed through names, tables, classes, functions and files: exact places and confidences."""

from __future__ import annotations

import json
import re

import pytest

from mlgate.cascade import Bundle
from mlgate.examples import examine_example
from mlgate.model import Example, Finding
from mlgate.policy import load_bundle
from mlgate.shipped import shipped

SHA = "5f1c7a2e9b3d4860a1c2e3f405162738495a6b7c"
HEAD = "from transformers import AutoModel\n"
MARK = re.compile(r"  #! (high|medium|low)$")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(shipped("policies"))


def found(bundle: Bundle, files: dict[str, str]) -> dict[tuple[str, int], Finding]:
    """Findings of the files, which mark the lines that hold one: `  #! high`."""
    plain = {path: _notebook(text) if path.endswith(".ipynb") else _unmarked(text) for path, text in files.items()}
    findings = examine_example(Example(plain), bundle)
    places = {(one.location.path, _line(one)): one for one in findings}
    assert len(places) == len(findings), "two findings on one line"
    expected = {
        (path, number): mark[1]
        for path, text in files.items()
        for number, line in enumerate(text.replace("# ---\n", "").split("\n"), 1)
        if (mark := MARK.search(line))
    }
    assert {place: one.confidence.name.lower() for place, one in places.items()} == expected
    return places


def _unmarked(text: str) -> str:
    return "\n".join(MARK.sub("", line) for line in text.split("\n"))


def _notebook(text: str) -> str:
    """Cells apart by `# ---`."""
    cells = [
        {"cell_type": "code", "id": f"c{place}", "metadata": {}, "execution_count": None, "outputs": [], "source": cell}
        for place, cell in enumerate(_unmarked(text).split("# ---\n"))
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _line(finding: Finding) -> int:
    """Of the cells' lines, one behind the other; all cells of these tests but the last have two lines."""
    cell = finding.location.cell
    return finding.location.line if cell is None else cell.line + 2 * (cell.index - 1)


@pytest.mark.parametrize(
    "code",
    [
        f'S = "{SHA}"\nm = AutoModel.from_pretrained("acme/a", revision="main" if x else S)  #! high',
        f'S = "{SHA}"\nm = AutoModel.from_pretrained("acme/a", revision=S)',
        'from enum import Enum\nclass M(Enum):\n    A = "acme/a"\nAutoModel.from_pretrained(M.A.value)  #! high',
        'import enum\nclass M(str, enum.Enum):\n    A = "./a"\nfor m in M:\n    AutoModel.from_pretrained(m.value)',
        'D = {"a": "acme/a"}\nfor name, one in D.items():\n    AutoModel.from_pretrained(one)  #! high',
        'D = {"./a": "acme/a"}\nfor name, one in D.items():\n    AutoModel.from_pretrained(name)',
        'D = {}\nD["a"] = "acme/a"\nAutoModel.from_pretrained(D["a"])  #! high',
        'D = {"a": "./a"}\nAutoModel.from_pretrained(D.get("b", "acme/b"))  #! high',
        'import os\nAutoModel.from_pretrained(os.path.join("acme/", "a"))  #! high',
        'import os\nAutoModel.from_pretrained(os.path.join("acme/a", "/srv/a"))',
        'AutoModel.from_pretrained("%(org)s/a" % {"org": "acme"})  #! high',
        'a, *rest = "./x", "acme/b"\n*most, last = "acme/a", "./x"\nAutoModel.from_pretrained(last)',
        'for place, name in enumerate(["acme/a"]):\n    AutoModel.from_pretrained(name)  #! high',
        'for a, b in zip(["./a"], ["acme/b"]):\n    AutoModel.from_pretrained(b)  #! high',
        'class A:\n    @property\n    def n(self):\n        return "acme/a"\nAutoModel.from_pretrained(A().n)  #! high',
    ],
)
def test_a_value_is_followed(bundle: Bundle, code: str) -> None:
    found(bundle, {"a.py": HEAD + code})


@pytest.mark.parametrize(
    "code",
    [
        'def get(name):\n    return AutoModel.from_pretrained(name)  #! medium\nget("acme/a")',
        'def get(name):\n    return AutoModel.from_pretrained(name)\nget("./a")',
        f'def get(name):\n    return AutoModel.from_pretrained(name, revision="{SHA}")\nget("acme/a")',
        f'def get(name, sha):\n    return AutoModel.from_pretrained(name, revision=sha)\nget("acme/a", "{SHA}")',
        'def get(name="acme/a"):\n    return AutoModel.from_pretrained(name)  #! low\n',
        "class A:\n    def __init__(self, name):\n        self.name = name\n    def get(self):\n"
        '        return AutoModel.from_pretrained(self.name)  #! medium\nA("acme/a").get()',
        "import torch\ndef get(path, safe):\n    return torch.load(path, weights_only=safe)  #! low\nget('x', False)",
        "import torch\ndef get(path, safe):\n    return torch.load(path, weights_only=safe)\nget('x', True)",
        f'def get(name, **kw):\n    return AutoModel.from_pretrained(name, revision="{SHA}", **kw)  #! low\n'
        'get("acme/a", trust_remote_code=True)',
        "from dataclasses import dataclass\n@dataclass\nclass C:\n    name: str = 'acme/a'\nc = C()\n"
        "AutoModel.from_pretrained(c.name)  #! low\nd = C(name='acme/b')",
        'import click\n@click.option("--name", default="acme/a")\ndef main(name):\n'
        "    AutoModel.from_pretrained(name)  #! low",
        "import typer\ndef main(name: str = typer.Option('./a')):\n    AutoModel.from_pretrained(name)",
    ],
)
def test_what_calls_pass_is_more_than_a_default_and_less_than_a_constant(bundle: Bundle, code: str) -> None:
    found(bundle, {"a.py": HEAD + code})


def test_the_reason_names_the_caller(bundle: Bundle) -> None:
    code = HEAD + 'def get(name):\n    return AutoModel.from_pretrained(name)  #! medium\nget("acme/a")'
    (finding,) = found(bundle, {"a.py": code}).values()
    assert (finding.reason, finding.asset) == ("a call of this file passes it", "acme/a")


CONFIG = """
MODEL = "acme/a"
class Config:
    name = "acme/b"
    def __init__(self):
        self.other = "acme/c"
"""
TOOLS = f"""
import torch
from functools import partial
from transformers import AutoModel
def load(path):
    return torch.load(path, weights_only=False)  #! high
def get(name, **more):
    return AutoModel.from_pretrained(name, **more)  #! low
def pinned(name):
    return AutoModel.from_pretrained(name, revision="{SHA}")
fetch = partial(AutoModel.from_pretrained, revision="main")  #! low
class Loader:
    def get(self, name):
        return AutoModel.from_pretrained(name)  #! low
"""


@pytest.mark.parametrize(
    ("path", "start"), [("config.py", "config"), ("src/pkg/config.py", "pkg.config"), ("pkg/config.py", "pkg.config")]
)
def test_constants_and_classes_of_other_files_are_known(bundle: Bundle, path: str, start: str) -> None:
    main = HEAD + f"from {start} import MODEL, Config\nimport {start} as c\n"
    main += "AutoModel.from_pretrained(MODEL)  #! high\nAutoModel.from_pretrained(c.MODEL)  #! high\n"
    main += "AutoModel.from_pretrained(Config.name)  #! high\nAutoModel.from_pretrained(Config().other)  #! high\n"
    found(bundle, {path: CONFIG, "main.py": main, "scripts/run.py": main})


def test_relative_imports_are_seen_from_where_they_stand(bundle: Bundle) -> None:
    main = HEAD + "from ..config import MODEL\nfrom .. import config\nfrom .mid import cfg\n"
    main += "AutoModel.from_pretrained(MODEL)  #! high\nAutoModel.from_pretrained(config.MODEL)  #! high\n"
    main += "AutoModel.from_pretrained(cfg.MODEL)  #! high\n"
    files = {"p/config.py": CONFIG, "p/sub/main.py": main, "p/sub/mid.py": "from .. import config as cfg\n"}
    found(bundle, files | {"p/sub/__init__.py": "", "p/__init__.py": ""})


def test_a_wrapper_of_another_file_is_what_it_hands_on(bundle: Bundle) -> None:
    """Reported where it stands if that decides, else where it is called; names no library, and is screened in."""
    main = f"""
from tools import Loader, fetch, get, load, pinned
load("https://x.example/a.bin")
get("acme/a")  #! medium
get("acme/a", revision="{SHA}")
get("./a")
pinned("acme/b")
fetch("acme/c")  #! high
Loader().get("acme/d")  #! medium
"""
    found(bundle, {"tools.py": TOOLS, "main.py": main})


def test_a_notebook_that_runs_another_has_its_names(bundle: Bundle) -> None:
    setup = 'from transformers import AutoModel as AM\nMODEL = "acme/a"\n'
    run = "%run {}\n\n# ---\nAM.from_pretrained(MODEL)  #! high\n"
    found(bundle, {"setup.ipynb": setup, "a.ipynb": run.format("setup.ipynb"), "b.ipynb": run.format("./setup")})
    found(bundle, {"nb/setup.ipynb": setup, "c.ipynb": run.format("-i nb/setup.ipynb")})


def test_a_module_that_the_notebook_writes_is_known(bundle: Bundle) -> None:
    cells = '%%writefile conf.py\nMODEL = "acme/a"\n# ---\nfrom conf import MODEL\nfrom transformers import AutoModel\n'
    found(bundle, {"a.ipynb": cells + "AutoModel.from_pretrained(MODEL)  #! high\n"})


@pytest.mark.parametrize(
    "code",
    [
        'p = "some/thing"\nif os.path.exists(p):\n    AutoModel.from_pretrained(p)\nelse:\n'
        "    AutoModel.from_pretrained(p)  #! high",
        'p = "some/thing"\nif not os.path.isdir(p):\n    raise SystemExit\nAutoModel.from_pretrained(p)',
        'p = "some/thing"\nassert Path(p).exists()\nAutoModel.from_pretrained(p)',
        "def f(path):\n    if path.is_dir() and x:\n        AutoModel.from_pretrained(path)",
        'p = a if os.path.isdir(a) else "acme/a"\nAutoModel.from_pretrained(p)  #! high',
        'def f(p):\n    if os.path.exists(p):\n        p = "acme/a"\n        AutoModel.from_pretrained(p)  #! high',
        'def f(p):\n    assert os.path.exists(p)\n    p = "acme/a"\n    AutoModel.from_pretrained(p)  #! high',
        'def f(p):\n    if os.path.exists(p): p = "acme/a"; AutoModel.from_pretrained(p)  #! high',
        "AutoModel.from_pretrained(args.output_dir)\nAutoModel.from_pretrained(model_dir)",
        "AutoModel.from_pretrained(other)  #! low",
        'AutoModel.from_pretrained("path-to-your-model")  #! low\nAutoModel.from_pretrained("output")  #! low',
        f'from huggingface_hub import snapshot_download\nd = snapshot_download("acme/a", revision="{SHA}")\n'
        "AutoModel.from_pretrained(d)\nAutoModel.from_pretrained(os.path.join(d, 'x'))",
        f'import huggingface_hub as h\nh.snapshot_download("acme/a", revision="{SHA}", local_dir="phi2")\n'
        "AutoModel.from_pretrained('phi2')",
        "from peft import PeftModel\nm.save_pretrained('acme/a')\nPeftModel.from_pretrained(m, 'acme/a')",
    ],
)
def test_what_is_on_this_machine_is_no_name_on_a_hub(bundle: Bundle, code: str) -> None:
    found(bundle, {"a.py": HEAD + "import os\nfrom pathlib import Path\n" + code})


def test_in_the_library_s_own_repository_its_code_is_the_library(bundle: Bundle) -> None:
    files = {
        "setup.py": 'from setuptools import setup\nsetup(\n    name="huggingface_hub",\n)\n',
        "src/huggingface_hub/__init__.py": "from .file_download import hf_hub_download\n",
        "src/huggingface_hub/file_download.py": "def hf_hub_download(repo_id, filename): ...\n",
        "utils/push.py": 'from huggingface_hub import hf_hub_download\nhf_hub_download("acme/a", "x")  #! high\n',
    }
    found(bundle, files)
    found(bundle, {**files, "setup.py": "setup(name='mine')", "utils/push.py": _unmarked(files["utils/push.py"])})


def test_a_repository_of_any_other_name_knows_its_own_classes(bundle: Bundle) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "mine"\n',
        "mine/models.py": "from transformers import PreTrainedModel\nclass Mine(PreTrainedModel): ...\n",
        "run.py": 'from mine.models import Mine\nMine.from_pretrained("acme/a")  #! high\n',
    }
    found(bundle, files)


def test_a_function_that_was_wrapped_is_still_the_library_s(bundle: Bundle) -> None:
    cells = "from torch import load\nimport functools\n# ---\nload = functools.lru_cache(load)  #! low\n\n# ---\n"
    found(bundle, {"a.ipynb": cells + 'load("x", weights_only=False)  #! high\n'})


@pytest.mark.parametrize(
    "code",
    [
        "import pickle\ntry:\n    pickle = other()\nexcept OSError:\n    pass\npickle.load(f)  #! high",
        "import pickle\ntry:\n    pass\nexcept OSError as pickle:\n    pass\npickle.load(f)  #! high",
        "import pickle\nfor pickle in ():\n    pass\npickle.load(f)  #! high",
        "import pickle\n0 and (pickle := 1)\npickle.load(f)  #! high",
        "import pickle\ndef never():\n    global pickle\n    pickle = 1\npickle.load(f)  #! high",
        "from pickle import load\nif x:\n    load = open('x')\nload(f)  #! high",
        "import pickle\nTYPE_CHECKING = True\nif TYPE_CHECKING:\n    pickle.load(f)  #! high",
        "import pickle\nmatch x:\n    case pickle if 0:\n        pass\npickle.load(f)  #! high",
    ],
)
def test_what_may_not_happen_hides_nothing(bundle: Bundle, code: str) -> None:
    found(bundle, {"a.py": code})


CHANGES = ["o['weights_only'] = False", "o.update(weights_only=False)", "o.update({'weights_only': False})"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_table_is_given_later_counts(bundle: Bundle, change: str) -> None:
    found(bundle, {"a.py": f"import torch\no = {{'weights_only': True}}\n{change}\ntorch.load(f, **o)  #! high"})
