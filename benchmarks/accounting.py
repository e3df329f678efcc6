"""Whether every file of a checkout is accounted for: looked at, or the subject of a finding that says why not.

    python benchmarks/accounting.py CHECKOUT…

Each checkout is judged as `mlgate check` does, without a cache, one after the other. What was looked at, together with
the paths of `input/*` findings, is compared with `git ls-files`, as sets. Prints the differences and the counts per
rule. Exit code 1 where a file is missing, is counted twice, or cost its worker.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mlgate import scan, sides
from mlgate.model import Report, Result
from mlgate.question import Question

DATE = "2026-11-23"
"""Judged as on this day; nothing shipped depends on it."""


@dataclass(frozen=True, slots=True)
class Account:
    tracked: frozenset[str]
    """What `git ls-files` says."""
    looked_at: frozenset[str]
    """Files whose bytes were examined."""
    excused: dict[str, str]
    """Files that could not be examined: path → rule of the finding that says so."""
    results: int
    """Number of files that the report counts."""
    report: Report
    seconds: float

    @property
    def missing(self) -> list[str]:
        """Tracked, neither looked at nor excused."""
        return sorted(self.tracked - self.looked_at - self.excused.keys())

    @property
    def surplus(self) -> list[str]:
        """Looked at or excused, but not tracked: what is untracked and not ignored."""
        return sorted((self.looked_at | self.excused.keys()) - self.tracked)

    @property
    def twice(self) -> int:
        """Files that the report counts more than once, or does not count."""
        return abs(self.results - len(self.looked_at | self.excused.keys()))


class _Recorded(sides.Sides):
    """Takes down which files it has results of, and which of those were read."""

    def examined(self, tasks: Iterable[sides.Task], *, is_whole: bool = False) -> list[Result]:
        results = super().examined(tasks, is_whole=is_whole)
        SEEN.extend(results)
        return results


SEEN: list[Result] = []


def account(folder: Path, jobs: int) -> Account:
    printed = subprocess.run(["git", "-C", folder, "ls-files", "-z"], capture_output=True, check=True).stdout
    tracked = frozenset(os.fsdecode(printed).split("\0")) - {""}
    SEEN.clear()
    question = Question(
        folder=str(folder),
        paths=(),
        environment={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "")},
        date=DATE,
        jobs=jobs,
    )
    began = time.perf_counter()
    report = scan.check(question)
    seconds = time.perf_counter() - began
    whole = {
        decision.finding.location.path: decision.finding.rule
        for decision in report.decisions
        if decision.finding.rule.startswith("input/")
    }
    looked_at = frozenset(result.path for result in SEEN if not result.unread)
    excused = {path: rule for path, rule in whole.items() if path not in looked_at}
    return Account(tracked, looked_at, excused, report.summary.files, report, seconds)


def show(folder: Path, one: Account) -> bool:
    """Prints an account; whether it is in order."""
    summary = one.report.summary
    print(
        f"{folder.name}: {len(one.tracked)} tracked, {len(one.looked_at)} looked at, {len(one.excused)} excused,",
        end=" ",
    )
    print(f"{summary.cells} cells, {one.seconds:.1f} s")
    for title, paths in (("MISSING", one.missing), ("not tracked", one.surplus)):
        for path in paths[:20]:
            print(f"  {title}: {path!r}")
        if len(paths) > 20:
            print(f"  {title}: {len(paths) - 20} more")
    lost = [path for path, rule in one.excused.items() if rule in ("input/crashed", "input/timeout")]
    for path in lost:
        print(f"  {one.excused[path]}: {path!r}")
    if one.twice:
        print(f"  {one.twice} files are counted more than once, or not at all")
    return not (one.missing or lost or one.twice)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="+", type=Path, metavar="CHECKOUT")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (default: 1)")
    options = parser.parse_args()
    scan.Sides = _Recorded  # type: ignore[attr-defined]
    rules: Counter[tuple[str, str, str]] = Counter()
    files: dict[tuple[str, str, str], set[tuple[Path, str]]] = {}
    in_order = True
    for folder in options.checkouts:
        one = account(folder.resolve(), options.jobs)
        in_order = show(folder, one) and in_order
        for decision in one.report.decisions:
            finding = decision.finding
            key = (finding.rule, finding.confidence.name.lower(), decision.level.name.lower())
            rules[key] += 1
            files.setdefault(key, set()).add((folder, finding.location.path))
        sys.stdout.flush()
    print(f"\n{'rule':44} {'confidence':10} {'level':7} {'findings':>8} {'files':>6}")
    for (rule, confidence, level), count in sorted(rules.items()):
        print(f"{rule:44} {confidence:10} {level:7} {count:8} {len(files[rule, confidence, level]):6}")
    return 0 if in_order else 1


if __name__ == "__main__":
    sys.exit(main())
