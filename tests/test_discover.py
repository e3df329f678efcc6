"""Laws of discovery: everything that git lists is looked at, or said not to be."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository

from mlgate.discover import Unread, discover, read, sources_at
from mlgate.errors import MlgateError
from mlgate.git.repository import Git
from mlgate.kinds import kind_of_content, kind_of_name
from mlgate.limits import MAX_BYTES
from mlgate.model import Kind, Source

NAMES = [
    "a b.py",
    "-rf.py",
    'quo"te.py',
    "new\nline.py",
    "grüße.ipynb",
    "日本/ノート.ipynb",
    "*.py",
    "not-utf8-\udce9.py",
]


def look(root: Path, *paths: str, git: bool = True, folder: Path | None = None) -> dict[str, Source | Unread]:
    door = Git(str(root), ENVIRONMENT) if git else None
    inventory = discover(str(root), paths, door, str(folder) if folder else None)
    outcomes = list(read(str(root), inventory.entries, door))
    looked = {outcome.path: outcome for outcome in outcomes}
    assert len(looked) == len(outcomes) == len(inventory.entries)
    return looked


def texts(looked: dict[str, Source | Unread]) -> dict[str, str]:
    """Path → content, or the problem's name in angle brackets."""
    return {
        path: outcome.data.decode("utf-8", "surrogateescape") if isinstance(outcome, Source) else f"<{outcome.name}>"
        for path, outcome in looked.items()
    }


# --- kinds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (
            Kind.PYTHON,
            "a.py A.PY stubs.pyi gui.pyw x.ipy .env.py dockerfile.py jupyter_notebook_config.py requirements/x.py",
        ),
        (Kind.NOTEBOOK, "a.ipynb .ipynb_checkpoints/a-checkpoint.ipynb"),
        (Kind.MARKDOWN, "README.md a.Rmd a.qmd a.markdown .env.md"),
        (Kind.SHELL, "a.sh a.bash a.zsh .envrc .bashrc home/.profile"),
        (Kind.DOCKERFILE, "Dockerfile docker/Dockerfile.gpu Dockerfile-dev a.dockerfile a.Dockerfile Containerfile"),
        (Kind.DOTENV, ".env .env.local .env.production prod.env config/.env"),
        (
            Kind.REQUIREMENTS,
            "requirements.txt requirements-dev.txt dev-requirements.txt test_requirements.txt requirements/gpu.txt"
            " constraints.txt upper-constraints.txt requirements.in requirements/dev.in dev.in",
        ),
        (
            Kind.CONFIG,
            "a.yaml a.yml a.json pyproject.toml setup.cfg tox.ini pip.conf .pip/pip.conf pip.ini Pipfile .condarc",
        ),
        (Kind.SQL, "a.sql A.SQL"),
        (None, "LICENSE a.txt MANIFEST.in Makefile.in config.h.in a.bin model.pt .py env a.R notes/required"),
    ],
)
def test_kind_of_name(kind: Kind | None, paths: str) -> None:
    assert {path: kind_of_name(path) for path in paths.split()} == dict.fromkeys(paths.split(), kind)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Kind.TEXT),
        (b"words", Kind.TEXT),
        (b"wor\0ds", Kind.BINARY),
        (b"x" * 100_000 + b"\0", Kind.TEXT),
        (b"\x7fELF\2\1\1" + b"\0" * 9, Kind.BINARY),
        ("token = 1\n".encode("utf-16-le"), Kind.TEXT),
        ("wörter".encode("utf-16"), Kind.TEXT),
        (b"#!/usr/bin/python\n", Kind.PYTHON),
        (b"#!/usr/bin/env python3.12\n", Kind.PYTHON),
        (b"#! /usr/bin/env -S PYTHONPATH=. python3 -u\r\n", Kind.PYTHON),
        (b"#!/usr/bin/env -S uv run --script\n", Kind.PYTHON),
        (b"#!/opt/conda/bin/ipython\n", Kind.PYTHON),
        (b"#!/bin/sh\n", Kind.SHELL),
        (b"#!/usr/bin/env bash\n", Kind.SHELL),
        (b"#!/bin/zsh -f", Kind.SHELL),
        (b"#!/bin/sh\n\0", Kind.SHELL),
        (b"#!/usr/bin/env node\n", Kind.TEXT),
        (b"#!\n", Kind.TEXT),
        (b"#!/usr/bin/env", Kind.TEXT),
        (b"# !/bin/sh", Kind.TEXT),
    ],
)
def test_kind_of_content(data: bytes, kind: Kind) -> None:
    assert kind_of_content(data) == kind


