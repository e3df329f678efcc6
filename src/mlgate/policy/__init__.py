"""Policy sources become one bundle: the repository's own documents, and the root that they build on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from mlgate.cascade import Bundle, params_for
from mlgate.errors import PolicyError
from mlgate.policy import ours
from mlgate.policy.documents import mapping, of_kind, parse, refuse
from mlgate.policy.pins import Pin, Pins, pin_of, read_pin
from mlgate.policy.reader import Reader, Rules, with_rules
from mlgate.policy.shape import suggest
from mlgate.policy.sources import (
    FOLDERS,
    Files,
    InMemory,
    OnDisk,
    beside,
    bundle_paths,
    contents,
    digest,
    is_policy_file,
    own_paths,
)
from mlgate.shipped import shipped
from mlgate.yaml_strict import Document

__all__ = ["FOLDERS", "Bundle", "Loaded", "Pins", "is_policy_file", "load", "load_bundle", "params_for"]

SHIPPED_POLICY = "mlgate-default"
"""Id of the policy that mlgate ships."""

NO_ROOT = "none"
"""`extends: none`: what is said here is all there is."""

MAX_CHAIN = 5
"""Longest chain of policies that build on policies elsewhere: company, division, department, team, repository."""


class Loaded(Struct, frozen=True):
    """A bundle, and what is to be known of how it came to be."""

    bundle: Bundle
    documents: Sequence[Document]
    """Those of the place that was asked for, without what it builds on; the shipped ones where there is no other."""
    slips: tuple[str, ...] = ()
    """What has no effect, a sentence each; `check` goes on, `policy test` fails."""
    advice: tuple[str, ...] = ()
    """What is right and could be better: former ids in use, settings that say nothing."""
    pins: tuple[Pin, ...] = ()
    """The commits of other repositories that it builds on."""
    is_own: bool = False
    """Whether the repository has policy documents of its own."""
    files: tuple[str, ...] = ()
    """The files of the repository at hand that hold policies, by path."""
    is_settled: bool = True
    """Whether nothing but those files, a named source and pinned commits decides what it says."""


class _Group(Struct, frozen=True):
    """The documents of one place, told apart."""

    documents: tuple[Document, ...]
    digest: str
    roots: tuple[Document, ...]
    overlays: tuple[Document, ...]
    extends: tuple[tuple[Document, str], ...]
    """Documents and the other place that they build on."""
    files: Files
    paths: Mapping[str, str]
    """By what messages call a file: its path among `files`."""
    revision: str = ""
    """The commit of the pin."""
    is_shipped: bool = False
    """Whether it is what mlgate ships, which is compiled already: then no document stands here."""


def load_bundle(source: str | Path | None = None, root: Path | None = None, pins: Pins | None = None) -> Bundle:
    """The rules, policies and waivers that hold for the repository at `root`: see `load`."""
    return load(source, root, pins).bundle


def load(
    source: str | Path | None = None,
    root: Path | None = None,
    pins: Pins | None = None,
    files: Files | None = None,
    source_files: tuple[Files, str] | None = None,
) -> Loaded:
    """The rules, policies and waivers that hold for the repository at `root` (default: the current folder).

    `source` is a file, a folder or `URL@<40-hex commit>`: the root policy, whatever the repository says is its root.
    What the repository has (`.mlgate.yaml`, `.mlgate/`) are overlays then; else its own root holds, or the one that
    it extends; where it has nothing, the shipped policy.
    `files` are the repository's, by default those on disk: those of the base decide where there is one.
    `source_files`: where `source` is read instead, because it is part of the repository.
    Raises PolicyError, one sentence per problem: what cannot be read, is wrong, or cannot be had.
    """
    root = Path.cwd() if root is None else root
    pins = pins or Pins(None, os.environ)
    files = files or OnDisk(root)
    loader = _Loader(root, pins)
    named = _same_place(source, root)
    own = tuple(
        path for path in own_paths(files) if named is None or not (path == named or path.startswith(f"{named}/"))
    )
    chain = [loader.group(files, own)] if own else []
    if source is not None and not _is_shipped(source):
        chain += loader.named(source, source_files)
    elif not chain:
        return Loaded(ours.shipped_bundle(pins.documents), ours.Documents(pins.documents))
    elif source is not None:
        chain.append(loader.shipped())
    else:
        chain += loader.above(chain[0], ())
    return loader.loaded(chain, own=bool(own), named=source is not None)


def _same_place(source: str | Path | None, root: Path) -> str | None:
    """The path of `source` in the repository, where it is there: what it names is not read twice."""
    if source is None or not Path(source).exists():
        return None
    place, top = Path(source).resolve(), root.resolve()
    return place.relative_to(top).as_posix() if place.is_relative_to(top) else None


def _is_shipped(source: str | Path) -> bool:
    return Path(source).exists() and Path(source).resolve() == shipped("policies")


# --- from place to place


class _Loader:
    def __init__(self, root: Path, pins: Pins) -> None:
        self.root = root
        self.pins = pins
        self.pinned: list[Pin] = []
        self.is_settled = True

    def shipped(self) -> _Group:
        digest = ours.shipped_bundle(self.pins.documents).digest
        return _Group((), digest, (), (), (), ours.on_disk(), {}, is_shipped=True)

    def group(self, files: Files, paths: Sequence[str]) -> _Group:
        found = contents(files, paths)
        documents = parse(found, self.pins.documents)
        named = {files.called(path): path for path in paths}
        return _told_apart(documents, digest(found), files, named)

    def named(self, source: str | Path, source_files: tuple[Files, str] | None) -> list[_Group]:
        """The group of `--policy`, and what it builds on."""
        if source_files is not None:
            files, path = source_files
            group = self.group(files, _paths_of(files, path))
        else:
            group, _ = self.elsewhere(str(source), OnDisk(self.root), "", is_option=True)
        return [group, *self.above(group, ())]

    def above(self, group: _Group, seen: tuple[str, ...]) -> list[_Group]:
        """What `group` builds on, nearest first."""
        if not group.extends:
            return []
        document, given = group.extends[0]
        for other, place in group.extends[1:]:
            if place != given:
                raise PolicyError(
                    other.problem(
                        ("extends",), f"'{place}' beside '{given}' ({document.at(('extends',))}): one root only"
                    )
                )
        if group.roots:
            raise PolicyError(_two_roots(group.roots[0], document.at(("extends",))))
        try:
            found, name = self.elsewhere(given, group.files, group.paths[document.path])
        except PolicyError as error:
            raise PolicyError(
                "\n".join(document.problem(("extends",), line) for line in str(error).splitlines())
            ) from error
        if name in seen:
            raise PolicyError(document.problem(("extends",), f"a circle: {' → '.join((*seen, name))}"))
        if len(seen) >= MAX_CHAIN:
            raise PolicyError(document.problem(("extends",), f"more than {MAX_CHAIN} policies build on each other"))
        return [found, *self.above(found, (*seen, name))]

    def elsewhere(self, given: str, files: Files, path: str, *, is_option: bool = False) -> tuple[_Group, str]:
        """The group at another place, and a name by which a circle is noticed."""
        pin = read_pin(given)
        if pin is not None and not (is_option and Path(given).exists()):
            pinned = pin_of(*pin, self.pins)
            self.pinned.append(pinned)
            fetched = self.pins.files(pinned)
            found = self.group(fetched, bundle_paths(fetched, ""))
            return replace(found, revision=pinned.commit), str(pinned)
        if is_option:
            # Relative to where the command is given; called as what is beside it in the repository is.
            place, where = Path(given).absolute().as_posix(), files
        else:
            place, where = beside(path, given), files
            self.is_settled = False
        if place.startswith("../"):
            if isinstance(files, InMemory):
                raise PolicyError(f"'{given}' leads out of the pinned repository")
            where = OnDisk(self.root)
        if not where.has(place):
            raise PolicyError(f"{given}: no such policy file or folder")
        return self.group(where, _paths_of(where, place)), where.called(place)

    def loaded(self, chain: Sequence[_Group], *, own: bool, named: bool) -> Loaded:
        """One bundle of everything: the last group's root, everything else above it."""
        base = ours.shipped_bundle(self.pins.documents)
        last = chain[-1]
        _refuse_identities(chain)
        rules = Rules(base.rules, base.renamed)
        for group in reversed(chain):
            rules = with_rules(rules, group.documents)
        reader = Reader(rules, check_ids=True)
        root = reader.policy(last.roots[0], last.digest, last.revision, is_root=True) if last.roots else None
        overlays = [
            reader.policy(document, group.digest, group.revision, is_root=False)
            for group in chain
            for document in (*(group.roots if group is not last else ()), *group.overlays)
        ]
        waivers = [
            waiver
            for group in chain
            for document in of_kind(group.documents, "Waivers")
            for waiver in reader.waivers(document)
        ]
        refuse(reader.problems)
        # A repository's own policy says what it wants changed; an organisation's says all that holds: what it does not
        # name is not decided by us.
        builds = root is None or root.extends == SHIPPED_POLICY or (not root.extends and len(chain) == 1 and not named)
        inherited = base.policies if builds else ()
        total = hashlib.sha256("".join((*(group.digest for group in chain), base.digest)).encode()).hexdigest()
        bundle = Bundle(
            rules=rules.by_id,
            policies=(*((root,) if root else ()), *inherited),
            overlays=tuple(overlays),
            waivers=tuple(waivers),
            places={**base.places, **reader.places},
            renamed=rules.renamed,
            digest=f"sha256:{total}",
        )
        return Loaded(
            bundle,
            # What it builds on has tests of its own, which hold for it alone.
            chain[0].documents,
            tuple(reader.slips),
            tuple(reader.advice),
            tuple(self.pinned),
            is_own=own,
            files=tuple(chain[0].paths.values()) if own else (),
            is_settled=self.is_settled,
        )


