"""Laws of the base."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository
from msgspec.structs import replace

from mlgate import base as bases
from mlgate.base import Base
from mlgate.errors import MlgateError
from mlgate.git.repository import Git

NOTHING = Base(None, "no base: everything is judged")


@dataclass(frozen=True)
class Forked:
    """A clone on branch `work`, two commits ahead of `fork`; `origin/main` went on to `main`."""

    clone: Repository
    fork: str
    main: str
    work: str

    @property
    def git(self) -> Git:
        return Git(str(self.clone.root), ENVIRONMENT)


@pytest.fixture
def forked(tmp_path: Path) -> Forked:
    origin = make_repository(tmp_path / "origin", {"a.py": "1"})
    fork = origin.git("rev-parse", "HEAD")
    main = origin.commit({"a.py": "2"})
    origin.git("clone", "--quiet", str(origin.root), str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone")
    clone.git("checkout", "--quiet", "-b", "work", fork)
    clone.commit({"b.py": "1"})
    return Forked(clone, fork, main, clone.commit({"b.py": "2"}))


def choose(*arguments: Any, **options: Any) -> Base:
    """Which commit, and how it is told; whose policy judges is asked below."""
    return replace(bases.choose(*arguments, **options), law=None, branch=None, is_proposal=False)


def compared(name: str, commit: str) -> Base:
    return Base(commit, f"compared with {name} at {commit[:7]}")


def test_without_base_everything_is_judged(forked: Forked) -> None:
    assert choose(None, {"GITHUB_BASE_REF": "main"}, forked.git, committing=True) == NOTHING


def test_a_ref_means_where_the_work_left_it(forked: Forked) -> None:
    assert choose("origin/main", {}, forked.git, committing=False) == compared("origin/main", forked.fork)
    assert choose("HEAD~1", {}, forked.git, committing=True) == compared(
        "HEAD~1", forked.clone.git("rev-parse", "HEAD~1")
    )
    assert choose(forked.main, {}, forked.git, committing=False) == compared(forked.main, forked.fork)
    assert choose(forked.fork, {}, forked.git, committing=False) == Base(
        forked.fork, f"compared with {forked.fork[:7]}"
    )


def test_a_ref_without_common_history_is_taken_itself(forked: Forked) -> None:
    forked.clone.git("checkout", "--quiet", "--orphan", "alone")
    forked.clone.commit({"c.py": ""})
    assert choose("origin/main", {}, forked.git, committing=False) == compared("origin/main", forked.main)


@pytest.mark.parametrize("spec", ["nope", "--all", "", "HEAD:a.py", "a b"])
def test_a_base_that_does_not_exist_is_an_error(forked: Forked, spec: str) -> None:
    with pytest.raises(MlgateError, match=r"no commit .*fetch-depth: 0"):
        choose(spec, {}, forked.git, committing=False)


def test_without_git(tmp_path: Path) -> None:
    assert choose("auto", {}, None, committing=False).commit is None
    with pytest.raises(MlgateError, match="no git repository"):
        choose("main", {}, None, committing=False)


# --- auto -----------------------------------------------------------------------------------------------------------


def test_auto_is_head_only_while_git_is_committing(forked: Forked) -> None:
    assert choose("auto", {}, forked.git, committing=True) == compared("HEAD", forked.work)
    assert choose("auto", {"PRE_COMMIT": "1"}, forked.git, committing=False) == NOTHING


def test_the_first_commit_has_no_base(tmp_path: Path) -> None:
    git = Git(str(make_repository(tmp_path).root), ENVIRONMENT)
    assert choose("auto", {}, git, committing=True).commit is None
    assert "first commit" in choose("auto", {}, git, committing=True).note


def test_a_merge_in_the_making_names_what_it_merges(forked: Forked) -> None:
    forked.clone.git("merge", "--quiet", "--no-commit", "--no-ff", "origin/main")
    base = choose("auto", {}, forked.git, committing=True)
    assert (base.commit, base.merged) == (forked.work, (forked.main,))


def test_pre_commit_s_refs_outrank_head(forked: Forked) -> None:
    environment = {"PRE_COMMIT": "1", "PRE_COMMIT_FROM_REF": "origin/main", "PRE_COMMIT_TO_REF": "HEAD"}
    assert choose("auto", environment, forked.git, committing=True) == compared("origin/main", forked.fork)
    with pytest.raises(MlgateError, match="PRE_COMMIT_FROM_REF"):
        choose("auto", {**environment, "PRE_COMMIT_FROM_REF": "1" * 40}, forked.git, committing=False)


def github(forked: Forked, **variables: str) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(forked.clone.root), **variables}


def test_a_pull_request_is_compared_with_its_merge_base(forked: Forked) -> None:
    environment = github(forked, GITHUB_BASE_REF="main", PRE_COMMIT_FROM_REF="HEAD")
    assert choose("auto", environment, forked.git, committing=False) == compared("main", forked.fork)
    # The runner checks out a merge of both: what main added meanwhile is not new.
    forked.clone.git("merge", "--quiet", "--no-ff", "-m", "merge", "origin/main")
    assert choose("auto", environment, forked.git, committing=False) == compared("main", forked.main)


def test_another_repository_on_the_runner_is_not_what_ci_builds(forked: Forked, tmp_path: Path) -> None:
    environment = github(forked, GITHUB_BASE_REF="main", GITHUB_WORKSPACE=str(tmp_path / "elsewhere"))
    assert choose("auto", environment, forked.git, committing=True) == compared("HEAD", forked.work)


def shallow(forked: Forked, depth: int) -> Forked:
    """What actions/checkout gives for a pull request: the merge commit and `depth` generations, no branches."""
    forked.clone.git("merge", "--quiet", "--no-ff", "-m", "merge", "origin/main")
    merge = forked.clone.git("rev-parse", "HEAD")
    # GitHub's merge commit has the target branch as its first parent.
    tree = forked.clone.git("rev-parse", "HEAD^{tree}")
    merge = forked.clone.git("commit-tree", "-p", forked.main, "-p", forked.work, "-m", "merge", tree)
    forked.clone.git("update-ref", "refs/pull/1/merge", merge)
    checkout = make_repository(forked.clone.root.parent / "checkout")
    url = f"file://{forked.clone.root}"
    checkout.git("fetch", "--quiet", f"--depth={depth}", url, "refs/pull/1/merge:refs/remotes/pull/1/merge")
    checkout.git("checkout", "--quiet", "--detach", "refs/remotes/pull/1/merge")
    return Forked(checkout, forked.fork, forked.main, merge)


def test_a_shallow_checkout_of_a_pull_request_names_the_remedy(forked: Forked) -> None:
    checkout = shallow(forked, 1)
    pull = {"GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_SHA": checkout.work}
    with pytest.raises(MlgateError, match="fetch-depth: 0"):
        choose("auto", github(checkout, **pull), checkout.git, committing=False)


def test_depth_two_is_enough_for_github_s_own_merge_commit(forked: Forked) -> None:
    checkout = shallow(forked, 2)
    pull = {"GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_SHA": checkout.work}
    assert choose("auto", github(checkout, **pull), checkout.git, committing=False) == compared("main", checkout.main)


def test_a_shallow_clone_without_merge_base_is_an_error(forked: Forked, tmp_path: Path) -> None:
    origin = forked.clone
    checkout = make_repository(tmp_path / "shallow")
    for branch in ("work", "main"):
        tip = forked.main if branch == "main" else forked.work
        origin.git("update-ref", f"refs/heads/{branch}", tip)
        checkout.git("fetch", "--quiet", "--depth=1", f"file://{origin.root}", f"{branch}:refs/remotes/origin/{branch}")
    checkout.git("checkout", "--quiet", "--detach", "refs/remotes/origin/work")
    git = Git(str(checkout.root), ENVIRONMENT)
    for spec, environment in (("origin/main", {}), ("auto", {"GITHUB_ACTIONS": "true", "GITHUB_BASE_REF": "main"})):
        with pytest.raises(MlgateError, match=r"shallow clone .*main.*fetch-depth: 0"):
            choose(spec, environment, git, committing=False)


def event(tmp_path: Path, payload: object) -> str:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload))
    return str(path)


def test_a_merge_queue_is_compared_with_what_the_queue_builds_on(forked: Forked, tmp_path: Path) -> None:
    path = event(tmp_path, {"merge_group": {"base_sha": forked.fork, "base_ref": "refs/heads/main"}})
    environment = github(forked, GITHUB_EVENT_NAME="merge_group", GITHUB_EVENT_PATH=path)
    assert choose("auto", environment, forked.git, committing=False) == compared("main", forked.fork)


def test_a_push_to_a_branch_is_compared_with_the_default_branch_and_never_with_the_push_before(
    forked: Forked, tmp_path: Path
) -> None:
    before = forked.clone.git("rev-parse", "HEAD~1")
    path = event(tmp_path, {"before": before, "repository": {"default_branch": "main"}})
    environment = github(forked, GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=path, GITHUB_REF="refs/heads/work")
    assert choose("auto", environment, forked.git, committing=False) == compared("main", forked.fork)
    environment["GITHUB_REF"] = "refs/heads/main"
    assert choose("auto", environment, forked.git, committing=False) == NOTHING
    environment.update(GITHUB_REF="refs/tags/v1", GITHUB_REF_TYPE="tag")
    assert choose("auto", environment, forked.git, committing=False) == NOTHING


@pytest.mark.parametrize("payload", ["", "[]", '{"repository": 1}', "[" * 100_000, "\x00"])
def test_an_event_that_cannot_be_read_says_nothing(forked: Forked, tmp_path: Path, payload: str) -> None:
    path = tmp_path / "event.json"
    path.write_text(payload)
    environment = github(forked, GITHUB_EVENT_NAME="push", GITHUB_EVENT_PATH=str(path), GITHUB_REF="refs/heads/work")
    assert choose("auto", environment, forked.git, committing=False) == NOTHING
    environment["GITHUB_BASE_REF"] = "main"
    assert choose("auto", environment, forked.git, committing=False) == compared("main", forked.fork)


@pytest.mark.parametrize(
    "variables",
    [
        {
            "GITLAB_CI": "true",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": "1" * 40,
        },
        {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "work", "CI_DEFAULT_BRANCH": "main"},
        {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
        {"TF_BUILD": "True", "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"},
        {"JENKINS_URL": "https://ci.example", "CHANGE_TARGET": "main"},
        {"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"},
        {"CIRRUS_CI": "true", "CIRRUS_BASE_BRANCH": "main"},
    ],
)
def test_other_services(forked: Forked, variables: dict[str, str]) -> None:
    assert choose("auto", variables, forked.git, committing=False) == compared("main", forked.fork)


def test_gitlab_s_merge_base_is_enough_where_the_branch_was_not_fetched(forked: Forked) -> None:
    forked.clone.git("update-ref", "-d", "refs/remotes/origin/main")
    forked.clone.git("branch", "--quiet", "-D", "main")
    environment = {
        "GITLAB_CI": "true",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": forked.fork,
    }
    assert choose("auto", environment, forked.git, committing=False) == compared("main", forked.fork)
    environment["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = "1" * 40
    with pytest.raises(MlgateError, match="GIT_DEPTH: 0"):
        choose("auto", environment, forked.git, committing=False)


@pytest.mark.parametrize(
    "variables",
    [
        {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"},
        {"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1", "CI_DEFAULT_BRANCH": "main"},
        {"CHANGE_TARGET": "main"},
        {"BUILDKITE": "true", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": ""},
        {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "schedule"},
    ],
)
def test_what_is_no_change_request_has_no_base(forked: Forked, variables: dict[str, str]) -> None:
    assert choose("auto", variables, forked.git, committing=False) == NOTHING


# --- whose policy, and what the change goes into


def test_the_policy_is_that_of_the_branch_as_it_is_now_and_not_as_it_was_when_work_began(forked: Forked) -> None:
    base = bases.choose("origin/main", {}, forked.git, committing=False)
    assert (base.commit, base.law, base.branch, base.is_proposal) == (forked.fork, forked.main, "main", False)


@pytest.mark.parametrize("spec", ["HEAD~1", "HEAD", "main@{0}"])
def test_an_expression_is_no_branch(forked: Forked, spec: str) -> None:
    assert bases.choose(spec, {}, forked.git, committing=False).branch is None


def test_a_commit_is_no_branch(forked: Forked) -> None:
    assert bases.choose(forked.fork[:12], {}, forked.git, committing=False).branch is None


def test_a_hook_on_a_laptop_only_proposes_and_ci_decides(forked: Forked) -> None:
    assert bases.choose("auto", {}, forked.git, committing=True).is_proposal
    pushing = {"PRE_COMMIT_FROM_REF": "origin/main", "PRE_COMMIT_TO_REF": "HEAD"}
    assert bases.choose("auto", pushing, forked.git, committing=False).is_proposal
    assert not bases.choose("auto", {**pushing, "CI": "1"}, forked.git, committing=False).is_proposal
    assert not bases.choose("origin/main", {}, forked.git, committing=True).is_proposal
