"""What a whole work tree held before, told from its content alone: where nothing changed, nothing is taken apart."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from mlgate import __version__, discover, kept
from mlgate.cascade import Here
from mlgate.detectors import Detector
from mlgate.git.repository import Git
from mlgate.law import Law
from mlgate.model import Result

MAX_TREES = 4
"""Most states of work trees that are kept, those looked at last: 2,849 files with 2,625 findings take 4 MB."""


class Whole(Struct, frozen=True):
    """One state of a work tree under one law."""

    file: Path
    """Where what was found in it is kept; the digest of the state is part of its name."""
    count: int
    """How many files there are."""

    def load(self) -> list[Result] | None:
        """What was found in it, where that was kept."""
        results = kept.load(self.file, list[Result])
        if results is None or len(results) != self.count:
            return None
        with contextlib.suppress(OSError):
            os.utime(self.file)
        return results

    def keep(self, results: Sequence[Result], detectors: Sequence[Detector]) -> None:
        """For the next time; not where a file is called like a secret, since paths are what they are."""
        from mlgate.facts.secret import mask_text

        paths = "\n".join(result.path for result in results)
        if mask_text(paths, detectors) == paths:
            kept.keep(self.file, results, MAX_TREES)


def state(place: Path, inventory: discover.Inventory, git: Git | None, law: Law, here: Here) -> Whole:
    """The state that the files of `inventory` are in now; what is found in it will be kept in the folder `place`.

    Everything that an examiner sees is in its name: each file's content, or why it cannot be read, and the law.
    """
    python = ".".join(map(str, sys.version_info[:2]))
    judged_by = (__version__, kept.program(), python, law.digest, law.bundle.digest, *sorted(law.rules), repr(here))
    total = hashlib.sha256("\0".join((*judged_by, inventory.root)).encode("utf-8", "surrogatepass"))
    for one in discover.read(inventory.root, inventory.entries, git):
        if isinstance(one, discover.Unread):
            said = repr(one)
        else:
            said = f"{one.path}\0{one.kind.value}\0{hashlib.sha256(one.data).hexdigest()}"
        total.update(f"{len(said)}\0{said}".encode("utf-8", "surrogatepass"))
    return Whole(place / f"tree-{total.hexdigest()[:32]}.json", len(inventory.entries))
