"""Questions about one work tree and its commits, as git answers them."""

# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlgate.errors import GitError
from mlgate.git.processes import SECONDS, clean_environment, command, find_executable, git_directory, said, to_text

SYMLINK = 0o120000
"""Mode of a symbolic link in an index or tree; its blob is the link's text."""

GITLINK = 0o160000
"""Mode of a submodule in an index or tree."""

RENAME_LIMIT = 2_000
"""Most files on either side that renames are looked for; git's default of 1,000 gives up silently."""

_DIFF = (
    "--name-status",
    "-z",
    "-M",
    f"-l{RENAME_LIMIT}",
    f"-O{os.devnull}",
    "--no-relative",
    "--no-ext-diff",
    "--no-textconv",
    # `dirty` looks at the recorded commit alone: anything more starts git inside the submodule, with its configuration.
    "--ignore-submodules=dirty",
)


def name_status(printed: bytes) -> dict[str, tuple[str, str]]:
    """`git diff --name-status -z` as path → (status letter, path at the base); a deleted file by its only path."""
    changes: dict[str, tuple[str, str]] = {}
    fields = iter(to_text(printed).split("\0"))
    for status in fields:
        if not status:
            continue
        path = old = next(fields)
        if status[0] in "RC":
            path = next(fields)
        # An unmerged path is listed twice, as U and as what the work tree has.
        if changes.get(path, ("U", ""))[0] == "U":
            changes[path] = (status[0], old)
    return changes


def is_object_id(text: str) -> bool:
    """Whether it is the full name of an object: 40 lower-case hexadecimal digits, or 64 in a SHA-256 repository."""
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")


def repository_name(url: str) -> str | None:
    """`owner/name` of a remote, without host and credentials; None for a path on this machine."""
    if "://" in url:
        scheme, _, rest = url.partition("://")
        path = rest.partition("/")[2] if scheme.lower() != "file" else ""
    else:
        host, colon, path = url.partition(":")
        # `C:\work\repo` and `../a:b` are paths.
        if not colon or "/" in host or "\\" in host or len(host) == 1:
            return None
    segments = [segment for segment in path.split("?")[0].split("#")[0].split("/") if segment]
    if segments and segments[0] == "v3" and "dev.azure.com" in url:
        del segments[0]
    segments = [segment for segment in segments if segment != "_git"]
    if len(segments) < 2:
        return None
    return "/".join(segments).removesuffix(".git")


