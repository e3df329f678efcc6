"""Statistics as one HTML page: charts and tables, and nothing that a network would have to bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from mlgate.verbs.stats.count import MOST_FALSE, Statistics
from mlgate.verbs.stats.history import History

MOST_BARS = 20
"""Rules that a chart shows; the table beside it has every one."""

_STYLE = """
:root { color-scheme: light dark; --new: #b3261e; --old: #8a8a8a; --good: #2e7d32; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --new: #ff8a80; --old: #9e9e9e; --good: #81c784; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; }
svg text { fill: currentColor; font: 12px system-ui, sans-serif; }
code { overflow-wrap: anywhere; }
"""


def page(found: Statistics) -> str:
    """The whole document."""
    sections = [
        _section("Findings by rule", _bars(found), _rules(found)),
        _section(
            f"More than {MOST_FALSE:.0%} called false",
            _list(
                f"{one.rule}: {one.false} of {one.ever} ({one.false_rate or 0:.0%})"
                for one in found.rules
                if one.is_noisy
            ),
        ),
        _section("Most suppressed", _table(("Repository", "Path", "Ignored"), found.suppressed)),
        _section(
            "Waivers that end or have ended",
            _table(
                ("Repository", "Waiver", "Rule", "Owner", "Last day"),
                [(one.repository, one.id, one.rule, one.owner, one.until) for one in found.lapsing],
            ),
        ),
        _section(
            "Pinned",
            _shares(found),
            _table(("Type", "References", "Pinned"), [(a.type, a.references, a.pinned) for a in found.pinned]),
        ),
        _section("By repository", _table(("Repository", "Rule", "New", "Old", "Fixed"), _by_repository(found))),
        _section(
            "Not reporting", _table(("Repository", "Since"), [(name, day or "never") for name, day in found.silent])
        ),
    ]
    lead = f"<p>{found.reports} reports of {len(found.repositories)} repositories, on {escape(found.as_of)}.</p>"
    return _document("mlgate statistics", lead + "".join(sections))


def history_page(found: Mapping[str, History]) -> str:
    """Findings over time, a chart and a table for each checkout."""
    sections = [
        _section(
            name,
            _curve(one),
            _table(
                ("Since", "Rule", "Place"),
                [
                    (
                        f"{since.date}{' or longer' if since.is_older else ''}",
                        since.finding.rule,
                        f"{since.finding.location.path}:{since.finding.location.line}",
                    )
                    for since in one.since
                ],
            ),
            _table(("Gone on", "Rule", "Findings"), one.fixed),
        )
        for name, one in found.items()
    ]
    return _document("mlgate history", "".join(sections))


def _document(title: str, body: str) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def _section(title: str, *parts: str) -> str:
    held = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{held}</section>" if held else ""


def _list(items: Iterable[str]) -> str:
    held = "".join(f"<li>{escape(one)}</li>" for one in items)
    return f"<ul>{held}</ul>" if held else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return ""
    numeric = [isinstance(cell, int) for cell in rows[0]]
    classes = [' class="n"' if one else "" for one in numeric]
    head = "".join(f'<th scope="col"{one}>{escape(name)}</th>' for name, one in zip(heads, classes, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{one}>{escape(str(cell))}</td>" for cell, one in zip(row, classes, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _rules(found: Statistics) -> str:
    return _table(
        ("Rule", "New", "Old", "Fixed", "Ignored", "Called false"),
        [(one.rule, one.new, one.existing, one.fixed, sum(one.ignored.values()), one.false) for one in found.rules],
    )


def _by_repository(found: Statistics) -> list[tuple[object, ...]]:
    return [
        (name, one.rule, one.new, one.existing, one.fixed)
        for name, rules in sorted(found.repositories.items())
        for one in rules
    ]


# --- charts ---------------------------------------------------------------------------------------------------------


def _bars(found: Statistics) -> str:
    rules = [one for one in found.rules if one.new + one.existing][:MOST_BARS]
    most = max((one.new + one.existing for one in rules), default=0)
    if not most:
        return ""
    rows = []
    for index, one in enumerate(rules):
        y = index * 24
        old, new = (number / most * 360 for number in (one.existing, one.new))
        rows.append(
            f'<text x="250" y="{y + 15}" text-anchor="end">{escape(_short(one.rule))}</text>'
            f'<rect x="260" y="{y + 4}" width="{old:.1f}" height="14" fill="var(--old)"/>'
            f'<rect x="{260 + old:.1f}" y="{y + 4}" width="{new:.1f}" height="14" fill="var(--new)"/>'
            f'<text x="{266 + old + new:.1f}" y="{y + 15}">{one.existing} + {one.new}</text>'
        )
    title = "Findings by rule: those that were there, and new ones"
    return _svg(720, len(rules) * 24, title, "".join(rows))


def _shares(found: Statistics) -> str:
    rows = []
    kinds = [one for one in found.pinned if one.references]
    for index, one in enumerate(kinds):
        y, share = index * 24, one.pinned / one.references
        rows.append(
            f'<text x="110" y="{y + 15}" text-anchor="end">{escape(_short(one.type))}</text>'
            f'<rect x="120" y="{y + 4}" width="500" height="14" fill="var(--line)"/>'
            f'<rect x="120" y="{y + 4}" width="{share * 500:.1f}" height="14" fill="var(--good)"/>'
            f'<text x="630" y="{y + 15}">{share:.0%}</text>'
        )
    return _svg(720, len(kinds) * 24, "Share of references that are pinned", "".join(rows)) if rows else ""


def _curve(one: History) -> str:
    if len(one.points) < 2:
        return ""
    most = max(number for _, _, number in one.points) or 1
    step = 680 / (len(one.points) - 1)
    points = " ".join(
        f"{20 + index * step:.1f},{150 - number / most * 130:.1f}" for index, (_, _, number) in enumerate(one.points)
    )
    first, last = one.points[0], one.points[-1]
    return _svg(
        720,
        180,
        f"Findings from {first[0]} to {last[0]}: {first[2]} to {last[2]}",
        f'<polyline points="{points}" fill="none" stroke="var(--new)" stroke-width="2"/>'
        f'<text x="20" y="172">{escape(first[0])}: {first[2]}</text>'
        f'<text x="700" y="172" text-anchor="end">{escape(last[0])}: {last[2]}</text>',
    )


def _svg(width: int, height: int, title: str, body: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img"><title>{escape(title)}</title>{body}</svg>'


def _short(text: str) -> str:
    return text if len(text) <= 36 else f"{text[:35]}…"
