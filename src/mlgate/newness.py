"""New or existing: findings at the head minus findings at the base, as multisets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Literal

from mlgate.model import HOLE, OR, Finding

Status = Literal["new", "existing"]

PER_ASSET = "unpinned/"
"""Rules of this family are new once per asset and repository: else copying a notebook would block."""

Use = tuple[str, str]
"""Rule id and asset id."""

Key = tuple[str, str, str, bool]
"""Rule id, path at the head or empty, canonical form, and whether it is about a whole file."""


def statuses(
    head: Sequence[Finding],
    base: Sequence[Finding],
    renames: Mapping[str, str],
    assets_at_base: Container[Use] = frozenset(),
) -> tuple[Status, ...]:
    """`new` or `existing` for each finding of `head`, in its order.

    `renames` maps paths of the base to paths of the head. Equal findings are counted: the first ones, in the order of
    `head`, are the existing ones. What is left over is matched once more without its path (a cell that moved to
    another notebook is existing), but for whole files that could not be read: repairing one does not excuse another.
    `assets_at_base`: what the base uses elsewhere, beyond `base`.
    """
    known_assets = set(unpinned(base))
    left = Counter(_in_place(finding, renames) for finding in base if not _uses(finding))
    matched = [False] * len(head)
    for index, finding in enumerate(head):
        uses = _uses(finding)
        if uses:
            # It may be any of them: one that nobody used before makes it new.
            matched[index] = all(use in known_assets or use in assets_at_base for use in uses)
        elif left[key := _in_place(finding, {})]:
            left[key] -= 1
            matched[index] = True

    elsewhere: Counter[Key] = Counter()
    for key, count in left.items():
        elsewhere[_anywhere(key)] += count
    for index, finding in enumerate(head):
        if matched[index] or _uses(finding):
            continue
        key = _anywhere(_in_place(finding, {}))
        if elsewhere[key]:
            elsewhere[key] -= 1
            matched[index] = True
    return tuple("existing" if found else "new" for found in matched)


def unpinned(findings: Sequence[Finding]) -> frozenset[Use]:
    """What `findings` say is used without a pin."""
    return frozenset(use for finding in findings for use in _uses(finding))


def to_look_up(head: Sequence[Finding], base: Sequence[Finding]) -> frozenset[Use]:
    """The unpinned assets of `head` that `base` does not name: the base's other files decide whether they are new."""
    return unpinned(head) - unpinned(base)


def union(bases: Sequence[Sequence[Finding]]) -> tuple[Finding, ...]:
    """The findings of several bases (the parents of a merge) as one: equal ones as often as the base with most of them.

    A merge adds what no parent has. Paths must already be those of one base, or renamed alike.
    """
    merged: list[Finding] = []
    have: Counter[Key] = Counter()
    for findings in bases:
        seen: Counter[Key] = Counter()
        for finding in findings:
            key = _in_place(finding, {})
            seen[key] += 1
            if seen[key] > have[key]:
                have[key] = seen[key]
                merged.append(finding)
    return tuple(merged)


def _uses(finding: Finding) -> tuple[Use, ...]:
    """What the finding may load; empty where it is told apart by its place, as all but PER_ASSET are.

    A name of which parts are unknown is no name.
    """
    if not finding.rule.startswith(PER_ASSET) or finding.asset is None or HOLE in finding.asset:
        return ()
    return tuple((finding.rule, asset) for asset in finding.asset.split(OR))


def _in_place(finding: Finding, renames: Mapping[str, str]) -> Key:
    path = finding.location.path
    is_whole_file = finding.rule.startswith("input/") and finding.location.cell is None
    return finding.rule, renames.get(path, path), finding.canonical, is_whole_file


def _anywhere(key: Key) -> Key:
    rule, _, canonical, is_whole_file = key
    return key if is_whole_file else (rule, "", canonical, False)
