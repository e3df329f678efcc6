"""Findings against policy: one decision with its trace per finding, whatever their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from mlgate import waiving
from mlgate.cascade import Bundle, Here, Said, days, keys_for, param_said, said
from mlgate.model import Confidence, Decision, Finding, Level, Ratchet, Suppression, Waivable
from mlgate.waiving import Standing, State

NEW = "new"
EXISTING = "existing"

CEILINGS = {Confidence.LOW: Level.RECORD, Confidence.MEDIUM: Level.WARN, Confidence.HIGH: Level.BLOCK}
"""The highest level that a confidence supports. One law: no policy changes it."""

GOVERNANCE = "governance/"
"""Rules on the checks themselves."""

_STATES = {
    State.IN_FORCE: "accepted",
    State.EXPIRING: "expiring",
    State.GRACE: "lapsed",
    State.EXPIRED: "lapsed",
}

_CEILINGS = {State.IN_FORCE: Level.RECORD, State.EXPIRING: Level.RECORD, State.GRACE: Level.WARN}
"""What a waiver leaves of a level, by its state; in every other state it does nothing."""


class Context(Struct, frozen=True):
    """What a decision may depend on besides the findings; None is unknown."""

    repository: str | None = None
    """`owner/name`."""
    branch: str | None = None
    """The branch that the change goes into."""
    date: str | None = None
    """`YYYY-MM-DD`, UTC. Unknown: what is dated has come into force, and every waiver has ended."""
    base: str | None = None
    is_proposal: bool = False
    """Whether this is the machine of whoever proposes the change: proposed waivers count, governance only warns."""
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Path and who owns it by the base's CODEOWNERS, of files that a change to the checks touches."""
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """Waiver id and findings that it names beyond those at hand: they count towards its limit."""


def decide(
    findings: Sequence[Finding], statuses: Sequence[str], bundle: Bundle, context: Context | None = None
) -> tuple[Decision, ...]:
    """A decision per finding, ordered by path and place; what is `off` is left out.

    `statuses[n]` is that of `findings[n]`: `new` or `existing`. Pure: the same findings, policies, waivers and context
    give the same decisions, whatever their order.
    """
    context = context or Context()
    judge = _Judge(bundle, context, waiving.standings(bundle, findings, here(context, ""), context.elsewhere))
    decisions = [
        decision
        for finding, status in zip(findings, statuses, strict=True)
        if (decision := judge.decision(finding, status)) is not None
    ]
    return tuple(sorted(decisions, key=_order))


def here(context: Context, path: str = "", date: str | None = None) -> Here:
    """The place in a repository that a context is about."""
    return Here(date or context.date, path, context.repository, context.branch)


