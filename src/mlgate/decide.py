"""Findings against policy: one decision with its trace per finding, whatever their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlgate.cascade import Bundle, Said, said
from mlgate.model import Confidence, Decision, Finding, Level

NEW = "new"
EXISTING = "existing"

CEILINGS = {Confidence.LOW: Level.RECORD, Confidence.MEDIUM: Level.WARN, Confidence.HIGH: Level.BLOCK}
"""The highest level that a confidence supports. One law: no policy changes it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision may depend on besides the findings; None is unknown."""

    repository: str | None = None
    """`owner/name`."""
    branch: str | None = None
    date: str | None = None
    """`YYYY-MM-DD`, UTC."""
    base: str | None = None


def decide(
    findings: Sequence[Finding], statuses: Sequence[str], bundle: Bundle, context: Context | None = None
) -> tuple[Decision, ...]:
    """A decision per finding, ordered by path and place; what is `off` is left out.

    `statuses[n]` is that of `findings[n]`: `new` or `existing`.
    """
    context = context or Context()
    decisions = [
        decision
        for finding, status in zip(findings, statuses, strict=True)
        if (decision := _decide(finding, status, bundle, context)) is not None
    ]
    return tuple(sorted(decisions, key=_order))


def _decide(finding: Finding, status: str, bundle: Bundle, context: Context) -> Decision | None:
    """None: the rule is off here."""
    level = said(bundle, finding.rule, "level", finding.location.path)
    steps = [level]
    if level.value is Level.OFF:
        return None
    if status == EXISTING:
        steps.append(said(bundle, finding.rule, "existing", finding.location.path))
    deciding = steps[-1]
    reached = Level(deciding.value)
    if reached is Level.OFF:
        return None
    trace = [_line(step) for step in steps]
    ceiling = CEILINGS[finding.confidence]
    if reached > ceiling:
        trace.append(f"confidence {finding.confidence.name.lower()}: at most {ceiling.name.lower()}")
        reached = ceiling
    return Decision(
        finding=finding,
        level=reached,
        status=status,
        policies=(deciding.policy,) if deciding.policy else (),
        trace=tuple(trace),
    )


def _line(step: Said) -> str:
    """`acme-ml: rules/unsafe-load/*: level block (org.yaml:25)`."""
    word = step.value.name.lower()
    if not step.policy:
        return f"no policy says: {step.field} {word}"
    return f"{step.policy}: rules/{step.key}: {step.field} {word} ({step.source})"


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
