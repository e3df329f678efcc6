"""Facts against rules: a rule meets a fact, does not, or it cannot be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from mlgate.clauses import Index, kind_fits
from mlgate.model import (
    HOLE,
    OR,
    Clause,
    Confidence,
    Fact,
    Predicate,
    Rule,
    Test,
    Value,
    Version,
)
from mlgate.parts import NAMES, part
from mlgate.predicates import Answer, Truth, part_of, passes, text_of

_NO = Answer(Truth.FALSE)


class Match(Struct, frozen=True):
    rule: Rule
    fact: Fact
    clause: Clause
    confidence: Confidence
    reason: str
    read: tuple[tuple[str, Value | None], ...]
    """Each argument or attribute that was read, sorted by name; None where it is absent."""
    asset: str | None


class Reference(Struct, frozen=True):
    """One thing that a fact names, for the inventory."""

    type: str
    source: str
    id: str
    pinned: bool


class Circumstances(Struct, frozen=True):
    """What besides the fact decides: parameters that policy sets here, and what the project's files say of versions."""

    params: Callable[[Rule], Mapping[str, object]]
    version: Callable[[str], Version | None]


def match(facts: Sequence[Fact], index: Index, circumstances: Circumstances) -> tuple[Match, ...]:
    """At most one match per rule and place, the surest; in document order."""
    best: dict[tuple[str, object], Match] = {}
    for fact in facts:
        for rule, clause in index.clauses(fact, circumstances.params):
            found = _meets(rule, clause, fact, circumstances)
            # A partial makes no call of its own that could be said instead.
            is_through = bool(fact.handed) and fact.confidence < Confidence.HIGH
            if found is None or (is_through and _is_said_inside(rule, fact, index, circumstances)):
                continue
            key = (rule.id, fact.span)
            if key not in best or found.confidence > best[key].confidence:
                best[key] = found
    return tuple(sorted(best.values(), key=lambda one: (one.fact.span, one.rule.id)))


def references(facts: Sequence[Fact], index: Index, circumstances: Circumstances) -> tuple[tuple[Fact, Reference], ...]:
    """Every model, dataset, package or data store that the facts name, the pinned ones too."""
    found: dict[tuple[object, str, str], tuple[Fact, Reference]] = {}
    for fact in facts:
        for rule, clause in index.clauses(fact, circumstances.params):
            if rule.asset is None:
                continue
            params = circumstances.params(rule)
            if _clause(clause, fact, params, circumstances).truth < Truth.SOME:
                continue
            pinned = any(
                _pins(exemption) and _clause(exemption, fact, params, circumstances, exempts=True).truth is Truth.TRUE
                for exemption in (*rule.unless, *clause.unless)
            )
            kind, source = rule.asset
            for name in _assets(clause, fact):
                known = found.get((fact.span, kind, name))
                if HOLE not in name and (known is None or (pinned and not known[1].pinned)):
                    found[fact.span, kind, name] = (fact, Reference(kind, source, name, pinned))
    return tuple(found.values())


def _is_said_inside(rule: Rule, fact: Fact, index: Index, circumstances: Circumstances) -> bool:
    """Whether a call through a wrapper is a finding whatever is handed on: then it is said where the wrapper is."""
    unseen = {name: Value((), "a parameter") if name in fact.handed else value for name, value in fact.args.items()}
    bare = replace(fact, args=unseen, handed=frozenset(), confidence=Confidence.HIGH)
    found = [
        _meets(one, clause, bare, circumstances)
        for one, clause in index.clauses(bare, circumstances.params)
        if one.id == rule.id
    ]
    return any(one is not None and one.confidence > Confidence.LOW for one in found)


# -- a clause


def _meets(rule: Rule, clause: Clause, fact: Fact, circumstances: Circumstances) -> Match | None:
    params = circumstances.params(rule)
    answer = _clause(clause, fact, params, circumstances)
    if answer.truth is Truth.FALSE:
        return None
    confidence = min(fact.confidence, answer.cap, clause.confidence, _handed_cap(clause, fact))
    why = fact.why or answer.why or clause.why
    if answer.truth is Truth.UNKNOWN:
        confidence, why = Confidence.LOW, answer.why
    for exemption in (*clause.unless, *rule.unless):
        exempt = _clause(exemption, fact, params, circumstances, exempts=True)
        if exempt.truth is Truth.TRUE:
            return None
        if exempt.truth is Truth.UNKNOWN and confidence > Confidence.LOW:
            confidence, why = Confidence.LOW, exempt.why
    read = _read(rule, clause, fact)
    return Match(
        rule,
        fact,
        clause,
        confidence,
        "" if confidence is Confidence.HIGH else why,
        read,
        OR.join(_assets(clause, fact)) or None,
    )


