"""What a file may ask about the rest of its repository, answered from one tree, and a record of what was asked."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from mlgate import versions
from mlgate.model import Handed, Place, Project, Value, Version
from mlgate.reexports import Reexports
from mlgate.regex import regex
from mlgate.shelf import Shelf

MAX_MODULE_BYTES = 1_000_000
"""Largest module read for its exports, in bytes; the largest hand-written one of 13,000 public files has 0.6 MB."""

MAX_HOPS = 2
"""Longest chain of modules of the repository that a re-export is followed through, beyond the module asked for."""


_ADDRESS = regex(r"[A-Za-z][\w+.-]+:/")
"""`https://…`; normalised as a path, one slash is left. One letter would be a drive."""

_METADATA = ("pyproject.toml", "setup.cfg", "setup.py")
_OWN_NAME = regex(r"""^[ \t]*name[ \t]*=[ \t]*["']?([A-Za-z0-9][\w.-]*)""", re.MULTILINE)
"""The name of the distribution; in the three files it is the first line of that form."""


class Tree(Protocol):
    """One side of a comparison: the files of a work tree or of a commit."""

    def paths(self) -> Collection[str]: ...

    def read(self, path: str) -> bytes | None:
        """None: no such file, or one that cannot be read."""
        ...

    def read_many(self, paths: Iterable[str]) -> Mapping[str, bytes]: ...


class Exports(Protocol):
    """The names of one module."""

    def get(self, name: str) -> Value | None: ...

    def all(self) -> Mapping[str, Value]: ...

    def member(self, place: Place, name: str) -> Value | None: ...


ReadModule = Callable[[str, bytes, Project], Exports | None]
"""Path and bytes of a module, and the project as it sees it; None for what cannot be parsed."""


