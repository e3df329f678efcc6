"""The files that `mlgate init` writes, as text."""

from __future__ import annotations

from mlgate import __version__
from mlgate.policy.waivers_text import SCHEMA

SOURCE = "https://github.com/mlgate/mlgate"
"""Where pre-commit gets mlgate from, unless somebody says otherwise."""

CHECKOUT = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"
PYTHON = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0"

HOOKS = ("mlgate", "mlgate-policy", "mlgate-push")


def policy(owner: str) -> str:
    """A first `.mlgate.yaml`: the shipped policy, and where to change it."""
    return f"""\
# yaml-language-server: $schema={SCHEMA}
# What mlgate says in this repository. What is not said here comes from the policy that it ships: `mlgate policy show`.
# Change a line, then: mlgate policy test; mlgate policy diff HEAD .mlgate.yaml
kind: Policy
version: 1
id: this-repository
owner: "{owner}"

rules:
  # A level is "off", record (in the reports), warn (shown) or block. A more specific key wins.
  unpinned/model-revision:
    level: warn
    params: {{ trusted-orgs: [google, microsoft, openai] }}   # these may be loaded by name alone

tests:
  - name: a token stops the commit
    given: {{ rule: secret/huggingface-token, path: notebooks/a.ipynb }}
    expect: block
  - name: a model that nobody pinned is shown
    given: {{ rule: unpinned/model-revision, path: src/train.py }}
    expect: warn
"""


def hooks(source: str, indent: str = "  ") -> str:
    """An entry of pre-commit's `repos`."""
    listed = "".join(f"{indent}    - id: {hook}\n" for hook in HOOKS)
    return f"{indent}- repo: {source}\n{indent}  rev: v{__version__}\n{indent}  hooks:\n{listed}"


def pre_commit(source: str) -> str:
    """A first `.pre-commit-config.yaml`."""
    return f"default_install_hook_types: [pre-commit, pre-push]\nrepos:\n{hooks(source)}"


def workflow() -> str:
    """A GitHub workflow: the pull request decides, and forks need no secret."""
    return f"""\
# Judges what a pull request adds, by the policy of the branch that it goes into.
name: mlgate
on: pull_request
permissions: {{}}
concurrency:
  group: mlgate-${{{{ github.ref }}}}
  cancel-in-progress: true
jobs:
  mlgate:
    name: mlgate
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: {CHECKOUT}
        with:
          fetch-depth: 0 # what is new is told by the history
          persist-credentials: false
      - uses: {PYTHON}
        with:
          python-version: "3.12"
      - run: pip install mlgate=={__version__}
      - run: mlgate check --base auto --format github
"""


def owners(paths: tuple[str, ...], owner: str) -> str:
    """Lines of CODEOWNERS; the last ones win, so they stand at the end."""
    column = max(map(len, paths)) + 2
    lines = "".join(f"{path.ljust(column)}{owner}\n" for path in paths)
    return f"# The checks, and what runs them.\n{lines}"
