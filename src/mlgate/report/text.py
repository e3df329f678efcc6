"""The report that a person reads in a terminal: what stops the commit first, in lines that fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from shlex import quote as quoted

from msgspec.structs import replace

from mlgate.model import Decision, Finding, Level, Policy, Report, Summary
from mlgate.regex import regex
from mlgate.report import days, names, places
from mlgate.report.columns import cut_front, fold, width, wrap, wrap_parts
from mlgate.report.escape import no_command
from mlgate.report.groups import ALREADY_THERE, Entry, entries
from mlgate.report.look import Look, look_of
from mlgate.report.options import Options
from mlgate.report.order import by_place, worst_first
from mlgate.report.places import count

MOST_GROUPS = 50
"""Groups shown in full; beyond them the worst ones and a count per rule. Source: policy.md, "Verbs"."""

WORST_GROUPS = 10

_SENTENCE_END = regex(r"(?<=[.!?])\s+(?=[A-Z])")

_TOO_MANY = "{} decisions to take. The {} worst first, then how many per rule; --all shows every one."


def render(report: Report, options: Options) -> str:
    """The report in lines of at most `options.width` columns; empty where there is nothing to say."""
    groups = entries(report)
    if options.quiet and not any(group.level is Level.BLOCK for group in groups):
        return ""
    look = look_of(options)
    options = replace(options, today=report.run.date)
    lines = _opening(report, look)
    if groups:
        picked: Sequence[Entry] = groups
        if len(groups) > MOST_GROUPS and not options.all:
            picked = sorted(groups, key=lambda group: worst_first(group.first))[:WORST_GROUPS]
            lines += [*wrap(_TOO_MANY.format(len(groups), WORST_GROUPS), look.columns), ""]
        lines += _entries(picked, groups, options, look)
        if len(picked) < len(groups):
            lines += [*_per_rule(groups, look), ""]
    lines += _closing(report, groups, look)
    return "\n".join(_finished(line, look) for line in lines) + "\n"


def _finished(line: str, look: Look) -> str:
    safe = no_command(line)
    return line.rstrip() if safe == line else look.cut(safe, look.columns)


# --- around the findings ---------------------------------------------------------------------------------------------


def _opening(report: Report, look: Look) -> list[str]:
    lines: list[str] = []
    if report.run.base_note:
        lines += wrap(look.show(report.run.base_note), look.columns)
    for note in report.run.notes:
        lines += wrap(look.show(note), look.columns)
    lines += _waivers(report, look)
    if report.run.only:
        lines += wrap(f"Only {look.show(', '.join(report.run.only))} was looked for.", look.columns)
    return [*lines, ""] if lines else []


def _waivers(report: Report, look: Look) -> list[str]:
    """Emergencies first, in every report; then those that somebody has to renew or to clear away."""
    today = report.run.date
    said: list[str] = []
    used = [one for one in report.waivers if one.covers]
    for one in sorted(used, key=lambda one: (one.waiver.type != "emergency", one.until, one.waiver.id)):
        waiver = one.waiver
        until = days.spoken(one.until, today)
        if waiver.type == "emergency" and one.state in ("in-force", "expiring"):
            said.append(f"Emergency: {waiver.id} accepts {waiver.rule} until {until} ({waiver.owner}): {waiver.reason}")
        elif one.state == "expiring":
            said.append(f"{waiver.id} accepts {waiver.rule} until {until}: {waiver.owner} renews or mends.")
        elif one.state == "grace":
            said.append(f"{waiver.id} ended on {until}: {waiver.rule} only warns for a few days more ({waiver.owner}).")
    return [line for text in said for line in wrap(look.show(text), look.columns, "", "  ")]


def _closing(report: Report, groups: Sequence[Entry], look: Look) -> list[str]:
    counts = Counter(group.level for group in groups)
    levels = [level for level in (Level.BLOCK, Level.WARN) if counts[level]]
    found = [f"{counts[level]} {level.name.lower()}" for level in levels]
    if (findings := sum(len(group.decisions) for group in groups)) > len(groups):
        found[-1] += f" ({findings} findings)"
    accepted = sum(_is_accepted(decision) for decision in report.decisions)
    recorded = sum(decision.level is Level.RECORD for decision in report.decisions) - accepted
    if recorded:
        found.append(f"{recorded} recorded")
    if accepted:
        found.append(f"{accepted} accepted")
    parts = [", ".join(found)] if found else []
    parts += [_looked_at(report.summary), *_policy(report.policies[:1], look)]
    lines = _joined(parts, look)
    for level in levels:
        word = level.name.lower()
        lines[0] = lines[0].replace(f"{counts[level]} {word}", f"{counts[level]} {look.paint(word, level)}", 1)
    if not groups:
        return ["Nothing to fix in what could be read." if report.summary.skipped else "Nothing to fix.", *lines]
    worst = min(groups, key=lambda group: worst_first(group.first))
    answers = [
        ("What is this?" if counts[Level.BLOCK] else "What to do?", f"mlgate explain {look.show(worst.finding.rule)}")
    ]
    if counts[Level.BLOCK]:
        answers.append(("Wrong or urgent?", f"mlgate waive {look.show(quoted(worst.path))}"))
    if ask := next((policy.help for policy in report.policies if policy.help), ""):
        answers.append(("Ask a person:", look.show(ask)))
    column = max(width(label) for label, _ in answers) + 2
    for label, answer in answers:
        if column + width(answer) <= look.columns:
            lines.append(label.ljust(column) + answer)
        else:
            lines += [label, *fold(answer, look.columns)]
    return lines


def _is_accepted(decision: Decision) -> bool:
    """Whether a waiver or a comment in the code keeps it from being shown."""
    suppression = decision.suppression
    return decision.level is Level.RECORD and suppression is not None and suppression.state != "lapsed"


def _looked_at(summary: Summary) -> str:
    counts = [count(summary.files, "file")]
    if summary.cells:
        counts.append(count(summary.cells, "cell"))
    if summary.skipped:
        counts.append(f"{summary.skipped} not read")
    return ", ".join(counts)


def _policy(policies: Iterable[Policy], look: Look) -> list[str]:
    """Name and first digits of the commit that it is pinned to, else of the digest."""
    return [
        look.show(f"policy {policy.id} {(policy.revision or policy.digest.partition(':')[2])[:7]}".rstrip())
        for policy in policies
    ]


def _joined(parts: Sequence[str], look: Look) -> list[str]:
    """`parts` with dots between them, in as few lines as fit; a part that is too long is wrapped."""
    lines: list[str] = []
    for part in parts:
        if lines and width(lines[-1] + look.dot + part) <= look.columns:
            lines[-1] += look.dot + part
        else:
            lines += wrap(part, look.columns)
    return lines


def _per_rule(groups: Sequence[Entry], look: Look) -> list[str]:
    counts = Counter((-group.level, group.finding.rule) for group in groups)
    digits = len(str(max(counts.values())))
    lines = []
    for (level, rule), number in sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1])):
        name = Level(-level).name.lower()
        lead = f"  {number:>{digits}} {name.ljust(5)}  "
        text = look.cut(look.show(rule), look.edge - width(lead))
        lines.append(f"  {number:>{digits}} {look.paint(name, Level(-level))}{' ' * (7 - len(name))}{text}")
    return lines


# --- the findings ----------------------------------------------------------------------------------------------------


def _entries(groups: Sequence[Entry], every: Sequence[Entry], options: Options, look: Look) -> list[str]:
    in_full = [group for group in groups if options.verbose or group.level is Level.BLOCK]
    folded = [group for group in groups if not options.verbose and group.level is not Level.BLOCK]
    paths = {decision.finding.location.path for group in groups for decision in group.decisions}
    lines: list[str] = []
    for path in _paths(in_full):
        lines += [*fold(look.show(path), look.columns, "  "), ""]
        here = [group for group in in_full if group.path == path]
        for group in sorted(here, key=lambda group: (-group.level, by_place(group.first))):
            lines += [*_in_full(group, options, look), ""]
    if folded:
        one_file = len(paths) == 1
        if one_file and not in_full:
            lines += [*fold(look.show(folded[0].path), look.columns, "  "), ""]
        warnings = sum(group.level is Level.WARN for group in every)
        lines += [*_folded(folded, warnings, bool(in_full), one_file, options, look), ""]
    return lines


def _paths(groups: Iterable[Entry]) -> list[str]:
    """Files with something that blocks first, each kind in alphabetical order."""
    worst: dict[str, Level] = {}
    for group in groups:
        worst[group.path] = max(group.level, worst.get(group.path, Level.OFF))
    return sorted(worst, key=lambda path: (-worst[path], path))


def _in_full(group: Entry, options: Options, look: Look) -> list[str]:
    finding = group.finding
    lines = _headline(group, look)
    if source := _source_line(finding, look):
        lines.append(source)
    lines += wrap(look.show(finding.message), look.columns, "    ", "    ")
    if others := group.names[1:]:
        listed = names.sentence([look.show(name) for name in others], options.every)
        lines += wrap(f"The same is true of {listed}.", look.columns, "    ", "    ")
    if group.existing:
        lines += wrap(ALREADY_THERE, look.columns, "    ", "    ")
    for note in (*_proposals(group), *_rises(group, options)):
        lines += wrap(look.show(note), look.columns, "    ", "    ")
    if finding.fix:
        lines += _remedy(look.show(finding.fix), options.verbose, look)
    if also := places.also(group.decisions, options.every, look.show, look.ellipsis):
        lines += wrap_parts(also, look.columns, "    ", "      ")
    if options.verbose:
        lines += _background(group, look)
    return lines


def _proposals(group: Entry) -> list[str]:
    """Of waivers that do not hold yet, or not any more."""
    said: dict[str, None] = {}
    for decision in group.decisions:
        suppression = decision.suppression
        if suppression is not None and suppression.state == "proposed":
            said[f"{suppression.id} asks to accept it; it counts once it is merged."] = None
        elif suppression is not None and suppression.state == "lapsed":
            said[f"{suppression.id} accepted it, and has ended."] = None
    return list(said)


def _rises(group: Entry, options: Options) -> list[str]:
    """`blocks from Tue 12 January`."""
    verbs = {"warn": "warns", "block": "blocks"}
    return [f"{verbs[level]} from {days.spoken(day, options.today)}" for level, day in sorted(group.dates.items())]


def _background(group: Entry, look: Look) -> list[str]:
    """Why nothing is more certain and who decided, each reason once."""
    said: dict[str, None] = {}
    for decision in group.decisions:
        finding = decision.finding
        known = f"{finding.severity.name} severity, {finding.confidence.name} confidence, {decision.status}".lower()
        said |= dict.fromkeys([known, *([finding.reason] if finding.reason else []), *decision.trace])
    return [line for text in said for line in wrap(look.show(text), look.columns, "    | ", "    |   ")]


def _headline(group: Entry, look: Look) -> list[str]:
    """Level and rule at the left, place at the right; on two lines where they do not fit on one."""
    name = group.level.name
    lead = f"  {name}{' ' * (7 - len(name))}"
    rule = look.cut(look.show(group.finding.rule), look.edge - len(lead))
    painted = f"  {look.paint(name, group.level)}{' ' * (7 - len(name))}{rule}"
    room = look.edge - len(lead) - width(rule) - 2
    place = _place(group.finding, room, look)
    if place:
        return [painted + " " * (room + 2 - width(place)) + place]
    return [painted, "    " + _place(group.finding, look.edge - 4, look)]


def _place(finding: Finding, room: int, look: Look) -> str:
    """`"Heading" · cell 9, line 2` in `room` columns, the heading cut where need be; empty where it does not fit."""
    spot = places.spot(finding.location)
    cell = finding.location.cell
    if cell is None or not cell.heading:
        return spot if width(spot) <= room else ""
    heading = look.show(cell.heading.strip()).replace('"', "'")
    left = room - width(spot) - width(look.dot) - 2
    if left < min(8, width(heading)):
        return ""
    return f'"{look.cut(heading, left)}"{look.dot}{spot}'


def _source_line(finding: Finding, look: Look) -> str:
    """The source line with what was found in sight: cut at the end, and at the front where that is far to the right."""
    raw = finding.line_text.strip()
    if not raw:
        return ""
    cell = finding.location.cell
    column = (cell.column if cell else finding.location.column) - 1
    column -= len(finding.line_text) - len(finding.line_text.lstrip())
    room = look.edge - 4
    # Lines of a megabyte exist: nothing is measured that cannot be shown.
    start, most = 0, 4 * room
    if len(raw) > column > 0 and (column > most or width(look.show(raw[:column])) > room * 2 // 3):
        start = column if len(raw) > most or width(look.show(raw)) > room else 0
    line = (look.ellipsis if start else "") + look.show(raw[start : start + most])
    return "    " + look.cut(line, room)


def _remedy(fix: str, verbose: bool, look: Look) -> list[str]:
    """What follows `Do:`. Of a fix that takes more than two lines the first sentence: `explain` has the rest."""
    lines = wrap(_as_clause(fix), look.columns, "    Do: ", "        ")
    if len(lines) > 2 and not verbose:
        lines = wrap(_as_clause(_SENTENCE_END.split(fix, maxsplit=1)[0]), look.columns, "    Do: ", "        ")
    return lines


def _as_clause(sentence: str) -> str:
    """Without capital and full stop."""
    sentence = sentence.strip()
    if sentence[:1].isupper() and sentence[1:2].islower():
        sentence = sentence[0].lower() + sentence[1:]
    return sentence[:-1] if sentence.endswith(".") and not sentence.endswith("..") else sentence


def _folded(
    groups: Sequence[Entry], warnings: int, beside_blocks: bool, one_file: bool, options: Options, look: Look
) -> list[str]:
    """Warnings in one or two lines each: rule at the left, what and where beside it, or below where it is narrow."""
    indent = "  " if one_file else ""
    noun, verb, them = ("warning", "does", "it") if warnings == 1 else ("warnings", "do", "them")
    rest = (
        f"{verb} not stop you; the pull request shows {them}:"
        if beside_blocks
        else "to look at, nothing that stops you:"
    )
    if warnings > len(groups):
        noun, rest = "warnings", f"of {warnings} that do not stop you:"
    lines = wrap(f"{len(groups)} {noun} {rest}", look.columns, indent, indent)
    lines[0] = lines[0].replace(noun, look.paint(noun, Level.WARN), 1)
    rules = [look.show(group.finding.rule) for group in groups]
    column = max(map(width, rules)) + 2
    lead = indent + "  "
    beside = look.edge - len(lead) - column >= 36
    for rule, group in zip(rules, groups, strict=True):
        if beside:
            start, rest = lead + rule + " " * (column - width(rule)), " " * (len(lead) + column)
        else:
            lines.append(look.cut(lead + rule, look.edge))
            start = rest = lead + "  "
        what, where = _warning(group, one_file, look.edge - width(start), look)
        lines.append(start + what)
        if where:
            lines.append(rest + where)
        lines += [look.cut(rest + note, look.edge) for note in _rises(group, options)]
    return lines


def _warning(group: Entry, one_file: bool, room: int, look: Look) -> tuple[str, str]:
    """What a warning is about and where, in one or two lines of `room` columns; the second may be empty."""
    shown = [look.show(name) for name in group.names]
    spots = places.distinct(group.decisions)
    files = places.in_files(spots, lines=False)
    home = group.path if one_file else ""
    aside = f", {len(spots)} places" if len(spots) > 1 else ""
    aside += ", already there" if group.existing else ""
    what = names.in_one_line(shown, room - width(aside), look.ellipsis) + aside
    if len(spots) > 1:
        return what, places.in_one_line(files, home, room, look.show, look.ellipsis)
    where = files[0].words(home, look.show)
    cell = group.finding.location.cell
    if one_file and cell is not None and cell.heading:
        heading = look.show(cell.heading.strip()).replace('"', "'")
        left = room - width(where) - 4
        if left >= min(8, width(heading)):
            where = f'"{look.cut(heading, left)}", {where}'
    if width(what) + width(look.dot) + width(where) <= room:
        return what + look.dot + where, ""
    return what, cut_front(where, room, look.ellipsis)
