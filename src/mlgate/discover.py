"""Which files are looked at, what each of them is, and their bytes."""

# Paths are bytes at the file system, so that names outside the locale's encoding can be opened: pathlib takes none.
# ruff: noqa: PTH113, PTH114, PTH115, PTH117, PTH118

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from mlgate.errors import GitError, MlgateError
from mlgate.git.processes import to_bytes, to_text
from mlgate.git.repository import GITLINK, SYMLINK, Git
from mlgate.kinds import kind_of_content, kind_of_name
from mlgate.limits import MAX_BYTES
from mlgate.model import Kind, Source

WORK_TREE = "worktree"
INDEX = "index"

File = tuple[str, int, str]
"""Path, mode and object id in an index or tree."""

SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".hypothesis",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        "__pycache__",
        "node_modules",
    }
)
"""Folders of other tools: not read where git does not track them. `.ipynb_checkpoints` are read."""

BLOBS_AT_ONCE = 64_000_000
"""Bytes of base content held in memory at one time."""


class Unread(Struct, frozen=True):
    """A file that was not looked at, and why; it becomes an `input/*` finding."""

    path: str
    name: str
    """`unreadable`, `too-large`, `not-fetched` or `not-looked-into`: the kind of input finding."""
    detail: str
    """Half a sentence."""


class Entry(Struct, frozen=True):
    path: str
    """POSIX, relative to the root; undecodable bytes as lone surrogates."""
    kind: Kind
    """By the name; TEXT where the name says nothing, which the content then decides."""
    problem: Unread | None = None
    """Known before anything is read."""
    mode: int = 0o100644
    """In git's index; a plain file where it is not tracked."""
    object_id: str | None = None
    """The blob of the index: what counts where the work tree has no such file. None: not known to be tracked."""


class Inventory(Struct, frozen=True):
    """Every file to look at, by path. Law: the paths of `git ls-files` are those of sources and problems, as sets."""

    root: str
    entries: tuple[Entry, ...]
    is_whole: bool = False
    """Whether these are all the files that there are, and no others."""


def source(path: str, data: bytes, origin: str, mode: int = 0o100644) -> Source:
    """The bytes of a file as what they are; of a symbolic link (`mode`) its text."""
    kind = Kind.TEXT if mode == SYMLINK else kind_of_name(path) or kind_of_content(data)
    return Source(path, kind, data, origin)


# --- the list -------------------------------------------------------------------------------------------------------


def discover(root: str, paths: Sequence[str], git: Git | None, folder: str | None = None) -> Inventory:
    """Every file of the repository at `root`, or what `paths` name: files always, folders as git lists them.

    `paths` are absolute or relative to `folder` (the root unless given). Without `git` folders are walked.
    Raises MlgateError for a path that is missing or outside the root.
    """
    if not paths:
        return Inventory(root, _sorted(_listed(root, git)), is_whole=True)
    entries: dict[str, Entry] = {}
    listed: dict[str, Entry] | None = None
    for argument in paths:
        path = _relative(root, os.path.join(folder or root, argument), argument)
        native = _native(root, path)
        mode = os.lstat(native).st_mode if os.path.lexists(native) else None
        if mode is not None and not stat.S_ISDIR(mode):
            entries[path] = _entry(path)
            real = os.path.realpath(native)
            if stat.S_ISLNK(mode) and os.path.isfile(real) and _is_below(root, real):
                target = _relative(root, os.fsdecode(real), argument)
                entries[target] = _entry(target)
            continue
        if listed is None:
            listed = {entry.path: entry for entry in _listed(root, git)}
        if path in listed:
            entries[path] = listed[path]
        elif mode is None:
            raise MlgateError(f"{argument}: no such file or folder; check the spelling, or leave it out")
        elif path == ".":
            entries.update(listed)
        else:
            under = {name: entry for name, entry in listed.items() if name.startswith(f"{path}/")}
            # Git lists nothing below a folder that it ignores; whoever names it wants it read.
            entries.update(under or {entry.path: entry for entry in _walk(root, path)})
    return Inventory(root, _sorted(entries.values()))


def place(root: str, path: str, folder: str) -> str:
    """What reports call `path`, absolute or relative to `folder`; it need not exist.

    Raises MlgateError for a path outside the root.
    """
    return _relative(root, os.path.join(folder, path), path)


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.path))


def _listed(root: str, git: Git | None) -> Iterator[Entry]:
    if git is None:
        yield from _walk(root, ".")
        return
    for path, (mode, object_id) in git.tracked().items():
        yield _submodule(path) if mode == GITLINK else _entry(path, mode=mode, object_id=object_id)
    for path in git.untracked():
        if path.endswith("/"):
            detail = "another git repository that is no submodule; check it by itself"
            yield _entry(path[:-1], problem=Unread(path[:-1], "not-looked-into", detail))
        elif SKIPPED_FOLDERS.isdisjoint(path.split("/")):
            yield _entry(path)


