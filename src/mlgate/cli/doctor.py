"""`mlgate doctor`: is enforcement really on?"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlgate.cli import console

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs
    from mlgate.verbs.setup.doctor import Machine


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    doctor = verbs.add_parser(
        "doctor", parents=[common], help="whether enforcement is really on, and how to turn it on", allow_abbrev=False
    )
    doctor.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code: 1 where something is missing."""
    from mlgate.policy import load
    from mlgate.verbs.setup import doctor

    root = console.root(options)
    workflows = {
        f".github/workflows/{path.name}": path.read_bytes()
        for path in sorted((root / ".github" / "workflows").glob("*.y*ml"))
    }
    loaded = load(options.policy, root, console.pins())
    found = doctor.examine(lambda path: _read(root / path), workflows, loaded, _machine(root))
    console.write(doctor.text(found, console.looks(options)))
    missing = any(one.state is doctor.State.MISSING for one in found)
    return console.BLOCKS if missing else console.NOTHING_BLOCKS


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _machine(root: Path) -> Machine | None:
    from mlgate.git.processes import find_root
    from mlgate.git.repository import Git
    from mlgate.verbs.setup.doctor import Machine

    if find_root(str(root)) != str(root.resolve()):
        return None
    git = Git(str(root), dict(os.environ))
    folder = Path(git.hooks_folder())
    hooks = {}
    for name in ("pre-commit", "pre-push"):
        file = folder / name
        if file.is_file() and (os.name == "nt" or os.access(file, os.X_OK)):
            hooks[name] = file.read_bytes()[:100_000].decode("utf-8", "replace")
    branch = git.default_branch("origin") or (git.ref() or "refs/heads/main").removeprefix("refs/heads/")
    pins = console.pins()
    return Machine(
        hooks=hooks,
        hooks_folder=str(folder),
        attributes=git.attributes("notebook.ipynb", ("diff", "text", "linguist-generated", "linguist-vendored")),
        repository=git.repository(),
        branch=branch,
        has_pin=lambda loaded: all(pins.has(pin) for pin in loaded.pins),
    )
