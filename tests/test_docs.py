"""The guides are run: files are written, commands are typed, and what comes out is what is shown."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from gitrepo import make_repository
from program import environment

from mlgate.policy.documents import schema_problems
from mlgate.policy.shape import schema, shape_problems
from mlgate.policy.sources import InMemory
from mlgate.verbs import policy_test
from mlgate.yaml_strict import read

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DAYS = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} [A-Z][a-z]+(?: \d{4})?|\b20\d\d-\d\d-\d\d\b")
DIGEST = re.compile(r"(policy [\w-]+) [0-9a-f]{7}")
COMMANDS = {"mlgate", "git", "cp", "sed", "mkdir"}
OURS = sorted(
    path
    for folder in ("policies", "examples")
    for path in (ROOT / folder).rglob("*.yaml")
    if ".mlgate" in path.parts or "kind: " in path.read_text(encoding="utf-8")[:400]
)


def sandbox(tmp_path: Path, name: str) -> Path:
    """Where a guide is followed."""
    root = tmp_path / "sandbox"
    if name == "champions.md":
        root.mkdir()
        shutil.copytree(ROOT / "examples" / "policy", root / "ml-policies")
        shutil.copytree(ROOT / "examples" / "ticket-router", root / "ticket-router")
        make_repository(root / "ticket-router").commit(message="all")
        return root
    return make_repository(root).root


def typed(root: Path, command: str) -> str:
    """What the command prints; the days of today and the sandbox are named, not shown."""
    assert command.split()[0] in COMMANDS, command
    variables = {**environment(), "COLUMNS": "80"}
    variables["PATH"] = f"{sysconfig.get_path('scripts')}:{variables['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=root, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode in (0, 1), done.stdout.decode()
    return normal(done.stdout.decode().replace(str(root), "SANDBOX"))


def normal(text: str) -> str:
    return DIGEST.sub(r"\1 DIGEST", DAYS.sub("DAY", text))


def fits(shown: str, printed: str) -> bool:
    """Line for line; a line with nothing but … stands for any lines."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^…$", shown, flags=re.MULTILINE)]
    return (
        re.fullmatch(r"(?:.*\n)?".join(f"{part}\n?" if part else "" for part in parts), printed, re.DOTALL) is not None
    )


@pytest.mark.parametrize("name", ["policy.md", "champions.md"])
def test_the_guide_is_followed(tmp_path: Path, name: str) -> None:
    root = sandbox(tmp_path, name)
    count = 0
    for language, file, held in BLOCK.findall((ROOT / "docs" / name).read_text(encoding="utf-8")):
        if file:
            (root / file).write_text(held, encoding="utf-8")
        if language != "console":
            continue
        for piece in re.split(r"^\$ ", held, flags=re.MULTILINE)[1:]:
            command, _, shown = piece.partition("\n")
            count += 1
            printed = typed(root, command)
            assert fits(normal(shown), printed), f"$ {command}\n{printed}\nnot\n{normal(shown)}"
    assert count > 5


def test_eight_commands_lead_to_a_tightened_and_waived_rule() -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\$ ", text, re.MULTILINE)) == 8
    assert "in eight commands" in text


def test_the_page_is_a_policy_whose_tests_hold() -> None:
    (page,) = [
        held
        for _, file, held in BLOCK.findall((ROOT / "docs/policy.md").read_text(encoding="utf-8"))
        if file == "page.yaml"
    ]
    written: list[str] = []
    from mlgate.policy import load

    loaded = load("page", ROOT, files=InMemory({}, ""), source_files=(InMemory({"page.yaml": page.encode()}, ""), ""))
    outcome = policy_test.examined(loaded, policy_test.bench())
    assert (outcome.failures, outcome.tests) == ((), 4), written


def test_the_page_shows_every_key_of_a_policy() -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    definitions = schema()["$defs"]
    assert isinstance(definitions, dict)
    keys: set[str] = set()
    for name in ("policy", "setting"):
        part = definitions[name]
        assert isinstance(part, dict) and isinstance(part["properties"], dict)
        keys |= set(part["properties"])
    assert {key for key in keys if f"{key}:" not in text} == set()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_document_has_the_schema_s_shape_and_names_it(path: Path) -> None:
    data = path.read_bytes()
    for document in read(data, str(path)):
        assert shape_problems(document) == []
        assert schema_problems(document) == []
    first = data.decode().splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found is not None, first
    assert (path.parent / found.group(1)).resolve() == ROOT / "schemas" / "policy.schema.json"


def test_the_schema_is_one_and_explains_every_key() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema())

    def unexplained(part: object, path: str) -> list[str]:
        if not isinstance(part, dict):
            return []
        found = []
        for name, inner in (part.get("properties") or {}).items():
            described = isinstance(inner, dict) and (
                ("title" in inner and "description" in inner)
                or "$ref" in inner
                or (part.get("type") is None and inner == {})
            )
            if not described:
                found.append(f"{path}/{name}")
            found += unexplained(inner, f"{path}/{name}")
        for key in ("items", "additionalProperties"):
            found += unexplained(part.get(key), f"{path}/{key}")
        for branch in (*part.get("oneOf", ()), *part.get("anyOf", ())):
            found += unexplained(branch, f"{path}/oneOf")
        return found

    definitions = schema()["$defs"]
    assert isinstance(definitions, dict)
    missing = [one for name, part in definitions.items() for one in unexplained(part, name)]
    assert missing == []


@pytest.mark.parametrize("folder", ["policy", "rollout/1-code", "rollout/2-publishers", "rollout/3-services"])
def test_the_example_policies_leave_no_mutant(folder: str) -> None:
    written: list[str] = []
    code = policy_test.run(ROOT / "examples" / folder, ROOT, written.append, strict=True, mutate=True)
    assert (code, written[-1].endswith("none survives\n")) == (0, True), "".join(written)


def test_the_design_s_example_passes_with_full_coverage() -> None:
    """Its known miss is found by now, which is a note: an upgrade turns no policy red."""
    outcome = policy_test.examined(
        policy_test.loaded(ROOT / "tests" / "data" / "policy-example", ROOT, None), policy_test.bench()
    )
    assert outcome.failures == ()
    assert [note.partition(": ")[2] for note in outcome.notes] == [
        "examples/gap/1: as a notebook: is found by now; move it to bad",
        "examples/gap/1: as .py: is found by now; move it to bad",
    ]
