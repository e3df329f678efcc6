"""What others wrote cannot move, hide, reorder or forge anything, and takes the columns that it is given."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.report.columns import cut, cut_front, cut_middle, fold, width, wrap
from mlgate.report.escape import in_ascii, json_text, no_command, visible
from mlgate.report.references import link, tag

any_text = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("a\nb\r", r"a\nb\r"),
        ("\x1b[31mred\x9b0m\x7f", r"\x1b[31mred\x9b0m\x7f"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("\udce9", r"\udce9"),
        ("tab\there\u00a0and\u3000there", "tab here and there"),
        ("é 分類 🎉 ⚠\ufe0f", "é 分類 🎉 ⚠\ufe0f"),
        ("👩\u200d💻 a\u200db", "👩\u200d💻 a\\u200db"),
        ("e\u0301" + "\u0301" * 5, "e" + "\u0301" * 4 + r"\u0301\u0301"),
        ("\u0301first", r"\u0301first"),
        ("echo ##vso[task.setvariable]x", r"echo #\x23vso[task.setvariable]x"),
        ("###[group]", r"##\x23[group]"),
        ("## Heading [link]", "## Heading [link]"),
    ],
)
def test_what_could_deceive_is_shown_as_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(any_text)
def test_shown_text_holds_no_control_format_or_bidi_character(text: str) -> None:
    for sign in visible(text).replace("\u200d", ""):
        assert unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(any_text)
def test_a_console_without_unicode_gets_ascii(text: str) -> None:
    assert in_ascii(visible(text)).isascii()


def test_typographic_signs_are_spelled_out() -> None:
    assert in_ascii("a · “b” … é") == 'a - "b" ... \\xe9'


@pytest.mark.parametrize("line", ["::error::x", "   ::add-mask::e"])
def test_no_line_is_a_workflow_command(line: str) -> None:
    assert not no_command(line).lstrip().startswith("::")


def test_a_slice_is_left_alone() -> None:
    assert no_command("x = y[::2]") == "x = y[::2]"


# --- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", 0), ("abc", 3), ("分類", 4), ("e\u0301", 1), ("⚠\ufe0f", 2), ("👩\u200d💻", 4), ("·…", 2)],
)
def test_width_counts_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns


@given(any_text, st.integers(4, 30))
def test_cut_text_fits_and_says_that_it_was_cut(text: str, room: int) -> None:
    text = visible(text)
    for shorter in (cut(text, room, "…"), cut_front(text, room, "…"), cut_middle(text, room, "…")):
        assert width(shorter) <= room
        assert (shorter == text) == (width(text) <= room) or "…" in text


@given(any_text, st.integers(8, 30))
def test_wrapped_text_fits_and_loses_nothing(text: str, room: int) -> None:
    text = visible(text)
    lines = wrap(text, room, "- ", "  ")
    assert all(width(line) <= room for line in lines)
    assert "".join("".join(line[2:].split()) for line in lines) == "".join(text.split())


@given(any_text, st.integers(8, 30))
def test_folded_text_fits_and_keeps_its_blanks(text: str, room: int) -> None:
    text = visible(text)
    first, *others = fold(text, room, "  ")
    assert all(width(line) <= room for line in (first, *others))
    assert first + "".join(line[2:] for line in others) == text


# --- JSON ------------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_json_means_the_same_and_is_safe_to_print(data: dict[str, str]) -> None:
    text = json_text(data)
    assert json.loads(text) == data
    assert not {unicodedata.category(sign) for sign in text.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"}
    assert "##[" not in text


def test_a_lone_surrogate_becomes_text() -> None:
    text = json_text({"path": "caf\udce9.py"})
    text.encode("utf-8")
    assert json.loads(text) == {"path": r"caf\udce9.py"}


# --- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("CWE-502", "https://cwe.mitre.org/data/definitions/502.html"),
        ("CVE-2025-32434", "https://nvd.nist.gov/vuln/detail/CVE-2025-32434"),
        ("AML.T0010.003", "https://atlas.mitre.org/techniques/AML.T0010.003"),
        ("LLM03:2025", "https://genai.owasp.org/llm-top-10/"),
        ("ML06:2023", "https://owasp.org/www-project-machine-learning-security-top-10/"),
        ("GHSA-53q9-r3pm-6pq6", "https://github.com/advisories/GHSA-53q9-r3pm-6pq6"),
        ("see https://example.org/a.", "https://example.org/a"),
        ("torch 2.6.0, torch/serialization.py", None),
    ],
)
def test_a_reference_becomes_a_link(reference: str, target: str | None) -> None:
    assert link(reference) == target


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("CWE-79", "external/cwe/cwe-079"),
        ("AML.T0010", "external/atlas/aml.t0010"),
        ("LLM03:2025 Supply Chain", "external/owasp-llm/llm03:2025"),
        ("https://example.org", None),
    ],
)
def test_a_catalogue_entry_becomes_a_tag(reference: str, name: str | None) -> None:
    assert tag(reference) == name
