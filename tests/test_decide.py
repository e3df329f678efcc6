"""Deciding is pure: one law of confidence, the cascade of the policies, and nothing of order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mlgate.cascade import Bundle, said
from mlgate.decide import CEILINGS, EXISTING, NEW, decide
from mlgate.model import Confidence, Decision, Finding, Level, Location, Policy, Setting, Severity

KEYS = ("*", "a/*", "a/x", "a/y", "b/*", "b/x")
RULES = ("a/x", "a/y", "b/x", "c/z")


def finding(rule: str = "a/x", confidence: Confidence = Confidence.HIGH, path: str = "a.py", line: int = 1) -> Finding:
    return Finding(
        rule=rule, severity=Severity.HIGH, confidence=confidence, reason="", location=Location(path, line, 1, line, 9),
        subject="", canonical="", fingerprint=f"1:{rule}{path}{line}{confidence}", subject_digest="", asset=None,
        origin=None, message="", fix="", line_text="",
    )  # fmt: skip


def bundle(settings: dict[str, Setting], *inherited: dict[str, Setting]) -> Bundle:
    policies = tuple(
        Policy(id=f"p{index}", owner="@o", settings=one, source=f"p{index}.yaml")
        for index, one in enumerate((settings, *inherited))
    )
    return Bundle({}, policies)


def level_of(decisions: tuple[Decision, ...]) -> Level:
    return decisions[0].level if decisions else Level.OFF


levels = st.sampled_from(list(Level))
settings = st.builds(Setting, level=st.none() | levels, existing=st.none() | levels)
policies = st.dictionaries(st.sampled_from(KEYS), settings, max_size=len(KEYS))
bundles = st.builds(bundle, policies, policies)
findings = st.builds(
    finding,
    rule=st.sampled_from(RULES),
    confidence=st.sampled_from(list(Confidence)),
    path=st.sampled_from(["a.py", "b.py"]),
    line=st.integers(1, 4),
)
statuses = st.sampled_from([NEW, EXISTING])
seen = st.lists(st.tuples(findings, statuses), max_size=8)


@pytest.mark.parametrize(
    ("confidence", "level"),
    [(Confidence.HIGH, Level.BLOCK), (Confidence.MEDIUM, Level.WARN), (Confidence.LOW, Level.RECORD)],
)
def test_only_what_is_certain_blocks(confidence: Confidence, level: Level) -> None:
    decisions = decide([finding(confidence=confidence)], [NEW], bundle({"*": Setting(level=Level.BLOCK)}))
    assert level_of(decisions) is level


def test_what_the_base_has_is_judged_by_existing() -> None:
    law = bundle({"*": Setting(level=Level.BLOCK, existing=Level.WARN)})
    assert level_of(decide([finding()], [EXISTING], law)) is Level.WARN


def test_what_the_base_has_is_recorded_where_no_policy_says() -> None:
    assert level_of(decide([finding()], [EXISTING], bundle({"*": Setting(level=Level.BLOCK)}))) is Level.RECORD


@pytest.mark.parametrize("status", [NEW, EXISTING])
def test_a_rule_that_is_off_decides_nothing(status: str) -> None:
    law = bundle({"a/x": Setting(level=Level.OFF), "*": Setting(level=Level.BLOCK, existing=Level.BLOCK)})
    assert decide([finding()], [status], law) == ()


def test_where_no_policy_says_it_warns() -> None:
    (decision,) = decide([finding()], [NEW], bundle({}))
    assert (decision.level, decision.policies, decision.trace) == (Level.WARN, (), ("no policy says: level warn",))


def test_the_trace_names_each_step_and_where_it_stands() -> None:
    law = replace(
        bundle({"a/*": Setting(level=Level.BLOCK, source="org.yaml:3")}, {"*": Setting(existing=Level.BLOCK)}),
        places={("p0", "a/*", "level"): "org.yaml:4", ("p1", "*", "existing"): "base.yaml:9"},
    )
    (decision,) = decide([finding(confidence=Confidence.MEDIUM)], [EXISTING], law)
    assert decision.trace == (
        "p0: rules/a/*: level block (org.yaml:4)",
        "p1: rules/*: existing block (base.yaml:9)",
        "confidence medium: at most warn",
    )
    assert decision.policies == ("p1",)


def test_a_ceiling_that_changes_nothing_is_not_in_the_trace() -> None:
    law = bundle({"*": Setting(level=Level.WARN, source="p.yaml:7")})
    (decision,) = decide([finding(confidence=Confidence.MEDIUM)], [NEW], law)
    assert decision.trace == ("p0: rules/*: level warn (p.yaml:7)",)


def test_a_finding_without_a_status_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        decide([finding(), finding()], [NEW], bundle({}))


@given(seen, bundles)
def test_every_finding_that_is_not_off_is_decided_once(seen: list[tuple[Finding, str]], law: Bundle) -> None:
    decisions = decide([one for one, _ in seen], [status for _, status in seen], law)
    kept = [
        (one, status)
        for one, status in seen
        if said(law, one.rule, "level").value is not Level.OFF
        and not (status == EXISTING and said(law, one.rule, "existing").value is Level.OFF)
    ]
    assert sorted(map(repr, kept)) == sorted(repr((one.finding, one.status)) for one in decisions)


@given(seen.flatmap(lambda pairs: st.tuples(st.just(pairs), st.permutations(pairs))), bundles)
def test_the_order_of_findings_never_matters(
    both: tuple[list[tuple[Finding, str]], list[tuple[Finding, str]]], law: Bundle
) -> None:
    one, other = both
    assert decide([f for f, _ in one], [s for _, s in one], law) == decide(
        [f for f, _ in other], [s for _, s in other], law
    )


@given(findings, statuses, policies, st.randoms(use_true_random=False))
def test_the_order_of_keys_never_matters(one: Finding, status: str, said: dict[str, Setting], chance: object) -> None:
    keys = list(said)
    chance.shuffle(keys)  # type: ignore[attr-defined]
    assert decide([one], [status], bundle(said)) == decide([one], [status], bundle({key: said[key] for key in keys}))


@given(findings, statuses, bundles)
def test_no_decision_is_above_what_its_confidence_supports(one: Finding, status: str, law: Bundle) -> None:
    assert level_of(decide([one], [status], law)) <= CEILINGS[one.confidence]


@given(findings, statuses, policies, policies, st.sampled_from(["level", "existing"]), st.data())
def test_tightening_a_level_never_lowers_a_decision(
    one: Finding, status: str, own: dict[str, Setting], shipped: dict[str, Setting], field: str, data: st.DataObject
) -> None:
    said = [key for key, setting in own.items() if getattr(setting, field) is not None]
    if not said:
        return
    key = data.draw(st.sampled_from(said))
    tighter = data.draw(st.sampled_from([level for level in Level if level >= getattr(own[key], field)]))
    tightened = {**own, key: replace(own[key], **{field: tighter})}
    before = level_of(decide([one], [status], bundle(own, shipped)))
    assert level_of(decide([one], [status], bundle(tightened, shipped))) >= before


@given(findings, statuses, bundles, st.sampled_from([Confidence.MEDIUM, Confidence.HIGH]))
def test_more_certainty_never_lowers_a_decision(one: Finding, status: str, law: Bundle, surer: Confidence) -> None:
    before = level_of(decide([one], [status], law))
    raised = replace(one, confidence=max(one.confidence, surer))
    assert level_of(decide([raised], [status], law)) >= before


@given(findings, statuses, policies, policies)
def test_what_the_own_policy_says_is_not_changed_by_what_it_extends(
    one: Finding, status: str, own: dict[str, Setting], shipped: dict[str, Setting]
) -> None:
    complete = {**own, "*": Setting(level=Level.WARN, existing=Level.WARN)}
    alone = decide([one], [status], bundle(complete))
    assert level_of(decide([one], [status], bundle(complete, shipped))) is level_of(alone)
