"""Laws of what a repository answers about itself."""

from __future__ import annotations

import gc
import json
import random
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, make_repository

from mlgate.facts.python.scopes import Scope
from mlgate.git.repository import Git
from mlgate.model import Entries, Items, Local, Made, Ref, Template, Value, Version, Vocabulary, Wrapper
from mlgate.modules import Modules
from mlgate.project import Recorder, Repository, answers_hold, digest
from mlgate.trees import CommitTree, WorkTree

MODULES = Modules(Vocabulary(calls=frozenset({"torch.load", "transformers.*.from_pretrained"})))


class Files:
    """A tree in memory that counts what is read."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.seen: list[str] = []

    def paths(self) -> Collection[str]:
        return self.files.keys()

    def read(self, path: str) -> bytes | None:
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        found = {path: self.files[path].encode() for path in paths if path in self.files}
        self.seen += found
        return found


def repository(files: Mapping[str, str]) -> Repository:
    return Repository(Files(files), MODULES)


# --- paths ----------------------------------------------------------------------------------------------------------


def test_files_and_their_folders_exist_and_nothing_else_does() -> None:
    project = repository({"data/raw/x.csv": "", "a.py": ""})
    there = ["data/raw/x.csv", "data/raw", "data", "data/", "./a.py", "data/../a.py", "."]
    assert [path for path in there if not project.exists(path)] == []
    missing = ["x.csv", "dat", "/a.py", "../a.py", "data/raw/x.csv/y", "", "A.py", "a.py\0"]
    assert [path for path in missing if project.exists(path)] == []


# --- versions -------------------------------------------------------------------------------------------------------


def said(path: str, text: str, package: str = "torch") -> tuple[str, bool] | None:
    version = repository({path: text}).version(package)
    assert version is None or version.source == path
    return version and (version.version, version.exact)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("torch==2.5.1", ("2.5.1", True)),
        ("Torch === 2.5.1", ("2.5.1", True)),
        ("torch[opt]==2.5.1 ; python_version < '3.12'  # why", ("2.5.1", True)),
        ("torch==2.5.1 --hash=sha256:00", ("2.5.1", True)),
        ("torch==2.5.1 \\\n  --hash=sha256:00", ("2.5.1", True)),
        ("torch == 2.5.1+cu121", ("2.5.1+cu121", True)),
        (
            "torch @ https://download.pytorch.org/whl/cu118/torch-2.1.0%2Bcu118-cp310-cp310-linux_x86_64.whl",
            ("2.1.0+cu118", True),
        ),
        ("torch>=2.1,<3", ("2.1", False)),
        ("torch<3,>=2.1,!=2.2", ("2.1", False)),
        ("torch>2.1", ("2.1", False)),
        ("torch~=2.1.2", ("2.1.2", False)),
        ("torch==2.1.*", ("2.1", False)),
        ("torch (>=2.1)", ("2.1", False)),
        ("torch<=2.5", ("2.5", False)),
        ("torch<2.6", ("2.5.9999", False)),
        ("torch<2.6.0", ("2.5.9999", False)),
        ("torch<3", ("2.9999", False)),
        ("torch<3,<2.6", ("2.5.9999", False)),
        ("torch", None),
        ("torch!=2.1", None),
        ("torch @ git+https://github.com/pytorch/pytorch@v2.1", None),
        ("torch==two", None),
        ("torchvision==0.20", None),
        ("# torch==2.5.1", None),
        ("-e torch==2.5.1", None),
        ("torch==2.5.1 extra words", None),
    ],
)
def test_a_requirement_line(line: str, expected: tuple[str, bool] | None) -> None:
    assert said("requirements.txt", f"numpy==1.0\n{line}\n") == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("constraints.txt", "torch==2.5.1", ("2.5.1", True)),
        ("requirements-dev.in", "torch>=2", ("2", False)),
        ("requirements/gpu.txt", "torch>=2", ("2", False)),
        ("notes.txt", "torch==2.5.1", None),
        ("pyproject.toml", '[project]\ndependencies = ["numpy", "torch>=2.1"]', ("2.1", False)),
        ("pyproject.toml", '[project.optional-dependencies]\ngpu = ["torch==2.5.1"]', ("2.5.1", True)),
        ("pyproject.toml", '[dependency-groups]\ndev = [{include-group = "x"}, "torch>=2.1"]', ("2.1", False)),
        ("pyproject.toml", '[tool.uv]\nconstraint-dependencies = ["torch==2.5.1"]', ("2.5.1", True)),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "^2.1"', ("2.1", False)),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "~2.1"', ("2.1", False)),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "2.5.1"', ("2.5.1", True)),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = ">=2.1,<2.2 || >=2.4"', ("2.1", False)),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = {version = "2.*", optional = true}', ("2", False)),
        (
            "pyproject.toml",
            '[tool.poetry.group.dev.dependencies]\ntorch = [{version = "^2.1"}, {version = "^2.0"}]',
            ("2.0", False),
        ),
        ("pyproject.toml", '[tool.poetry.dependencies]\ntorch = "*"', None),
        ("pyproject.toml", '[tool.pixi.dependencies]\npytorch = ">=2.1"', ("2.1", False)),
        ("pyproject.toml", '[build-system]\nrequires = ["torch==2.5.1"]', None),
        ("pyproject.toml", "[project]\ndependencies = 7\n[tool]\nuv = 3", None),
        ("pyproject.toml", "not = [toml", None),
        ("pyproject.toml", "a = " + "[" * 5000, None),
        ("Pipfile", '[packages]\ntorch = "==2.5.1"\n[dev-packages]\nx = "*"', ("2.5.1", True)),
        ("Pipfile", '[packages]\ntorch = {version = ">=2.1", extras = ["opt"]}', ("2.1", False)),
        ("Pipfile.lock", '{"default": {"torch": {"version": "==2.5.1"}}}', ("2.5.1", True)),
        ("Pipfile.lock", '{"default": [', None),
        (
            "uv.lock",
            'version = 1\n\n[[package]]\nname = "torch"\nversion = "2.5.1"\nsource = { registry = "x" }\n',
            ("2.5.1", True),
        ),
        ("uv.lock", '[[package]]\r\nname = "torch"\r\nversion = "2.5.1"\r\n', ("2.5.1", True)),
        ("uv.lock", '[[package]]\nname = "x"\ndependencies = [\n { name = "torch", version = "2.5.1" },\n]\n', None),
        ("poetry.lock", '[[package]]\nname = "torch"\nversion = "2.5.1"\ndescription = ""\n', ("2.5.1", True)),
        ("pylock.toml", '[[packages]]\nname = "torch"\nversion = "2.5.1"\n', ("2.5.1", True)),
        ("setup.cfg", "[options]\ninstall_requires =\n    numpy\n    torch>=2.1\n", ("2.1", False)),
        ("setup.cfg", "[options.extras_require]\ngpu = torch==2.5.1\n", ("2.5.1", True)),
        ("setup.cfg", "no section", None),
        ("setup.py", 'setup(install_requires=["torch>=2.1"])', ("2.1", False)),
        ("setup.py", 'R = ["torch==2.5.1"]\nsetup(extras_require={"all": R + ["x"]})', ("2.5.1", True)),
        ("setup.py", "R = R + R\nsetup(install_requires=R)", None),
        ("setup.py", "setup(install_requires=open('x').read())", None),
        ("setup.py", "not python", None),
        ("environment.yml", "dependencies:\n  - pytorch=2.1\n", ("2.1", False)),
        ("environment.yml", "dependencies:\n  - conda-forge::pytorch=2.1.0\n", ("2.1.0", True)),
        ("environment.yaml", "dependencies:\n- pytorch==2.1.0=py310_0\n", ("2.1.0", True)),
        ("environment.yml", "dependencies:\n  - pytorch=2.1=py310\n", ("2.1", True)),
        ("environment.yml", "dependencies:\n  - 'pytorch>=2.1,<3'\n", ("2.1", False)),
        ("environment.yml", "dependencies:\n  - pytorch 2.1.*\n", ("2.1", False)),
        ("environment.yml", "dependencies:\n  - pip:\n    - torch==2.5.1\n", ("2.5.1", True)),
        ("environment.yml", "name: torch=2.1\ndependencies:\n  - python=3.10\n", None),
    ],
)
def test_each_kind_of_dependency_file(path: str, text: str, expected: tuple[str, bool] | None) -> None:
    assert said(path, text) == expected


def test_a_lock_beats_a_pin_beats_a_range() -> None:
    files = {"pyproject.toml": '[project]\ndependencies=["torch>=1.0"]', "requirements.txt": "torch==2.0"}
    assert repository(files).version("torch") == Version("2.0", True, "requirements.txt")
    files["uv.lock"] = '[[package]]\nname = "torch"\nversion = "2.5.1"\n'
    assert repository(files).version("torch") == Version("2.5.1", True, "uv.lock")


def test_files_that_disagree_count_as_the_lowest_and_not_as_exact() -> None:
    files = {"requirements.txt": "torch==2.10", "requirements-old.txt": "torch==2.9"}
    assert repository(files).version("torch") == Version("2.9", False, "requirements-old.txt")
    files["requirements-old.txt"] = "torch==2.10.0"
    assert repository(files).version("torch") == Version("2.10.0", True, "requirements-old.txt")
    files = {"requirements.txt": "torch>=2.1\ntorch>=1.13; python_version<'3.8'"}
    assert repository(files).version("torch") == Version("1.13", False, "requirements.txt")


MONOREPO = {
    "requirements/base.txt": "torch>=2.1\n-r ../more/extra.list",
    "more/extra.list": "numpy==1.26",
    "examples/requirements.txt": "torch==1.0\nscipy==1.0",
    "examples/deep/requirements.txt": "scipy==0.1\npandas==2.0",
    "services/a/requirements.txt": "torch==2.7",
}


def test_the_nearest_folder_above_the_file_speaks_whatever_was_asked_before() -> None:
    expected = {
        ("torch", "train.py"): Version("2.1", False, "requirements/base.txt"),
        ("torch", "examples/x.py"): Version("1.0", True, "examples/requirements.txt"),
        ("torch", "examples/deep/er/x.py"): Version("1.0", True, "examples/requirements.txt"),
        ("torch", "services/b/x.py"): Version("2.1", False, "requirements/base.txt"),
        ("torch", "services/a/x.py"): Version("2.7", True, "services/a/requirements.txt"),
        ("scipy", "examples/deep/x.py"): Version("0.1", True, "examples/deep/requirements.txt"),
        # Another folder's pin says nothing of this one.
        ("scipy", "train.py"): None,
        ("pandas", "train.py"): None,
        # A file of another name is none, even included: nobody knows its form.
        ("numpy", "train.py"): None,
        ("keras", "train.py"): None,
    }
    questions = list(expected)
    for seed in range(8):
        random.Random(seed).shuffle(questions)
        project = repository(MONOREPO)
        assert {question: project.version(*question) for question in questions} == expected


def test_an_included_file_speaks_for_the_folder_of_the_file_that_includes_it() -> None:
    files = {
        "requirements.txt": "-r deps/one/requirements-core.txt\n-c nowhere.txt\n-r requirements.txt\n",
        "deps/one/requirements-core.txt": "torch==2.5.1",
        "deps/requirements.txt": "torch==1.0",
    }
    for first in ("torch", "pandas"):
        project = repository(files)
        project.version(first)
        assert project.version("torch") == Version("2.5.1", True, "deps/one/requirements-core.txt")


def test_names_are_compared_as_pip_does() -> None:
    project = repository({"requirements.txt": "Sentence_Transformers==2.0"})
    assert project.version("sentence-transformers") == project.version("SENTENCE.TRANSFORMERS") != None  # noqa: E711


def test_deeper_files_are_not_read_without_need() -> None:
    tree = Files({"requirements.txt": "torch==2.0", "a/requirements.txt": "numpy==1.0", "b.txt": "numpy==3"})
    project = Repository(tree)
    project.version("torch")
    assert tree.seen == ["requirements.txt"]
    project.version("numpy", "a/x.py"), project.version("numpy", "a/x.py"), project.version("torch")
    assert tree.seen == ["requirements.txt", "a/requirements.txt"]


def test_a_long_lock_is_read_in_linear_time() -> None:
    text = "".join(f'[[package]]\nname = "p{n}"\nversion = "1.{n}"\ndependencies = []\n\n' for n in range(20_000))
    start = time.perf_counter()
    assert said("uv.lock", text + "x" * 200_000, "p19999") == ("1.19999", True)
    assert time.perf_counter() - start < 5


# --- modules --------------------------------------------------------------------------------------------------------


def exports(text: str, **files: str) -> dict[str, Value]:
    """What `mod.py` exports; further files by their module's name."""
    tree = {f"{name}.py": content for name, content in files.items()}
    return dict(repository({"mod.py": text, "main.py": "", **tree}).module("mod", "main.py"))


