"""What a long run shows of how far it is: on a terminal, and nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from program import environment, run

from mlgate.cli.console import so_far

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminal")

LINE = re.compile(r"\r\x1b\[K[\d,]+ of 60 files, (?:[\d,]+ a second|\d+ s each), \d+ (?:s|min) left")
CLEARED = "\r\x1b[K"


def folder_of_sixty(tmp_path: Path) -> Path:
    for number in range(60):
        (tmp_path / f"a{number}.py").write_text("import torch\ntorch.load('x.pt', weights_only=True)\n")
    return tmp_path


def on_a_terminal(folder: Path, *arguments: str, **settings: str) -> str:
    """What stands on standard error, which is a terminal."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mlgate", "check", ".", *arguments],
            cwd=folder,
            env={**environment(), **settings},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=False,
        )
        assert done.returncode == 0
        os.write(theirs, b"END")
        seen = b""
        while not seen.endswith(b"END"):
            seen += os.read(ours, 65_536)
        return seen.decode().removesuffix("END")
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_terminal_sees_how_far_it_is_and_the_line_goes_at_the_end(tmp_path: Path) -> None:
    shown = on_a_terminal(folder_of_sixty(tmp_path))
    assert LINE.match(shown)
    assert shown.endswith(CLEARED)
    assert LINE.sub("", shown) == CLEARED


def test_quiet_runs_and_hooks_show_nothing(tmp_path: Path) -> None:
    folder = folder_of_sixty(tmp_path)
    assert on_a_terminal(folder, "--quiet") == ""
    assert on_a_terminal(folder, PRE_COMMIT="1") == ""


def test_a_pipe_gets_nothing(tmp_path: Path) -> None:
    assert run(folder_of_sixty(tmp_path), "check", ".").err == ""


@pytest.mark.parametrize(
    ("done", "total", "seconds", "said"),
    [
        (1, 60, 0.5, "1 of 60 files, 2 a second, 30 s left"),
        (1_240, 16_000, 10.0, "1,240 of 16,000 files, 124 a second, 2 min left"),
        (2, 10, 60.0, "2 of 10 files, 30 s each, 4 min left"),
        (5, 10, 0.0, "5 of 10 files, 5,000 a second, 0 s left"),
    ],
)
def test_pace_and_rest(done: int, total: int, seconds: float, said: str) -> None:
    assert so_far(done, total, seconds, "files") == said