class Repository:
    """`model.Project` over one tree. Each answer is computed once."""

    def __init__(self, tree: Tree, read: ReadModule | None = None, reexports: Reexports | None = None) -> None:
        """`read` turns a module into what it exports; without it no module exports anything.

        `reexports` tells more cheaply what a module may hand on; without it, any name.
        """
        self._tree = tree
        self._read = read
        self._reexports = reexports
        self._own_name: str | None = None
        self._packages: frozenset[str] | None = None
        self._known: frozenset[str] | None = None
        self._importable: frozenset[str] | None = None
        self._dependency_files: dict[str, list[str]] | None = None
        self._said: dict[str, dict[str, list[versions.Statement]]] = {}
        """By folder and package."""
        self._found: dict[tuple[str, str], str | None] = {}
        """By module and folder of the importer."""
        self._handed: dict[tuple[str, str], Handed | None] = {}
        """By module and folder of the importer."""
        self._handed_at: dict[str, Handed] = {}
        """By path."""
        self._versions: dict[tuple[str, str], Version | None] = {}
        self._modules: Shelf[tuple[str, int], Exports | None] = Shelf()
        """By path, and the number of further modules that its own imports are followed through."""
        self._exported: dict[tuple[str, int, str], Value | None] = {}
        """What was answered of modules that are no longer kept."""
        self._members: dict[tuple[Place, str], Value | None] = {}

    def exists(self, path: str) -> bool:
        """Whether the POSIX path, relative to the root, is a file or folder of the repository; ignored ones are not."""
        if not path or path.startswith("/"):
            return False
        path = posixpath.normpath(path)
        return path == "." or path in self._paths_and_folders()

    def version(self, package: str, importer: str = "") -> Version | None:
        """What the dependency files of the nearest folder above `importer` that speaks of the package say of it.

        What another folder pins says nothing of this one. See `versions.decide`.
        """
        key = versions.normalise(package), _folder(importer)
        if key not in self._versions:
            self._versions[key] = self._nearest(*key)
        return self._versions[key]

    def find_module(self, name: str, importer: str) -> str | None:
        """Path, behind a slash, of what dotted `name` is to file `importer`: a module or a folder of modules."""
        if not self._may_be_here(name):
            return None
        key = name, _folder(importer)
        if key not in self._found:
            path = self._resolve(name, importer) or self._resolve(name, importer, folders=True)
            self._found[key] = None if path is None else f"/{path}"
        return self._found[key]

    def is_library(self, name: str) -> bool:
        """Whether the repository is the source of library `name` itself: its own metadata says so."""
        if self._own_name is None:
            texts = self._tree.read_many(_METADATA)
            found = (_OWN_NAME.search(texts[path].decode("utf-8", "replace")) for path in _METADATA if path in texts)
            self._own_name = next((versions.normalise(one[1]) for one in found if one), "")
        return bool(self._own_name) and self._own_name == versions.normalise(name)

    def handed_on(self, module: str, importer: str) -> Handed | None:
        """What the module may hand on of what rules ask for; nothing where there is no such module."""
        key = module, _folder(importer)
        if key not in self._handed:
            path = self._resolve(module, importer)
            if path is None:
                self._handed[key] = _NOTHING
            elif self._reexports is None or path.endswith(".ipynb"):
                self._handed[key] = None
            else:
                if path not in self._handed_at:
                    self._handed_at[path] = Handed(*self._reexports.called(path))
                self._handed[key] = self._handed_at[path]
        return self._handed[key]

    def export(self, module: str, name: str, importer: str) -> Value | None:
        """What `name` of module `module` (leading dots: relative) is, as seen from file `importer`.

        Constants with their values, aliases of libraries, classes and functions; what is none of them is unknown.
        None where the repository has no such module, or the module does not bind the name.
        """
        return self.exported(module, name, importer, MAX_HOPS)

    def member(self, place: Place, name: str) -> Value | None:
        """What attribute `name` is of the class at `place`, which `export` has told of; None where it sets none."""
        key = place, name
        if key not in self._members:
            exports = self._exports(place.path, place.hops)
            self._members[key] = None if exports is None else exports.member(place, name)
        return self._members[key]

    @property
    def hops(self) -> int:
        return MAX_HOPS

    def module(self, name: str, importer: str) -> Mapping[str, Value]:
        """Every name that module `name` binds itself; empty where there is no such module."""
        path = self._resolve(name, importer)
        exports = None if path is None else self._exports(path, MAX_HOPS)
        return {} if exports is None else exports.all()

    # --- paths

    def _paths_and_folders(self) -> frozenset[str]:
        if self._known is None:
            known = set(self._tree.paths())
            for path in tuple(known):
                folder = posixpath.dirname(path)
                while folder and folder not in known:
                    known.add(folder)
                    folder = posixpath.dirname(folder)
            self._known = frozenset(known)
        return self._known

    # --- versions

    def _nearest(self, package: str, folder: str) -> Version | None:
        while True:
            said = self._said_in([folder], package)
            if said:
                return versions.decide(said)
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _folders(self) -> Mapping[str, Sequence[str]]:
        """Folders that dependency files speak for, and those files."""
        if self._dependency_files is None:
            self._dependency_files = {}
            for path in sorted(self._tree.paths()):
                if versions.is_dependency_file(path):
                    self._dependency_files.setdefault(versions.speaks_for(path), []).append(path)
        return self._dependency_files

    def _said_in(self, folders: Sequence[str], package: str) -> list[versions.Statement]:
        files = self._folders()
        pending = [(folder, path) for folder in folders if folder not in self._said for path in files.get(folder, ())]
        for folder in folders:
            self._said.setdefault(folder, {})
        spoken: set[tuple[str, str]] = set()
        while pending := [one for one in dict.fromkeys(pending) if one not in spoken]:
            spoken.update(pending)
            read = self._tree.read_many(dict.fromkeys(path for _, path in pending))
            # What a file includes, wherever it lies, is about the folder of the file.
            included: list[tuple[str, str]] = []
            for folder, path in pending:
                data = read.get(path, b"")
                for one in versions.statements(path, data):
                    self._said[folder].setdefault(one.package, []).append(one)
                included += ((folder, other) for other in versions.included(path, data))
            pending = included
        return [one for folder in folders for one in self._said[folder].get(package, ())]

    # --- modules

    def _resolve(self, name: str, importer: str, folders: bool = False) -> str | None:
        """The file of a module of this repository; with `folders` the folder of a package without `__init__.py`.

        Absolute names count from the folders above `importer` that are no packages, and from their `src`, nearest
        first: that is where the search path of a script, a test or an installed package begins.
        """
        folder = _folder(importer)
        if name.endswith((".py", ".ipynb")) or "/" in name:
            return self._script(name, folder)
        dots = len(name) - len(name.lstrip("."))
        tail = name[dots:].replace(".", "/")
        if dots:
            for _ in range(dots - 1):
                if not folder:
                    return None
                folder = posixpath.dirname(folder)
            return self._module_file(posixpath.join(folder, tail) if tail else folder, folders)
        if not tail or not self._may_be_here(name):
            return None
        while True:
            if posixpath.join(folder, "__init__.py") not in self._paths_and_folders():
                for start in (folder, posixpath.join(folder, "src")):
                    found = self._module_file(posixpath.join(start, tail), folders)
                    if found is not None:
                        return found
            if not folder:
                return None
            folder = _folder(folder)

    def _may_be_here(self, name: str) -> bool:
        """Whether something here is called like its first segment: a library's name needs no search."""
        if self._importable is None:
            names = (path.rpartition("/")[2] for path in self._paths_and_folders())
            self._importable = frozenset(one.removesuffix(".py") for one in names)
        head = name.partition(".")[0]
        return not head or head in self._importable or "/" in name or name.endswith((".py", ".ipynb"))

    def _module_file(self, stem: str, folders: bool) -> str | None:
        if folders:
            return stem if stem and stem in self._folders_with_modules() else None
        candidates = [f"{stem}/__init__.py", f"{stem}.py"] if stem else ["__init__.py"]
        return next((path for path in candidates if path in self._paths_and_folders()), None)

    def _folders_with_modules(self) -> frozenset[str]:
        if self._packages is None:
            found: set[str] = set()
            for path in self._tree.paths():
                folder = posixpath.dirname(path) if path.endswith(".py") else ""
                while folder and folder not in found:
                    found.add(folder)
                    folder = posixpath.dirname(folder)
            self._packages = frozenset(found)
        return self._packages

    def _script(self, name: str, folder: str) -> str | None:
        """A file by its path: from the root behind a slash, else beside the notebook, with or without its ending."""
        stem = posixpath.normpath(name[1:] if name.startswith("/") else posixpath.join(folder, name))
        candidates = [stem] if stem.endswith((".py", ".ipynb")) else [f"{stem}.py", f"{stem}.ipynb"]
        return next((path for path in candidates if path in self._paths_and_folders()), None)

    def _exports(self, path: str, hops: int) -> Exports | None:
        """What the module at `path` exports; its own imports are followed through `hops` further modules."""
        if (path, hops) not in self._modules:
            data = None if self._read is None else self._tree.read(path)
            usable = self._read is not None and data is not None and len(data) <= MAX_MODULE_BYTES
            project = _Following(self, hops)
            found = self._read(path, data, project) if usable and self._read and data else None
            self._modules.put((path, hops), found, len(data or b""))
            return found
        return self._modules[path, hops]

    def exported(self, module: str, name: str, importer: str, hops: int) -> Value | None:
        """`export`, for a module that is read itself: its imports are followed through `hops` modules."""
        path = self._resolve(module, importer)
        if path is None or path == importer:
            return None
        if hops < 0:
            return Value((), f"imported from {path}")
        key = path, hops, name
        if key not in self._exported:
            exports = self._exports(path, hops)
            self._exported[key] = exports.get(name) if exports is not None else None
        found = self._exported[key]
        if found is None and self._resolve(f"{module}{'' if module.endswith('.') else '.'}{name}", importer) is None:
            return None
        return found


