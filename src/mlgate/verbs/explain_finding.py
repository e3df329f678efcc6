"""`mlgate explain` of a finding: what is there, what follows, and which line of which policy says so."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mlgate.errors import MlgateError
from mlgate.model import Decision, Level, Report
from mlgate.regex import regex
from mlgate.report import places
from mlgate.report.columns import wrap
from mlgate.report.days import spoken
from mlgate.report.escape import visible
from mlgate.report.look import Look, look_of
from mlgate.report.options import Options

MOST_STEPS = 8
"""Lines of a decision trace. Source: the tools whose traces nobody reads (conftest: 60 lines)."""

_FINGERPRINT = regex(r"\d+:[0-9a-f]{16}")
_PLACE = regex(r"(?P<path>.+?):(?P<line>\d+)(?::\d+)?")

_WORDS = {
    Level.RECORD: "It is in the reports, and not shown.",
    Level.WARN: "It is shown, and stops nothing.",
    Level.BLOCK: "It stops the commit.",
}


class Target(Struct, frozen=True):
    """A finding by its fingerprint, or what stands in a line."""

    fingerprint: str = ""
    path: str = ""
    line: int = 0
    """1-based, of the file on disk or of a notebook's cell."""


def target(text: str) -> Target | None:
    """What `text` names; None: neither a finding nor a place, so a rule."""
    if _FINGERPRINT.fullmatch(text):
        return Target(fingerprint=text)
    place = _PLACE.fullmatch(text)
    return Target(path=place["path"], line=int(place["line"])) if place else None


def explain(asked: Target, report: Report, help_: str, options: Options) -> str:
    """The decisions that are meant, each with its trace. Raises MlgateError where there is none."""
    look = look_of(options)
    lines: list[str] = []
    for decision in _chosen(asked, report):
        lines += [*_decision(decision, report.run.date, help_, look), ""]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def _chosen(asked: Target, report: Report) -> Sequence[Decision]:
    if asked.fingerprint:
        found = [one for one in report.decisions if one.finding.fingerprint == asked.fingerprint]
        if not found:
            raise MlgateError(f"{asked.fingerprint}: no finding here has this fingerprint")
        return found
    found = [one for one in report.decisions if _is_at(one, asked.line)]
    if not found:
        others = sorted({one.finding.location.line for one in report.decisions})
        hint = f"; it has findings in line {', '.join(map(str, others[:8]))}" if others else "; it has no findings"
        raise MlgateError(f"{visible(asked.path)}:{asked.line}: nothing is found in this line{hint}")
    return found


def _is_at(decision: Decision, line: int) -> bool:
    """In the line of the file; in a notebook also in the line of a cell, which is what a person sees."""
    place = decision.finding.location
    in_cell = place.cell is not None and place.cell.line <= line <= place.cell.end_line
    return place.line <= line <= place.end_line or in_cell


def _decision(decision: Decision, today: str, help_: str, look: Look) -> list[str]:
    finding = decision.finding
    level = decision.level
    name = level.name.lower()
    lines = [f"{look.paint(name, level)}  {look.show(finding.rule)}"]
    lines += wrap(look.show(f"{finding.location.path}, {places.spot(finding.location)}"), look.columns, "  ", "  ")
    if finding.line_text.strip():
        lines.append("    " + look.cut(look.show(finding.line_text.strip()), look.edge - 4))
    lines += wrap(look.show(finding.message), look.columns, "  ", "  ")
    lines += wrap(_WORDS[level], look.columns, "  ", "  ")
    lines.append("Because")
    steps = [f"{finding.confidence.name.lower()} confidence{f': {finding.reason}' if finding.reason else ''}"]
    steps += [*decision.trace, *(f"from {spoken(day, today)} on: {to}" for to, day in decision.dates)]
    if len(steps) > MOST_STEPS:
        steps = [*steps[: MOST_STEPS - 1], f"and {len(steps) - MOST_STEPS + 1} more: see the JSON report"]
    for number, step in enumerate(steps, 1):
        lines += wrap(look.show(step), look.columns, f"  {number} ", "    ")
    if finding.fix:
        lines += wrap(look.show(f"Do: {finding.fix}"), look.columns, "", "    ")
    lines.append(f"Rule: mlgate explain {look.show(finding.rule)}")
    if level >= Level.WARN:
        lines.append(f"Wrong or urgent? mlgate waive {finding.fingerprint}")
    if help_:
        lines.append(f"Ask a person: {look.show(help_)}")
    return lines