def known(text: str, **files: str) -> dict[str, tuple[object, ...]]:
    return {name: value.options for name, value in exports(text, **files).items() if not value.unknown}


def test_aliases_of_libraries() -> None:
    text = """
import torch as t
import torch.nn.functional as F
import numpy.linalg
from torch import load as load_ckpt
from sklearn.externals import joblib
ld = t.load
again = ld
deep = F.relu
"""
    assert known(text) == {
        "t": (Ref("torch"),),
        "F": (Ref("torch.nn.functional"),),
        "numpy": (Ref("numpy"),),
        "load_ckpt": (Ref("torch.load"),),
        "joblib": (Ref("sklearn.externals.joblib"),),
        "ld": (Ref("torch.load"),),
        "again": (Ref("torch.load"),),
        "deep": (Ref("torch.nn.functional.relu"),),
    }


def test_constants() -> None:
    text = """
S = "acme/bert"
I = -3
B = True
N = None
X = 1.5
L = ["a", "b"]
T: tuple = ("a", S)
D = {"revision": "main", **more}
ORG = "acme"
NAME = ORG + "/" + "bert"
F = f"{ORG}/bert-{I}"
H = f"s3://{bucket()}/x"
P, Q = "p", ("q",)
one = two = "both"
"""
    assert known(text) == {
        "S": ("acme/bert",),
        "I": (-3,),
        "B": (True,),
        "N": (None,),
        "X": (1.5,),
        "L": (Items((Value(("a",)), Value(("b",)))),),
        "T": (Items((Value(("a",)), Value(("acme/bert",)))),),
        "D": (Entries((("revision", Value(("main",))),), open=True),),
        "ORG": ("acme",),
        "NAME": ("acme/bert",),
        "F": ("acme/bert--3",),
        "H": (Template(("s3://", None, "/x")),),
        "P": ("p",),
        "Q": (Items((Value(("q",)),)),),
        "one": ("both",),
        "two": ("both",),
    }


