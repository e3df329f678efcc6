"""A change cannot talk mlgate out of its verdict: each row of the table, with real commits."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repository, make_repository
from program import Done, check, run, run_patched

LOAD = "import pickle\nrows = pickle.load(open(path, 'rb'))\n"
PICKLE = "unsafe-load/pickle"

POLICY = """\
# yaml-language-server: $schema=https://example.org/policy.schema.json
kind: Policy
version: 1
id: acme
owner: "@acme/security"
extends: none
rules:
  "*": { level: record, waivable: inline }
  unsafe-load/*: { level: block, waivable: file, loosest: { level: warn } }
  unpinned/model-revision: { level: block, params: { trusted-orgs: [acme] } }
  input/*: { level: block }
  governance/*: { level: block, waivable: never }
  governance/suppression-added: { level: record }
waivers: { max-days: 180 }
"""

STRICT = """\
---
kind: Policy
version: 1
id: services
owner: "@acme/services"
extends: acme
scope: { paths: ["services/**"] }
rules:
  unpinned/package: { level: block }
"""

WAIVER = """\
kind: Waivers
version: 1
waivers:
  - id: W-1
    rule: unsafe-load/pickle
    paths: [b.py]
    limit: 1
    type: accepted-risk
    reason: The file is made by our own nightly job.
    owner: "@acme/ranking"
    from: 2026-11-01
    expires: 2027-01-31
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with a policy, and old debt in a.py."""
    made = make_repository(tmp_path / "r", {".mlgate.yaml": POLICY + STRICT, "a.py": LOAD})
    made.git("checkout", "--quiet", "-b", "change")
    return made


def judged(done: Done) -> set[tuple[str, str, int, str]]:
    """(rule, path, line, level) of what is new and not only recorded."""
    return {
        (one["rule"], one["location"]["path"], one["location"]["line"], one["level"])
        for one in done.report["findings"]
        if one["status"] == "new" and one["level"] != "record"
    }


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


LOOSENED = {
    "lowers a level": ("unsafe-load/*: { level: block", "unsafe-load/*: { level: warn", "unsafe-load/*"),
    "switches a family off": ("unsafe-load/*: { level: block", 'unsafe-load/*: { level: "off"', "unsafe-load/*"),
    "dates a level": ("unsafe-load/*: { level: block", "unsafe-load/*: { level: {block: 2099-01-01}", "unsafe-load/*"),
    "widens a list": ("trusted-orgs: [acme]", "trusted-orgs: [acme, jdoe]", "unpinned/model-revision"),
    "widens a bound": ("loosest: { level: warn }", "loosest: { level: record }", "unsafe-load/*"),
    "admits inline ignores": ("waivable: file", "waivable: inline", "unsafe-load/*"),
    "lets waivers last": ("max-days: 180", "max-days: 360", "waivers"),
    "narrows a scope": ('paths: ["services/**"]', 'paths: ["services/api/**"]', "kind: Policy"),
    "deletes an overlay": (STRICT, "", "kind: Policy"),
    "takes a rule out": (
        "  unpinned/model-revision: { level: block, params: { trusted-orgs: [acme] } }\n",
        "",
        "unpinned/model-revision",
    ),
}


@pytest.mark.parametrize("name", LOOSENED)
def test_a_loosened_policy_is_judged_by_the_old_one_and_told(repository: Repository, name: str) -> None:
    old, new, _ = LOOSENED[name]
    text = POLICY + STRICT
    assert old in text
    repository.commit({".mlgate.yaml": text.replace(old, new), "b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert done.code == 1
    found = judged(done)
    assert (PICKLE, "b.py", 2, "block") in found
    assert {(rule, path, level) for rule, path, _, level in found - {(PICKLE, "b.py", 2, "block")}} == {
        ("governance/policy-loosened", ".mlgate.yaml", "block")
    }


def test_what_is_loosened_is_told_where_it_stands_with_what_it_would_release(repository: Repository) -> None:
    text = POLICY.replace("unsafe-load/*: { level: block", "unsafe-load/*: { level: warn") + STRICT
    repository.commit({".mlgate.yaml": text})
    done = check(repository.root, "--base", "main")
    (finding,) = [one for one in done.report["findings"] if one["rule"] == "governance/policy-loosened"]
    assert finding["location"]["line"] == line_of(text, "unsafe-load/*")
    assert finding["message"] == "Loosens rules/unsafe-load/*/level: block becomes warn. It would release 1 block."


def test_a_tightened_policy_is_no_finding(repository: Repository) -> None:
    text = POLICY.replace('"*": { level: record', '"*": { level: warn').replace("max-days: 180", "max-days: 90")
    repository.commit({".mlgate.yaml": f"# said anew\n{text}{STRICT}"})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (0, set())


