"""Whoever ends a run, and however many run at once: the cache they share never changes a verdict."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from program import MLGATE, environment

TIMES = int(os.environ.get("MLGATE_STRESS", "12"))
"""How often each thing is tried; `make stress` asks for a hundred."""

FILES = {
    f"module{number}.py": f"import torch\nfrom module{number - 1} import load as before\n"
    f"def load(path):\n    return torch.load(path, weights_only=False)\nbefore('{number}.pt')\n"
    for number in range(1, 12)
} | {"module0.py": "from pickle import load\n", "clean.py": "x = 1\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (tmp_path / "cache").mkdir(mode=0o700)
    return folder


def start(repository: Path, *arguments: str) -> subprocess.Popen[bytes]:
    settings = environment(MLGATE_CACHE_DIR=str(repository.parent / "cache"))
    command = [MLGATE, "check", "--format", "json", *arguments, "."]
    return subprocess.Popen(
        command, cwd=repository, env=settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )


def verdict(process: subprocess.Popen[bytes]) -> tuple[int, object]:
    out, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(out)["findings"]


@pytest.mark.skipif(os.name != "posix", reason="ends processes as POSIX does")
def test_a_run_that_was_killed_leaves_the_next_one_its_verdict(repository: Path) -> None:
    right = verdict(start(repository, "--no-cache"))
    assert right[0] == 1
    chance = random.Random(0)
    for round_ in range(TIMES):
        (repository / "clean.py").write_text(f"x = {round_}\n")
        process = start(repository)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=chance.uniform(0.0, 1.2))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.communicate()
        assert verdict(start(repository)) == right


def test_runs_at_once_share_a_cache(repository: Path) -> None:
    right = verdict(start(repository, "--no-cache"))
    for _ in range(max(1, TIMES // 6)):
        for several in ([start(repository) for _ in range(3)], [start(repository) for _ in range(3)]):
            assert [verdict(one) for one in several] == [right] * 3
        for kept in (repository.parent / "cache").glob("facts.sqlite*"):
            kept.unlink()


def full() -> None:
    """As on a full disk: a file that grows is refused."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))


@pytest.mark.skipif(sys.platform != "linux", reason="bounds processes as Linux does")
@pytest.mark.parametrize("how", ["a full disk", "a home that cannot be written to", "no home at all"])
def test_what_keeps_the_cache_from_being_written_changes_nothing(repository: Path, how: str) -> None:
    right = verdict(start(repository, "--no-cache"))
    settings = environment(MLGATE_CACHE_DIR="")
    settings.pop("XDG_CACHE_HOME", None)
    settings["HOME"] = {"a full disk": str(repository.parent), "no home at all": ""}.get(how, "/proc")
    for _ in range(2):
        process = subprocess.Popen(
            [MLGATE, "check", "--format", "json", "."], cwd=repository, env=settings, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, preexec_fn=full if how == "a full disk" else None,
        )  # fmt: skip
        out, err = process.communicate(timeout=60)
        assert (process.returncode, json.loads(out)["findings"]) == right
        assert b"Traceback" not in err
