"""What the rules ask for, gathered for the extractors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlgate.cascade import Bundle, every_value
from mlgate.model import Clause, Param, Predicate, Rule, Severity, Test, Vocabulary

_BESIDE = Predicate("beside", (Test("present", True),))
"""What code does not state: a clause that needs it is met in files alone."""
_OF_TEXTS = frozenset(["secret", "input", "change"])
"""Kinds of facts that are told without understanding code."""


def vocabulary(rules: Iterable[Rule], params: Mapping[str, Mapping[str, object]]) -> Vocabulary:
    """The vocabulary of `rules`; `params` holds the values of their parameters by rule id.

    Rules whose level is `off` are in it too: what is extracted does not depend on levels.
    """
    names: dict[str, set[str]] = {}
    beside: set[str] = set()
    in_code: set[str] = set()
    grave: set[tuple[str, ...]] = set()
    anywhere: set[str] = set()
    for rule in rules:
        # What exempts is a test of a fact that is there: it asks for none of its own.
        beside.update(_beside(rule))
        for clause in rule.any:
            patterns = _patterns(clause, params.get(rule.id, {}))
            names.setdefault(clause.kind, set()).update(patterns)
            if clause.kind == "setting" and _BESIDE not in clause.where:
                in_code.update(patterns)
            if clause.kind == "string" and not _is_in_code(clause):
                anywhere.update(patterns)
            if clause.kind == "call" and rule.severity >= Severity.HIGH:
                grave.update(_trigger_words(pattern, clause) for pattern in patterns)
    return Vocabulary(
        calls=frozenset(names.get("call", ())),
        imports=frozenset(names.get("import", ())),
        classes=frozenset(names.get("class", ())),
        strings=tuple(sorted(names.get("string", ()))),
        strings_in_code=frozenset(names.get("string", set()) - anywhere),
        settings=frozenset(names.get("setting", ())),
        in_files=frozenset(names.get("setting", set()) - in_code),
        beside=frozenset(beside),
        grave=frozenset(grave),
        secrets="secret" in names,
        only_texts="secret" in names and names.keys() <= _OF_TEXTS,
    )


def _is_in_code(clause: Clause) -> bool:
    """Whether no comment and no docstring meets the clause: it asks for another use, or for who is called with it."""
    for predicate in clause.where:
        for test in predicate.tests:
            if predicate.name == "use" and test.op == "in" and isinstance(test.operand, tuple):
                return not {"comment", "docstring"} & set(test.operand)
            if predicate.name == "callee" and test.op == "regex":
                return True
    return False


def vocabulary_of(bundle: Bundle) -> Vocabulary:
    """The vocabulary of a bundle with the parameters that its policies set anywhere."""
    rules = bundle.rules.values()
    return vocabulary(
        rules,
        {
            rule.id: {name: every_value(bundle, rule.id, name, one) for name, one in rule.params.items()}
            for rule in rules
        },
    )


def _trigger_words(pattern: str, clause: Clause) -> tuple[str, ...]:
    """The words of a text in which the clause is met: library, function, and arguments that have a name only."""
    words = set(pattern.removeprefix("builtins.").split(".")) - {"?"}
    for predicate in clause.args:
        if predicate.pos is None and Test("present", False) not in predicate.tests:
            words.add(predicate.name)
    return tuple(sorted(word for word in words if "*" not in word))


def _beside(rule: Rule) -> Iterator[str]:
    """The parts of `beside` that a rule reads, in what meets it and in what exempts."""
    for clause in (*rule.any, *rule.unless):
        for one in (clause, *clause.unless):
            for predicate in one.where:
                if predicate.name == "beside" and predicate.part is not None:
                    yield predicate.part


def _patterns(clause: Clause, params: Mapping[str, object]) -> tuple[str, ...]:
    if not isinstance(clause.patterns, Param):
        return clause.patterns
    value = params.get(clause.patterns.name, ())
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, (tuple, list)) else ()