def test_several_assignments_are_several_values() -> None:
    text = """
if debug:
    MODEL = "a"
elif other:
    MODEL = "b"
else:
    MODEL = "a"
try:
    FLAG = True
except ImportError:
    FLAG = 1
MIXED = "a"
MIXED = make()
COUNT = 1
COUNT += 1
for LOOP in range(3):
    INNER = "i"
with open("x") as HANDLE:
    pass
FROM_FUNCTION = "a"
def f():
    global FROM_FUNCTION
    FROM_FUNCTION = "b"
    LOCAL = "not exported"
match x:
    case 1:
        CASE = "c"
"""
    found = exports(text)
    assert {name: (value.options, bool(value.unknown)) for name, value in found.items()} == {
        "MODEL": (("a", "b"), False),
        "FLAG": ((True, 1), False),
        "MIXED": (("a",), True),
        "COUNT": ((1,), True),
        "LOOP": ((), True),
        "INNER": (("i",), False),
        "HANDLE": ((Made("open"),), False),
        "FROM_FUNCTION": (("a", "b"), False),
        "f": ((found["f"].options), False),
        "CASE": (("c",), False),
    }


def test_what_the_environment_may_replace_is_evidence() -> None:
    text = """
import os
from os import environ, getenv
from pathlib import Path
A = os.getenv("MODEL", "acme/bert")
B = os.environ.get("MODEL", None)
C = environ.get("MODEL")
D = getenv("MODEL")
E = Path("data")
"""
    found = exports(text)
    assert found["A"] == Value((), "default of environment variable MODEL", ("acme/bert",))
    assert found["B"] == Value((), "default of environment variable MODEL", (None,))
    assert found["C"] == found["D"] == Value((), "environment variable MODEL")
    assert found["E"] == Value((Local("data"),))


