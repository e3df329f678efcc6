"""What `policy test` says of rules and policies beyond their own examples and tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_fixture import HEAD, RULE, write

from mlgate.policy import load
from mlgate.policy.sources import InMemory
from mlgate.verbs.policy_test import Outcome, bench, examined
from mlgate.verbs.policy_test.mutants import mutants, survivors

OVERLAY = 'kind: Policy\nversion: 1\nid: team\nowner: "@t"\nextends: acme-ml\n'


def judged(tmp_path: Path, **files: str) -> Outcome:
    write(tmp_path / "o", {f"{name}.yaml": text for name, text in files.items()})
    return examined(load(tmp_path / "o", tmp_path, files=InMemory({}, "")), bench())


# --- rules ----------------------------------------------------------------------------------------------------------


def test_a_part_that_no_example_tries_fails(tmp_path: Path) -> None:
    rule = RULE.replace(
        "{name: host, pos: 0, regex: {param: hosts}}",
        "{name: host, pos: 0, regex: {param: hosts}}, {name: port, in: [1]}",
    )
    rule = rule.replace('("prod-1")', '("prod-1", port=1)').replace('("dev-1")', '("dev-1", port=1)')
    assert judged(tmp_path, rule=rule).failures == ("o/rule.yaml:16: match/any/1/args/2: is never false in an example",)


def test_a_clause_and_an_exemption_that_nothing_meets_fail(tmp_path: Path) -> None:
    rule = RULE.replace(
        "examples:", "    - {call: [acme_fs.never]}\n  unless:\n    - where: [{name: use, in: [docstring]}]\nexamples:"
    )
    assert judged(tmp_path, rule=rule).failures == (
        "o/rule.yaml:17: match/any/2: is never true in an example",
        "o/rule.yaml:19: match/unless/1: is never true in an example",
    )


def test_a_pattern_that_can_hang_a_scan_is_refused(tmp_path: Path) -> None:
    rule = RULE.replace(
        "- call: [acme_fs.connect]\n      args: [{name: host, pos: 0, regex: {param: hosts}}]",
        "- string: '(p+)+rod-1$'",
    )
    (failure,) = [one for one in judged(tmp_path, rule=rule).failures if "exponential" in one]
    assert failure.startswith("o/rule.yaml:15: match/any/1/string: '(p+)+rod-1$' can take exponential time: two ways")


def test_a_parameter_that_can_hang_a_scan_is_refused_too(tmp_path: Path) -> None:
    policy = HEAD + "rules:\n  acme/feature-store: {params: {hosts: ['(a|a)*b']}}\n"
    failures = judged(tmp_path, rule=RULE, org=policy).failures
    assert [one for one in failures if one.startswith("o/org.yaml:6: rules/acme/feature-store/params/hosts: '(a|a)*b'")]


def test_what_an_earlier_clause_finds_already_is_told(tmp_path: Path) -> None:
    rule = RULE.replace("match:\n  any:\n", "match:\n  any:\n    - {call: [acme_fs.connect, acme_fs.other]}\n").replace(
        'connect("dev-1")', "close()"
    )
    assert (
        "o/rule.yaml:16: match/any/2: finds nothing that match/any/1 does not find; take it out"
        in judged(tmp_path, rule=rule).notes
    )


def test_a_rule_that_is_off_everywhere_is_told(tmp_path: Path) -> None:
    notes = judged(tmp_path, rule=RULE, org=HEAD + "rules:\n  acme/*: {level: 'off'}\n").notes
    assert "o/rule.yaml:1: is off in every policy here: it is looked for and never reported" in notes


# --- policies -------------------------------------------------------------------------------------------------------

NOTES = {
    "a key that says nothing new": (
        "rules:\n  unsafe-load/*: {level: block}\n  unsafe-load/pickle: {level: block}\n",
        "o/org.yaml:7: rules/unsafe-load/pickle/level: 'unsafe-load/*' says the same; take it out",
    ),
    "a Friday": (
        "rules:\n  unsafe-load/pickle: {level: {block: 2026-11-27}}\n",
        "o/org.yaml:6: rules/unsafe-load/pickle/level/block: 2026-11-27 is a Friday; take a day on which somebody can"
        " help",
    ),
    "the holidays": (
        "rules:\n  unsafe-load/pickle: {level: {block: 2026-12-22}}\n",
        "o/org.yaml:6: rules/unsafe-load/pickle/level/block: 2026-12-22 is in the holidays; take a day on which"
        " somebody can help",
    ),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_could_be_better(tmp_path: Path, name: str) -> None:
    text, note = NOTES[name]
    assert note in judged(tmp_path, org=HEAD + text).notes


def test_a_tuesday_in_november_is_a_day_like_any(tmp_path: Path) -> None:
    assert judged(tmp_path, org=HEAD + "rules:\n  unsafe-load/pickle: {level: {block: 2026-11-24}}\n").notes == ()


OVERLAYS = {
    "everywhere": (
        'scope: {paths: ["**"]}\nrules:\n  data/*: {level: block}\n',
        "scope/paths/1: '**' is everywhere; take paths out",
    ),
    "a part of another": (
        'scope: {paths: ["a/b/x", "a/**"]}\nrules:\n  data/*: {level: block}\n',
        "scope/paths/1: 'a/b/x' is part of another pattern beside it; take it out",
    ),
    "what the root says": (
        'scope: {paths: ["a/**"]}\nrules:\n  unsafe-load/*: {level: block}\n',
        "says what the root says already; take the document out",
    ),
}


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_that_narrows_nothing(tmp_path: Path, name: str) -> None:
    text, note = OVERLAYS[name]
    root = HEAD + "rules:\n  unsafe-load/*: {level: block}\n  data/*: {level: record}\n"
    notes = judged(tmp_path, org=root, team=OVERLAY + text).notes
    assert any(one.endswith(note) for one in notes), notes


SLIPS = {
    "asks for too much": (
        "rules:\n  unsafe-load/pickle: {level: 'off'}\n",
        "o/team.yaml:7: rules/unsafe-load/pickle/level: asks for off, gets warn: the root admits no more",
    ),
    "sets a bound": (
        "rules:\n  unsafe-load/*: {loosest: {level: record}}\n",
        "o/team.yaml:7: rules/unsafe-load/*/loosest: only the root policy sets bounds; it has no effect here",
    ),
    "says that reviews are enforced": (
        "rules:\n  governance/*: {params: {reviews-enforced: true}}\n",
        "o/team.yaml:7: rules/governance/*/params/reviews-enforced: only the root policy may set 'reviews-enforced'; it"
        " has no effect here",
    ),
    "adds an entry": (
        "rules:\n  unpinned/model-revision: {params: {trusted-orgs: [acme, jdoe]}}\n",
        "o/team.yaml:7: rules/unpinned/model-revision/params/trusted-orgs: asks for acme, jdoe, gets acme: the root"
        " admits no more",
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_of_a_champion_fails_here_and_stops_nobody(tmp_path: Path, name: str) -> None:
    text, failure = SLIPS[name]
    root = HEAD + (
        "rules:\n  unsafe-load/*: {level: block, loosest: {level: warn}}\n"
        "  unpinned/model-revision: {params: {trusted-orgs: [acme]}}\n"
    )
    assert failure in judged(tmp_path, org=root, team=OVERLAY + text).failures


WAIVER = """\
kind: Waivers
version: 1
waivers:
  - {id: W-1, rule: RULE, fingerprints: ["1:0000000000000000"], type: mitigated, reason: long enough a reason,
     owner: me, from: 2026-01-01, expires: 2026-12-31}
