"""`mlgate policy test`: examples in both directions, a policy's own tests, and what is not tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from policy_fixture import HEAD, RULE, write

from mlgate.cascade import ANYWHERE, Bundle, Here
from mlgate.model import Confidence, Example, Finding, Location, Severity
from mlgate.policy import load
from mlgate.verbs import policy_test
from mlgate.verbs.policy_test import Bench, examined, forms, printed, sources_of


def found(rule: str, line: int = 1) -> Finding:
    return Finding(
        rule=rule, severity=Severity.HIGH, confidence=Confidence.HIGH, reason="", subject="acme_fs.connect",
        location=Location("a", line, 1, line, 2), canonical="", fingerprint="", subject_digest="", asset=None,
        origin=None, message="", fix="", line_text="",
    )  # fmt: skip


def naive(example: Example, bundle: Bundle, here: Here = ANYWHERE) -> Sequence[Finding]:
    """Finds `prod-` anywhere, and `eval` for another rule."""
    text = "".join(example.files.values())
    rules = ["acme/feature-store"] * ("prod-" in text) + ["acme/eval"] * ("eval" in text)
    return [found(rule) for rule in rules]


def outcome(folder: Path, files: dict[str, str]) -> policy_test.Outcome:
    return examined(load(write(folder / "o", files), folder), Bench(naive))


def examples(bad: str, good: str, gap: str = "[]") -> str:
    return RULE[: RULE.index("examples:")] + f"examples:\n  bad: {bad}\n  good: {good}\n  gap: {gap}\n"


def test_a_rule_that_keeps_its_claims(tmp_path: Path) -> None:
    result = outcome(tmp_path, {"rules/store.yaml": RULE})
    assert printed(result) == "1 rule, 4 examples, 0 tests: all hold\n"


def test_each_kind_of_broken_claim_is_named(tmp_path: Path) -> None:
    text = examples(bad="[connect('dev'), '!eval dev']", good="[connect('prod-1')]", gap="[connect('prod-2')]")
    result = outcome(tmp_path, {"rules/store.yaml": text})
    store = "FAIL o/rules/store.yaml"
    note = "note: o/rules/store.yaml"
    assert printed(result) == (
        f"{note}:20: examples/gap/1: as a notebook: is found by now; move it to bad\n"
        f"{note}:20: examples/gap/1: as .py: is found by now; move it to bad\n"
        f"{store}:18: examples/bad/1: as a notebook: is not found\n"
        f"{store}:18: examples/bad/1: as .py: is not found\n"
        f"{store}:18: examples/bad/2: as a notebook: is not found; found instead: acme/eval\n"
        f"{store}:19: examples/good/1: as a notebook: acme/feature-store finds acme_fs.connect in line 1\n"
        f"{store}:19: examples/good/1: as .py: acme/feature-store finds acme_fs.connect in line 1\n"
        "1 rule, 7 examples, 0 tests: 5 failures\n"
    )


def test_a_good_example_raises_nothing_from_any_rule(tmp_path: Path) -> None:
    result = outcome(tmp_path, {"rules/store.yaml": examples(bad="['x = \"prod-1\"']", good="[eval(x)]")})
    assert [failure.split(": ", 3)[3] for failure in result.failures] == [
        "acme/eval finds acme_fs.connect in line 1"
    ] * 2


@pytest.mark.parametrize(
    "cell", ["!ls\n", "%time x = 1\n", "%%bash\nls\n", "pip install torch\n", "x = !ls\n", "x ==\n"]
)
def test_what_is_no_python_is_tried_as_a_notebook_only(cell: str) -> None:
    assert [label for label, _ in forms(Example({"": cell}))] == ["as a notebook"]


def test_a_repository_is_tried_as_it_is() -> None:
    example = Example({"requirements.txt": "torch\n", "a.py": "x\n"}, base={"a.py": ""})
    assert forms(example) == (("as a repository", example),)


TESTS = """\
extends: none
rules:
  "*": {level: record}
  acme/feature-store: {level: block, existing: warn, waivable: inline}
tests:
  - given: {rule: brand-new/rule, path: src/a.py, date: 2030-01-01}
    expect: record
  - name: production data stops
    given: {rule: acme/feature-store, path: a.py, repo: acme/x, branch: main}
    expect: block
  - given: {rule: acme/feature-store, existing: true}
    expect: warn
  - given: {rule: acme/feature-store, confidence: medium}
    expect: warn
  - given: {rule: acme/feature-store, inline: "mitigated: sample"}
    expect: record
