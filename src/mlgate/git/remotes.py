"""Policies of other repositories: the one place where git talks to another machine."""

from __future__ import annotations

import os
from collections.abc import Mapping

from mlgate.errors import GitError
from mlgate.git.processes import SECONDS, find_executable, said, to_text
from mlgate.git.repository import Git, checked

_FOR_FETCHING = (
    "GIT_ASKPASS",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_KEY_",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_VALUE_",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSL_",
)
"""How a person's git reaches its remotes: beginnings of variables that say nothing of the repository at hand."""

PROTOCOLS = ("file", "git", "http", "https", "ssh")
"""Those by which a policy may be fetched. Not `ext`, which runs a command. Whatever the way, the commit id decides."""


def fetching_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` for a fetch: the user's ways to reach remotes, none of what steers git to another repository."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith("GIT_") or name.upper().startswith(_FOR_FETCHING)
    }
    kept.update(GIT_TERMINAL_PROMPT="0", GIT_ALLOW_PROTOCOL=":".join(PROTOCOLS), LC_ALL="C", LANGUAGE="C")
    # Without a terminal ssh must not wait for an answer either.
    kept.setdefault("GIT_SSH_COMMAND", kept.get("GIT_SSH", "") or "ssh -o BatchMode=yes")
    return kept


def fetch(url: str, commit: str, folder: str, environment: Mapping[str, str]) -> Git:
    """Bring one commit of the repository at `url` into the empty `folder`; nothing is checked out.

    Raises GitError where it cannot be had. What is there afterwards has this very id: git names objects by content.
    """
    checked(commit)
    remote = _Remote(environment)
    remote.run("init", "--quiet", "--template=", "--", folder)
    try:
        remote.run(*_FETCH, "--depth=1", "--", url, commit, folder=folder)
    except GitError:
        # Older servers hand out what their branches and tags name only.
        remote.run(*_FETCH, "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", folder=folder)
    git = Git(folder, environment)
    if git.commit(commit) != commit:
        raise GitError(f"{url}: it has no commit {commit}")
    return git


def resolve(url: str, name: str, environment: Mapping[str, str]) -> str | None:
    """The commit that a branch or tag of the repository at `url` is now; None where it has none of that name."""
    printed = _Remote(environment).run("ls-remote", "--", url, name, f"{name}^{{}}")
    found: dict[str, str] = {}
    for line in to_text(printed).splitlines():
        oid, _, ref = line.partition("\t")
        found[ref] = oid
    names = (f"refs/tags/{name}^{{}}", f"refs/tags/{name}", f"refs/heads/{name}", name)
    return next((found[ref] for ref in names if ref in found), None)


_FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")


class _Remote:
    """Git as it talks to other machines: with the user's configuration, without prompts and hooks."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        executable = find_executable(environment)
        if executable is None:
            raise GitError("git is not on PATH, but a policy has to be fetched; install git")
        self.executable = executable
        self.environment = fetching_environment(environment)

    def run(self, *arguments: str, folder: str = "") -> bytes:
        import subprocess

        line = [self.executable, *(("-C", folder) if folder else ())]
        for setting in (
            f"core.hooksPath={os.devnull}",
            "core.fsmonitor=false",
            "gc.auto=0",
            "credential.interactive=false",
        ):
            line += ["-c", setting]
        try:
            done = subprocess.run(  # noqa: S603
                [*line, *arguments],
                capture_output=True,
                env=self.environment,
                timeout=SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {arguments[0]} did not answer within {SECONDS:.0f} seconds") from error
        except OSError as error:
            raise GitError(f"git could not be started: {error.strerror}; is it installed?") from error
        if done.returncode != 0:
            raise GitError(said(to_text(done.stderr)))
        return done.stdout
