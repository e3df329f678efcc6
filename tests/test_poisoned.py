"""Nothing of what is scanned runs, is imported or is asked, and `check` knows no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import Repository, make_repository
from program import MLGATE, environment

LOAD = 'import torch\ntorch.load("x.pt", weights_only=False)\n'

NO_SOCKETS = """\
import sys
def refused(event, arguments):
    if event.startswith(("socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.", "http.client.")):
        # The workers' own pipe is a socket of this machine's file system.
        if event in ("socket.connect", "socket.bind") and isinstance(arguments[-1], (str, bytes)):
            return
        # urllib3, which detect-secrets brings, tries when it is imported whether the machine knows IPv6.
        if event == "socket.bind" and arguments[-1] == ("::1", 0):
            return
        open({marker!r}, "a").write(f"{{event}} {{arguments}}\\n")
sys.addaudithook(refused)
"""

MODULES = (
    "yaml", "libcst", "nbformat", "detect_secrets", "jsonschema", "json", "re", "ast", "packaging", "helpers",
    "sqlite3", "multiprocessing", "sitecustomize", "usercustomize", "conftest", "mlgate", "torch", "setup",
)  # fmt: skip


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What is written by whatever runs."""
    return tmp_path / "ran"


@pytest.fixture
def repository(tmp_path: Path, marker: Path) -> Repository:
    """A repository in which whatever runs or is imported leaves its name."""
    program = tmp_path / "poison"
    program.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{marker}'\ncat\n")
    program.chmod(0o755)
    # Python that is clean but for what happens when it is imported.
    poison = f'open({str(marker)!r}, "a").write(__name__ + "\\n")\n'
    files = {f"{name}.py": poison + LOAD for name in MODULES}
    files |= {
        "use.py": "from helpers import *\nimport yaml\nfrom conftest import a\n" + LOAD,
        "a.ipynb": json.dumps({
            "cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                       "source": f"!{program}\n%run helpers.py\n{LOAD}"}],
            "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
        }),
        ".gitattributes": "*.py diff=poison filter=poison merge=poison\n*.ipynb diff=poison filter=poison\n",
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p conftest'\n",
        "pyvenv.cfg": "home = /nonexistent\n",
    }  # fmt: skip
    made = make_repository(tmp_path / "r", files)
    for name, value in {
        "core.fsmonitor": str(program),
        "core.hooksPath": str(tmp_path / "hooks"),
        "core.pager": str(program),
        "core.sshCommand": str(program),
        "core.editor": str(program),
        "core.askPass": str(program),
        "credential.helper": f"!{program}",
        "diff.external": str(program),
        "diff.poison.textconv": str(program),
        "diff.poison.command": str(program),
        "filter.poison.clean": str(program),
        "filter.poison.smudge": str(program),
        "filter.poison.process": str(program),
        "alias.ls-files": f"!{program}",
    }.items():
        made.git("config", name, value)
    (tmp_path / "hooks").mkdir()
    for hook in ("pre-commit", "post-index-change", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
        (tmp_path / "hooks" / hook).write_bytes(program.read_bytes())
        (tmp_path / "hooks" / hook).chmod(0o755)
    # The poison works: it is what plain git and Python fall for.
    for command in (["git", "status"], ["git", "diff", "HEAD"], [sys.executable, "-c", "import helpers"]):
        marker.unlink(missing_ok=True)
        (made.root / "use.py").touch()
        subprocess.run(command, cwd=made.root, env=environment(), capture_output=True, check=False)
        assert marker.exists(), command
    marker.unlink()
    return made


@pytest.mark.parametrize("how", ["installed", "as a module", "no sockets", "workers started anew"])
@pytest.mark.parametrize("arguments", [["."], ["--base", "HEAD"], ["-q", "use.py", "yaml.py"]], ids=" ".join)
def test_nothing_that_is_scanned_runs(repository: Repository, marker: Path, how: str, arguments: list[str]) -> None:
    (repository.root / "yaml.py").write_text((repository.root / "yaml.py").read_text() + "# new\n")
    start = {
        "installed": [MLGATE],
        "as a module": [sys.executable, "-m", "mlgate"],
        "no sockets": [
            sys.executable, "-c",
            NO_SOCKETS.format(marker=str(marker)) + "from mlgate.quick import main\nsys.exit(main())\n",
        ],
        # As on Windows, which has no fork.
        "workers started anew": [
            sys.executable, "-c",
            "import multiprocessing, sys\nmultiprocessing.get_all_start_methods = lambda: ['spawn']\n"
            "from mlgate.quick import main\nsys.exit(main())\n",
        ],
    }[how]  # fmt: skip
    if how != "installed":
        # `-c` and `-m` look for mlgate in the current folder first, which nobody but Python can change.
        (repository.root / "mlgate.py").unlink()
    if "-c" in start:
        start[2] = "import sys; sys.path.remove('')\n" + start[2]
    done = subprocess.run(
        [*start, "check", "--no-cache", "--jobs", "2", "--format", "json", *arguments],
        cwd=repository.root, env=environment(), capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert not marker.exists(), marker.read_text()
    assert done.returncode in (0, 1), done.stderr.decode()
    if "--base" not in arguments:
        assert done.returncode == 1
        blocked = {one["location"]["path"] for one in json.loads(done.stdout)["findings"] if one["level"] == "block"}
        assert {"use.py", "yaml.py", *({"a.ipynb", "conftest.py"} if "." in arguments else ())} <= blocked


def test_the_report_is_the_same_for_any_number_of_processes(repository: Repository) -> None:
    reports = {
        subprocess.run(
            [MLGATE, "check", "--no-cache", "--jobs", jobs, "--format", "json", "--as-of", "2026-11-23", "."],
            cwd=repository.root, env=environment(), capture_output=True, check=False, timeout=120,
        ).stdout
        for jobs in ("1", "2", "3")
    }  # fmt: skip
    assert len(reports) == 1
