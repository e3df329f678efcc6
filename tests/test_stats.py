"""Statistics: exact numbers out of reports, whatever their order; and since when a finding is there."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from gitrepo import make_repository
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from program import run

from mlgate.model import Confidence, Finding, Location, Severity
from mlgate.verbs.stats import page, text
from mlgate.verbs.stats.count import statistics
from mlgate.verbs.stats.history import history, sampled
from mlgate.verbs.stats.reports import Assets, Lapsing, Seen, Snapshot

ROOT = Path(__file__).resolve().parents[1]
DAY = "2026-11-23"


def seen(rule: str, number: int, ignored: str = "", path: str = "a.py") -> Seen:
    return Seen(rule, f"1:{number:016x}", path, "warn", "new", ignored)


def snapshot(date: str, *found: Seen, repository: str = "acme/a", source: str = "") -> Snapshot:
    return Snapshot(repository, date, "", found, (), (), source or f"{repository}-{date}.json")


def numbers(*snapshots: Snapshot) -> dict[str, tuple[int, int, int, int, int]]:
    """New, existing, fixed, ever and false by rule."""
    found = statistics(snapshots, (), DAY, 14)
    return {one.rule: (one.new, one.existing, one.fixed, one.ever, one.false) for one in found.rules}


def test_of_one_report_what_it_calls_new_is_new() -> None:
    old = replace(seen("a/x", 2), status="existing")
    assert numbers(snapshot("2026-11-01", seen("a/x", 1), old)) == {"a/x": (1, 1, 0, 2, 0)}


def test_of_several_the_first_and_the_latest_are_compared() -> None:
    first = snapshot("2026-11-01", seen("a/x", 1), seen("a/x", 2), seen("b/y", 3))
    between = snapshot("2026-11-08", seen("a/x", 9))
    last = snapshot("2026-11-15", seen("a/x", 2), seen("a/x", 4), seen("a/x", 4))
    assert numbers(first, between, last) == {"a/x": (2, 1, 2, 5, 0), "b/y": (0, 0, 1, 1, 0)}


def test_a_rule_that_people_call_false_is_named_from_ten_findings_on() -> None:
    def report(count: int, false: int) -> Snapshot:
        marks = ["inline/false-positive"] * false + ["waiver/accepted-risk"] * (count - false)
        return snapshot("2026-11-01", *(seen("a/x", n, mark) for n, mark in enumerate(marks)))

    noisy = [
        (count, false)
        for count in (9, 10, 20)
        for false in (1, 2, 3)
        if statistics([report(count, false)], (), DAY, 14).rules[0].is_noisy
    ]
    assert noisy == [(10, 2), (10, 3), (20, 3)]
    (rule,) = statistics([report(10, 2)], (), DAY, 14).rules
    assert (rule.ignored, rule.false_rate) == ({"inline/false-positive": 2, "waiver/accepted-risk": 8}, 0.2)


def test_who_does_not_report_is_named() -> None:
    reports = [snapshot("2026-11-20"), snapshot("2026-11-01", repository="acme/b")]
    found = statistics(reports, ["acme/a", "acme/c"], DAY, 14)
    assert found.silent == (("acme/b", "2026-11-01"), ("acme/c", ""))


def test_paths_waivers_and_pins_are_those_of_the_latest_reports() -> None:
    waiver = Lapsing("acme/a", "W-1", "a/x", "@a", "expiring", "2026-12-01")
    old = replace(snapshot("2026-11-01", seen("a/x", 1, "inline/mitigated", "old.py")), assets=(Assets("model", 9, 0),))
    new = replace(
        snapshot("2026-11-08", seen("a/x", 1, "inline/mitigated"), seen("a/x", 2, "waiver/mitigated")),
        waivers=(waiver,),
        assets=(Assets("model", 4, 3), Assets("package", 1, 0)),
    )
    found = statistics([new, old], (), DAY, 14)
    assert (found.suppressed, found.lapsing, found.pinned) == (
        (("acme/a", "a.py", 2),),
        (waiver,),
        (Assets("model", 4, 3), Assets("package", 1, 0)),
    )


snapshots = st.lists(
    st.builds(
        lambda name, day, found, number: snapshot(
            f"2026-11-{day:02}", *found, repository=name, source=f"{number}.json"
        ),
        st.sampled_from(["acme/a", "acme/b"]),
        st.integers(1, 20),
        st.lists(
            st.builds(
                seen, st.sampled_from(["a/x", "b/y"]), st.integers(1, 4), st.sampled_from(["", "inline/false-positive"])
            ),
            max_size=5,
        ),
        st.integers(0, 10**6),
    ),
    max_size=6,
    unique_by=lambda one: one.source,
)


@given(snapshots, st.randoms(use_true_random=False))
def test_the_order_of_reports_never_matters(reports: list[Snapshot], chance: Any) -> None:
    mixed = list(reports)
    chance.shuffle(mixed)
    assert statistics(mixed, ["acme/c"], DAY, 14) == statistics(reports, ["acme/c"], DAY, 14)


@given(snapshots)
def test_every_finding_of_the_latest_reports_is_new_or_existing(reports: list[Snapshot]) -> None:
    found = statistics(reports, (), DAY, 14)
    latest: dict[str, Snapshot] = {}
    for one in sorted(reports, key=lambda one: (one.date, one.source)):
        latest[one.repository] = one
    assert sum(one.new + one.existing for one in found.rules) == sum(len(one.seen) for one in latest.values())
    assert all(one.false <= one.ever for one in found.rules)


# --- the page -------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Tags, what they refer to, and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.refers: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.refers += [
            value or ""
            for name, value in attrs
            if name in ("src", "href", "action", "data", "xlink:href") or name.startswith("on")
        ]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


HOSTILE = '<script src="http://evil.example/x.js">alert(1)</script>'


def test_the_page_needs_no_network_and_runs_nothing() -> None:
    reports = [
        replace(
            snapshot("2026-11-01", seen(HOSTILE, 1, "inline/mitigated", HOSTILE), repository=HOSTILE),
            waivers=(Lapsing(HOSTILE, HOSTILE, HOSTILE, HOSTILE, "expiring", "2026-12-01"),),
            assets=(Assets(HOSTILE, 4, 1),),
        )
    ]
    written = page.page(statistics(reports, [HOSTILE + "2"], DAY, 14))
    parser = Page()
    parser.feed(written)
    assert parser.refers == []
    assert set(parser.tags) & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    assert "url(" not in written and "@import" not in written
    assert HOSTILE in parser.texts
    assert parser.tags.count("svg") == 2
    assert "default-src 'none'" in written


# --- the installed command ------------------------------------------------------------------------------------------

LOADS = "import pickle\nrows = pickle.load(f)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Reports of one repository on two days, made by the program."""
    repository = make_repository(tmp_path / "r", {"a.py": LOADS, "b.py": "x = 1\n"})
    repository.git("remote", "add", "origin", "https://github.com/acme/ranker.git")
    reports = tmp_path / "reports"
    reports.mkdir()
    run(repository.root, "check", ".", "--as-of", "2026-11-01", "--format", f"json={reports / 'one.json'}")
    repository.write({"a.py": "x = 1\n", "b.py": LOADS + "more = pickle.load(g)\n"})
    run(repository.root, "check", ".", "--as-of", "2026-11-20", "--format", f"json={reports / 'two.json'}")
    return reports


