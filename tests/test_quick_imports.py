"""The path of a clean commit imports what is named here, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository

OURS = frozenset(
    f"mlgate.{name}".rstrip(".")
    for name in (
        "",
        *"quick cache_folder ci code_view gate git git.processes needles reexports regex screen screen_key".split(),
    )
)
JSON = frozenset("json json.decoder json.encoder json.scanner _json".split())
RE = frozenset(
    "re _sre copyreg enum functools _functools collections _collections operator _operator keyword reprlib types"
    " itertools re._casefix re._compiler re._constants re._parser sre_compile sre_constants sre_parse"
    " _collections_abc collections.abc contextlib _thread".split()
)
"""What `json` takes with it; until 3.10 the parser of expressions had other names."""
ALLOWED = OURS | JSON | RE | frozenset("__future__ _blake2 unicodedata".split())

CLEAN = 'import os\n\n\ndef place(folder: str) -> str:\n    return os.path.join(folder, "tickets.csv")\n'
PROGRAM = """
import json, sys
before = set(sys.modules)
from mlgate.quick import is_clean
import os
clean = is_clean(sys.argv[1:], os.environ)
print(json.dumps([clean, sorted(set(sys.modules) - before)]))
"""


def environment(repository: Repository, cache: Path) -> dict[str, str]:
    """As pre-commit calls a hook while git is committing."""
    cache.mkdir(mode=0o700, exist_ok=True)
    return {
        **ENVIRONMENT,
        "HOME": str(cache),
        "MLGATE_CACHE_DIR": str(cache),
        "PRE_COMMIT": "1",
        "GIT_INDEX_FILE": str(repository.root / ".git" / "index"),
        **{name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
    }


def commit_about_to_happen(tmp_path: Path, content: str) -> tuple[Repository, dict[str, str]]:
    policy = 'kind: Policy\nversion: 1\nid: acme\nowner: "@acme/security"\nrules:\n  secret/*: {level: block}\n'
    repository = make_repository(tmp_path / "repository", {".mlgate.yaml": policy, "tickets.py": "x = 1\n"})
    repository.write({"tickets.py": content})
    repository.git("add", "--all")
    return repository, environment(repository, tmp_path / "cache")


def ask(repository: Repository, settings: dict[str, str], *arguments: str) -> tuple[bool, frozenset[str]]:
    """(whether `quick` answered by itself, what it imported)."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=repository.root,
        env=settings,
        capture_output=True,
        check=True,
    )
    clean, modules = json.loads(done.stdout)
    return clean, frozenset(modules)


def run(repository: Repository, settings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mlgate", *arguments]
    return subprocess.run(command, cwd=repository.root, env=settings, capture_output=True, check=False)


@pytest.mark.parametrize("base", ["auto", "HEAD"])
def test_a_clean_commit_imports_next_to_nothing(tmp_path: Path, base: str) -> None:
    repository, settings = commit_about_to_happen(tmp_path, CLEAN)
    arguments = ("check", "--base", base, "tickets.py")
    first = run(repository, settings, *arguments)
    assert (first.returncode, first.stdout, first.stderr) == (0, b"", b"")
    clean, modules = ask(repository, settings, *arguments)
    assert clean
    assert modules - ALLOWED == frozenset()


def test_without_a_screen_it_hands_over(tmp_path: Path) -> None:
    repository, settings = commit_about_to_happen(tmp_path, CLEAN)
    clean, _ = ask(repository, settings, "check", "--base", "auto", "tickets.py")
    assert not clean


def test_what_may_hold_a_finding_is_handed_over(tmp_path: Path) -> None:
    repository, settings = commit_about_to_happen(tmp_path, CLEAN)
    arguments = ("check", "--base", "auto", "tickets.py")
    run(repository, settings, *arguments)
    repository.write({"tickets.py": "import pickle\nrows = pickle.load(open(path, 'rb'))\n"})
    assert not ask(repository, settings, *arguments)[0]
    assert run(repository, settings, *arguments).returncode == 1


def test_a_policy_that_changes_is_asked_again(tmp_path: Path) -> None:
    repository, settings = commit_about_to_happen(tmp_path, CLEAN)
    arguments = ("check", "--base", "auto", "tickets.py")
    run(repository, settings, *arguments)
    repository.write({".mlgate.yaml": "kind: Policy\nnonsense\n"})
    assert not ask(repository, settings, *arguments)[0]
    assert run(repository, settings, *arguments).returncode == 2


def test_importing_the_package_imports_nothing(tmp_path: Path) -> None:
    program = "import sys; before = set(sys.modules); import mlgate; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "['mlgate']" or done.stdout.strip() == "['__future__', 'mlgate']"


def test_a_rule_of_the_repository_s_own_is_looked_for_beside_a_policy_that_is_named(tmp_path: Path) -> None:
    """The screen of the named policy alone would pass the file over."""
    repository, settings = commit_about_to_happen(tmp_path, "import acme\nacme.load()\n")
    policy = tmp_path / "policy.yaml"
    policy.write_text("kind: Policy\nversion: 1\nid: p\nowner: me\nrules: {'*': {level: block}}\n")
    arguments = ("check", "--policy", str(policy), "tickets.py")
    assert run(repository, settings, *arguments).returncode == 0
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
    repository.write({".mlgate/rules/load.yaml": rule})
    assert run(repository, settings, *arguments).returncode == 1
