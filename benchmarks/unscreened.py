"""Whether what is left out for speed is ever missed: `unscreened.py CHECKOUT…` scans each with and without.

Without: every file is parsed, whatever the screen says of it, and every detector of secrets looks at every text,
whatever the gate says. Prints what differs, and exits with 1 where anything does. What only a parser can tell of a file
without a word of any rule (that it is no code) is left out of the comparison.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlgate import screen
from mlgate.cache import Cache
from mlgate.detectors import Detectors
from mlgate.discover import discover, read
from mlgate.examine import Examiner
from mlgate.git.repository import Git
from mlgate.law import Law, derive, reexports
from mlgate.model import Finding, Kind, Source
from mlgate.modules import Modules
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.trees import WorkTree

SEEN_BY_PARSERS = frozenset({"input/unparsed", "input/too-deep", "input/unreadable"})


class Unscreened(Examiner):
    """Reads everything."""

    def _is_admitted(self, source: Source) -> bool:
        return True


def main() -> int:
    law = derive(load_bundle(), (), None)
    missed = files = 0
    sys.setrecursionlimit(4_000)
    for folder in map(Path, sys.argv[1:]):
        for path, with_it, without in _both(folder, law):
            files += 1
            for finding in sorted({*with_it} ^ {*without}, key=str):
                missed += 1
                sys.stdout.write(f"{folder.name}/{path}: {finding}\n")
    sys.stdout.write(f"{files:,} files, {missed} findings that only one of both has\n")
    return 1 if missed else 0


def _both(folder: Path, law: Law) -> Iterator[tuple[str, Sequence[object], Sequence[object]]]:
    """Path, and what is found with and without the screen."""
    git = Git(str(folder), {})
    tree = WorkTree(str(folder), git)
    known = reexports(law, tree.read, tree.paths())
    project = Repository(tree, Modules(law.vocabulary), known)
    screened, unscreened = (one(law, project, known, Cache(None), 0) for one in (Examiner, Unscreened))
    detectors = Detectors(law.detectors)
    for source in read(str(folder), discover(str(folder), (), git).entries, git):
        if isinstance(source, Source):
            if source.kind is not Kind.NOTEBOOK:  # Of those the decoded cells pass it, one by one.
                for detector in _behind_the_gate(source, detectors, known.screen):
                    yield source.path, (), (detector,)
            with_it, without = (one.examine(source).findings for one in (screened, unscreened))
            yield source.path, _told(with_it), _told(without)


def _behind_the_gate(source: Source, detectors: Detectors, screened: Mapping[str, Any]) -> list[str]:
    """Detectors that meet the text, although the gate, or the choice among detectors, has left them out."""
    text = source.data.decode("utf-8", "replace")
    met = [
        detector
        for detector in detectors
        if detector.pattern.search(text) and (detector.near is None or detector.near.search(text))
    ]
    chosen = detectors.for_text(text) if screen.may_hold_secret(source.data, screened) else []
    return [detector.id for detector in met if detector not in chosen]


def _told(findings: Sequence[Finding]) -> list[object]:
    return [
        (one.rule, one.location.line, one.fingerprint, one.confidence.name, one.reason)
        for one in findings
        if one.rule not in SEEN_BY_PARSERS
    ]


if __name__ == "__main__":
    sys.exit(main())