def test_a_deleted_policy_still_judges(repository: Repository) -> None:
    (repository.root / ".mlgate.yaml").unlink()
    repository.commit({"b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert done.code == 1
    assert (PICKLE, "b.py", 2, "block") in judged(done)
    assert ("governance/policy-loosened", ".mlgate.yaml") in {(rule, path) for rule, path, *_ in judged(done)}


def test_a_proposed_waiver_is_shown_and_not_honoured(repository: Repository) -> None:
    repository.commit({".mlgate/waivers.yaml": WAIVER, "b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (
        1,
        {(PICKLE, "b.py", 2, "block"), ("governance/waiver-added", ".mlgate/waivers.yaml", 4, "block")},
    )
    (finding,) = [one for one in done.report["findings"] if one["location"]["path"] == "b.py"]
    assert finding["suppression"]["state"] == "proposed"
    sarif = run(repository.root, "check", "--base", "main", "--format", "sarif", "--as-of", "2026-11-23")
    assert '"status": "underReview"' in sarif.out


def test_a_merged_waiver_is_honoured(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "main")
    repository.commit({".mlgate/waivers.yaml": WAIVER})
    repository.git("checkout", "--quiet", "change")
    repository.git("merge", "--quiet", "main")
    repository.commit({"b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (0, set())
    (finding,) = [one for one in done.report["findings"] if one["location"]["path"] == "b.py"]
    assert (finding["level"], finding["suppression"]["state"], finding["suppression"]["id"]) == (
        "record",
        "accepted",
        "W-1",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("expires: 2027-01-31", "expires: 2027-03-31"),
        ("limit: 1", "limit: 2"),
        ("paths: [b.py]", "paths: [b.py, c.py]"),
        ("rule: unsafe-load/pickle", "rule: unsafe-load/joblib"),
    ],
)
def test_a_waiver_that_covers_more_is_a_new_one(repository: Repository, old: str, new: str) -> None:
    repository.git("checkout", "--quiet", "main")
    repository.commit({".mlgate/waivers.yaml": WAIVER, "b.py": LOAD})
    repository.git("checkout", "--quiet", "-B", "change")
    assert old in WAIVER
    repository.commit({".mlgate/waivers.yaml": WAIVER.replace(old, new), "c.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (
        1,
        {(PICKLE, "c.py", 2, "block"), ("governance/waiver-added", ".mlgate/waivers.yaml", 4, "block")},
    )


def test_an_old_branch_is_judged_by_the_policy_of_today(repository: Repository) -> None:
    """Whoever branches off before the policy was tightened does not keep the old one."""
    repository.commit({"models.py": "from transformers import AutoModel\nAutoModel.from_pretrained('acme/x')\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({".mlgate.yaml": POLICY.replace("trusted-orgs: [acme]", "trusted-orgs: []")})
    repository.git("checkout", "--quiet", "change")
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (1, {("unpinned/model-revision", "models.py", 2, "block")})


def test_there_is_no_policy_below_the_root(repository: Repository) -> None:
    nested = POLICY.replace("level: block", 'level: "off"')
    repository.commit({"sub/.mlgate.yaml": nested, "sub/b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (1, {(PICKLE, "sub/b.py", 2, "block")})


def test_a_file_that_is_made_unreadable_is_no_pass(repository: Repository) -> None:
    repository.commit({"b.py": LOAD + "def (:\n"})
    done = check(repository.root, "--base", "main")
    assert done.code == 1
    assert ("input/unparsed", "b.py") in {(rule, path) for rule, path, *_ in judged(done)}


def test_a_renamed_file_is_no_amnesty_and_no_alarm(repository: Repository) -> None:
    repository.git("mv", "a.py", "old.py")
    repository.commit({"old.py": LOAD + "more = pickle.load(open(other, 'rb'))\n"})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (1, {(PICKLE, "old.py", 3, "block")})


def test_the_change_that_introduces_mlgate_is_judged_by_its_own_policy(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r", {"a.py": "x = 1\n"})
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit({".mlgate.yaml": POLICY, "b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (1, {(PICKLE, "b.py", 2, "block")})
    assert done.report["run"]["notes"] == ["The base has no policy: the one that this change brings was used."]


def test_who_runs_mlgate_already_introduces_nothing(tmp_path: Path) -> None:
    """The shipped policy judged so far; a change that brings a laxer one is not its own judge."""
    hook = "repos:\n- repo: https://github.com/acme/mlgate\n  rev: v1\n  hooks: [{id: mlgate}]\n"
    repository = make_repository(tmp_path / "r", {".pre-commit-config.yaml": hook})
    repository.git("checkout", "--quiet", "-b", "change")
    lax = 'kind: Policy\nversion: 1\nid: lax\nowner: me\nextends: none\nrules: {"*": {level: "off"}}\n'
    repository.commit({".mlgate.yaml": lax, "b.py": LOAD})
    done = check(repository.root, "--base", "main")
    assert done.code == 1
    assert (PICKLE, "b.py", 2, "block") in judged(done)


def test_a_policy_that_is_broken_at_the_head_is_no_policy_of_the_base(repository: Repository) -> None:
    repository.commit({".mlgate.yaml": POLICY.replace("level: block", "level: blok")})
    done = run(repository.root, "check", "--base", "main")
    assert done.code == 2
    assert ".mlgate.yaml:9: rules/unsafe-load/*/level: unknown value 'blok'" in done.err


def test_a_policy_that_is_broken_at_the_base_never_becomes_none(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "main")
    repository.commit({".mlgate.yaml": "kind: Policy\n"})
    repository.git("checkout", "--quiet", "-B", "change")
    repository.commit({".mlgate.yaml": POLICY})
    done = run(repository.root, "check", "--base", "main")
    assert done.code == 2
    assert "at the base" in done.err
    assert "whoever owns the policy has to repair it there" in done.err


# --- reviews that the forge is known to require ---------------------------------------------------------------------

ENFORCED = POLICY.replace(
    "waivable: never }", 'waivable: never, params: { reviewers: ["@acme/security"], reviews-enforced: true } }', 1
)
OWNERS = ".mlgate* @acme/security\n"


@pytest.fixture
def reviewed(tmp_path: Path) -> Repository:
    """As `repository`, where the forge asks the policy's owners."""
    made = make_repository(
        tmp_path / "r", {".mlgate.yaml": ENFORCED, "CODEOWNERS": OWNERS, ".mlgate/waivers.yaml": EMPTY, "a.py": LOAD}
    )
    made.git("checkout", "--quiet", "-b", "change")
    return made


EMPTY = WAIVER[: WAIVER.index("waivers:")] + "waivers: []\n"


def test_a_change_that_a_reviewer_must_approve_only_warns(reviewed: Repository) -> None:
    reviewed.commit({".mlgate.yaml": ENFORCED.replace("unsafe-load/*: { level: block", "unsafe-load/*: { level: warn")})
    done = check(reviewed.root, "--base", "main")
    assert done.code == 0
    assert {(rule, level) for rule, _, _, level in judged(done)} == {("governance/policy-loosened", "warn")}


def test_a_waiver_that_a_reviewer_must_approve_lets_the_finding_warn(reviewed: Repository) -> None:
    reviewed.commit({".mlgate/waivers.yaml": WAIVER, "b.py": LOAD})
    done = check(reviewed.root, "--base", "main")
    assert (done.code, judged(done)) == (
        0,
        {(PICKLE, "b.py", 2, "warn"), ("governance/waiver-added", ".mlgate/waivers.yaml", 4, "warn")},
    )


@pytest.mark.parametrize("owners", ["", ".mlgate* @somebody/else\n", ".mlgate* @acme/security\n.mlgate*\n"])
def test_who_is_not_asked_approves_nothing(tmp_path: Path, owners: str) -> None:
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": ENFORCED, "CODEOWNERS": owners, "a.py": LOAD})
    repository.git("checkout", "--quiet", "-b", "change")
    # The head's own CODEOWNERS proves nothing.
    loosened = ENFORCED.replace("unsafe-load/*: { level: block", "unsafe-load/*: { level: warn")
    repository.commit({".mlgate.yaml": loosened, "CODEOWNERS": OWNERS})
    done = check(repository.root, "--base", "main")
    assert done.code == 1
    assert ("governance/policy-loosened", "block") in {(rule, level) for rule, _, _, level in judged(done)}


def test_what_the_head_says_of_reviews_proves_nothing(repository: Repository) -> None:
    repository.commit({".mlgate.yaml": ENFORCED + STRICT, "CODEOWNERS": OWNERS})
    done = check(repository.root, "--base", "main")
    assert done.code == 1
    assert {(rule, level) for rule, _, _, level in judged(done)} == {("governance/policy-loosened", "block")}


# --- what makes mlgate run ------------------------------------------------------------------------------------------

HOOKS = """\
repos:
  - repo: https://github.com/acme/ml-policies
    rev: v3
    hooks:
      - id: mlgate
"""
WORKFLOW = """\
on: pull_request
permissions: { contents: read }
jobs:
  mlgate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: { fetch-depth: 0 }
      - run: mlgate check --base auto
"""
ATTRIBUTES = "*.ipynb diff=jupyternotebook\n"
ENFORCING = {
    ".pre-commit-config.yaml": HOOKS,
    ".github/workflows/mlgate.yml": WORKFLOW,
    "CODEOWNERS": "* @acme/everybody\n" + OWNERS,
    ".gitattributes": ATTRIBUTES,
    "ci/check.sh": "set -e\nmlgate check --base auto\n",
    ".github/actions/check/action.yml": "runs:\n  using: composite\n  steps:\n    - run: mlgate check --base auto\n",
}

WEAKENED: dict[str, tuple[str, str | None, tuple[str, int]]] = {
    "the hook is gone": (".pre-commit-config.yaml", "repos: []\n", ("hook mlgate", 5)),
    "the configuration is gone": (".pre-commit-config.yaml", None, ("pre-commit's configuration", 5)),
    "the configuration is broken": (".pre-commit-config.yaml", "repos: [\n", ("pre-commit's configuration", 1)),
    "folders are left out": (
        ".pre-commit-config.yaml",
        HOOKS + "        exclude: ^notebooks/\n",
        ("hook mlgate: exclude", 5),
    ),
    "all hooks leave folders out": (
        ".pre-commit-config.yaml",
        "exclude: ^notebooks/\n" + HOOKS,
        ("pre-commit: exclude", 1),
    ),
    "arguments are another": (
        ".pre-commit-config.yaml",
        HOOKS + "        args: [--exit-zero]\n",
        ("hook mlgate: args", 5),
    ),
    "another repository": (
        ".pre-commit-config.yaml",
        HOOKS.replace("acme/ml-policies", "jdoe/ml-policies"),
        ("hook mlgate: repo", 5),
    ),
    "an older release": (".pre-commit-config.yaml", HOOKS.replace("v3", "v2"), ("hook mlgate: rev", 5)),
    "skipped by the service": (
        ".pre-commit-config.yaml",
        HOOKS + "ci: { skip: [mlgate] }\n",
        ("pre-commit: ci", 6),
    ),
    "the workflow is gone": (".github/workflows/mlgate.yml", None, ("the pipeline that runs mlgate", 1)),
    "the workflow forgives": (
        ".github/workflows/mlgate.yml",
        WORKFLOW.replace("--base auto", "--base auto || true"),
        ("job mlgate: step 1: run", 4),
    ),
    "the job may fail": (
        ".github/workflows/mlgate.yml",
        WORKFLOW.replace("    runs-on", "    continue-on-error: true\n    runs-on"),
        ("job mlgate: continue-on-error", 4),
    ),
    "the job is for some": (
        ".github/workflows/mlgate.yml",
        WORKFLOW.replace("    runs-on", "    if: github.actor != 'jdoe'\n    runs-on"),
        ("job mlgate: if", 4),
    ),
    "nobody starts it": (
        ".github/workflows/mlgate.yml",
        WORKFLOW.replace("on: pull_request", "on: workflow_dispatch"),
        ("workflow: on", 1),
    ),
    "it may write": (
        ".github/workflows/mlgate.yml",
        WORKFLOW.replace("contents: read", "contents: write"),
        ("workflow: permissions", 2),
    ),
    "no history": (
        ".github/workflows/mlgate.yml",
        WORKFLOW.replace("        with: { fetch-depth: 0 }\n", ""),
        ("job mlgate: checkout 1", 4),
    ),
    "a script that the workflow runs": ("ci/check.sh", "true\n", ("a line that runs mlgate", 1)),
    "an action of its own": (
        ".github/actions/check/action.yml",
        "runs: {using: composite, steps: []}\n",
        ("a line that runs mlgate", 1),
    ),
    "no owner": ("CODEOWNERS", "* @acme/everybody\n", ("owners of .mlgate.yaml", 1)),
    "notebooks are hidden": (".gitattributes", "*.ipynb binary\n", ("attributes of notebooks", 1)),
    "notebooks are generated": (
        ".gitattributes",
        ATTRIBUTES + "*.ipynb linguist-generated=true\n",
        ("attributes of notebooks", 2),
    ),
}


@pytest.fixture
def enforcing(tmp_path: Path) -> Repository:
    made = make_repository(tmp_path / "r", {".mlgate.yaml": POLICY, **ENFORCING})
    made.git("checkout", "--quiet", "-b", "change")
    return made


def enforcement(repository: Repository) -> set[tuple[str, str, int]]:
    """(subject, path, line) of what is told of the enforcement."""
    return {
        (one["subject"], one["location"]["path"], one["location"]["line"])
        for one in check(repository.root, "--base", "main").report["findings"]
        if one["rule"] == "governance/enforcement-changed"
    }


@pytest.mark.parametrize("name", WEAKENED)
def test_who_weakens_the_enforcement_is_told(enforcing: Repository, name: str) -> None:
    path, text, (subject, line) = WEAKENED[name]
    if text is None:
        (enforcing.root / path).unlink()
        enforcing.commit()
    else:
        assert text != ENFORCING[path]
        enforcing.commit({path: text})
    done = check(enforcing.root, "--base", "main")
    assert done.code == 1
    assert (subject, path, line) in enforcement(enforcing)
    levels = {one["level"] for one in done.report["findings"] if one["rule"] == "governance/enforcement-changed"}
    assert levels == {"block"}


HARMLESS = {
    "a hook more": {
        ".pre-commit-config.yaml": HOOKS
        + "  - repo: https://github.com/psf/black\n    rev: 25.1.0\n    hooks: [{id: black}]\n"
    },
    "said in another way": {
        ".pre-commit-config.yaml": '{"repos": [{"rev": "v3", "hooks": [{"id": "mlgate"}], "repo": "https://github.com/acme/ml-policies"}]}'
    },
    "a newer release": {".pre-commit-config.yaml": HOOKS.replace("v3", "v4")},
    "a job more": {
        ".github/workflows/mlgate.yml": WORKFLOW
        + "  test:\n    runs-on: ubuntu-latest\n    steps: [{run: make test}]\n"
    },
    "a name and a comment": {".github/workflows/mlgate.yml": "# ours\nname: the gate\n" + WORKFLOW},
    "another machine": {".github/workflows/mlgate.yml": WORKFLOW.replace("ubuntu-latest", "ubuntu-24.04")},
    "a script that does more": {"ci/check.sh": "set -e\nmake test\nmlgate check --base auto\n"},
    "another workflow": {".github/workflows/other.yml": "on: push\njobs: {}\n"},
    "an owner more": {"CODEOWNERS": "* @acme/everybody\n.mlgate* @acme/security @acme/ml\ndocs/ @acme/docs\n"},
    "other attributes": {".gitattributes": ATTRIBUTES + "*.png binary\n*.py text\n"},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_who_weakens_nothing_is_told_nothing(enforcing: Repository, name: str) -> None:
    enforcing.commit(HARMLESS[name])
    assert enforcement(enforcing) == set()
    assert check(enforcing.root, "--base", "main").code == 0


# --- what a file can do to whoever reads it -------------------------------------------------------------------------


def test_a_link_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text(LOAD)
    (repository.root / "b.py").symlink_to(tmp_path / "outside.py")
    repository.commit()
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (1, {("input/not-looked-into", "b.py", 1, "block")})


def test_a_huge_file_is_no_pass(repository: Repository) -> None:
    repository.commit({"b.py": "x = 1\n" + "#" * 20_000_001})
    done = check(repository.root, "--base", "main")
    assert (done.code, judged(done)) == (1, {("input/too-large", "b.py", 1, "block")})


def test_a_policy_that_is_a_link_in_the_base_is_refused(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "main")
    (repository.root / ".mlgate.yaml").rename(repository.root / "policy.txt")
    (repository.root / ".mlgate.yaml").symlink_to("policy.txt")
    repository.commit()
    repository.git("checkout", "--quiet", "-B", "change")
    repository.commit({"policy.txt": POLICY + STRICT, ".mlgate/waivers.yaml": WAIVER})
    done = run(repository.root, "check", "--base", "main")
    assert done.code == 2
    assert "a symbolic link; policies are read from plain files" in done.err


def test_a_pattern_on_which_a_scan_hangs_costs_its_file_and_nothing_else(tmp_path: Path) -> None:
    rule = """\
---
kind: Rule
version: 1
id: acme/slow
title: Slow
severity: high
message: Slow.
why: Because.
fix: Do not.
match: {any: [{string: '^(a+)+$'}]}
examples: {bad: ["x = 'aa'"], good: ["x = 'b'"]}
"""
    policy = POLICY + rule
    slow = f"x = '{'a' * 60}!'\n"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": policy, "slow.py": slow, "b.py": LOAD})
    assert run(repository.root, "policy", "test").code == 1
    done = run_patched(
        repository.root,
        "from mlgate import sides; sides.FILE_SECONDS = 2.0",
        "check",
        "slow.py",
        "b.py",
        "--format",
        "json",
    )
    assert (done.code, {one[:2] for one in done.found}) == (1, {("input/timeout", "slow.py"), (PICKLE, "b.py")})
