"""`mlgate policy show`: what holds here, each setting with the file and line that said so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from mlgate import waiving
from mlgate.cascade import FIELDS, Bundle, Here, Said, applies, in_force, overreaches, param, said
from mlgate.loosening import BRAND_NEW
from mlgate.model import Level, Policy
from mlgate.policy import Loaded
from mlgate.report.columns import cut_front, width, wrap
from mlgate.report.days import spoken
from mlgate.report.look import Look, look_of
from mlgate.report.options import Options

HEADINGS = ("", "new", "existing", "a no in")


class Row(Struct, frozen=True):
    """What holds for one rule, or for all rules that nobody names."""

    key: str
    said: tuple[Said, ...]
    """One of each of FIELDS."""


def rows(bundle: Bundle, here: Here) -> tuple[Row, ...]:
    """`*`, each family, and each rule for which something else holds than for its family; in alphabetical order."""
    found = [_row("*", f"{BRAND_NEW}/{BRAND_NEW}", bundle, here)]
    for family in sorted({rule.partition("/")[0] for rule in bundle.rules}):
        whole = _row(f"{family}/*", f"{family}/{BRAND_NEW}", bundle, here)
        found.append(whole)
        ids = sorted(rule for rule in bundle.rules if rule.startswith(f"{family}/"))
        named = (_row(rule, rule, bundle, here) for rule in ids)
        found += [row for row in named if [one.value for one in row.said] != [one.value for one in whole.said]]
    return tuple(found)


def show(loaded: Loaded, here: Here, options: Options) -> str:
    """The text for a person."""
    look = look_of(options)
    lines = [*_heading(loaded, here, look), ""]
    shown = rows(loaded.bundle, here)
    lines += _table(shown, look)
    over = [one for row in shown for one in row.said[:1] if one.over]
    for title, section in (
        ("* said by an overlay", [line for one in dict.fromkeys(over) for line in _over(one, look)]),
        ("Parameters", list(_parameters(loaded.bundle, here, look))),
        ("Asked for and not admitted", list(_overreaches(loaded.bundle, here, look))),
        ("Waivers", list(_waivers(loaded.bundle, here, look))),
    ):
        if section:
            lines += ["", title, *section]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(key: str, rule: str, bundle: Bundle, here: Here) -> Row:
    return Row(key, tuple(said(bundle, rule, name, here) for name in FIELDS))


def _heading(loaded: Loaded, here: Here, look: Look) -> list[str]:
    policies = in_force(loaded.bundle, here.repository, here.branch)
    roots = [policy for policy in policies if policy not in loaded.bundle.overlays]
    lines = [line for policy in roots for line in wrap(look.show(f"{_named(policy)}"), look.columns, "", "  ")]
    for policy in policies:
        if policy in loaded.bundle.overlays:
            where = applies(policy, here)
            holds = "" if where else " (not in this file)" if where is False else " (as far as can be told)"
            lines += wrap(look.show(f"overlay {_named(policy)}{holds}"), look.columns, "", "  ")
    place = [f"in {here.path}" if here.path else "", f"of {here.repository}" if here.repository else ""]
    place += [f"into {here.branch}" if here.branch else "", f"on {here.date}" if here.date else ""]
    return lines + wrap(look.show(" ".join(filter(None, place))), look.columns)


def _named(policy: Policy) -> str:
    pinned = f" @{policy.revision[:7]}" if policy.revision else ""
    return f"{policy.id}{pinned}, {policy.source}, owner {policy.owner}"


def _table(listed: Sequence[Row], look: Look) -> list[str]:
    cells = [(look.show(row.key), *(one.value.name.lower() for one in row.said)) for row in listed]
    columns = [max(width(cell[index]) for cell in (HEADINGS, *cells)) + 2 for index in range(len(HEADINGS))]
    lines = [_joined(HEADINGS, columns) + "said by"]
    for row, cell in zip(listed, cells, strict=True):
        lead = _joined(cell, columns)
        level = row.said[0].value
        source = cut_front(look.show(_source(row)), max(look.columns - width(lead), 12), look.ellipsis)
        painted = lead.replace(f"{level.name.lower()} ", f"{look.paint(level.name.lower(), Level(level))} ", 1)
        lines.append(painted + source)
    return lines


def _over(one: Said, look: Look) -> list[str]:
    text = f"{one.policy}: {one.key}: {one.field} {one.value.name.lower()} ({one.source}); {one.over}"
    return wrap(look.show(text), look.columns, "  ", "    ")


def _joined(cells: Sequence[str], columns: Sequence[int]) -> str:
    return "".join(cell + " " * (column - width(cell)) for cell, column in zip(cells, columns, strict=True))


def _source(row: Row) -> str:
    """Where the level stands; `*` where it is an overlay that says it."""
    level = row.said[0]
    return f"{level.source or 'nobody'}{' *' if level.over else ''}"


def _parameters(bundle: Bundle, here: Here, look: Look) -> Iterator[str]:
    """Those that some policy sets; the others have the value that `mlgate explain RULE` shows."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for rule in sorted(bundle.rules):
        for name, parameter in sorted(bundle.rules[rule].params.items()):
            value = param(bundle, rule, name, parameter, here)
            if value != parameter.default:
                words = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
                found.setdefault((rule.partition("/")[0], name, words or "none"), []).append(rule)
    for (family, name, words), rules in found.items():
        whose = rules[0] if len(rules) == 1 else f"{family}/* ({len(rules)} rules)"
        yield from wrap(look.show(f"{whose} {name}: {words}"), look.columns, "  ", "    ")


def _overreaches(bundle: Bundle, here: Here, look: Look) -> Iterator[str]:
    found = {one for rule in bundle.rules for one in overreaches(bundle, rule, here)}
    for one in sorted(found, key=lambda one: (one.source, one.field)):
        text = f"{one.policy}: {one.key}: {one.field} {one.asked}, gets {one.given} ({one.source})"
        yield from wrap(look.show(text), look.columns, "  ", "    ")


def _waivers(bundle: Bundle, here: Here, look: Look) -> Iterator[str]:
    today = here.date or ""
    for one in sorted(waiving.counts(bundle, [], here, {}), key=lambda one: one.waiver.id):
        waiver = one.waiver
        until = spoken(one.until, today) if today else one.until
        text = f"{waiver.id} {waiver.rule}: {one.state}, until {until} ({waiver.type}, {waiver.owner}, {waiver.source})"
        yield from wrap(look.show(text), look.columns, "  ", "    ")
