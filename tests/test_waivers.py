"""A waiver's life: asked for, in force, announced, graced, over; counted, and missed when it is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gitrepo import Repository, make_repository
from program import run

POLICY = """\
kind: Policy
version: 1
id: acme
owner: "@acme/sec"
extends: none
rules:
  "*": { level: "off" }
  unsafe-load/*: { level: block, waivable: file }
  governance/stale-waiver: { level: warn }
waivers: { grace-days: 7 }
"""
WAIVER = """\
kind: Waivers
version: 1
waivers:
  - id: W-1
    rule: unsafe-load/pickle
    paths: ["legacy/*.py"]
    limit: 2
    type: accepted-risk
    reason: The ranker of 2023 ships as a pickle.
    owner: "@acme/ranking"
    from: 2026-09-15
    expires: 2026-11-30
"""
LOAD = "import pickle\nrows = pickle.load(f)\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(
        tmp_path / "r",
        {".mlgate.yaml": POLICY, ".mlgate/waivers.yaml": WAIVER, "legacy/a.py": LOAD, "legacy/b.py": LOAD},
    )


def judged(repository: Repository, day: str, *arguments: str) -> Any:
    import json

    done = run(repository.root, "check", *(arguments or (".",)), "--as-of", day, "--format", "json")
    return json.loads(done.out)


def levels(report: Any) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Level and state of the no, by rule and path."""
    return {
        (one["rule"], one["location"]["path"]): (one["level"], one["suppression"] and one["suppression"]["state"])
        for one in report["findings"]
    }


PICKLES = [("unsafe-load/pickle", "legacy/a.py"), ("unsafe-load/pickle", "legacy/b.py")]
STALE = ("governance/stale-waiver", ".mlgate/waivers.yaml")


@pytest.mark.parametrize(
    ("day", "outcome", "state", "stale"),
    [
        ("2026-09-14", ("block", None), "future", None),
        ("2026-09-15", ("record", "accepted"), "in-force", None),
        ("2026-11-15", ("record", "accepted"), "in-force", None),
        ("2026-11-16", ("record", "expiring"), "expiring", None),
        ("2026-11-30", ("record", "expiring"), "expiring", None),
        ("2026-12-01", ("warn", "lapsed"), "grace", "has ended: its last day was 2026-11-30."),
        ("2026-12-07", ("warn", "lapsed"), "grace", "has ended: its last day was 2026-11-30."),
        ("2026-12-08", ("block", "lapsed"), "expired", "has ended: its last day was 2026-11-30."),
    ],
)
def test_every_day_of_its_life(
    repository: Repository, day: str, outcome: tuple[str, str | None], state: str, stale: str | None
) -> None:
    report = judged(repository, day)
    found = levels(report)
    assert [found[one] for one in PICKLES] == [outcome, outcome]
    assert [(one["state"], one["covers"]) for one in report["waivers"]] == [(state, 2)]
    said = [one["message"] for one in report["findings"] if one["rule"] == STALE[0]]
    assert said == ([f"Waiver W-1 for unsafe-load/pickle {stale}"] if stale else [])


def test_over_its_limit_it_covers_none(repository: Repository) -> None:
    repository.commit({"legacy/c.py": LOAD})
    report = judged(repository, "2026-11-01")
    assert {level for (rule, _), (level, _) in levels(report).items() if rule == "unsafe-load/pickle"} == {"block"}
    (stale,) = [one["message"] for one in report["findings"] if one["rule"] == STALE[0]]
    assert stale == "Waiver W-1 for unsafe-load/pickle covers none: it was written for 2 findings, and 3 are there."


def test_its_limit_is_counted_in_the_whole_repository_whatever_was_asked(repository: Repository) -> None:
    repository.commit({"legacy/c.py": LOAD})
    report = judged(repository, "2026-11-01", "legacy/c.py")
    assert levels(report) == {("unsafe-load/pickle", "legacy/c.py"): ("block", None), STALE: ("warn", None)}
    assert report["run"]["notes"] == [
        "Whether every waiver is still needed was not looked at: that takes the whole repository."
    ]


def test_one_that_is_not_needed_is_told_and_stays_where_it_was_before(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit({"legacy/a.py": "x = 1\n", "legacy/b.py": "x = 1\n"})
    report = judged(repository, "2026-11-01", "--base", "main")
    assert [(one["rule"], one["status"]) for one in report["findings"]] == [("governance/stale-waiver", "new")]
    repository.git("checkout", "--quiet", "-b", "later")
    repository.git("branch", "--force", "main", "HEAD")
    repository.commit({"other.py": "y = 2\n"})
    report = judged(repository, "2026-11-01", "--base", "main")
    assert [(one["rule"], one["status"]) for one in report["findings"]] == [("governance/stale-waiver", "existing")]


def test_it_is_announced_and_an_emergency_comes_first(repository: Repository) -> None:
    urgent = WAIVER.replace("W-1", "W-2").replace("accepted-risk", "emergency").replace("2026-09-15", "2026-11-20")
    urgent = urgent.replace("2026-11-30", "2026-11-22").partition("waivers:\n")[2]
    repository.commit({".mlgate/waivers.yaml": WAIVER + urgent})
    done = run(repository.root, "check", ".", "--as-of", "2026-11-21")
    assert done.out.splitlines()[1:4] == [
        "Emergency: W-2 accepts unsafe-load/pickle until Sun 22 November (@acme/ranking):",
        "  The ranker of 2023 ships as a pickle.",
        "W-1 accepts unsafe-load/pickle until Mon 30 November: @acme/ranking renews or",
    ]


def test_a_former_name_of_a_rule_keeps_working_in_waivers_and_reports(repository: Repository, tmp_path: Path) -> None:
    rule = """\
---
kind: Rule
version: 1
id: acme/load
formerly: [acme/old-load]
title: Loads
severity: high
message: Loads.
why: Because.
fix: Do not.
match: {any: [{call: [acme.load]}]}
examples: {bad: ["import acme; acme.load()"], good: ["import acme"]}
"""
    policy = POLICY.replace("rules:\n", "rules:\n  acme/old-load: { level: block, waivable: file }\n") + rule
    waiver = WAIVER.replace("unsafe-load/pickle", "acme/old-load").replace("legacy/*.py", "a.py")
    repository.commit({".mlgate.yaml": policy, ".mlgate/waivers.yaml": waiver, "a.py": "import acme\nacme.load()\n"})
    assert levels(judged(repository, "2026-11-01", "a.py")) == {("acme/load", "a.py"): ("record", "accepted")}
    report = tmp_path / "report.json"
    run(repository.root, "check", "a.py", "--format", f"json={report}", "--as-of", "2026-12-31")
    report.write_text(report.read_text().replace('"acme/load"', '"acme/old-load"'))
    found = judged(repository, "2026-12-31", "a.py", "--base", str(report))["findings"]
    assert [one["status"] for one in found if one["rule"] == "acme/load"] == ["existing"]
    only = levels(judged(repository, "2026-12-31", "a.py", "--only", "acme/old-load"))
    assert only == {("acme/load", "a.py"): ("block", "lapsed")}


def test_what_a_finding_is_named_by_is_enough(repository: Repository) -> None:
    """A waiver by fingerprint covers that finding, and not the next one like it."""
    (one, _) = [found["fingerprint"] for found in judged(repository, "2026-08-01")["findings"]]
    named = WAIVER.replace('paths: ["legacy/*.py"]\n    limit: 2', f'fingerprints: ["{one}"]')
    repository.commit({".mlgate/waivers.yaml": named})
    found = levels(judged(repository, "2026-11-01"))
    assert sorted(found[place][0] for place in PICKLES) == ["block", "record"]
