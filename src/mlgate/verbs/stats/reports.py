"""JSON reports as records: what statistics are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlgate.errors import MlgateError


class Seen(Struct, frozen=True):
    """One finding of one report."""

    rule: str
    fingerprint: str
    path: str
    level: str
    status: str
    ignored: str = ""
    """`inline` or `waiver` and the type, as in `waiver/false-positive`; empty where it counts."""


class Lapsing(Struct, frozen=True):
    """A waiver that somebody has to renew or to clear away."""

    repository: str
    id: str
    rule: str
    owner: str
    state: str
    until: str


class Assets(Struct, frozen=True):
    """References of one type, and those among them that are pinned."""

    type: str
    references: int
    pinned: int


class Snapshot(Struct, frozen=True):
    """One report: a repository on a day."""

    repository: str
    date: str
    commit: str
    seen: tuple[Seen, ...]
    waivers: tuple[Lapsing, ...]
    assets: tuple[Assets, ...]
    source: str
    """The file it came from."""


def read(places: Iterable[Path]) -> tuple[Snapshot, ...]:
    """Every report of the files and folders (`*.json`, at any depth), in order of repository, date and file.

    Raises MlgateError for a file that is no report of version 1, and where there is none: numbers that leave
    something out in silence are worse than none.
    """
    found = [snapshot(path) for path in _files(places)]
    if not found:
        raise MlgateError("no report: `mlgate check --format json=report.json` writes one")
    return tuple(sorted(found, key=lambda one: (one.repository, one.date, one.source)))


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(path for path in place.rglob("*.json") if path.is_file())
        elif place.exists():
            yield place
        else:
            raise MlgateError(f"{place}: no such report or folder")


def snapshot(path: Path) -> Snapshot:
    """One report. Raises MlgateError."""
    try:
        data: Any = json.loads(path.read_bytes())
        if data["tool"]["name"] != "mlgate" or data["version"] != 1:
            raise MlgateError(f"{path}: no report of mlgate, version 1; take it out of the folder")
        run = data["run"]
        name = str(run["repository"] or path.stem)
        return Snapshot(
            repository=name,
            date=str(run["date"]),
            commit=str(run["commit"] or ""),
            seen=tuple(_seen(one) for one in data["findings"]),
            waivers=tuple(_lapsing(one, name) for one in data.get("waivers", ()) if one["state"] in _LAPSING),
            assets=_assets(data["assets"]),
            source=str(path),
        )
    except OSError as error:
        raise MlgateError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MlgateError(f"{path}: no report of mlgate, or cut short; take it out of the folder") from error


_LAPSING = ("expiring", "grace", "expired")


def _seen(said: Any) -> Seen:
    suppression = said["suppression"]
    is_accepted = suppression is not None and suppression["state"] in ("accepted", "expiring")
    return Seen(
        rule=str(said["rule"]),
        fingerprint=str(said["fingerprint"]),
        path=str(said["location"]["path"]),
        level=str(said["level"]),
        status=str(said["status"]),
        ignored=f"{suppression['kind']}/{suppression['type']}" if is_accepted else "",
    )


def _lapsing(said: Any, repository: str) -> Lapsing:
    return Lapsing(
        repository, str(said["id"]), str(said["rule"]), str(said["owner"]), str(said["state"]), str(said["until"])
    )


def _assets(listed: Any) -> tuple[Assets, ...]:
    totals: dict[str, list[int]] = {}
    for one in listed:
        total = totals.setdefault(str(one["type"]), [0, 0])
        total[0] += int(one["references"])
        total[1] += int(one["pinned"])
    return tuple(Assets(type_, *totals[type_]) for type_ in sorted(totals))
