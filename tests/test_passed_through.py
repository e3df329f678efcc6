"""A token that one commit adds and the next takes out is leaked all the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repository, make_repository
from program import Done, check, run

TOKEN = "hf_" + "qXvRtLmKzPwYbNcHdGjFsUoAeIyTqWrEuV"
RULE = "secret/huggingface-token"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = make_repository(tmp_path / "r", {"a.py": "x = 1\n", "b.py": "y = 2\n"})
    made.git("checkout", "--quiet", "-b", "change")
    return made


def leaked(done: Done) -> set[tuple[str, str, int, str | None, str]]:
    """(rule, path, line, commit, level)."""
    return {
        (one["rule"], one["location"]["path"], one["location"]["line"], one["location"]["commit"], one["level"])
        for one in done.report["findings"]
        if one["rule"].startswith("secret/")
    }


def test_a_token_that_was_taken_out_again_is_found_in_its_commit(repository: Repository) -> None:
    commit = repository.commit({"a.py": f'x = 1\nlogin("{TOKEN}")\n'})
    repository.commit({"a.py": "x = 1\n"})
    done = check(repository.root, "--base", "main")
    assert (done.code, leaked(done)) == (1, {(RULE, "a.py", 2, commit, "block")})
    (finding,) = [one for one in done.report["findings"] if one["rule"] == RULE]
    assert finding["message"].endswith(
        f"Commit {commit[:7]} holds it, though the file does not any more: whoever can fetch the branch can read it."
    )
    for form in ("text", "github", "sarif"):
        said = run(repository.root, "check", "--base", "main", "--format", form)
        assert f"Commit {commit[:7]} holds it" in " ".join(said.out.split())
        assert TOKEN not in said.out


def test_what_is_still_there_is_found_there_and_once(repository: Repository) -> None:
    repository.commit({"a.py": f'login("{TOKEN}")\n'})
    repository.commit({"a.py": f'# moved down\nlogin("{TOKEN}")\n'})
    done = check(repository.root, "--base", "main")
    assert leaked(done) == {(RULE, "a.py", 2, None, "block")}


def test_what_the_base_has_is_not_new_because_a_commit_touched_it(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a.py": f'login("{TOKEN}")\n'})
    repository.git("checkout", "--quiet", "-B", "change")
    repository.commit({"a.py": f'# a comment\nlogin("{TOKEN}")\n'})
    repository.commit({"a.py": f'login("{TOKEN}")\n'})
    done = check(repository.root, "--base", "main")
    assert {(rule, level) for rule, *_, level in leaked(done)} <= {(RULE, "record")}


def test_a_file_that_came_and_went_a_rename_and_an_output(repository: Repository) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": [f"token {TOKEN}\n"]}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [output], "execution_count": 1, "source": ["print(t)"]}
    book = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}, indent=1)
    commit = repository.commit({"nb.ipynb": book})
    repository.git("mv", "nb.ipynb", "moved.ipynb")
    repository.commit()
    (repository.root / "moved.ipynb").unlink()
    repository.commit()
    done = check(repository.root, "--base", "main")
    assert {(rule, path, held) for rule, path, _, held, _ in leaked(done)} == {(RULE, "nb.ipynb", commit)}


def test_what_a_merge_added_counts_and_what_it_brought_from_the_base_does_not(repository: Repository) -> None:
    repository.commit({"c.py": "z = 3\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"b.py": f'old("{TOKEN[:-1]}x")\n'})
    repository.git("checkout", "--quiet", "change")
    repository.git("merge", "--quiet", "--no-commit", "main")
    merge = repository.commit({"c.py": f'login("{TOKEN}")\n'})
    repository.commit({"c.py": "z = 3\n"})
    done = check(repository.root, "--base", "main")
    assert {(path, held) for _, path, _, held, level in leaked(done) if level == "block"} == {("c.py", merge)}


def test_an_amended_commit_is_not_part_of_the_branch(repository: Repository) -> None:
    repository.commit({"a.py": f'login("{TOKEN}")\n'})
    repository.write({"a.py": "x = 2\n"})
    repository.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    assert leaked(check(repository.root, "--base", "main")) == set()


def test_other_rules_look_at_the_ends_alone(repository: Repository) -> None:
    repository.commit({"a.py": "import pickle\npickle.load(f)\n"})
    repository.commit({"a.py": "x = 1\n"})
    done = check(repository.root, "--base", "main")
    assert (done.code, done.found) == (0, set())