def _paths_of(files: Files, place: str) -> tuple[str, ...]:
    return bundle_paths(files, place) if files.is_folder(place) else (place,)


def _told_apart(documents: tuple[Document, ...], digest: str, files: Files, paths: Mapping[str, str]) -> _Group:
    """Roots, overlays and what builds on another place."""
    policies = of_kind(documents, "Policy")
    ids = {str(mapping(document.data)["id"]) for document in policies}
    roots: list[Document] = []
    overlays: list[Document] = []
    extends: list[tuple[Document, str]] = []
    problems: list[str] = []
    for document in policies:
        data = mapping(document.data)
        given = str(data.get("extends", ""))
        if given in ids and given != data["id"]:
            overlays.append(document)
        elif given in ("", NO_ROOT, SHIPPED_POLICY):
            (overlays if "scope" in data and not given else roots).append(document)
        elif "/" in given or "\\" in given or given.endswith((".yaml", ".yml")) or read_pin(given) is not None:
            overlays.append(document)
            extends.append((document, given))
        else:
            near = suggest(given, {*ids - {str(data["id"])}, SHIPPED_POLICY, NO_ROOT})
            problems.append(
                document.problem(
                    ("extends",),
                    f"'{given}' is no policy of this bundle{near}; write such an id, a path, URL@<40-hex commit>,"
                    f" {SHIPPED_POLICY} or {NO_ROOT}",
                )
            )
    refuse(problems)
    return _Group(documents, digest, tuple(roots), tuple(overlays), tuple(extends), files, paths)


