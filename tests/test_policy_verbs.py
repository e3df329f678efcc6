"""`policy show`, `policy diff` and `explain` of a finding, as their users read them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import Repository, make_repository
from program import run

from mlgate.cascade import Bundle
from mlgate.loosening import loosenings
from mlgate.policy import load
from mlgate.policy.sources import InMemory

ROOT = """\
kind: Policy
version: 1
id: acme
owner: "@acme/sec"
help: "#ask"
extends: none
rules:
  "*": { level: record, waivable: inline }
  unsafe-load/*: { level: { warn: 2026-09-01, block: 2027-01-12 }, waivable: file, loosest: { level: warn } }
  unpinned/model-revision: { level: warn, params: { trusted-orgs: [acme] } }
---
kind: Policy
version: 1
id: lab
owner: "@acme/lab"
extends: acme
scope: { paths: ["lab/**"] }
rules:
  unpinned/model-revision: { level: block }
"""
CODE = "import pickle\nfrom transformers import AutoModel\nrows = pickle.load(f)\nAutoModel.from_pretrained('jdoe/x')\n"
DAY = ("--as-of", "2026-11-23")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "r", {".mlgate.yaml": ROOT, "a.py": CODE, "lab/b.py": CODE})


# --- show -----------------------------------------------------------------------------------------------------------


def rows(text: str) -> dict[str, list[str]]:
    return {words[0]: words[1:] for line in text.splitlines() if len(words := line.split()) >= 5 and "yaml:" in line}


def test_what_holds_in_a_file_and_which_line_says_so(repository: Repository) -> None:
    elsewhere, lab = (rows(run(repository.root, "policy", "show", path, *DAY).out) for path in ("a.py", "lab/b.py"))
    assert elsewhere["*"] == ["record", "record", "inline", ".mlgate.yaml:8"]
    assert elsewhere["unsafe-load/*"] == ["warn", "record", "file", ".mlgate.yaml:9"]
    assert elsewhere["unpinned/model-revision"] == ["warn", "record", "inline", ".mlgate.yaml:10"]
    assert lab["unpinned/model-revision"] == ["block", "record", "inline", ".mlgate.yaml:19", "*"]


def test_the_day_is_part_of_the_question(repository: Repository) -> None:
    levels = [
        rows(run(repository.root, "policy", "show", "--as-of", day).out)["unsafe-load/*"][0]
        for day in ("2026-08-31", "2026-09-01", "2027-01-11", "2027-01-12")
    ]
    assert levels == ["record", "warn", "warn", "block"]


def test_overlays_parameters_and_the_place_are_said(repository: Repository) -> None:
    said = run(repository.root, "policy", "show", "a.py", *DAY).out
    assert said.startswith(
        "acme, .mlgate.yaml, owner @acme/sec\noverlay lab, .mlgate.yaml, owner @acme/lab (not in this file)\n"
        "in a.py into main on 2026-11-23\n"
    )
    assert "\nParameters\n  unpinned/model-revision trusted-orgs: acme\n" in said


# --- diff -----------------------------------------------------------------------------------------------------------


def test_a_ref_against_the_work_tree(repository: Repository) -> None:
    repository.write(
        {
            ".mlgate.yaml": ROOT.replace("level: warn, params", "level: block, params").replace(
                "loosest: { level: warn }", "loosest: { level: record }"
            )
        }
    )
    done = run(repository.root, "policy", "diff", "HEAD", ".mlgate.yaml", *DAY)
    assert done.out == (
        "HEAD → .mlgate.yaml, over 1 repository\n"
        "\n"
        "  stricter  rules/unpinned/model-revision/level: warn → block (unpinned/model-revision)\n"
        "  looser    rules/unsafe-load/*/loosest/level: warn → record (77 rules)\n"
        "\n"
        ".mlgate.yaml newly blocks 1 finding:\n"
        "     1  unpinned/model-revision  r\n"
        "        a.py, line 4: jdoe/x (warn → block)\n"
    )


def test_what_a_parameter_releases(repository: Repository) -> None:
    repository.write({".mlgate.yaml": ROOT.replace("[acme]", "[acme, jdoe]")})
    data = json.loads(run(repository.root, "policy", "diff", "HEAD", ".", *DAY, "--format", "json").out)
    assert [(one["rule"], one["path"], one["was"], one["now"]) for one in data["moves"]] == [
        ("unpinned/model-revision", "a.py", "warn", "off"),
        ("unpinned/model-revision", "lab/b.py", "block", "off"),
    ]
    assert [one["what"] for one in data["looser"]] == ["rules/unpinned/model-revision/params/trusted-orgs"]


