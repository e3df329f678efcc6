"""Which commit the work tree is compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mlgate.ci import is_ci
from mlgate.earlier import read_report
from mlgate.errors import MlgateError
from mlgate.git.repository import Git
from mlgate.model import Finding

AUTO = "auto"

MAX_EVENT_BYTES = 30_000_000
"""Largest GITHUB_EVENT_PATH read, in bytes. GitHub caps an event's payload at 25 MB."""

_EVERYTHING = "everything is judged"


class Base(Struct, frozen=True):
    commit: str | None
    """Full id; None: there is no base, everything is judged by its level."""
    note: str
    """First line of each report."""
    merged: tuple[str, ...] = ()
    """Commits that the commit in the making merges into `commit`: what they have is not new either."""
    earlier: tuple[Finding, ...] | None = None
    """Instead of a commit: the findings of an earlier report, for trees without git."""
    law: str | None = None
    """The commit whose policy judges: the tip of what the change goes into, which may be newer than `commit`."""
    branch: str | None = None
    """The branch that the change goes into; None where nobody says."""
    is_proposal: bool = False
    """Whether this is a hook on the machine of whoever proposes the change: the pull request decides."""


class _Target(Struct, frozen=True):
    """What CI says that a change goes into."""

    name: str
    """As people call it: the branch."""
    candidates: tuple[str, ...]
    """Names of commits, best first; the first that this clone knows and shares history with is taken."""
    remedy: str


class _Service(Struct, frozen=True):
    """Where a CI service says what it builds. Names are environment variables; empty: it has none."""

    marker: str
    folder: str
    """Holds the checkout: other repositories on the machine are not what CI is about."""
    branch: str
    commit: str
    remedy: str


# Source: each service's list of predefined variables. CircleCI and Semaphore name no target branch.
_SERVICES = (
    _Service(
        "GITLAB_CI",
        "CI_PROJECT_DIR",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA",
        "set `GIT_DEPTH: 0` for the job",
    ),
    _Service(
        "BITBUCKET_BUILD_NUMBER",
        "BITBUCKET_CLONE_DIR",
        "BITBUCKET_PR_DESTINATION_BRANCH",
        "BITBUCKET_PR_DESTINATION_COMMIT",
        "set `clone: {depth: full}`",
    ),
    _Service(
        "TF_BUILD",
        "BUILD_SOURCESDIRECTORY",
        "SYSTEM_PULLREQUEST_TARGETBRANCH",
        "",
        "set `fetchDepth: 0` in the checkout step",
    ),
    _Service("JENKINS_URL", "WORKSPACE", "CHANGE_TARGET", "", "clone without a depth"),
    _Service(
        "BUILDKITE", "BUILDKITE_BUILD_CHECKOUT_PATH", "BUILDKITE_PULL_REQUEST_BASE_BRANCH", "", "clone without a depth"
    ),
    _Service("CIRRUS_CI", "CIRRUS_WORKING_DIR", "CIRRUS_BASE_BRANCH", "CIRRUS_BASE_SHA", "clone without a depth"),
)
_GITHUB_REMEDY = "set `fetch-depth: 0` for actions/checkout"
_ANY_REMEDY = "fetch it with its history (GitHub Actions: `fetch-depth: 0`)"


def choose(spec: str | None, environment: Mapping[str, str], git: Git | None, committing: bool) -> Base:
    """The base that `--base SPEC` means; `committing`: git runs us as a hook of a commit.

    `auto` is CI's merge base; else, in a push, that with the branch it will go into, or what the remote has of the
    default branch; else PRE_COMMIT_FROM_REF's; else HEAD, only while git is committing; else none.
    Raises MlgateError where the base is named but is not in this clone: guessing would make everything old or all new.
    """
    if spec is None:
        return Base(None, f"no base: {_EVERYTHING}")
    if spec.endswith(".json") and (git is None or git.commit(spec) is None):
        name, findings = read_report(Path(spec))
        return Base(None, f"compared with the report {Path(spec).name} of {name}", earlier=tuple(findings))
    if git is None:
        if spec == AUTO:
            return Base(None, f"no git repository, so no base: {_EVERYTHING}")
        raise MlgateError(
            f"--base {spec}: this folder is in no git repository; name an earlier report (report.json), or leave it out"
        )
    if spec != AUTO:
        return _merge_base(git, _Target(spec, (spec,), _ANY_REMEDY), f"--base {spec}")

    target = _target_of_ci(environment, git.root)
    if target is not None:
        return _merge_base(git, target, "--base auto")
    head = environment.get("PRE_COMMIT_TO_REF", "") or "HEAD"
    pushed = _target_of_push(environment, git)
    if pushed is not None:
        return replace(_merge_base(git, pushed, "--base auto (push)", head), is_proposal=not is_ci(environment))
    source = environment.get("PRE_COMMIT_FROM_REF", "")
    if source:
        found = _merge_base(git, _Target(source, (source,), _ANY_REMEDY), "--base auto (PRE_COMMIT_FROM_REF)", head)
        return replace(found, is_proposal=not is_ci(environment))
    if committing:
        commit = git.head()
        if commit is None:
            return Base(None, f"no base, this is the first commit: {_EVERYTHING}")
        note = f"compared with HEAD at {commit[:7]}"
        return Base(commit, note, git.merge_heads(), law=commit, is_proposal=not is_ci(environment))
    return Base(None, f"no base: {_EVERYTHING}")