def test_a_missing_library_beside_the_import_does_not_hide_it() -> None:
    text = "try:\n    import torch\nexcept ImportError:\n    torch = None\nld = torch.load\n"
    assert exports(text)["torch"] == Value((Ref("torch"), None))
    assert exports(text)["ld"] == Value((Ref("torch.load"),))


def test_too_many_values_are_not_all_kept() -> None:
    value = exports("".join(f"X = {n}\n" for n in range(40)))["X"]
    assert len(value.options) == 16
    assert value == exports("".join(f"X = {n}\n" for n in reversed(range(40))))["X"]
    assert value.unknown


TREE = {
    "src/pkg/__init__.py": (
        "from .io import *\nfrom .io import load_ckpt as lc\nfrom . import io\nfrom .deep import a as A\n"
    ),
    "src/pkg/io.py": "from torch import load as load_ckpt\n_hidden = 1\nMODEL = 'm'\ndef load(): pass\n",
    "src/pkg/deep.py": "from .two import a",
    "src/pkg/two.py": "from .three import a",
    "src/pkg/three.py": "from torch import load as a",
    "src/pkg/sub/__init__.py": "",
    "src/pkg/sub/m.py": "from ..io import MODEL\nfrom ...outside import x\nimport torch.hub",
    "scripts/run.py": "",
    "scripts/helper.py": "X = 'script'",
    "helper.py": "X = 'root'",
    "datasets/__init__.py": "def own(): pass\nfrom datasets import load_dataset\n",
    "tests/test_a.py": "",
    "spaces/mod.py": "Y = 1",
}


