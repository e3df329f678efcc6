"""What extraction found before, by content: JSON in sqlite, in the user's own cache folder."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAX_ENTRIES = 60_000
"""Facts of this many files are kept, the ones used last."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, entry BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
"""
_BROKEN = (sqlite3.Error, OSError)


def folder(environment: Mapping[str, str]) -> Path | None:
    """The user's cache folder for mlgate; None where none can be had that only the user can write to."""
    named = environment.get("MLGATE_CACHE_DIR")
    home = environment.get("XDG_CACHE_HOME") or environment.get("LOCALAPPDATA")
    if named:
        place = Path(named)
    elif home and Path(home).is_absolute():
        place = Path(home) / "mlgate"
    else:
        user = environment.get("HOME") or environment.get("USERPROFILE")
        if not user:
            return None
        place = Path(user) / ".cache" / "mlgate"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place if is_ours(place) else None
    except OSError:
        return None


def is_ours(place: Path) -> bool:
    """Whether nobody but this user can have written there."""
    if not hasattr(os, "getuid"):
        return True
    status = place.stat()
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class Cache:
    """Entries by key. A cache that cannot be used is an empty one: nothing here ever fails a run."""

    def __init__(self, place: Path | None) -> None:
        self._connection: sqlite3.Connection | None = None
        if place is None:
            return
        try:
            file = place / "facts.sqlite"
            self._connection = sqlite3.connect(file, timeout=2.0, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=OFF")
            self._connection.executescript(_SCHEMA)
        except _BROKEN:
            self._drop()

    def get(self, key: str) -> Any | None:
        if self._connection is None:
            return None
        try:
            row = self._connection.execute("SELECT entry FROM facts WHERE key = ?", (key,)).fetchone()
            return json.loads(zlib.decompress(row[0])) if row else None
        except (*_BROKEN, zlib.error, ValueError):
            return None

    def put(self, key: str, entry: Any, used: int) -> None:
        """`used` orders entries by age: a day's number will do."""
        if self._connection is None:
            return
        try:
            packed = zlib.compress(json.dumps(entry, separators=(",", ":")).encode("utf-8", "surrogatepass"), 1)
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", (key, packed, used))
        except _BROKEN:
            self._drop()

    def trim(self) -> None:
        """Drop what was used longest ago."""
        if self._connection is None:
            return
        try:
            (count,) = self._connection.execute("SELECT count(*) FROM facts").fetchone()
            if count > MAX_ENTRIES:
                self._connection.execute(
                    "DELETE FROM facts WHERE key IN (SELECT key FROM facts ORDER BY used, key LIMIT ?)",
                    (count - MAX_ENTRIES * 9 // 10,),
                )
        except _BROKEN:
            self._drop()

    def close(self) -> None:
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
