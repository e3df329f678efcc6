"""Statistics for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlgate.report.columns import width, wrap
from mlgate.report.days import spoken
from mlgate.report.look import Look, look_of
from mlgate.report.options import Options
from mlgate.verbs.stats.count import ENOUGH, MOST_FALSE, RuleCount, Statistics
from mlgate.verbs.stats.history import History

VERSION = 1
"""Of the JSON format. It may gain fields, never lose or change one."""

MOST_SINCE = 20
"""Findings whose age is listed; the JSON has every one."""


def text(found: Statistics, options: Options) -> str:
    """At most `options.width` columns."""
    look = look_of(options)
    lines = [f"{found.reports} reports of {len(found.repositories)} repositories, on {found.as_of}", ""]
    lines += _table(found.rules, look)
    for title, section in (
        (f"More than {MOST_FALSE:.0%} called false: mend the rule, or record it", list(_noisy(found, look))),
        (
            "Most suppressed",
            [f"  {number:>4}  {look.show(f'{name}  {path}')}" for name, path, number in found.suppressed],
        ),
        ("Waivers that end or have ended", list(_lapsing(found, look))),
        (
            "Pinned",
            [
                f"  {one.type:<10} {one.pinned} of {one.references} ({_share(one.pinned, one.references)})"
                for one in found.pinned
            ],
        ),
        ("Not reporting", [f"  {look.show(name)}, {'since ' + day if day else 'never'}" for name, day in found.silent]),
    ):
        if section:
            lines += ["", title, *section]
    return "\n".join(look.cut(line.rstrip(), look.columns) for line in lines) + "\n"


def _table(rules: Sequence[RuleCount], look: Look) -> list[str]:
    column = max([4, *(width(look.show(one.rule)) for one in rules)]) + 2
    head = f"{'rule'.ljust(column)}{'new':>6}{'old':>7}{'fixed':>7}{'ignored':>9}{'false':>8}"
    lines = [head]
    for one in rules:
        rate = "" if one.false_rate is None else f"{one.false_rate:.0%}"
        name = look.show(one.rule)
        numbers = f"{one.new:>6}{one.existing:>7}{one.fixed:>7}{sum(one.ignored.values()):>9}{rate:>8}"
        lines.append(f"{name}{' ' * (column - width(name))}{numbers}")
    if any(one.false_rate is None for one in rules):
        lines.append(f"false: of {ENOUGH} findings and more, the share that people called false positives")
    return lines


def _noisy(found: Statistics, look: Look) -> Iterator[str]:
    for one in found.rules:
        if one.is_noisy and one.false_rate is not None:
            yield f"  {look.show(one.rule)}: {one.false} of {one.ever} ({one.false_rate:.0%})"


def _lapsing(found: Statistics, look: Look) -> Iterator[str]:
    for one in found.lapsing:
        verb = "ends" if one.state == "expiring" else "ended"
        said = f"{one.repository} {one.id} ({one.rule}) {verb} on {spoken(one.until, found.as_of)}: {one.owner}"
        yield from wrap(look.show(said), look.columns, "  ", "    ")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def history_text(found: Mapping[str, History], options: Options) -> str:
    """Findings over time as bars, and the oldest ones."""
    look = look_of(options)
    lines: list[str] = []
    for name, one in found.items():
        lines += [look.show(name), ""]
        most = max((number for _, _, number in one.points), default=0)
        for day, commit, number in one.points:
            bar = "#" * round(number / most * (look.columns - 30)) if most else ""
            lines.append(f"  {day}  {commit[:7]}  {number:>5}  {bar}".rstrip())
        lines += ["", "  Here since"]
        for since in one.since[:MOST_SINCE]:
            place = since.finding.location
            older = " or longer" if since.is_older else ""
            lines.append(look.show(f"  {since.date}{older}  {since.finding.rule}  {place.path}:{place.line}"))
        if len(one.since) > MOST_SINCE:
            lines.append(f"  and {len(one.since) - MOST_SINCE} more: --format json has every one")
        if one.fixed:
            lines += ["", "  Gone"]
            lines += [look.show(f"  {day}  {rule}, {number}") for day, rule, number in one.fixed]
        lines.append("")
    return "\n".join(look.cut(line, look.columns) for line in lines[:-1]) + "\n"


def as_json(found: Statistics) -> str:
    """For programs. Described by schemas/stats.schema.json."""
    return json.dumps(data(found), indent=2) + "\n"


def data(found: Statistics) -> dict[str, Any]:
    """What the JSON format holds."""
    return {
        "version": VERSION,
        "as_of": found.as_of,
        "reports": found.reports,
        "rules": [_rule(one) for one in found.rules],
        "repositories": {name: [_rule(one) for one in rules] for name, rules in found.repositories.items()},
        "noisy": [one.rule for one in found.rules if one.is_noisy],
        "suppressed": [
            {"repository": name, "path": path, "ignored": number} for name, path, number in found.suppressed
        ],
        "lapsing": [
            {
                "repository": one.repository,
                "id": one.id,
                "rule": one.rule,
                "owner": one.owner,
                "state": one.state,
                "until": one.until,
            }
            for one in found.lapsing
        ],
        "pinned": [{"type": one.type, "references": one.references, "pinned": one.pinned} for one in found.pinned],
        "silent": [{"repository": name, "since": day or None} for name, day in found.silent],
    }


def _rule(one: RuleCount) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "new": one.new,
        "existing": one.existing,
        "fixed": one.fixed,
        "ignored": dict(one.ignored),
        "ever": one.ever,
        "false_positives": one.false,
        "false_rate": one.false_rate,
    }


def history_json(found: Mapping[str, History]) -> str:
    """For programs."""
    return (
        json.dumps(
            {
                "version": VERSION,
                "history": {
                    name: {
                        "points": [
                            {"date": day, "commit": commit, "findings": number} for day, commit, number in one.points
                        ],
                        "since": [
                            {
                                "rule": since.finding.rule,
                                "fingerprint": since.finding.fingerprint,
                                "path": since.finding.location.path,
                                "line": since.finding.location.line,
                                "since": since.date,
                                "commit": since.commit,
                                "or_longer": since.is_older,
                            }
                            for since in one.since
                        ],
                        "gone": [{"date": day, "rule": rule, "findings": number} for day, rule, number in one.fixed],
                    }
                    for name, one in found.items()
                },
            },
            indent=2,
        )
        + "\n"
    )