"""


def test_waivers_that_do_not_hold_as_they_are_written(tmp_path: Path) -> None:
    root = HEAD + "rules: {}\nwaivers: {require: [ticket], max-days: 30}\n"
    failures = judged(tmp_path, org=root, waivers=WAIVER.replace("RULE", "unsafe-load/pickel")).failures
    assert failures == (
        "o/waivers.yaml:4: waivers/1/rule: unknown rule 'unsafe-load/pickel' (did you mean 'unsafe-load/pickle'?); it"
        " waives nothing",
        "o/waivers.yaml:4: waiver W-1: no ticket, which the policy requires; it waives nothing",
        "o/waivers.yaml:4: waiver W-1: expires on 2026-12-31, and the policy admits 2026-01-31 at the latest",
    )


def test_a_test_without_a_date_must_hold_on_every_day(tmp_path: Path) -> None:
    policy = HEAD + (
        "rules:\n  unsafe-load/pickle: {level: {warn: 2026-09-01, block: 2026-11-03}}\n"
        "tests: [{given: {rule: unsafe-load/pickle}, expect: block}]\n"
    )
    assert judged(tmp_path, org=policy).failures == (
        "o/org.yaml:7: tests/1: it depends on the day: record, then warn from 2026-09-01, block from 2026-11-03; give"
        " it a date",
    )


# --- mutants --------------------------------------------------------------------------------------------------------


def test_a_mutant_that_nothing_notices_is_named_with_its_line(tmp_path: Path) -> None:
    policy = HEAD + (
        "extends: none\nrules:\n  unsafe-load/*: {level: block}\n  data/*: {level: warn}\n"
        "tests: [{given: {rule: unsafe-load/pickle}, expect: block}]\n"
    )
    write(tmp_path / "o", {"org.yaml": policy})
    loaded = load(tmp_path / "o", tmp_path, files=InMemory({}, ""))
    assert [(one.path, one.what) for one in mutants(loaded.documents)] == [
        (("rules", "unsafe-load/*", "level"), "block → warn"),
        (("rules", "data/*", "level"), "warn → record"),
        (("rules", "data/*", "level"), "warn → block"),
    ]
    assert survivors(loaded, bench().examine) == (
        (
            "o/org.yaml:8: rules/data/*/level: warn → record: nothing notices",
            "o/org.yaml:8: rules/data/*/level: warn → block: nothing notices",
        ),
        3,
    )
