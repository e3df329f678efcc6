"""mlgate as pre-commit gets it: from a git URL, installed without any network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from gitrepo import ENVIRONMENT, Repository, make_repository

ROOT = Path(__file__).resolve().parents[1]
HOOKS = ("mlgate", "mlgate-secrets", "mlgate-policy", "mlgate-push")


class PreCommit:
    """One PRE_COMMIT_HOME, one published mlgate: it is installed once."""

    def __init__(self, folder: Path, wheels: str) -> None:
        self.folder = folder
        self.published = publish(folder / "published")
        self.environment = {
            **ENVIRONMENT,
            "HOME": str(folder),
            "PRE_COMMIT_HOME": str(folder / "home"),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": wheels,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PRE_COMMIT_NO_CONCURRENCY": "1",
            # pre-commit prints names of files and what hooks say.
            "LC_ALL": "C.UTF-8",
        }

    @property
    def url(self) -> str:
        return self.published.root.as_uri()

    def run(
        self, repository: Repository, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self._call(repository, [sys.executable, "-m", "pre_commit", *arguments], environment)

    def git(self, repository: Repository, *arguments: str) -> subprocess.CompletedProcess[str]:
        """git with hooks: they run pre-commit."""
        return self._call(repository, ["git", *arguments], None)

    def _call(
        self, repository: Repository, command: list[str], environment: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=repository.root,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def configured(
        self, root: Path, files: Mapping[str, str | bytes], hooks: tuple[str, ...], arguments: str = ""
    ) -> Repository:
        """A repository with one commit, whose next commits run `hooks`, with `args` as YAML where they are given."""
        given = f"        args: {arguments}\n" if arguments else ""
        listed = "".join(f"      - id: {hook}\n{given}" for hook in hooks)
        config = f"repos:\n  - repo: {self.url}\n    rev: v0.1.0\n    hooks:\n{listed}"
        repository = make_repository(root, {".pre-commit-config.yaml": config, **files})
        done = self.run(repository, "install", "--hook-type", "pre-commit", "--hook-type", "pre-push")
        assert done.returncode == 0, done.stdout
        return repository


def publish(root: Path) -> Repository:
    """This work tree as a repository with a release: what is not committed yet too, what is ignored not."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    repository = make_repository(root)
    for name in sorted(set(os.fsdecode(listed.stdout).split("\0"))):
        if name and (ROOT / name).is_file():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    repository.commit(message="release")
    repository.git("tag", "v0.1.0")
    return repository


def wheelhouse() -> str:
    """Where the wheels are that `make install` fetched."""
    place = os.environ.get("PIP_FIND_LINKS") if os.environ.get("PIP_NO_INDEX") else str(ROOT / ".wheelhouse")
    if not place or not any(Path(place).glob("*.whl")):
        if os.environ.get("PIP_NO_INDEX"):
            pytest.fail(f"no wheels in {place}: make install")
        pytest.skip("pre-commit is run by `make test`, which fetches what it installs")
    return place
