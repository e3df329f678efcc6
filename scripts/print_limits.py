"""Prints the second table of docs/limits.md from the program; `--check` says whether it is what would be printed."""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "mlgate"
TARGET = ROOT / "docs" / "limits.md"
MARK = "<!-- Printed from the program by scripts/print_limits.py: change the program, then print again. -->\n"
_BOUND = re.compile(r"(?:MAX|RENAME)_[A-Z_]+|(?:[A-Z]+_)?SECONDS")


def page(text: str) -> str:
    """The page with its table printed anew."""
    rows = [f"| {name} | {value} | {why} |\n" for name, value, why in sorted(_bounds())]
    return (
        text[: text.index(MARK) + len(MARK)] + "\n| Where | | What, and why so many |\n|---|---|---|\n" + "".join(rows)
    )


def _bounds() -> Iterator[tuple[str, str, str]]:
    """(`module.NAME`, value, docstring) of each constant that bounds something."""
    for file in PACKAGE.rglob("*.py"):
        module = file.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__")
        body = ast.parse(file.read_text(encoding="utf-8")).body
        for statement, below in zip(body, [*body[1:], ast.Pass()], strict=False):
            match statement:
                case ast.Assign([ast.Name(name)], ast.Constant(int() | float() as value)) if _BOUND.fullmatch(name):
                    yield f"`{module}.{name}`", f"{value:,}", _docstring(below, f"{module}.{name}")


def _docstring(statement: ast.stmt, name: str) -> str:
    match statement:
        case ast.Expr(ast.Constant(str() as text)):
            return " ".join(text.split()).replace("|", "\\|")
    raise SystemExit(f"{name} has no docstring: say what it bounds, and what was measured")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the file is not current")
    check = parser.parse_args().check
    text = TARGET.read_text(encoding="utf-8")
    printed = page(text)
    if not check:
        TARGET.write_text(printed, encoding="utf-8", newline="\n")
    elif text != printed:
        sys.stderr.write("docs/limits.md is not what the program says; run scripts/print_limits.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
