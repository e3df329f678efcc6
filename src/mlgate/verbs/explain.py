"""The verbs `explain` and `rules`: what a rule looks for, why, and what to do, for a person in a hurry."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from mlgate.cascade import ANYWHERE, Bundle, Here, Said, params_for, said
from mlgate.decide import days_to_come
from mlgate.errors import MlgateError
from mlgate.model import Clause, Confidence, Example, Level, Parameter, Rule, Waivable
from mlgate.report.columns import width, wrap
from mlgate.report.days import spoken
from mlgate.report.escape import visible
from mlgate.report.look import Look, look_of
from mlgate.report.options import Options
from mlgate.report.references import link

_NEW = {
    Level.OFF: "It is switched off.",
    Level.RECORD: "New findings are in the reports, but not shown to you.",
    Level.WARN: "New findings are shown, and stop nothing.",
    Level.BLOCK: "New findings stop the commit when they are certain, and are shown when they are likely.",
}
_WAIVABLE = {
    Waivable.NEVER: "No waiver and no comment counts.",
    Waivable.FILE: "A waiver counts (`mlgate waive`), a comment in the code does not.",
    Waivable.INLINE: "A waiver counts (`mlgate waive`), and a comment in the code with a reason.",
}
_EXISTING = {
    Level.OFF: "What the base has already is left out.",
    Level.RECORD: "What the base has already is only recorded.",
    Level.WARN: "What the base has already is shown.",
    Level.BLOCK: "What the base has already stops the commit too.",
}


def explain(target: str, bundle: Bundle, options: Options, here: Here = ANYWHERE) -> str:
    """What there is to know of the rule `target`, by its id or a former one. Raises MlgateError for what is no rule."""
    rule = bundle.rules.get(bundle.renamed.get(target, target))
    if rule is None:
        raise MlgateError(_unknown(target, bundle))
    look = look_of(options)
    lines = [*_title(rule, bundle, here, look), ""]
    lines += [*_paragraphs(rule.why, look), ""]
    lines += ["What to do", *_paragraphs(rule.fix, look), ""]
    lines += [line for example in rule.bad[:1] for line in ("Bad", *_code(example), "")]
    lines += [line for example in rule.good[:1] for line in ("Good", *_code(example), "")]
    for heading, section in (
        ("Depends on versions", _versions(rule, look)),
        ("Not certain, so it never blocks", _uncertain(rule, look)),
        ("What happens here", _consequences(rule, bundle, here, look)),
        ("What a policy may set", _parameters(rule, bundle, look)),
        ("Read more", _references(rule, look)),
    ):
        if section:
            lines += [heading, *section, ""]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def rules(bundle: Bundle, options: Options, here: Here = ANYWHERE) -> str:
    """Every rule in a line: id, severity, level under the policies in force, title as far as `options.width` goes."""
    look = replace(look_of(options), columns=options.width or 80)
    listed = [bundle.rules[name] for name in sorted(bundle.rules)]
    column = max((width(look.show(rule.id)) for rule in listed), default=0)
    lines = []
    for rule in listed:
        level = _level(rule, bundle, here)
        name = look.show(rule.id)
        lead = f"{name}{' ' * (column - width(name))}  {rule.severity.name.lower().ljust(8)}  "
        title = look.cut(look.show(rule.title), max(look.columns - width(lead) - 8, 1))
        lines.append(f"{lead}{look.paint(level.name.lower(), level)}{' ' * (8 - len(level.name))}{title}".rstrip())
    return "\n".join(lines) + "\n" if lines else ""


def _unknown(target: str, bundle: Bundle) -> str:
    shown = visible(target)
    family = [name for name in sorted(bundle.rules) if name.startswith(target.rstrip("/*") + "/")]
    if family:
        return f"{shown}: a family, {len(family)} rules; name one, such as {family[0]} (`mlgate rules` lists them)"
    names = {name.partition("/")[2]: name for name in bundle.rules}
    near = [names[target]] if target in names else []
    if not near:
        known = [*bundle.rules, *bundle.renamed, *names]
        close = difflib.get_close_matches(target, known, n=3, cutoff=0.75)
        near = list(dict.fromkeys(names.get(name, bundle.renamed.get(name, name)) for name in close))
    if not near and target:
        near = [name for name in sorted(bundle.rules) if target in name][:3]
    hint = f"did you mean {' or '.join(near)}?" if near else "`mlgate rules` lists them all"
    return f"{shown}: no such rule; {hint}"


def _level(rule: Rule, bundle: Bundle, here: Here) -> Level:
    return Level(said(bundle, rule.id, "level", here).value)


def _title(rule: Rule, bundle: Bundle, here: Here, look: Look) -> list[str]:
    level = _level(rule, bundle, here)
    name = look.show(rule.id)
    words = f"{rule.severity.name.lower()} severity{look.dot}{level.name.lower()}"
    painted = words.removesuffix(level.name.lower()) + look.paint(level.name.lower(), level)
    gap = look.edge - width(name) - width(words)
    lines = [name + " " * gap + painted] if gap >= 2 else [look.cut(name, look.columns), painted]
    lines += wrap(look.show(rule.title), look.columns)
    if rule.formerly:
        lines += wrap(f"formerly {look.show(', '.join(rule.formerly))}", look.columns)
    return lines


def _paragraphs(text: str, look: Look) -> list[str]:
    return [line for part in text.splitlines() for line in wrap(look.show(part), look.columns, "  ", "  ")]


def _code(example: Example) -> list[str]:
    """Not cut: it is there to be copied."""
    lines: list[str] = []
    for path, text in sorted(example.files.items()):
        if path:
            lines.append(f"    # {visible(path)}")
        lines += [f"    {visible(line)}".rstrip() for line in text.strip("\n").splitlines()]
    if example.unread:
        lines.append(f"    (a file that is {example.unread})")
    return lines


def _clauses(clauses: Iterable[Clause]) -> list[Clause]:
    return [each for clause in clauses for each in (clause, *_clauses(clause.unless))]


def _versions(rule: Rule, look: Look) -> list[str]:
    """Of which packages the version decides, and what is taken where the project does not say."""
    stated = dict.fromkeys(pair for clause in _clauses((*rule.any, *rule.unless)) for pair in clause.installed)
    if not stated:
        return []
    text = f"Some uses are found only with {' or '.join(map(' '.join, stated))}."
    text += " The version is read from the project's own files."
    assumed = [(package, rule.params.get(f"assume-{package}")) for package in dict(stated.keys())]
    if taken := [f"{package} {parameter.default}" for package, parameter in assumed if parameter is not None]:
        text += f" Where they say nothing, mlgate assumes {' and '.join(taken)}, and only warns."
    return wrap(look.show(text), look.columns, "  ", "  ")


def _uncertain(rule: Rule, look: Look) -> list[str]:
    reasons = dict.fromkeys(clause.why for clause in rule.any if clause.confidence < Confidence.HIGH and clause.why)
    return [line for reason in reasons for line in wrap(look.show(reason), look.columns, "  ", "    ")]


def _consequences(rule: Rule, bundle: Bundle, here: Here, look: Look) -> list[str]:
    level = _level(rule, bundle, here)
    text = _NEW[level]
    if level is not Level.OFF:
        text += " " + _EXISTING[min(Level(said(bundle, rule.id, "existing", here).value), level)]
    lines = wrap(text, look.columns, "  ", "  ")
    for coming in _coming(rule, bundle, here, level):
        lines += wrap(coming, look.columns, "  ", "  ")
    lines += wrap(_WAIVABLE[Waivable(said(bundle, rule.id, "waivable", here).value)], look.columns, "  ", "  ")
    lines += wrap(look.show(_source(said(bundle, rule.id, "level", here))), look.columns, "  ", "  ")
    if bundle.help:
        lines += wrap(f"Ask a person: {look.show(bundle.help)}", look.columns, "  ", "  ")
    return lines


def _coming(rule: Rule, bundle: Bundle, here: Here, level: Level) -> Iterator[str]:
    """The levels that dates of the policy bring."""
    for day in days_to_come(bundle, rule.id, here.date) if here.date else ():
        later = _level(rule, bundle, replace(here, date=day))
        if later > level:
            level = later
            yield f"From {spoken(day, here.date or day)} on: {level.name.lower()}."


def _source(said: Said) -> str:
    if not said.policy:
        return "No policy names this rule."
    return f'Source: policy {said.policy}, key "{said.key}"' + (f", {said.source}" if said.source else "")


def _parameters(rule: Rule, bundle: Bundle, look: Look) -> list[str]:
    values = params_for(rule, bundle)
    lines: list[str] = []
    for name, parameter in sorted(rule.params.items()):
        lines += wrap(look.show(f"{name}: {_kind(parameter)}"), look.columns, "  ", "    ")
        lines += wrap(look.show(parameter.description), look.columns, "    ", "    ")
        here = f"default {_value(parameter.default)}"
        if values[name] != parameter.default:
            here += f"; here {_value(values[name])}"
        lines += wrap(look.show(here), look.columns, "    ", "    ")
    return lines


def _kind(parameter: Parameter) -> str:
    way = "" if parameter.stricter == "none" else f", {parameter.stricter} is stricter"
    return parameter.type + way


def _value(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) if value else "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _references(rule: Rule, look: Look) -> list[str]:
    """Linked ones first, each link on a line that a terminal can open."""
    lines: list[str] = []
    words: list[str] = []
    for reference in map(look.show, rule.references):
        target = link(reference)
        if target is None:
            words.append(reference)
        elif target == reference:
            lines.append(f"  {reference}")
        else:
            named = reference.replace(target, "").strip()
            lines += (
                [f"  {named}  {target}"]
                if width(named + target) + 4 <= look.columns
                else [f"  {named}", f"    {target}"]
            )
    return [*lines, *(line for text in words for line in wrap(text, look.columns, "  ", "    "))]
