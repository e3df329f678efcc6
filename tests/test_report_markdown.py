"""The summary of a step: what it says, and that nothing that a repository says becomes markup."""

from __future__ import annotations

import re

import pytest
import report_fixture as fixture
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mlgate.model import Level
from mlgate.report import Options, render
from mlgate.report.markdown import MAX_BYTES, code, plain


def test_the_sample_reads_well() -> None:
    text = render("markdown", fixture.report(), Options())
    assert text.startswith("### mlgate: 2 block, 2 warn\n\nJudged: what the commit adds to HEAD \\(77aa111\\).\n")
    assert (
        "**BLOCK** `unsafe-load/trust-remote-code` in `notebooks/ticket_router.ipynb`, cell 9, line 2, under"
        ' "Embed tickets"\n\n`SentenceTransformer("nomic-ai/nomic-embed-text-v1.5", trust_remote_code=True)`\n'
    ) in text
    assert "| Warns | What | Where | |\n|---|---|---|---|\n| `unpinned/model-revision` | mistralai/Mistral" in text
    assert "| blocks from Tue 12 January |\n" in text
    assert text.endswith("Policy `acme-ml` 4be1c02.\nAsk a person: \\#ask\\-ml\\-security\n")


def test_nothing_to_say_is_said() -> None:
    assert render("markdown", fixture.report(()), Options()).startswith("### mlgate: nothing blocks\n")


HOSTILE = [
    "<script>x</script>",
    "[a](http://evil.example)",
    "![x](y)",
    "@acme/everybody",
    "| a | b |",
    "`` ` ``",
    "# x\n# y",
    "https://e.example",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_repository_says_is_no_markup(name: str) -> None:
    place = fixture.location(name, 3)
    found = tuple(
        replace(
            made := fixture.decision(fixture.TORCH_RULE, place, level, asset=name, line_text=name, message=name),
            finding=replace(made.finding, fix=name),
        )
        for level in (Level.BLOCK, Level.WARN)
    )
    text = render("markdown", fixture.report(found), Options())
    bare = re.sub(r"(`+).*?\1", "", text)
    assert not re.search(r"(?<!\\)[<\[@!]|https?://", bare)
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [5]


@given(st.text())
def test_a_span_of_code_holds_what_it_is_given_and_ends(text: str) -> None:
    shown = code(text)
    fence = re.match("`+", shown)
    assert fence is not None
    inside = shown[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inside)
    assert "\n" not in shown + plain(text)


def test_what_github_would_refuse_is_left_out_and_counted() -> None:
    many = tuple(
        fixture.decision(
            fixture.TORCH_RULE, fixture.location(f"f{n}.py", 1), Level.BLOCK, subject=f"s{n}", line_text="x" * 400
        )
        for n in range(3000)
    )
    text = render("markdown", fixture.report(many), Options())
    assert len(text.encode()) < MAX_BYTES + 10_000
    assert re.search(r"^\d+ more did not fit here", text, re.MULTILINE)