_NOTHING = Handed()


def _folder(path: str) -> str:
    """`posixpath.dirname` of a path in the repository, which is asked for a hundred thousand times."""
    return path.rpartition("/")[0]


class _Following(Struct, frozen=True):
    """The repository as a module of it sees it: what that module imports is followed so far and no further.

    So what a module exports does not depend on who asked first, even where modules import each other.
    """

    repository: Repository
    hops: int

    def version(self, package: str, importer: str = "") -> Version | None:
        return self.repository.version(package, importer)

    def exists(self, path: str) -> bool:
        return self.repository.exists(path)

    def find_module(self, name: str, importer: str) -> str | None:
        return self.repository.find_module(name, importer)

    def is_library(self, name: str) -> bool:
        return self.repository.is_library(name)

    def handed_on(self, module: str, importer: str) -> Handed | None:
        return self.repository.handed_on(module, importer)

    def export(self, module: str, name: str, importer: str) -> Value | None:
        return self.repository.exported(module, name, importer, self.hops - 1)

    def member(self, place: Place, name: str) -> Value | None:
        return self.repository.member(place, name)


# --- the record -----------------------------------------------------------------------------------------------------

Question = tuple[str, ...]
"""The name of a method of `Project`, and what it was given."""


_OF_CONTENT = frozenset(["handed-on", "export"])
_OF_MODULES = _OF_CONTENT | {"find-module"}


