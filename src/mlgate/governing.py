"""What changed in the checks between two states of a repository, by the file that it is told in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from mlgate import waiving
from mlgate.cascade import Here
from mlgate.governance import Change, enforcement, policies
from mlgate.policy import Loaded, Pins, load
from mlgate.policy.sources import FILE, FOLDER, InMemory

Told = tuple[str, bytes, tuple[Change, ...]]
"""A file, its bytes at the side that the changes are told of, and the changes."""

EXAMPLE_DAY = "2026-07-01"
"""The day on which the examples of rules are judged."""


def by_file(
    changes: Iterable[Change], head: Callable[[str], bytes | None], base: Callable[[str], bytes | None]
) -> Iterator[Told]:
    """Changes with the bytes that their lines count in; in order of path and line."""
    grouped: dict[tuple[str, bool], list[Change]] = {}
    for change in changes:
        grouped.setdefault((change.path, change.is_gone), []).append(change)
    for (path, is_gone), found in sorted(grouped.items(), key=lambda item: item[0]):
        data = base(path) if is_gone else head(path)
        if data is None:
            data = head(path) if is_gone else base(path)
        yield path, data or b"", tuple(sorted(found, key=lambda one: (one.line, one.name, one.words)))


def of_policies(before: Loaded, after: Loaded, today: str, released: str) -> list[Change]:
    """What the head does to the policy and its waivers."""
    own = frozenset((*before.files, *after.files))
    home = policies.home_of(after.files or before.files)
    return [
        *policies.loosened(before.bundle, after.bundle, today, released, own, home),
        *policies.proposed(before.bundle, after.bundle),
    ]


def of_files(base: Mapping[str, str], head: Mapping[str, str]) -> list[Told]:
    """What a small repository says of its own checks, and how that differs from `base`, where there is one."""
    sides = [{path: text.encode("utf-8", "surrogatepass") for path, text in files.items()} for files in (base, head)]
    changes: list[Change] = []
    if _has_policy(sides[1]):
        after = _loaded(sides[1])
        counts = waiving.counts(after.bundle, [], Here(EXAMPLE_DAY), {})
        told = policies.stale(counts, frozenset(after.files), policies.home_of(after.files), is_whole=True)
        changes += [change for change, _ in told]
    if _has_policy(sides[0]):
        changes += of_policies(_loaded(sides[0]), _loaded(sides[1]), EXAMPLE_DAY, "")
    if base:
        differing = [path for path in {*base, *head} if base.get(path) != head.get(path)]
        changes += enforcement.changes(differing, sides[0].get, sides[1].get)
    return list(by_file(changes, sides[1].get, sides[0].get))


def _has_policy(files: Mapping[str, bytes]) -> bool:
    return any(path == FILE or path.startswith(f"{FOLDER}/") for path in files)


def _loaded(files: Mapping[str, bytes]) -> Loaded:
    return load(None, Path(), Pins(None, {}, may_fetch=False), InMemory(files, ""))
