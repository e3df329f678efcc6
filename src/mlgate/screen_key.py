"""The name of the screen that a policy's files make, by their content and by this very mlgate. For `quick`."""

from __future__ import annotations

import os

_POLICY_FOLDERS = ("", "rules", "policies", "teams", "waivers")

MAX_QUICK_BYTES = 2_000_000
"""Files beyond this are left to `cli`, whose workers can be ended; in bytes."""


def screen_key(root: str, policy: str) -> str | None:
    """What names the screen of a policy: its content, and this very mlgate. None where it cannot be read."""
    from _blake2 import blake2b

    digest = blake2b(digest_size=16)
    for name, size, changed in _own_files():
        digest.update(f"{name}\0{size}\0{changed}\0".encode())
    # What the repository has of its own tightens a policy that is named, and may bring rules.
    own = [os.path.join(root, ".mlgate.yaml"), os.path.join(root, ".mlgate")]
    if policy and not os.path.lexists(policy):
        return None
    for place in [policy, *own] if policy else own:
        try:
            for file in _policy_files(place):
                data = content(file)
                if data is None:
                    return None
                digest.update(f"{file}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
                digest.update(data)
        except OSError:
            return None
    return digest.hexdigest()


def _policy_files(place: str) -> list[str]:
    if not os.path.isdir(place):
        return [place] if os.path.lexists(place) else []
    files = []
    for folder in _POLICY_FOLDERS:
        inside = os.path.join(place, folder) if folder else place
        if os.path.isdir(inside):
            files += [os.path.join(inside, name) for name in os.listdir(inside) if name.endswith((".yaml", ".yml"))]
    return sorted(files)


def _own_files() -> list[tuple[str, int, int]]:
    """The program and the policy that it ships, by size and time: an editable install changes under one version."""
    package = os.path.dirname(os.path.abspath(__file__))
    shipped = os.path.join(package, "policies")
    if not os.path.isdir(shipped):
        shipped = os.path.join(os.path.dirname(os.path.dirname(package)), "policies")
    found = []
    for folder in (package, os.path.join(package, "policy"), shipped):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".yaml")):
                    status = entry.stat()
                    found.append((entry.name, status.st_size, status.st_mtime_ns))
    return sorted(found)


def content(path: str) -> bytes | None:
    """Content of a regular file; None for anything else, and for what is too large to be quick about."""
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        size = os.fstat(descriptor).st_size
        if size > MAX_QUICK_BYTES or os.fstat(descriptor).st_mode & 0o170000 != 0o100000:
            return None
        data = b""
        while len(data) <= size and (piece := os.read(descriptor, size + 1 - len(data))):
            data += piece
        return data if len(data) == size else None
    except OSError:
        return None
    finally:
        os.close(descriptor)
