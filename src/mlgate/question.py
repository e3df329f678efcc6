"""What a caller wants judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct


class Question(Struct, frozen=True):
    """What the caller wants judged. Environment, date and folders are arguments: nothing here asks the machine."""

    folder: str
    paths: tuple[str, ...]
    environment: Mapping[str, str]
    date: str
    """`YYYY-MM-DD`, UTC."""
    base: str | None = None
    policy: str | None = None
    only: tuple[str, ...] = ()
    jobs: int = 1
    cache: Path | None = None
    """Where facts are kept; None: nowhere."""
    bundles: Path | None = None
    """Where policies of other repositories are kept, as `cache` where it is None."""
    repository: str | None = None
    """The root, where the caller names it."""
    stdin: tuple[str, bytes] | None = None
    """Name and bytes of a file that is judged instead of what is on disk."""
    progress: Callable[[int, int], None] | None = None
    """Told after each file: done, of how many."""
