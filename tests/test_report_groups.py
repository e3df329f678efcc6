"""One entry per decision: what is one, what are two, and that nothing is lost between findings and entries."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
import report_fixture as fixture
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from program import run

from mlgate.model import OR, Decision, Level
from mlgate.report import Options, names, places, render
from mlgate.report.columns import width
from mlgate.report.groups import MOST_BETWEEN, Entry, entries
from mlgate.report.order import by_place

PACKAGE_RULE = replace(
    fixture.REVISION_RULE,
    id="unpinned/package",
    asset=("package", "pypi"),
    message="{asset} is installed in whatever version is newest when this runs.",
    fix="Write the version you have.",
)
GIT_RULE = replace(PACKAGE_RULE, id="unpinned/package-git", asset=("package", "git"))
RULES = {rule.id: rule for rule in (*fixture.RULES, PACKAGE_RULE, GIT_RULE)}


def grouped(*decisions: Decision) -> tuple[Entry, ...]:
    return entries(fixture.report(decisions, rules=RULES))


def lines(*decisions: Decision, options: Options | None = None) -> list[str]:
    """The text report, without what is above and below its entries."""
    text = render("text", fixture.report(decisions, rules=RULES), options or Options())
    return text.split("\n\n", 1)[1].rsplit("\n\n", 1)[0].splitlines()


def load(
    index: int, line: int, asset: str | None = "org/m", path: str = "a.ipynb", level: Level = Level.BLOCK
) -> Decision:
    """A model loaded in line `line` of cell `index`."""
    place = fixture.location(path, index * 100 + line, fixture.cell(index, line))
    return fixture.decision(fixture.REVISION_RULE, place, level, asset=asset, line_text="AutoModel.from_pretrained(m)")


def installed(
    index: int, line: int, *packages: str, path: str = "a.ipynb", level: Level = Level.BLOCK
) -> tuple[Decision, ...]:
    """One command that installs `packages`, in line `line` of cell `index`; of a plain file where that is 0."""
    made = []
    for number, package in enumerate(packages):
        column = 5 + 9 * number
        cell = fixture.cell(index, line, column) if index else None
        place = fixture.location(path, index * 100 + line, cell, column)
        rule = GIT_RULE if package.startswith("https://") else PACKAGE_RULE
        text = f"!pip install {' '.join(packages)}"
        one = fixture.decision(rule, place, level, subject=package.rpartition("/")[2], asset=package, line_text=text)
        made.append(replace(one, finding=replace(one.finding, fingerprint=f"{one.finding.fingerprint}{number}")))
    return tuple(made)


def split(entry: Entry) -> list[tuple[str, int]]:
    return [(one.finding.location.path, one.finding.location.line) for one in entry.decisions]


# --- what is one decision --------------------------------------------------------------------------------------------


def test_five_loads_of_one_repository_are_one_entry_with_five_places() -> None:
    five = [load(2, 3), load(2, 7), load(4, 1), load(9, 2), load(12, 5)]
    assert lines(*five) == [
        "a.ipynb",
        "",
        "  BLOCK  unpinned/model-revision                               cell 2, line 3",
        "    AutoModel.from_pretrained(m)",
        "    org/m may be another model tomorrow.",
        '    Do: pass revision="<commit>"',
        "    And 4 more places: cell 2 line 7, cell 4 line 1, cell 9 line 2,",
        "      cell 12 line 5",
    ]
    warned = [replace(one, level=Level.WARN) for one in five]
    assert lines(*warned)[2:] == [
        "  1 warning to look at, nothing that stops you:",
        "    unpinned/model-revision  org/m, 5 places",
        "                             cells 2, 4, 9, 12",
    ]


def test_packages_installed_in_one_cell_are_one_entry() -> None:
    cell = (*installed(5, 1, "einops", "datasets"), *installed(5, 2, "tqdm"))
    assert lines(*cell) == [
        "a.ipynb",
        "",
        "  BLOCK  unpinned/package                                      cell 5, line 1",
        "    !pip install einops datasets",
        "    einops is installed in whatever version is newest when this runs.",
        "    The same is true of datasets and tqdm.",
        "    Do: write the version you have",
        "    And 1 more place: cell 5 line 2",
    ]
    warned = [replace(one, level=Level.WARN) for one in cell]
    assert lines(*warned)[2:] == [
        "  1 warning to look at, nothing that stops you:",
        "    unpinned/package  einops, datasets, tqdm, 2 places",
        "                      cell 5",
    ]


def test_packages_of_another_cell_are_another_entry() -> None:
    found = grouped(*installed(5, 1, "einops", "datasets"), *installed(6, 1, "tqdm"))
    assert [entry.names for entry in found] == [("einops", "datasets"), ("tqdm",)]


def test_cells_that_install_the_same_are_one_entry() -> None:
    found = grouped(*installed(5, 1, "einops", "tqdm"), *installed(8, 1, "tqdm", "einops"))
    assert [(entry.names, split(entry)) for entry in found] == [
        (("einops", "tqdm"), [("a.ipynb", 501), ("a.ipynb", 501), ("a.ipynb", 801), ("a.ipynb", 801)])
    ]


def test_packages_from_addresses_are_called_by_their_names_where_they_are_several() -> None:
    urls = ("https://github.com/org/peft", "https://github.com/org/trl")
    assert [entry.names for entry in grouped(*installed(5, 1, *urls))] == [("peft", "trl")]
    assert [entry.names for entry in grouped(*installed(5, 1, urls[0]))] == [(urls[0],)]
    forks = ("https://github.com/org/peft", "https://github.com/fork/peft")
    assert [entry.names for entry in grouped(*installed(5, 1, *forks, urls[1]))] == [(*forks, "trl")]


def test_what_is_told_of_one_package_only_is_told_of_it_alone() -> None:
    first, second = installed(5, 1, "einops", "tqdm")
    told = replace(second, finding=replace(second.finding, message="tqdm is installed from somewhere else."))
    assert [entry.names for entry in grouped(first, told)] == [("einops",), ("tqdm",)]


@pytest.mark.parametrize(("between", "runs"), [(0, 1), (MOST_BETWEEN, 1), (MOST_BETWEEN + 1, 2)])
def test_packages_of_one_run_of_lines_are_one_entry(between: int, runs: int) -> None:
    script = (*installed(0, 1, "a", path="setup.sh"), *installed(0, 2 + between, "b", path="setup.sh"))
    assert len(grouped(*script)) == runs


def test_a_run_goes_on_over_installs_of_another_kind() -> None:
    script = [
        one
        for line, name in enumerate(("a", "https://x.org/b", "https://x.org/c", "https://x.org/d", "e"), 1)
        for one in installed(0, line, name, path="setup.sh")
    ]
    assert [entry.names for entry in grouped(*script)] == [("a", "e"), ("b", "c", "d")]


def test_what_blocks_is_put_right_file_by_file() -> None:
    for level, found in (
        (Level.WARN, [[("a.ipynb", 101), ("b.ipynb", 101)]]),
        (Level.BLOCK, [[("a.ipynb", 101)], [("b.ipynb", 101)]]),
    ):
        both = [load(1, 1, path=path, level=level) for path in ("a.ipynb", "b.ipynb")]
        assert [split(entry) for entry in grouped(*both)] == found


def test_one_secret_in_three_places_is_one_decision_and_two_that_look_the_same_are_two() -> None:
    def token(line: int, digest: str) -> Decision:
        made = fixture.decision(fixture.TOKEN_RULE, fixture.location("a.py", line), Level.BLOCK, subject="hf_***")
        return replace(made, finding=replace(made.finding, subject_digest=digest))

    found = grouped(token(1, "one"), token(2, "another"), token(3, "one"), token(4, "one"))
    assert [split(entry) for entry in found] == [[("a.py", 1), ("a.py", 3), ("a.py", 4)], [("a.py", 2)]]


@pytest.mark.parametrize(("asset", "number"), [(None, 1), ("{…}/model.pth", 1), ("org/" + "name" * 28 + "…", 2)])
def test_what_has_no_name_is_told_once_and_what_was_cut_is_not_taken_for_the_same(
    asset: str | None, number: int
) -> None:
    assert len(grouped(load(1, 1, asset=asset), load(2, 1, asset=asset))) == number


DIFFERENCES: dict[str, dict[str, object]] = {
    "level": {"level": Level.BLOCK},
    "status": {"status": "existing"},
    "rule": {"rule": "unpinned/model-without-revision"},
    "asset": {"asset": "org/other"},
    "fix": {"fix": "Do something else."},
    "message": {"message": "Something else is wrong with org/m."},
}


@pytest.mark.parametrize("difference", DIFFERENCES)
@pytest.mark.parametrize("package", [False, True])
def test_whatever_is_different_makes_two_decisions(package: bool, difference: str) -> None:
    one, other = (
        installed(index, 1, "org/m", level=Level.WARN)[0] if package else load(index, 1, level=Level.WARN)
        for index in (1, 2)
    )
    assert len(grouped(one, other)) == 1
    for name, value in DIFFERENCES[difference].items():
        if name in ("level", "status"):
            other = replace(other, **{name: value})
        else:
            other = replace(other, finding=replace(other.finding, **{name: value}))
    assert len(grouped(one, other)) == 2
    in_one_cell = replace(other, finding=replace(other.finding, location=one.finding.location))
    assert len(grouped(one, in_one_cell)) == 2


def test_things_without_an_asset_are_told_apart_by_their_names() -> None:
    made = [load(index, 1, asset=None) for index in (1, 2)]
    one, other = (
        replace(each, finding=replace(each.finding, subject=name)) for each, name in zip(made, ("a", "b"), strict=True)
    )
    assert [entry.names for entry in grouped(one, other)] == [("a",), ("b",)]


def test_old_and_new_are_two_decisions_and_said_to_be() -> None:
    new, old = load(1, 1, level=Level.WARN), replace(load(2, 1, level=Level.WARN), status="existing")
    assert lines(new, old)[2:] == [
        "  2 warnings to look at, nothing that stops you:",
        "    unpinned/model-revision  org/m · cell 1",
        "    unpinned/model-revision  org/m, already there · cell 2",
    ]
    blocked = lines(replace(new, level=Level.BLOCK), replace(old, level=Level.BLOCK))
    assert [line for line in blocked if "before" in line] == ["    It was there before this change."]


def test_what_is_told_of_one_asset_under_two_names_stays_in_order() -> None:
    made = installed(5, 1, "m", "m", "m")
    found = grouped(
        *(
            replace(one, finding=replace(one.finding, subject=subject, message="m is installed with x."))
            for one, subject in zip(made, ("x", "y", "x"), strict=True)
        )
    )
    assert [[one.finding.subject for one in entry.decisions] for entry in found] == [["x", "y", "x"]]


# --- laws ------------------------------------------------------------------------------------------------------------

few = st.sampled_from


@st.composite
def findings(draw: st.DrawFn) -> list[Decision]:
    """Decisions at places of their own, that agree in most things."""
    made = []
    for number in range(draw(st.integers(0, 14))):
        rule = draw(few((fixture.REVISION_RULE, fixture.TOKEN_RULE, PACKAGE_RULE, GIT_RULE)))
        path, line = draw(few(("a.ipynb", "b.py", "c.py"))), draw(st.integers(1, 8))
        cell = fixture.cell(1 + line // 3, line) if path == "a.ipynb" else None
        one = fixture.decision(
            rule,
            fixture.location(path, line, cell, column=1 + number),
            draw(few((Level.BLOCK, Level.BLOCK, Level.WARN, Level.RECORD))),
            subject=draw(few(("x", "y"))),
            asset=draw(few((None, None, "x", "x", "y", f"x{OR}y"))),
            status=draw(few(("new", "new", "new", "existing"))),
            message=draw(few(("This is loaded.", "This is loaded.", "x is loaded.", "y is loaded."))),
        )
        finding = replace(
            one.finding,
            fix=draw(few(("Do.", "Do.", "Do.", "Undo."))),
            subject_digest=draw(few(("1", "2"))),
            fingerprint=f"1:{number:016x}",
        )
        made.append(replace(one, finding=finding))
    return made


@given(findings())
def test_each_finding_that_is_shown_is_in_exactly_one_entry(found: list[Decision]) -> None:
    covered = Counter(one for entry in grouped(*found) for one in entry.decisions)
    assert covered == Counter(one for one in found if one.level >= Level.WARN)


@given(findings())
def test_entries_and_what_is_in_them_are_in_order_of_place(found: list[Decision]) -> None:
    every = grouped(*found)
    assert [entry.first for entry in every] == sorted((entry.first for entry in every), key=by_place)
    for entry in every:
        assert [*entry.decisions] == sorted(entry.decisions, key=by_place)


@given(findings())
def test_two_different_decisions_never_share_an_entry(found: list[Decision]) -> None:
    for entry in grouped(*found):
        first = entry.first
        is_install = first.finding.rule in (PACKAGE_RULE.id, GIT_RULE.id)
        for one in entry.decisions:
            assert (one.level, one.status) == (first.level, first.status)
            assert (one.finding.rule, one.finding.fix) == (first.finding.rule, first.finding.fix)
            assert one.level is Level.WARN or one.finding.location.path == entry.path
            assert (one.finding.asset, one.finding.message) == (
                first.finding.asset,
                first.finding.message,
            ) or is_install
            assert one.finding.asset is not None or one.finding.subject == first.finding.subject or is_install
            assert (
                one.finding.rule != fixture.TOKEN_RULE.id or one.finding.subject_digest == first.finding.subject_digest
            )


@given(findings())
def test_one_decision_is_never_shown_twice(found: list[Decision]) -> None:
    shown = Counter(
        (
            entry.path if entry.level is Level.BLOCK else "",
            (entry.finding.rule, entry.level, entry.first.status, entry.finding.fix, entry.finding.message),
            (entry.finding.asset, entry.finding.subject if entry.finding.asset is None else ""),
        )
        for entry in grouped(*found)
        if entry.finding.rule == fixture.REVISION_RULE.id
    )
    assert set(shown.values()) <= {1}


@given(findings(), st.randoms(use_true_random=False))
def test_the_order_of_findings_changes_no_report(found: list[Decision], order: random.Random) -> None:
    turned = order.sample(found, len(found))
    for name in ("text", "github"):
        texts = [render(name, fixture.report(tuple(one), rules=RULES), Options()) for one in (found, turned)]
        assert texts[0] == texts[1]


# --- names and places in their room ----------------------------------------------------------------------------------


def test_more_places_than_are_listed_are_counted() -> None:
    many = [load(1, line) for line in range(1, 31)]
    assert lines(*many)[6:] == [
        "    And 29 more places, --all lists them: cell 1 line 2, cell 1 line 3,",
        "      cell 1 line 4, cell 1 line 5, cell 1 line 6, cell 1 line 7, cell 1 line 8,",
        "      cell 1 line 9, …",
    ]
    for options in (Options(all=True), Options(verbose=True)):
        every = " ".join(" ".join(lines(*many, options=options)).split())
        assert "And 29 more places: " + ", ".join(f"cell 1 line {line}" for line in range(2, 31)) in every


def test_two_findings_of_one_line_are_one_place() -> None:
    twice = [load(1, 1), replace(load(1, 1), finding=replace(load(1, 1).finding, fingerprint="1:0"))]
    assert places.also(twice, False, str, "…") == []
    assert "\n1 block (2 findings) · " in render("text", fixture.report(tuple(twice)), Options())


def test_places_in_other_files_come_with_their_paths() -> None:
    plain = [
        fixture.decision(fixture.REVISION_RULE, fixture.location(path, line), asset="org/m")
        for path, line in (("b.py", 3), ("b.py", 9), ("c.py", 4), ("d.py", 5), ("d.py", 6))
    ]
    cells = [load(1, 1), load(3, 2), load(3, 5, path="b.ipynb"), load(4, 5, path="b.ipynb")]
    assert " ".join(places.also((*cells, *plain), True, str, "…")) == (
        "And 8 more places: cell 3 line 2; b.ipynb cell 3 line 5, cell 4 line 5; b.py lines 3, 9; c.py:4; "
        "d.py lines 5, 6"
    )


@pytest.mark.parametrize(
    ("room", "where"),
    [
        (90, "examples/language_modeling_from_scratch.ipynb cells 2, 14, 30; b.ipynb cell 1; c.py:7"),
        (70, "…language_modeling_from_scratch.ipynb cells 2, 14, 30 and 2 more files"),
        (52, "…from_scratch.ipynb cells 2, 14, 30 and 2 more files"),
        (51, "…rom_scratch.ipynb cells 2, 14, 30 and 2 more files"),
        (50, "…rom_scratch.ipynb cells 2, 14, … and 2 more files"),
        (40, "…ratch.ipynb cells 2, … and 2 more files"),
    ],
)
def test_one_line_of_places_says_what_it_leaves_out(room: int, where: str) -> None:
    long = "examples/language_modeling_from_scratch.ipynb"
    found = [load(2, 1, path=long), load(14, 1, path=long), load(30, 1, path=long), load(1, 1, path="b.ipynb")]
    found.append(fixture.decision(fixture.REVISION_RULE, fixture.location("c.py", 7)))
    files = places.in_files(places.distinct(found), lines=False)
    assert places.in_one_line(files, "", room, str, "…") == where


@pytest.mark.parametrize(
    ("listed", "room", "shown"),
    [
        (("a", "b", "c"), 20, "a, b, c"),
        (("einops", "datasets", "tqdm"), 20, "einops and 2 more"),
        (("einops", "datasets", "tqdm"), 24, "einops, datasets, tqdm"),
        (("einops", "datasets", "tqdm", "x"), 23, "einops and 3 more"),
        (("distilgpt2 or gpt2",), 20, "distilgpt2 or gpt2"),
        (("distilgpt2 or distilroberta-base",), 30, "distilgpt2 or 1 more"),
        (("https://github.com/huggingface/peft.git",), 24, "https://gith…ce/peft.git"),
        (("分類モデル/学習評価",), 12, "分類モ…評価"),
    ],
)
def test_one_line_of_names_says_what_it_leaves_out(listed: tuple[str, ...], room: int, shown: str) -> None:
    assert names.in_one_line(listed, room, "…") == shown


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6), st.integers(12, 60))
def test_names_fit_into_their_room(listed: list[str], room: int) -> None:
    assert width(names.in_one_line(listed, room, "…")) <= room


def test_a_sentence_lists_a_dozen_names_unless_every_one_is_wanted() -> None:
    listed = [f"p{number}" for number in range(1, 15)]
    assert names.sentence(listed, False) == "p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12 and 2 more"
    assert names.sentence(listed, True).endswith("p12, p13 and p14")
    assert [names.sentence(listed[:number], False) for number in (1, 2)] == ["p1", "p1 and p2"]


@settings(max_examples=60)
@given(
    st.lists(st.text(max_size=60) | few((fixture.HOSTILE, fixture.WIDE, "…" * 90)), min_size=1, max_size=20),
    few((Level.WARN, Level.BLOCK)),
    st.booleans(),
    few((40, 80)),
)
def test_entries_of_many_names_and_places_stay_within_the_page(
    packages: list[str], level: Level, verbose: bool, columns: int
) -> None:
    found = [one for line, name in enumerate(packages, 1) for one in installed(3, line, name, level=level)]
    found += [load(4, line, asset=packages[0] + OR + packages[-1], level=level) for line in range(len(packages))]
    for shown in render(
        "text", fixture.report(tuple(found), rules=RULES), Options(width=columns, verbose=verbose)
    ).splitlines():
        assert width(shown) <= columns


# --- the other formats -----------------------------------------------------------------------------------------------


def test_an_annotation_is_a_decision_and_says_where_else() -> None:
    text = render(
        "github", fixture.report((*installed(5, 1, "a", "b"), load(6, 1), load(7, 2)), rules=RULES), Options()
    )
    assert [line.partition("::")[2].partition("::")[2] for line in text.splitlines()] == [
        "a is installed in whatever version is newest when this runs.%0AThe same is true of b.%0A"
        "Cell 5, line 1%0ADo: Write the version you have.",
        'org/m may be another model tomorrow.%0ACell 6, line 1%0ADo: Pass revision="<commit>".%0A'
        "And 1 more place: cell 7 line 2",
    ]


@pytest.mark.parametrize(("number", "announced"), [(10, False), (11, True)])
def test_what_github_leaves_out_is_announced(number: int, announced: bool) -> None:
    found = [load(index, 1, asset=f"org/m{index}") for index in range(1, number + 1)]
    found.append(load(99, 1, level=Level.WARN))
    text = render("github", fixture.report(tuple(found)), Options()).splitlines()
    notice = (
        f"::notice title=mlgate::{number} block and 1 warn. "
        "GitHub shows the worst 10 of each; the log of this step has every one."
    )
    assert [line for line in text if line.startswith("::notice")] == [notice] * announced
    assert sum(line.startswith("::error ") for line in text) == number


def test_only_reports_for_people_are_grouped(tmp_path: Path) -> None:
    """Five loads and a cell of pip lines: two decisions in words, eight findings for programs."""
    (tmp_path / ".mlgate.yaml").write_text(
        'kind: Policy\nversion: 1\nid: acme\nowner: "@acme/ml"\nextends: none\nrules:\n'
        "  unpinned/model-revision: {level: block}\n  unpinned/package: {level: warn}\n"
    )
    sources = ["!pip install einops tqdm\n", "!pip install datasets\n"], ["from transformers import AutoModel\n"]
    load_it = ["AutoModel.from_pretrained('jdoe/m')\n"]
    cells = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in (*sources, load_it, load_it * 2, load_it * 2)
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    done = run(
        tmp_path, "check", "a.ipynb", "--format", "text", "--format", "json=r.json", "--format", "sarif=r.sarif",
        "--format", "github=r.txt",
    )  # fmt: skip
    assert done.code == 1
    assert [line for line in done.out.splitlines() if "more place" in line or " · 1 file" in line] == [
        "    And 4 more places: cell 4 line 1, cell 4 line 2, cell 5 line 1,",
        "1 block, 1 warn (8 findings) · 1 file, 5 cells · policy acme " + done.out.split("policy acme ")[1][:7],
    ]
    assert "unpinned/package  einops, tqdm, datasets, 2 places\n" in done.out
    assert json.loads((tmp_path / "r.json").read_text())["summary"]["by_level"] == {"block": 5, "warn": 3, "record": 0}
    assert len(json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"]) == 8
    assert len((tmp_path / "r.txt").read_text().splitlines()) == 2
