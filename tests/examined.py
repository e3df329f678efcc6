"""Files that are a repository in memory, judged by what is shipped; for laws that compare two ways of looking."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from mlgate.cache import Cache
from mlgate.examine import Examiner
from mlgate.law import Law, derive, reexports
from mlgate.model import Source
from mlgate.modules import Modules
from mlgate.policy import load_bundle
from mlgate.project import Repository
from mlgate.trees import Memory

SEEN_BY_PARSERS = frozenset({"input/unparsed", "input/too-deep", "input/unreadable"})
"""What only a parser tells of a Python file; one without a word of any rule hides nothing from them."""


class Unscreened(Examiner):
    """Reads everything."""

    def _is_admitted(self, source: Source) -> bool:
        return True


@cache
def law() -> Law:
    return derive(load_bundle(), (), None)


@cache
def modules() -> Modules:
    return Modules(law().vocabulary)


def examiner(
    files: Mapping[str, bytes], examiner_type: type[Examiner] = Examiner, kept: Cache | None = None
) -> Examiner:
    """What judges files of this tree."""
    known = reexports(law(), files.get, files)
    return examiner_type(law(), Repository(Memory(files), modules(), known), known, kept or Cache(None), 0)
