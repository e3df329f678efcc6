"""What the commits of a change held for a while: a token that was added and taken out again is still leaked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from mlgate import discover
from mlgate.git.repository import SYMLINK, Git
from mlgate.model import Finding, Source

SECRETS = "secret/"
"""Family of the rules that look at every blob of a range: what else was there and is gone harms nobody."""


class Blob(Struct, frozen=True):
    """A content that a commit added."""

    path: str
    mode: int
    oid: str
    commit: str


def blobs(git: Git, base: str, head: str) -> list[Blob]:
    """What some commit of base..head added and neither end has, oldest first, each content once."""
    ends = {oid for commit in (base, head) for _, oid in git.tree(commit).values()}
    seen: set[str] = set()
    found = []
    for blob in (Blob(*one) for one in git.added(base, head)):
        if blob.oid not in ends and blob.oid not in seen and blob.mode != SYMLINK:
            seen.add(blob.oid)
            found.append(blob)
    return found


def findings(
    git: Git,
    found: Iterable[Blob],
    examine: Callable[[Iterable[Source]], Iterable[Finding]],
    known: Collection[tuple[str, str]],
) -> Iterator[Finding]:
    """Secrets of `found` that are not `known` (rule and canonical form) from either end; each once, with its commit.

    What cannot be read of a commit is told at the end that still has it; here it was there for a while only.
    """
    told = set(known)
    for blob in found:
        read = discover.read_blobs(git, [(blob.path, blob.mode, blob.oid)], blob.commit)
        for finding in examine(one for one in read if isinstance(one, Source)):
            key = (finding.rule, finding.canonical)
            if finding.rule.startswith(SECRETS) and key not in told:
                told.add(key)
                yield replace(finding, commit=blob.commit, message=f"{finding.message} {said(blob.commit)}")


def said(commit: str) -> str:
    """The sentence that says where it is, for a file that does not hold it any more."""
    return f"Commit {commit[:7]} holds it, though the file does not any more: whoever can fetch the branch can read it."
