"""What a commit of one clean Python file costs, as a multiple of the start of Python itself.

Runs the console script that pip installs, as pre-commit does, in turns with `python -c pass`, and compares medians:
what slows the machine down for a while slows both. Exit code 1 where the multiple is above the target.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

TARGET = 4.0
"""Largest multiple of `python -c pass`; beyond it people feel the hook."""

POLICY = """\
kind: Policy
version: 1
id: benchmark
owner: "@acme/security"
rules:
  secret/*: { level: block }
  unsafe-load/*: { level: block }
"""

CLEAN = '''\
"""Turns tickets into rows."""

import csv
import os
from collections import Counter

FOLDER = os.path.join("data", "tickets")


def words(text):
    return Counter(word.lower() for word in text.split() if word.isalpha())


def write(rows, name="tickets.csv"):
    with open(os.path.join(FOLDER, name), "w", newline="") as file:
        writer = csv.writer(file)
        for row in rows:
            writer.writerow([row.id, row.title, sum(words(row.text).values())])
'''


def prepare(folder: Path) -> dict[str, str]:
    """A repository in which one clean file is about to be committed; gives the environment of its hooks."""
    git = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "SYSTEMROOT", "LANG")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    }
    repository = folder / "repository"
    repository.mkdir()
    (repository / ".mlgate.yaml").write_text(POLICY)
    (repository / "tickets.py").write_text(CLEAN.replace("tickets.csv", "old.csv"))
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", *command], cwd=repository, env=git, check=True)
    (repository / "tickets.py").write_text(CLEAN)
    subprocess.run(["git", "add", "--all"], cwd=repository, env=git, check=True)
    (folder / "cache").mkdir(mode=0o700)
    return {
        **git,
        "MLGATE_CACHE_DIR": str(folder / "cache"),
        "PRE_COMMIT": "1",
        "GIT_INDEX_FILE": str(repository / ".git" / "index"),
    }


def seconds(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Wall time of one run. Raises SystemExit where the command does not pass."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout.decode()}{done.stderr.decode()}"
        )
    return took


def measure(runs: int) -> tuple[float, float]:
    """Medians in seconds: (a clean commit's check, the start of Python)."""
    mlgate = Path(sysconfig.get_path("scripts")) / "mlgate"
    check = [str(mlgate), "check", "--base", "auto", "tickets.py"]
    nothing = [sys.executable, "-c", "pass"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prepare(folder)
        repository = folder / "repository"
        for command in (check, check, nothing):  # the first run fills the cache
            seconds(command, repository, environment)
        pairs = [
            (seconds(check, repository, environment), seconds(nothing, repository, environment)) for _ in range(runs)
        ]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="of each of the two commands (default: 40)")
    ours, python = measure(parser.parse_args().runs)
    multiple = ours / python
    print(f"clean commit {ours * 1000:.1f} ms · python -c pass {python * 1000:.1f} ms · {multiple:.2f} times")
    print(f"target: at most {TARGET:g} times", "· met" if multiple <= TARGET else "· MISSED")
    return 0 if multiple <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
