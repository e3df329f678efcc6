"""Every rule that mlgate ships finds its bad examples, and no rule finds anything in a good one."""

from __future__ import annotations

import pytest

from mlgate.model import Example
from mlgate.policy import load_bundle
from mlgate.scan import examine_example
from mlgate.verbs.policy_test import forms

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
