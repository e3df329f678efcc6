"""`init` loses nothing and can be run again; `doctor` tells what is on, what is not, and what nobody can see."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from gitrepo import Repository, make_repository
from hypothesis import given
from hypothesis import strategies as st
from program import run

from mlgate.verbs.setup import texts
from mlgate.verbs.setup.init import Asked, steps
from mlgate.yaml_strict import read, read_foreign

HOOKS = ".pre-commit-config.yaml"
OWNED = "/.mlgate.yaml"


def planned(files: dict[str, str], owner: str = "@acme/sec") -> dict[str, str]:
    """Text by path of what is written."""
    data = {path: text.encode() for path, text in files.items()}
    workflows = {path: content for path, content in data.items() if path.startswith(".github/workflows/")}
    found = steps(data.get, data.__contains__, workflows, Asked(owner))
    return {step.path: step.after.decode() for step in found if step.after is not None}


def test_an_empty_repository_gets_everything() -> None:
    written = planned({})
    assert set(written) == {".mlgate.yaml", HOOKS, ".github/workflows/mlgate.yml", ".github/CODEOWNERS"}
    assert read(written[".mlgate.yaml"].encode(), "p")
    assert written[".mlgate.yaml"].startswith("# yaml-language-server: $schema=")
    assert planned(written) == {}


def test_without_an_owner_no_owners_are_made_up() -> None:
    assert ".github/CODEOWNERS" not in planned({}, owner="")


@pytest.mark.parametrize(
    "text",
    [
        "repos:\n  - repo: local\n    hooks: []\n",
        "# ours\nrepos:\n- repo: local   # here\n  hooks:\n  - id: x\n\n# the end\nfail_fast: true\n",
        "repos: []\n",
        "fail_fast: true\n",
        "repos:\r\n  - repo: local\r\n    hooks: []\r\n",
        "repos:\n  - repo: local\n    hooks: []",
        "",
    ],
)
def test_one_repository_is_added_and_nothing_else_changes(text: str) -> None:
    after = planned({HOOKS: text})[HOOKS]
    (document,) = read_foreign(after)
    data: Any = document.data
    assert [one["repo"] for one in data["repos"]][-1] == texts.SOURCE
    assert [hook["id"] for hook in data["repos"][-1]["hooks"]] == ["mlgate", "mlgate-policy", "mlgate-push"]
    left = [line for line in after.splitlines() if line not in texts.hooks("x").splitlines()]
    kept = [line for line in text.splitlines() if line not in ("repos: []",)]
    assert [line for line in kept if line in left] == kept
    assert ("\r\n" in after) == ("\r\n" in text)


@pytest.mark.parametrize(
    "text", ["repos: [{repo: local, hooks: []}]\n", "repos: &a\n", "a: [\n", "- a\n", "repos: x\n"]
)
def test_what_cannot_be_added_to_is_left_alone(text: str) -> None:
    assert HOOKS not in planned({HOOKS: text})


names = st.text("abc-", min_size=1, max_size=6)
comments = st.sampled_from(["", "  # why", "   #x"])


@given(st.lists(st.tuples(names, comments), max_size=4), st.sampled_from(["", "  ", "    "]), st.booleans())
def test_every_byte_that_was_there_stays(repos: list[tuple[str, str]], indent: str, ends: bool) -> None:
    entries = "".join(f"{indent}- repo: local{note}\n{indent}  hooks: [{{id: '{name}'}}]\n" for name, note in repos)
    text = f"# top\nrepos:\n{entries}" + ("# end\nfail_fast: false\n" if ends else "")
    after = planned({HOOKS: text})[HOOKS]
    removed = [line for line in after.splitlines() if line in text.splitlines()]
    assert [line for line in removed if line in text.splitlines()][: len(text.splitlines())] == text.splitlines()


def test_owners_are_added_at_the_end_where_they_win() -> None:
    after = planned({"CODEOWNERS": "* @everybody"})["CODEOWNERS"]
    assert after.startswith("* @everybody\n\n# The checks")
    assert f"{OWNED} " in after
    assert planned({"CODEOWNERS": after, **planned({})}).get("CODEOWNERS") is None


def test_a_pipeline_of_another_service_is_told_and_left_alone() -> None:
    assert ".github/workflows/mlgate.yml" not in planned({".gitlab-ci.yml": "test: {}\n"})


# --- the installed command ------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "r", {"a.py": "x = 1\n"})


def told(repository: Repository) -> dict[str, list[str]]:
    """First lines of doctor's findings by state."""
    found: dict[str, list[str]] = {}
    for line in run(repository.root, "doctor").out.splitlines():
        state, _, rest = line.partition(" ")
        if state in ("ok", "missing", "unseen"):
            found.setdefault(state, []).append(rest.strip())
    return found


