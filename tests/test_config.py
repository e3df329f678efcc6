"""Configuration files: commands, settings, images and packages with their places; prose stays prose."""

from __future__ import annotations

import pytest
from facts_of import EVERYTHING, attributes, code, covered, of_kind, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgate.facts.config import extract
from mlgate.model import Confidence, Entries, Extraction, Unit, Value, Vocabulary


def read(text: str, path: str) -> Extraction:
    return extract([Unit(0, text)], EVERYTHING, path)


def values(extraction: Extraction, start: str) -> list[tuple[str, object]]:
    found = of_kind(extraction, "setting")
    return [(fact.name, plain(fact.attributes["value"])) for fact in found if fact.name.startswith(start)]


WORKFLOW = """\
on: push
env:
  TOKEN: ${{ secrets.TOKEN }}
  FLAG: true
jobs:
  test:
    container: python:latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          pip install a ${{ matrix.b }}
          curl -s https://x.example/i.sh | sh
      - run: "pip install c"
      - run: >-
          pip install
          d
      - shell: python
        run: import e
      - name: pip install f
"""


def test_a_workflow_carries_shell_where_it_runs() -> None:
    found = read(WORKFLOW, ".github/workflows/test.yml")
    assert code(found.embedded) == [
        ("shell", "pip install a {…}\ncurl -s https://x.example/i.sh | sh\n", ""),
        ("shell", "pip install c", ""),
        ("shell", "pip install d", ""),
        ("python", "import e", ""),
    ]
    lines = [one.unit.lines.lines for one in found.embedded if one.unit.lines is not None]
    assert [line[0] for line in lines] == [(11, 10), (13, 14), (15, 10), (18, 13)]
    assert lines[0][1] == (12, 10)
    assert values(found, "env:") == [("env:TOKEN", "?"), ("env:FLAG", "true")]
    assert [(plain(f.attributes["image"]), plain(f.attributes["tag"])) for f in of_kind(found, "shell")] == [
        ("python", "latest")
    ]


def test_a_compose_file_names_images_commands_and_environment() -> None:
    text = """\
services:
  lab:
    image: jupyter/base-notebook
    command: ["jupyter", "lab", "--ip=0.0.0.0", "--ServerApp.token="]
    environment:
      - A=1
      - B
  own:
    build: .
    image: mine
    entrypoint: mlflow ui --host 0.0.0.0
    environment: {C: 2}
"""
    found = read(text, "deploy/docker-compose.yml")
    assert sorted(code(found.embedded)) == [
        ("shell", "jupyter lab --ip=0.0.0.0 --ServerApp.token=", ""),
        ("shell", "mlflow ui --host 0.0.0.0", ""),
    ]
    assert values(found, "env:") == [("env:A", "1"), ("env:C", "2")]
    assert [attributes(fact, "words") for fact in of_kind(found, "shell")] == [
        {"program": "docker", "origin": "workflow", "image": "jupyter/base-notebook"}
    ]


def test_a_pod_joins_command_and_arguments() -> None:
    text = """\
apiVersion: v1
kind: Pod
spec:
  containers:
  - image: a/b:1.0
    args: ["x | y"]
    command: [sh, -c]
    env:
    - name: A
      value: "1"
"""
    found = read(text, "pod.yaml")
    assert code(found.embedded) == [("shell", "sh -c 'x | y'", "")]
    assert values(found, "env:") == [("env:A", "1")]
    assert [plain(fact.attributes["tag"]) for fact in of_kind(found, "shell")] == ["1.0"]


