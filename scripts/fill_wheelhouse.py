"""Fills a folder with the wheels that installing mlgate takes, those of its build too: tests install it offline."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

ROOT = Path(__file__).resolve().parents[1]


def wanted() -> list[str]:
    """Requirements of the build and of the program, as pyproject.toml states them."""
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [*stated["build-system"]["requires"], *stated["project"]["dependencies"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    command = [sys.executable, "-m", "pip", "wheel", "-qq", "--wheel-dir", str(folder), *wanted()]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