def _entry(path: str, problem: Unread | None = None, mode: int = 0o100644, object_id: str | None = None) -> Entry:
    return Entry(path, kind_of_name(path) or Kind.TEXT, problem, mode, object_id)


def _submodule(path: str) -> Entry:
    return _entry(path, problem=Unread(path, "not-looked-into", "a submodule; check its own repository"))


def _walk(root: str, top: str) -> Iterator[Entry]:
    """Every file below `top`, links not followed."""
    folders = [top]
    while folders:
        folder = folders.pop()
        prefix = "" if folder == "." else f"{folder}/"
        try:
            with os.scandir(_native(root, folder)) as found:
                children = [(_name(child.name), child.is_dir(follow_symlinks=False)) for child in found]
        except OSError as error:
            yield _entry(folder, problem=Unread(folder, "unreadable", _said(error)))
            continue
        names = {name for name, _ in children}
        if "pyvenv.cfg" in names and folder != top:
            continue
        for name, is_folder in children:
            if not is_folder:
                yield _entry(prefix + name)
            elif name not in SKIPPED_FOLDERS:
                folders.append(prefix + name)


def _relative(root: str, path: str, argument: str) -> str:
    """`path` relative to the root, in POSIX form; links on the way are resolved, the last name is not."""
    head, tail = os.path.split(path.rstrip("/" if os.name != "nt" else "/\\") or path)
    real = os.path.realpath(path) if tail in ("", ".", "..") else os.path.join(os.path.realpath(head), tail)
    if not _is_below(root, real):
        raise MlgateError(f"{argument}: outside the repository {root}; call mlgate in the repository that holds it")
    return _name(os.fsencode(os.path.relpath(real, os.path.realpath(root))))


# --- the bytes ------------------------------------------------------------------------------------------------------


def read(root: str, entries: Iterable[Entry], git: Git | None) -> Iterator[Source | Unread]:
    """The bytes of each file, from one moment; what cannot be read is an Unread, nothing is raised.

    A file that the index has and the work tree has not (deleted without telling git, or outside a sparse checkout) is
    read from the index, last: it is what a commit would hold. A symbolic link is not followed: its text is read, as
    git does, and an Unread where it leads out of the tree.
    """
    absent: list[Entry] = []
    links: dict[str, bool] = {}
    for entry in entries:
        outcome = entry.problem or _read_twice(root, entry, links)
        if outcome is not None:
            yield outcome
        elif entry.object_id is None or git is None:
            yield Unread(entry.path, "unreadable", "it is not there any more")
        else:
            absent.append(entry)
    if absent and git is not None:
        files = {entry.path: (entry.path, entry.mode, entry.object_id or "") for entry in absent}
        try:
            for outcome in read_blobs(git, list(files.values()), INDEX):
                yield outcome
                del files[outcome.path]
        except GitError as error:
            # A sparse checkout of a partial clone: git before 2.45 fails for all where one is missing.
            yield from (Unread(path, "not-fetched", str(error)) for path in files)


def _read_twice(root: str, entry: Entry, links: dict[str, bool]) -> Source | Unread | None:
    """None: the work tree has no such file. `links`: see `_is_beyond_link`."""
    if entry.object_id is not None and _is_beyond_link(root, entry.path, links):
        return None
    for _ in range(2):
        match _read_once(root, entry.path):
            case _Lost.VANISHED:
                return None
            case _Lost.CHANGED:
                continue
            case outcome:
                return outcome
    return Unread(entry.path, "unreadable", "it changed while it was read")


_FLAGS = os.O_RDONLY
for _flag in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK"):
    _FLAGS |= getattr(os, _flag, 0)  # Windows has the first alone, POSIX the others.


class _Lost(Enum):
    CHANGED = "while it was read"
    VANISHED = "before it was read"


def _read_once(root: str, path: str) -> Source | Unread | _Lost:
    native = _native(root, path)
    try:
        mode = os.lstat(native).st_mode
        if stat.S_ISLNK(mode):
            return _link(root, path, _name(os.readlink(native)), WORK_TREE)
        if not stat.S_ISREG(mode):
            # Not even opened: opening a device may do something.
            return Unread(path, "unreadable", _special(mode))
        descriptor = os.open(native, _FLAGS)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return _Lost.VANISHED
        return _Lost.CHANGED if error.errno == errno.ELOOP else Unread(path, "unreadable", _said(error))
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return _Lost.CHANGED
        if before.st_size > MAX_BYTES:
            return _too_large(path, before.st_size)
        data = _content(descriptor, before.st_size)
        after = os.fstat(descriptor)
    except OSError as error:
        return Unread(path, "unreadable", _said(error))
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        return _Lost.CHANGED
    return source(path, data, WORK_TREE)


