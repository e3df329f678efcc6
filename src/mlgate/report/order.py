"""The two orders in which reports list decisions."""

from __future__ import annotations

from mlgate.model import Decision


def by_place(decision: Decision) -> tuple[str, int, int, str, str]:
    """Sort key: path, place in the file, rule."""
    finding = decision.finding
    place = finding.location
    return place.path, place.line, place.column, finding.rule, finding.fingerprint


def worst_first(decision: Decision) -> tuple[int, int, int, tuple[str, int, int, str, str]]:
    """Sort key: level, severity, confidence, all falling; then the place."""
    finding = decision.finding
    return -decision.level, -finding.severity, -finding.confidence, by_place(decision)