"""


def test_the_tests_of_a_policy_are_decided(tmp_path: Path) -> None:
    result = outcome(tmp_path, {"org.yaml": HEAD + TESTS, "rules/store.yaml": RULE})
    assert printed(result) == ("1 rule, 4 examples, 5 tests: all hold\n")


def test_a_test_that_fails_shows_how_it_was_decided(tmp_path: Path) -> None:
    policy = HEAD + TESTS.replace("level: block", "level: warn")
    result = outcome(tmp_path, {"org.yaml": policy, "rules/store.yaml": RULE})
    assert result.failures == (
        "o/org.yaml:12: tests/2: production data stops: expected block, not warn: "
        "acme-ml: rules/acme/feature-store: level warn (o/org.yaml:8)",
    )


def test_a_rule_that_is_off_is_expected_as_off(tmp_path: Path) -> None:
    policy = HEAD + "rules:\n  acme/*: {level: off}\ntests: [{given: {rule: acme/feature-store}, expect: off}]\n"
    assert outcome(tmp_path, {"org.yaml": policy, "rules/store.yaml": RULE}).failures == ()


def test_the_shipped_policy_keeps_its_own_tests(tmp_path: Path) -> None:
    loaded = load(root=tmp_path)
    policies = [one for one in loaded.documents if isinstance(one.data, dict) and one.data["kind"] == "Policy"]
    result = examined(replace(loaded, documents=tuple(policies)), Bench(naive))
    assert result.failures == ()
    assert result.tests > 0


def test_advice_is_a_note(tmp_path: Path) -> None:
    rule = RULE.replace("references: [CWE-200]\n", "").replace(
        "- call: [acme_fs.connect]\n      args", "- string: 'a*'\n      where"
    )
    rule = rule.replace(", pos: 0", "")
    notes = outcome(tmp_path, {"org.yaml": HEAD + "rules:\n  acme/*: {}\n", "rules/store.yaml": rule}).notes
    assert notes == (
        "o/org.yaml:6: rules/acme/*: says nothing; give it a level or take it out",
        "o/rules/store.yaml:1: no references; name at least a CWE or the library's documentation",
        "o/rules/store.yaml:14: match/any/1/string: matches the empty text, so every text",
    )


# --- exit codes, through the pipeline -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("rules: {}\n", 0),
        ("rules: {acme/*: {level: warn}}\ntests: [{given: {rule: acme/feature-store}, expect: block}]\n", 1),
        ("rules: {acme/*: {lvel: warn}}\n", 2),
    ],
)
def test_exit_codes(tmp_path: Path, text: str, code: int) -> None:
    written: list[str] = []
    write(tmp_path, {"o/org.yaml": HEAD + text, "o/rules/store.yaml": RULE})
    assert policy_test.run(tmp_path / "o", tmp_path, written.append) == code
    assert all(line.endswith("\n") for line in written)


# --- which policies changed files belong to -------------------------------------------------------------------------


def test_changed_files_are_tested_as_the_policy_they_belong_to(tmp_path: Path) -> None:
    policy = HEAD + "rules: {}\n"
    write(tmp_path, {
        ".mlgate/rules/a.yaml": RULE, "ml/org.yaml": policy, "ml/rules/a.yaml": RULE, "waves/one.yaml": policy,
        "waves/two.yaml": policy, "deploy/k8s.yaml": "kind: Deployment\n", "a.py": "kind: Policy\n",
    })  # fmt: skip
    names = [
        ".mlgate/rules/a.yaml",
        ".mlgate.yaml",
        "ml/rules/a.yaml",
        "ml/org.yaml",
        "waves/two.yaml",
        "deploy/k8s.yaml",
    ]
    assert sources_of([*names, "a.py", "gone.yaml"], tmp_path) == (None, tmp_path / "ml", tmp_path / "waves/two.yaml")


def test_the_worst_exit_code_of_several_policies_counts(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": HEAD + "rules: {}\n", "b.yaml": HEAD + "rulez: {}\n"})
    written: list[str] = []
    assert policy_test.run_changed(["a.yaml", "b.yaml"], tmp_path, written.append) == 2
    assert written[0] == "0 rules, 0 examples, 0 tests: all hold\n"
    assert policy_test.run_changed([], tmp_path, written.append) == 0
