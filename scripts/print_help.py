"""Prints docs/commands.md from the program's own help; `--check` says whether the file is what would be printed."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
WIDTH = "80"
VERBS: tuple[tuple[str, ...], ...] = (
    (),
    ("check",),
    ("explain",),
    ("rules",),
    ("waive",),
    ("policy", "show"),
    ("policy", "test"),
    ("policy", "diff"),
    ("stats",),
    ("init",),
    ("doctor",),
)
"""Each command whose help is shown."""


def page() -> str:
    """The whole of docs/commands.md."""
    parts = [
        "# Commands",
        "<!-- Printed from the program by scripts/print_help.py: change the program, then print again. -->",
    ]
    for verb in VERBS:
        name = " ".join(("mlgate", *verb))
        parts += [f"## {name}", f"```text\n{_help(verb)}```"]
    return "\n\n".join(parts) + "\n"


def _help(verb: tuple[str, ...]) -> str:
    # Width and colour of argparse's help come from the environment.
    environment = {**os.environ, "COLUMNS": WIDTH, "NO_COLOR": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "mlgate", *verb, "--help"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode("utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the file is not current")
    check = parser.parse_args().check
    text = page()
    if not check:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != text:
        sys.stderr.write("docs/commands.md is not what the program says; run scripts/print_help.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
