"""What waivers do on a day: whether each holds, what it covers, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import Enum

from msgspec import Struct

from mlgate import globs
from mlgate.cascade import Bundle, Here, terms
from mlgate.model import Finding, Waiver, WaiverCount, WaiverTerms

ANNOUNCED_DAYS = 14
"""Days before its end on which a waiver says that it ends. Source: policy.md, 7."""

GRACE_DAYS = 14
"""Days after its end on which a finding only warns, where no policy says."""

EMERGENCY = "emergency"


class State(str, Enum):
    """What a waiver is on a day; the first that fits."""

    INVALID = "invalid"
    """It lacks what the policy requires: covers nothing."""
    FUTURE = "future"
    """Its first day is to come: covers nothing."""
    EXPIRED = "expired"
    """Past its grace: covers nothing."""
    GRACE = "grace"
    """Past its last day: what it covers only warns."""
    OVER_LIMIT = "over-limit"
    """More findings than were accepted: covers none of them."""
    EXPIRING = "expiring"
    """In force, and ends within ANNOUNCED_DAYS."""
    IN_FORCE = "in-force"


class Standing(Struct, frozen=True):
    """One waiver on one day."""

    waiver: Waiver
    state: State
    until: str
    """Last day on which it holds: `expires`, or earlier where the policy admits fewer days."""
    last_grace: str
    """Last day on which what it covered only warns."""
    covers: int
    """Findings that it names, whether it holds or not; of the whole repository where that was looked at."""
    why: str = ""
    """What is wrong with it, as half a sentence."""


def standings(
    bundle: Bundle,
    findings: Sequence[Finding],
    here: Here,
    elsewhere: Mapping[str, int],
) -> tuple[Standing, ...]:
    """Of each waiver of the bundle.

    `elsewhere`: findings by waiver id that are not among `findings` and count towards its limit.
    """
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    found = []
    for waiver in bundle.waivers:
        same = by_rule.get(bundle.renamed.get(waiver.rule, waiver.rule), ())
        covers = sum(names(waiver, finding, bundle, here.repository) for finding in same)
        found.append(_standing(waiver, covers + elsewhere.get(waiver.id, 0), bundle, here))
    return tuple(found)


def counts(
    bundle: Bundle, findings: Sequence[Finding], here: Here, elsewhere: Mapping[str, int]
) -> tuple[WaiverCount, ...]:
    """What a report says of the waivers."""
    return tuple(
        WaiverCount(one.waiver, one.state.value, one.until, one.covers)
        for one in standings(bundle, findings, here, elsewhere)
    )


def names(waiver: Waiver, finding: Finding, bundle: Bundle, repository: str | None) -> bool:
    """Whether the waiver is about this finding, whatever the day."""
    if bundle.renamed.get(waiver.rule, waiver.rule) != finding.rule:
        return False
    if waiver.repos and (repository is None or not globs.matches(repository, waiver.repos)):
        return False
    if waiver.paths:
        return globs.matches(finding.location.path, waiver.paths)
    return finding.fingerprint in waiver.fingerprints


def last_day(waiver: Waiver, rules: WaiverTerms) -> str:
    """The last day on which it holds under these terms: at most so many days after `from`."""
    most = rules.emergency_days if waiver.type == EMERGENCY else None
    most = rules.max_days if most is None else most
    return waiver.expires if most is None else min(waiver.expires, later(waiver.start, most))


def later(day: str, days: int) -> str:
    """The calendar's last day where there is none so late."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except OverflowError:
        return date.max.isoformat()


def lacking(waiver: Waiver, rules: WaiverTerms) -> str:
    """The first field that the policy requires and the waiver lacks; empty where none."""
    if waiver.type == EMERGENCY:
        return ""
    return next((name for name in rules.require or () if not getattr(waiver, name, "")), "")


def _standing(waiver: Waiver, covers: int, bundle: Bundle, here: Here) -> Standing:
    rules = terms(bundle, here)
    until = last_day(waiver, rules)
    grace = later(until, GRACE_DAYS if rules.grace_days is None else rules.grace_days)
    today = here.date or date.max.isoformat()

    def stands(state: State, why: str = "") -> Standing:
        return Standing(waiver, state, until, grace, covers, why)

    if missing := lacking(waiver, rules):
        return stands(State.INVALID, f"it has no {missing}, which the policy requires")
    if today < waiver.start:
        return stands(State.FUTURE, f"it begins on {waiver.start}")
    if today > grace:
        return stands(State.EXPIRED, f"it ended on {until}")
    if waiver.limit and covers > waiver.limit:
        return stands(State.OVER_LIMIT, f"it was written for {waiver.limit}, and {covers} are there")
    if today > until:
        return stands(State.GRACE, f"it ended on {until}, and from {later(grace, 1)} on it stops nothing")
    if later(today, ANNOUNCED_DAYS) >= until:
        return stands(State.EXPIRING, f"it ends on {until}")
    return stands(State.IN_FORCE)