class _Judge(Struct):
    bundle: Bundle
    context: Context
    standings: Sequence[Standing]

    def decision(self, finding: Finding, status: str) -> Decision | None:
        """None: the rule is off here."""
        steps = self._steps(finding, status, self.context.date)
        level = Level(steps[-1].value)
        if level is Level.OFF:
            return None
        verdict = _Verdict(level, [_line(step) for step in steps])
        verdict.cap(CEILINGS[finding.confidence], f"confidence {finding.confidence.name.lower()}")
        if finding.rule.startswith(GOVERNANCE):
            self._who_decides(finding, verdict)
        self._suppress(finding, verdict)
        return Decision(
            finding=finding,
            level=verdict.level,
            status=status,
            policies=(steps[-1].policy,) if steps[-1].policy else (),
            trace=tuple(verdict.trace),
            suppression=verdict.suppression,
            dates=self._dates(finding, status, verdict),
        )

    def _steps(self, finding: Finding, status: str, date: str | None) -> list[Said]:
        place = here(self.context, finding.location.path, date)
        level = said(self.bundle, finding.rule, "level", place)
        if level.value is Level.OFF or status != EXISTING:
            return [level]
        return [level, said(self.bundle, finding.rule, "existing", place)]

    def _who_decides(self, finding: Finding, verdict: _Verdict) -> None:
        """A change to the checks blocks until somebody decided who the forge is known to ask."""
        if self.context.is_proposal:
            verdict.cap(Level.WARN, "a proposal on this machine, the pull request decides")
            return
        who = self._reviewers(finding.rule, finding.location.path)
        if who:
            verdict.cap(Level.WARN, f"{', '.join(who)} must approve it (reviews-enforced, CODEOWNERS of the base)")

    def _reviewers(self, rule: str, path: str) -> list[str]:
        """Who the forge asks for a review of this file, of those whom the policy names; empty: nobody for sure."""
        place = here(self.context, path)
        if param_said(self.bundle, rule, "reviews-enforced", place) is not True:
            return []
        reviewers = param_said(self.bundle, rule, "reviewers", place)
        owners = self.context.owners.get(path, ())
        return sorted(set(owners) & set(reviewers if isinstance(reviewers, tuple) else ()))

    # -- a no

    def _suppress(self, finding: Finding, verdict: _Verdict) -> None:
        """The waiver or the comment that lowers the level, or that would like to."""
        where = said(self.bundle, finding.rule, "waivable", here(self.context, finding.location.path))
        waivers = [
            self._effect(standing, where)
            for standing in self.standings
            if waiving.names(standing.waiver, finding, self.bundle, self.context.repository)
        ]
        if waivers:
            effect = min(waivers, key=lambda one: one.order)
            effect.on(verdict)
        if finding.ignores:
            ignore = finding.ignores[0]
            if where.value is not Waivable.INLINE:
                verdict.trace.append(f"the comment in line {ignore.line} does not count: {_line(where)}")
            elif verdict.suppression is None or verdict.level > Level.RECORD:
                verdict.suppression = Suppression("inline", "accepted", ignore.type, ignore.reason)
                verdict.cap(Level.RECORD, f"ignored in line {ignore.line}, {ignore.type}")

    def _effect(self, standing: Standing, where: Said) -> _Effect:
        """What one waiver does to a finding that it names."""
        waiver = standing.waiver
        name = f"waiver {waiver.id} ({waiver.source})" if waiver.source else f"waiver {waiver.id}"
        order = (waiver.proposed, waiver.id)
        if where.value is Waivable.NEVER:
            return _Effect((Level.BLOCK, *order), None, None, f"{name} does not count: {_line(where)}")
        state = "proposed" if waiver.proposed else _STATES.get(standing.state)
        suppression = (
            Suppression("waiver", state, waiver.type, waiver.reason, waiver.id, standing.until) if state else None
        )
        if standing.state not in _CEILINGS:
            return _Effect((Level.BLOCK, *order), None, suppression, f"{name} does not count: {standing.why}")
        ceiling = _CEILINGS[standing.state]
        why = f"{name}: {standing.why}" if standing.why else f"{name} holds until {standing.until}"
        if waiver.proposed and not self.context.is_proposal:
            who = self._reviewers(f"{GOVERNANCE}waiver-added", waiver.source.rpartition(":")[0])
            if not who:
                return _Effect(
                    (Level.BLOCK, *order), None, suppression, f"{name} does not count yet: this change proposes it"
                )
            ceiling, why = Level.WARN, f"{name} is proposed, and {', '.join(who)} must approve it"
        return _Effect((ceiling, *order), ceiling, suppression, why)

    # -- what is to come

    def _dates(self, finding: Finding, status: str, verdict: _Verdict) -> tuple[tuple[str, str], ...]:
        """The levels above today's that dates of policies bring, where neither confidence nor a no keeps them away."""
        if self.context.date is None or (verdict.suppression is not None and verdict.level is Level.RECORD):
            return ()
        coming: dict[str, str] = {}
        highest = verdict.level
        for day in days_to_come(self.bundle, finding.rule, self.context.date):
            level = Level(self._steps(finding, status, day)[-1].value)
            level = min(level, verdict.ceiling)
            if level > highest:
                highest = level
                coming[level.name.lower()] = day
        return tuple(coming.items())


class _Verdict(Struct):
    """A level on its way down, with the reasons."""

    level: Level
    trace: list[str]
    suppression: Suppression | None = None
    ceiling: Level = Level.BLOCK

    def cap(self, ceiling: Level, why: str) -> None:
        self.ceiling = min(self.ceiling, ceiling)
        if self.level > ceiling:
            self.trace.append(f"{why}: at most {ceiling.name.lower()}")
            self.level = ceiling


class _Effect(Struct, frozen=True):
    """What a waiver does to one finding."""

    order: tuple[Level, bool, str]
    """The one that does most comes first."""
    ceiling: Level | None
    """None: nothing."""
    suppression: Suppression | None
    why: str

    def on(self, verdict: _Verdict) -> None:
        verdict.suppression = self.suppression
        if self.ceiling is None:
            verdict.trace.append(self.why)
        else:
            verdict.cap(self.ceiling, self.why)


def days_to_come(bundle: Bundle, rule: str, today: str) -> list[str]:
    """The days after `today` on which some level of the rule may rise, in order."""
    found = {
        day
        for policy in (*bundle.policies, *bundle.overlays)
        for key in keys_for(rule)
        if key in policy.settings
        for levels in (policy.settings[key].level, policy.settings[key].existing)
        if isinstance(levels, Ratchet)
        for day in days(levels).values()
    }
    return sorted(day for day in found if day > today)


def _line(step: Said) -> str:
    """`acme-ml: rules/unsafe-load/*: level block (org.yaml:25)`."""
    word = step.value.name.lower()
    if not step.policy:
        return f"no policy says: {step.field} {word}"
    line = f"{step.policy}: rules/{step.key}: {step.field} {word} ({step.source})"
    return f"{line}; {step.over}" if step.over else line


def _order(decision: Decision) -> tuple[str, int, int, int, int, str, str, str]:
    finding = decision.finding
    place = finding.location
    return (
        place.path,
        place.line,
        place.column,
        place.end_line,
        place.end_column,
        finding.rule,
        finding.fingerprint,
        decision.status,
    )
