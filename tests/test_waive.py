"""Asking for a waiver: what is written, what is kept, what is refused."""

from __future__ import annotations

import os
import pty
from pathlib import Path
from typing import Any

import pytest
from gitrepo import Repository, make_repository
from hypothesis import given
from hypothesis import strategies as st
from program import MLGATE, check, environment, run

from mlgate.errors import MlgateError
from mlgate.policy.waivers_text import added, ids
from mlgate.yaml_strict import read

LOADS = "import pickle, torch\nrows = pickle.load(f)\nm = torch.load('y', weights_only=False)\n"
TODAY = ("--as-of", "2026-11-23")
REASON = "Written two lines above by our own job."


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "r", {"a.py": LOADS, "CODEOWNERS": "*.py @acme/ranking\n"})


def fingerprint(repository: Repository, rule: str) -> str:
    (found,) = [one for one in check(repository.root, ".").report["findings"] if one["rule"] == rule]
    return str(found["fingerprint"])


def waivers(repository: Repository) -> list[Any]:
    (document,) = read((repository.root / ".mlgate/waivers.yaml").read_bytes(), "w")
    data: Any = document.data
    return list(data["waivers"])


def test_a_script_asks_with_a_type_and_a_reason(repository: Repository) -> None:
    pickle = fingerprint(repository, "unsafe-load/pickle")
    done = run(repository.root, "waive", pickle, "--type", "false-positive", "--reason", REASON, *TODAY)
    assert done.code == 0
    assert waivers(repository) == [
        {
            "id": "W-0001",
            "rule": "unsafe-load/pickle",
            "fingerprints": [pickle],
            "type": "false-positive",
            "reason": REASON,
            "owner": "@acme/ranking",
            "from": "2026-11-23",
            "expires": "2027-02-21",
        }
    ]
    assert done.out.startswith(
        "W-0001 in .mlgate/waivers.yaml: unsafe-load/pickle in a.py passes until Sun 21 February.\n"
    )
    levels = {one["rule"]: one["level"] for one in check(repository.root, ".").report["findings"]}
    assert (levels["unsafe-load/pickle"], levels["unsafe-load/torch-load"]) == ("record", "block")


def test_the_next_one_has_the_next_number_and_an_emergency_ends_soon(repository: Repository) -> None:
    pickle, torch = (fingerprint(repository, rule) for rule in ("unsafe-load/pickle", "unsafe-load/torch-load"))
    run(repository.root, "waive", pickle, "--type", "mitigated", "--reason", REASON, *TODAY)
    run(repository.root, "waive", torch, "--type", "emergency", "--reason", REASON, "--owner", "@me", *TODAY)
    assert [(one["id"], one["type"], one["owner"], one["expires"]) for one in waivers(repository)] == [
        ("W-0001", "mitigated", "@acme/ranking", "2027-02-21"),
        ("W-0002", "emergency", "@me", "2026-11-26"),
    ]
    said = run(repository.root, "check", ".", *TODAY)
    assert "Emergency: W-0002 accepts unsafe-load/torch-load until Thu 26 November" in said.out


