"""What a scan of whole repositories costs beside another mlgate: an older release, or another branch.

    python benchmarks/against.py --other /path/to/other/bin/mlgate [--mlgate mlgate] [--runs 3] FOLDER…

Both scan each folder in turn, without a cache and with two processes. Printed per folder: medians of seconds and of
CPU seconds, the largest process, and the ratio of CPU seconds. Exit code 1 where that is more than 1.5.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MOST = 1.5
"""Times the other's CPU seconds."""


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: float
    cpu: float
    memory: int
    """KiB of the largest process."""


def scan(command: list[str], folder: Path) -> Cost:
    """Raises SystemExit where mlgate could not judge."""
    argv = [*command, "check", "--no-cache", "--jobs", "2", "--format", "json", "--exit-zero", "."]
    start = time.perf_counter()
    with subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{shlex.join(argv)} in {folder}: exit {process.returncode}\n{said[-2000:]}")
    return Cost(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss)


def median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(one.seconds for one in costs),
        statistics.median(one.cpu for one in costs),
        max(one.memory for one in costs),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", required=True)
    parser.add_argument("--mlgate", default="mlgate")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("folders", nargs="+", type=Path)
    given = parser.parse_args()
    slow = False
    print(f"{'':40}{'seconds':>18}{'CPU seconds':>18}{'MiB':>14}{'CPU':>8}")
    for folder in given.folders:
        ours: list[Cost] = []
        others: list[Cost] = []
        for _ in range(given.runs):
            others.append(scan(shlex.split(given.other), folder))
            ours.append(scan(shlex.split(given.mlgate), folder))
        one, other = median(ours), median(others)
        ratio = one.cpu / other.cpu
        slow = slow or ratio > MOST
        print(
            f"{folder.name[-38:]:40}{one.seconds:8.1f} /{other.seconds:8.1f}{one.cpu:8.1f} /{other.cpu:8.1f}"
            f"{one.memory // 1024:6} /{other.memory // 1024:6}{ratio:7.2f} x"
        )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