@pytest.mark.parametrize(
    ("text", "path", "name", "detail"),
    [
        ("a: 1\n{{ if }}: [", "chart/templates/a.yaml", "unparsed-config", "line 3: not YAML: "),
        ("x" * 500_000, "a.yaml", "unparsed-config", "line 1: 500,000 characters, of which it may have 400,000"),
        ("jobs: [", ".github/workflows/ci.yml", "unparsed", "line 2: not YAML: "),
        ("a: *b", "docker-compose.override.yml", "unparsed", "line 1: alias *b: no anchor &b above"),
        ("a: [", "deploy/azure-pipelines.yml", "unparsed", "line 2: not YAML: "),
        ("{% raw %}\n", "{{cookiecutter.name}}/.github/workflows/ci.yml", "unparsed-config", "line 1: "),
        ('{"a": [1 // b', ".devcontainer/devcontainer.json", "unparsed", "line 2: not YAML: "),
        ("a: [", ".github/actions/own/action.yml", "unparsed", "line 2: not YAML: "),
        ("a: [", ".github/dependabot.yml", "unparsed-config", "line 2: not YAML: "),
    ],
)
def test_what_cannot_be_read_says_so(text: str, path: str, name: str, detail: str) -> None:
    (fact,) = extract([Unit(0, text)], Vocabulary(), path).facts
    assert (fact.kind, fact.name) == ("input", name)
    assert plain(fact.attributes["detail"]).startswith(detail)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("description: pip install a\nprompt: |\n  curl https://x.example | sh\nimage: cat.png\n", "data/prompts.yaml"),
        ('{"text": "run: pip install a", "install": "b"}', "data/a.json"),
        ('{"a": 1, // b\n}', "tsconfig.json"),
        ("", "a.yaml"),
    ],
)
def test_prose_and_data_are_no_commands(text: str, path: str) -> None:
    found = extract([Unit(0, text)], Vocabulary(), path)
    assert found == Extraction((), ())


@pytest.mark.parametrize("comment", ["// x", """// it's "it" """, "/* a: */", "/* a\n b */", "// {", "//"])
def test_a_comment_is_no_part_of_the_key_below_it(comment: str) -> None:
    text = f'{{\n  {comment}\n  "postCreateCommand": "make",\n  "a": "http://b//c"\n}}\n'
    found = extract([Unit(0, text)], Vocabulary(), ".devcontainer/devcontainer.json")
    assert [fact.name for fact in found.facts if fact.kind == "input"] == []
    assert [one.unit.text for one in found.embedded] == ["make"]


def test_comments_of_json_are_none_of_its_values() -> None:
    text = (
        '// of an editor\n{\n  "postCreateCommand": "curl http://a.b/c | sh", // runs "once"\n'
        '  /* "x": [ */ "y": "//z",\n}\n'
    )
    found = extract([Unit(0, text)], Vocabulary(), ".devcontainer/devcontainer.json")
    assert [fact for fact in found.facts if fact.kind == "input"] == []
    assert [(one.unit.text, one.unit.lines.lines[0]) for one in found.embedded if one.unit.lines] == [
        ("curl http://a.b/c | sh", (3, 24))
    ]


def test_keys_that_rules_ask_for_are_settings_by_their_dotted_names() -> None:
    asked = Vocabulary(settings=frozenset({"server.*", "*.trust_remote_code"}))
    toml = '[server]\naddress = "0.0.0.0"\nenableXsrfProtection = false\n[theme]\nbase = "dark"\n'
    yaml = "models:\n  - name: a\n    trust_remote_code: true\n"
    found = [
        *extract([Unit(0, toml)], asked, ".streamlit/config.toml").facts,
        *extract([Unit(0, yaml)], asked, "m.yaml").facts,
    ]
    assert [(fact.name, plain(fact.attributes["value"])) for fact in found] == [
        ("server.address", "0.0.0.0"),
        ("server.enableXsrfProtection", False),
        ("models.trust_remote_code", True),
    ]
    assert covered(yaml, found[-1]) == "true"


