"""Numbers out of reports: pure, and whatever their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, field

from mlgate.verbs.stats.reports import Assets, Lapsing, Seen, Snapshot

MOST_FALSE = 0.10
"""Highest share of effective false positives that a check shown at review may have. Source: Sadowski et al., "Lessons
from Building Static Analysis Tools at Google", CACM 2018."""

ENOUGH = 10
"""Findings of a rule from which on its share is worth a name; below, one opinion is a percentage."""

MOST_PATHS = 10
"""Paths that are listed as most suppressed."""


class RuleCount(Struct, frozen=True):
    """One rule over some reports; findings are counted once per fingerprint and repository."""

    rule: str
    new: int = 0
    """In the latest report of each repository, not in its first; where there is one report, what that calls new."""
    existing: int = 0
    """The others of the latest report."""
    fixed: int = 0
    """In an earlier report of the repository, and not in its latest."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Of those in the latest report: by `inline/TYPE` or `waiver/TYPE`."""
    ever: int = 0
    """Distinct findings in any report."""
    false: int = 0
    """Of those, the ones that somebody called a false positive in any report."""

    @property
    def false_rate(self) -> float | None:
        """Effective false positives: of all distinct findings, those that people said were none. None: too few.

        Google counts what developers did nothing about; a report knows no other sign of it than their word.
        """
        return self.false / self.ever if self.ever >= ENOUGH else None

    @property
    def is_noisy(self) -> bool:
        return self.false_rate is not None and self.false_rate > MOST_FALSE


class Statistics(Struct, frozen=True):
    rules: tuple[RuleCount, ...]
    """By rule, the most findings first."""
    repositories: Mapping[str, tuple[RuleCount, ...]]
    suppressed: tuple[tuple[str, str, int], ...]
    """(repository, path, ignored findings), most first."""
    lapsing: tuple[Lapsing, ...]
    pinned: tuple[Assets, ...]
    """By type, over the latest report of each repository."""
    silent: tuple[tuple[str, str], ...]
    """Repositories that do not report, and since when: a date, or empty where they never did."""
    reports: int
    as_of: str


def statistics(snapshots: Sequence[Snapshot], expected: Iterable[str], as_of: str, stale_days: int) -> Statistics:
    """What the reports say on the day `as_of` (YYYY-MM-DD).

    A repository's latest report is that of the last date, of several the one whose file comes last by name.
    """
    by_repository: dict[str, list[Snapshot]] = {}
    for one in sorted(snapshots, key=lambda one: (one.repository, one.date, one.source)):
        by_repository.setdefault(one.repository, []).append(one)
    repositories = {name: _rules(reports) for name, reports in by_repository.items()}
    latest = [reports[-1] for reports in by_repository.values()]
    hidden = Counter((one.repository, seen.path) for one in latest for seen in one.seen if seen.ignored)
    return Statistics(
        rules=_ordered(_sum(counts) for counts in _together(repositories.values())),
        repositories=repositories,
        suppressed=tuple((*place, number) for place, number in _most(hidden)),
        lapsing=tuple(
            sorted(
                (waiver for one in latest for waiver in one.waivers),
                key=lambda one: (one.until, one.repository, one.id),
            )
        ),
        pinned=_pinned(latest),
        silent=_silent(by_repository, expected, as_of, stale_days),
        reports=len(snapshots),
        as_of=as_of,
    )


def _rules(reports: Sequence[Snapshot]) -> tuple[RuleCount, ...]:
    first, last = reports[0], reports[-1]
    before = Counter(map(_key, first.seen))
    ever: Counter[tuple[str, str]] = Counter()
    false: Counter[tuple[str, str]] = Counter()
    for report in reports:
        ever |= Counter(map(_key, report.seen))
        false |= Counter(_key(one) for one in report.seen if one.ignored.endswith("/false-positive"))
    now = Counter(map(_key, last.seen))
    found: dict[str, RuleCount] = {}
    for rule in sorted({key[0] for key in ever}):
        mine = [one for one in last.seen if one.rule == rule]
        if len(reports) > 1:
            new = sum((_of(now, rule) - _of(before, rule)).values())
        else:
            new = sum(one.status == "new" for one in mine)
        found[rule] = RuleCount(
            rule,
            new=new,
            existing=len(mine) - new,
            fixed=sum((_of(ever, rule) - _of(now, rule)).values()),
            ignored=dict(sorted(Counter(one.ignored for one in mine if one.ignored).items())),
            ever=sum(_of(ever, rule).values()),
            false=sum(_of(false, rule).values()),
        )
    return _ordered(found.values())


def _key(seen: Seen) -> tuple[str, str]:
    return seen.rule, seen.fingerprint


def _of(counts: Counter[tuple[str, str]], rule: str) -> Counter[tuple[str, str]]:
    return Counter({key: number for key, number in counts.items() if key[0] == rule})


def _together(groups: Iterable[tuple[RuleCount, ...]]) -> Iterable[list[RuleCount]]:
    found: dict[str, list[RuleCount]] = {}
    for group in groups:
        for one in group:
            found.setdefault(one.rule, []).append(one)
    return found.values()


def _sum(counts: Sequence[RuleCount]) -> RuleCount:
    ignored: Counter[str] = Counter()
    for one in counts:
        ignored.update(one.ignored)
    return RuleCount(
        counts[0].rule,
        sum(one.new for one in counts),
        sum(one.existing for one in counts),
        sum(one.fixed for one in counts),
        dict(sorted(ignored.items())),
        sum(one.ever for one in counts),
        sum(one.false for one in counts),
    )


def _ordered(counts: Iterable[RuleCount]) -> tuple[RuleCount, ...]:
    return tuple(sorted(counts, key=lambda one: (-(one.new + one.existing), one.rule)))


def _most(hidden: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(hidden.items(), key=lambda one: (-one[1], one[0]))[:MOST_PATHS]


def _pinned(latest: Sequence[Snapshot]) -> tuple[Assets, ...]:
    totals: dict[str, tuple[int, int]] = {}
    for assets in (one for report in latest for one in report.assets):
        references, pinned = totals.get(assets.type, (0, 0))
        totals[assets.type] = (references + assets.references, pinned + assets.pinned)
    return tuple(Assets(type_, *totals[type_]) for type_ in sorted(totals))


def _silent(
    known: Mapping[str, Sequence[Snapshot]], expected: Iterable[str], as_of: str, stale_days: int
) -> tuple[tuple[str, str], ...]:
    found = {name: "" for name in expected if name not in known}
    for name, reports in known.items():
        age = (date.fromisoformat(as_of) - date.fromisoformat(reports[-1].date)).days
        if age > stale_days:
            found[name] = reports[-1].date
    return tuple(sorted(found.items()))
