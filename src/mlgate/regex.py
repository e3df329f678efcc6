"""Regular expressions that are compiled when the first text is searched: a run needs few of two hundred.

To compile one takes 0.15 ms; together they would be a tenth of a commit with a finding.
"""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, AnyStr


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, in time for its first use; what is no pattern is told of there: a test compiles all."""
    return Regex(pattern, flags)  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """Of a rule, for as long as the process runs: `re` itself remembers 512."""
    return re.compile(pattern)


class Regex:
    """Stands for a `re.Pattern`; functions of `re` itself do not take it."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self.pattern, self._flags)
        # From now on its methods are found here at once.
        vars(self).update({one: getattr(compiled, one) for one in _METHODS})
        return getattr(compiled, name)


_METHODS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split", "flags", "groups")
