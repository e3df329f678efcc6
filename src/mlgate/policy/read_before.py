"""Policy documents that were read and found right before, by the bytes of their files.

Half of a short run would go into YAML and its schema otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlgate import __version__, kept
from mlgate.shipped import shipped
from mlgate.yaml_strict import Data, Document, KeyPath, Place

_PLACE = 5
"""Numbers of one `Place`."""


class Places(Mapping[KeyPath, Place]):
    """Where the values of a document stand; taken apart when more is asked for than where it begins."""

    def __init__(self, data: Data, numbers: Sequence[int]) -> None:
        self._data = data
        self._numbers = numbers
        self._places: dict[KeyPath, Place] | None = None

    def __getitem__(self, path: KeyPath) -> Place:
        return self._all()[path] if path else Place(*self._numbers[:_PLACE])

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._numbers) // _PLACE

    def __contains__(self, path: object) -> bool:
        return path == () or path in self._all()

    def _all(self) -> dict[KeyPath, Place]:
        if self._places is None:
            starts = range(0, len(self._numbers), _PLACE)
            places = (Place(*self._numbers[start : start + _PLACE]) for start in starts)
            self._places = dict(zip(_paths(self._data, ()), places, strict=True))
        return self._places


def place(folder: Path | None, files: Mapping[str, bytes], *, check_schema: bool) -> Path | None:
    """Where the documents of `files` are kept in `folder`: whatever decides what they say is part of the name."""
    if folder is None:
        return None
    digest = hashlib.sha256(repr((__version__, kept.program(), check_schema)).encode())
    digest.update(shipped("schemas/policy.schema.json").read_bytes())
    for name, data in files.items():
        digest.update(f"\0{len(data)} {len(name)} {name}\0".encode("utf-8", "surrogatepass") + data)
    return folder / f"documents-{digest.hexdigest()[:32]}.json"


def documents(file: Path | None) -> tuple[Document, ...] | None:
    """None where they were not kept, or what is kept is none."""
    stored = kept.load(file, list)
    try:
        return None if stored is None else tuple(_document(*one) for one in stored)
    except (TypeError, ValueError):
        return None


def _document(path: str, data: Data, numbers: Sequence[int]) -> Document:
    return Document(path, data, Places(data, numbers))


def keep(file: Path | None, found: Sequence[Document]) -> None:
    stored: list[list[Any]] = [[one.path, one.data, list(_numbers(one))] for one in found]
    kept.keep(file, stored)


def _numbers(document: Document) -> Iterator[int]:
    for path in _paths(document.data, ()):
        place = document.places[path]
        yield from (place.key_line, place.line, place.column, place.end_line, place.end_column)


def _paths(data: Data, path: KeyPath) -> Iterator[KeyPath]:
    """The paths of all values, what holds others before them; no deeper than `yaml_strict.MAX_NESTING`."""
    yield path
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield from _paths(value, (*path, key))
