"""Small policies and rules that tests write down and load."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HEAD = 'kind: Policy\nversion: 1\nid: acme-ml\nowner: "@acme/ml-security"\n'
"""Four lines; what a test adds begins on line 5."""

RULE = """\
kind: Rule
version: 1
id: acme/feature-store
title: Reads the feature store
severity: high
message: "{match} reads production features."
why: Rows end up in history.
fix: Use the sandbox.
references: [CWE-200]
params:
  hosts: {type: patterns, default: ["^prod-"], stricter: more, description: production hosts}
  assume-acme: {type: version, default: "1.0", stricter: lower, description: where nothing is stated}
match:
  any:
    - call: [acme_fs.connect]
      args: [{name: host, pos: 0, regex: {param: hosts}}]
examples:
  bad: ['import acme_fs; acme_fs.connect("prod-1")']
  good: ['import acme_fs; acme_fs.connect("dev-1")']
"""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """`files` by path below `folder`, which is returned."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
