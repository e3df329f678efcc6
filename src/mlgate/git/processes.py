"""How git is found and started: no hooks, no filters, no prompts, and nothing of what steers it elsewhere."""

# NOTE: `quick` imports this module on the path of a clean commit, so it imports no dataclasses, re, typing, pathlib or
# subprocess at its top.
# ruff: noqa: PTH100, PTH113, PTH117, PTH118, PTH120, PTH123

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself costs a fifth of Python's start
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 120.0
"""What one call of git may take. `git status` of the largest monorepos known takes 30 s with a cold cache."""

_SETTINGS = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "protocol.allow=never",
)

# --- paths ----------------------------------------------------------------------------------------------------------


def to_text(path: bytes) -> str:
    """A path of git or of the file system as it appears in reports: POSIX, undecodable bytes as lone surrogates."""
    return path.decode("utf-8", "surrogateescape")


def to_bytes(path: str) -> bytes:
    """A path in the form of `to_text` as `os` functions take it on every system, whatever the locale."""
    return path.encode("utf-8", "surrogateescape")


def find_root(folder: str) -> str | None:
    """The nearest folder upwards that holds a `.git` (folder, or file in linked worktrees and submodules)."""
    folder = os.path.abspath(folder)
    while True:
        if git_directory(folder) is not None:
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def git_directory(root: str) -> str | None:
    """Where git keeps index and HEAD of the work tree at `root`; None where `root` is no work tree."""
    path = os.path.join(root, ".git")
    if os.path.isfile(os.path.join(path, "HEAD")):
        return os.path.realpath(path)
    try:
        with open(path, "rb") as file:
            line = file.read(4096).split(b"\n", 1)[0]
    except OSError:
        return None
    if not line.startswith(b"gitdir:"):
        return None
    return os.path.realpath(os.path.join(root, os.fsdecode(line[len(b"gitdir:") :].strip())))


# --- environment ----------------------------------------------------------------------------------------------------


def index_file(root: str, environment: Mapping[str, str]) -> str | None:
    """The index that git is about to commit, where git runs us as a hook of a commit in this work tree.

    `git commit` gives GIT_INDEX_FILE to its hooks, and no other git command does (2.39; pre-push has none): with `-a`
    it is `index.lock`, for `git commit PATH` a `next-index-*.lock`, always directly in the git directory. That index
    is what will be committed, so it is honoured. One that lies elsewhere belongs to another repository (a hook of one
    repository that works on a second) or to a script of somebody: ignored.
    """
    path = environment.get("GIT_INDEX_FILE", "")
    directory = git_directory(root)
    if not path or directory is None:
        return None
    path = os.path.join(root, path)
    # git takes an index that does not exist for an empty one, and every file for deleted.
    return path if os.path.isfile(path) and os.path.realpath(os.path.dirname(path)) == directory else None


def is_committing(root: str, environment: Mapping[str, str]) -> bool:
    """Whether git is about to commit in this work tree and runs us as a hook, directly or through pre-commit.

    PRE_COMMIT says nothing: `pre-commit run --all-files` in CI sets it too.
    """
    return index_file(root, environment) is not None


def clean_environment(root: str, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without what steers git, and with what keeps it from asking, writing and fetching.

    A hook in a linked worktree inherits GIT_DIR, which would outrank the folder that git is called for.
    """
    clean = {name: value for name, value in environment.items() if not name.upper().startswith("GIT_")}
    clean.update(
        GIT_OPTIONAL_LOCKS="0",
        GIT_TERMINAL_PROMPT="0",
        GIT_LITERAL_PATHSPECS="1",
        GIT_NO_REPLACE_OBJECTS="1",
        GIT_NO_LAZY_FETCH="1",
        # GIT_NO_LAZY_FETCH is known from git 2.45 on; this stops the fetch of an older one.
        GIT_ALLOW_PROTOCOL="none",
        LC_ALL="C",
        LANGUAGE="C",
    )
    index = index_file(root, environment)
    if index is not None:
        clean["GIT_INDEX_FILE"] = index
    return clean


def find_executable(environment: Mapping[str, str]) -> str | None:
    """The git on PATH. Relative entries are passed over: a repository may hold a `git.exe` of its own."""
    name = "git.exe" if os.name == "nt" else "git"
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def command(executable: str, root: str, arguments: Sequence[str], settings: Sequence[str] = ()) -> list[str]:
    """The command line that asks git about the work tree at `root`."""
    line = [executable, "-C", root, "--no-pager"]
    for setting in (*_SETTINGS, *settings):
        line += ("-c", setting)
    return [*line, *arguments]


def spawn(root: str, environment: Mapping[str, str], *arguments: str, fine: Sequence[int] = (0,)) -> bytes | None:
    """What git prints, without the price of `subprocess`; None where it failed or the system has no posix_spawn.

    `fine`: the exit codes that are no failure.
    """
    executable = find_executable(environment)
    if executable is None or not hasattr(os, "posix_spawn"):
        return None
    reading, writing = os.pipe()
    with open(reading, "rb") as output:
        try:
            child = os.posix_spawn(
                executable,
                command(executable, root, arguments),
                clean_environment(root, environment),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, writing, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
            )
        except OSError:
            return None
        finally:
            os.close(writing)
        printed = output.read()
    _, status = os.waitpid(child, 0)
    return printed if os.waitstatus_to_exitcode(status) in fine else None


def said(stderr: str) -> str:
    """The first line of what git said that tells what went wrong."""
    lines = [line for line in stderr.splitlines() if line.startswith(("fatal:", "error:"))] or stderr.splitlines()
    said = lines[0] if lines else "it said nothing"
    return said.removeprefix("fatal:").removeprefix("error:").strip()
