"""Where the findings of one entry are, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from mlgate.model import Decision, Location
from mlgate.report.columns import cut_front, width

MOST_PLACES = 8
"""Places listed behind the first unless every one is asked for; how many there are is said in any case."""

_LEAST_PATH = 18
"""Columns of a path that are shown before a second place in it is."""

Show = Callable[[str], str]
"""Makes text of any origin safe to print."""


def spot(place: Location, between: str = ", ") -> str:
    """Where in its file: `cell 9, line 2`, `cell 9, output 1`, `line 120`."""
    cell = place.cell
    if cell is None:
        return f"line {place.line}"
    if cell.output is not None:
        return f"cell {cell.index}{between}output {cell.output}"
    return f"cell {cell.index}{between}line {cell.line}"


def distinct(decisions: Iterable[Decision]) -> list[Location]:
    """One for each line or output, in the order of `decisions`."""
    found: dict[tuple[str, str], Location] = {}
    for decision in decisions:
        place = decision.finding.location
        found.setdefault((place.path, spot(place)), place)
    return [*found.values()]


def also(decisions: Iterable[Decision], every: bool, show: Show, ellipsis: str) -> list[str]:
    """`And 4 more places: cell 9 line 2, …` in parts that a line should not break; none where there is one place."""
    first, *others = distinct(decisions)
    if not others:
        return []
    listed = others if every else others[:MOST_PLACES]
    words = f"And {count(len(others), 'more place')}"
    words += ", --all lists them:" if len(listed) < len(others) else ":"
    files = [one.parts(first.path, show) for one in in_files(listed, lines=True)]
    for parts in files[:-1]:
        parts[-1] += ";"
    if len(listed) < len(others):
        files[-1][-1] += ","
        files.append([ellipsis])
    return [*words.split(), *(part for parts in files for part in parts)]


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class InFile(Struct, frozen=True):
    """Places of one kind in one file."""

    path: str
    noun: str
    """`cell` or `line`; empty where each spot says what it is."""
    spots: tuple[str, ...]

    def words(self, home: str, show: Show) -> str:
        """`cells 3, 7`, `line 12`; with the path unless that is `home`: `a.ipynb cell 3`, `b.py:1`."""
        return " ".join(self.parts(home, show))

    def parts(self, home: str, show: Show) -> list[str]:
        """The same in parts that a line should not break: the path, and each spot."""
        path = [] if self.path == home else [show(self.path)]
        if path and self.noun == "line" and len(self.spots) == 1:
            return [f"{path[0]}:{self.spots[0]}"]
        return path + self._spots(len(self.spots), "")

    def fitted(self, home: str, room: int, show: Show, ellipsis: str) -> str:
        """The same in `room` columns: some of a long path, and as many spots as there is room for behind that."""
        if len(self.spots) == 1:
            return cut_front(self.words(home, show), room, ellipsis)
        path = "" if self.path == home else show(self.path)
        least = min(width(path), _LEAST_PATH)
        shown = max(min(len(self.spots), room), 1)
        while shown > 1 and least + 1 + width(" ".join(self._spots(shown, ellipsis))) > room:
            shown -= 1
        return cut_front(" ".join(filter(None, [path, *self._spots(shown, ellipsis)])), room, ellipsis)

    def _spots(self, shown: int, ellipsis: str) -> list[str]:
        noun = f"{self.noun}s " if self.noun and len(self.spots) > 1 else f"{self.noun} ".lstrip()
        listed = [noun + self.spots[0], *self.spots[1:shown], *((ellipsis,) if shown < len(self.spots) else ())]
        return [*(f"{one}," for one in listed[:-1]), listed[-1]]


def in_files(places: Iterable[Location], lines: bool) -> list[InFile]:
    """By file, in the order of `places`; of a notebook the cells, and the lines in them where `lines` are wanted."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for place in places:
        if place.cell is None:
            noun, words = "line", str(place.line)
        elif lines:
            noun, words = "", spot(place, " ")
        else:
            noun, words = "cell", str(place.cell.index)
        found.setdefault((place.path, noun), {})[words] = None
    return [InFile(path, noun, tuple(spots)) for (path, noun), spots in found.items()]


def in_one_line(files: Sequence[InFile], home: str, room: int, show: Show, ellipsis: str) -> str:
    """All places where they fit, else those of the first file, and how many more files there are."""
    where = "; ".join(one.words(home, show) for one in files)
    if width(where) <= room:
        return where
    more = f" and {count(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    return files[0].fitted(home, room - len(more), show, ellipsis) + more
