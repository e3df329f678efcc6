"""What `mlgate explain RULE` and `mlgate rules` tell a person."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import report_fixture as fixture
from msgspec.structs import replace

from mlgate.cascade import Bundle
from mlgate.errors import MlgateError
from mlgate.model import Level, Setting
from mlgate.report import Options
from mlgate.report.columns import width
from mlgate.verbs.explain import explain, rules

SNAPSHOTS = Path(__file__).parent / "snapshots"

POLICY = replace(
    fixture.POLICY,
    settings={
        "*": Setting(level=Level.RECORD, existing=Level.RECORD, source="policies/org.yaml:9"),
        "unsafe-load/*": Setting(level=Level.BLOCK, source="policies/org.yaml:14"),
        "unsafe-load/torch-load": Setting(params={"trusted-paths": ("models/",)}, source="policies/org.yaml:20"),
        "unpinned/*": Setting(level=Level.WARN, existing=Level.WARN),
        "secret/*": Setting(level=Level.BLOCK),
    },
)
BUNDLE = Bundle(
    {rule.id: rule for rule in fixture.RULES}, (POLICY,), renamed={"unsafe-load/pytorch": "unsafe-load/torch-load"}
)


def snapshot(name: str, text: str) -> None:
    """MLGATE_SNAPSHOTS=write accepts what is rendered now: read the diff like prose."""
    path = SNAPSHOTS / name
    if os.environ.get("MLGATE_SNAPSHOTS") == "write":
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def test_a_rule_is_explained() -> None:
    snapshot("explain_torch_load.txt", explain("unsafe-load/torch-load", BUNDLE, Options()))


def test_a_rule_is_explained_on_a_narrow_terminal() -> None:
    snapshot("explain_narrow.txt", explain("unsafe-load/trust-remote-code", BUNDLE, Options(width=40)))


def test_rules_lists_each_in_a_line() -> None:
    text = rules(BUNDLE, Options())
    snapshot("rules.txt", text)
    assert [line.split()[0] for line in text.splitlines()] == sorted(BUNDLE.rules)
    assert max(map(width, text.splitlines())) <= 80


def test_a_former_id_explains_the_rule_of_today() -> None:
    assert explain("unsafe-load/pytorch", BUNDLE, Options()) == explain("unsafe-load/torch-load", BUNDLE, Options())


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("unsafe-load/torch-laod", "unsafe-load/torch-laod: no such rule; did you mean unsafe-load/torch-load?"),
        ("torch-load", "torch-load: no such rule; did you mean unsafe-load/torch-load?"),
        ("token", "token: no such rule; did you mean secret/huggingface-token?"),
        ("zzz", "zzz: no such rule; `mlgate rules` lists them all"),
        ("x\x1b[2K", r"x\x1b[2K: no such rule; `mlgate rules` lists them all"),
        (
            "unsafe-load",
            "unsafe-load: a family, 2 rules; name one, such as unsafe-load/torch-load (`mlgate rules` lists them)",
        ),
    ],
)
def test_what_is_no_rule_is_refused_with_what_to_do(target: str, message: str) -> None:
    with pytest.raises(MlgateError) as caught:
        explain(target, BUNDLE, Options())
    assert str(caught.value) == message


@pytest.mark.parametrize("rule", sorted(BUNDLE.rules))
def test_words_stay_within_the_terminal(rule: str) -> None:
    for columns in (40, 80):
        lines = explain(rule, BUNDLE, Options(width=columns)).splitlines()
        words = [line for line in lines if not line.startswith("    ") and "://" not in line]
        assert max(map(width, words)) <= columns


def test_hostile_text_of_a_custom_rule_is_escaped() -> None:
    rule = replace(fixture.TORCH_RULE, title=fixture.HOSTILE, why=fixture.HOSTILE, fix=fixture.HOSTILE)
    bundle = replace(BUNDLE, rules={rule.id: rule})
    for text in (explain(rule.id, bundle, Options()), rules(bundle, Options())):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_colour_marks_the_level_only() -> None:
    text = explain("unsafe-load/torch-load", BUNDLE, Options(colour=True))
    assert text.replace("\x1b[1;31mblock\x1b[0m", "block") == explain("unsafe-load/torch-load", BUNDLE, Options())
