"""Policies of other repositories: `URL@<40-hex commit>`, fetched once with git into the user's cache, read as data."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from mlgate.errors import GitError, PolicyError
from mlgate.git.remotes import fetch, resolve
from mlgate.git.repository import GITLINK, SYMLINK, Git
from mlgate.limits import MAX_POLICY_BYTES
from mlgate.policy.sources import FOLDERS, InMemory
from mlgate.regex import regex

MAX_FILES = 2_000
"""Most files of one pinned bundle; the largest known policy repository has a tenth of that."""

_COMMIT = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_HOST = regex(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?/.+")
_SCP = regex(r"[\w.-]+@[\w.-]+:.+")


class Pin(Struct, frozen=True):
    """A commit of a repository."""

    address: str
    """As it is written: `github.com/acme/ml-policies`."""
    commit: str

    @property
    def url(self) -> str:
        """What git is given."""
        return (
            f"https://{self.address}" if _HOST.fullmatch(self.address) and "://" not in self.address else self.address
        )

    def __str__(self) -> str:
        return f"{self.address}@{self.commit}"


class Pins(Struct, frozen=True):
    """How pinned bundles are had: from the folder `cache`, else by git where `may_fetch`."""

    cache: Path | None
    """None: nothing can be kept, so nothing is fetched either."""
    environment: Mapping[str, str]
    may_fetch: bool = True
    documents: Path | None = None
    """Where policy documents are kept as they were read; None: nowhere."""

    def files(self, pin: Pin) -> InMemory:
        """The policy files of the pinned commit. Raises PolicyError where they cannot be had: offline, or not there."""
        name = f"{pin.address}@{pin.commit[:7]}"
        kept = self._kept(pin)
        if kept is None:
            kept = self._fetched(pin)
        return InMemory(kept, name)

    def has(self, pin: Pin) -> bool:
        """Whether nothing would have to be fetched."""
        return self._kept(pin) is not None

    def _place(self, pin: Pin) -> Path | None:
        if self.cache is None:
            return None
        name = hashlib.sha256(pin.url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return self.cache / "bundles" / f"{name}-{pin.commit}.json"

    def _kept(self, pin: Pin) -> dict[str, bytes] | None:
        place = self._place(pin)
        try:
            if place is None:
                return None
            stored = json.loads(place.read_bytes())
            files = {str(path): base64.b64decode(data) for path, data in stored["files"].items()}
            return files if stored["digest"] == _digest(files) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # Not there yet, or damaged: it is fetched anew.

    def _fetched(self, pin: Pin) -> dict[str, bytes]:
        place = self._place(pin)
        if place is None:
            raise PolicyError(
                f"{pin}: there is no cache folder to fetch it into; set MLGATE_CACHE_DIR to a folder that only you can"
                " write to"
            )
        if not self.may_fetch:
            raise PolicyError(f"{pin}: not fetched: this change names another place for its policy than the base does")
        import tempfile

        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=place.parent) as folder:
            try:
                files = _policy_files(fetch(pin.url, pin.commit, folder, self.environment), pin)
            except GitError as error:
                raise PolicyError(
                    f"{pin}: cannot be fetched: {error}; check address and commit, and run `mlgate policy show` where"
                    " the network is there: it is kept from then on"
                ) from error
            stored = {path: base64.b64encode(data).decode() for path, data in files.items()}
            beside = Path(folder) / "bundle.json"
            beside.write_text(json.dumps({"pin": str(pin), "digest": _digest(files), "files": stored}))
            beside.replace(place)
        return files


def read_pin(text: str) -> tuple[str, str] | None:
    """(address, revision) where `text` names a git repository; the revision may be empty. None: a path or an id."""
    address, at, revision = text.rpartition("@")
    if at and _COMMIT.fullmatch(revision):
        return address, revision
    if text.startswith((".", "/", "~")):
        return None
    if "://" in text:
        host = text.partition("://")[2]
        return (address, revision) if "@" in host.partition("/")[2] else (text, "")
    if _SCP.fullmatch(text):
        return (address, revision) if text.count("@") > 1 else (text, "")
    if at and _HOST.fullmatch(address):
        return address, revision
    return (text, "") if _HOST.fullmatch(text) and not text.endswith((".yaml", ".yml")) else None


def pin_of(address: str, revision: str, pins: Pins) -> Pin:
    """Raises PolicyError for a branch, a tag or nothing: what they name may be another policy tomorrow."""
    if _COMMIT.fullmatch(revision):
        return Pin(address, revision)
    what = f"'{revision}' may name another commit tomorrow" if revision else "no commit is given"
    name = revision or "HEAD"
    commit = None
    if pins.may_fetch and not pins.environment.get("PRE_COMMIT"):
        try:
            commit = resolve(Pin(address, "").url, name, pins.environment)
        except GitError:
            commit = None  # Offline: the sentence below says how to find it.
    if commit is None:
        instead = f"write {address}@<40-hex commit>; `git ls-remote` names the commit"
    else:
        instead = f"write {address}@{commit}" + (f"  # {revision}" if revision else "")
    raise PolicyError(f"{what}; {instead}")


def _policy_files(repository: Git, pin: Pin) -> dict[str, bytes]:
    tree = repository.tree(pin.commit)
    wanted = {
        path: oid
        for path, (mode, oid) in tree.items()
        if mode not in (SYMLINK, GITLINK) and path.endswith((".yaml", ".yml")) and os.path.dirname(path) in FOLDERS  # noqa: PTH120
    }
    if len(wanted) > MAX_FILES:
        raise PolicyError(f"{pin}: {len(wanted):,} policy files; a bundle has at most {MAX_FILES:,}")
    sizes = repository.sizes(wanted.values())
    for path, oid in wanted.items():
        if sizes.get(oid, 0) > MAX_POLICY_BYTES:
            raise PolicyError(f"{pin}: {path} has {sizes[oid]:,} bytes; a policy file has at most {MAX_POLICY_BYTES:,}")
    data = repository.blobs(wanted.values())
    return {path: data[oid] for path, oid in wanted.items()}


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for path, data in sorted(files.items()):
        total.update(hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest() + hashlib.sha256(data).digest())
    return total.hexdigest()
