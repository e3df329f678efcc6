"""What more files cost: wall time and peak memory on 2,000 to 16,000 Python files, nothing known before.

    python benchmarks/growth.py --checkout FOLDER [--runs 3]

The files are copies of the first 2,000 of FOLDER, each copy in a folder of its own, so that twice the files are twice
the work. Prints a table, and exits with 1 where time grows faster than files or memory by more than 4 MiB per 2,000.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from speed import Figures, median, once

FILES = 2_000
COPIES = (1, 2, 4, 8)
MAX_TIME = 1.15
"""Most time per file, as a multiple of that on the smallest tree: the machine is not alone."""
MAX_MEMORY = 4.0
"""Most MiB of the largest process per 2,000 files more."""


def tree(paths: Sequence[Path], root: Path, copies: int) -> Path:
    """A repository of `copies` times the files."""
    made = root / f"{copies}"
    for copy in range(copies):
        for path in paths:
            place = made / f"copy{copy}" / path.relative_to(path.anchor)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    subprocess.run(["git", "init", "-q", str(made)], check=True)
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    paths = sorted(given.checkout.resolve().rglob("*.py"))[:FILES]
    if len(paths) < FILES:
        raise SystemExit(f"{given.checkout} holds {len(paths)} Python files; {FILES} are needed")
    mlgate = str(Path(sysconfig.get_path("scripts")) / "mlgate")
    figures: list[Figures] = []
    print("| Files | Wall, seconds | Per 2,000 files | Largest process, MiB |\n|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch:
        for copies in COPIES:
            folder = tree(paths, Path(scratch), copies)
            command = (mlgate, "check", "--exit-zero", "--no-cache", ".")
            figures.append(median([once(command, folder, dict(os.environ)) for _ in range(given.runs)]))
            wall, memory = figures[-1].wall, figures[-1].memory
            print(f"| {copies * FILES:,} | {wall:.1f} | {wall / copies:.2f} | {memory:.0f} |", flush=True)
    slower = figures[-1].wall / COPIES[-1] / figures[0].wall
    larger = (figures[-1].memory - figures[0].memory) / (COPIES[-1] - COPIES[0])
    print(f"\nTime per file: {slower:.2f} times that of the smallest tree. Memory: {larger:.1f} MiB per 2,000 files.")
    return 0 if slower <= MAX_TIME and larger <= MAX_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
