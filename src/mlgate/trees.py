"""The files of one side: a work tree, a commit, or a few texts in memory."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping

from msgspec import Struct, field

from mlgate import discover
from mlgate.git.repository import Git
from mlgate.model import Source


class WorkTree(Struct):
    """What is on disk: in git the tracked files and those that are not ignored. Listed at the first question."""

    root: str
    git: Git | None
    _inventory: discover.Inventory | None = None
    _entries: dict[str, discover.Entry] = field(default_factory=dict)

    def inventory(self) -> discover.Inventory:
        """All of them."""
        if self._inventory is None:
            self._inventory = discover.discover(self.root, (), self.git)
            self._entries = {entry.path: entry for entry in self._inventory.entries}
        return self._inventory

    def paths(self) -> Collection[str]:
        return self._listed().keys()

    def read(self, path: str) -> bytes | None:
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        listed = self._listed()
        entries = [listed[path] for path in paths if path in listed]
        read = discover.read(self.root, entries, self.git)
        return {source.path: source.data for source in read if isinstance(source, Source)}

    def _listed(self) -> dict[str, discover.Entry]:
        self.inventory()
        return self._entries


class CommitTree(Struct):
    """What a commit holds.

    With `same` (a work tree) and `changed` (every path that differs from it, as `Git.changes` says) the files that are
    the same are read from disk: two processes of git for each of a thousand modules take 10 s.
    """

    git: Git
    commit: str
    same: WorkTree | None = None
    changed: Container[str] = frozenset()
    _files: dict[str, tuple[int, str]] | None = None

    def paths(self) -> Collection[str]:
        return self._listed().keys()

    def read(self, path: str) -> bytes | None:
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        files = self._listed()
        wanted = [path for path in paths if path in files]
        found: dict[str, bytes] = {}
        if self.same is not None:
            found.update(self.same.read_many(path for path in wanted if path not in self.changed))
        asked = [(path, *files[path]) for path in wanted if path not in found]
        read = discover.read_blobs(self.git, asked, self.commit)
        return found | {source.path: source.data for source in read if isinstance(source, Source)}

    def _listed(self) -> dict[str, tuple[int, str]]:
        if self._files is None:
            self._files = self.git.tree(self.commit)
        return self._files


class Memory(Struct, frozen=True):
    """A few files that exist nowhere else: the examples of rules, and standard input."""

    files: Mapping[str, bytes]

    def paths(self) -> Collection[str]:
        return self.files.keys()

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.files[path] for path in paths if path in self.files}
