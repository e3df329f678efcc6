"""Three truth values over sets of possible values, and what they make of confidence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.match import Circumstances, Index, Match, Truth, match, references
from mlgate.model import (
    Atom,
    Clause,
    Confidence,
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
