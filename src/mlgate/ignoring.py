"""Which findings a comment in the code is about, and which comments are about none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlgate.documents import locate
from mlgate.match import Match
from mlgate.model import Document, Fact, Finding, Ignore, Span, Value


class _Comment(Struct, frozen=True):
    span: Span
    """What it covers: lines of one cell."""
    ignore: Ignore
    rules: frozenset[str]
    """By their present names."""


def attached(
    document: Document,
    found: Sequence[Finding],
    matches: Sequence[Match],
    facts: Sequence[Fact],
    renamed: Mapping[str, str],
) -> tuple[Finding, ...]:
    """`found`, each with the ignores that stand beside it and name its rule; `found[n]` comes of `matches[n]`."""
    comments = _comments(document, facts, renamed)
    if not comments:
        return tuple(found)
    return tuple(
        replace(finding, ignores=tuple(one.ignore for one in comments if _is_about(one, finding.rule, match.fact.span)))
        for finding, match in zip(found, matches, strict=True)
    )


def unused(
    document: Document,
    matches: Sequence[Match],
    facts: Sequence[Fact],
    renamed: Mapping[str, str],
    known: Collection[str],
    sought: Collection[str],
) -> Iterator[Fact]:
    """Facts `suppression-unused`: a comment for a rule that is unknown, or that finds nothing there.

    `known` and `sought`: ids of all rules, and of those that were looked for. Of the others nobody knows whether they
    would find something.
    """
    added = [fact for fact in facts if fact.kind == "change" and fact.name == "suppression-added"]
    for comment in _comments(document, facts, renamed):
        places = [one.span for one in added if one.span.cell == comment.span.cell and _holds(comment, one.span.line)]
        for rule in sorted(comment.rules):
            if rule in known and rule not in sought:
                continue
            if places and not any(_is_about(comment, one.rule.id, one.fact.span, rule) for one in matches):
                problem = f"{rule} finds nothing there" if rule in known else f"there is no rule {rule}"
                words = {"what": Value((rule,)), "problem": Value((problem,))}
                yield Fact("change", "suppression-unused", places[0], attributes=words)


def _holds(comment: _Comment, line: int) -> bool:
    return comment.span.line <= line <= comment.span.end_line


def _comments(document: Document, facts: Sequence[Fact], renamed: Mapping[str, str]) -> list[_Comment]:
    found = []
    for fact in facts:
        if fact.kind != "ignore":
            continue
        rules = tuple(str(one) for one in fact.attributes["rules"].options)
        type_, reason = (str(fact.attributes[name].options[0]) for name in ("type", "reason"))
        line = locate(document, replace(fact.span, end_line=fact.span.line)).line
        ignore = Ignore(rules, type_, reason, line)
        found.append(_Comment(fact.span, ignore, frozenset(renamed.get(rule, rule) for rule in rules)))
    return found


def _is_about(comment: _Comment, rule: str, span: Span, named: str | None = None) -> bool:
    """Whether a finding of `rule` at `span` is one that the comment, or its one rule `named`, speaks of."""
    is_named = rule in comment.rules if named is None else rule == named
    return is_named and span.cell == comment.span.cell and _holds(comment, span.line)
