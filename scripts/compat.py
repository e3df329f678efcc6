"""Runs the compatibility suite on every other Python that is installed here: parsing, fingerprints, start-up.

`install` makes a virtual environment for each (this takes the network), `test` runs `pytest -m compat` in each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = 10
NEWEST = 14
"""Minor versions that are looked for: those of `requires-python`, and what is released."""
TOOLS = ("pytest>=8.3", "hypothesis>=6.130")


def pythons() -> dict[str, str]:
    """{"3.12": path} of every supported Python but this one. A name on PATH may be a shim that fails: each is run."""
    found: dict[str, str] = {}
    for candidate in _candidates():
        try:
            done = subprocess.run(
                [candidate, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2], sys.executable)"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        version, _, path = done.stdout.strip().partition(" ")
        major, _, minor = version.partition(".")
        supported = major == "3" and minor.isdigit() and int(minor) >= OLDEST
        if done.returncode == 0 and supported and int(minor) != sys.version_info.minor:
            found.setdefault(version, path)
    return dict(sorted(found.items()))


def _candidates() -> Iterable[str]:
    for minor in range(OLDEST, NEWEST + 1):
        yield f"python3.{minor}"
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for folder in sorted(versions.glob("3.*")):
        yield str(folder / "bin" / "python")


def install(folder: Path) -> int:
    """Makes the environments that are not there yet; 0 when all could be made."""
    worst = 0
    for version, path in pythons().items():
        place = folder / version
        python = place / "bin" / "python"
        sys.stdout.write(f"compatibility: Python {version}\n")
        if not python.exists():
            worst = max(worst, _run([path, "-m", "venv", str(place)]))
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
        worst = max(worst, _run([*pip, "--editable", str(ROOT), *TOOLS]))
    return worst


def test(folder: Path) -> int:
    """0 when the suite passes on every Python that `install` found."""
    places = sorted(place for place in folder.glob("3.*") if (place / "bin" / "python").exists())
    if not places:
        sys.stdout.write("compatibility: no other Python is installed here\n")
        return 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(_suite, places))
    for place, done in zip(places, outcomes, strict=True):
        lines = done.stdout.rstrip().splitlines() or [""]
        shown = lines[-1:] if done.returncode == 0 else lines
        sys.stdout.write("\n".join([*(shown[:-1]), f"compatibility: Python {place.name}: {shown[-1]}", ""]))
    return max(done.returncode for done in outcomes)


def _suite(place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(place / "bin" / "python"),
            "-m",
            "pytest",
            "-m",
            "compat",
            "-p",
            "no:cacheprovider",
            "--basetemp",
            str(place / "tmp"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("install", "test"))
    parser.add_argument("--folder", type=Path, required=True, help="where the virtual environments are")
    options = parser.parse_args()
    return install(options.folder) if options.verb == "install" else test(options.folder)


if __name__ == "__main__":
    sys.exit(main())
