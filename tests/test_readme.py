"""What README and the guides show is true: commands run, files are valid, outputs are what comes out."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gitrepo import ENVIRONMENT, make_repository

from mlgate import limits, yaml_strict
from mlgate.commands import reader
from mlgate.facts import config, shell

ROOT = Path(__file__).resolve().parents[1]
GUIDES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("examples/*.md")}
    - {ROOT / "docs" / "rules.md"}
)
"""Written by hand; the examples of docs/rules.md are those of the rules, and tested there."""


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(path: Path) -> list[str]:
    """Each line of the shell blocks, without its comment."""
    lines = (line.partition("#")[0].strip() for block in blocks(path, "sh") for line in block.splitlines())
    return [line for line in lines if line]


def block_with(path: Path, text: str) -> str:
    (found,) = [block for block in blocks(path, "yaml") if text in block]
    return found


def mlgate(folder: Path, cache: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlgate", *arguments],
        cwd=folder,
        env={**ENVIRONMENT, "HOME": str(cache), "MLGATE_CACHE_DIR": str(cache), "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    return folder


# --- commands


def test_every_command_is_one_that_tests_know() -> None:
    """A new command in a guide must be run somewhere: add it to a test of this module."""
    shown = {command for guide in GUIDES for command in commands(guide)}
    assert shown == {
        'git commit -m "Embed tickets"',
        "make demo",
        "make format",
        "make fuzz",
        "make generate",
        "make mutants",
        "make stress",
        "make test",
        "mlgate check .",
        "mlgate check examples",
        "mlgate explain unsafe-load/torch-load",
        "mlgate policy test",
        "mlgate policy show",
        "mlgate policy test policies",
        "mlgate rules",
        "pre-commit install",
    }


def test_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {shlex.split(command)[1] for guide in GUIDES for command in commands(guide) if command.startswith("make ")}
    inline = set(re.findall(r"`make ([a-z]+)`", "".join(guide.read_text(encoding="utf-8") for guide in GUIDES)))
    assert shown | inline <= targets


def test_the_first_screen_sets_everything_up() -> None:
    screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:24]
    assert [line.split("  ")[0].split(" #")[0].strip() for line in screen if line.startswith("make ")] == [
        "make demo",
        "make test",
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("mlgate check .", 1),
        ("mlgate explain unsafe-load/torch-load", 0),
        ("mlgate policy show", 0),
        ("mlgate policy test", 0),
        ("mlgate rules", 0),
    ],
)
def test_commands_do_what_is_said_where_the_policy_is_the_one_shown(
    tmp_path: Path, cache: Path, command: str, code: int
) -> None:
    policy = block_with(ROOT / "README.md", "kind: Policy")
    load = "import torch\nmodel = torch.load(url, weights_only=False)\n"
    repository = make_repository(tmp_path / "r", {".mlgate.yaml": policy, "train.py": load})
    done = mlgate(repository.root, cache, *shlex.split(command)[1:])
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout


def test_the_example_is_blocked(cache: Path) -> None:
    done = mlgate(ROOT, cache, "check", "examples")
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_output_shown_is_what_comes_out(cache: Path) -> None:
    (shown,) = blocks(ROOT / "README.md", "text")
    done = mlgate(ROOT / "examples" / "ticket-router", cache, "check", "--repo", ".", COLUMNS="80")
    path, _, finding = shown.partition("\n\n")
    assert path in done.stdout.splitlines()
    assert finding in done.stdout, done.stdout


def test_the_example_shows_several_families(cache: Path) -> None:
    done = mlgate(ROOT, cache, "check", "examples", COLUMNS="80")
    families = set(re.findall(r"^ +(?:BLOCK +)?([a-z]+(?:-[a-z]+)*)/[a-z-]+ ", done.stdout, re.MULTILINE))
    assert {"unsafe-load", "unpinned", "secret", "exposure", "download"} <= families


def test_the_exit_codes_are_those_of_the_table(tmp_path: Path, cache: Path) -> None:
    table = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert table == ["0", "1", "2", "130"]
    files = {"clean.py": "x = 1\n", "load.py": "import pickle\npickle.load(open(url, 'rb'))\n"}
    repository = make_repository(tmp_path / "r", files)
    cases = (
        (("clean.py",), 0),
        (("load.py",), 1),
        (("load.py", "--exit-zero"), 0),
        (("load.py", "--format", "json"), 1),
        (("load.py", "--exit-zero", "--policy", "nowhere.yaml"), 2),
    )
    for arguments, code in cases:
        done = mlgate(repository.root, cache, "check", *arguments)
        assert (arguments, done.returncode) == (arguments, code), done.stdout + done.stderr


# --- files


def test_the_hook_configuration_names_hooks_that_exist() -> None:
    shown = yaml.safe_load(block_with(ROOT / "README.md", "repos:"))
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert {hook["id"] for repo in shown["repos"] for hook in repo["hooks"]} <= hooks
    assert hooks == {"mlgate", "mlgate-secrets", "mlgate-policy", "mlgate-push"}
    assert "`mlgate-secrets`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_hooks_keep_what_makes_them_work() -> None:
    entries = {
        "mlgate": "mlgate check --base auto",
        "mlgate-secrets": "mlgate check --base auto --only 'secret/*'",
        "mlgate-policy": "mlgate policy test --changed",
        "mlgate-push": "mlgate check --base auto",
    }
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")):
        assert hook["entry"] == entries[hook["id"]]
        assert hook["language"] == "python"
        # What is given no files is asked about the whole branch.
        assert hook.get("types", ["file"]) == ["file"]
        assert hook.get("pass_filenames", True) is (hook["id"] != "mlgate-push")
        assert hook["require_serial"] is True
        assert hook["args"] == ["--"]
        assert "verbose" not in hook
        assert hook.get("always_run", False) is not ("files" in hook)


def test_the_workflow_is_the_example_in_short() -> None:
    """What the steps do is tried in test_action.py."""
    shown = yaml.safe_load(block_with(ROOT / "README.md", "runs-on:"))
    example = yaml.safe_load((ROOT / "examples" / "github" / "pull-request.yml").read_text(encoding="utf-8"))
    ours, theirs = shown["jobs"]["mlgate"], example["jobs"]["mlgate"]
    assert (shown["permissions"], ours["permissions"]) == (example["permissions"], theirs["permissions"])
    assert [(step["uses"], step.get("with")) for step in ours["steps"]] == [
        (step["uses"], step.get("with")) for step in theirs["steps"][:2]
    ]


def test_the_rule_shown_holds_what_it_claims(tmp_path: Path, cache: Path) -> None:
    rule = block_with(ROOT / "docs" / "facts.md", "kind: Rule")
    policy = block_with(ROOT / "README.md", "kind: Policy")
    files = {".mlgate/rules/feature-store.yaml": rule, ".mlgate/policy.yaml": policy}
    repository = make_repository(tmp_path / "r", files)
    done = mlgate(repository.root, cache, "policy", "test")
    assert done.returncode == 0, done.stdout + done.stderr


# --- claims


def test_links_lead_somewhere() -> None:
    dead = [
        (guide.name, target)
        for guide in GUIDES
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text(encoding="utf-8"))
        if not (guide.parent / target).exists()
    ]
    assert dead == []


def test_the_bounds_are_those_of_the_program() -> None:
    page = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").partition("# Every bound")[0]
    rows = re.findall(r"^\| [^|]+ \| ([\d,]+)[^|]*\|", page, re.MULTILINE)
    assert [int(row.replace(",", "")) for row in rows] == [
        limits.MAX_BYTES,
        limits.MAX_NESTING,
        limits.MAX_LINKS,
        limits.MAX_CODE,
        limits.MAX_BRANCHES,
        limits.MAX_LOGICAL_LINE,
        limits.MAX_JSON_NESTING,
        limits.MAX_CELLS,
        reader.MAX_DEPTH,
        shell.MAX_SCRIPTS,
        config.MAX_TEXT,
        yaml_strict.MAX_NODES,
        limits.MAX_EMBEDDING,
        limits.FILE_SECONDS,
        limits.MAX_POLICY_BYTES,
    ]


@pytest.mark.parametrize("script", ["print_rules.py", "print_help.py", "print_limits.py"])
def test_generated_pages_are_current(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