def _target_of_push(environment: Mapping[str, str], git: Git) -> _Target | None:
    """What a branch that is pushed will go into: the default branch of the remote. None for that branch itself.

    NOTE: not PRE_COMMIT_FROM_REF, which is what the remote has of the branch: a finding of an earlier push would be
    existing here, and new on the pull request. Source: pre_commit/commands/hook_impl.py.
    """
    branch = environment.get("PRE_COMMIT_REMOTE_BRANCH", "")
    if not branch:
        return None
    remote = environment.get("PRE_COMMIT_REMOTE_NAME", "") or "origin"
    default = git.default_branch(remote)
    if default is None or branch.removeprefix("refs/heads/") == default:
        return None
    return _Target(default, (f"refs/remotes/{remote}/{default}",), _ANY_REMEDY)


def _merge_base(git: Git, target: _Target, asked: str, head_name: str = "HEAD") -> Base:
    head = git.commit(head_name)
    known = [commit for name in target.candidates if (commit := git.commit(name)) is not None]
    if not known:
        raise MlgateError(f"{asked}: this clone has no commit {target.name}; check the name, or {target.remedy}")
    for commit in known:
        # Before the first commit there is nothing to share history with.
        shared = git.merge_base(commit, head) if head is not None else commit
        if shared is not None:
            return Base(shared, _note(target.name, shared), law=commit, branch=_branch_name(target.name, commit))
    if git.is_shallow():
        raise MlgateError(f"{asked}: this shallow clone has no common commit with {target.name}; {target.remedy}")
    return Base(known[0], _note(target.name, known[0]), law=known[0], branch=_branch_name(target.name, known[0]))


def _branch_name(name: str, commit: str) -> str | None:
    """The branch that `--base` or CI names; None where it is a commit or an expression."""
    if not name or commit.startswith(name) or name == "HEAD" or any(sign in name for sign in "~^@:"):
        return None
    for prefix in ("refs/heads/", "refs/remotes/", "origin/"):
        name = name.removeprefix(prefix)
    return name


def _note(name: str, commit: str) -> str:
    return f"compared with {commit[:7]}" if commit.startswith(name) else f"compared with {name} at {commit[:7]}"


def _target_of_ci(environment: Mapping[str, str], root: str) -> _Target | None:
    if environment.get("GITHUB_ACTIONS") and _holds(environment.get("GITHUB_WORKSPACE", ""), root):
        return _target_of_github(environment)
    for service in _SERVICES:
        if not environment.get(service.marker) or not _holds(environment.get(service.folder, ""), root):
            continue
        branch = environment.get(service.branch, "").removeprefix("refs/heads/")
        commit = environment.get(service.commit, "")
        if service.marker == "GITLAB_CI" and not branch and not commit:
            branch = _unless_default(environment.get("CI_COMMIT_BRANCH", ""), environment.get("CI_DEFAULT_BRANCH", ""))
        if branch or commit:
            # The branch first: GitLab keeps the commit of an earlier target when a merge request is retargeted.
            candidates = (*_branch(branch), commit) if branch else (commit,)
            return _Target(branch or commit, candidates, service.remedy)
    return None


def _target_of_github(environment: Mapping[str, str]) -> _Target | None:
    event = _event(environment.get("GITHUB_EVENT_PATH", ""))
    branch = environment.get("GITHUB_BASE_REF", "")
    if branch:
        tip = _text(event, "pull_request", "base", "sha")
        candidates = (*_branch(branch), tip)
        ref = environment.get("GITHUB_REF", "")
        if ref.startswith("refs/pull/") and ref.endswith("/merge") and environment.get("GITHUB_SHA"):
            # GitHub makes this merge commit itself: its first parent is the tip of the target branch.
            candidates += (f"{environment['GITHUB_SHA']}^1",)
        return _Target(branch, candidates, _GITHUB_REMEDY)
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name == "merge_group":
        tip = _text(event, "merge_group", "base_sha")
        branch = _text(event, "merge_group", "base_ref").removeprefix("refs/heads/")
        return _Target(branch or tip, (tip, *_branch(branch)), _GITHUB_REMEDY) if tip or branch else None
    if name == "push" and environment.get("GITHUB_REF_TYPE", "branch") == "branch":
        # NOTE: not the event's `before`: a second push would make what the first one added existing.
        pushed = environment.get("GITHUB_REF", "").removeprefix("refs/heads/")
        branch = _unless_default(pushed, _text(event, "repository", "default_branch"))
        return _Target(branch, _branch(branch), _GITHUB_REMEDY) if branch else None
    return None


def _unless_default(branch: str, default: str) -> str:
    """The branch that `branch` will go into; empty for the default branch itself and for tags."""
    return default if branch and branch != default else ""


def _branch(name: str) -> tuple[str, ...]:
    return (f"refs/remotes/origin/{name}", f"refs/heads/{name}") if name else ()


def _holds(folder: str, root: str) -> bool:
    return not folder or Path(root).resolve().is_relative_to(Path(folder).resolve())


def _event(path: str) -> object:
    """The event of GITHUB_EVENT_PATH; None where it cannot be read, which leaves the variables to say."""
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            event: object = json.loads(file.read(MAX_EVENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return event


def _text(event: object, *keys: str) -> str:
    for key in keys:
        event = event.get(key) if isinstance(event, dict) else None
    return event if isinstance(event, str) else ""