class Git:
    """Git's answers about the work tree at `root`. Every method raises GitError where git cannot answer."""

    __slots__ = ("_environment", "_executable", "_filters", "root")

    def __init__(self, root: str, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        executable = find_executable(environment)
        if executable is None:
            raise GitError(f"{root}: git is not on PATH, but this folder is a git repository; install git")
        self.root = root
        self._executable = executable
        self._environment = clean_environment(root, environment)
        self._filters: tuple[str, ...] | None = None

    # --- files

    def tracked(self) -> dict[str, tuple[int, str]]:
        """Path → (mode, object id) of the index; of an unmerged path the last side."""
        files: dict[str, tuple[int, str]] = {}
        for line in self._lines("ls-files", "-z", "--stage"):
            facts, _, path = line.partition(b"\t")
            mode, oid, _ = facts.decode().split(" ")
            files[to_text(path)] = (int(mode, 8), oid)
        return files

    def untracked(self) -> list[str]:
        """Paths that are neither tracked nor ignored; another repository inside this one ends in a slash."""
        return [to_text(line) for line in self._lines("ls-files", "-z", "--others", "--exclude-standard")]

    def tree(self, commit: str) -> dict[str, tuple[int, str]]:
        """Path → (mode, object id) of every file and submodule of `commit`."""
        files: dict[str, tuple[int, str]] = {}
        for line in self._lines("ls-tree", "-r", "-z", "--full-tree", checked(commit)):
            facts, _, path = line.partition(b"\t")
            mode, _, oid = facts.decode().split(" ")
            files[to_text(path)] = (int(mode, 8), oid)
        return files

    def staged(self) -> dict[str, tuple[str, str]]:
        """What the commit in the making changes: path → (A, M, D, T, R, U; path in HEAD). Without HEAD all is added."""
        return name_status(self._run("diff", "--cached", *_DIFF, "--"))

    def changes(self, commit: str) -> dict[str, tuple[str, str]]:
        """What work tree and untracked files change against `commit`: path → (A, M, D, T, R, U; path in `commit`).

        A file that was touched without a change may be among them: `git diff` would find out, and write the index.
        """
        printed = self._run("diff-index", *_DIFF, checked(commit), "--", settings=self._without_filters())
        changes = name_status(printed)
        for path in self.untracked():
            if not path.endswith("/"):
                # A file taken out of the index and left in place is a deletion for git.
                old = changes.get(path, ("A", path))
                changes[path] = ("M", path) if old[0] == "D" else old
        return changes

    def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """Bytes of each blob; one that is not in this clone is left out."""
        wanted = list(dict.fromkeys(oids))
        if not wanted:
            return {}
        sizes: dict[str, int] = {}
        for line in self._run("cat-file", "--batch-check", stdin=_asked(wanted)).decode().splitlines():
            oid, kind, *size = line.split(" ")
            if kind == "blob":
                sizes[oid] = int(size[0])
        return sizes

    def blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """Content of each blob, read by one process; one that is not in this clone is left out."""
        wanted = list(dict.fromkeys(oids))
        if not wanted:
            return {}
        printed = self._run("cat-file", "--batch", stdin=_asked(wanted))
        contents: dict[str, bytes] = {}
        place = 0
        while place < len(printed):
            end = printed.index(b"\n", place)
            oid, kind, *size = printed[place:end].decode().split(" ")
            place = end + 1
            if size:
                length = int(size[0])
                if kind == "blob":
                    contents[oid] = printed[place : place + length]
                place += length + 1
        return contents

    def grep(self, commit: str, needles: Iterable[str]) -> set[str]:
        """Paths of `commit` whose content holds one of `needles` as it is written here."""
        found: set[str] = set()
        for chunk in _chunks(needle for needle in needles if needle and "\n" not in needle and "\0" not in needle):
            patterns = [part for needle in chunk for part in ("-e", needle)]
            options = ("-F", "-l", "-z", "--full-name", "--no-color", "--no-textconv", "--no-recurse-submodules")
            printed = self._run("grep", *options, *patterns, checked(commit), "--", fine=(0, 1))
            prefix = len(commit) + 1
            found.update(to_text(line)[prefix:] for line in printed.split(b"\0") if line)
        return found

    # --- commits

    def commit(self, name: str) -> str | None:
        """The full id of the commit that `name` means; None where there is none."""
        if not name or name.startswith("-") or "\0" in name:
            return None
        printed = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", fine=(0, 1, 128))
        oid = printed.decode("ascii", "replace").strip()
        return oid if is_object_id(oid) else None

    def head(self) -> str | None:
        """The id of HEAD's commit; None before the first commit."""
        return self.commit("HEAD")

    def ref(self) -> str | None:
        """`refs/heads/…`; None where HEAD is detached."""
        printed = self._run("symbolic-ref", "--quiet", "HEAD", fine=(0, 1))
        return to_text(printed.strip()) or None

    def default_branch(self, remote: str) -> str | None:
        """The branch that `remote` is cloned with; where it was never asked, the only one of main and master."""
        prefix = f"refs/remotes/{remote}/"
        printed = self._run("symbolic-ref", "--quiet", f"{prefix}HEAD", fine=(0, 1, 128))
        name = to_text(printed.strip()).removeprefix(prefix)
        if name:
            return name
        known = [one for one in ("main", "master") if self.commit(f"{prefix}{one}") is not None]
        return known[0] if len(known) == 1 else None

    def hooks_folder(self) -> str:
        """Where git looks for hooks in this work tree: `core.hooksPath`, else the repository's own folder."""
        printed = self._run("config", "-z", "--path", "--get-all", "core.hooksPath", fine=(0, 1))
        # Ours, which turns hooks off, is among them.
        known = [one for one in to_text(printed).split("\0") if one and one != os.devnull]
        given = known[-1] if known else ""
        if not given:
            given = os.path.join(to_text(self._run("rev-parse", "--git-common-dir").strip()), "hooks")
        return os.path.normpath(os.path.join(self.root, given))

    def attributes(self, path: str, names: Sequence[str]) -> dict[str, str]:
        """Attributes of a path, there or not: `set`, `unset`, `unspecified`, or a value."""
        fields = to_text(self._run("check-attr", "-z", *names, "--", path)).split("\0")
        return dict(zip(fields[1::3], fields[2::3], strict=False))

    def merge_heads(self) -> tuple[str, ...]:
        """The commits that the commit in the making merges into HEAD; empty outside a merge."""
        directory = git_directory(self.root)
        try:
            with open(os.path.join(directory or "", "MERGE_HEAD"), encoding="ascii") as file:
                return tuple(line for line in file.read().split() if is_object_id(line))
        except (OSError, UnicodeDecodeError):
            return ()

    def added(self, base: str, head: str) -> Iterator[tuple[str, int, str, str]]:
        """(path, mode, object id, commit) of each blob that a commit of base..head adds, against each of its parents.

        Oldest commits first.
        """
        printed = self._run(
            "log",
            "--reverse",
            "--topo-order",
            "--format=%x01%H",
            "--raw",
            "-z",
            "--no-abbrev",
            "--no-renames",
            "--diff-merges=separate",
            "--diff-filter=AMT",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules",
            f"{checked(base)}..{checked(head)}",
            "--",
        )
        commit = ""
        fields = iter(printed.split(b"\0"))
        for field in fields:
            text = field.lstrip(b"\n")
            if text.startswith(b"\x01"):
                commit = text[1:].split(b" ")[0].decode("ascii", "replace").strip()
            elif text.startswith(b":"):
                _, mode, _, oid, _ = text[1:].decode("ascii", "replace").split(" ")
                yield to_text(next(fields)), int(mode, 8), oid, commit

    def first_parents(self) -> list[tuple[str, str]]:
        """(commit, committer's day `YYYY-MM-DD`) of HEAD and its first parents, newest first."""
        if self.head() is None:
            return []
        printed = self._run("log", "--first-parent", "--format=%H %cs", "HEAD", "--")
        lines = (line.split(" ") for line in printed.decode("ascii").splitlines())
        return [(commit, day) for commit, day in lines]

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None where this clone knows none."""
        printed = self._run("merge-base", checked(one), checked(other), fine=(0, 1))
        return printed.decode().strip() or None

    def is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def repository(self) -> str | None:
        """`owner/name` of the remote `origin`, else of the only remote; None where neither says it."""
        remotes = [to_text(line) for line in self._run("remote").splitlines()]
        if "origin" not in remotes and len(remotes) != 1:
            return None
        remote = "origin" if "origin" in remotes else remotes[0]
        # Not `remote get-url`: it applies `insteadOf`, which is where people keep tokens.
        printed = self._run("config", "-z", "--get-all", f"remote.{remote}.url", fine=(0, 1))
        return repository_name(to_text(printed.split(b"\0")[0]).strip())

    # --- processes

    def _lines(self, *arguments: str) -> Iterator[bytes]:
        return (line for line in self._run(*arguments).split(b"\0") if line)

    def _without_filters(self) -> tuple[str, ...]:
        """Settings that turn off every clean and smudge filter: git runs them to compare a touched file."""
        if self._filters is None:
            printed = self._run("config", "-z", "--name-only", "--get-regexp", r"^filter\.", fine=(0, 1))
            keys = {to_text(key) for key in printed.split(b"\0") if key}
            names = {key.rpartition(".")[0] for key in keys}
            filters = [f"{key}=" for key in sorted(keys) if key.endswith((".clean", ".smudge", ".process"))]
            self._filters = (*filters, *(f"{name}.required=false" for name in sorted(names)))
        return self._filters

    def _run(
        self,
        *arguments: str,
        settings: Sequence[str] = (),
        stdin: bytes = b"",
        fine: Sequence[int] = (0,),
    ) -> bytes:
        import subprocess

        try:
            done = subprocess.run(  # noqa: S603
                command(self._executable, self.root, arguments, settings),
                input=stdin,
                capture_output=True,
                env=self._environment,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GitError(f"{self.root}: git {arguments[0]} did not answer within {SECONDS:.0f} seconds") from error
        except OSError as error:
            raise GitError(f"{self.root}: git could not be started: {error.strerror}; is it installed?") from error
        if done.returncode not in fine:
            raise GitError(_sentence(self.root, arguments[0], to_text(done.stderr)))
        return done.stdout


def checked(commit: str) -> str:
    if not is_object_id(commit):
        raise GitError(f"{commit!r} is not the full id of a commit")
    return commit


def _asked(oids: Sequence[str]) -> bytes:
    return "".join(f"{oid}\n" for oid in oids).encode()


def _chunks(needles: Iterable[str]) -> Iterator[list[str]]:
    # Windows takes 32,767 characters of command line.
    chunk: list[str] = []
    length = 0
    for needle in sorted(set(needles)):
        if chunk and length + len(needle) > 20_000:
            yield chunk
            chunk, length = [], 0
        chunk.append(needle)
        length += len(needle) + 8
    if chunk:
        yield chunk


def _sentence(root: str, verb: str, stderr: str) -> str:
    """What git said, as where, what and what to do."""
    if "dubious ownership" in stderr:
        return f"{root}: git refuses a repository of another user; git config --global --add safe.directory {root}"
    if "promisor" in stderr or "lazy fetch" in stderr.lower() or "not allowed" in stderr:
        return f"{root}: git {verb}: this partial clone lacks content of the base; git fetch --refetch --no-filter"
    return f"{root}: git {verb} failed: {said(stderr)}"
