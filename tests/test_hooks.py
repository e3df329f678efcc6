"""The hooks, run by pre-commit itself and by git."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import Repository, make_repository
from hooks_fixture import HOOKS, ROOT, PreCommit, wheelhouse

pytestmark = pytest.mark.xdist_group("pre-commit")

TOKEN = "hf_" + "QvGzTbWmKdRxPyLsNjHcFaEuXoViZkMtBw"
"""Made up; in one piece it would stop our own commits."""

LOADS = (
    "import pickle\nimport urllib.request\n\nwith urllib.request.urlopen(URL) as file:\n    rows = pickle.load(file)\n"
)
LOGS_IN = f'from huggingface_hub import login\n\nlogin(token="{TOKEN}")\n'
CLEAN = "import os\n\n\ndef place(folder):\n    return os.path.join(folder, 'tickets.csv')\n"
POLICY = 'kind: Policy\nversion: 1\nid: acme\nowner: "@acme/security"\nrules:\n  secret/*: {level: block}\n'


def notebook(*cells: str) -> str:
    """A notebook of code cells."""
    listed = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{at}",
            "metadata": {},
            "outputs": [],
            "source": text.splitlines(keepends=True),
        }
        for at, text in enumerate(cells)
    ]
    return json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


@pytest.fixture(scope="module")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> PreCommit:
    return PreCommit(tmp_path_factory.mktemp("pre-commit"), wheelhouse())


def blocked(output: str) -> list[tuple[str, str]]:
    """(file, rule) of each finding that blocks, in the order of the report."""
    found, path = [], ""
    for line in re.sub(r"\x1b\[[0-9;]*[mK]", "", output).splitlines():
        if line and not line.startswith((" ", "-", "mlgate")):
            path = line
        if match := re.match(r"  BLOCK  (\S+)", line):
            found.append((path, match.group(1)))
    return found


def outcomes(output: str) -> dict[str, str]:
    """What pre-commit says of each hook: {name: Passed, Failed or Skipped}."""
    text = re.sub(r"\x1b\[[0-9;]*[mK]", "", output)
    return {
        name.strip(): said for name, said in re.findall(r"^(mlgate[^.\n]*)\.+(?:\(.*\))?(\w+)$", text, re.MULTILINE)
    }


# --- each hook, from a git URL


def test_try_repo_runs_every_hook(pre_commit: PreCommit, tmp_path: Path) -> None:
    files = {"train.py": LOADS + LOGS_IN, ".mlgate.yaml": POLICY}
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, HOOKS)
    repository.write(files)
    repository.git("add", "--all")
    done = pre_commit.run(repository, "try-repo", str(pre_commit.published.root), "--all-files")
    assert done.returncode == 1, done.stdout
    assert outcomes(done.stdout) == {"mlgate": "Failed", "mlgate (secrets)": "Failed", "mlgate (policy)": "Passed"}
    assert blocked(done.stdout) == [
        ("train.py", "unsafe-load/pickle"),
        ("train.py", "secret/huggingface-token"),
        ("train.py", "secret/huggingface-token"),
    ]


@pytest.mark.parametrize(
    ("hook", "files", "found"),
    [
        ("mlgate", {"train.py": LOADS}, [("train.py", "unsafe-load/pickle")]),
        ("mlgate", {"nb/a.ipynb": notebook(LOADS)}, [("nb/a.ipynb", "unsafe-load/pickle")]),
        ("mlgate-secrets", {"train.py": LOADS + LOGS_IN}, [("train.py", "secret/huggingface-token")]),
        ("mlgate-secrets", {"a.ipynb": notebook(LOGS_IN)}, [("a.ipynb", "secret/huggingface-token")]),
    ],
)
def test_a_configured_hook_stops_the_commit(
    pre_commit: PreCommit, tmp_path: Path, hook: str, files: dict[str, str], found: list[tuple[str, str]]
) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, (hook,))
    before = repository.git("rev-parse", "HEAD")
    repository.write(files)
    repository.git("add", "--all")
    done = pre_commit.git(repository, "commit", "--message", "add")
    assert done.returncode == 1
    assert blocked(done.stdout) == found
    assert repository.git("rev-parse", "HEAD") == before
    assert TOKEN not in done.stdout


def test_the_secrets_hook_minds_nothing_else(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate-secrets",))
    passes(pre_commit, repository, {"train.py": LOADS})


@pytest.mark.parametrize(
    ("path", "content", "passed"),
    [
        (".mlgate.yaml", POLICY, True),
        (".mlgate.yaml", POLICY.replace("secret/*", "secret/huggingface-tokn"), False),
        ("policies/org.yaml", POLICY.replace("level: block", "level: loud"), False),
        ("deploy/values.yaml", "replicas: 3\n", True),
        ("deploy/template.yaml", "kind: {{ .Values.kind }}\n  x: [\n", True),
    ],
)
def test_the_policy_hook_tests_policies_that_change(
    pre_commit: PreCommit, tmp_path: Path, path: str, content: str, passed: bool
) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate-policy",))
    repository.write({path: content})
    repository.git("add", "--all")
    done = pre_commit.git(repository, "commit", "--message", "add")
    assert (done.returncode == 0) is passed, done.stdout


# --- what commits are made of


def passes(pre_commit: PreCommit, repository: Repository, files: dict[str, str | bytes]) -> str:
    """Commits `files`, and gives what was said."""
    repository.write(files)
    repository.git("add", "--all")
    done = pre_commit.git(repository, "commit", "--message", "change")
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_clean_commit_passes_in_silence(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate",))
    said = passes(pre_commit, repository, {"tickets.py": CLEAN, "a.ipynb": notebook(CLEAN)})
    assert said.splitlines()[0].endswith("Passed")
    assert said.splitlines()[1].startswith("[main ")


def test_old_debt_stops_nobody_until_everything_is_asked_for(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"train.py": LOADS}, ("mlgate",))
    passes(pre_commit, repository, {"train.py": f"{CLEAN}\n{LOADS}"})
    done = pre_commit.run(repository, "run", "--all-files")
    assert (done.returncode, blocked(done.stdout)) == (1, [("train.py", "unsafe-load/pickle")])


def test_a_second_load_is_new(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"train.py": LOADS}, ("mlgate",))
    repository.write({"train.py": f"{LOADS}\n{LOADS}"})
    done = pre_commit.git(repository, "commit", "--all", "--message", "again")
    assert (done.returncode, blocked(done.stdout)) == (1, [("train.py", "unsafe-load/pickle")])


def test_only_what_is_staged_is_judged(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.py": CLEAN, "b.py": CLEAN}, ("mlgate",))
    repository.write({"a.py": f"{CLEAN}\nx = 1\n"})
    repository.git("add", "a.py")
    repository.write({"b.py": LOADS, "a.py": LOADS})
    done = pre_commit.git(repository, "commit", "--message", "half")
    assert done.returncode == 0, done.stdout


def test_a_renamed_file_brings_nothing_new(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"train.py": LOADS + CLEAN}, ("mlgate",))
    repository.git("mv", "train.py", "fit.py")
    passes(pre_commit, repository, {})


def test_deleted_files_are_no_stumbling_block(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"train.py": LOADS, "b.py": CLEAN}, ("mlgate",))
    repository.git("rm", "--quiet", "train.py")
    said = passes(pre_commit, repository, {"b.py": CLEAN + "\nx = 1\n"})
    assert outcomes(said) == {"mlgate": "Passed"}


def test_a_commit_that_only_deletes_is_judged_too(pre_commit: PreCommit, tmp_path: Path) -> None:
    """The pin that made a call safe is gone with its file."""
    files = {
        "app/requirements.txt": "torch==2.6.0\n",
        "requirements.txt": "torch==2.4.1\n",
        "app/load.py": "import torch\n\n\ndef load(url):\n    return torch.load(fetch(url))\n",
    }
    repository = pre_commit.configured(tmp_path / "r", files, ("mlgate",))
    repository.git("rm", "--quiet", "app/requirements.txt")
    done = pre_commit.git(repository, "commit", "--message", "one list of requirements")
    assert blocked(done.stdout) == [("app/load.py", "unsafe-load/torch-load")]
    assert done.returncode == 1


def test_a_lowered_pin_changes_files_that_nobody_touched(pre_commit: PreCommit, tmp_path: Path) -> None:
    files = {
        "requirements.txt": "torch==2.7.0\n",
        "load.py": "import torch\n\n\ndef load(url):\n    return torch.load(fetch(url))\n",
    }
    repository = pre_commit.configured(tmp_path / "r", files, ("mlgate",))
    repository.write({"requirements.txt": "torch==2.4.1\n"})
    done = pre_commit.git(repository, "commit", "--all", "--message", "lower")
    assert (done.returncode, blocked(done.stdout)) == (1, [("load.py", "unsafe-load/torch-load")])


def test_two_hundred_files_give_one_report(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate",))
    repository.write({f"part_{at:03}.py": LOADS if at % 50 == 0 else CLEAN for at in range(200)})
    repository.git("add", "--all")
    done = pre_commit.git(repository, "commit", "--message", "many")
    assert blocked(done.stdout) == [(f"part_{at:03}.py", "unsafe-load/pickle") for at in range(0, 200, 50)]
    assert len(re.findall(r"^4 block\b", done.stdout, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", ["two words.py", 'it\'s "quoted".py', "größe/日本.py", "--exit-zero", "a\tb.py"])
def test_names_of_any_kind(pre_commit: PreCommit, tmp_path: Path, name: str) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate",))
    repository.write({name: LOGS_IN})
    repository.git("add", "--all")
    done = pre_commit.git(repository, "commit", "--message", "add")
    assert done.returncode == 1
    assert [rule for _, rule in blocked(done.stdout)] == ["secret/huggingface-token"], done.stdout
    if "\t" not in name:
        assert name in done.stdout


def test_colour_comes_with_eighty_columns(pre_commit: PreCommit, tmp_path: Path) -> None:
    """pre-commit then gives hooks a terminal of no size."""
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate",))
    repository.write({"train.py": LOADS})
    repository.git("add", "--all")
    done = pre_commit.run(repository, "run", "--color=always", environment={"TERM": "xterm-256color"})
    assert done.returncode == 1
    assert "\x1b[" in done.stdout
    plain = re.sub(r"\x1b\[[0-9;]*[mK]", "", done.stdout)
    shown = plain[plain.index("train.py") :].splitlines()
    assert any(len(line) > 60 for line in shown)
    assert max(map(len, shown)) <= 80


def test_a_linked_worktree_is_a_work_tree(pre_commit: PreCommit, tmp_path: Path) -> None:
    main = pre_commit.configured(tmp_path / "r", {"train.py": LOADS}, ("mlgate",))
    main.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    linked = Repository(tmp_path / "linked")
    passes(pre_commit, linked, {"train.py": f"{LOADS}\nx = 1\n"})
    linked.write({"more.py": LOADS})
    linked.git("add", "--all")
    done = pre_commit.git(linked, "commit", "--message", "more")
    assert (done.returncode, blocked(done.stdout)) == (1, [("more.py", "unsafe-load/pickle")])


def test_an_invalid_policy_is_no_pass(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"a.txt": "a\n"}, ("mlgate",))
    repository.write({".mlgate.yaml": POLICY.replace("block", "blok"), "a.py": CLEAN})
    repository.git("add", "--all")
    done = pre_commit.git(repository, "commit", "--message", "policy")
    assert done.returncode == 1
    assert "- exit code: 2" in done.stdout
    assert ".mlgate.yaml:6" in done.stdout


def test_a_policy_from_elsewhere_is_given_as_the_guide_says(pre_commit: PreCommit, tmp_path: Path) -> None:
    guide = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"`args: (\[.*?\])`", guide)
    lenient = POLICY.replace("level: block", "level: warn").replace("version: 1\n", "version: 1\nextends: none\n")
    files = {"path/to/policies/org.yaml": lenient}
    repository = pre_commit.configured(tmp_path / "r", files, ("mlgate",), shown)
    passes(pre_commit, repository, {"--exit-zero": CLEAN, "login.py": LOGS_IN})


def test_between_two_commits_the_first_is_the_base(pre_commit: PreCommit, tmp_path: Path) -> None:
    repository = pre_commit.configured(tmp_path / "r", {"train.py": LOADS}, ("mlgate",))
    before = repository.git("rev-parse", "HEAD")
    repository.git("config", "core.hooksPath", "/dev/null")
    after = repository.commit({"more.py": LOADS})
    done = pre_commit.run(repository, "run", "--from-ref", before, "--to-ref", after)
    assert (done.returncode, blocked(done.stdout)) == (1, [("more.py", "unsafe-load/pickle")])


# --- pushes ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def cloned(pre_commit: PreCommit, tmp_path: Path) -> Repository:
    """A repository with the push hook, whose `main` is on its remote; on branch `work`."""
    repository = pre_commit.configured(tmp_path / "r", {"a.py": CLEAN}, ("mlgate-push",))
    repository.git("init", "--quiet", "--bare", "--initial-branch", "main", str(tmp_path / "remote.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    repository.git("push", "--quiet", "--no-verify", "origin", "main")
    repository.git("checkout", "--quiet", "-b", "work")
    return repository


def test_a_push_is_judged_as_the_pull_request_will_be(pre_commit: PreCommit, cloned: Repository) -> None:
    cloned.write({"b.py": LOADS})
    cloned.git("add", "b.py")
    cloned.git("commit", "--quiet", "--no-verify", "-m", "load")
    done = pre_commit.git(cloned, "push", "origin", "work")
    assert (done.returncode, blocked(done.stdout)) == (1, [("b.py", "unsafe-load/pickle")])
    assert "compared with main" in done.stdout

    # What an earlier push brought to the remote is still new to main.
    cloned.git("push", "--quiet", "--no-verify", "origin", "work")
    cloned.write({"c.py": CLEAN})
    cloned.git("add", "c.py")
    cloned.git("commit", "--quiet", "--no-verify", "-m", "more")
    done = pre_commit.git(cloned, "push", "origin", "work")
    assert (done.returncode, blocked(done.stdout)) == (1, [("b.py", "unsafe-load/pickle")])

    cloned.write({"b.py": CLEAN})
    cloned.git("commit", "--quiet", "--no-verify", "--all", "-m", "mend")
    done = pre_commit.git(cloned, "push", "--force", "origin", "work")
    assert (done.returncode, blocked(done.stdout)) == (0, []), done.stdout


def test_a_push_of_the_default_branch_is_judged_by_what_it_adds(pre_commit: PreCommit, cloned: Repository) -> None:
    cloned.git("checkout", "--quiet", "main")
    cloned.write({"b.py": LOADS})
    cloned.git("add", "b.py")
    cloned.git("commit", "--quiet", "--no-verify", "-m", "load")
    done = pre_commit.git(cloned, "push", "origin", "main")
    assert (done.returncode, blocked(done.stdout)) == (1, [("b.py", "unsafe-load/pickle")])
    assert pre_commit.git(cloned, "push", "origin", "--delete", "main").returncode in (0, 1)


def test_the_commit_that_carries_a_waiver_passes_on_the_laptop(pre_commit: PreCommit, tmp_path: Path) -> None:
    policy = "kind: Policy\nversion: 1\nid: acme\nowner: me\nrules: {unsafe-load/*: {level: block, waivable: file}}\n"
    repository = pre_commit.configured(tmp_path / "r", {".mlgate.yaml": policy}, ("mlgate",))
    repository.write({"b.py": LOADS})
    repository.git("add", "b.py")
    assert pre_commit.git(repository, "commit", "-m", "load").returncode == 1
    waiver = """\
