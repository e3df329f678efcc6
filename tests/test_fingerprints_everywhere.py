"""One list of fingerprints for every Python: what one version of Python finds, another must not call new."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlgate.cache import Cache
from mlgate.examine import Examiner
from mlgate.law import derive, reexports
from mlgate.model import Kind, Source
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.trees import Memory

DATA = Path(__file__).parent / "data" / "everywhere"
KINDS = {".py": Kind.PYTHON, ".ipynb": Kind.NOTEBOOK, ".sh": Kind.SHELL}


def seen() -> dict[str, str]:
    """{place and rule: fingerprint} by a policy of its own, so that the shipped rules may change."""
    law = derive(load_bundle(str(DATA / "policy.yaml"), DATA), (), None)
    examiner = Examiner(law, Repository(Memory({})), reexports(law, {}.get), Cache(None), 0)
    found = {}
    for path in sorted(DATA.iterdir()):
        if path.suffix in KINDS:
            source = Source(path.name, KINDS[path.suffix], path.read_bytes())
            for finding in examiner.examine(source).findings:
                if not finding.rule.startswith("acme/"):
                    continue
                place = finding.location
                found[f"{place.path}:{place.line}:{place.column} {finding.rule}"] = finding.fingerprint
    return found


def test_fingerprints_are_the_same_on_every_python() -> None:
    assert seen() == json.loads((DATA / "fingerprints.json").read_text(encoding="utf-8"))


def test_every_line_that_asks_for_it_is_found() -> None:
    wanted = {
        (path.name, number)
        for path in DATA.iterdir()
        if path.suffix in KINDS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "# found" in line
    }
    places = (key.partition(" ")[0].split(":") for key in seen())
    assert {(path, int(line)) for path, line, _ in places} == wanted


if __name__ == "__main__":
    # NOTE: a change here makes every finding of every user new. It needs a new prefix of the fingerprint.
    (DATA / "fingerprints.json").write_text(json.dumps(seen(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.exit(pytest.main([__file__]))
