"""Whose policy judges: the base's or a pinned one. What the head says of policies and waivers is a proposal."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mlgate.base import Base
from mlgate.cascade import Bundle
from mlgate.errors import PolicyError
from mlgate.git.repository import Git
from mlgate.model import Waiver
from mlgate.policy import Loaded, Pins, load
from mlgate.policy.sources import FILE, FOLDER, InCommit
from mlgate.regex import regex

INTRODUCED = "The base has no policy: the one that this change brings was used."

_ENFORCED_BY = regex(
    r"\.pre-commit-config\.yaml|\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|azure-pipelines\.yml"
    r"|bitbucket-pipelines\.yml|\.cirrus\.yml|\.buildkite/[^/]+\.ya?ml|Jenkinsfile|\.circleci/config\.yml"
)
"""Where a repository says that it runs mlgate."""


class Proposal(Struct, frozen=True):
    """What a change does to policies, rules and waivers."""

    before: Loaded
    after: Loaded


class Authority(Struct, frozen=True):
    """What judges a run."""

    bundle: Bundle
    """With the waivers that the head proposes among its own, marked as such."""
    loaded: Loaded
    """What judges, as it was read."""
    proposal: Proposal | None = None
    """What the change does to policies; None where it does not touch them."""
    note: str = ""
    """A sentence for the report; empty where nothing is to be said."""


def on_disk(source: str | None, root: Path, pins: Pins) -> Authority:
    """What the work tree says: without a base there is no other."""
    loaded = load(source, root, pins)
    return Authority(loaded.bundle, loaded)


def of_change(source: str | None, root: Path, pins: Pins, git: Git, base: Base, changed: Collection[str]) -> Authority:
    """What the tip of the branch says that the change goes into. `changed`: every path, old or new, that differs.

    Raises PolicyError where either side cannot be read: a policy that is broken here is broken for everybody after
    the merge, and one that is broken there must not become none.
    """
    assert base.commit is not None
    head = load(source, root, pins)
    inside = _inside(source, root)
    law = base.law or base.commit
    is_changed = not head.is_settled or any(_is_policy(path, inside) for path in changed)
    if not is_changed and law == base.commit:
        return Authority(head.bundle, head)
    files = InCommit(git, law)
    if inside is not None and not files.has(inside):
        return Authority(head.bundle, head, None, INTRODUCED)
    old = _at(law, source, root, pins, git, inside)
    if source is None and not old.is_own and not _is_enforced(git, law):
        return Authority(head.bundle, head, None, INTRODUCED if head.is_own else "")
    proposals = tuple(replace(one, proposed=True) for one in head.bundle.waivers if not _is_known(one, old.bundle))
    bundle = replace(old.bundle, waivers=(*old.bundle.waivers, *proposals))
    if not is_changed:
        return Authority(bundle, old)
    # What the change does to the policy is told against the commit that it began from.
    begin = old if law == base.commit else _at(base.commit, source, root, pins, git, inside)
    return Authority(bundle, old, Proposal(begin, head))


def _at(commit: str, source: str | None, root: Path, pins: Pins, git: Git, inside: str | None) -> Loaded:
    files = InCommit(git, commit)
    try:
        return load(source, root, pins, files, (files, inside) if inside is not None and files.has(inside) else None)
    except PolicyError as error:
        lines = [f"at the base {commit[:7]}: {line}" for line in str(error).splitlines()]
        raise PolicyError("\n".join(lines) + "\nwhoever owns the policy has to repair it there") from error


def _is_policy(path: str, inside: str | None) -> bool:
    """Whether the change of a file may change what the repository says of policies."""
    if path in (FILE, FOLDER) or path.startswith(f"{FOLDER}/"):
        return True
    return inside is not None and (path == inside or path.startswith(f"{inside}/") or inside == "")


def _inside(source: str | None, root: Path) -> str | None:
    """The path of `--policy` where it is part of the repository that is judged."""
    if source is None or not Path(source).exists():
        return None
    place, top = Path(source).resolve(), root.resolve()
    if not place.is_relative_to(top):
        return None
    path = place.relative_to(top).as_posix()
    return "" if path == "." else path


def _is_enforced(git: Git, base: str) -> bool:
    """Whether the base runs mlgate already, by the shipped policy: then that one judges."""
    return any(_ENFORCED_BY.fullmatch(path) for path in git.grep(base, ["mlgate"]))


def _is_known(waiver: Waiver, bundle: Bundle) -> bool:
    return any(replace(one, source="") == replace(waiver, source="") for one in bundle.waivers)
