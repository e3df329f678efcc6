"""Laws of the door to git."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository

from mlgate.errors import GitError
from mlgate.git.processes import clean_environment, find_executable, find_root, index_file, is_committing, spawn
from mlgate.git.repository import GITLINK, SYMLINK, Git, repository_name

NAMES = [
    "plain.py",
    "with blank.py",
    "-rf.py",
    'quo"te.py',
    "it's.py",
    "new\nline.py",
    "tab\there.py",
    "grüße.ipynb",
    "日本/ノート.ipynb",
    "*.py",
    "[a].py",
    ":(top).py",
    "back\\slash.py",
    "not-utf8-\udce9.py",
]


def door(repository: Repository) -> Git:
    return Git(str(repository.root), ENVIRONMENT)


def test_every_file_name_survives(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {name: f"text of {name!r}" for name in NAMES})
    git = door(repository)
    head = git.head()
    assert head is not None
    tree = git.tree(head)
    assert set(git.tracked()) == set(tree) == set(NAMES)
    contents = git.blobs(oid for _, oid in tree.values())
    assert {path: contents[oid].decode() for path, (_, oid) in tree.items()} == {n: f"text of {n!r}" for n in NAMES}
    assert git.grep(head, ["text of"]) == set(NAMES)

    repository.write({name: f"changed {name!r}" for name in NAMES})
    assert git.changes(head) == {name: ("M", name) for name in NAMES}
    repository.git("add", "--all")
    assert git.staged() == {name: ("M", name) for name in NAMES}


def test_untracked_is_listed_and_ignored_is_not(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {".gitignore": "secret.env\n", "a.py": ""})
    repository.write(dict.fromkeys(NAMES, "") | {"secret.env": "", "deep/er/b.py": ""})
    make_repository(tmp_path / "nested", {"c.py": ""})
    assert set(door(repository).untracked()) == {*NAMES, "deep/er/b.py", "nested/"}


def test_staged_changes_hold_deletions_and_renames(tmp_path: Path) -> None:
    text = "".join(f"line {n}\n" for n in range(50))
    repository = make_repository(tmp_path, {"old name.py": text, "gone.py": "gone", "kept.py": "kept"})
    repository.git("mv", "old name.py", "new\nname.py")
    repository.git("rm", "--quiet", "gone.py")
    repository.write({"kept.py": "unstaged", "added.py": "added"})
    repository.git("add", "added.py")
    git = door(repository)
    staged = {"new\nname.py": ("R", "old name.py"), "gone.py": ("D", "gone.py"), "added.py": ("A", "added.py")}
    assert git.staged() == staged
    assert git.changes(git.head() or "") == {**staged, "kept.py": ("M", "kept.py")}


def test_changes_hold_untracked_files_and_files_taken_out_of_the_index(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": "a", "b.py": "b"})
    repository.git("rm", "--cached", "--quiet", "a.py")
    repository.write({"c.py": "c"})
    git = door(repository)
    assert git.changes(git.head() or "") == {"a.py": ("M", "a.py"), "c.py": ("A", "c.py")}


def test_a_repository_without_commits(tmp_path: Path) -> None:
    repository = make_repository(tmp_path)
    repository.write({"a.py": ""})
    repository.git("add", "a.py")
    git = door(repository)
    assert git.head() is None
    assert git.ref() == "refs/heads/main"
    assert git.staged() == {"a.py": ("A", "a.py")}
    assert set(git.tracked()) == {"a.py"}
    assert git.repository() is None
    assert not git.is_shallow()


def test_a_detached_head_has_a_commit_and_no_ref(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": ""})
    repository.git("checkout", "--quiet", "--detach")
    git = door(repository)
    assert git.head() == repository.git("rev-parse", "HEAD")
    assert git.ref() is None


def test_modes_of_links_and_submodules(tmp_path: Path) -> None:
    inner = make_repository(tmp_path / "inner", {"x.py": ""})
    outer = make_repository(tmp_path / "outer", {"a.py": ""})
    (outer.root / "link.py").symlink_to("a.py")
    outer.git("submodule", "--quiet", "add", str(inner.root), "sub")
    outer.commit()
    git = door(outer)
    assert {path: mode for path, (mode, _) in git.tracked().items()} == {
        ".gitmodules": 0o100644,
        "a.py": 0o100644,
        "link.py": SYMLINK,
        "sub": GITLINK,
    }
    assert git.tree(git.head() or "") == git.tracked()


def test_only_what_exists_is_a_commit(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": ""})
    git = door(repository)
    assert git.commit("main") == git.commit("HEAD") == git.head()
    blob = git.tracked()["a.py"][1]
    assert [git.commit(name) for name in ("nope", "", "--all", "HEAD~1", blob, "a" * 40, "main nope")] == [None] * 7


def test_a_commit_is_asked_for_by_its_full_id(tmp_path: Path) -> None:
    git = door(make_repository(tmp_path, {"a.py": ""}))
    for name in ("HEAD", "--output=x", "abc123"):
        with pytest.raises(GitError, match="not the full id"):
            git.tree(name)


def test_merge_base_and_unrelated_histories(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": "1"})
    fork = repository.git("rev-parse", "HEAD")
    main = repository.commit({"a.py": "2"})
    repository.git("checkout", "--quiet", "-b", "side", fork)
    side = repository.commit({"b.py": "3"})
    repository.git("checkout", "--quiet", "--orphan", "alone")
    alone = repository.commit({"c.py": "4"})
    git = door(repository)
    assert git.merge_base(main, side) == fork
    assert git.merge_base(main, alone) is None


def test_the_heads_of_a_merge_in_the_making(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": "1"})
    repository.git("checkout", "--quiet", "-b", "side")
    side = repository.commit({"b.py": "2"})
    repository.git("checkout", "--quiet", "main")
    assert door(repository).merge_heads() == ()
    repository.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    assert door(repository).merge_heads() == (side,)


def test_a_blob_that_is_not_here_is_left_out(tmp_path: Path) -> None:
    git = door(make_repository(tmp_path, {"a.py": "abc\n\nd", "empty": "", "nul.bin": b"\0\n\0"}))
    tracked = {path: oid for path, (_, oid) in git.tracked().items()}
    missing = "1" * 40
    assert git.blobs([*tracked.values(), missing, tracked["a.py"]]) == {
        tracked["a.py"]: b"abc\n\nd",
        tracked["empty"]: b"",
        tracked["nul.bin"]: b"\0\n\0",
    }
    assert git.sizes([*tracked.values(), missing]) == {
        tracked["a.py"]: 6,
        tracked["empty"]: 0,
        tracked["nul.bin"]: 3,
    }
    assert git.blobs([]) == git.sizes([]) == {}


def test_grep_takes_its_needles_literally(tmp_path: Path) -> None:
    files = {"dot.py": "acme/model.v2", "other.py": "acme/modelxv2", "dash.py": "-e x", "case.py": "ACME/MODEL.V2"}
    git = door(make_repository(tmp_path, files))
    head = git.head() or ""
    assert git.grep(head, ["acme/model.v2"]) == {"dot.py"}
    assert git.grep(head, ["-e x"]) == {"dash.py"}
    assert git.grep(head, ["nowhere"]) == git.grep(head, []) == git.grep(head, [""]) == set()
    assert git.grep(head, [f"needle-{n}" for n in range(3000)] + ["acme/modelxv2"]) == {"other.py"}


# --- what git must not do -------------------------------------------------------------------------------------------


def booby_trapped(tmp_path: Path) -> tuple[Repository, Path]:
    """A repository whose configuration runs a program wherever git lets it, and the file that the program leaves."""
    trace = tmp_path / "trace"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho \"$0 $@\" >> '{trace}'\ncat\n")
    program.chmod(0o755)
    repository = make_repository(tmp_path / "repository", {"a.py": "a\n", "b.ipynb": "{}\n"})
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.askPass",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.e.v.process",
    ):
        repository.git("config", key, str(program))
    repository.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (tmp_path / "hooks" / hook).symlink_to(program)
    repository.git("config", "filter.evil.required", "true")
    repository.write({".gitattributes": "*.py filter=evil diff=evil\n*.ipynb filter=e.v diff=evil\n"})
    trace.unlink(missing_ok=True)
    return repository, trace


def test_nothing_that_the_configuration_names_is_run(tmp_path: Path) -> None:
    repository, trace = booby_trapped(tmp_path)
    repository.write({"a.py": "b\n", "b.ipynb": "[]\n"})
    git = door(repository)
    head = git.head() or ""
    git.tracked(), git.untracked(), git.staged(), git.tree(head), git.ref(), git.repository(), git.is_shallow()
    assert git.changes(head) == {
        "a.py": ("M", "a.py"),
        "b.ipynb": ("M", "b.ipynb"),
        ".gitattributes": ("A", ".gitattributes"),
    }
    assert git.grep(head, ["a"]) == {"a.py"}
    git.blobs(oid for _, oid in git.tracked().values())
    assert not trace.exists()


def test_asking_writes_nothing(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": "a"})
    os.utime(tmp_path / "a.py", (1, 1))
    index = (tmp_path / ".git" / "index").read_bytes()
    git = door(repository)
    assert set(git.changes(git.head() or "")) <= {"a.py"}
    assert git.staged() == {}
    assert (tmp_path / ".git" / "index").read_bytes() == index


def test_content_that_a_partial_clone_lacks_is_not_fetched(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a.py": "old", "b.py": "same"})
    first = origin.git("rev-parse", "HEAD")
    old = origin.git("rev-parse", "HEAD:a.py")
    origin.commit({"a.py": "new"})
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("clone", "--quiet", "--filter=blob:none", f"file://{origin.root}", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    git = door(clone)
    assert set(git.tree(first)) == {"a.py", "b.py"}
    with pytest.raises(GitError, match="partial clone"):
        git.blobs([old])
    assert old not in clone.git("cat-file", "--batch-all-objects", "--batch-check")


# --- environment ----------------------------------------------------------------------------------------------------


ASK = """
import os, sys
from mlgate.git.processes import is_committing
from mlgate.git.repository import Git
print(ascii((is_committing(sys.argv[1], os.environ), Git(sys.argv[1]).staged())))
"""


def asked_by_a_hook(repository: Repository, *arguments: str) -> tuple[bool, dict[str, tuple[str, str]]]:
    """What the door answers inside the pre-commit hook of `git commit ARGUMENTS`, which is then refused."""
    common = repository.root / repository.git("rev-parse", "--git-common-dir")
    hook = common / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    answer = repository.root.parent / "answer"
    script = repository.root.parent / "ask.py"
    script.write_text(ASK)
    hook.write_text(f"#!/bin/sh\n'{sys.executable}' '{script}' '{repository.root}' > '{answer}'\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(AssertionError):
        repository.git("commit", "--quiet", "-m", "x", *arguments)
    committing, staged = ast.literal_eval(answer.read_text())
    return committing, staged


def test_a_hook_of_a_commit_is_recognised_in_every_kind_of_work_tree(tmp_path: Path) -> None:
    main = make_repository(tmp_path / "main", {"a.py": "a"})
    main.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    sub = make_repository(tmp_path / "sub", {"s.py": ""})
    main.git("submodule", "--quiet", "add", str(sub.root), "sub dir")
    main.commit()
    for repository in (main, Repository(tmp_path / "linked"), Repository(tmp_path / "main" / "sub dir")):
        repository.write({"staged.py": "x"})
        repository.git("add", "staged.py")
        assert asked_by_a_hook(repository) == (True, {"staged.py": ("A", "staged.py")})
        for environment in (ENVIRONMENT, {**ENVIRONMENT, "PRE_COMMIT": "1"}):
            assert not is_committing(str(repository.root), environment)


def test_commit_all_and_partial_commits_are_judged_by_the_index_that_git_commits(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.py": "a", "b.py": "b"})
    repository.write({"a.py": "A", "b.py": "B"})
    assert asked_by_a_hook(repository, "--all") == (True, {"a.py": ("M", "a.py"), "b.py": ("M", "b.py")})
    repository.git("add", "b.py")
    assert asked_by_a_hook(repository, "a.py") == (True, {"a.py": ("M", "a.py")})


def test_the_index_of_another_repository_is_ignored(tmp_path: Path) -> None:
    one = make_repository(tmp_path / "one", {"one.py": ""})
    two = make_repository(tmp_path / "two", {"two.py": ""})
    environment = {
        **ENVIRONMENT,
        "GIT_DIR": str(one.root / ".git"),
        "GIT_WORK_TREE": str(one.root),
        "GIT_INDEX_FILE": str(one.root / ".git" / "index"),
        "GIT_PREFIX": "sub/",
        "git_literal_pathspecs": "0",
    }
    assert index_file(str(two.root), environment) is None
    assert not is_committing(str(two.root), environment)
    assert set(Git(str(two.root), environment).tracked()) == {"two.py"}
    assert is_committing(str(one.root), environment)


def test_nothing_of_git_is_inherited(tmp_path: Path) -> None:
    make_repository(tmp_path)
    environment = {"PATH": "/bin", "GIT_DIR": "x", "GIT_TRACE": "1", "Git_Config_Count": "1", "LANG": "de_DE"}
    clean = clean_environment(str(tmp_path), environment)
    assert {name for name in clean if name.upper().startswith("GIT_")} == {
        "GIT_OPTIONAL_LOCKS",
        "GIT_TERMINAL_PROMPT",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_NO_LAZY_FETCH",
        "GIT_ALLOW_PROTOCOL",
    }
    assert clean["PATH"] == "/bin"


def test_a_git_inside_the_current_folder_is_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "git"
    trap.write_text("#!/bin/sh\n")
    trap.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find_executable({"PATH": os.pathsep.join(["", ".", "bin"])}) is None
    assert find_executable({"PATH": os.pathsep.join(["", str(tmp_path)])}) == str(trap)


def test_without_git_on_path_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="install git"):
        Git(str(tmp_path), {"PATH": ""})


def test_a_broken_repository_is_one_sentence(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": ""})
    (tmp_path / ".git" / "index").write_bytes(b"junk" * 10)
    with pytest.raises(GitError) as caught:
        door(repository).tracked()
    assert str(caught.value).startswith(f"{tmp_path}: git ls-files failed: ")
    assert "\n" not in str(caught.value)


# --- root -----------------------------------------------------------------------------------------------------------


def test_the_root_is_the_nearest_work_tree(tmp_path: Path) -> None:
    main = make_repository(tmp_path / "main", {"deep/er/a.py": ""})
    main.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    sub = make_repository(tmp_path / "sub", {"s.py": ""})
    main.git("submodule", "--quiet", "add", str(sub.root), "vendored/sub")
    assert find_root(str(main.root / "deep" / "er")) == str(main.root)
    assert find_root(str(tmp_path / "linked" / "deep")) == str(tmp_path / "linked")
    assert find_root(str(main.root / "vendored" / "sub")) == str(main.root / "vendored" / "sub")
    assert find_root(str(main.root / "vendored")) == str(main.root)
    (main.root / "deep" / ".git").mkdir()
    assert find_root(str(main.root / "deep" / "er")) == str(main.root)


# --- remote ---------------------------------------------------------------------------------------------------------

TOKEN = "ghp" + "_" + "x" * 36


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/ranker.git", "acme/ranker"),
        (f"https://ada:{TOKEN}@github.com/acme/ranker", "acme/ranker"),
        (f"https://{TOKEN}@github.com/acme/ranker.git/", "acme/ranker"),
        ("git@github.com:acme/ranker.git", "acme/ranker"),
        ("ssh://git@host.example:2222/acme/ranker.git", "acme/ranker"),
        ("https://gitlab.example/group/sub/ranker.git", "group/sub/ranker"),
        ("https://dev.azure.com/acme/ml/_git/ranker", "acme/ml/ranker"),
        ("git@ssh.dev.azure.com:v3/acme/ml/ranker", "acme/ml/ranker"),
        ("https://host/a/b?token=" + TOKEN, "a/b"),
        ("/srv/git/ranker.git", None),
        ("../ranker", None),
        ("file:///srv/git/ranker.git", None),
        (r"C:\work\ranker", None),
        ("C:/work/ranker", None),
        ("https://host/ranker.git", None),
        ("", None),
    ],
)
def test_a_remote_is_owner_and_name_without_credentials(url: str, name: str | None) -> None:
    assert repository_name(url) == name


def test_origin_outranks_other_remotes_and_a_token_in_insteadof_stays_where_it_is(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": ""})
    repository.git("remote", "add", "fork", "https://github.com/ada/ranker")
    assert door(repository).repository() == "ada/ranker"
    repository.git("remote", "add", "upstream", "https://github.com/other/ranker")
    assert door(repository).repository() is None
    repository.git("remote", "add", "origin", "gh:acme/ranker")
    repository.git("config", f"url.https://{TOKEN}@github.com/.insteadOf", "gh:")
    assert door(repository).repository() == "acme/ranker"


# --- the quick way --------------------------------------------------------------------------------------------------


def test_spawn_prints_what_git_prints_and_nothing_where_it_fails(tmp_path: Path) -> None:
    repository = make_repository(tmp_path, {"a.py": "x" * 200_000})
    assert spawn(str(tmp_path), ENVIRONMENT, "ls-files", "-z") == b"a.py\0"
    assert spawn(str(tmp_path), ENVIRONMENT, "cat-file", "blob", "HEAD:a.py") == b"x" * 200_000
    assert spawn(str(tmp_path), ENVIRONMENT, "no-such-verb") is None
    assert spawn(str(tmp_path), {"PATH": ""}, "ls-files") is None
    assert repository.git("status", "--porcelain") == ""


def test_the_door_is_cheap_to_open() -> None:
    """`quick` imports it: Python's own start is 12 ms, dataclasses and subprocess alone would double it."""
    code = (
        "import sys; before = set(sys.modules); import mlgate.git.processes; print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"__future__", "mlgate", "mlgate.git", "mlgate.git.processes"}