def test_a_nul_byte_does_not_hide_a_file_that_its_name_tells(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": b"x\0", ".env": b"\0", "a.bin": b"\0", "script": b"#!/bin/sh\n"})
    looked = look(repository.root)
    assert {path: source.kind for path, source in looked.items() if isinstance(source, Source)} == {
        "a.py": Kind.PYTHON,
        ".env": Kind.DOTENV,
        "a.bin": Kind.BINARY,
        "script": Kind.SHELL,
    }


# --- the list -------------------------------------------------------------------------------------------------------


def test_tracked_and_untracked_files_are_looked_at_and_ignored_ones_are_not(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {".gitignore": "ignored/\n*.log\n", **dict.fromkeys(NAMES, "old")})
    repository.write({name: f"text of {name!r}" for name in NAMES})
    repository.write({"ignored/a.py": "", "a.log": "", "fresh/.ipynb_checkpoints/a.ipynb": "{}"})
    repository.write({"node_modules/a.js": "", "fresh/__pycache__/a.pyc": "", ".venv/lib/a.py": ""})
    assert texts(look(tmp_path)) == {
        ".gitignore": "ignored/\n*.log\n",
        "fresh/.ipynb_checkpoints/a.ipynb": "{}",
        **{name: f"text of {name!r}" for name in NAMES},
    }


def test_folders_of_tools_are_read_where_git_tracks_them(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"node_modules/a.py": "1"})
    assert texts(look(repository.root)) == {"node_modules/a.py": "1"}


def test_entries_are_sorted_by_path(tmp_path: Path) -> None:
    make_repository(tmp_path, dict.fromkeys(["b/a.py", "a.py", "B.py", "b.py", "a/z.py"], ""))
    git = Git(str(tmp_path), ENVIRONMENT)
    paths = [entry.path for entry in discover(str(tmp_path), (), git).entries]
    assert paths == ["B.py", "a.py", "a/z.py", "b.py", "b/a.py"]


def test_everything_that_git_lists_is_a_source_or_a_problem(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"x.py": ""})
    repository = make_repository(
        tmp_path / "r", dict.fromkeys([*NAMES, "gone.py", "was/a.py", "real/a.py", "big.csv"], "x")
    )
    root = repository.root
    repository.git("submodule", "--quiet", "add", str(inner.root), "sub")
    (root / "to-inside.py").symlink_to("real/a.py")
    (root / "to-nowhere").symlink_to("nowhere")
    (root / "to-outside").symlink_to("/etc/hostname")
    repository.commit()
    with (root / "big.csv").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (root / "gone.py").unlink()
    (root / "was" / "a.py").unlink()
    (root / "was").rmdir()
    (root / "was").write_text("a file now")
    (root / "real").rename(root / "moved")
    (root / "real").symlink_to("moved")
    (root / "a b.py").unlink()
    (root / "a b.py").mkdir()
    looked = look(root)
    listed = set(repository.git("ls-files", "-z").rstrip("\0").split("\0"))
    assert listed <= set(looked)
    assert set(looked) - listed == {"was", "real", "moved/a.py"}
    assert {path: found for path, found in texts(looked).items() if path not in {".gitmodules", *NAMES[1:]}} == {
        "a b.py": "<unreadable>",
        "big.csv": "<too-large>",
        "gone.py": "x",
        "moved/a.py": "x",
        "real": "moved",
        "real/a.py": "x",
        "sub": "<not-looked-into>",
        "to-inside.py": "real/a.py",
        "to-nowhere": "nowhere",
        "to-outside": "<not-looked-into>",
        "was": "a file now",
        "was/a.py": "x",
    }