def test_modules_are_found_where_python_would() -> None:
    project = repository(TREE)

    def options(name: str, importer: str) -> dict[str, tuple[object, ...]]:
        return {key: value.options for key, value in project.module(name, importer).items() if value.options}

    package = {"lc": (Ref("torch.load"),), "io": (Ref("/src/pkg/io.py"),)}
    assert options("pkg", "tests/test_a.py") == package
    assert project.export("pkg", "MODEL", "tests/test_a.py") == Value(("m",))
    assert project.export("pkg", "_hidden", "tests/test_a.py") is None
    assert project.export("/src/pkg/io.py", "MODEL", "tests/test_a.py") == Value(("m",))
    assert options(".", "src/pkg/io.py") == package
    assert options("..", "src/pkg/sub/m.py") == package
    assert options(".io", "src/pkg/deep.py") == options("..io", "src/pkg/sub/m.py")
    assert options("helper", "scripts/run.py") == {"X": ("script",)}
    assert options("helper", "tests/test_a.py") == {"X": ("root",)}
    assert options("spaces.mod", "scripts/run.py") == {"Y": (1,)}
    assert options("pkg.sub.m", "main.py") == {"MODEL": ("m",), "torch": (Ref("torch"),)}
    for name, importer in (
        ("torch", "main.py"),
        ("pkg.nope", "main.py"),
        (".pkg", "src/pkg/io.py"),
        ("....x", "src/pkg/io.py"),
        ("", "main.py"),
    ):
        assert project.module(name, importer) == {}
    # Inside a package an absolute import begins above it.
    assert project.module("two", "src/pkg/io.py") == {}


