"""Where a user's caches lie, and whether they can be believed. Imports nothing but `os`, for `quick`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_OTHERS_MAY_WRITE = 0o022


def find(environment: Mapping[str, str], *, make: bool = False) -> str | None:
    """The user's cache folder for mlgate; None where none can be had that only the user can write to."""
    place = environment.get("MLGATE_CACHE_DIR")
    if not place:
        home = environment.get("XDG_CACHE_HOME") or environment.get("LOCALAPPDATA")
        if not home or not os.path.isabs(home):
            user = environment.get("HOME") or environment.get("USERPROFILE")
            if not user:
                return None
            home = os.path.join(user, ".cache")
        place = os.path.join(home, "mlgate")
    try:
        if make:
            os.makedirs(place, mode=0o700, exist_ok=True)
        return place if is_ours(place) else None
    except OSError:
        return None


def is_ours(place: str) -> bool:
    """Whether nobody but this user can have written there. Raises OSError where there is no such place."""
    status = os.stat(place)
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & _OTHERS_MAY_WRITE)
