"""Facts against rules: a rule meets a fact, does not, or it cannot be told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from mlgate import identifiers
from mlgate.model import (
    HOLE,
    OR,
    Atom,
    Clause,
    Confidence,
    Entries,
    Fact,
    Items,
    Local,
    Made,
    Param,
    Predicate,
    Ref,
    Rule,
    Template,
    Test,
    Value,
    Version,
)
from mlgate.parts import NAMES, part
from mlgate.regex import regex


class Truth(IntEnum):
    """What a test says of a set of possible values. The order is that of a conjunction: the least decides."""

    FALSE = 0
    UNKNOWN = 1
    SOME = 2
    TRUE = 3


class Answer(Struct, frozen=True):
    truth: Truth
    why: str = ""
    """What could not be told, or what is only assumed."""
    cap: Confidence = Confidence.HIGH
    """The highest confidence that the answer supports."""


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


MAX_NAMES = 10_000
"""Most names whose clauses are remembered: aws/amazon-sagemaker-examples, the most varied of sixteen, has 1,118."""


class Index:
    """Rules by what they ask for, so that a fact meets only clauses that may fit."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._named: dict[tuple[str, str], list[tuple[Rule, Clause]]] = {}
        """Clauses by fact kind and last segment of a name; "*" where that is open."""
        self._searched: dict[str, list[tuple[Rule, Clause]]] = {}
        self._fitting: dict[tuple[str, str], list[tuple[Rule, Clause]]] = {}
        for rule in rules:
            for clause in rule.any:
                if _is_searched(clause) or isinstance(clause.patterns, Param):
                    self._searched.setdefault(clause.kind, []).append((rule, clause))
                    continue
                lasts = {pattern.rpartition(".")[2] for pattern in clause.patterns}
                for last in {"*" if "*" in last else last for last in lasts}:
                    self._named.setdefault((clause.kind, last), []).append((rule, clause))

    def clauses(self, fact: Fact, circumstances: Circumstances) -> Iterator[tuple[Rule, Clause]]:
        yield from self._of_name(fact)
        for rule, clause in self._searched.get(fact.kind, ()):
            if any(_regex(pattern).search(fact.name) for pattern in _patterns(clause, circumstances.params(rule))):
                yield rule, clause

    def _of_name(self, fact: Fact) -> Sequence[tuple[Rule, Clause]]:
        last = fact.name.rpartition(".")[2]
        several = [self._named[key] for key in ((fact.kind, last), (fact.kind, "*")) if key in self._named]
        if not several:
            return ()
        # A name is met again and again; with an unknown receiver what fits depends on more than the name.
        key = fact.kind, fact.name
        found = self._fitting.get(key)
        if found is None:
            found = [one for clauses in several for one in clauses if _name_fits(_names(one[1]), fact)]
            if not fact.name.startswith("?.") and len(self._fitting) < MAX_NAMES:
                self._fitting[key] = found
        return found


