"""Where policy documents stand: on disk, in a commit, or in a pinned bundle; always read as data."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field

from mlgate.errors import PolicyError
from mlgate.git.repository import SYMLINK, Git
from mlgate.limits import MAX_POLICY_BYTES
from mlgate.regex import regex

FILE = ".mlgate.yaml"
FOLDER = ".mlgate"
"""Where a repository's own documents stand: the file, and the folder, which is a bundle."""

FOLDERS = ("", "rules", "policies", "teams", "waivers")
"""Where a bundle's documents stand, relative to its folder."""

_OURS = regex(rb"^kind:[ \t]*[\"']?(Policy|Rule|Waivers)\b", re.MULTILINE)


class Files(Protocol):
    """Some files that can be asked for; paths are POSIX."""

    def is_folder(self, path: str) -> bool: ...

    def names(self, folder: str) -> Iterable[str]:
        """Names of what stands directly in `folder`; empty where there is none."""
        ...

    def has(self, path: str) -> bool:
        """Whether something stands there, be it a link that leads nowhere: that is a policy that is gone."""
        ...

    def read(self, path: str) -> bytes:
        """Raises PolicyError for what cannot be read."""
        ...

    def called(self, path: str) -> str:
        """What messages call it."""
        ...


class OnDisk(Struct, frozen=True):
    """Files of this machine; relative paths begin at `root`."""

    root: Path
    prefix: str = ""

    def is_folder(self, path: str) -> bool:
        return self._at(path).is_dir()

    def names(self, folder: str) -> Iterable[str]:
        try:
            return sorted(one.name for one in self._at(folder).iterdir())
        except NotADirectoryError:
            return ()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise PolicyError(f"{self.called(folder)}: cannot be read: {error.strerror}") from error

    def has(self, path: str) -> bool:
        return os.path.lexists(self._at(path))

    def read(self, path: str) -> bytes:
        at = self._at(path)
        try:
            size = at.stat().st_size
            if size > MAX_POLICY_BYTES:
                raise PolicyError(
                    f"{self.called(path)}: {size:,} bytes; a policy file has at most {MAX_POLICY_BYTES:,}"
                )
            return at.read_bytes()
        except OSError as error:
            raise PolicyError(f"{self.called(path)}: cannot be read: {error.strerror}") from error

    def called(self, path: str) -> str:
        at = self._at(path)
        place = at.parent.resolve() / at.name
        for folder in (self.root.resolve(), Path.cwd()):
            if place.is_relative_to(folder):
                return self.prefix + place.relative_to(folder).as_posix()
        return self.prefix + Path(os.path.normpath(at)).as_posix()

    def _at(self, path: str) -> Path:
        return self.root / path


class InCommit(Struct):
    """Files of a commit of the repository at hand."""

    git: Git
    commit: str
    _tree: dict[str, tuple[int, str]] | None = None
    _folders: dict[str, set[str]] = field(default_factory=dict)

    def is_folder(self, path: str) -> bool:
        self._listed()
        return path in self._folders

    def names(self, folder: str) -> Iterable[str]:
        self._listed()
        return sorted(self._folders.get(folder, ()))

    def has(self, path: str) -> bool:
        return path in self._listed() or path in self._folders

    def read(self, path: str) -> bytes:
        mode, oid = self._listed()[path]
        if mode == SYMLINK:
            raise PolicyError(
                f"{self.called(path)}: a symbolic link; policies are read from plain files, so that everybody reads the"
                " same"
            )
        size = self.git.sizes([oid]).get(oid, 0)
        if size > MAX_POLICY_BYTES:
            raise PolicyError(f"{self.called(path)}: {size:,} bytes; a policy file has at most {MAX_POLICY_BYTES:,}")
        data = self.git.blobs([oid]).get(oid)
        if data is None:
            raise PolicyError(f"{self.called(path)}: its content is not in this clone; fetch the commit {self.commit}")
        return data

    def called(self, path: str) -> str:
        return path

    def _listed(self) -> dict[str, tuple[int, str]]:
        if self._tree is None:
            self._tree = self.git.tree(self.commit)
            for path in self._tree:
                while path:
                    folder, _, name = path.rpartition("/")
                    known = self._folders.setdefault(folder, set())
                    if name in known:
                        break
                    known.add(name)
                    path = folder
        return self._tree


class InMemory(Struct, frozen=True):
    """Files that were fetched, or that a test made up."""

    files: Mapping[str, bytes]
    name: str
    """What messages put before a path."""

    def is_folder(self, path: str) -> bool:
        return any(one.startswith(f"{path}/" if path else "") for one in self.files)

    def names(self, folder: str) -> Iterable[str]:
        start = f"{folder}/" if folder else ""
        return sorted({one[len(start) :].split("/")[0] for one in self.files if one.startswith(start)})

    def has(self, path: str) -> bool:
        return path in self.files or (bool(path) and self.is_folder(path))

    def read(self, path: str) -> bytes:
        return self.files[path]

    def called(self, path: str) -> str:
        return f"{self.name}/{path}" if self.name else path


def own_paths(files: Files) -> tuple[str, ...]:
    """The policy files of the repository that `files` are: its `.mlgate.yaml` and what is in `.mlgate/`."""
    found = [FILE] if files.has(FILE) else []
    if files.has(FOLDER):
        if not files.is_folder(FOLDER):
            raise PolicyError(f"{files.called(FOLDER)}: not a folder; a policy in one file is called {FILE}")
        found += bundle_paths(files, FOLDER)
    return tuple(found)


def bundle_paths(files: Files, folder: str) -> tuple[str, ...]:
    """The documents' files of a bundle. Raises PolicyError where there is none, or one that would be passed over."""
    found: list[str] = []
    for place in FOLDERS:
        inside = posixpath.join(folder, place) if place else folder
        for name in files.names(inside):
            path = posixpath.join(inside, name) if inside else name
            if name.startswith(".") or files.is_folder(path):
                continue
            if name.endswith(".yaml"):
                found.append(path)
            elif name.endswith(".yml") and _OURS.search(files.read(path)):
                raise PolicyError(f"{files.called(path)}: mlgate reads *.yaml; rename it to {name[:-4]}.yaml")
    if not found:
        called = files.called(folder) if folder else files.called("").rstrip("/")
        raise PolicyError(f"{called}: no *.yaml in this folder; a bundle has at least one")
    return tuple(sorted(found))


def is_policy_file(path: Path) -> bool:
    """Whether the file looks like one of our documents: a line that begins with `kind: Policy`, Rule or Waivers."""
    return path.suffix in (".yaml", ".yml") and _OURS.search(OnDisk(path.parent).read(path.name)) is not None


def contents(files: Files, paths: Iterable[str]) -> dict[str, bytes]:
    """Bytes by what messages call the file."""
    return {files.called(path): files.read(path) for path in paths}


def digest(contents: Mapping[str, bytes]) -> str:
    """`sha256:…` of the files' bytes, whatever they are called and in whatever order."""
    total = hashlib.sha256()
    for content in sorted(hashlib.sha256(data).digest() for data in contents.values()):
        total.update(content)
    return f"sha256:{total.hexdigest()}"


def beside(path: str, given: str) -> str:
    """`given` as seen from the folder of `path`; begins with `../` where it leads out."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), given))
