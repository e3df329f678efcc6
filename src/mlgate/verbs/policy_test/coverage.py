"""What a rule's examples try of it: each predicate must have been true once, and false once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mlgate.match import KeyPath
from mlgate.model import Clause, Example, Rule

Trials = Callable[[Example, Rule], Iterable[tuple[KeyPath, bool]]]
"""What each part of a rule says of an example's facts."""


def gaps(rule: Rule, examples: Iterable[Example], trials: Trials) -> Iterator[tuple[KeyPath, str]]:
    """Parts of the rule that no example tries in one direction, with what is missing; in the rule's order."""
    seen: dict[KeyPath, set[bool]] = {}
    for example in examples:
        for path, outcome in trials(example, rule):
            seen.setdefault(path, set()).add(outcome)
    for path, wanted in _parts(rule):
        missing = wanted - seen.get(path, set())
        if missing:
            words = " nor ".join(str(one).lower() for one in sorted(missing, reverse=True))
            yield path, f"is neither {words} in an example" if len(missing) > 1 else f"is never {words} in an example"


def _parts(rule: Rule) -> Iterator[tuple[KeyPath, frozenset[bool]]]:
    """Every part, and what it has to be once. That a name does not fit needs no example: most names do not."""
    both = frozenset((True, False))
    for index, clause in enumerate(rule.any):
        at: KeyPath = ("match", "any", index)
        yield at, frozenset((True,))
        yield from _predicates(clause, at, both)
        for number, exemption in enumerate(clause.unless):
            yield (*at, "unless", number), both
            yield from _predicates(exemption, (*at, "unless", number), both)
    for number, exemption in enumerate(rule.unless):
        yield ("match", "unless", number), both
        yield from _predicates(exemption, ("match", "unless", number), both)


def _predicates(clause: Clause, at: KeyPath, wanted: frozenset[bool]) -> Iterator[tuple[KeyPath, frozenset[bool]]]:
    # One predicate alone is what its exemption is: asked once is enough.
    if "unless" in at and len(clause.args) + len(clause.where) + len(clause.installed) == 1 and not clause.kind:
        return
    for kind, predicates in (("args", clause.args), ("where", clause.where)):
        for number, _ in enumerate(predicates):
            yield (*at, kind, number), wanted
    for package, _ in clause.installed:
        yield (*at, "installed", package), wanted
