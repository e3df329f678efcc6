"""What was derived before, as JSON in the cache folder: screens, detectors, policies. Whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from msgspec import MsgspecError
from msgspec.json import decode, encode

Thing = TypeVar("Thing")

MAX_KEPT = 32
"""Files of one kind in the cache folder: of so many policies and versions, of up to 1 MB each."""


@cache
def program() -> str:
    """Of every module of this very mlgate, by size and time: an editable install changes under one version."""
    here = Path(__file__).parent
    files = sorted(here.rglob("*.py"))
    seen = [f"{file.relative_to(here)} {(told := file.stat()).st_size} {told.st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def load(file: Path | None, kind: type[Thing]) -> Thing | None:
    """What is kept in `file`; None where it is not there, damaged, or nothing of this kind."""
    try:
        return None if file is None else decode(file.read_bytes(), type=kind)
    except (OSError, MsgspecError, UnicodeError):
        return None


def keep(file: Path | None, data: Any, most: int = MAX_KEPT) -> None:
    """Only the newest of its kind stay (`KIND-….json`); a folder that cannot be written to is left alone."""
    if file is None:
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    kind = file.name.partition("-")[0]
    try:
        beside.write_bytes(encode(data))
        beside.replace(file)
        older = sorted(file.parent.glob(f"{kind}-*.json"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for one in older[most:]:
            one.unlink(missing_ok=True)
    except (OSError, UnicodeError, OverflowError):
        # Another run may have tidied up first. What is not kept is derived again.
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