def _refuse_identities(chain: Sequence[_Group]) -> None:
    """Two policies of one name, two roots, or none where overlays want one."""
    refuse(list(_identity_problems(chain)))


def _identity_problems(chain: Sequence[_Group]) -> Iterator[str]:
    first: dict[str, Document] = {}
    for group in chain:
        for document in of_kind(group.documents, "Policy"):
            id_ = str(mapping(document.data)["id"])
            if id_ == SHIPPED_POLICY and chain[-1].is_shipped:
                yield document.problem(("id",), f"'{id_}' is the policy that mlgate ships; give yours another id")
            if id_ in first:
                yield document.problem(("id",), f"policy '{id_}' is there already ({first[id_].at()})")
            first.setdefault(id_, document)
        for document in group.roots[1:]:
            yield _two_roots(document, group.roots[0].at())
        for document in group.roots[:1]:
            if "scope" in mapping(document.data):
                yield document.problem(
                    ("scope",), "a root policy holds everywhere; only what extends another has a scope"
                )
    last = chain[-1]
    if last.overlays and not last.roots and len(chain) == 1:
        document = last.overlays[0]
        yield document.problem(
            ("scope",),
            "nothing that this narrows; say what it extends: a policy of the same bundle, a path or"
            " URL@<40-hex commit>",
        )


def _two_roots(document: Document, other: str) -> str:
    return document.problem(
        (), f"a second root policy; the first is {other}. One bundle has one policy without scope or extends"
    )
