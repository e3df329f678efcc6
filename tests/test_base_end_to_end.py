"""A commit is stopped for what it adds: real commits, real hooks, the installed command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository
from program import Done, check, environment, run, script

LOAD = 'torch.load("x.pt", weights_only=False)\n'
OLD = f"import torch\n{LOAD}"
TORCH = "unsafe-load/torch-load"
PINNED = "unpinned/model-revision"


def notebook(*cells: str) -> str:
    made = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": one} for one in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, indent=1)


def model(name: str) -> str:
    return f'from transformers import AutoModel\nAutoModel.from_pretrained("{name}")\n'


def statuses(done: Done) -> set[tuple[str, str, int, str, str]]:
    """(rule, path, line, status, level) of each finding but those that ask for a version of a package."""
    return {
        (one["rule"], one["location"]["path"], one["location"]["line"], one["status"], one["level"])
        for one in done.report["findings"]
        if one["rule"] != "unpinned/package"
    }


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "r", {"a.py": OLD, "b.py": "x = 1\n"})


# --- what is new ----------------------------------------------------------------------------------------------------


def test_old_debt_stops_nobody_and_new_debt_does(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD")
    assert check(repository.root).code == 1
    repository.commit({"a.py": f"# a comment above\n{OLD}"})
    done = check(repository.root, "--base", base)
    assert (done.code, statuses(done)) == (0, {(TORCH, "a.py", 3, "existing", "record")})
    assert done.report["run"]["base"] == base
    repository.commit({"c.py": OLD})
    done = check(repository.root, "--base", base)
    assert (done.code, statuses(done)) == (
        1,
        {(TORCH, "a.py", 3, "existing", "record"), (TORCH, "c.py", 2, "new", "block")},
    )
    said = run(repository.root, "check", "--base", "HEAD~2")
    assert said.out.startswith(f"compared with HEAD~2 at {base[:7]}\n")


def test_a_second_identical_call_is_new(repository: Repository) -> None:
    repository.commit({"a.py": OLD + LOAD})
    done = check(repository.root, "--base", "HEAD~1")
    assert (done.code, sorted(status for *_, status, _ in statuses(done))) == (1, ["existing", "new"])


def test_a_file_that_was_not_looked_at_excuses_no_other(repository: Repository) -> None:
    """The call is still in a.py, which changed too: in b.py it is not one that moved."""
    repository.commit({"a.py": f"# touched\n{OLD}", "b.py": OLD})
    done = check(repository.root, "b.py", "--base", "HEAD~1")
    assert (done.code, statuses(done)) == (1, {(TORCH, "b.py", 2, "new", "block")})


def test_a_change_to_a_broken_file_is_new(repository: Repository) -> None:
    repository.commit({"old.py": 'print "two"\nimport torch\n'})
    repository.commit({"old.py": f'print "two"\n{OLD}'})
    done = check(repository.root, "old.py", "--base", "HEAD~1")
    # What parses of it is read all the same.
    load = (TORCH, "old.py", 3, "new", "block")
    assert (done.code, statuses(done)) == (1, {("input/unparsed", "old.py", 1, "new", "block"), load})


def test_a_hook_of_git_itself_judges_what_is_staged(repository: Repository) -> None:
    hooked(repository)
    repository.write({"c.py": OLD})
    repository.git("add", "c.py")
    repository.write({"c.py": "x = 1\n"})
    stopped = subprocess.run(
        ["git", "commit", "--quiet", "--message", "change"],
        cwd=repository.root,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert stopped.returncode == 1


def test_a_file_that_is_renamed_keeps_its_debt(repository: Repository) -> None:
    repository.git("mv", "a.py", "moved.py")
    repository.commit()
    done = check(repository.root, "--base", "HEAD~1")
    assert (done.code, statuses(done)) == (0, {(TORCH, "moved.py", 2, "existing", "record")})
    repository.commit({"moved.py": OLD + LOAD})
    assert check(repository.root, "--base", "HEAD~2").code == 1


def test_a_cell_moved_to_another_notebook_is_existing_and_a_copy_is_new(tmp_path: Path) -> None:
    first = {"a.ipynb": notebook("import torch", LOAD, "print(1)"), "b.ipynb": notebook("import torch")}
    repository = make_repository(tmp_path / "r", first)
    repository.commit({"a.ipynb": notebook("import torch", "print(1)"), "b.ipynb": notebook("import torch", LOAD)})
    done = check(repository.root, "--base", "HEAD~1")
    assert (done.code, {(path, status) for _, path, _, status, _ in statuses(done)}) == (0, {("b.ipynb", "existing")})
    repository.commit({"a.ipynb": notebook("import torch", LOAD, "print(1)")})
    done = check(repository.root, "--base", "HEAD~2")
    assert (done.code, {(path, status) for _, path, _, status, _ in statuses(done)}) == (
        1,
        {("a.ipynb", "existing"), ("b.ipynb", "new")},
    )


def test_an_asset_that_the_base_uses_unpinned_anywhere_is_existing(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"deep/er/old.py": model("jdoe/tickets")})
    repository.commit({"new.py": model("jdoe/tickets"), "other.py": model("jdoe/other")})
    done = check(repository.root, "--base", "HEAD~1", "new.py", "other.py")
    assert statuses(done) == {
        (PINNED, "new.py", 2, "existing", "record"),
        (PINNED, "other.py", 2, "new", "warn"),
    }


# --- files that nobody touched --------------------------------------------------------------------------------------


def test_a_lowered_library_is_felt_in_files_that_nobody_touched(tmp_path: Path) -> None:
    code = 'import torch\nweights = torch.load("x.pt")\n'
    repository = make_repository(
        tmp_path / "r", {"requirements.txt": "torch==2.7.0\n", "a.py": code, "b.py": "x = 1\n"}
    )
    assert statuses(check(repository.root)) == set()
    repository.commit({"requirements.txt": "torch==2.5.0\n"})
    for paths in ([], ["requirements.txt"]):
        done = check(repository.root, "--base", "HEAD~1", *paths)
        assert (done.code, statuses(done)) == (1, {(TORCH, "a.py", 2, "new", "block")})
    repository.commit({"b.py": "x = 2\n"})
    # Quiet and clean by itself: the rest of the change counts all the same.
    assert run(repository.root, "check", "-q", "--base", "HEAD~2", "b.py").code == 1
    assert run(repository.root, "check", "-q", "--base", "HEAD~1", "b.py").code == 0


def test_a_changed_constant_is_felt_where_it_is_used(tmp_path: Path) -> None:
    use = 'import torch\nfrom config import SAFE\ntorch.load("x.pt", weights_only=SAFE)\n'
    repository = make_repository(tmp_path / "r", {"config.py": "SAFE = True\n", "a.py": use, "b.py": "x = 1\n"})
    assert check(repository.root).code == 0
    repository.commit({"config.py": "SAFE = False\n"})
    done = check(repository.root, "--base", "HEAD~1", "config.py")
    assert (done.code, statuses(done)) == (1, {(TORCH, "a.py", 3, "new", "block")})
    assert run(repository.root, "check", "-q", "--base", "HEAD~1", "config.py").code == 1


def test_a_constant_that_was_replaced_makes_an_old_finding_new(tmp_path: Path) -> None:
    use = "from transformers import AutoModel\nfrom config import MODEL\nAutoModel.from_pretrained(MODEL)\n"
    repository = make_repository(tmp_path / "r", {"config.py": 'MODEL = "jdoe/good"\n', "a.py": use})
    repository.commit({"config.py": 'MODEL = "evil/x"\n'})
    done = check(repository.root, "--base", "HEAD~1", "config.py")
    assert statuses(done) == {(PINNED, "a.py", 3, "new", "warn")}


# --- commits of every shape -----------------------------------------------------------------------------------------


def commit(repository: Repository, *paths: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
    """`git commit` with the hook in place; `paths` are staged first."""
    if paths:
        repository.git("add", "--", *paths)
    return subprocess.run(
        ["git", "commit", "--quiet", "--message", "change", *flags],
        cwd=repository.root,
        env=environment(PRE_COMMIT="1"),
        capture_output=True,
        check=False,
    )


def hooked(repository: Repository, *arguments: str) -> Repository:
    """The repository with mlgate as its pre-commit hook: the check of what is staged against HEAD."""
    hook = repository.root / ".git" / "hooks" / "pre-commit"
    line = " ".join([f'"{script()[0]}"', "check", "--base", "auto", *arguments])
    hook.write_text(f"#!/bin/sh\nexec {line}\n")
    hook.chmod(0o755)
    return repository


def test_the_hook_stops_what_a_commit_adds_and_lets_the_rest_through(repository: Repository) -> None:
    hooked(repository)
    repository.write({"a.py": f"# touched\n{OLD}", "c.py": OLD})
    assert commit(repository, "a.py").returncode == 0
    stopped = commit(repository, "c.py")
    assert stopped.returncode == 1
    said = (stopped.stdout + stopped.stderr).decode()
    assert "c.py" in said and TORCH in said and "a.py" not in said
    # What is not staged is not in the commit.
    repository.git("reset", "--quiet")
    repository.write({"b.py": "x = 2\n"})
    assert commit(repository, "b.py").returncode == 0
    repository.git("rm", "--quiet", "a.py")
    assert commit(repository).returncode == 0


def test_the_first_commit_is_judged_as_a_whole(tmp_path: Path) -> None:
    repository = hooked(make_repository(tmp_path / "r"))
    repository.write({"a.py": OLD, "b.py": "x = 1\n"})
    assert commit(repository, "b.py").returncode == 0
    other = hooked(make_repository(tmp_path / "other"))
    other.write({"a.py": OLD})
    stopped = commit(other, "a.py")
    assert (stopped.returncode, b"first commit" in stopped.stdout + stopped.stderr) == (1, True)


def test_a_commit_that_only_deletes_a_pin_is_felt(tmp_path: Path) -> None:
    files = {"requirements.txt": "torch==2.7.0\n", "a.py": 'import torch\ntorch.load("x.pt")\n', "b.py": "x = 1\n"}
    repository = make_repository(tmp_path / "r", files)
    repository.git("rm", "--quiet", "b.py")
    assert check(repository.root, "--base", "HEAD").found == set()
    repository.git("rm", "--quiet", "requirements.txt")
    (one,) = check(repository.root, "--base", "HEAD").report["findings"]
    assert (one["location"]["path"], one["status"], one["confidence"]) == ("a.py", "new", "medium")


def test_a_merge_brings_nothing_that_either_side_did_not_have(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"side.py": OLD})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b.py": "x = 2\n"})
    hooked(repository)
    # git runs pre-merge-commit for a merge that needs nobody, pre-commit for one that was finished by hand.
    repository.git("merge", "--quiet", "--no-commit", "side")
    assert commit(repository).returncode == 0
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.git("merge", "--quiet", "--no-commit", "side")
    repository.write({"evil.py": OLD})
    stopped = commit(repository, "evil.py")
    assert stopped.returncode == 1
    assert b"evil.py" in stopped.stderr and b"side.py" not in stopped.stderr


def test_a_commit_in_a_linked_worktree_is_judged_there(repository: Repository, tmp_path: Path) -> None:
    hooked(repository)
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    linked = Repository(tmp_path / "linked")
    linked.write({"a.py": f"# touched\n{OLD}"})
    assert commit(linked, "a.py").returncode == 0
    linked.write({"c.py": OLD})
    assert commit(linked, "c.py").returncode == 1


def test_commit_all_judges_what_it_commits(repository: Repository) -> None:
    """`git commit -a` gives its hook an index of its own."""
    hooked(repository)
    repository.write({"b.py": OLD})
    assert commit(repository, flags=("-a",)).returncode == 1
    assert commit(repository, flags=("--only", "b.py")).returncode == 1
    repository.write({"b.py": "x = 3\n"})
    assert commit(repository, flags=("-a",)).returncode == 0


# --- bases that are none --------------------------------------------------------------------------------------------


def test_a_base_that_is_not_there_is_no_pass_even_for_a_clean_file(repository: Repository, tmp_path: Path) -> None:
    for paths in ([], ["b.py"], ["-q", "b.py"]):
        done = run(repository.root, "check", "--exit-zero", "--base", "nope", *paths)
        assert (done.code, done.out) == (2, "")
        assert "--base nope: this clone has no commit nope" in done.err and "fetch-depth: 0" in done.err
    repository.commit({"b.py": "x = 2\n"})
    url = f"file://{repository.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", url, str(tmp_path / "c")], env=ENVIRONMENT, check=True)
    first = repository.git("rev-parse", "HEAD~1")
    for flags in ([], ["-q"]):
        done = run(tmp_path / "c", "check", *flags, "--base", first, "b.py")
        assert done.code == 2
        assert "fetch-depth: 0" in done.err


def test_auto_outside_a_commit_judges_everything(repository: Repository) -> None:
    done = check(repository.root, "--base", "auto", PRE_COMMIT="1", GIT_INDEX_FILE=None)
    everything = check(repository.root, "--base", "auto")
    assert (everything.code, statuses(everything)) == (1, {(TORCH, "a.py", 2, "new", "block")})
    # In a hook without files what is staged is judged: here nothing.
    assert (done.code, statuses(done)) == (0, set())
    merged = check(repository.root, "--base", "auto", "a.py", PRE_COMMIT="1", PRE_COMMIT_FROM_REF="HEAD")
    assert statuses(merged) == {(TORCH, "a.py", 2, "existing", "record")}


# --- an earlier report ----------------------------------------------------------------------------------------------


def test_an_earlier_report_serves_where_there_is_no_git(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a.py").write_text(OLD)
    (folder / "m.py").write_text(model("acme/x"))
    report = tmp_path / "report.json"
    assert run(folder, "check", ".", "--format", f"json={report}").code == 1
    (folder / "a.py").write_text(f"# a comment above\n{OLD}{LOAD}")
    (folder / "b.py").write_text(model("acme/x") + model("acme/y"))
    done = check(folder, ".", "--base", str(report))
    found = {item for item in statuses(done) if item[0] in (TORCH, PINNED)}
    assert (done.code, found) == (
        1,
        {
            (TORCH, "a.py", 3, "existing", "record"),
            (TORCH, "a.py", 4, "new", "block"),
            (PINNED, "m.py", 2, "existing", "record"),
            (PINNED, "b.py", 2, "existing", "record"),
            (PINNED, "b.py", 4, "new", "warn"),
        },
    )
    assert run(folder, "check", ".", "--base", str(report)).out.startswith("compared with the report report.json of ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no such folder or report: No such file or directory"),
        ("{", "no report of mlgate"),
        ("[]", "no report of mlgate"),
        ('{"version": 2, "tool": {"name": "mlgate"}}', "no report of mlgate, version 1"),
        ('{"version": 1, "tool": {"name": "mlgate"}, "run": {"repository": null}, "findings": [{}]}', "no report"),
    ],
)
def test_what_is_no_report_is_no_base(tmp_path: Path, text: str | None, why: str) -> None:
    (tmp_path / "a.py").write_text(OLD)
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    done = run(tmp_path, "check", "a.py", "--base", "report.json")
    assert done.code == 2
    assert f"report.json: {why}" in done.err