def _content(descriptor: int, size: int) -> bytes:
    """Everything, or a byte more than `size`: then it grew."""
    data = os.read(descriptor, size + 1)
    while data and len(data) < size and (more := os.read(descriptor, size + 1 - len(data))):
        data += more
    return data


def sources_at(git: Git, commit: str, paths: Iterable[str] | None = None) -> Iterator[Source | Unread]:
    """The files of `commit`, all or those of `paths` that it has, by path; Source.origin is the commit.

    Submodules and links that leave the tree are what they are in a work tree: problems.
    """
    tree = git.tree(commit)
    wanted = sorted(tree if paths is None else set(paths) & set(tree))
    yield from read_blobs(git, [(path, *tree[path]) for path in wanted], commit)


def read_blobs(git: Git, files: Sequence[File], origin: str) -> Iterator[Source | Unread]:
    """The files of an index or tree, in their order, read by two processes of git."""
    sizes = git.sizes(object_id for _, mode, object_id in files if mode != GITLINK)
    for batch in _batches(files, sizes):
        contents = git.blobs(object_id for _, _, object_id in batch if sizes.get(object_id, MAX_BYTES + 1) <= MAX_BYTES)
        for path, mode, object_id in batch:
            if mode == GITLINK:
                yield Unread(path, "not-looked-into", "a submodule; check its own repository")
            elif object_id in contents:
                data = contents[object_id]
                yield _link(git.root, path, to_text(data), origin) if mode == SYMLINK else source(path, data, origin)
            elif object_id in sizes:
                yield _too_large(path, sizes[object_id])
            else:
                yield Unread(path, "not-fetched", "this clone does not hold its content")


def _link(root: str, path: str, text: str, origin: str) -> Source | Unread:
    """A symbolic link as its text; a problem where that leads out of the tree. Judged by the text alone: each link on
    the way is looked at by itself."""
    inside = f"{root}/"
    if text.startswith(inside):
        target = text.removeprefix(inside)
    elif os.path.isabs(text):
        target = os.pardir
    else:
        target = posixpath.join(posixpath.dirname(path), text)
    if posixpath.normpath(target).split("/")[0] in (os.pardir, ".git"):
        return Unread(path, "not-looked-into", f"a link out of the repository, to {text}; links are not followed")
    return source(path, text.encode("utf-8", "surrogateescape"), origin, SYMLINK)


def _too_large(path: str, size: int) -> Unread:
    return Unread(path, "too-large", f"{size:,} bytes; mlgate reads {MAX_BYTES:,}")


def _batches(files: Sequence[File], sizes: Mapping[str, int]) -> Iterator[list[File]]:
    batch: list[File] = []
    held = 0
    for file in files:
        size = min(sizes.get(file[2], 0), MAX_BYTES)
        if batch and held + size > BLOBS_AT_ONCE:
            yield batch
            batch, held = [], 0
        batch.append(file)
        held += size
    if batch:
        yield batch


# --- the file system ------------------------------------------------------------------------------------------------


def _native(root: str, path: str) -> bytes:
    return os.path.join(os.fsencode(root), to_bytes(path))


def _name(native: bytes) -> str:
    """What `os` functions gave back, as in reports."""
    return to_text(native).replace(os.sep, "/")


def _is_below(root: str, real: str | bytes) -> bool:
    try:
        return os.path.commonpath([os.path.realpath(root), os.fsdecode(real)]) == os.path.realpath(root)
    except ValueError:  # another drive
        return False


def _is_beyond_link(root: str, path: str, links: dict[str, bool]) -> bool:
    """Whether a folder on the way is a link: git takes what lies behind it for deleted.

    `links` are the answers so far, by folder: neighbours have the same.
    """
    folder = path.rpartition("/")[0]
    fresh = []
    while folder and folder not in links:
        fresh.append(folder)
        folder = folder.rpartition("/")[0]
    for one in reversed(fresh):
        links[one] = links.get(folder, False) or os.path.islink(_native(root, one))
        folder = one
    return links.get(folder, False)


def _said(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _special(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a folder stands where git has a file"),
        (stat.S_ISFIFO, "a named pipe, not a file"),
        (stat.S_ISSOCK, "a socket, not a file"),
        (stat.S_ISCHR, "a device, not a file"),
        (stat.S_ISBLK, "a device, not a file"),
    ):
        if test(mode):
            return name
    return "not a regular file"
