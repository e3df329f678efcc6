"""Modules of a repository as what they export: scripts, packages, and notebooks that another one runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from mlgate import documents
from mlgate.facts import magics
from mlgate.facts.python.exports import Exports, read
from mlgate.facts.python.names import names_of
from mlgate.facts.python.scopes import Outline
from mlgate.model import Document, Handed, Kind, Place, Problem, Project, Source, Unit, Value, Version, Vocabulary
from mlgate.shelf import Shelf


class _Held:
    """An outline that is taken apart once nobody reads it: its circles would wait for the collector."""

    __slots__ = ("outline",)

    def __init__(self, outline: Outline) -> None:
        self.outline = outline

    def __del__(self) -> None:
        self.outline.close()


class Modules:
    """Reads modules for one vocabulary; each text is parsed once, whoever imports it and on whichever side."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._names = names_of(vocabulary.calls)
        self._outlines: Shelf[tuple[bool, bytes], _Held | None] = Shelf()

    def __call__(self, path: str, data: bytes, project: Project, is_whole: bool = False) -> Exports | None:
        """What the module exports; None for what cannot be read or parsed. `is_whole`: see `Exports`."""
        is_notebook = path.endswith(".ipynb")
        key = is_notebook, hashlib.sha256(data).digest()
        if key not in self._outlines:
            kind = Kind.NOTEBOOK if is_notebook else Kind.PYTHON
            document = documents.load(Source(path, kind, data))
            found = None if isinstance(document, Problem) else read(*_python_of(document))
            self._outlines.put(key, None if found is None else _Held(found), len(data))
        held = self._outlines[key]
        return None if held is None else Exports(held.outline, self._names, project, path, held, is_whole)

    def text(self, path: str, text: str, project: Project) -> Exports | None:
        """The same of a text that is a file only when a notebook has run."""
        return self(path, text.encode("utf-8", "surrogatepass"), project, is_whole=True)


def _python_of(document: Document) -> tuple[list[Unit], list[str]]:
    """The Python of a document's code cells, and the files that they run."""
    units: list[Unit] = []
    runs: list[str] = []
    for place, cell in enumerate(document.cells):
        if cell.kind in ("code", "file"):
            split = magics.split(place, cell.text, cell.language)
            runs += magics.run_files(split.facts)
            if split.python is not None:
                units.append(Unit(place, split.python, split.lines))
    return units, runs


class Written(Struct, frozen=True):
    """A project with the modules that a notebook writes before it imports them (`%%writefile config.py`)."""

    project: Project
    modules: Modules
    texts: Mapping[str, str]
    """By the path that the notebook gives, relative to itself."""

    def version(self, package: str, importer: str = "") -> Version | None:
        return self.project.version(package, importer)

    def exists(self, path: str) -> bool:
        return self.project.exists(path)

    def is_library(self, name: str) -> bool:
        return self.project.is_library(name)

    def find_module(self, name: str, importer: str) -> str | None:
        path = self._path(name)
        return self.project.find_module(name, importer) if path is None else f"/{path}"

    def handed_on(self, module: str, importer: str) -> Handed | None:
        return self.project.handed_on(module, importer) if self._path(module) is None else None

    def export(self, module: str, name: str, importer: str) -> Value | None:
        path = self._path(module)
        if path is None:
            return self.project.export(module, name, importer)
        exports = self.modules.text(path, self.texts[path], self.project)
        return None if exports is None else exports.get(name)

    def member(self, place: Place, name: str) -> Value | None:
        return self.project.member(place, name)

    @property
    def hops(self) -> int:
        return self.project.hops

    def _path(self, module: str) -> str | None:
        stem = module.removesuffix(".py")
        stem = stem.removeprefix("/").removeprefix("./") if "/" in stem else stem.replace(".", "/")
        candidates = (f"{stem}.py", f"{stem}/__init__.py", f"src/{stem}.py")
        return next((path for path in candidates if path in self.texts), None)
