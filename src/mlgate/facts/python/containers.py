"""Lists and tables that are written out: their elements, entries and parts."""

from __future__ import annotations

from collections.abc import Sequence

from mlgate.facts.python.known import Class, Inner, Known, merge
from mlgate.model import Entries, Items, Made, Shape, Value


def follow(option: Inner, path: Sequence[int]) -> Known:
    """The part of a sequence at `path`: 0-based places, negative ones from the end."""
    current: Inner = option
    for place in path:
        if not isinstance(current, Items) or not -len(current.items) <= place < len(current.items):
            if isinstance(current, Made):
                return Known((Made(f"{current.name}.__getitem__"),))
            return Known(unknown="a part of a value that is not written out")
        value = current.items[place]
        if len(value.options) != 1 or value.unknown:
            return Known.of(value)
        current = value.options[0]
    return Known((current,))


def element(option: Inner, path: Sequence[int]) -> Known:
    """What a loop over `option` binds at `path` of each element."""
    match option:
        case Items(items):
            found = [follow(inner, path) if path else Known((inner,)) for value in items for inner in value.options]
            if not all(value.options and not value.unknown for value in items):
                found.append(Known(unknown="an element"))
            return merge(found) if found else Known(unknown="an element of an empty list")
        case Entries(entries):
            return Known(tuple(key for key, _ in entries)) if not path else Known(unknown="an element of a table")
        case Shape(members=members, is_enum=True):
            return merge(Known.of(value) for _, value in members) if members else Known(unknown="an element")
        case Made(name):
            return Known((Made(f"{name}.__getitem__"),))
        case _:
            return Known(unknown="an element of something that is not written out")


def entries_at(table: Entries, keys: Known) -> list[Known]:
    """What `table[key]` is for each key that it may be; any entry is possible where the key is not known."""
    wanted = [key for key in keys.options if isinstance(key, str)]
    if not wanted or keys.unknown:
        every = merge([Known(), *(Known.of(value) for _, value in table.entries)])
        return [Known((), "which entry is not known here", (*every.options, *every.defaults))]
    held = dict(table.entries)
    return [
        Known.of(held[key])
        if key in held
        else Known(unknown=f"key {key!r} is not known here" if key.isidentifier() else "that key is not known here")
        for key in wanted
    ]


def item_at(items: Items, places: Known) -> Known:
    """What `items[place]` is."""
    if len(places.options) == 1 and isinstance(places.options[0], int) and not places.unknown:
        return follow(items, (places.options[0],))
    every = merge([Known(), *(Known.of(value) for value in items.items)])
    return Known((), "which element is not known here", (*every.options, *every.defaults))


def view(table: Entries, method: str) -> Known:
    """`table.items()`, `.values()` and `.keys()`."""
    match method:
        case "values":
            items = tuple(value for _, value in table.entries)
        case "keys":
            items = tuple(Value((key,)) for key, _ in table.entries)
        case _:
            items = tuple(Value((Items((Value((key,)), value)),)) for key, value in table.entries)
    return Known((Items(items),), "a table that has more entries" if table.open else "")


def passed_through(function: str, arguments: Sequence[Known]) -> Known | None:
    """What builtins that go over a sequence yield; None where that is not known."""
    if not arguments or any(len(one.options) != 1 or one.unknown for one in arguments):
        return None
    sequences = [option for one in arguments for option in one.options]
    match function, sequences:
        case ("list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter", [Items() as items]):
            return Known((items,))
        case ("list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "iter", [Entries() as table]):
            return view(table, "keys")
        case ("enumerate", [Items(items), *_]):
            return Known((Items(tuple(Value((Items((Value((place,)), one)),)) for place, one in enumerate(items))),))
        case ("zip", several) if all(isinstance(one, Items) for one in several):
            rows = zip(*(one.items for one in several if isinstance(one, Items)), strict=False)
            return Known((Items(tuple(Value((Items(row),)) for row in rows)),))
    return None


def truthy(known: Known) -> Known:
    """What is left of it on the left of `or`."""

    def holds(option: Inner) -> bool:
        return isinstance(option, Class) or not isinstance(option, (str, int, float, type(None))) or bool(option)

    return Known(tuple(filter(holds, known.options)), known.unknown, known.defaults, known.passed)