kind: Waivers
version: 1
waivers:
  - id: W-1
    rule: unsafe-load/pickle
    paths: [b.py]
    limit: 1
    type: mitigated
    reason: The file comes from our own bucket.
    owner: "@acme/ranking"
    from: 2026-01-01
    expires: 2126-01-01
"""
    repository.write({".mlgate/waivers.yaml": waiver})
    repository.git("add", ".mlgate/waivers.yaml")
    done = pre_commit.git(repository, "commit", "-m", "load, with a waiver")
    assert done.returncode == 0, done.stdout
    judged = pre_commit.run(repository, "run", "--from-ref", "HEAD~1", "--to-ref", "HEAD", environment={"CI": "1"})
    assert (judged.returncode, blocked(judged.stdout)) == (1, [("b.py", "unsafe-load/pickle")])


# --- the policy repository that is also the hook repository ---------------------------------------------------------


def test_a_policy_repository_brings_tool_and_policy_together(
    pre_commit: PreCommit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = tmp_path / "wheels"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            str(wheels),
            pre_commit.published.root,
        ],
        env={**pre_commit.environment, "PIP_FIND_LINKS": wheelhouse()},
        check=True,
    )
    monkeypatch.setitem(pre_commit.environment, "PIP_FIND_LINKS", f"{wheelhouse()} {wheels}")
    policies = make_repository(tmp_path / "policies")
    shutil.copytree(ROOT / "examples" / "policy-repository", policies.root, dirs_exist_ok=True)
    policies.commit(message="policy")
    policies.git("tag", "v12")
    config = f"repos:\n  - repo: {policies.root.as_uri()}\n    rev: v12\n    hooks: [{{id: acme-mlgate}}]\n"
    lax = "kind: Policy\nversion: 1\nid: ours\nowner: me\nextends: none\nrules: {unsafe-load/*: {level: 'off'}}\n"
    repository = make_repository(tmp_path / "r", {".pre-commit-config.yaml": config, ".mlgate.yaml": lax})
    assert pre_commit.run(repository, "install").returncode == 0
    repository.write({"b.py": "import torch\n\nmodel = torch.load(url, weights_only=False)\n"})
    repository.git("add", "b.py")
    done = pre_commit.git(repository, "commit", "-m", "load")
    # The organisation's root lets a team go down to a warning, and no further: nothing is switched off.
    assert done.returncode == 0, done.stdout
    (repository.root / ".mlgate.yaml").unlink()
    repository.git("commit", "--quiet", "--no-verify", "-a", "-m", "no policy of our own")
    repository.write({"c.py": LOADS})
    repository.git("add", "c.py")
    done = pre_commit.git(repository, "commit", "-m", "load")
    assert (done.returncode, blocked(done.stdout)) == (1, [("c.py", "unsafe-load/pickle")]), done.stdout
    assert "policy acme-ml" in done.stdout
    assert "#ask-ml-security" in done.stdout


def test_a_champion_can_commit_a_looser_policy_and_the_pull_request_is_told(
    pre_commit: PreCommit, tmp_path: Path
) -> None:
    policy = (
        "kind: Policy\nversion: 1\nid: acme\nowner: me\n"
        "rules: {unsafe-load/*: {level: block}, governance/*: {level: block, waivable: never}}\n"
    )
    repository = pre_commit.configured(tmp_path / "r", {".mlgate.yaml": policy}, ("mlgate",))
    repository.write({".mlgate.yaml": policy.replace("unsafe-load/*: {level: block}", "unsafe-load/*: {level: warn}")})
    repository.git("add", ".mlgate.yaml")
    done = pre_commit.git(repository, "commit", "-m", "let it warn")
    assert done.returncode == 0, done.stdout
    judged = pre_commit.run(repository, "run", "--from-ref", "HEAD~1", "--to-ref", "HEAD", environment={"CI": "1"})
    assert (judged.returncode, blocked(judged.stdout)) == (1, [(".mlgate.yaml", "governance/policy-loosened")])