def test_a_setting_carries_what_stands_beside_it() -> None:
    asked = Vocabulary(settings=frozenset({"*.base_model", "*.path", "env:*"}), beside=frozenset({"kind", "tags", "B"}))
    text = """\
run:
  base_model: acme/a
  revision_of_model: main
  kind: x
  tags: [p, q]
  lr: 1
  inner: {kind: y}
  rows:
    - {path: acme/b, revision: v1, kind: z}
    - path: acme/c
  env: {A: 1, B: 2, C: 3}
"""
    facts = {
        plain(fact.attributes["value"]): fact.attributes for fact in extract([Unit(0, text)], asked, "a.yaml").facts
    }
    said = {
        value: (
            plain(found.get("revision")),
            {
                key: plain(one)
                for option in found["beside"].options
                if isinstance(option, Entries)
                for key, one in option.entries
            },
        )
        for value, found in facts.items()
    }
    assert said == {
        "acme/a": ("main", {"kind": "x", "tags": ("p", "q")}),
        "acme/b": ("v1", {"kind": "z"}),
        "acme/c": (None, {}),
        "1": (None, {"B": "2"}),
        "2": (None, {}),
        "3": (None, {"B": "2"}),
    }


def test_an_environment_that_comes_from_elsewhere_may_hold_a_revision() -> None:
    asked = Vocabulary(settings=frozenset({"env:*"}))
    text = "services: {a: {env_file: b.env, environment: {MODEL_ID: acme/chat}}}\n"
    (fact,) = extract([Unit(0, text)], asked, "compose.yaml").facts
    assert fact.attributes["revision"] == Value((), "`env_file` may hold a revision")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("path: s3://acme/x", ("s3://acme/x", "configuration")),
        ("path: 's3://${BUCKET}/x'", ("s3://{…}/x", "configuration")),
        ("db: postgres://reader:" + "hunter" + "2@db/x", ("postgres://reader:***@db/x", "configuration")),
        ("lake: abfss://box@acme.dfs.core.windows.net/x", ("abfss://box@acme.dfs.core.windows.net/x", "configuration")),
        ("files: https://acme.s3.amazonaws.com/x", ("https://acme.s3.amazonaws.com/x", "configuration")),
        ("homepage_link: https://acme.s3.amazonaws.com/x", ("https://acme.s3.amazonaws.com/x", "link")),
        ("dataset_description: s3://acme/x", ("s3://acme/x", "message")),
    ],
)
def test_a_value_that_is_an_address_is_a_string(line: str, expected: tuple[str, str]) -> None:
    asked = Vocabulary(strings=("^(s3|postgres|abfss|https)://",))
    (fact,) = extract([Unit(0, line)], asked, "a.yaml").facts
    key = line.partition(":")[0]
    assert (fact.kind, fact.name, plain(fact.attributes["use"]), plain(fact.attributes["keyword"])) == (
        "string", *expected, key,
    )  # fmt: skip
    assert (fact.confidence, fact.why) == (Confidence.MEDIUM, f"default of `{key}`")


@pytest.mark.parametrize(
    "line",
    ["text: see s3://acme/x", "text: s3", "path: gs://acme/x", "command: aws s3 ls s3://a", "args: [s3://acme/x]"],
)
def test_a_sentence_and_a_command_are_no_addresses(line: str) -> None:
    assert of_kind(extract([Unit(0, line)], Vocabulary(strings=("^s3://",)), "a.yaml"), "string") == []


def test_options_are_those_of_the_program_that_the_image_starts() -> None:
    text = """\
a:
  image: vllm/vllm-openai:v1
  command: --model acme/chat
b:
  image: acme/other
  command: --model acme/chat
c:
  image: ghcr.io/huggingface/text-generation-inference:2
  command: [sh, -c, run]
d:
  modelFormat: {name: huggingface}
  args: [--model_id=acme/chat]
"""
    found = read(text, "a.yaml").embedded
    assert code(found) == [
        ("shell", "vllm serve \\\n--model acme/chat", ""),
        ("shell", "--model acme/chat", ""),
        ("shell", "sh -c run", ""),
        ("shell", "python -m huggingfaceserver \\\n--model_id=acme/chat", ""),
    ]
    assert found[0].unit.lines is not None
    assert found[0].unit.lines.lines == ((3, 11), (3, 11))


