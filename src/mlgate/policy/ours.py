"""The policy and the rules that mlgate ships, compiled once and kept: a third of a short run would go into them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import overload

from msgspec import Struct

from mlgate import kept
from mlgate.cascade import Bundle
from mlgate.model import Policy, Rule
from mlgate.policy.documents import of_kind, parse
from mlgate.policy.reader import Reader, Rules, with_rules
from mlgate.policy.sources import OnDisk, bundle_paths, contents, digest
from mlgate.shipped import shipped
from mlgate.yaml_strict import Document


class Documents(Sequence[Document]):
    """What the shipped files hold, read when somebody asks: to judge takes the bundle alone."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @overload
    def __getitem__(self, place: int) -> Document: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Document, ...]: ...
    def __getitem__(self, place: int | slice) -> Document | tuple[Document, ...]:
        return self._documents[place]

    def __len__(self) -> int:
        return len(self._documents)

    @cached_property
    def _documents(self) -> tuple[Document, ...]:
        return _read(self._folder)


class Kept(Struct, frozen=True):
    """A bundle without waivers and overlays, JSON-able: its places are keyed by three texts."""

    rules: dict[str, Rule]
    policies: tuple[Policy, ...]
    places: tuple[tuple[str, str, str, str], ...]
    renamed: dict[str, str]
    digest: str

    @classmethod
    def of(cls, bundle: Bundle) -> Kept:
        places = tuple((*key, place) for key, place in bundle.places.items())
        return cls(dict(bundle.rules), bundle.policies, places, dict(bundle.renamed), bundle.digest)

    def bundle(self) -> Bundle:
        places = {(policy, key, name): place for policy, key, name, place in self.places}
        return Bundle(self.rules, self.policies, places=places, renamed=self.renamed, digest=self.digest)


@cache
def shipped_bundle(folder: Path | None) -> Bundle:
    """The shipped rules and policy; what was compiled before is kept in `folder`."""
    files = _files()
    total = digest(files)
    name = hashlib.sha256(f"{kept.program()} {total}".encode()).hexdigest()[:32]
    file = folder and folder / f"shipped-{name}.json"
    stored = kept.load(file, Kept)
    if stored is not None:
        return stored.bundle()
    documents = _read(folder)
    rules = with_rules(Rules({}, {}), documents)
    reader = Reader(rules, check_ids=False)
    policies = tuple(reader.policy(document, total, is_root=True) for document in of_kind(documents, "Policy"))
    bundle = Bundle(rules.by_id, policies, places=reader.places, renamed=rules.renamed, digest=total)
    kept.keep(file, Kept.of(bundle))
    return bundle


def _read(folder: Path | None) -> tuple[Document, ...]:
    return parse(_files(), folder, check_schema=False)


@cache
def _files() -> dict[str, bytes]:
    files = on_disk()
    return contents(files, bundle_paths(files, "policies"))


def on_disk() -> OnDisk:
    """The folder of the shipped policies, by the name that messages give it."""
    return OnDisk(shipped("policies").parent, "mlgate/")