def test_reexports_are_followed_through_two_further_modules() -> None:
    project = repository(TREE)
    assert project.module("pkg.two", "main.py")["a"] == Value((Ref("torch.load"),))
    assert project.module("pkg.deep", "main.py")["a"] == Value((Ref("torch.load"),))
    beyond = project.module("pkg", "main.py")["A"]
    assert beyond.options == ()
    assert beyond.unknown


def test_what_a_module_defines_itself_is_not_a_library_s() -> None:
    """A folder `datasets` in the repository: its own functions are its own, what it has not is the library's."""
    found = repository(TREE).module("datasets", "main.py")
    assert [type(option) for option in found["own"].options] == [Wrapper]
    assert found["load_dataset"] == Value((Ref("datasets.load_dataset"),))


@pytest.mark.parametrize(
    "text",
    [
        "def (:",
        "x = 1\0",
        "x = " + "(" * 300 + ")" * 300,
        "x = " + "+".join("'a'" for _ in range(5000)),
        "x = " + "a" + ".b" * 5000,
        "if a:\n    pass\n" + "elif b:\n    pass\n" * 3000,
        "x = '" + "a" * 2_000_000 + "'",
    ],
)
def test_a_module_that_cannot_be_read_has_no_exports(text: str) -> None:
    assert known(text) == {}


@pytest.mark.parametrize(
    "text", ["x = " + "+".join("'a'" for _ in range(400)), "import a\nx = a" + ".b" * 30, "x = " + "[" * 90 + "]" * 90]
)
def test_what_is_within_bounds_is_read(text: str) -> None:
    assert "x" in known(text)


def test_cycles_end() -> None:
    text = "from other import *\nfrom other import b\na = 1"
    assert known(text, other="from mod import *\nfrom mod import a\nb = a") == {"a": (1,), "b": (1,)}
    assert known("from mod import x") == {"x": (Ref("mod.x"),)}
    assert known("x = y\ny = x") == {}


def test_many_reexports_are_affordable() -> None:
    """A package of 30 modules that import each other by name, 200 names each: each is computed once."""
    modules = {
        f"p/m{n}.py": "".join(f"from .m{(n + k) % 30} import x{k}\n" for k in range(200)) + "x0 = 1\n"
        for n in range(30)
    }
    start = time.perf_counter()
    assert len(repository({"p/__init__.py": "", **modules}).module("p.m0", "main.py")) == 200
    assert time.perf_counter() - start < 5


# --- the two sides --------------------------------------------------------------------------------------------------


def test_each_side_is_answered_from_its_own_tree(tmp_path: Path) -> None:
    work = make_repository(
        tmp_path,
        {
            "requirements.txt": "torch==2.6",
            "data/x.csv": "",
            "mod.py": "M = 'old'",
            "same.py": "S = 1",
            "old.py": "O = 1",
        },
    )
    commit = work.git("rev-parse", "HEAD")
    work.git("rm", "--quiet", "--cached", "old.py")
    (tmp_path / "old.py").unlink()
    work.write(
        {"requirements.txt": "torch==2.5", "new/x.py": "", "mod.py": "M = 'new'", ".gitignore": "*.log", "a.log": ""}
    )
    git = Git(str(tmp_path), ENVIRONMENT)
    tree = WorkTree(str(tmp_path), git)
    head = Repository(tree, MODULES)
    bases = [
        Repository(one, MODULES)
        for one in (CommitTree(git, commit), CommitTree(git, commit, tree, git.changes(commit)))
    ]

    assert head.version("torch") == Version("2.5", True, "requirements.txt")
    assert head.module("mod", "main.py") == {"M": Value(("new",))}
    assert (head.exists("new"), head.exists("data"), head.exists("old.py"), head.exists("a.log")) == (
        True,
        True,
        False,
        False,
    )
    for base in bases:
        assert base.version("torch") == Version("2.6", True, "requirements.txt")
        assert base.module("mod", "main.py") == {"M": Value(("old",))}
        assert base.module("same", "main.py") == {"S": Value((1,))}
        assert base.module("old", "main.py") == {"O": Value((1,))}
        assert (base.exists("new"), base.exists("data"), base.exists("old.py")) == (False, True, True)