def match(facts: Sequence[Fact], index: Index, circumstances: Circumstances) -> tuple[Match, ...]:
    """At most one match per rule and place, the surest; in document order."""
    best: dict[tuple[str, object], Match] = {}
    for fact in facts:
        for rule, clause in index.clauses(fact, circumstances):
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
        for rule, clause in index.clauses(fact, circumstances):
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
        for one, clause in index.clauses(bare, circumstances)
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
        fits = _kind_fits(clause, fact, params)
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
    if not clause.kind or _kind_fits(clause, fact, params):
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
        ((*at, "args", number), _predicate(one, _argument(fact, one), params, fact.open, exempts))
        for number, one in enumerate(clause.args)
    ]
    answers += [
        ((*at, "where", number), _predicate(one, _attribute(fact, one.name), params, False, exempts))
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
    if clause.kind and (clause.kind != fact.kind or not _kind_fits(clause, fact, params)):
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
        yield _predicate(one, _argument(fact, one), params, fact.open, exempts)
    for one in clause.where:
        yield _predicate(one, _attribute(fact, one.name), params, False, exempts)
    for package, wanted in clause.installed:
        yield _installed(package, wanted, params, circumstances)


def _kind_fits(clause: Clause, fact: Fact, params: Mapping[str, object]) -> bool:
    if not _is_searched(clause):
        return _name_fits(_names(clause), fact)
    return any(_regex(pattern).search(fact.name) for pattern in _patterns(clause, params))


def _is_searched(clause: Clause) -> bool:
    """Whether the patterns of a clause are regular expressions on a text, not names."""
    return clause.kind in ("string", "shell") or isinstance(clause.patterns, Param)


class _Names(Struct, frozen=True):
    """The name patterns of a clause: most are names, and need no regular expression."""

    exact: frozenset[str]
    open: tuple[tuple[str, str, re.Pattern[str]], ...]
    """Those with a `*`: what stands before the first and behind the last one, and the whole."""
    receivers: frozenset[tuple[str, str]]
    """Library and method of those with an unknown receiver (`gradio.?.launch`); "" stands for any library."""


def _names(clause: Clause) -> _Names:
    assert not isinstance(clause.patterns, Param)
    return _told_apart(clause.patterns)


@lru_cache(maxsize=4096)
def _told_apart(patterns: tuple[str, ...]) -> _Names:
    exact: set[str] = set()
    receivers: set[tuple[str, str]] = set()
    opened = []
    for pattern in patterns:
        pattern = pattern.removeprefix("builtins.")
        head, found, method = pattern.rpartition("?.")
        if found and "." not in method:
            receivers.add((head.rstrip("."), method))
        elif "*" in pattern:
            first, last = pattern.partition("*")[0], pattern.rpartition("*")[2]
            opened.append((first, last, regex(re.escape(pattern).replace(r"\*", ".+"))))
        else:
            exact.add(pattern)
    return _Names(frozenset(exact), tuple(opened), frozenset(receivers))


def _name_fits(names: _Names, fact: Fact) -> bool:
    def fits(name: str) -> bool:
        return name in names.exact or any(
            name.startswith(first) and name.endswith(last) and whole.fullmatch(name)
            for first, last, whole in names.open
        )

    if not fact.name.startswith("?."):
        return fits(fact.name)
    libraries = fact.attributes.get("libraries")
    roots = [""]
    for option in libraries.options if libraries else ():
        if isinstance(option, Items):
            roots += [str(item.options[0]) for item in option.items if item.options]
    method = fact.name.removeprefix("?.")
    return any(
        (root, method) in names.receivers or fits(f"{root}|{fact.name}" if root else fact.name) for root in roots
    )


def _patterns(clause: Clause, params: Mapping[str, object]) -> tuple[str, ...]:
    if isinstance(clause.patterns, Param):
        value = params.get(clause.patterns.name, ())
        return (
            (value,)
            if isinstance(value, str)
            else tuple(str(one) for one in value)
            if isinstance(value, Iterable)
            else ()
        )
    return clause.patterns


# -- a predicate


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


def _predicate(
    predicate: Predicate, value: Value | None, params: Mapping[str, object], is_open: bool, exempts: bool
) -> Answer:
    if value is not None and predicate.part is not None:
        value = _part_of(value, predicate.part)
    answers = [
        _test(test, value, params, is_open and (exempts or test.op == "present"), exempts) for test in predicate.tests
    ]
    truth = min(answer.truth for answer in answers)
    return next(answer for answer in answers if answer.truth is truth)


def _part_of(value: Value, name: str) -> Value | None:
    options: list[Atom] = []
    unknown = value.unknown
    for option in value.options:
        if isinstance(option, Entries):  # `model_kwargs={"trust_remote_code": True}`
            inner = dict(option.entries).get(name)
            if inner is not None:
                options += inner.options
                unknown = unknown or inner.unknown
            elif option.open:
                unknown = unknown or f"it may hold {name}"
            continue
        text = text_of(option)
        if text is None:
            unknown = unknown or "it is not a text"
            continue
        for found in part(text, name):
            if HOLE in found:
                unknown = unknown or f"its {name} is put together at run time"
            else:
                options.append(found)
    defaults, passed = (
        tuple(found for option in atoms if (text := text_of(option)) for found in part(text, name))
        for atoms in (value.defaults, value.passed)
    )
    if not (options or defaults or passed) and (value.defaults or value.passed):
        return None  # As far as there is evidence, it has no such part.
    return Value(tuple(options), unknown, defaults, passed) if options or unknown or defaults or passed else None


def _test(
    test: Test, value: Value | None, params: Mapping[str, object], is_open: bool, exempts: bool = False
) -> Answer:
    if value is None and is_open:
        return Answer(Truth.UNKNOWN, "more arguments are handed on than are written here")
    if test.op == "present":
        return Answer(Truth.TRUE if (value is not None) is bool(test.operand) else Truth.FALSE)
    if value is None:
        return Answer(Truth.FALSE)
    if test.op != "is":
        value = _spread(value)
    decide = _decider(test, params)
    verdicts = [decide(option) for option in value.options]
    if True in verdicts:
        return Answer(Truth.TRUE if not value.unknown and all(verdicts) else Truth.SOME)
    passed = [option for option in value.passed if decide(option) is True]
    if passed:
        return _passed(value, passed, exempts)
    if None in verdicts:
        undecided = value.options[verdicts.index(None)]
        form = (
            "it may be a name on a hub or a folder"
            if isinstance(undecided, str)
            else "its value is put together at run time"
        )
        return Answer(Truth.UNKNOWN, value.unknown or form)
    if value.unknown:
        if _never(test, params):
            return Answer(Truth.FALSE)
        evidence = (*value.defaults, *value.passed)
        if evidence and all(decide(one) is False for one in evidence):
            return Answer(Truth.FALSE)
        return Answer(Truth.UNKNOWN, value.unknown)
    return Answer(Truth.FALSE)


def _passed(value: Value, fitting: Sequence[Atom], exempts: bool) -> Answer:
    """A parameter, of which `fitting` are the values that pass among those that calls of this file give it.

    The name of what is loaded is the caller's alone; what becomes of a flag depends on the code between.
    """
    why = "a call of this file passes it"
    if exempts:
        is_always = len(fitting) == len(value.passed) and not value.defaults and not value.options
        return Answer(Truth.TRUE if is_always else Truth.UNKNOWN, why)
    if any(isinstance(option, str) for option in fitting):
        return Answer(Truth.SOME, why, Confidence.MEDIUM)
    return Answer(Truth.UNKNOWN, why)


def _never(test: Test, params: Mapping[str, object]) -> bool:
    """Whether no value that is not written here can pass: it is no literal, and in an empty list is nothing."""
    if isinstance(test.operand, Param):
        return not params.get(test.operand.name)
    return (test.op == "is" and test.operand == "literal") or (test.op == "in" and test.operand == ())


def _spread(value: Value) -> Value:
    """A list counts as the values that it holds: `accept_content=["json", "pickle"]` is some of them."""
    options: list[Atom] = []
    unknown = value.unknown
    for option in value.options:
        if isinstance(option, Items):
            inner = [_spread(item) for item in option.items]
            options += (one for item in inner for one in item.options)
            unknown = unknown or next((item.unknown for item in inner if item.unknown), "")
        else:
            options.append(option)
    return replace(value, options=tuple(options), unknown=unknown)


def _decider(test: Test, params: Mapping[str, object]) -> Callable[[Atom], bool | None]:
    operand = params.get(test.operand.name) if isinstance(test.operand, Param) else test.operand
    match test.op:
        case "in":
            wanted = (operand,) if isinstance(operand, (str, int, float)) or operand is None else tuple(operand)  # type: ignore[arg-type]
            return lambda atom: _is_in(atom, wanted)
        case "regex":
            patterns = (operand,) if isinstance(operand, str) else tuple(operand or ())  # type: ignore[arg-type]
            return lambda atom: _any(_matches(str(pattern), atom) for pattern in patterns)
        case "is":
            return lambda atom: _is(str(operand), atom)
        case "refers-to":
            wanted_names = (operand,) if isinstance(operand, str) else tuple(operand or ())  # type: ignore[arg-type]
            return lambda atom: isinstance(atom, (Ref, Made)) and atom.name in wanted_names
        case other:
            raise AssertionError(f"no such test: {other}")


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    seen = list(verdicts)
    return True if True in seen else None if None in seen else False


def _is_in(atom: Atom, wanted: tuple[object, ...]) -> bool | None:
    match atom:
        case Ref() | Entries():
            return None if isinstance(atom, Ref) else False
        case Made():
            return None if not _is_object(atom.name) else False
        case Local(text):
            return text in wanted
        case Template(parts):
            shape = re.compile(".*".join(re.escape(one) if one else "" for one in parts) or ".*", re.DOTALL)
            possible = any(isinstance(one, str) and shape.fullmatch(one) for one in wanted)
            return None if possible else False
        case Items():
            return False
        case _:
            return any(atom == one and isinstance(atom, str) is isinstance(one, str) for one in wanted)


def _matches(pattern: str, atom: Atom) -> bool | None:
    text = text_of(atom)
    if text is None:
        if isinstance(atom, (bool, int, float)):
            return _regex(pattern).search(str(atom)) is not None
        return None if isinstance(atom, Ref) or (isinstance(atom, Made) and not _is_object(atom.name)) else False
    found = _regex(pattern).search(text)
    if found is not None and HOLE not in found.group():
        return True
    if not isinstance(atom, Template):
        return found is not None
    prefix = _literal_prefix(pattern)
    first = atom.parts[0]
    if prefix and first and not (prefix.startswith(first) or first.startswith(prefix)):
        return False
    return True if found is not None and found.group() else None


def _is(kind: str, atom: Atom) -> bool | None:
    match atom:
        case Local(text):
            return kind == "local-path" or (kind == "literal" and HOLE not in text)
        case None:
            return kind in ("empty", "literal")
        case bool() | int() | float():
            return kind == "literal" or (kind == "empty" and atom is False)
        case Ref():
            return False if kind == "literal" else None
        case Made(name):
            return False if kind == "literal" or _is_object(name) else None
        case Items(items):
            return not items if kind == "empty" else kind == "literal"
        case Entries(entries):
            return not entries if kind == "empty" else False
        case Template():
            if kind == "literal":
                return False
            verdict = identifiers.test(kind, text_of(atom) or "")
            # A text with unknown parts is no commit, version or address; whether it is an id depends on the rest.
            return verdict if kind in ("url", "local-path") else None if verdict is not False else False
        case str():
            return True if kind == "literal" else identifiers.test(kind, atom)
    return None


def _is_object(made: str) -> bool:
    """Whether what a call of `made` returns is an object rather than a text or number: its class's name says so."""
    return made.rpartition(".")[2][:1].isupper() or made.endswith((".from_pretrained", ".__call__"))


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


# -- texts


def text_of(atom: Atom) -> str | None:
    """The text of an atom with unknown parts as `{…}`; None for what is no text."""
    match atom:
        case str():
            return atom
        case Local(text):
            return text
        case Template(parts):
            return "".join(HOLE if one is None else one for one in parts)
    return None


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@lru_cache(maxsize=4096)
def _literal_prefix(pattern: str) -> str:
    """What every match of a pattern that begins with `^` begins with, as far as it is plain text."""
    found = re.match(r"\^((?:[A-Za-z0-9_:/@ -]|\\[./-])*)(?![*+?{|])", pattern)
    if found is None or "|" in pattern:
        return ""
    return found.group(1).replace("\\", "")


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
                read[f"beside {predicate.part}", "where"] = value and _part_of(value, predicate.part or "")
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
