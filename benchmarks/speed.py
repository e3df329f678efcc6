"""mlgate beside its peers on the same files: wall and CPU time, peak memory, as medians of alternating runs.

    python benchmarks/speed.py --corpora CHECKOUTS --peers VENVS [--runs 5] [--only ROW] [--output FILE.json]

CHECKOUTS holds the repositories of the corpora, VENVS a virtual environment for each peer: `bandit`, `ruff`,
`detect-secrets`, `semgrep`, `nbqa-bandit`. Each run is one process tree, in turns with the other one. Prints a table;
with `--output` the figures are written as JSON and as a plot beside it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import mlgate as mlgate_package

CLEAN = "import csv\n\n\ndef words(text):\n    return [word.lower() for word in text.split() if word.isalpha()]\n"
FINDINGS = "import pickle\n\n\ndef load(path):\n    with open(path, 'rb') as file:\n        return pickle.load(file)\n"


@dataclass(frozen=True)
class Figures:
    """Medians of one side: seconds of wall and of CPU time, and MiB of the largest process."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Row:
    """One line of the table: mlgate against a peer, and the ratio of wall times that is the goal."""

    name: str
    peer: str
    goal: float
    """Of mlgate's wall time to the peer's, at most."""
    folder: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    is_warm: bool = False
    most_runs: int = 99
    """A peer that takes minutes is run less often."""
    edits: str = ""
    """A file that is another one in each run, as a commit's is: what was found in it before is of no use."""


@dataclass(frozen=True)
class Result:
    row: str
    peer: str
    goal: float
    ratio: float
    mlgate: Figures
    other: Figures


def rows(mlgate: str, peers: Path) -> Iterator[Row]:
    """The work that is measured. Everything runs as its users run it."""

    def tool(name: str, program: str | None = None) -> str:
        return str(peers / name / "bin" / (program or name))

    def check(*arguments: str) -> tuple[str, ...]:
        return (mlgate, "check", "--exit-zero", *arguments)

    bandit = (tool("bandit"), "-q", "-r", ".", "-f", "json", "-o", os.devnull, "--exit-zero")
    ruff = (tool("ruff"), "check", "--select", "S", "--preview", "--isolated", "--exit-zero", "-q")
    notebooks = (tool("nbqa-bandit", "nbqa"), "bandit", ".", "-q", "--exit-zero")
    secrets = (tool("detect-secrets"), "scan", "--all-files", "--no-verify", ".")
    yield Row(
        "diffusers, cold, 2 processes", "bandit", 1 / 15, "diffusers", check("--no-cache", "--jobs", "2", "."), bandit
    )
    yield Row("peft, cold, 1 process", "bandit", 1 / 8, "peft", check("--no-cache", "--jobs", "1", "."), bandit)
    yield Row(
        "diffusers, cold, 2 processes", "ruff", 10, "diffusers",
        check("--no-cache", "--jobs", "2", "."), (*ruff, "--no-cache", "."),
    )  # fmt: skip
    yield Row("notebooks, cold", "nbqa + bandit", 1 / 15, "notebooks", check("--no-cache", "."), notebooks, most_runs=3)
    yield Row("notebooks, cold", "ruff", 5, "notebooks", check("--no-cache", "."), (*ruff, "--no-cache", "."))
    only = check("--no-cache", "--only", "secret/*", ".")
    yield Row("diffusers, secrets alone", "detect-secrets", 1 / 20, "diffusers", only, secrets, most_runs=3)
    semgrep = (
        tool("semgrep"), "scan", "--config", str(Path(__file__).with_name("semgrep.yaml")), "--metrics", "off",
        "--disable-version-check", "--jobs", "2", "--quiet", "--json", "--output", os.devnull, ".",
    )  # fmt: skip
    yield Row(
        "diffusers, cold, 2 processes", "semgrep, eight rules", 1, "diffusers",
        check("--no-cache", "--jobs", "2", "."), semgrep,
    )  # fmt: skip
    yield Row("diffusers, nothing changed", "ruff", 1, "diffusers", check("."), (*ruff, "."), is_warm=True)
    yield Row(
        "hook, one clean file",
        "python -c pass",
        3.5,
        "",
        (mlgate, "check", "-q", "clean.py"),
        (sys.executable, "-c", "pass"),
        is_warm=True,
    )
    yield Row(
        "hook, one file with findings", "bandit", 1, "",
        (mlgate, "check", "-q", "--exit-zero", "findings.py"), (tool("bandit"), "-q", "--exit-zero", "findings.py"),
        is_warm=True, edits="findings.py",
    )  # fmt: skip