def test_without_git_the_folder_answers(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("torch==2.5")
    assert Repository(WorkTree(str(tmp_path), None)).version("torch") == Version("2.5", True, "requirements.txt")


# --- the record -----------------------------------------------------------------------------------------------------


def ask(project: Recorder) -> None:
    project.version("torch")
    project.version("torch")
    project.exists("data")
    project.export("mod", "M", "main.py")
    project.export("mod", "N", "main.py")
    project.export(".", "load", "pkg/a.py")
    project.find_module("mod", "main.py")
    project.is_library("mod")


def test_every_question_is_recorded_once_with_its_answer() -> None:
    project = repository({"requirements.txt": "torch==2.6", "mod.py": "M = 1"})
    recorder = Recorder(project)
    assert recorder.questions == ()
    ask(recorder)
    assert [question for question, _ in recorder.questions] == [
        ("exists", "data"),
        ("export", ".", "load", "pkg/a.py"),
        ("export", "mod", "M", "main.py"),
        ("export", "mod", "N", "main.py"),
        ("find-module", "mod", "main.py"),
        ("is-library", "mod"),
        ("version", "torch", ""),
    ]
    assert recorder.version("torch") == project.version("torch")
    assert recorder.export("mod", "M", "main.py") == project.export("mod", "M", "main.py") == Value((1,))


@pytest.mark.parametrize(
    "change",
    [
        {"requirements.txt": "torch==2.5"},
        {"requirements.txt": ""},
        {"data/x.csv": ""},
    ],
)
def test_answers_hold_until_one_differs(change: dict[str, str]) -> None:
    files = {"requirements.txt": "torch==2.6", "mod.py": "M = 1", "main.py": ""}
    recorder = Recorder(repository(files))
    ask(recorder)
    stored = json.loads(json.dumps(recorder.plain))
    assert answers_hold(repository(files), stored)
    assert answers_hold(repository({**files, "main.py": "changed", "other.py": ""}), stored)
    assert not answers_hold(repository({**files, **change}), stored)


def test_a_record_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="no such question"):
        answers_hold(repository({}), [(["colour", "x"], "")])


def test_equal_answers_have_equal_digests_and_others_do_not() -> None:
    assert digest(Version("1", True, "x")) == digest(Version("1", True, "x"))
    answers = [None, True, False, "x", "None", Version("1", True, "x"), Version("1", False, "x")]
    assert len({digest(answer) for answer in answers}) == len(answers)


def test_modules_that_are_no_longer_kept_are_gone_without_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlgate.shelf.MAX_HELD", 1)
    files = {f"m{number}.py": f"class C:\n    def f(self):\n        self.x = {number}\n" for number in range(9)}
    project = Repository(Files(files), Modules(MODULES.vocabulary))
    gc.collect()
    gc.disable()
    try:
        before = outlines_alive()
        for number in range(9):
            assert project.export(f"m{number}", "C", "main.py") is not None
        assert outlines_alive() == before + 1
    finally:
        gc.enable()


def outlines_alive() -> int:
    return sum(isinstance(one, Scope) and one.kind == "module" for one in gc.get_objects())
