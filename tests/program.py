"""The installed command, run as people run it: a process of its own, in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitrepo import ENVIRONMENT

MLGATE = str(Path(sysconfig.get_path("scripts")) / "mlgate")
DATE = "2026-11-23"
TIMEOUT = 60
"""Seconds after which a run has failed; the slowest takes two."""

_CACHE = tempfile.TemporaryDirectory(prefix="mlgate-tests-")
"""One cache for the runs of this process: compiling the detectors takes as long as a run."""


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out)
        return report

    @property
    def found(self) -> set[tuple[str, str, int]]:
        return found(self.report)


def found(report: Mapping[str, Any]) -> set[tuple[str, str, int]]:
    """(rule, path, line in the file) of each finding."""
    return {(one["rule"], one["location"]["path"], one["location"]["line"]) for one in report["findings"]}


def environment(**variables: str | None) -> dict[str, str]:
    """What a run inherits; a variable that is None is taken away."""
    held = {**ENVIRONMENT, "MLGATE_CACHE_DIR": _CACHE.name, "LC_ALL": "C.UTF-8", **variables}
    return {name: value for name, value in held.items() if value is not None}


def run(folder: Path, *arguments: str, stdin: bytes = b"", **variables: str | None) -> Done:
    """`mlgate ARGUMENTS` in `folder`. Whatever happens, nobody is shown a traceback."""
    return _run([MLGATE, *arguments], folder, stdin, variables)


def check(folder: Path, *arguments: str, stdin: bytes = b"", **variables: str | None) -> Done:
    """`mlgate check ARGUMENTS --format json` on a fixed day."""
    return run(folder, "check", *arguments, "--format", "json", "--as-of", DATE, stdin=stdin, **variables)


def run_patched(folder: Path, patch: str, *arguments: str, **variables: str | None) -> Done:
    """As `run`, after the Python statements `patch`: for what no input brings about, such as a bug."""
    program = f"import sys\n{patch}\nfrom mlgate.quick import main\nsys.exit(main())\n"
    return _run([sys.executable, "-c", program, *arguments], folder, b"", variables)


def _run(command: list[str], folder: Path, stdin: bytes, variables: Mapping[str, str | None]) -> Done:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in err, err
    return Done(done.returncode, out, err)


def script(*arguments: str) -> list[str]:
    """The command line of a run that a test starts itself."""
    return [MLGATE, *arguments]


def as_nobody() -> bool:
    """Whether permissions hold this user back: root reads everything."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0