REFUSED = {
    "no reason": (("--type", "mitigated"), "--reason is needed where nobody can be asked"),
    "no type": (("--reason", REASON), "--type is needed where nobody can be asked"),
    "a short reason": (("--type", "mitigated", "--reason", "because"), "--reason: at least 15 characters"),
    "a day that is past": (
        ("--type", "mitigated", "--reason", REASON, "--until", "2026-01-01"),
        "--until 2026-01-01: that day is past",
    ),
    "too long an emergency": (
        ("--type", "emergency", "--reason", REASON, "--until", "2026-12-24"),
        "--until 2026-12-24: the policy admits 3 days, so 2026-11-26 at the latest",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_writes_nothing(repository: Repository, name: str) -> None:
    arguments, message = REFUSED[name]
    done = run(repository.root, "waive", fingerprint(repository, "unsafe-load/pickle"), *arguments, *TODAY)
    assert (done.code, message in done.err) == (2, True)
    assert not (repository.root / ".mlgate").exists()


def test_a_path_with_several_findings_names_them(repository: Repository) -> None:
    done = run(repository.root, "waive", "a.py", "--type", "mitigated", "--reason", REASON, *TODAY)
    assert done.code == 2
    assert "a.py: which of 2? Name one by its fingerprint: 1:" in done.err


def test_what_the_policy_never_waives_is_said_at_once(repository: Repository) -> None:
    policy = (
        'kind: Policy\nversion: 1\nid: p\nowner: "@acme/sec"\nhelp: "#ask"\nrules: {unsafe-load/*: {waivable: never}}\n'
    )
    repository.write({".mlgate.yaml": policy})
    done = run(
        repository.root,
        "waive",
        fingerprint(repository, "unsafe-load/pickle"),
        "--type",
        "mitigated",
        "--reason",
        REASON,
    )
    assert "unsafe-load/pickle: the policy admits no waiver for it (.mlgate.yaml:6); ask #ask" in done.err


def test_a_ticket_is_asked_for_where_the_policy_wants_one(repository: Repository) -> None:
    policy = "kind: Policy\nversion: 1\nid: p\nowner: me\nrules: {}\nwaivers: {require: [ticket], max-days: 10}\n"
    repository.write({".mlgate.yaml": policy})
    asked = ("waive", fingerprint(repository, "unsafe-load/pickle"), "--type", "mitigated", "--reason", REASON, *TODAY)
    assert "--ticket is needed" in run(repository.root, *asked).err
    assert run(repository.root, *asked, "--ticket", "SEC-1").code == 0
    assert [(one["ticket"], one["expires"]) for one in waivers(repository)] == [("SEC-1", "2026-12-03")]


def test_a_person_is_asked_in_a_terminal(repository: Repository) -> None:
    answers = [b"Number: ", b"2\n", b"Number: ", b"1\n", b"understands: ", REASON.encode() + b"\n"]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(repository.root)
        os.execve(MLGATE, [MLGATE, "waive", "a.py", *TODAY], environment())
    shown = b""
    for wanted, answer in zip(answers[::2], answers[1::2], strict=True):
        before = len(shown)
        while wanted not in shown[before:]:
            shown += os.read(terminal, 4096)
        os.write(terminal, answer)
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:
        pass  # The other side of the terminal is closed.
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    assert [(one["rule"], one["type"]) for one in waivers(repository)] == [("unsafe-load/torch-load", "false-positive")]


# --- the file -------------------------------------------------------------------------------------------------------

ENTRY = {
    "id": "W-9",
    "rule": "a/b",
    "fingerprints": ["1:0123456789abcdef"],
    "type": "mitigated",
    "reason": 'say "so": #1',
    "owner": "@a",
    "from": "2026-01-01",
    "expires": "2026-02-01",
}
HEAD = "# ours\nkind: Waivers\nversion: 1\nwaivers:\n"
OLD = """\
- id: W-1   # why
  rule: a/c
  paths: [x]
  limit: 1
  type: mitigated
  reason: a long enough reason
  owner: me
  from: 2026-01-01
  expires: 2026-02-01
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD.rstrip("\n") + " []\n",
        HEAD + OLD,
        HEAD + OLD + "\n# the end\n",
        HEAD + "".join(f"    {line}\n" for line in OLD.splitlines()),
        (HEAD + OLD).replace("\n", "\r\n"),
        "kind: Policy\nversion: 1\nid: x\nowner: y\nrules: {}\n",
        HEAD + OLD + "---\nkind: Policy\nversion: 1\nid: x\nowner: y\nrules: {}\n",
    ],
)
def test_one_more_and_every_line_that_was_there(text: str) -> None:
    after = added(text, ENTRY, "w.yaml")
    assert ids(after, "w.yaml") == (*(ids(text, "w.yaml") if text else ()), "W-9")
    before, now = text.replace(" []", "").splitlines(), after.splitlines()
    more = len(now) - len(before)
    assert any(now[:at] + now[at + more :] == before for at in range(len(before) + 1))
    assert after.count("\r") == (after.count("\n") if "\r" in text else 0)


@pytest.mark.parametrize("text", [HEAD.rstrip("\n") + " [{id: W-1}]\n", HEAD.replace("waivers:", "waivers: &a\n  []")])
def test_what_is_laid_out_otherwise_is_refused(text: str) -> None:
    with pytest.raises(MlgateError, match="laid out"):
        added(text, ENTRY, "w.yaml")


@given(st.text(min_size=1), st.text(st.characters(blacklist_categories=["Cs"]), min_size=1))
def test_whatever_is_said_is_read_back(reason: str, owner: str) -> None:
    reason, owner = (" ".join(one.encode("utf-8", "replace").decode().split()) or "x" for one in (reason, owner))
    text = added(HEAD + OLD, {**ENTRY, "reason": reason, "owner": owner}, "w.yaml")
    (document,) = read(text.encode(), "w.yaml")
    data: Any = document.data
    assert (data["waivers"][-1]["reason"], data["waivers"][-1]["owner"]) == (reason, owner)
