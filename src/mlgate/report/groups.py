"""Findings that one decision of a person settles, as one entry of a report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from mlgate.model import Decision, Finding, Level, Report, Rule
from mlgate.report.order import by_place

MOST_BETWEEN = 2
"""Lines between two installs of a file that still belong together: a blank one, a comment, a pinned package."""

_CUT = "…"
"""At the end of a name: it goes on."""


ALREADY_THERE = "It was there before this change."
"""Said of an entry that is `existing`."""


class Entry(Struct, frozen=True):
    """One decision to take, with every finding that it settles."""

    decisions: tuple[Decision, ...]
    """In order of place; never empty. All of one rule, level, status and fix."""
    names: tuple[str, ...]
    """What it is about, each once; several only where packages are installed together."""

    @property
    def first(self) -> Decision:
        return self.decisions[0]

    @property
    def finding(self) -> Finding:
        return self.decisions[0].finding

    @property
    def level(self) -> Level:
        return self.decisions[0].level

    @property
    def path(self) -> str:
        return self.decisions[0].finding.location.path

    @property
    def dates(self) -> Mapping[str, str]:
        """The first days on which one of them reaches a higher level: {"block": "2027-01-12"}."""
        found: dict[str, str] = {}
        for decision in self.decisions:
            for level, day in decision.dates:
                found[level] = min(day, found.get(level, day))
        return found

    @property
    def existing(self) -> bool:
        """Whether the base has it as well."""
        return self.decisions[0].status == "existing"


def entries(report: Report) -> tuple[Entry, ...]:
    """Everything that warns or blocks, each finding in exactly one entry; in order of their first places.

    What blocks has to be put right before the commit, so an entry of it stays in one file.
    """
    shown = sorted((one for one in report.decisions if one.level >= Level.WARN), key=by_place)
    found: dict[tuple[object, ...], list[Decision]] = {}
    for together in _together(shown, report.rules):
        found.setdefault(_identity(together, report.rules), []).extend(together)
    grouped = [tuple(sorted(decisions, key=by_place)) for decisions in found.values()]
    return tuple(Entry(one, _names(one)) for one in sorted(grouped, key=lambda one: by_place(one[0])))


def _identity(together: tuple[Decision, ...], rules: Mapping[str, Rule]) -> tuple[object, ...]:
    first = together[0]
    finding = first.finding
    path = finding.location.path if first.level is Level.BLOCK else None
    things = frozenset((*_thing(one.finding, rules), one.finding.message) for one in together)
    return path, finding.rule, first.level, first.status, finding.fix, things


def _thing(finding: Finding, rules: Mapping[str, Rule]) -> tuple[str | None, str, str]:
    """What is told of: the asset, else the subject; the very thing found where that does not tell it from others.

    Two secrets look the same once they are masked, two long names once they are cut.
    """
    subject = finding.subject if finding.asset is None else ""
    rule = rules.get(finding.rule)
    masked = rule is not None and any(clause.kind == "secret" for clause in rule.any)
    alike = masked or (finding.asset or subject).endswith(_CUT)
    return finding.asset, subject, finding.subject_digest if alike else ""


def _names(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """Of packages from addresses the packages' own names, where there are several; not of two that have the same."""
    found: dict[str, str] = {}
    for decision in decisions:
        finding = decision.finding
        name = finding.asset or finding.subject or finding.message
        found.setdefault(name, finding.subject if finding.subject and "://" in name else name)
    if len(found) == 1:
        return tuple(found)
    often = Counter(found.values())
    return tuple(short if often[short] == 1 else name for name, short in found.items())


# --- what is installed together ---------------------------------------------------------------------------------------


def _together(decisions: Iterable[Decision], rules: Mapping[str, Rule]) -> Iterator[tuple[Decision, ...]]:
    """Each decision alone, but packages of one cell, or of one run of lines, that are told the same."""
    installs: list[Decision] = []
    for decision in decisions:
        rule = rules.get(decision.finding.rule)
        if rule is not None and rule.asset is not None and rule.asset[0] == "package":
            installs.append(decision)
        else:
            yield (decision,)
    found: dict[tuple[object, ...], list[Decision]] = {}
    for decision, run in _runs(installs):
        finding = decision.finding
        key = (run, finding.rule, decision.level, decision.status, finding.fix, _unnamed(finding))
        found.setdefault(key, []).append(decision)
    yield from map(tuple, found.values())


def _runs(installs: Iterable[Decision]) -> Iterator[tuple[Decision, tuple[object, ...]]]:
    """Each with what tells its cell or its run of lines from others; `installs` are in order of place."""
    path, begin, end = "", 0, 0
    for decision in installs:
        place = decision.finding.location
        if place.cell is not None:
            yield decision, (place.path, place.cell.index, place.cell.output)
            continue
        if place.path != path or place.line > end + 1 + MOST_BETWEEN:
            path, begin, end = place.path, place.line, 0
        end = max(end, place.end_line)
        yield decision, (path, begin)


def _unnamed(finding: Finding) -> str:
    """The message without what is installed: `is installed in whatever version is newest when this runs`."""
    message = finding.message
    for name in filter(None, (finding.asset, finding.subject)):
        message = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", "\0", message, count=1)
    return message