def test_what_the_index_alone_has_says_so(tmp_path: Path) -> None:
    repository = make_repository(tmp_path)
    repository.write({"evil.py": "staged"})
    repository.git("add", "evil.py")
    (tmp_path / "evil.py").unlink()
    assert look(tmp_path) == {"evil.py": Source("evil.py", Kind.PYTHON, b"staged", "index")}
    # Whoever names it means it, too.
    assert look(tmp_path, "evil.py") == look(tmp_path)


def test_a_sparse_checkout_is_read_from_the_index(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"in/a.py": "1", "out/b.py": "2", "out/c.sh": "3"})
    repository.git("sparse-checkout", "set", "in")
    assert not (tmp_path / "out").exists()
    assert texts(look(tmp_path)) == {"in/a.py": "1", "out/b.py": "2", "out/c.sh": "3"}


def test_a_sparse_partial_clone_says_what_it_did_not_fetch(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"in/a.py": "1", "out/b.py": "2"})
    origin.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{origin.root}"
    origin.git("clone", "--quiet", "--filter=blob:none", "--sparse", url, str(tmp_path / "clone"))
    Repository(tmp_path / "clone").git("sparse-checkout", "set", "in")
    assert texts(look(tmp_path / "clone")) == {"in/a.py": "1", "out/b.py": "<not-fetched>"}


def test_a_repository_inside_is_said_not_to_be_looked_into(tmp_path: Path) -> None:
    make_repository(tmp_path, {"a.py": "1"})
    make_repository(tmp_path / "vendored", {"b.py": "2"})
    assert texts(look(tmp_path)) == {"a.py": "1", "vendored": "<not-looked-into>"}


def test_unmerged_files_are_looked_at_once(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": "1\n"})
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"a.py": "2\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a.py": "3\n"})
    with pytest.raises(AssertionError):
        repository.git("merge", "--quiet", "side")
    assert "<<<<<<<" in texts(look(tmp_path))["a.py"]


# --- explicit paths -------------------------------------------------------------------------------------------------


def test_explicit_files_are_looked_at_even_if_ignored_and_folders_as_git_lists_them(tmp_path: Path) -> None:
    repository = make_repository(
        tmp_path, {".gitignore": "*.log\nbuild/\n", "src/a.py": "1", "src/b.py": "2", "c.py": "3"}
    )
    repository.write({"src/a.log": "4", "build/d.py": "5"})
    assert texts(look(tmp_path, "src/a.log")) == {"src/a.log": "4"}
    assert texts(look(tmp_path, "src")) == {"src/a.py": "1", "src/b.py": "2"}
    assert texts(look(tmp_path, "src/", "src/a.py", "c.py")) == {"src/a.py": "1", "src/b.py": "2", "c.py": "3"}
    assert texts(look(tmp_path, "build")) == {"build/d.py": "5"}
    assert set(texts(look(tmp_path, "."))) == {".gitignore", "src/a.py", "src/b.py", "c.py"}


@pytest.mark.parametrize("name", NAMES)
def test_any_name_may_be_given(tmp_path: Path, name: str) -> None:
    make_repository(tmp_path, {name: "x", "other.py": ""})
    assert texts(look(tmp_path, name)) == {name: "x"}


def test_paths_count_from_the_current_folder_and_come_out_relative_to_the_root(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {"src/deep/a.py": "1", "b.py": "2"})
    folder = tmp_path / "r" / "src"
    absolute = str(tmp_path / "r" / "b.py")
    for paths in (["deep/a.py", "../b.py"], ["./deep/../deep/a.py", absolute], [".", absolute], ["..", "deep"]):
        assert texts(look(tmp_path / "r", *paths, folder=folder)) == {"src/deep/a.py": "1", "b.py": "2"}


