"""The files of one side: a work tree, a commit, or a few texts in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mlgate import discover
from mlgate.git import Git
from mlgate.model import Kind, Source


@dataclass(slots=True)
class WorkTree:
    """What is on disk: in git the tracked files and those that are not ignored."""

    root: str
    git: Git | None
    _entries: dict[str, discover.Entry] | None = None

    def paths(self) -> Collection[str]:
        if self._entries is None:
            self._entries = {entry.path: entry for entry in discover.discover(self.root, (), self.git).entries}
        return self._entries.keys()

    def read(self, path: str) -> bytes | None:
        return self.read_many([path]).get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        entries = [discover.Entry(path, Kind.TEXT) for path in paths]
        read = discover.read(self.root, entries, None)
        return {source.path: source.data for source in read if isinstance(source, Source)}


@dataclass(slots=True)
class CommitTree:
    """What a commit holds."""

    git: Git
    commit: str
    _files: dict[str, tuple[int, str]] | None = None
    _contents: dict[str, bytes | None] = field(default_factory=dict)

    def paths(self) -> Collection[str]:
        if self._files is None:
            self._files = self.git.tree(self.commit)
        return self._files.keys()

    def read(self, path: str) -> bytes | None:
        if path not in self.paths():
            return None
        if path not in self._contents:
            self._contents[path] = self.read_many([path]).get(path)
        return self._contents[path]

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {source.path: source.data for source in self._sources(paths)}

    def _sources(self, paths: Iterable[str]) -> Iterator[Source]:
        known = self.paths()
        wanted = [path for path in paths if path in known]
        for read in discover.sources_at(self.git, self.commit, wanted):
            if isinstance(read, Source):
                yield read


@dataclass(frozen=True, slots=True)
class Memory:
    """A few files that exist nowhere else: the examples of rules, and standard input."""

    files: Mapping[str, bytes]

    def paths(self) -> Collection[str]:
        return self.files.keys()

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.files[path] for path in paths if path in self.files}
