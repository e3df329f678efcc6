"""Findings over the commits of a checkout: since when each is there, by what it is and not by where it stands."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from mlgate.model import Finding

MOST_POINTS = 60
"""Most commits that are examined, unless somebody asks for more."""


class Point(Struct, frozen=True):
    """A first-parent commit and what was found in it."""

    commit: str
    date: str
    """The committer's day, `YYYY-MM-DD`."""
    findings: tuple[Finding, ...]


class Since(Struct, frozen=True):
    """A finding of the last commit, and the first one from which on it was always there."""

    finding: Finding
    commit: str
    date: str
    is_older: bool
    """Whether it was there in the first commit that was looked at: it may be older."""


class History(Struct, frozen=True):
    points: tuple[tuple[str, str, int], ...]
    """(date, commit, findings), oldest first."""
    since: tuple[Since, ...]
    """Oldest first."""
    fixed: tuple[tuple[str, str, int], ...]
    """(date, rule, findings) that were gone from that commit on."""


def sampled(commits: Sequence[tuple[str, str]], every: int, most: int) -> tuple[tuple[str, str], ...]:
    """Of (commit, date), newest first: the newest, and from there one for each `every` days; oldest first."""
    from datetime import date

    kept: list[tuple[str, str]] = []
    for commit, day in commits:
        if not kept or (date.fromisoformat(kept[-1][1]) - date.fromisoformat(day)).days >= every:
            kept.append((commit, day))
        if len(kept) == most:
            break
    return tuple(reversed(kept))


def history(
    commits: Sequence[tuple[str, str]],
    examine: Callable[[str], Sequence[Finding]],
    told: Callable[[int, int], None] | None,
) -> History:
    """`commits`: (commit, date), oldest first. A file that moves does not restart the clock of what it holds."""
    points: list[Point] = []
    for number, (commit, day) in enumerate(commits, 1):
        points.append(Point(commit, day, tuple(examine(commit))))
        if told is not None:
            told(number, len(commits))
    return History(
        tuple((point.date, point.commit, len(point.findings)) for point in points), _since(points), _fixed(points)
    )


def _key(finding: Finding) -> tuple[str, str]:
    return finding.rule, finding.canonical


def _since(points: Sequence[Point]) -> tuple[Since, ...]:
    """Equal findings are counted: of two that are there now and one before, one is new."""
    ages: dict[tuple[str, str], list[int]] = {}
    for index, point in enumerate(points):
        counts = Counter(map(_key, point.findings))
        for key in {*ages, *counts}:
            known = ages.setdefault(key, [])
            # What went last came last: those that stay are the oldest.
            del known[counts[key] :]
            known += [index] * (counts[key] - len(known))
    left = {key: list(known) for key, known in ages.items()}
    found = []
    for finding in points[-1].findings if points else ():
        first = left[_key(finding)].pop(0)
        found.append(Since(finding, points[first].commit, points[first].date, first == 0))
    return tuple(
        sorted(
            found, key=lambda one: (one.date, one.finding.rule, one.finding.location.path, one.finding.location.line)
        )
    )


def _fixed(points: Sequence[Point]) -> tuple[tuple[str, str, int], ...]:
    found: Counter[tuple[str, str]] = Counter()
    for before, after in itertools.pairwise(points):
        gone = Counter(map(_key, before.findings)) - Counter(map(_key, after.findings))
        for (rule, _), number in gone.items():
            found[after.date, rule] += number
    return tuple((day, rule, number) for (day, rule), number in sorted(found.items()))
