"""Three truth values over sets of possible values, and what they make of confidence."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.clauses import Index
from mlgate.match import Circumstances, Match, match, references
from mlgate.model import (
    Atom,
    Clause,
    Confidence,
    Entries,
    Fact,
    Items,
    Local,
    Made,
    Param,
    Parameter,
    Predicate,
    Ref,
    Rule,
    Severity,
    Span,
    Template,
    Value,
    Version,
)
from mlgate.model import (
    Test as One,
)
from mlgate.predicates import Truth

SHA = "0123456789abcdef0123456789abcdef01234567"
HERE = Span(0, 1, 1, 1, 10)


def rule(
    *clauses: Clause, unless: tuple[Clause, ...] = (), params: Mapping[str, Parameter] | None = None, **more: object
) -> Rule:
    return Rule("a/b", "t", Severity.HIGH, "m", "w", "f", any=clauses, unless=unless, params=params or {}, **more)  # type: ignore[arg-type]


def call(name: str = "lib.load", **args: Value) -> Fact:
    return Fact("call", name, HERE, {key.removeprefix("p"): value for key, value in args.items()})


def met(one: Rule, fact: Fact, version: Version | None = None) -> Match | None:
    params = {name: parameter.default for name, parameter in one.params.items()}
    found = match([fact], Index([one]), Circumstances(lambda _: params, lambda _: version))
    return found[0] if found else None


def flag(op: str, operand: object, **more: object) -> Predicate:
    return Predicate("flag", (One(op, operand),), **more)  # type: ignore[arg-type]


LOAD = Clause("call", ("lib.load",))


@pytest.mark.parametrize(
    ("value", "confidence"),
    [
        (Value((False,)), Confidence.HIGH),
        (Value((True,)), None),
        (Value((True, False)), Confidence.HIGH),  # some of its values: knowledge
        (Value((False,), "a parameter"), Confidence.HIGH),
        (Value((), "a parameter"), Confidence.LOW),  # cannot tell
        (Value((), "default of flag", (True,)), None),  # evidence against
        (Value((), "default of flag", (False,)), Confidence.LOW),  # evidence is not knowledge
        (None, None),
    ],
)
def test_in_any_some_is_true_and_unknown_is_low(value: Value | None, confidence: Confidence | None) -> None:
    one = rule(Clause("call", ("lib.load",), args=(flag("in", (False,)),)))
    found = met(one, call(flag=value) if value is not None else call())
    assert (found.confidence if found else None) == confidence


@pytest.mark.parametrize(
    ("revision", "confidence"),
    [
        (Value((SHA,)), None),
        (Value(("main",)), Confidence.HIGH),
        (Value(("main", SHA)), Confidence.HIGH),  # some does not exempt
        (Value((), "a parameter"), Confidence.LOW),  # cannot tell does not exempt, and lowers
        (Value((SHA,), "a parameter"), Confidence.HIGH),
        (None, Confidence.HIGH),
    ],
)
def test_in_unless_only_true_exempts(revision: Value | None, confidence: Confidence | None) -> None:
    exempt = Clause("", args=(Predicate("revision", (One("is", "commit"),)),))
    found = met(rule(LOAD, unless=(exempt,)), call(revision=revision) if revision is not None else call())
    assert (found.confidence if found else None) == confidence


def test_unseen_arguments_may_exempt_but_do_not_accuse() -> None:
    handed_on = Fact("call", "lib.load", HERE, open=True)
    accusing = rule(Clause("call", ("lib.load",), args=(flag("in", (True,)),)))
    exempting = rule(LOAD, unless=(Clause("", args=(flag("in", (True,)),)),))
    absent = rule(Clause("call", ("lib.load",), args=(flag("present", False),)))
    assert met(accusing, handed_on) is None
    assert [getattr(met(one, handed_on), "confidence", None) for one in (exempting, absent)] == [Confidence.LOW] * 2


@pytest.mark.parametrize(
    ("stated", "confidence"),
    [
        (Version("2.5.1", True, "uv.lock"), Confidence.HIGH),
        (Version("2.6.0", True, "uv.lock"), None),
        (Version("2.1", False, "pyproject.toml"), Confidence.MEDIUM),
        (Version("2.7", False, "pyproject.toml"), None),
        (None, Confidence.MEDIUM),
    ],
)
def test_versions_decide_as_far_as_the_project_states_them(
    stated: Version | None, confidence: Confidence | None
) -> None:
    params = {"assume-torch": Parameter("version", "2.5", "")}
    one = rule(Clause("call", ("lib.load",), installed=(("torch", "<2.6"),)), params=params)
    found = met(one, call(), stated)
    assert (found.confidence if found else None) == confidence
    if found is not None and confidence is Confidence.MEDIUM:
        assert (stated.source if stated else "no file here") in found.reason


@pytest.mark.parametrize(("assumed", "confidence"), [("2.5", Confidence.MEDIUM), ("2.7", None)])
def test_an_assumed_version_is_one(assumed: str, confidence: Confidence | None) -> None:
    params = {"assume-torch": Parameter("version", assumed, "")}
    found = met(rule(Clause("call", ("lib.load",), installed=(("torch", "<2.6"),)), params=params), call())
    assert (found.confidence if found else None) == confidence


@pytest.mark.parametrize(
    ("items", "confidence", "reason"),
    [
        ((Value(("b",)), Value(("a",))), Confidence.HIGH, ""),
        ((Value(("a",)), Value((), "a parameter")), Confidence.HIGH, ""),
        ((Value(("b",)), Value((), "a parameter"), Value((), "later")), Confidence.LOW, "a parameter"),
        ((Value((Items((Value(("b",)), Value(("a",)))),)), Value(("b",))), Confidence.HIGH, ""),
        ((Value(("b",)), Value(("c",))), None, ""),
    ],
)
def test_a_list_counts_as_what_it_holds(items: tuple[Value, ...], confidence: Confidence | None, reason: str) -> None:
    one = rule(Clause("call", ("lib.load",), args=(flag("in", ("a",)),)))
    found = met(one, call(flag=Value((Items(items),))))
    assert (found.confidence if found else None, found.reason if found else "") == (confidence, reason)


def test_a_list_exempts_where_all_of_it_does() -> None:
    one = rule(LOAD, unless=(Clause("", args=(flag("in", ("a", "b")),)),))
    assert met(one, call(flag=Value((Items((Value(("a",)), Value(("b",)))),)))) is None
    assert met(one, call(flag=Value((Items((Value(("a",)), Value(("c",)))),)))) is not None


def test_the_first_thing_that_cannot_be_told_is_the_reason() -> None:
    certain = Predicate("a", (One("in", (True,)),))
    unsure = Predicate("b", (One("in", (True,)),))
    later = Predicate("c", (One("in", (True,)),))
    one = rule(Clause("call", ("lib.load",), args=(certain, unsure, later)))
    found = met(one, call(a=Value((True,)), b=Value((), "of b"), c=Value((), "of c")))
    assert found is not None
    assert (found.confidence, found.reason) == (Confidence.LOW, "of b")
    assumed = rule(
        Clause("call", ("lib.load",), args=(certain,), installed=(("torch", "<2.6"),)),
        params={"assume-torch": Parameter("version", "2.5", "")},
    )
    found = met(assumed, call(a=Value((True,))))
    assert found is not None
    assert found.reason == "no file here states the version of torch; 2.5 is assumed"


def test_what_was_read_is_told_by_name_and_position() -> None:
    first, second = Predicate("x", (One("present", True),), pos=0), Predicate("x", (One("present", False),), pos=1)
    bare = Predicate("x", (One("in", ("never",)),))
    beside = Predicate("beside", (One("in", ("never",)),), part="revision")
    libraries = Predicate("libraries", (One("in", ("never",)),))
    use = Predicate("use", (One("in", ("never",)),))
    one = rule(
        Clause("call", ("lib.load",), args=(first,)),
        unless=(
            Clause("", args=(Predicate("y", (One("in", ("never",)),)), bare, second), where=(beside, libraries, use)),
        ),
    )
    entries = Entries((("revision", Value(("main",))), ("other", Value((1,)))))
    fact = Fact("call", "lib.load", HERE, {"0": Value(("a",))}, {"beside": Value((entries,)), "use": Value(("bare",))})
    found = met(one, fact)
    assert found is not None
    assert found.read == (
        ("beside revision", Value(("main",))),
        ("use", Value(("bare",))),
        ("x", None),
        ("x", Value(("a",))),
        ("x", None),
        ("y", None),
    )


def test_of_one_place_the_pinned_reference_counts() -> None:
    pinned = Clause("", args=(Predicate("revision", (One("is", "commit"),)),))
    named = Clause("call", ("lib.load",), args=(Predicate("id", (One("is", "remote-id"),), pos=0),))
    one = rule(named, unless=(pinned,), asset=("model", "hub"))
    loose, tight = ({"0": Value(("a/b",)), "revision": Value((text,))} for text in ("main", SHA))
    circumstances = Circumstances(lambda _: {}, lambda _: None)
    for several in ((loose, tight), (tight, loose)):
        facts = [Fact("call", "lib.load", HERE, args) for args in several]
        found = [(ref.id, ref.pinned) for _, ref in references(facts, Index([one]), circumstances)]
        assert found == [("a/b", True)]
    unseen = Fact("call", "lib.load", HERE, {"0": Value(("a/b",))}, open=True)
    assert [ref.pinned for _, ref in references([unseen], Index([one]), circumstances)] == [False]


def test_without_a_parameter_an_unstated_version_is_no_finding() -> None:
    assert met(rule(Clause("call", ("lib.load",), installed=(("torch", "<2.6"),))), call()) is None


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("lib.load", "lib.load", True),
        ("lib.load", "lib.loads", False),
        ("lib.*.load", "lib.A.load", True),
        ("lib.*.load", "lib.a.b.A.load", True),
        ("lib.*.load", "lib.load", False),
        ("lib.Auto*.load", "lib.AutoModel.load", True),
        ("lib.?.load", "?.load", True),
        ("other.?.load", "?.load", False),
        ("?.load", "?.load", True),
        ("lib.*.load", "?.load", False),
    ],
)
def test_name_patterns(pattern: str, name: str, fits: bool) -> None:
    libraries = {"libraries": Value((Items((Value(("lib",)), Value(("os",)))),))}
    fact = Fact("call", name, HERE, attributes=libraries)
    assert (met(rule(Clause("call", (pattern,))), fact) is not None) is fits


@pytest.mark.parametrize(
    ("test", "atom", "truth"),
    [
        (One("is", "remote-id"), "org/model", True),
        (One("is", "remote-id"), Local("org/model"), False),
        (One("is", "local-path"), Local("out"), True),
        (One("is", "remote-id"), Made("lib.Model"), False),
        (One("is", "remote-id"), Made("config.get"), None),
        (One("is", "literal"), Template(("a", None)), False),
        (One("is", "commit"), SHA, True),
        (One("is", "commit"), SHA[:7], False),
        (One("is", "commit"), Template((SHA[:20], None)), None),
        (One("in", ("a", "b")), Template(("a", None)), None),
        (One("in", ("b",)), Template(("a", None)), False),
        (One("regex", "^models:/"), Template(("models:/", None)), True),
        (One("regex", "^models:/"), Template(("runs:/", None)), False),
        (One("regex", "prod"), Template(("s3://", None)), None),
        (One("refers-to", ("yaml.Loader",)), Ref("yaml.Loader"), True),
        (One("refers-to", ("yaml.Loader",)), Ref("yaml.SafeLoader"), False),
        (One("in", (True,)), 1, True),
        (One("in", ("1",)), 1, False),
    ],
)
def test_a_test_of_one_value(test: One, atom: Atom, truth: bool | None) -> None:
    found = met(rule(Clause("call", ("lib.load",), args=(Predicate("x", (test,)),))), call(x=Value((atom,))))
    assert (found and found.confidence) == {True: Confidence.HIGH, None: Confidence.LOW, False: None}[truth]


YES, NO, OPEN = True, False, None
KINDS_OF_ATOMS: list[tuple[Atom, dict[str, bool | None]]] = [
    # `literal`, `empty`, `local-path`, `remote-id`, of each kind of value
    (None, {"literal": YES, "empty": YES, "local-path": NO, "remote-id": NO}),
    (False, {"literal": YES, "empty": YES, "local-path": NO, "remote-id": NO}),
    (True, {"literal": YES, "empty": NO, "local-path": NO, "remote-id": NO}),
    (0, {"literal": YES, "empty": NO, "local-path": NO, "remote-id": NO}),
    ("", {"literal": YES, "empty": YES, "local-path": NO, "remote-id": NO}),
    ("org/model", {"literal": YES, "empty": NO, "local-path": NO, "remote-id": YES}),
    (Local("out"), {"literal": YES, "empty": NO, "local-path": YES, "remote-id": NO}),
    (Local("{…}/out"), {"literal": NO, "empty": NO, "local-path": YES, "remote-id": NO}),
    (Ref("lib.NAME"), {"literal": NO, "empty": OPEN, "local-path": OPEN, "remote-id": OPEN}),
    (Made("lib.Model"), {"literal": NO, "empty": NO, "local-path": NO, "remote-id": NO}),
    (Made("lib.Model.from_pretrained"), {"literal": NO, "empty": NO, "local-path": NO, "remote-id": NO}),
    (Made("lib.thing.__call__"), {"literal": NO, "empty": NO, "local-path": NO, "remote-id": NO}),
    (Made("config.get"), {"literal": NO, "empty": OPEN, "local-path": OPEN, "remote-id": OPEN}),
    (Made("lib.Model.get"), {"literal": NO, "empty": OPEN, "local-path": OPEN, "remote-id": OPEN}),
    (Items(()), {"literal": YES, "empty": YES}),
    (Items((Value((1,)),)), {"literal": YES, "empty": NO, "local-path": NO}),
    (Entries(()), {"literal": NO, "empty": YES, "local-path": NO}),
    (Entries((("a", Value((1,))),)), {"literal": NO, "empty": NO}),
    (Template(("org/", None)), {"literal": NO, "remote-id": OPEN, "commit": NO, "url": NO}),
    (Template(("https://a/", None)), {"literal": NO, "url": YES, "remote-id": NO}),
    (Template(("/tmp/", None)), {"local-path": YES, "remote-id": NO, "url": NO}),
    (Template(("0123", None)), {"commit": OPEN}),
]


@pytest.mark.parametrize(
    ("atom", "kind", "truth"), [(atom, kind, truth) for atom, said in KINDS_OF_ATOMS for kind, truth in said.items()]
)
def test_what_each_kind_of_value_is(atom: Atom, kind: str, truth: bool | None) -> None:
    found = met(rule(Clause("call", ("lib.load",), args=(Predicate("x", (One("is", kind),)),))), call(x=Value((atom,))))
    assert (found and found.confidence) == {True: Confidence.HIGH, None: Confidence.LOW, False: None}[truth]


@pytest.mark.parametrize(
    ("test", "atom", "truth"),
    [
        (One("in", ("a",)), Ref("lib.A"), OPEN),
        (One("in", ("a",)), Made("config.get"), OPEN),
        (One("in", ("a",)), Made("lib.A"), NO),
        (One("in", ("a",)), Entries((("a", Value((1,))),)), NO),
        (One("in", ("a",)), Local("a"), YES),
        (One("in", ("a",)), Local("b"), NO),
        (One("in", ("axb",)), Template(("a", None, "b")), OPEN),
        (One("in", ("ax\nb",)), Template(("a", None, "b")), OPEN),
        (One("in", ("axb", 1)), Template((None, "c")), NO),
        (One("in", ("a",)), Items((Value(("b",)), Value(("a",)))), YES),
        (One("in", (False,)), 0, YES),
        (One("in", (None,)), None, YES),
        (One("regex", "^a"), "ab", YES),
        (One("regex", "^a"), "ba", NO),
        (One("regex", "^1"), 12, YES),
        (One("regex", "^T"), True, YES),
        (One("regex", "^a"), None, NO),
        (One("regex", "^a"), Ref("lib.A"), OPEN),
        (One("regex", "^a"), Made("config.get"), OPEN),
        (One("regex", "^a"), Made("lib.A"), NO),
        (One("regex", "^a"), Local("ab"), YES),
        (One("regex", "^models:/x"), Template(("models:/", None)), OPEN),
        (One("regex", "^models:/x"), Template(("models:/xy", None)), YES),
        (One("regex", "^(a|b)$"), Template(("c", None)), OPEN),
        (One("regex", "{"), Template(("a", None)), YES),
        (One("regex", "^a.*b$"), Template(("a", None, "b")), YES),
        (One("regex", "x*"), Template(("a", None)), YES),
        (One("refers-to", ("a.B",)), Made("a.B"), YES),
        (One("refers-to", ("a.B",)), "a.B", NO),
    ],
)
def test_a_value_that_is_no_plain_text(test: One, atom: Atom, truth: bool | None) -> None:
    found = met(rule(Clause("call", ("lib.load",), args=(Predicate("x", (test,)),))), call(x=Value((atom,))))
    if truth is OPEN:
        assert found is not None
        reason = {Ref: "its value", Made: "its value", Template: "its value"}[type(atom)]  # type: ignore[index]
        assert (found.confidence, found.reason) == (Confidence.LOW, f"{reason} is put together at run time")
    else:
        assert (found and found.confidence) == (Confidence.HIGH if truth else None)


def test_an_id_that_may_be_a_folder_says_so() -> None:
    one = rule(Clause("call", ("lib.load",), args=(Predicate("x", (One("is", "remote-id"),)),)))
    found = met(one, call(x=Value(("results/run-1",))))
    assert found is not None
    assert (found.confidence, found.reason) == (Confidence.LOW, "it may be a name on a hub or a folder")


@pytest.mark.parametrize("operand", ["main", ("main",), Param("one"), Param("several")])
def test_an_operand_may_be_one_or_several(operand: object) -> None:
    params = {"one": Parameter("string", "main", ""), "several": Parameter("strings", ("main",), "")}
    for op in ("in", "regex"):
        one = rule(Clause("call", ("lib.load",), args=(Predicate("x", (One(op, operand),)),)), params=params)  # type: ignore[arg-type]
        assert met(one, call(x=Value(("main",)))) is not None
        assert met(one, call(x=Value(("other",)))) is None


@pytest.mark.parametrize(
    ("test", "unknown_value_is_met"),
    [
        (One("is", "literal"), False),  # it is none
        (One("in", ()), False),  # nothing is in there
        (One("in", Param("none")), False),
        (One("regex", Param("none")), False),
        (One("in", ("a",)), True),
        (One("is", "commit"), True),
        (One("in", Param("some")), True),
    ],
)
def test_what_no_unknown_value_can_be(test: One, unknown_value_is_met: bool) -> None:
    params = {"none": Parameter("patterns", (), ""), "some": Parameter("strings", ("a",), "")}
    one = rule(Clause("call", ("lib.load",), args=(Predicate("x", (test,)),)), params=params)
    found = met(one, call(x=Value((), "a parameter")))
    assert (found is not None) is unknown_value_is_met
    if found is not None:
        assert (found.confidence, found.reason) == (Confidence.LOW, "a parameter")


# -- what calls of the file pass


GIVEN = Value((), "a parameter", (), ("org/model",))


@pytest.mark.parametrize(
    ("value", "confidence"),
    [
        (GIVEN, Confidence.MEDIUM),
        (Value((), "a parameter", (), ("org/model", Local("x"))), Confidence.MEDIUM),
        (Value((), "a parameter", (), (Local("x"),)), None),
        (Value(("org/other",), "a parameter", (), ("org/model",)), Confidence.HIGH),
    ],
)
def test_a_name_that_a_call_of_the_file_passes_is_evidence(value: Value, confidence: Confidence | None) -> None:
    one = rule(Clause("call", ("lib.load",), args=(Predicate("x", (One("is", "remote-id"),)),)))
    found = met(one, call(x=value))
    assert (found and found.confidence) == confidence
    if confidence is Confidence.MEDIUM:
        assert found is not None
        assert found.reason == "a call of this file passes it"
        assert str(found.asset).startswith("org/model")


def test_a_flag_that_a_call_of_the_file_passes_is_less() -> None:
    one = rule(Clause("call", ("lib.load",), args=(flag("in", (True,)),)))
    found = met(one, call(flag=Value((), "a parameter", (), (True,))))
    assert found is not None
    assert (found.confidence, found.reason) == (Confidence.LOW, "a call of this file passes it")


@pytest.mark.parametrize(
    ("value", "exempts"),
    [
        (Value((), "a parameter", (), (SHA,)), True),
        (Value((), "a parameter", (), (SHA, "main")), False),
        (Value((), "a parameter", (SHA,), (SHA,)), False),
        (Value(("main",), "a parameter", (), (SHA,)), False),
    ],
)
def test_what_every_call_passes_exempts(value: Value, exempts: bool) -> None:
    exempt = Clause("", args=(Predicate("revision", (One("is", "commit"),)),))
    found = met(rule(LOAD, unless=(exempt,)), call(revision=value))
    assert (found is None) is exempts


# -- calls through a wrapper


def through(confidence: Confidence = Confidence.MEDIUM, handed: tuple[str, ...] = ("x",), **args: Value) -> Fact:
    return Fact("call", "lib.load", HERE, dict(args), confidence=confidence, why="a wrapper", handed=frozenset(handed))


NAMED = Clause("call", ("lib.load",), args=(Predicate("x", (One("is", "remote-id"),)),))


@pytest.mark.parametrize(
    ("fact", "confidence"),
    [
        (through(x=Value(("org/model",))), Confidence.MEDIUM),
        (through(x=Value((), "a parameter")), Confidence.LOW),
        (through(x=Value(("org/model",)), y=Value((True,)), handed=("y",)), None),  # said where the wrapper is
        (through(Confidence.HIGH, x=Value(("org/model",))), Confidence.HIGH),  # a partial makes no call of its own
        (through(Confidence.HIGH, x=Value(("org/model",)), handed=()), Confidence.HIGH),
        (through(x=Value(("org/model",)), handed=()), Confidence.MEDIUM),
    ],
)
def test_a_call_through_a_wrapper_is_said_once(fact: Fact, confidence: Confidence | None) -> None:
    found = met(rule(NAMED), fact)
    assert (found and found.confidence) == confidence


def test_a_flag_that_is_handed_on_is_low_and_what_the_wrapper_does_anyway_is_its_own() -> None:
    flagged = rule(Clause("call", ("lib.load",), args=(flag("in", (True,)),)))
    found = met(flagged, through(flag=Value((True,)), handed=("flag",)))
    assert found is not None
    assert found.confidence is Confidence.LOW
    always = rule(Clause("call", ("lib.load",)))
    assert met(always, through(flag=Value((True,)), handed=("flag",))) is None
    unsure = rule(Clause("call", ("lib.load",), confidence=Confidence.LOW, why="w"))
    assert met(unsure, through(flag=Value((True,)), handed=("flag",))) is not None


def test_only_the_rule_itself_says_it_inside() -> None:
    other = Rule("c/d", "t", Severity.HIGH, "m", "w", "f", any=(LOAD,))
    found = match(
        [through(x=Value(("org/model",)))], Index([rule(NAMED), other]), Circumstances(lambda _: {}, lambda _: None)
    )
    assert [(one.rule.id, one.confidence) for one in found] == [("a/b", Confidence.MEDIUM)]


# -- parts


@pytest.mark.parametrize(
    ("value", "confidence", "reason"),
    [
        (Value((Entries((("key", Value((True,))),)),)), Confidence.HIGH, ""),
        (Value((Entries((("key", Value((False,))),)),)), None, ""),
        (Value((Entries((("key", Value((), "a parameter")),)),)), Confidence.LOW, "a parameter"),
        (Value((Entries((), open=True),)), Confidence.LOW, "it may hold key"),
        (Value((Entries((("other", Value((True,))),)),)), None, ""),
        (Value((Entries(()), Entries((("key", Value((True,))),)))), Confidence.HIGH, ""),
        (Value((5,)), Confidence.LOW, "it is not a text"),
        (Value((5, Entries((("key", Value((True,))),)))), Confidence.HIGH, ""),
    ],
)
def test_an_entry_of_a_table_is_tested(value: Value, confidence: Confidence | None, reason: str) -> None:
    one = rule(Clause("call", ("lib.load",), args=(flag("in", (True,), part="key"),)))
    found = met(one, call(flag=value))
    assert (found.confidence if found else None, found.reason if found else "") == (confidence, reason)


@pytest.mark.parametrize(
    ("value", "confidence", "reason"),
    [
        (Value(("acme/x",)), None, ""),
        (Value(("evil/x",)), Confidence.HIGH, ""),
        (Value((Template(("acme/", None)),)), None, ""),
        (Value((Template((None, "/x")),)), Confidence.LOW, "its org is put together at run time"),
        (Value((), "a parameter", ("acme/x",)), Confidence.LOW, "a parameter"),
        (Value((), "a parameter", (), ("acme/x",)), None, ""),
        (Value((), "a parameter", ("bert",)), Confidence.HIGH, ""),  # it has no such part
    ],
)
def test_a_part_of_a_text_may_be_unknown(value: Value, confidence: Confidence | None, reason: str) -> None:
    trusted = Clause("", args=(Predicate("id", (One("in", ("acme",)),), part="org"),))
    found = met(rule(LOAD, unless=(trusted,)), call(id=value))
    assert (found.confidence if found else None, found.reason if found else "") == (confidence, reason)


# -- which clauses a fact meets


def test_clauses_are_found_by_what_they_ask_for() -> None:
    text = Clause("string", ("^s3://prod",))
    both = Clause("package", Param("names"))
    several = Clause("call", ("a.load", "b.*", "c.read", "d.Auto*"))
    one = rule(text, both, several, LOAD, params={"names": Parameter("patterns", ("^torch$",), "")})
    facts = [
        Fact("string", "s3://prod/x", HERE),
        Fact("string", "x s3://prod/x", HERE),
        Fact("shell", "s3://prod/x", HERE),
        Fact("package", "torch", HERE),
        Fact("package", "torchvision", HERE),
        *(
            Fact("call", name, HERE)
            for name in ("a.load", "b.x.y", "c.read", "d.AutoModel", "d.Model", "c.load", "lib.load", "import.load")
        ),
        Fact("import", "a.load", HERE),
    ]
    circumstances = Circumstances(lambda _: {"names": ("^torch$",)}, lambda _: None)
    index = Index([one])
    found = [(fact.kind, fact.name) for fact in facts if [*index.clauses(fact, circumstances.params)]]
    assert found == [
        ("string", "s3://prod/x"),
        ("package", "torch"),
        ("call", "a.load"),
        ("call", "b.x.y"),
        ("call", "c.read"),
        ("call", "d.AutoModel"),
        ("call", "lib.load"),
    ]


def test_one_match_for_a_rule_and_a_place_in_document_order() -> None:
    first, second = Span(0, 1, 1, 1, 9), Span(0, 2, 1, 2, 9)
    other = Rule("a/a", "t", Severity.HIGH, "m", "w", "f", any=(LOAD,))
    facts = [
        Fact("call", "lib.load", second),
        Fact("call", "lib.load", first, confidence=Confidence.MEDIUM, why="unsure"),
        Fact("call", "lib.load", first),
        Fact("call", "lib.load", first, confidence=Confidence.LOW, why="unsure"),
    ]
    found = match(facts, Index([rule(LOAD), other]), Circumstances(lambda _: {}, lambda _: None))
    assert [(one.fact.span, one.rule.id, one.confidence) for one in found] == [
        (first, "a/a", Confidence.HIGH),
        (first, "a/b", Confidence.HIGH),
        (second, "a/a", Confidence.HIGH),
        (second, "a/b", Confidence.HIGH),
    ]


def test_a_part_of_a_value_is_tested() -> None:
    trusted = Clause("", args=(Predicate("id", (One("in", Param("orgs")),), pos=0, part="org"),))
    one = rule(LOAD, unless=(trusted,), params={"orgs": Parameter("strings", ("acme",), "")})
    assert met(one, call(p0=Value(("acme/x",)))) is None
    assert met(one, call(p0=Value(("evil/x",)))) is not None


def test_the_surest_clause_of_a_rule_decides() -> None:
    unsure = Clause("call", ("lib.load",), confidence=Confidence.MEDIUM, why="because")
    assert getattr(met(rule(unsure), call()), "reason", "") == "because"
    assert getattr(met(rule(unsure, LOAD), call()), "confidence", None) is Confidence.HIGH


def test_the_inventory_counts_pinned_things_too() -> None:
    pinned = Clause("", args=(Predicate("revision", (One("is", "commit"),)),))
    one = rule(
        Clause("call", ("lib.load",), args=(Predicate("id", (One("is", "remote-id"),), pos=0),)),
        unless=(pinned,),
        asset=("model", "hub"),
    )
    circumstances = Circumstances(lambda _: {}, lambda _: None)
    facts = [
        call(p0=Value(("a/b",))),
        Fact("call", "lib.load", Span(0, 2, 1, 2, 9), {"0": Value(("a/b",)), "revision": Value((SHA,))}),
    ]
    found = [(ref.type, ref.source, ref.id, ref.pinned) for _, ref in references(facts, Index([one]), circumstances)]
    assert found == [("model", "hub", "a/b", False), ("model", "hub", "a/b", True)]


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.builds(Ref, st.text(max_size=3)),
    st.builds(Local, st.text(max_size=3)),
    st.just(Template(("a", None))),
)
VALUES = st.builds(
    Value, st.lists(ATOMS, max_size=3).map(tuple), st.sampled_from(["", "why"]), st.lists(ATOMS, max_size=2).map(tuple)
)


@given(VALUES, ATOMS)
def test_knowing_less_never_raises_confidence(value: Value, wanted: Atom) -> None:
    """A value that may be something else too is never surer than the same value without that doubt."""
    operand = (wanted,) if wanted is None or isinstance(wanted, (bool, int, str)) else ("x",)
    exempt = rule(LOAD, unless=(Clause("", args=(flag("in", operand),)),))
    sure, unsure = Value(value.options), Value(value.options, "why")
    order = {None: 0, Confidence.LOW: 1, Confidence.MEDIUM: 2, Confidence.HIGH: 3}
    first, second = (met(exempt, call(flag=one)) for one in (sure, unsure))
    if first is None:
        assert second is None or order[second.confidence] >= 1  # doubt brings a finding back, it does not hide one
    else:
        assert second is not None


def test_the_order_of_truth_is_that_of_a_conjunction() -> None:
    assert Truth.FALSE < Truth.UNKNOWN < Truth.SOME < Truth.TRUE


# --- names against the regular expression that they stand for

_SEGMENTS = st.sampled_from(["a", "b", "load", "*", "Auto*", "?"])
_PATTERNS = st.lists(st.lists(_SEGMENTS, min_size=1, max_size=4).map(".".join), min_size=1, max_size=3)
_NAMED = st.lists(st.sampled_from(["a", "b", "load", "AutoModel", "?"]), min_size=1, max_size=5).map(".".join)


def as_one_expression(patterns: list[str]) -> re.Pattern[str]:
    """Every pattern as an expression on `library|?.method`, or on a name."""
    pieces = []
    for pattern in patterns:
        head, found, method = pattern.rpartition("?.")
        if found and "." not in method:
            head = head.rstrip(".")
            pieces.append((re.escape(head) + r"\|" if head else r"(?:[^|]*\|)?") + r"\?\." + re.escape(method))
        else:
            pieces.append(re.escape(pattern).replace(r"\*", ".+"))
    return re.compile("|".join(f"(?:{piece})" for piece in pieces))


@given(_PATTERNS, _NAMED, st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True))
def test_a_name_is_met_by_what_its_patterns_stand_for(patterns: list[str], name: str, libraries: list[str]) -> None:
    imported = Value((Items(tuple(Value((one,)) for one in libraries)),))
    fact = Fact("call", name, HERE, attributes={"libraries": imported} if name.startswith("?.") else {})
    roots = ["", *libraries] if name.startswith("?.") else [""]
    expression = as_one_expression(patterns)
    wanted = any(expression.fullmatch(f"{root}|{name}" if root else name) for root in roots)
    lasts = {name.rpartition(".")[2]}
    # The index looks under the last segment, or where that is open.
    can_be_looked_up = any(
        "*" in pattern.rpartition(".")[2] or pattern.rpartition(".")[2] in lasts for pattern in patterns
    )
    for _ in range(2):  # The second time it is remembered.
        assert (met(rule(Clause("call", tuple(patterns))), fact) is not None) == (wanted and can_be_looked_up)
