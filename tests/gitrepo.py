"""Real git repositories for tests, untouched by the configuration of whoever runs them."""

# Paths are bytes here: names that are not UTF-8 are among them.
# ruff: noqa: PTH103, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-05T10:00:00Z",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "2026-01-05T10:00:00Z",
    "GIT_ALLOW_PROTOCOL": "file",
}


class Repository:
    """A work tree; files are given as path → text or bytes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments],
            env={**ENVIRONMENT, **(environment or {})},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            native = os.path.join(os.fsencode(self.root), path.encode("utf-8", "surrogateescape"))
            os.makedirs(os.path.dirname(native), exist_ok=True)
            with open(native, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: Mapping[str, str | bytes] | None = None, message: str = "change") -> str:
        """Writes `files`, commits everything, and gives the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


def make_repository(root: Path, files: Mapping[str, str | bytes] | None = None) -> Repository:
    """A repository on branch main; with one commit where `files` are given."""
    root.mkdir(parents=True, exist_ok=True)
    repository = Repository(root)
    repository.git("init", "--quiet", "--initial-branch", "main")
    if files:
        repository.commit(files)
    return repository