class Recorder:
    """A project that keeps what it was asked, and a digest of each answer that is cheap to get again."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._asked: dict[Question, str] = {}

    def again(self, questions: Iterable[tuple[Sequence[str], str]], modules: Iterable[str]) -> None:
        """Takes over what was recorded before, and still holds."""
        self._asked.update((tuple(question), answer) for question, answer in questions)
        self._asked.update((("find-module", module, ""), "") for module in modules)

    @property
    def modules(self) -> frozenset[str]:
        """The modules that were asked about: what they say is judged by their content, see `closure`."""
        return frozenset(question[1] for question in self._asked if question[0] in _OF_MODULES)

    @property
    def plain(self) -> tuple[tuple[Question, str], ...]:
        """The questions that can be asked again; what a module says is told from its content, see `closure`."""
        return tuple(one for one in self.questions if one[0][0] not in _OF_CONTENT)

    @property
    def questions(self) -> tuple[tuple[Question, str], ...]:
        """Question and digest of the answer, each question once, sorted; plain enough for JSON."""
        return tuple(sorted(self._asked.items()))

    def version(self, package: str, importer: str = "") -> Version | None:
        answer = self._project.version(package, importer)
        self._asked["version", package, importer] = digest(answer)
        return answer

    def exists(self, path: str) -> bool:
        if _ADDRESS.match(path):
            # No path of anybody's, and what is asked is kept: an address may hold a password.
            return False
        answer = self._project.exists(path)
        self._asked["exists", path] = digest(answer)
        return answer

    def find_module(self, name: str, importer: str) -> str | None:
        answer = self._project.find_module(name, importer)
        self._asked["find-module", name, importer] = digest(answer)
        return answer

    def is_library(self, name: str) -> bool:
        answer = self._project.is_library(name)
        self._asked["is-library", name] = digest(answer)
        return answer

    def handed_on(self, module: str, importer: str) -> Handed | None:
        self._asked["handed-on", module, importer] = ""
        return self._project.handed_on(module, importer)

    def export(self, module: str, name: str, importer: str) -> Value | None:
        self._asked["export", module, name, importer] = ""
        return self._project.export(module, name, importer)

    def member(self, place: Place, name: str) -> Value | None:
        # The module is one that was asked about, or in reach of one.
        return self._project.member(place, name)

    @property
    def hops(self) -> int:
        return self._project.hops


def answers_hold(project: Project, questions: Iterable[tuple[Sequence[str], str]]) -> bool:
    """Whether `project` answers recorded questions as before. Raises ValueError for what is no question."""
    return all(digest(_ask(project, question)) == answer for question, answer in questions)


Answer = Version | str | bool | None


def _ask(project: Project, question: Sequence[str]) -> Answer:
    match question:
        case ["version", package, importer]:
            return project.version(package, importer)
        case ["exists", path]:
            return project.exists(path)
        case ["find-module", name, importer]:
            return project.find_module(name, importer)
        case ["is-library", name]:
            return project.is_library(name)
        case _:
            raise ValueError(f"no such question: {question!r}")


def digest(answer: Answer) -> str:
    """The same for equal answers, on every Python: records print all their fields."""
    return hashlib.sha256(repr(answer).encode("utf-8", "surrogatepass")).hexdigest()[:32]