KeyPath = tuple[str | int, ...]
"""Where something stands in a rule's document: keys, and 0-based items."""


def trials(rule: Rule, fact: Fact, circumstances: Circumstances) -> Iterator[tuple[KeyPath, bool]]:
    """What each part of a rule says of a fact, true or false: for whoever asks what examples try of it.

    A clause is asked whether its name fits, its predicates only where it does; what exempts only where something is
    to be exempted. What cannot be told is neither.
    """
    params = circumstances.params(rule)
    for index, clause in enumerate(rule.any):
        at: KeyPath = ("match", "any", index)
        if clause.kind != fact.kind:
            continue
        fits = kind_fits(clause, fact, params)
        yield at, fits
        if not fits:
            continue
        yield from _tried(clause, fact, params, circumstances, at, exempts=False)
        if _clause(clause, fact, params, circumstances).truth < Truth.SOME:
            continue
        for number, exemption in enumerate(clause.unless):
            yield from _exemption(exemption, fact, params, circumstances, (*at, "unless", number))
        for number, exemption in enumerate(rule.unless):
            yield from _exemption(exemption, fact, params, circumstances, ("match", "unless", number))


def _exemption(
    clause: Clause, fact: Fact, params: Mapping[str, object], circumstances: Circumstances, at: KeyPath
) -> Iterator[tuple[KeyPath, bool]]:
    if clause.kind and clause.kind != fact.kind:
        return
    truth = _clause(clause, fact, params, circumstances, exempts=True).truth
    if truth is not Truth.UNKNOWN:
        yield at, truth is Truth.TRUE
    if not clause.kind or kind_fits(clause, fact, params):
        yield from _tried(clause, fact, params, circumstances, at, exempts=True)


def _tried(
    clause: Clause,
    fact: Fact,
    params: Mapping[str, object],
    circumstances: Circumstances,
    at: KeyPath,
    *,
    exempts: bool,
) -> Iterator[tuple[KeyPath, bool]]:
    answers = [
        ((*at, "args", number), passes(one, _argument(fact, one), params, fact.open, exempts))
        for number, one in enumerate(clause.args)
    ]
    answers += [
        ((*at, "where", number), passes(one, _attribute(fact, one.name), params, False, exempts))
        for number, one in enumerate(clause.where)
    ]
    answers += [
        ((*at, "installed", package), _installed(package, wanted, params, circumstances))
        for package, wanted in clause.installed
    ]
    for path, answer in answers:
        if answer.truth is not Truth.UNKNOWN:
            yield path, answer.truth is Truth.TRUE or (answer.truth is Truth.SOME and not exempts)


def _handed_cap(clause: Clause, fact: Fact) -> Confidence:
    """What a call through a wrapper proves: see `_passed`."""
    if not fact.handed or fact.confidence is Confidence.HIGH:
        return Confidence.HIGH
    read = [_argument(fact, one) for one in clause.args if _place(fact, one) in fact.handed]
    names_a_text = any(isinstance(option, str) for value in read if value is not None for option in value.options)
    return Confidence.MEDIUM if names_a_text else Confidence.LOW


def _clause(
    clause: Clause, fact: Fact, params: Mapping[str, object], circumstances: Circumstances, *, exempts: bool = False
) -> Answer:
    """Whether the fact meets all predicates of the clause; its own `unless` is the caller's.

    `exempts`: the clause stands in an `unless`. What arguments that are handed on unseen (`**kwargs`) may hold can
    exempt a call, so it lowers confidence; it is no evidence against it.
    """
    if clause.kind and (clause.kind != fact.kind or not kind_fits(clause, fact, params)):
        return _NO
    answers: list[Answer] = []
    for answer in _answers(clause, fact, params, circumstances, exempts):
        if answer.truth is Truth.FALSE:
            return _NO
        answers.append(answer)
    truth = min((answer.truth for answer in answers), default=Truth.TRUE)
    why = next((answer.why for answer in answers if answer.truth is truth and answer.why), "")
    why = why or next((answer.why for answer in answers if answer.why), "")
    return Answer(truth, why, min((answer.cap for answer in answers), default=Confidence.HIGH))


