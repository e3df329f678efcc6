"""What was used last, as far as there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

MAX_HELD = 150_000
"""Most source of modules that are kept taken apart, in bytes; a syntax tree takes 30 times the room of its text.
On 2,089 files of diffusers modules are read 1,316 times; with 50 kB 2,137, with 400 kB 967 times for 10 MB more."""

LEAST = 1_000
"""What even a module of one line counts for: its records take 31 kB, as the tree of so many bytes does."""

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class Shelf(Generic[Key, Item]):
    """Holds items of no more than MAX_HELD bytes together, and the last one whatever its size."""

    def __init__(self) -> None:
        self._items: OrderedDict[Key, tuple[Item, int]] = OrderedDict()
        self._held = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._items

    def __getitem__(self, key: Key) -> Item:
        """Raises KeyError where it is not held."""
        item, _ = self._items[key]
        self._items.move_to_end(key)
        return item

    def put(self, key: Key, item: Item, size: int) -> None:
        """Adds an item, or another in its place; those that nobody used for longest go."""
        _, before = self._items.pop(key, (None, 0))
        size = max(size, LEAST)
        self._items[key] = item, size
        self._held += size - before
        while self._held > MAX_HELD and len(self._items) > 1:
            _, (_, gone) = self._items.popitem(last=False)
            self._held -= gone