def test_a_repository_reached_through_a_link_is_the_same_repository(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", {"src/a.py": "1"})
    (tmp_path / "alias").symlink_to("r")
    assert texts(look(tmp_path / "r", str(tmp_path / "alias" / "src" / "a.py"))) == {"src/a.py": "1"}
    (tmp_path / "r" / "link").symlink_to("src")
    assert texts(look(tmp_path / "r", "link/a.py")) == {"src/a.py": "1"}


def test_an_explicit_link_brings_the_file_it_leads_to(tmp_path: Path) -> None:
    make_repository(tmp_path, {"a.py": "1"})
    (tmp_path / "link.py").symlink_to("a.py")
    assert texts(look(tmp_path, "link.py")) == {"a.py": "1", "link.py": "a.py"}


@pytest.mark.parametrize("argument", ["..", "../other.py", "out/secret.py", "/etc/hostname"])
def test_what_lies_outside_is_refused(tmp_path: Path, argument: str) -> None:
    make_repository(tmp_path / "r", {"a.py": ""})
    (tmp_path / "other.py").write_text("")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.py").write_text("")
    (tmp_path / "r" / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MlgateError, match=f"^{argument}: outside the repository {tmp_path}/r; "):
        look(tmp_path / "r", argument)


@pytest.mark.parametrize("argument", ["nope.py", "a.py/b", "nope/"])
def test_what_is_missing_is_refused(tmp_path: Path, argument: str) -> None:
    make_repository(tmp_path, {"a.py": ""})
    for git in (True, False):
        with pytest.raises(MlgateError, match=f"^{argument}: no such file or folder; "):
            look(tmp_path, argument, git=git)


# --- without git ----------------------------------------------------------------------------------------------------


def test_without_git_the_folder_is_walked(tmp_path: Path) -> None:
    files = dict.fromkeys([*NAMES, "deep/er/a.py", ".hidden/b.py", ".ipynb_checkpoints/c.ipynb"], "x")
    Repository(tmp_path).write(files)
    Repository(tmp_path).write(
        {".venv/a.py": "", "node_modules/a.py": "", "x/__pycache__/a.pyc": "", "v/pyvenv.cfg": ""}
    )
    (tmp_path / "loop").symlink_to(".")
    assert texts(look(tmp_path, git=False)) == {**files, "loop": "."}
    assert texts(look(tmp_path, "deep", "a b.py", git=False)) == {"deep/er/a.py": "x", "a b.py": "x"}
    assert set(look(tmp_path, ".venv", git=False)) == {".venv/a.py"}


# --- reading --------------------------------------------------------------------------------------------------------


def test_nothing_but_a_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    monkeypatch.chdir(tmp_path)  # a socket's path is at most 107 bytes long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.py")
        looked = look(tmp_path, git=False)
    assert {path: outcome.detail for path, outcome in looked.items() if isinstance(outcome, Unread)} == {
        "pipe.py": "a named pipe, not a file",
        "socket.py": "a socket, not a file",
    }


def test_what_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path, {"a.py": "", "b.py": "x"})
    opening = os.open

    def refusing(path: bytes, flags: int) -> int:
        if path.endswith(b"/a.py"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opening(path, flags)

    # Modes do not help: root, which tests may run as, reads everything.
    monkeypatch.setattr(os, "open", refusing)
    looked = look(tmp_path)
    assert texts(looked) == {"a.py": "<unreadable>", "b.py": "x"}
    assert looked["a.py"] == Unread("a.py", "unreadable", "permission denied")


def test_what_vanishes_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    inventory = discover(str(tmp_path), (), None)
    (tmp_path / "a.py").unlink()
    assert [
        problem.name for problem in read(str(tmp_path), inventory.entries, None) if isinstance(problem, Unread)
    ] == ["unreadable"]


def test_what_changes_while_it_is_read_is_read_again_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_text("0")
    state = os.fstat
    calls: list[int] = []

    def growing(descriptor: int) -> os.stat_result:
        calls.append(descriptor)
        if len(calls) % 2 == 0 and len(calls) <= limits[0]:
            with path.open("a") as file:
                file.write("1")
        return state(descriptor)

    inventory = discover(str(tmp_path), (), None)
    monkeypatch.setattr(os, "fstat", growing)
    limits = [0]
    for limit, expected in ((2, "01"), (99, "<unreadable>")):
        calls.clear()
        limits[0] = limit
        looked = {outcome.path: outcome for outcome in read(str(tmp_path), inventory.entries, None)}
        assert texts(looked) == {"a.py": expected}


def test_the_limit_itself_is_still_read(tmp_path: Path) -> None:
    with (tmp_path / "a.bin").open("wb") as file:
        file.truncate(MAX_BYTES)
    assert [type(outcome) for outcome in look(tmp_path, git=False).values()] == [Source]


@pytest.mark.parametrize(
    ("target", "leaves"),
    [
        ("a.py", False),
        ("../a.py", False),
        ("./deep/../x", False),
        ("../../a.py", True),
        ("../.git/config", True),
        ("/etc/passwd", True),
        ("..", False),
        ("../..", True),
        ("..evil", False),
    ],
)
def test_a_link_is_a_problem_exactly_where_it_leaves_the_tree(tmp_path: Path, target: str, leaves: bool) -> None:
    repository = make_repository(tmp_path / "r", {"a.py": "", "sub/b.py": ""})
    (repository.root / "sub" / "link").symlink_to(target)
    commit = repository.commit()
    expected = "<not-looked-into>" if leaves else target
    assert texts(look(repository.root))["sub/link"] == expected
    # The base says the same.
    at_base = sources_at(Git(str(repository.root), ENVIRONMENT), commit, ["sub/link"])
    assert texts({outcome.path: outcome for outcome in at_base}) == {"sub/link": expected}


# --- the base -------------------------------------------------------------------------------------------------------


def test_a_commit_gives_its_own_files(tmp_path: Path) -> None:
    repository = make_repository(
        tmp_path, {**dict.fromkeys(NAMES, "old"), "script": "#!/bin/sh\n", "big.csv": b"x" * (MAX_BYTES + 1)}
    )
    commit = repository.git("rev-parse", "HEAD")
    repository.write(dict.fromkeys(NAMES, "new"))
    git = Git(str(tmp_path), ENVIRONMENT)
    outcomes = list(sources_at(git, commit))
    assert texts({outcome.path: outcome for outcome in outcomes}) == {
        **dict.fromkeys(NAMES, "old"),
        "script": "#!/bin/sh\n",
        "big.csv": "<too-large>",
    }
    assert [outcome.path for outcome in outcomes] == sorted(outcome.path for outcome in outcomes)
    assert {outcome.origin for outcome in outcomes if isinstance(outcome, Source)} == {commit}
    assert [outcome.path for outcome in sources_at(git, commit, ["a b.py", "never.py"])] == ["a b.py"]
    assert list(sources_at(git, commit, [])) == []


def test_head_and_work_tree_agree_on_a_clean_tree(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"x.py": ""})
    repository = make_repository(
        tmp_path / "r", {**dict.fromkeys(NAMES, "x"), "script": "#!/usr/bin/python\n", "b": b"\0"}
    )
    repository.git("submodule", "--quiet", "add", str(inner.root), "sub")
    (repository.root / "link.py").symlink_to("a b.py")
    (repository.root / "out.py").symlink_to("../x")
    commit = repository.commit()
    at_head = {
        outcome.path: (outcome.kind, outcome.data) if isinstance(outcome, Source) else outcome
        for outcome in sources_at(Git(str(repository.root), ENVIRONMENT), commit)
    }
    assert at_head == {
        path: (outcome.kind, outcome.data) if isinstance(outcome, Source) else outcome
        for path, outcome in look(repository.root).items()
    }


def test_folders_as_deep_as_a_path_may_be(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r")
    folders = ["d"] * 1_500
    try:
        # Python makes and takes away what lies this deep by calling itself, and gives up: in steps, and by `rm`.
        for depth in range(100, len(folders) + 1, 100):
            repository.root.joinpath(*folders[:depth]).mkdir(parents=True, exist_ok=True)
        path = "/".join([*folders, "a.py"])
        repository.commit({path: "x = 1\n"})
        assert texts(look(repository.root)) == {path: "x = 1\n"}
    finally:
        subprocess.run(["rm", "-rf", "--", str(repository.root)], check=True)
