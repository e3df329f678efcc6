"""Annotations for GitHub Actions: one workflow command per decision, at its first place.

GitHub shows the first 10 errors, 10 warnings and 10 notices of a step and 50 annotations of a job, without a word about
the rest: so the worst come first, a notice says how many there are, and the log of the step has them all.
Sources: docs/problem-matchers.md of actions/toolkit for the limits, src/command.ts there and
src/Runner.Common/ActionCommand.cs of actions/runner for the escapes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mlgate.model import Level, Report
from mlgate.report import names, places
from mlgate.report.escape import in_ascii, visible
from mlgate.report.groups import ALREADY_THERE, Entry, entries
from mlgate.report.options import Options
from mlgate.report.order import worst_first

MOST_SHOWN = 10
"""Annotations of one kind that GitHub shows of one step."""

_COMMANDS = {Level.BLOCK: "error", Level.WARN: "warning"}

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(report: Report, options: Options) -> str:
    """One line per decision, and one before them where they are too many; empty where nothing blocks or warns."""
    grouped = sorted(entries(report), key=lambda entry: worst_first(entry.first))
    lines = [line + "\n" for line in (*_too_many(grouped), *(_command(entry, options) for entry in grouped))]
    return "".join(in_ascii(line) if options.ascii else line for line in lines)


def _too_many(grouped: Sequence[Entry]) -> list[str]:
    counts = Counter(entry.level for entry in grouped)
    if max(counts.values(), default=0) <= MOST_SHOWN:
        return []
    number = " and ".join(f"{counts[level]} {level.name.lower()}" for level in _COMMANDS if counts[level])
    said = f"{number}. GitHub shows the worst {MOST_SHOWN} of each; the log of this step has every one."
    return [f"::notice title=mlgate::{said}"]


def _command(entry: Entry, options: Options) -> str:
    finding = entry.finding
    place = finding.location
    properties = {"file": place.path, "line": str(place.line), "endLine": str(place.end_line)}
    if place.line == place.end_line:
        # NOTE: the runner refuses columns where the lines differ.
        properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
    properties["title"] = finding.rule
    listed = ",".join(f"{name}={visible(value).translate(_PROPERTY)}" for name, value in properties.items())
    return f"::{_COMMANDS[entry.level]} {listed}::{_message(entry, options).translate(_DATA)}"


def _message(entry: Entry, options: Options) -> str:
    """What a person needs beside the line of JSON that GitHub shows for a notebook: the cell."""
    finding = entry.finding
    cell = finding.location.cell
    lines = [visible(finding.message)]
    if others := [visible(name) for name in entry.names[1:]]:
        lines.append(f"The same is true of {names.sentence(others, options.every)}.")
    if entry.existing:
        lines.append(ALREADY_THERE)
    if cell is not None:
        heading = visible(cell.heading.strip()).replace('"', "'") if cell.heading else ""
        spot = places.spot(finding.location).capitalize()
        lines.append(f'{spot}, under "{heading}"' if heading else spot)
    if finding.fix:
        lines.append(f"Do: {visible(finding.fix)}")
    if also := places.also(entry.decisions, options.every, visible, "…"):
        lines.append(" ".join(also))
    return "\n".join(lines)