def _answers(
    clause: Clause, fact: Fact, params: Mapping[str, object], circumstances: Circumstances, exempts: bool
) -> Iterator[Answer]:
    for one in clause.args:
        yield passes(one, _argument(fact, one), params, fact.open, exempts)
    for one in clause.where:
        yield passes(one, _attribute(fact, one.name), params, False, exempts)
    for package, wanted in clause.installed:
        yield _installed(package, wanted, params, circumstances)


def _place(fact: Fact, predicate: Predicate) -> str:
    """The name or position under which the call has the argument that is tested."""
    return predicate.name if predicate.name in fact.args or predicate.pos is None else str(predicate.pos)


def _argument(fact: Fact, predicate: Predicate) -> Value | None:
    return fact.args.get(_place(fact, predicate))


def _attribute(fact: Fact, name: str) -> Value | None:
    if name in fact.attributes:
        return fact.attributes[name]
    if name == "name":
        return Value((fact.name,))
    if fact.kind in ("string", "shell") and name in NAMES:
        found = part(fact.name, name)
        return Value(found) if found else None
    return None


def _installed(package: str, wanted: str, params: Mapping[str, object], circumstances: Circumstances) -> Answer:
    """A pin decides; a range counts as its lowest version, and nothing stated as the rule's `assume-PACKAGE`."""
    stated = circumstances.version(package)
    if stated is not None:
        holds = _contains(wanted, stated.version)
        if stated.exact:
            return Answer(Truth.TRUE if holds else Truth.FALSE, f"{stated.source} pins {package} {stated.version}")
        why = f"{stated.source} admits {package} {stated.version}"
        return Answer(Truth.TRUE, why, Confidence.MEDIUM) if holds else Answer(Truth.FALSE)
    assumed = params.get(f"assume-{package}")
    if assumed is None:
        return Answer(Truth.FALSE)
    why = f"no file here states the version of {package}; {assumed} is assumed"
    return Answer(Truth.TRUE if _contains(wanted, str(assumed)) else Truth.FALSE, why, Confidence.MEDIUM)


@lru_cache(maxsize=1024)
def _contains(specifier: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion
    from packaging.version import Version as Pep440

    try:
        return SpecifierSet(specifier).contains(Pep440(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


# -- what a match read


def _read(rule: Rule, clause: Clause, fact: Fact) -> tuple[tuple[str, Value | None], ...]:
    read: dict[tuple[str, str], Value | None] = {}
    for one in (clause, *clause.unless, *rule.unless):
        for predicate in one.args:
            # One name may stand at another position, or at none, in an `unless`.
            read[predicate.name, "" if predicate.pos is None else str(predicate.pos)] = _argument(fact, predicate)
        for predicate in one.where:
            if predicate.name == "beside":
                # Of all that stands beside it, only what was asked for tells one setting from another.
                value = _attribute(fact, "beside")
                read[f"beside {predicate.part}", "where"] = value and part_of(value, predicate.part or "")
            elif predicate.name != "libraries":
                read[predicate.name, "where"] = _attribute(fact, predicate.name)
    return tuple((name, read[name, place]) for name, place in sorted(read))


def _assets(clause: Clause, fact: Fact) -> tuple[str, ...]:
    """What the clause's first predicate on a text reads; else what the extractor traced; else a package's name.

    Every text that it may be, sorted: one that is added where another stands is another thing.
    """
    for predicate in clause.args:
        texts = _texts(_argument(fact, predicate))
        names_one = any(test.op in ("is", "regex") for test in predicate.tests) and "revision" not in predicate.name
        if texts and names_one:
            return texts
    for predicate in clause.where if fact.kind == "setting" else ():
        if any(test == _IS_REMOTE for test in predicate.tests):
            return _texts(_attribute(fact, predicate.name))
    for name in ("asset", "repository", "url"):
        if name in fact.attributes:
            return _texts(fact.attributes[name])
    return (fact.name,) if fact.kind in ("package", "string") else ()


_IS_REMOTE = Test("is", "remote-id")
"""What a setting is tested for where it names what is loaded."""


def _texts(value: Value | None) -> tuple[str, ...]:
    if value is None:
        return ()
    atoms = (*value.options, *value.passed) or value.defaults
    found = {text for option in atoms if (text := text_of(option))}
    return tuple(sorted(found))


def _pins(clause: Clause) -> bool:
    return any(
        test.op == "is" and test.operand in ("commit", "exact-version")
        for predicate in (*clause.args, *clause.where)
        for test in predicate.tests
    )