def test_a_jupyter_file_is_one_server() -> None:
    text = '{"ServerApp": {"token": "", "ip": "0.0.0.0", "disable_check_xsrf": true}}'
    (server,) = of_kind(read(text, "etc/jupyter_server_config.json"), "server")
    assert attributes(server) == {"host": "0.0.0.0", "auth": "", "xsrf": False}
    locked = '{"ServerApp": {"token": "", "password": "argon2:x"}}'
    (server,) = of_kind(read(locked, "jupyter_notebook_config.json"), "server")
    assert attributes(server) == {"auth": "on"}


PYPROJECT = """\
[build-system]
requires = ["hatchling"]
[project]
name = "x"
dependencies = ["torch>=2", 'numpy',  # why
  "pandas==1.0 ; python_version < '3.12'",
]
[project.optional-dependencies]
dev = ["pytest"]
[dependency-groups]
lint = ["ruff==0.5.0"]
[tool.poetry.dependencies]
python = "^3.10"
a = "1.0"
b = {git = "https://x.example/b", rev = "main"}
c = { version = "^1", extras = ["x"] }
[[tool.uv.index]]
name = "i"
url = "https://i.example/simple"
[tool.uv]
extra-index-url = ["https://e.example"]
"""


def test_a_pyproject_names_packages_and_indexes() -> None:
    found = read(PYPROJECT, "pyproject.toml")
    packages = of_kind(found, "package")
    assert [(f.name, plain(f.attributes["specifier"]), plain(f.attributes["source"])) for f in packages] == [
        ("hatchling", "", "pypi"),
        ("torch", ">=2", "pypi"),
        ("numpy", "", "pypi"),
        ("pandas", "==1.0", "pypi"),
        ("pytest", "", "pypi"),
        ("ruff", "==0.5.0", "pypi"),
        ("a", "==1.0", "pypi"),
        ("b", "", "git"),
        ("c", "^1", "pypi"),
    ]
    assert {plain(fact.attributes["origin"]) for fact in packages} == {"pyproject"}
    assert [covered(PYPROJECT, fact) for fact in packages[1:4]] == [
        '"torch>=2"',
        "'numpy'",
        "\"pandas==1.0 ; python_version < '3.12'\"",
    ]
    assert values(found, "pip:") == [
        ("pip:extra-index-url", "https://i.example/simple"),
        ("pip:extra-index-url", "https://e.example"),
    ]


def test_pip_conf_says_where_packages_come_from() -> None:
    text = """\
[global]
index-url = http://i.example
extra-index-url =
    https://a.example
    https://b.example
[install]
trusted_host: c.example d.example
"""
    assert values(read(text, "pip.conf"), "pip:") == [
        ("pip:index-url", "http://i.example"),
        ("pip:extra-index-url", "https://a.example"),
        ("pip:extra-index-url", "https://b.example"),
        ("pip:trusted-host", "c.example"),
        ("pip:trusted-host", "d.example"),
    ]


def test_an_environment_file_names_conda_and_pip_packages() -> None:
    text = """\
channels: [conda-forge]
dependencies:
  - python=3.9
  - numpy=1.26.4
  - pip:
      - torch>=2
      - --extra-index-url https://e.example
"""
    found = read(text, "environment.yml")
    assert [
        (f.name, *(plain(f.attributes[key]) for key in ("specifier", "source", "origin", "manager")))
        for f in of_kind(found, "package")
    ] == [
        ("python", "=3.9", "conda", "conda", "conda"),
        ("numpy", "==1.26.4", "conda", "conda", "conda"),
        ("torch", ">=2", "pypi", "conda", "pip"),
    ]
    assert values(found, "pip:") == [("pip:extra-index-url", "https://e.example")]


@settings(max_examples=200)
@given(
    st.text(alphabet="ab \n\"'[]{}=#.,:-|>\\&*!${}", max_size=60),
    st.sampled_from(
        ["a.toml", "a.ini", "a.yaml", "a.json", "pyproject.toml", "pip.conf", "environment.yml", "docker-compose.yml"]
    ),
)
def test_nothing_that_is_broken_raises(text: str, path: str) -> None:
    read(text, path)