def measure(row: Row, folder: Path, runs: int, environment: Mapping[str, str]) -> Result:
    sides: dict[str, list[Figures]] = {"mlgate": [], "other": []}
    if row.is_warm:
        for command in (row.ours, row.theirs):
            once(command, folder, environment)
    for number in range(runs):
        if row.edits:
            (folder / row.edits).write_text(f"{FINDINGS}# {number}\n")
        for side, command in (("mlgate", row.ours), ("other", row.theirs)):
            sides[side].append(once(command, folder, environment))
    ours, theirs = (median(sides[side]) for side in ("mlgate", "other"))
    return Result(row.name, row.peer, row.goal, ours.wall / theirs.wall, ours, theirs)


def once(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Figures:
    """One run. A child of its own waits for it, so that the largest process of one run is not that of another."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        os.close(ours)
        start = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        wall = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        figures = [wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, float(done.returncode)]
        os.write(theirs, json.dumps(figures).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        wall, cpu, memory, code = json.load(pipe)
    os.waitpid(child, 0)
    if code not in (0.0, 1.0):
        raise SystemExit(f"{' '.join(command)} in {folder}: exit code {code:.0f}")
    return Figures(wall, cpu, memory)


def median(several: Sequence[Figures]) -> Figures:
    def of(pick: Callable[[Figures], float]) -> float:
        return statistics.median(map(pick, several))

    return Figures(of(lambda one: one.wall), of(lambda one: one.cpu), of(lambda one: one.memory))


def table(results: Sequence[Result]) -> str:
    lines = [
        "| Work | Beside | mlgate | Peer | Ratio | Goal | CPU, seconds | Largest process, MiB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.row} | {one.peer} | {one.mlgate.wall:.2f} s | {one.other.wall:.2f} s | {one.ratio:.2f} | "
        f"{one.goal:.2f} | {one.mlgate.cpu:.1f}, {one.other.cpu:.1f} | "
        f"{one.mlgate.memory:.0f}, {one.other.memory:.0f} |"
        for one in results
    ]
    return "\n".join(lines)


def plot(results: Sequence[Result]) -> str:
    """How far each row is from its goal, as SVG: a bar that ends left of the line has reached it."""
    width, height, left = 840, 34 * len(results) + 50, 370
    scale = (width - left - 60) / 4.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="18">wall time as a multiple of the goal</text>',
    ]
    for place, one in enumerate(results):
        y = 34 + 34 * place
        multiple = one.ratio / one.goal
        colour = "#2e7d32" if multiple <= 1 else "#ef6c00" if multiple <= 1.5 else "#c62828"
        parts += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{one.row}, beside {one.peer}</text>',
            f'<rect x="{left}" y="{y}" width="{min(multiple, 4) * scale:.1f}" height="22" fill="{colour}"/>',
            f'<text x="{left + min(multiple, 4) * scale + 6:.1f}" y="{y + 15}">{multiple:.2f}</text>',
        ]
    goal = left + scale
    parts.append(
        f'<line x1="{goal:.1f}" x2="{goal:.1f}" y1="26" y2="{height - 12}" stroke="black" stroke-dasharray="4"/>'
    )
    return "\n".join([*parts, "</svg>", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose name or peer holds this")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    mlgate = str(Path(sysconfig.get_path("scripts")) / "mlgate")
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as scratch:
        cache = Path(scratch, "cache")
        cache.mkdir(mode=0o700)
        one_file = Path(scratch, "repository")
        one_file.mkdir()
        subprocess.run(["git", "init", "-q", str(one_file)], check=True)
        (one_file / "clean.py").write_text(CLEAN)
        (one_file / "findings.py").write_text(FINDINGS)
        environment = {**os.environ, "MLGATE_CACHE_DIR": str(cache)}
        environment.pop("CI", None)
        # As pip leaves it: modules compiled, on both sides.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        compileall.compile_dir(Path(mlgate_package.__file__).parent, quiet=1)
        for row in rows(mlgate, given.peers.resolve()):
            if given.only in f"{row.name} {row.peer}":
                folder = given.corpora / row.folder if row.folder else one_file
                results.append(measure(row, folder, min(given.runs, row.most_runs), environment))
                print(table(results[-1:]).splitlines()[-1], flush=True)
    if given.output:
        given.output.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n")
        given.output.with_suffix(".svg").write_text(plot(results))
    print("\n" + table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
