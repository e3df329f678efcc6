"""`mlgate init`: set a repository up."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.cli import console
from mlgate.errors import MlgateError

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    init = verbs.add_parser(
        "init", parents=[common], help="set a repository up: policy, hooks, workflow, owners", allow_abbrev=False
    )
    init.add_argument("--owner", default="", metavar="@ORG/TEAM", help="who answers for the checks, for CODEOWNERS")
    init.add_argument("--source", default="", metavar="URL", help="where pre-commit gets mlgate from")
    init.add_argument("--diff", action="store_true", help="show what would be written, and write nothing")
    init.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code."""
    from mlgate.verbs.setup import init, texts

    root = console.root(options)
    workflows = {
        f".github/workflows/{path.name}": path.read_bytes()
        for path in sorted((root / ".github" / "workflows").glob("*.y*ml"))
    }

    def read(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MlgateError(f"{path}: cannot be read: {error.strerror}") from error

    asked = init.Asked(options.owner, options.source or texts.SOURCE)
    steps = init.steps(read, lambda path: (root / path).exists(), workflows, asked)
    for step in steps:
        if options.diff:
            console.write(step.diff() or f"{step.path}: {step.said}\n")
            continue
        if step.after is not None:
            _write(root, step.path, step.after)
        console.write(f"{step.path}: {step.said}\n")
    if not options.diff:
        console.write("Next: mlgate check . shows what is there already, mlgate doctor what is not enforced yet.\n")
    return console.NOTHING_BLOCKS


def _write(root: Path, path: str, data: bytes) -> None:
    target = root / path
    if not target.parent.resolve().is_relative_to(root.resolve()) or target.is_symlink():
        raise MlgateError(f"{path}: a link; write the file itself, or take the link out")
    target.parent.mkdir(parents=True, exist_ok=True)
    console.write_bytes(target, data)
