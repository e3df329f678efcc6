"""What could be better in rules, policies and waivers, and what would do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from mlgate import globs, waiving
from mlgate.backtracking import explodes
from mlgate.cascade import FIELDS, Bundle, Here, covers, days, keys_for, overreaches, said, terms
from mlgate.match import KeyPath
from mlgate.model import Clause, Level, Policy, Ratchet, Rule, Scope
from mlgate.policy.documents import mapping, of_kind
from mlgate.yaml_strict import Document

WEEKEND = (4, 5, 6)
"""Friday to Sunday: who is blocked then finds nobody to ask."""
HOLIDAYS = ("12-20", "01-06")
"""First and last day of the weeks in which nobody is there. Source: policy.md, 3."""


# --- rules ----------------------------------------------------------------------------------------------------------


def rule_failures(document: Document, rule: Rule) -> Iterator[str]:
    """What keeps a rule from being used: a pattern on which a scan can hang."""
    for path, pattern in _patterns(rule):
        answer = explodes(pattern)
        if answer:
            yield document.problem(
                path, f"'{_short(pattern)}' can take exponential time: two ways through one loop; {_INSTEAD}"
            )
        elif answer is None:
            yield document.problem(
                path, f"'{_short(pattern)}' is too large to tell whether it can take exponential time; split it"
            )


_INSTEAD = r"let what is repeated begin or end with something of its own, as in (?:\w+,)* instead of (?:\w+,?)*"


def rule_notes(document: Document, rule: Rule, bundle: Bundle) -> Iterator[str]:
    """What a rule could do better."""
    if not rule.references:
        yield document.problem((), "no references; name at least a CWE or the library's documentation")
    for index, clause in enumerate(rule.any):
        at: KeyPath = ("match", "any", index)
        for pattern in clause.patterns if isinstance(clause.patterns, tuple) else ():
            if clause.kind in ("string", "shell") and re.search(pattern, ""):
                yield document.problem((*at, clause.kind), "matches the empty text, so every text")
        above = next((number for number in range(index) if _is_wider(rule.any[number], clause)), None)
        if above is not None:
            yield document.problem(at, f"finds nothing that match/any/{above + 1} does not find; take it out")
    if bundle.policies and all(
        said(bundle, rule.id, "level", Here(day)).value is Level.OFF for day in ("0001-01-01", None)
    ):
        yield document.problem((), "is off in every policy here: it is looked for and never reported")


def _is_wider(one: Clause, other: Clause) -> bool:
    """Whether whatever meets `other` meets `one` as well."""
    if one.kind != other.kind or not isinstance(one.patterns, tuple) or not isinstance(other.patterns, tuple):
        return False
    asks_more = (
        set(one.args) - set(other.args)
        or set(one.where) - set(other.where)
        or set(one.installed) - set(other.installed)
    )
    return (
        not asks_more
        and set(other.patterns) <= set(one.patterns)
        and set(one.unless) <= set(other.unless)
        and one.confidence >= other.confidence
    )


def _patterns(rule: Rule) -> Iterator[tuple[KeyPath, str]]:
    for index, clause in enumerate(rule.any):
        yield from _clause_patterns(clause, ("match", "any", index))
        for number, inner in enumerate(clause.unless):
            yield from _clause_patterns(inner, ("match", "any", index, "unless", number))
    for index, clause in enumerate(rule.unless):
        yield from _clause_patterns(clause, ("match", "unless", index))
    for name, parameter in rule.params.items():
        if parameter.type == "patterns" and isinstance(parameter.default, tuple):
            for pattern in parameter.default:
                yield ("params", name, "default"), str(pattern)


def _clause_patterns(clause: Clause, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if clause.kind in ("string", "shell") and isinstance(clause.patterns, tuple):
        for pattern in clause.patterns:
            yield (*at, clause.kind), pattern
    for kind, predicates in (("args", clause.args), ("where", clause.where)):
        for number, predicate in enumerate(predicates):
            for test in predicate.tests:
                if test.op == "regex" and isinstance(test.operand, str):
                    yield (*at, kind, number, "regex"), test.operand


# --- policies -------------------------------------------------------------------------------------------------------


def policy_failures(documents: Sequence[Document], bundle: Bundle) -> Iterator[str]:
    """What an overlay asks for and does not get, and parameters on which a scan can hang."""
    for policy in bundle.overlays:
        alone = _alone(bundle, policy)
        told: dict[str, None] = {}
        for rule in sorted(bundle.rules):
            for one in overreaches(alone, rule, Here()):
                at = f"{one.source}: rules/{one.key}/{one.field}"
                told[f"{at}: asks for {one.asked}, gets {one.given}: the root admits no more"] = None
        yield from told
    for document in of_kind(documents, "Policy"):
        for key, said_ in mapping(mapping(document.data)["rules"]).items():
            for name, value in mapping(mapping(said_).get("params", {})).items():
                if _type_of(bundle, key, name) == "patterns" and isinstance(value, list):
                    for pattern in value:
                        if explodes(str(pattern)) is not False:
                            text = f"'{_short(str(pattern))}' can take exponential time; {_INSTEAD}"
                            yield document.problem(("rules", key, "params", name), text)


def policy_notes(documents: Sequence[Document], bundle: Bundle) -> Iterator[str]:
    """Keys that say nothing new, scopes that narrow nothing, days on which nobody is there."""
    known = {policy.id: policy for policy in (*bundle.policies, *bundle.overlays)}
    for document in of_kind(documents, "Policy"):
        policy = known.get(str(mapping(document.data)["id"]))
        if policy is None:
            continue
        yield from _shadowed(document, policy, bundle)
        yield from _scopes(document, policy, bundle)
        yield from _days(document, policy)


def _shadowed(document: Document, policy: Policy, bundle: Bundle) -> Iterator[str]:
    for key, setting in policy.settings.items():
        if key not in mapping(mapping(document.data)["rules"]):
            continue
        for name in FIELDS:
            value = getattr(setting, name)
            if value is None:
                continue
            wider = _next(policy, key, name)
            if wider is not None and getattr(policy.settings[wider], name) == value:
                yield document.problem(("rules", key, name), f"'{wider}' says the same; take it out")
            rules = [rule for rule in bundle.rules if covers(key, rule)]
            if key.endswith("*") and key != "*" and rules and all(_nearer(policy, key, rule, name) for rule in rules):
                yield document.problem(
                    ("rules", key, name), "every rule of it has a key of its own that says otherwise"
                )


def _next(policy: Policy, key: str, name: str) -> str | None:
    """The next wider key of the policy that says the same field."""
    wider = tuple(dict.fromkeys(keys_for(key)))
    after = wider[wider.index(key) + 1 :]
    return next(
        (one for one in after if one in policy.settings and getattr(policy.settings[one], name) is not None), None
    )


def _nearer(policy: Policy, key: str, rule: str, name: str) -> bool:
    keys = keys_for(rule)
    closer = keys[: keys.index(key)]
    return any(one in policy.settings and getattr(policy.settings[one], name) is not None for one in closer)


def _scopes(document: Document, policy: Policy, bundle: Bundle) -> Iterator[str]:
    for name in ("repos", "branches", "paths"):
        patterns = getattr(policy.scope, name)
        for index, pattern in enumerate(patterns):
            if pattern in ("**", "**/*"):
                yield document.problem(("scope", name, index), f"'{pattern}' is everywhere; take {name} out")
            elif any(other != pattern and globs.matches(pattern, [other]) for other in patterns):
                yield document.problem(
                    ("scope", name, index), f"'{pattern}' is part of another pattern beside it; take it out"
                )
    if policy in bundle.overlays and not _changes(policy, bundle):
        yield document.problem((), "says what the root says already; take the document out")


def _changes(policy: Policy, bundle: Bundle) -> bool:
    """Whether the overlay alone makes anything another than the root does, on some day."""
    alone, root = _alone(bundle, policy), _alone(bundle, None)
    if any(setting.params for setting in policy.settings.values()) or policy.terms != type(policy.terms)():
        return True
    dates = {
        "0001-01-01",
        *(
            day
            for one in (policy, *bundle.policies)
            for setting in one.settings.values()
            for levels in (setting.level, setting.existing)
            if isinstance(levels, Ratchet)
            for day in days(levels).values()
        ),
    }
    rules = (*bundle.rules, "brand-new/rule")
    return any(
        said(alone, rule, name, Here(day)).value != said(root, rule, name, Here(day)).value
        for rule in rules
        for name in FIELDS
        for day in dates
    )


def _days(document: Document, policy: Policy) -> Iterator[str]:
    for key, setting in policy.settings.items():
        for name, levels in (("level", setting.level), ("existing", setting.existing)):
            for word, day in days(levels).items() if isinstance(levels, Ratchet) else ():
                when = date.fromisoformat(day)
                if when.weekday() in WEEKEND:
                    yield document.problem(
                        ("rules", key, name, word), f"{day} is a {when:%A}; take a day on which somebody can help"
                    )
                elif day[5:] >= HOLIDAYS[0] or day[5:] <= HOLIDAYS[1]:
                    yield document.problem(
                        ("rules", key, name, word), f"{day} is in the holidays; take a day on which somebody can help"
                    )


def _alone(bundle: Bundle, policy: Policy | None) -> Bundle:
    return replace(bundle, overlays=() if policy is None else (replace(policy, scope=Scope()),))


def _type_of(bundle: Bundle, key: str, name: str) -> str:
    return next(
        (rule.params[name].type for id_, rule in bundle.rules.items() if covers(key, id_) and name in rule.params), ""
    )


# --- waivers --------------------------------------------------------------------------------------------------------


def waiver_failures(bundle: Bundle) -> Iterator[str]:
    """Waivers that do not hold as they are written."""
    rules = terms(bundle, Here())
    for waiver in bundle.waivers:
        if missing := waiving.lacking(waiver, rules):
            yield f"{waiver.source}: waiver {waiver.id}: no {missing}, which the policy requires; it waives nothing"
        last = waiving.last_day(waiver, rules)
        if last < waiver.expires:
            late = f"expires on {waiver.expires}, and the policy admits {last} at the latest"
            yield f"{waiver.source}: waiver {waiver.id}: {late}"


def _short(pattern: str) -> str:
    return pattern if len(pattern) <= 60 else f"{pattern[:57]}…"
