"""Where a root comes from: the same bundle, a path, a pinned commit; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository
from policy_fixture import write
from program import run

from mlgate.cascade import Here, said
from mlgate.errors import PolicyError
from mlgate.model import Level
from mlgate.policy import Loaded, Pins, load
from mlgate.policy.pins import read_pin

ROOT = """\
kind: Policy
version: 1
id: acme-ml
owner: "@acme/ml-security"
rules:
  "*": { level: record }
  unsafe-load/*: { level: block, loosest: { level: warn } }
"""


def overlay(extends: str, rules: str = "unsafe-load/pickle: { level: warn }", name: str = "team") -> str:
    return f'kind: Policy\nversion: 1\nid: {name}\nowner: "@acme/{name}"\nextends: {extends}\nrules:\n  {rules}\n'


def level(loaded: Loaded, rule: str, path: str = "a.py") -> str:
    value = said(loaded.bundle, rule, "level", Here("2026-11-23", path)).value
    assert isinstance(value, Level)
    return value.name.lower()


@pytest.fixture
def published(tmp_path: Path) -> Repository:
    """The organisation's policy repository."""
    rule = """\
kind: Rule
version: 1
id: acme/load
title: Loads
severity: high
message: Loads.
why: Because.
fix: Do not.
match: {any: [{call: [acme.load]}]}
examples: {bad: ["import acme; acme.load()"], good: ["import acme"]}
"""
    return make_repository(
        tmp_path / "published",
        {"org.yaml": ROOT, "rules/load.yaml": rule, ".pre-commit-hooks.yaml": "[]\n", "README.md": "ours\n"},
    )


@pytest.fixture
def pins(tmp_path: Path) -> Pins:
    (tmp_path / "cache").mkdir(mode=0o700)
    return Pins(tmp_path / "cache", {**ENVIRONMENT, "HOME": str(tmp_path)})


def refused(text: str, folder: Path, pins: Pins) -> str:
    write(folder, {".mlgate.yaml": text})
    with pytest.raises(PolicyError) as caught:
        load(None, folder, pins)
    return str(caught.value)


# --- a pinned commit ------------------------------------------------------------------------------------------------


def test_a_pinned_policy_is_fetched_once_and_works_offline_from_then_on(
    tmp_path: Path, published: Repository, pins: Pins
) -> None:
    commit = published.git("rev-parse", "HEAD")
    write(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{commit}  # v12")})
    first = load(None, tmp_path / "r", pins)
    assert (level(first, "unsafe-load/pickle"), level(first, "unsafe-load/torch-load")) == ("warn", "block")
    assert "acme/load" in first.bundle.rules
    assert [(pin.address, pin.commit) for pin in first.pins] == [(published.root.as_uri(), commit)]
    assert first.bundle.policies[0].revision == commit
    published.root.rename(tmp_path / "gone")
    again = load(None, tmp_path / "r", pins)
    assert again.bundle.digest == first.bundle.digest


def test_the_commit_decides_and_not_what_the_repository_says_now(
    tmp_path: Path, published: Repository, pins: Pins
) -> None:
    commit = published.git("rev-parse", "HEAD")
    published.commit({"org.yaml": ROOT.replace("level: block", "level: record")})
    write(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{commit}", "data/*: { level: warn }")})
    assert level(load(None, tmp_path / "r", pins), "unsafe-load/pickle") == "block"


@pytest.mark.parametrize("name", ["v12", "main"])
def test_a_branch_or_tag_is_refused_with_the_pinned_form_to_copy(
    tmp_path: Path, published: Repository, pins: Pins, name: str
) -> None:
    published.git("tag", "v12")
    commit = published.git("rev-parse", "HEAD")
    address = published.root.as_uri()
    assert refused(overlay(f"{address}@{name}"), tmp_path / "r", pins) == (
        f".mlgate.yaml:5: extends: '{name}' may name another commit tomorrow; write {address}@{commit}  # {name}"
    )


def test_no_commit_at_all_is_refused_alike(tmp_path: Path, published: Repository, pins: Pins) -> None:
    commit = published.git("rev-parse", "HEAD")
    assert refused(overlay(published.root.as_uri()), tmp_path / "r", pins).endswith(
        f"no commit is given; write {published.root.as_uri()}@{commit}"
    )


def test_offline_with_an_empty_cache_says_what_to_run(tmp_path: Path, pins: Pins) -> None:
    gone = (tmp_path / "nowhere").as_uri()
    message = refused(overlay(f"{gone}@{'1' * 40}"), tmp_path / "r", pins)
    assert message.startswith(f".mlgate.yaml:5: extends: {gone}@{'1' * 40}: cannot be fetched: ")
    assert message.endswith("run `mlgate policy show` where the network is there: it is kept from then on")


def test_a_commit_that_is_not_there_is_an_error(tmp_path: Path, published: Repository, pins: Pins) -> None:
    message = refused(overlay(f"{published.root.as_uri()}@{'1' * 40}"), tmp_path / "r", pins)
    assert "cannot be fetched" in message
    assert list((tmp_path / "cache" / "bundles").iterdir()) == []


def test_a_damaged_cache_is_fetched_anew(tmp_path: Path, published: Repository, pins: Pins) -> None:
    commit = published.git("rev-parse", "HEAD")
    write(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{commit}")})
    load(None, tmp_path / "r", pins)
    (kept,) = (tmp_path / "cache" / "bundles").iterdir()
    for text in ("{", kept.read_text().replace('"digest": "', '"digest": "0'), "[]"):
        kept.write_text(text)
        assert level(load(None, tmp_path / "r", pins), "unsafe-load/pickle") == "warn"


def test_a_remote_that_would_run_a_command_is_not_asked(tmp_path: Path, pins: Pins) -> None:
    marker = tmp_path / "ran"
    message = refused(overlay(f"'ext::touch {marker}@{'1' * 40}'"), tmp_path / "r", pins)
    assert "cannot be fetched" in message
    assert not marker.exists()


def test_an_option_is_no_address(tmp_path: Path, pins: Pins) -> None:
    marker = tmp_path / "ran"
    refused(overlay(f"'--upload-pack=touch {marker}@{'1' * 40}'"), tmp_path / "r", pins)
    assert not marker.exists()


def test_nothing_of_the_repository_s_hooks_and_configuration_runs(
    tmp_path: Path, published: Repository, pins: Pins
) -> None:
    """The address is data, and so is what it holds: a `.gitattributes` with filters, a symbolic link."""
    (published.root / "teams").mkdir()
    (published.root / "teams" / "evil.yaml").symlink_to("/etc/passwd")
    published.commit({".gitattributes": "*.yaml filter=evil\n"})
    commit = published.git("rev-parse", "HEAD")
    write(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{commit}")})
    assert level(load(None, tmp_path / "r", pins), "unsafe-load/pickle") == "warn"


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        (f"github.com/acme/ml@{'a' * 40}", ("github.com/acme/ml", "a" * 40)),
        ("github.com/acme/ml@v1", ("github.com/acme/ml", "v1")),
        ("github.com/acme/ml", ("github.com/acme/ml", "")),
        (f"git@github.com:acme/ml.git@{'a' * 40}", ("git@github.com:acme/ml.git", "a" * 40)),
        ("git@github.com:acme/ml.git", ("git@github.com:acme/ml.git", "")),
        (f"https://user@host/x@{'b' * 40}", ("https://user@host/x", "b" * 40)),
        ("https://user@host/x", ("https://user@host/x", "")),
        ("ssh://git@host/x@main", ("ssh://git@host/x", "main")),
        ("../policies/org.yaml", None),
        ("policies/org.yaml", None),
        ("/srv/policies", None),
        (f"/srv/policies.git@{'a' * 40}", ("/srv/policies.git", "a" * 40)),
        ("acme-ml", None),
    ],
)
def test_what_an_address_is(text: str, pin: tuple[str, str] | None) -> None:
    assert read_pin(text) == pin


# --- paths and chains -----------------------------------------------------------------------------------------------


def test_a_path_is_seen_from_the_file_that_names_it(tmp_path: Path, pins: Pins) -> None:
    write(
        tmp_path,
        {
            "org/org.yaml": ROOT,
            "r/.mlgate.yaml": overlay("../org"),
            "s/.mlgate/team.yaml": overlay("../../org/org.yaml"),
        },
    )
    for name in ("r", "s"):
        loaded = load(None, tmp_path / name, pins)
        assert (level(loaded, "unsafe-load/pickle"), loaded.is_settled) == ("warn", False)


def test_a_circle_is_an_error(tmp_path: Path, pins: Pins) -> None:
    write(tmp_path, {"a/p.yaml": overlay("../b", name="a"), "b/p.yaml": overlay("../a", name="b")})
    assert "a circle: " in refused(overlay("../a/p.yaml"), tmp_path / "r", pins)


def test_a_chain_has_one_root_and_the_rest_are_overlays(tmp_path: Path, pins: Pins) -> None:
    write(tmp_path, {"org/p.yaml": ROOT, "unit/p.yaml": overlay("../org", "data/*: { level: block }", "unit")})
    write(tmp_path / "r", {".mlgate.yaml": overlay("../unit")})
    loaded = load(None, tmp_path / "r", pins)
    assert [one.id for one in loaded.bundle.policies] == ["acme-ml"]
    assert sorted(one.id for one in loaded.bundle.overlays) == ["team", "unit"]
    assert (level(loaded, "data/production-path"), level(loaded, "unsafe-load/pickle")) == ("block", "warn")


def test_a_root_beside_one_that_is_extended_is_one_too_many(tmp_path: Path, pins: Pins) -> None:
    write(tmp_path, {"org/p.yaml": ROOT})
    text = overlay("../org") + "---\n" + ROOT.replace("acme-ml", "other")
    assert "a second root policy" in refused(text, tmp_path / "r", pins)


def test_two_places_are_one_too_many(tmp_path: Path, pins: Pins) -> None:
    write(tmp_path, {"org/p.yaml": ROOT, "other/p.yaml": ROOT.replace("acme-ml", "x")})
    text = overlay("../org") + "---\n" + overlay("../other", name="more")
    assert "one root only" in refused(text, tmp_path / "r", pins)


def test_the_root_that_is_named_outranks_the_one_that_the_repository_names(tmp_path: Path, pins: Pins) -> None:
    """What the repository has of its own tightens it, and loosens it within its bounds."""
    write(tmp_path, {"org/p.yaml": ROOT})
    lax = "kind: Policy\nversion: 1\nid: lax\nowner: me\nextends: none\n"
    lax += 'rules: {"*": {level: "off"}, data/*: {level: block}}\n'
    write(tmp_path / "r", {".mlgate.yaml": lax})
    loaded = load(tmp_path / "org", tmp_path / "r", pins)
    assert [
        level(loaded, rule) for rule in ("unsafe-load/pickle", "secret/aws-access-key", "data/production-path")
    ] == [
        "warn",
        "record",
        "block",
    ]


# --- the installed command ------------------------------------------------------------------------------------------


def test_the_hook_does_not_ask_the_network_again(tmp_path: Path, published: Repository) -> None:
    commit = published.git("rev-parse", "HEAD")
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{commit}")})
    repository.write({"a.py": "import pickle\npickle.load(f)\n"})
    cache = {"MLGATE_CACHE_DIR": str(tmp_path / "cache")}
    assert run(repository.root, "check", "a.py", **cache).code == 0
    published.root.rename(tmp_path / "gone")
    assert run(repository.root, "check", "a.py", "--no-cache", **cache).code == 0
    done = run(repository.root, "check", "a.py", MLGATE_CACHE_DIR=str(tmp_path / "empty"))
    assert (done.code, "cannot be fetched" in done.err) == (2, True)


def test_a_pin_that_moves_is_judged_by_the_old_one_and_told(tmp_path: Path, published: Repository) -> None:
    old = published.git("rev-parse", "HEAD")
    new = published.commit({"org.yaml": ROOT.replace("level: block", "level: record")})
    mild = "data/*: { level: warn }"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{old}", mild)})
    repository.git("checkout", "--quiet", "-b", "change")
    repository.commit(
        {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{new}", mild), "a.py": "import pickle\npickle.load(f)\n"}
    )
    done = run(repository.root, "check", "--base", "main", "--format", "json")
    found = {(one["rule"], one["location"]["path"], one["level"]) for one in json.loads(done.out)["findings"]}
    assert done.code == 1
    assert ("unsafe-load/pickle", "a.py", "block") in found
    assert ("governance/policy-loosened", ".mlgate.yaml", "record") in found


def test_bad_input_is_told_in_bounded_time(tmp_path: Path) -> None:
    """50 MB, a million aliases, an unhashable key: exit 2, where, what, what to do."""
    repository = make_repository(tmp_path / "r", {"a.py": "x = 1\n"})
    texts = {
        "50,000,000 bytes; a policy file has at most 2,000,000": "#" * 50_000_000,
        "more than 200 aliases": "a: &a 1\nb: [" + "*a, " * 300_000 + "]\n",
        "a mapping as a key; keys are texts": "? {a: 1}\n: 2\n",
        "malformed date": "",
    }
    waivers = (
        "kind: Waivers\nversion: 1\nwaivers:\n- {id: W, rule: a/b, fingerprints: ['1:0000000000000000'], "
        "type: mitigated, reason: long enough a reason, owner: me, from: 2026-01-01, expires: tomorrow}\n"
    )
    for message, text in texts.items():
        (repository.root / ".mlgate.yaml").write_text(text or waivers)
        done = run(repository.root, "check", ".")
        assert done.code == 2, message
        assert (
            message if text else ".mlgate.yaml:4: waivers/1/expires: 'tomorrow' is not a date: YYYY-MM-DD"
        ) in done.err


def test_a_waiver_of_the_organisation_is_not_this_repository_s_to_clear_away(
    tmp_path: Path, published: Repository
) -> None:
    waiver = """\
kind: Waivers
version: 1
waivers:
  - {id: W-1, rule: unsafe-load/pickle, paths: ["legacy/**"], limit: 1, type: mitigated, reason: long enough a reason,
     owner: me, from: 2026-01-01, expires: 2026-12-31}
"""
    commit = published.commit({"waivers/w.yaml": waiver, "org.yaml": ROOT + "  governance/*: { level: warn }\n"})
    text = overlay(f"{published.root.as_uri()}@{commit}", "data/*: { level: warn }")
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": text, "a.py": "x = 1\n"})
    day = ("--as-of", "2027-06-01", "--format", "json")
    assert json.loads(run(repository.root, "check", ".", *day).out)["findings"] == []
    repository.commit({"legacy/a.py": "import pickle\npickle.load(f)\n"})
    found = json.loads(run(repository.root, "check", ".", *day).out)["findings"]
    assert sorted((one["rule"], one["location"]["path"]) for one in found) == [
        ("governance/stale-waiver", ".mlgate.yaml"),
        ("unsafe-load/pickle", "legacy/a.py"),
    ]


def test_the_root_s_own_tests_are_its_own(tmp_path: Path, published: Repository) -> None:
    tests = "tests: [{given: {rule: unsafe-load/pickle, path: a.py}, expect: block}]\n"
    commit = published.commit({"org.yaml": ROOT + tests})
    write(tmp_path / "r", {".mlgate.yaml": overlay(f"{published.root.as_uri()}@{commit}")})
    done = run(tmp_path / "r", "policy", "test")
    assert (done.code, done.out) == (0, "0 rules, 0 examples, 0 tests: all hold\n")
    done = run(tmp_path / "r", "policy", "test", "--mutants")
    assert (done.code, "--mutants: this builds on a policy elsewhere" in done.err) == (2, True)