def test_over_reports_deciding_is_enough_and_what_it_cannot_see_is_said(repository: Repository, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run(repository.root, "check", ".", *DAY, "--format", f"json={report}")
    stricter, other = tmp_path / "stricter.yaml", tmp_path / "other.yaml"
    old = tmp_path / "old.yaml"
    old.write_text(ROOT)
    stricter.write_text(ROOT.replace("block: 2027-01-12", "block: 2026-11-03"))
    other.write_text(ROOT.replace("[acme]", "[acme, jdoe]"))
    done = run(tmp_path, "policy", "diff", "old.yaml", "stricter.yaml", "report.json", *DAY)
    assert "stricter.yaml newly blocks 2 findings:\n     2  unsafe-load/pickle  report\n" in done.out
    assert "Rules or parameters differ" not in done.out
    assert "Rules or parameters differ" in run(tmp_path, "policy", "diff", "old.yaml", "other.yaml", "report.json").out


def test_markdown_has_a_section_for_each_repository_and_no_foreign_markup(tmp_path: Path) -> None:
    name = "we|rd`<b>"
    make_repository(tmp_path / name, {"a.py": CODE})
    make_repository(tmp_path / "plain", {"a.py": "x = 1\n"})
    (tmp_path / "old.yaml").write_text(ROOT)
    (tmp_path / "new.yaml").write_text(ROOT.replace("level: warn, params", "level: block, params"))
    done = run(tmp_path, "policy", "diff", "old.yaml", "new.yaml", name, "plain", *DAY, "--format", "markdown")
    assert "### we\\|rd\\`\\<b\\>: newly blocks 1\n" in done.out
    assert "### plain: nothing changes\n" in done.out
    assert "| blocked | `unpinned/model-revision` | 1 | `a.py, line 4: jdoe/x (warn → block)` |" in done.out


def test_what_is_no_policy_is_said(repository: Repository) -> None:
    done = run(repository.root, "policy", "diff", "HEAD", "nowhere")
    assert (done.code, done.err) == (
        2,
        "mlgate: nowhere: no file, no folder, no URL@<commit>, and no commit of this repository\n",
    )


# --- the semantic difference ----------------------------------------------------------------------------------------


def bundle(text: str) -> Bundle:
    return load("x", files=InMemory({}, ""), source_files=(InMemory({"p.yaml": text.encode()}, ""), "")).bundle


SAME = {
    "order and layout": ROOT.replace('  "*": { level: record, waivable: inline }\n', "").replace(
        "rules:\n  unsafe", 'rules:\n  "*":\n    waivable: inline\n    level: record\n  unsafe', 1
    ),
    "owners and help": ROOT.replace("#ask", "#other").replace("@acme/sec", "@acme/other"),
    "a date that is past": ROOT.replace("warn: 2026-09-01", "warn: 2026-08-01"),
    "a key that says what holds": ROOT.replace("rules:\n", "rules:\n  data/*: { level: record }\n", 1),
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_is_no_difference(name: str) -> None:
    assert SAME[name] != ROOT
    assert loosenings(bundle(ROOT), bundle(SAME[name]), "2026-11-23") == ()
    assert loosenings(bundle(SAME[name]), bundle(ROOT), "2026-11-23") == ()


def test_a_later_date_is_looser_from_the_earlier_one_on() -> None:
    (one,) = loosenings(bundle(ROOT), bundle(ROOT.replace("2027-01-12", "2027-03-02")), "2026-11-23")
    assert (one.what, one.was, one.now) == ("rules/unsafe-load/*/level", "block", "warn on 2027-01-12")


def test_a_wider_scope_of_a_tightening_overlay_is_no_loss_and_a_narrower_is() -> None:
    wide = ROOT.replace('paths: ["lab/**"]', 'paths: ["lab/**", "more/**"]')
    assert loosenings(bundle(ROOT), bundle(wide), "2026-11-23") == ()
    assert [one.what for one in loosenings(bundle(wide), bundle(ROOT), "2026-11-23")] == ["overlay lab"]


# --- explain --------------------------------------------------------------------------------------------------------


def test_a_finding_is_explained_by_its_place_and_by_its_fingerprint(repository: Repository) -> None:
    by_place = run(repository.root, "explain", "a.py:3", *DAY)
    assert by_place.out == (
        "warn  unsafe-load/pickle\n"
        "  a.py, line 3\n"
        "    rows = pickle.load(f)\n"
        "  Unpickling runs any code inside it.\n"
        "  It is shown, and stops nothing.\n"
        "Because\n"
        "  1 high confidence\n"
        "  2 acme: rules/unsafe-load/*: level warn (.mlgate.yaml:9)\n"
        "  3 from Tue 12 January on: block\n" + by_place.out[by_place.out.index("Do: ") :]
    )
    report = json.loads(run(repository.root, "check", "a.py", *DAY, "--format", "json").out)
    (pickle,) = [one["fingerprint"] for one in report["findings"] if one["rule"] == "unsafe-load/pickle"]
    assert run(repository.root, "explain", pickle, *DAY).out == by_place.out
    assert by_place.out.endswith(
        f"Rule: mlgate explain unsafe-load/pickle\nWrong or urgent? mlgate waive {pickle}\nAsk a person: #ask\n"
    )


def test_the_trace_has_at_most_eight_lines(repository: Repository) -> None:
    for path in ("a.py", "lab/b.py"):
        report = json.loads(run(repository.root, "check", path, *DAY, "--format", "json").out)
        assert max(len(one["trace"]) for one in report["findings"]) < 8


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("a.py:1", "a.py:1: nothing is found in this line; it has findings in line 3, 4"),
        ("1:0123456789abcdef", "1:0123456789abcdef: no finding here has this fingerprint"),
        ("gone.py:3", "gone.py: no such file or folder"),
    ],
)
def test_what_is_not_found_is_said(repository: Repository, what: str, why: str) -> None:
    done = run(repository.root, "explain", what, *DAY)
    assert (done.code, why in done.err) == (2, True), done.err
