"""What a person reads: held word by word in snapshots, and within the terminal whatever the repository says."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
import report_fixture as fixture
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mlgate.model import Decision, Level, Report
from mlgate.report import Options, render
from mlgate.report.columns import width

SNAPSHOTS = Path(__file__).parent / "snapshots"


def many(number: int) -> tuple[Decision, ...]:
    """`number` groups: every tenth blocks, the others warn."""
    return tuple(
        fixture.decision(
            fixture.TORCH_RULE, fixture.location(f"src/m{n:03}.py", n + 1), Level.BLOCK, subject="torch.load"
        )
        if n % 10 == 0
        else fixture.decision(fixture.REVISION_RULE, fixture.location(f"src/m{n:03}.py", n + 1), asset=f"org/m{n}")
        for n in range(number)
    )


CASES: dict[str, tuple[Report, Options]] = {
    "sample": (fixture.report(), Options()),
    "sample_coloured": (fixture.report(), Options(colour=True)),
    "sample_narrow": (fixture.report(), Options(width=40)),
    "sample_ascii": (fixture.report(), Options(ascii=True)),
    "sample_verbose": (fixture.report(), Options(verbose=True)),
    "warnings_only": (fixture.report(fixture.SAMPLE[2:]), Options()),
    "nothing": (fixture.report(()), Options()),
    "everything": (fixture.report(fixture.EVERYTHING), Options()),
    "too_many": (fixture.report(many(63)), Options()),
}


@pytest.mark.parametrize("name", CASES)
def test_the_report_looks_as_it_did(name: str) -> None:
    """MLGATE_SNAPSHOTS=write accepts what is rendered now: read the diff like prose."""
    report, options = CASES[name]
    path = SNAPSHOTS / f"text_{name}.txt"
    text = render("text", report, options)
    if os.environ.get("MLGATE_SNAPSHOTS") == "write":
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def test_colour_changes_nothing_but_colour() -> None:
    report = fixture.report(fixture.EVERYTHING)
    plain, coloured = render("text", report, Options()), render("text", report, Options(colour=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    painted = re.findall(r"\x1b\[[0-9;]+m(\w+)\x1b\[0m", coloured)
    assert set(painted) == {"BLOCK", "block", "warn", "warnings"}


def test_quiet_says_nothing_unless_something_blocks() -> None:
    assert render("text", fixture.report(fixture.SAMPLE[2:]), Options(quiet=True)) == ""
    assert render("text", fixture.report(()), Options(quiet=True)) == ""
    assert render("text", fixture.report(), Options(quiet=True)) == render("text", fixture.report(), Options())


def test_what_is_only_recorded_is_only_counted() -> None:
    recorded = fixture.decision(fixture.DATA_RULE, fixture.location("a.py", 1), Level.RECORD, subject="s3://prod")
    text = render("text", fixture.report((recorded,)), Options())
    assert "1 recorded" in text
    assert "a.py" not in text


def test_the_first_line_names_the_base_and_the_next_what_it_was_limited_to() -> None:
    run = replace(fixture.RUN, base_note="No base: everything is judged.", only=("secret/*",))
    lines = render("text", fixture.report(run=run), Options()).splitlines()
    assert lines[:3] == ["No base: everything is judged.", "Only secret/* was looked for.", ""]


def test_files_that_were_not_read_are_said() -> None:
    summary = replace(fixture.report().summary, skipped=3)
    text = render("text", fixture.report((), summary=summary), Options())
    assert "Nothing to fix in what could be read.\n2 files, 31 cells, 3 not read" in text


def test_two_secrets_in_one_file_are_two_decisions() -> None:
    twice = tuple(
        fixture.decision(fixture.TOKEN_RULE, fixture.location("a.py", line), Level.BLOCK, subject="token")
        for line in (1, 2)
    )
    assert "2 block" in render("text", fixture.report(twice), Options())


def test_one_asset_in_two_files_is_one_warning_and_two_blocks() -> None:
    for level, count in ((Level.WARN, "1 warn (2 findings)"), (Level.BLOCK, "2 block")):
        twice = tuple(
            fixture.decision(fixture.TORCH_RULE, fixture.location(path, 1), level, asset="org/m")
            for path in ("a.py", "b.py")
        )
        assert f"\n{count} · " in render("text", fixture.report(twice), Options())


def test_files_with_blocks_come_before_files_with_warnings() -> None:
    mixed = (
        fixture.decision(fixture.REVISION_RULE, fixture.location("a.py", 1), asset="org/m"),
        fixture.decision(fixture.TORCH_RULE, fixture.location("z.py", 1), Level.BLOCK),
    )
    for options in (Options(), Options(verbose=True)):
        text = render("text", fixture.report(mixed), options)
        assert text.index("z.py") < text.index("a.py")


def test_more_than_fifty_groups_show_the_ten_worst_and_counts() -> None:
    report = fixture.report(many(63))
    text = render("text", report, Options())
    assert text.count("  BLOCK  ") == 7
    assert "56 warn   unpinned/model-revision" in text
    everything = render("text", report, Options(all=True))
    assert "org/m61" in everything
    assert "org/m61" not in text
    assert render("text", fixture.report(many(50)), Options()) == render(
        "text", fixture.report(many(50)), Options(all=True)
    )


def test_what_was_found_is_in_sight_however_long_its_line_is() -> None:
    for before in ("x = 1; " * 20, "é" * 100_000 + "; "):
        place = fixture.location("a.py", 1, column=len(before) + 1)
        long = fixture.decision(
            fixture.TORCH_RULE, place, Level.BLOCK, line_text=before + "torch.load(path)" + "; y" * 100_000
        )
        assert "    …torch.load(path); y" in render("text", fixture.report((long,)), Options())


def test_a_long_fix_is_its_first_sentence() -> None:
    rule = replace(
        fixture.TORCH_RULE, fix="Pass weights_only=True. " + "For other files there is something else to do. " * 9
    )
    long = fixture.decision(rule, fixture.location("a.py", 1), Level.BLOCK)
    assert "    Do: pass weights_only=True\n" in render("text", fixture.report((long,)), Options())
    assert "something else" in render("text", fixture.report((long,)), Options(verbose=True))


def test_no_line_talks_to_the_build_service() -> None:
    command = "::stop-commands::now ##[group]"
    lure = fixture.decision(
        fixture.TORCH_RULE, fixture.location(command, 1), Level.BLOCK, line_text=command, message=command
    )
    lines = render("text", fixture.report((lure,)), Options()).splitlines()
    assert sum("stop-commands" in line for line in lines) == 4
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


def test_only_commands_that_exist_are_named() -> None:
    text = render("text", fixture.report(fixture.EVERYTHING), Options(verbose=True))
    assert set(re.findall(r"\bmlgate (\w+)", text)) == {"explain", "waive"}


hostile = st.text(st.characters(), max_size=50) | st.just(fixture.HOSTILE) | st.just(fixture.WIDE)


def hostile_decision(words: list[str], level: Level, line: int, heading: str | None) -> Decision:
    path, message, source, asset = words
    place = fixture.location(path or "a", line, fixture.cell(line, 1, heading=heading) if heading is not None else None)
    made = fixture.decision(fixture.TORCH_RULE, place, level, asset=asset, line_text=source, message=message)
    return replace(made, finding=replace(made.finding, fix=message))


decisions = st.lists(
    st.builds(
        hostile_decision,
        st.lists(hostile, min_size=4, max_size=4),
        st.sampled_from((Level.WARN, Level.BLOCK)),
        st.integers(1, 99999),
        st.none() | hostile,
    ),
    max_size=3,
)


@settings(max_examples=60)
@given(decisions, st.integers(0, 130), st.booleans(), st.booleans())
def test_no_text_of_a_repository_breaks_the_page(
    found: list[Decision], columns: int, verbose: bool, ascii_only: bool
) -> None:
    options = Options(width=columns, verbose=verbose, ascii=ascii_only)
    text = render("text", fixture.report(tuple(found)), options)
    text.encode("utf-8")
    for line in text.split("\n"):
        assert width(line) <= max(columns or 80, 40)
        assert not {unicodedata.category(sign) for sign in line.replace("\u200d", "")} & {"Cc", "Cf", "Zl", "Zp", "Cs"}
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    assert text.isascii() or not ascii_only
