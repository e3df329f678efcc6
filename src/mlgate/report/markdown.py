"""Markdown: the summary of a step in GitHub Actions, and whatever else shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mlgate.model import Level, Report
from mlgate.regex import regex
from mlgate.report import days, names, places
from mlgate.report.escape import visible
from mlgate.report.groups import ALREADY_THERE, Entry, entries
from mlgate.report.options import Options
from mlgate.report.order import worst_first

MAX_BYTES = 900_000
"""Longest summary, in bytes. Source: GitHub refuses a step's summary of more than 1 MiB."""

_MARKUP = regex(r"([\\`*_{}\[\]<>()#+!|~&@$-])")


def render(report: Report, options: Options) -> str:
    """What blocks, in full; what warns, as a table; what is only recorded, as a number."""
    grouped = sorted(entries(report), key=lambda entry: worst_first(entry.first))
    blocking = [entry for entry in grouped if entry.level is Level.BLOCK]
    warning = [entry for entry in grouped if entry.level is Level.WARN]
    lines = [*_opening(report, blocking, warning), ""]
    room = MAX_BYTES
    left_out = 0
    for part in (*map(_block, blocking), *_table(warning, report.run.date)):
        size = len("\n".join(part).encode("utf-8", "replace")) + 1
        if size > room:
            left_out += 1
            continue
        room -= size
        lines += part
    if left_out:
        lines += ["", f"{left_out} more did not fit here: they are in the log and in the SARIF file."]
    lines += ["", *_closing(report)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _opening(report: Report, blocking: Sequence[Entry], warning: Sequence[Entry]) -> list[str]:
    counts = [
        f"{len(blocking)} block" if blocking else "nothing blocks",
        *([f"{len(warning)} warn"] if warning else []),
    ]
    lines = [f"### mlgate: {', '.join(counts)}", "", plain(report.run.base_note)]
    return [*lines, *(line for note in report.run.notes for line in ("", plain(note)))]


def _block(entry: Entry) -> list[str]:
    finding = entry.finding
    lines = ["", f"**BLOCK** {code(finding.rule)} in {code(finding.location.path)}, {plain(_spot(entry))}", ""]
    if finding.line_text.strip():
        lines += [code(finding.line_text.strip()), ""]
    lines.append(plain(finding.message))
    if others := [plain(name) for name in entry.names[1:]]:
        lines.append(f"The same is true of {names.sentence(others, False)}.")
    if entry.existing:
        lines.append(ALREADY_THERE)
    if finding.fix:
        lines += ["", f"**Do:** {plain(finding.fix)}"]
    lines += ["", f"Wrong or urgent? {code(f'mlgate waive {finding.fingerprint}')}"]
    return lines


def _spot(entry: Entry) -> str:
    place = entry.finding.location
    heading = place.cell.heading if place.cell else None
    spot = places.spot(place)
    return f'{spot}, under "{heading.strip()}"' if heading else spot


def _table(warning: Iterable[Entry], today: str) -> list[list[str]]:
    rows = [_row(entry, today) for entry in warning]
    if not rows:
        return []
    head = ["", "| Warns | What | Where | |", "|---|---|---|---|"]
    return [[*head, rows[0]], *([row] for row in rows[1:])]


def _row(entry: Entry, today: str) -> str:
    where = places.in_files(places.distinct(entry.decisions), lines=False)
    shown = "; ".join(one.words("", lambda text: text) for one in where[:3])
    more = f" and {len(where) - 3} more files" if len(where) > 3 else ""
    rises = ", ".join(f"{level}s from {days.spoken(day, today)}" for level, day in sorted(entry.dates.items()))
    what = names.sentence([plain(name) for name in entry.names], False)
    return f"| {code(entry.finding.rule)} | {what} | {code(shown + more)} | {rises} |"


def _closing(report: Report) -> list[str]:
    recorded = [one for one in report.decisions if one.level is Level.RECORD]
    accepted = sum(one.suppression is not None for one in recorded)
    said = [f"{report.summary.files} files looked at"]
    if report.summary.skipped:
        said.append(f"{report.summary.skipped} not read")
    said.append(f"{len(recorded) - accepted} recorded")
    if accepted:
        said.append(f"{accepted} accepted by waivers or in the code")
    policies = [f"{code(one.id)} {(one.revision or one.digest.partition(':')[2])[:7]}" for one in report.policies[:1]]
    lines = [f"{', '.join(said)}. Policy {', '.join(policies)}." if policies else f"{', '.join(said)}."]
    ask = next((policy.help for policy in report.policies if policy.help), "")
    return [*lines, *([f"Ask a person: {plain(ask)}"] if ask else [])]


def plain(text: str) -> str:
    """Text that others wrote, on one line, in which nothing is markup, a link or a mention."""
    return _MARKUP.sub(r"\\\1", visible(text)).replace("://", ":\\//")


def code(text: str) -> str:
    """Text that others wrote as a code span; in a table too."""
    shown = visible(text).replace("|", "\\|") or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