def said(repository: Repository) -> str:
    """What doctor prints, without its lines."""
    return " ".join(run(repository.root, "doctor").out.split())


def test_from_nothing_to_a_repository_that_is_well(repository: Repository) -> None:
    assert run(repository.root, "doctor").code == 1
    done = run(repository.root, "init", "--owner", "@acme/sec")
    assert (done.code, done.out.count(": written")) == (0, 3)
    assert run(repository.root, "policy", "test").code == 0
    hooks = repository.root / ".git" / "hooks"
    for name in ("pre-commit", "pre-push"):
        (hooks / name).write_text("#!/bin/sh\nexec pre-commit hook-impl\n")
        (hooks / name).chmod(0o755)
    done = run(repository.root, "doctor")
    assert (done.code, told(repository).get("missing")) == (0, None)
    assert "gh api repos/OWNER/REPOSITORY/rules/branches/main --jq '.[].type'" in done.out
    assert "is there already" in run(repository.root, "init", "--owner", "@acme/sec").out


def test_a_look_writes_nothing(repository: Repository) -> None:
    done = run(repository.root, "init", "--diff", "--owner", "@acme/sec")
    assert "+++ b/.mlgate.yaml" in done.out
    assert sorted(path.name for path in repository.root.iterdir()) == [".git", "a.py"]


def test_a_mode_is_kept_and_a_link_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    config = repository.root / HOOKS
    config.write_text("repos: []\n")
    config.chmod(0o640)
    run(repository.root, "init")
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    (tmp_path / "outside").mkdir()
    other = make_repository(tmp_path / "other", {"a.py": "x = 1\n"})
    (other.root / ".github").symlink_to(tmp_path / "outside")
    done = run(other.root, "init")
    assert done.code == 2
    assert ".github/workflows/mlgate.yml: a link" in done.err
    assert list((tmp_path / "outside").iterdir()) == []


ILLS = {
    "a branch as rev": (
        {HOOKS: "repos: [{repo: 'https://x/mlgate', rev: main, hooks: [{id: mlgate}]}]\n"},
        ".pre-commit-config.yaml: rev 'main' is a branch",
    ),
    "a workflow with secrets": (
        {".github/workflows/m.yml": "on: pull_request_target\njobs: {a: {steps: [{run: mlgate check}]}}\n"},
        ".github/workflows/m.yml: pull_request_target runs with secrets on what anybody proposes",
    ),
    "no history": (
        {
            ".github/workflows/m.yml": "on: pull_request\n"
            "jobs: {a: {steps: [{uses: actions/checkout@v4}, {run: mlgate}]}}\n"
        },
        ".github/workflows/m.yml: the checkout has no history",
    ),
    "a failure that is forgiven": (
        {".github/workflows/m.yml": "on: pull_request\njobs: {a: {steps: [{run: mlgate check || true}]}}\n"},
        ".github/workflows/m.yml: a failure is forgiven",
    ),
    "owners of nothing": (
        {"CODEOWNERS": "docs/ @a\n"},
        "CODEOWNERS names nobody for .mlgate.yaml, .mlgate/waivers.yaml,",
    ),
    "a line that GitHub skips": ({"CODEOWNERS": "* @a\n!x @b\n"}, "CODEOWNERS: GitHub passes over line 2"),
    "notebooks that reviews do not show": (
        {".gitattributes": "*.ipynb binary\n"},
        ".gitattributes hides notebooks from reviews (diff: unset, text: unset)",
    ),
}


@pytest.mark.parametrize("name", ILLS)
def test_what_is_wrong_is_told(repository: Repository, name: str) -> None:
    files, line = ILLS[name]
    repository.commit(dict(files))
    assert f"missing {line}" in said(repository)


def test_hooks_in_another_folder_are_looked_at_there(repository: Repository) -> None:
    folder = repository.root / ".husky"
    folder.mkdir()
    (folder / "pre-commit").write_text("#!/bin/sh\nnpm test\n")
    (folder / "pre-commit").chmod(0o755)
    repository.git("config", "core.hooksPath", ".husky")
    shown = said(repository).replace(" ", "")
    assert f"missingthepre-commithookin{folder}runsneitherpre-commitnormlgate" in shown


def test_a_policy_that_cannot_be_read_is_no_diagnosis(repository: Repository) -> None:
    repository.write({".mlgate.yaml": "kind: Policy\n"})
    assert run(repository.root, "doctor").code == 2


def test_outside_git_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    done = run(tmp_path, "doctor")
    assert (done.code, "no git repository" in done.out) == (1, True)
    assert json.dumps(done.out)
