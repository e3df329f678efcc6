"""Whether what a file asked of other modules is still so: by the content of all that they can reach, without asking.

To ask again would mean to take those modules apart again, which is what a cache is to save.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from msgspec import Struct, field

from mlgate.cache import Cache
from mlgate.reexports import imports, plain

HOPS = 3
"""How many modules deep answers can reach: as far as `project` and `reexports` follow imports."""

Find = Callable[[str, str], str | None]
"""`Project.find_module`."""
Read = Callable[[str], bytes | None]


class Closures(Struct):
    """Digests over the modules of one tree."""

    find: Find
    read: Read
    cache: Cache
    today: int
    _contents: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    _digests: dict[tuple[str, int], str] = field(default_factory=dict)

    def digest(self, modules: Iterable[str], importer: str) -> str | None:
        """Of the modules that file `importer` names, and of what they import; None where it cannot be told."""
        seen = []
        for module in sorted(set(modules)):
            place = self.find(module, importer)
            if place is not None:
                if place.endswith(".ipynb"):
                    return None  # What it runs and writes is not told from its bytes.
                seen.append(f"{module}\0{place}\0{self._of(place[1:], HOPS - 1)}")
        return hashlib.sha256("\n".join(seen).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _of(self, path: str, hops: int) -> str:
        key = path, hops
        if key not in self._digests:
            content, places = self._content(path)
            self._digests[key] = content
            if hops > 0 and places:
                below = [f"{place}\0{self._of(place[1:], hops - 1)}" for place in places]
                text = "\n".join([content, *below])
                self._digests[key] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self._digests[key]

    def _content(self, path: str) -> tuple[str, tuple[str, ...]]:
        """Digest of a file, and where the modules are that it may import; both empty for a folder."""
        if path not in self._contents:
            data = self.read(path)
            if data is None:
                self._contents[path] = "", ()
            else:
                name = hashlib.sha256(data).hexdigest()
                stored = self.cache.get(f"imports-{name}", self.today)
                if not isinstance(stored, list):
                    stored = named(data)
                    self.cache.put(f"imports-{name}", stored, self.today)
                found = (self.find(str(module), path) for module in stored)
                self._contents[path] = name, tuple(place for place in found if place is not None)
        return self._contents[path]


def named(data: bytes) -> list[str]:
    """The modules that a Python file may import, from its bytes alone: too many rather than too few."""
    return sorted({module.decode("utf-8", "replace") for module, _ in imports(plain(data))})