def test_reports_of_the_program_are_counted(folder: Path) -> None:
    done = run(folder, "stats", ".", "--as-of", DAY, "--format", "json")
    data = json.loads(done.out)
    schema = json.loads((ROOT / "schemas" / "stats.schema.json").read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(data)
    (rule,) = data["rules"]
    assert (rule["rule"], rule["new"], rule["existing"], rule["fixed"]) == ("unsafe-load/pickle", 2, 0, 1)
    assert list(data["repositories"]) == ["acme/ranker"]
    said = run(folder, "stats", ".", "--as-of", DAY)
    assert said.out.startswith("2 reports of 1 repositories, on 2026-11-23\n")
    assert run(folder, "stats", ".", "--format", "html=stats.html").code == 0
    assert (folder / "stats.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("name", "held", "why"),
    [
        ("x.json", "{", "no report of mlgate, or cut short"),
        ("x.json", "[]", "no report of mlgate, or cut short"),
        ("x.json", '{"tool": {"name": "mlgate"}, "version": 2}', "no report of mlgate, version 1"),
        ("x.json", '{"tool": {"name": "other"}, "version": 1}', "no report of mlgate, version 1"),
    ],
)
def test_what_is_no_report_is_never_left_out_in_silence(folder: Path, name: str, held: str, why: str) -> None:
    (folder / name).write_text(held)
    done = run(folder, "stats", ".")
    assert (done.code, f"{name}: {why}" in done.err) == (2, True)


def test_no_report_at_all_is_an_error(tmp_path: Path) -> None:
    assert run(tmp_path, "stats", ".").code == 2
    assert run(tmp_path, "stats").code == 2
    assert run(tmp_path, "stats", "gone.json").code == 2


# --- history --------------------------------------------------------------------------------------------------------


def finding(rule: str, canonical: str, path: str = "a.py") -> Finding:
    return Finding(
        rule=rule, severity=Severity.HIGH, confidence=Confidence.HIGH, reason="", location=Location(path, 1, 1, 1, 9),
        subject="", canonical=canonical, fingerprint="1:0", subject_digest="", asset=None, origin=None, message="",
        fix="", line_text="",
    )  # fmt: skip


def test_a_move_does_not_restart_the_clock_and_a_second_one_has_its_own() -> None:
    commits = [("c1", "2026-01-01"), ("c2", "2026-02-01"), ("c3", "2026-03-01")]
    found = {
        "c1": [finding("a/x", "load")],
        "c2": [finding("a/x", "load", "moved/b.py"), finding("b/y", "gone")],
        "c3": [finding("a/x", "load", "moved/b.py"), finding("a/x", "load", "new.py")],
    }
    result = history(commits, found.__getitem__, None)
    assert [(one.finding.rule, one.date, one.is_older) for one in result.since] == [
        ("a/x", "2026-01-01", True),
        ("a/x", "2026-03-01", False),
    ]
    assert result.fixed == (("2026-03-01", "b/y", 1),)
    assert result.points == (("2026-01-01", "c1", 1), ("2026-02-01", "c2", 2), ("2026-03-01", "c3", 2))


def test_what_came_back_is_as_old_as_its_return() -> None:
    commits = [("c1", "2026-01-01"), ("c2", "2026-02-01"), ("c3", "2026-03-01")]
    found: dict[str, list[Finding]] = {"c1": [finding("a/x", "load")], "c2": [], "c3": [finding("a/x", "load")]}
    (since,) = history(commits, found.__getitem__, None).since
    assert (since.date, since.is_older) == ("2026-03-01", False)


def test_one_commit_for_so_many_days() -> None:
    commits = [("e", "2026-01-20"), ("d", "2026-01-19"), ("c", "2026-01-12"), ("b", "2026-01-05"), ("a", "2026-01-01")]
    assert sampled(commits, 7, 9) == (("b", "2026-01-05"), ("c", "2026-01-12"), ("e", "2026-01-20"))
    assert sampled(commits, 1, 2) == (("d", "2026-01-19"), ("e", "2026-01-20"))


def test_the_history_of_a_checkout(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "r")

    def commit(day: str, files: dict[str, str]) -> None:
        repository.write(files)
        repository.git("add", "--all")
        when = f"{day}T10:00:00Z"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        repository.git("commit", "--quiet", "--message", "x", environment=dates)

    commit("2026-01-01", {"src/a.py": LOADS})
    repository.git("mv", "src", "lib")
    commit("2026-01-10", {"b.py": "import torch\ntorch.load('x', weights_only=False)\n"})
    status = repository.git("status", "--porcelain")
    done = run(repository.root, "stats", "--history", "--format", "json")
    (one,) = json.loads(done.out)["history"].values()
    assert [(item["rule"], item["path"], item["since"], item["or_longer"]) for item in one["since"]] == [
        ("unsafe-load/pickle", "lib/a.py", "2026-01-01", True),
        ("unsafe-load/torch-load", "b.py", "2026-01-10", False),
    ]
    assert repository.git("status", "--porcelain") == status
    assert "<polyline" in run(repository.root, "stats", "--history", "--format", "html").out
    assert "2026-01-01 or longer  unsafe-load/pickle" in run(repository.root, "stats", "--history").out


def test_text_stays_within_the_terminal() -> None:
    reports = [snapshot("2026-11-01", seen("a/" + "x" * 100, 1, "inline/mitigated", "p" * 200), repository="r" * 90)]
    from mlgate.report.options import Options

    shown = text.text(statistics(reports, ["z" * 200], DAY, 14), Options(width=80))
    assert max(map(len, shown.splitlines())) <= 80
