"""docs/rules.md is printed from the rules."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
import report_fixture as fixture
from msgspec.structs import replace

from mlgate.cascade import Bundle

SCRIPT = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "print_rules.py"))
page: Any = SCRIPT["page"]

BUNDLE = Bundle({rule.id: rule for rule in fixture.RULES}, (fixture.POLICY,))


def test_every_rule_is_listed_once_and_described_once() -> None:
    text = page(BUNDLE)
    for rule in fixture.RULES:
        anchor = rule.id.replace("/", "")
        assert text.count(f"| [{rule.id}](#{anchor}) |") == 1
        assert text.count(f"\n### {rule.id}\n") == 1


def test_families_come_in_their_order_and_unknown_ones_last() -> None:
    own = replace(fixture.DATA_RULE, id="acme/prod-feature-store")
    text = page(Bundle({**BUNDLE.rules, own.id: own}, BUNDLE.policies))
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["unsafe-load", "unpinned", "secret", "data", "exposure", "acme"]


def test_all_examples_and_parameters_are_printed() -> None:
    text = page(BUNDLE)
    for rule in fixture.RULES:
        for example in (*rule.bad, *rule.good, *rule.gap):
            for source in example.files.values():
                assert source.strip() in text
    assert "| `assume-torch` | version | `2.5` | lower | Taken where the project states no version. |" in text
    assert "| `trusted-paths` | strings | none | fewer |" in text


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert "````python\n``` fence\n````" in page(BUNDLE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("__reduce__ of a*b", r"\_\_reduce\_\_ of a\*b"), ("`__all__` and <commit>", r"`__all__` and \<commit>")],
)
def test_names_are_not_taken_for_markup(text: str, shown: str) -> None:
    rule = replace(fixture.DATA_RULE, why=text)
    assert f"\n{shown}\n" in page(Bundle({rule.id: rule}, ()))
