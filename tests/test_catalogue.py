"""Every rule that mlgate ships finds its bad examples, and no rule finds anything in a good one."""

from __future__ import annotations

import pytest

from mlgate.examples import examine_example
from mlgate.model import Example
from mlgate.policy import load_bundle
from mlgate.verbs import policy_test
from mlgate.verbs.policy_test import forms
from mlgate.verbs.policy_test.coverage import gaps

BUNDLE = load_bundle()
CLAIMS = [
    pytest.param(rule.id, kind, form, id=f"{rule.id}-{kind}-{number}-{label.split()[-1]}")
    for rule in BUNDLE.rules.values()
    for kind, examples in (("bad", rule.bad), ("good", rule.good), ("gap", rule.gap))
    for number, example in enumerate(examples, 1)
    for label, form in forms(example)
]


@pytest.mark.parametrize(("rule", "kind", "example"), CLAIMS)
def test_an_example_is_what_its_rule_says(rule: str, kind: str, example: Example) -> None:
    found = {finding.rule for finding in examine_example(example, BUNDLE)}
    if kind == "bad":
        assert rule in found
    elif kind == "good":
        assert found == set()
    else:
        assert rule not in found


MOST_UNTRIED = 552
"""Parts of shipped rules that no example tries in one direction. It may only fall."""


def test_examples_try_no_less_of_the_rules_than_they_did() -> None:
    trials = policy_test.bench().trials
    assert trials is not None
    bundle = load_bundle()
    untried = 0
    for rule in bundle.rules.values():
        examples = [form for one in (*rule.bad, *rule.good) for _, form in forms(one)]
        untried += sum(1 for _ in gaps(rule, examples, lambda example, rule: trials(example, rule, bundle)))
    assert untried <= MOST_UNTRIED
