"""Annotations for GitHub Actions: one workflow command per finding that blocks or warns.

GitHub shows the first 10 errors and 10 warnings of a step and 50 annotations of a job, without a word about the rest,
so the worst come first. Sources: docs/problem-matchers.md of actions/toolkit for the limits, src/command.ts there and
src/Runner.Common/ActionCommand.cs of actions/runner for the escapes.
"""

from __future__ import annotations

from mlgate.model import Decision, Level, Report
from mlgate.report.escape import in_ascii, visible
from mlgate.report.options import Options
from mlgate.report.order import worst_first

_COMMANDS = {Level.BLOCK: "error", Level.WARN: "warning"}

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(report: Report, options: Options) -> str:
    """One line per finding; empty where none blocks or warns."""
    shown = [decision for decision in report.decisions if decision.level in _COMMANDS]
    lines = [_command(decision) + "\n" for decision in sorted(shown, key=worst_first)]
    return "".join(in_ascii(line) if options.ascii else line for line in lines)


def _command(decision: Decision) -> str:
    finding = decision.finding
    place = finding.location
    properties = {"file": place.path, "line": str(place.line), "endLine": str(place.end_line)}
    if place.line == place.end_line:
        # NOTE: the runner refuses columns where the lines differ.
        properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
    properties["title"] = finding.rule
    listed = ",".join(f"{name}={visible(value).translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{_COMMANDS[decision.level]} {listed}::{_message(decision).translate(_DATA)}"


def _message(decision: Decision) -> str:
    """What a person needs beside the line of JSON that GitHub shows for a notebook: the cell."""
    finding = decision.finding
    cell = finding.location.cell
    lines = [visible(finding.message)]
    if cell is not None:
        heading = visible(cell.heading.strip()).replace('"', "'") if cell.heading else ""
        spot = f"Cell {cell.index}, " + (f"line {cell.line}" if cell.output is None else f"output {cell.output}")
        lines.append(f'{spot}, under "{heading}"' if heading else spot)
    if finding.fix:
        lines.append(f"Do: {visible(finding.fix)}")
    return "\n".join(lines)
