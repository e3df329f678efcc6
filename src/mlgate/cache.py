"""What extraction found before, by content: JSON in sqlite, in the user's own cache folder."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any

MAX_ENTRIES = 60_000
"""Most entries that are kept, the ones used last: a file has up to three."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, entry BLOB NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
"""
_BROKEN = (sqlite3.Error, OSError)


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

    @property
    def is_open(self) -> bool:
        """Whether anything is kept at all."""
        return self._connection is not None

    def get(self, key: str, used: int = 0) -> Any | None:
        """`used` as in `put`: what is asked for stays longer."""
        if self._connection is None:
            return None
        try:
            row = self._connection.execute("SELECT entry, used FROM facts WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            if row[1] < used:
                # A cache that others are writing to, or that is full, can be read all the same.
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("UPDATE facts SET used = ? WHERE key = ?", (used, key))
            return json.loads(zlib.decompress(row[0]))
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
