"""Notebooks kept as Python files, their magics as comments: Databricks and jupytext."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from mlgate.facts.magics.cell import FILLER, Split, Splitter
from mlgate.model import Embedded, Fact, Kind, LineMap, Unit
from mlgate.regex import regex

DATABRICKS = "# Databricks notebook source"
JUPYTEXT = "# ---\n# jupyter:"

_DATABRICKS_MAGIC = regex(r"# MAGIC ?")
_JUPYTEXT_MAGIC = regex(r"[ \t]*# ?(?=%[A-Za-z]|!\S)")
_JUPYTEXT_CELL = regex(r"# (?:%%|\+)(?:.*\blanguage=\"(\w+)\")?")
_JUPYTEXT_PROSE = regex(r"# (?:%%|\+).*\[(?:markdown|md|raw)\]")
_COMMENT = regex(r"# ?")
_CELL_END = regex(r"# -$|# (?:%%|\+)(?:\s|$)")


class _Block(Struct):
    """Lines that are one cell once their comment signs are gone."""

    rows: list[str] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)

    def add(self, number: int, row: str, sign: int) -> None:
        self.rows.append(row[sign:])
        self.places.append((number, sign))


def databricks(cell: int, text: str) -> Split:
    """The file as it is, and what its `# MAGIC` lines hold: each run of them is a cell.

    Source: Databricks, "Export and import notebooks", source format.
    """
    return _split(cell, text, _databricks_blocks(text))


def jupytext(cell: int, text: str) -> Split:
    """The file as it is, and what its commented magics hold. Source: jupytext, "comment_magics"."""
    return _split(cell, text, _jupytext_blocks(text))


def _databricks_blocks(text: str) -> Iterator[_Block]:
    block = _Block()
    for number, row in enumerate(text.split("\n"), 1):
        if magic := _DATABRICKS_MAGIC.match(row):
            block.add(number, row, magic.end())
        elif block.rows:
            yield block
            block = _Block()
    yield block


def _jupytext_blocks(text: str) -> Iterator[_Block]:
    block = _Block()
    in_other = in_prose = False
    for number, row in enumerate(text.split("\n"), 1):
        if _CELL_END.match(row):
            if block.rows:
                yield block
            block = _Block()
            marked = _JUPYTEXT_CELL.match(row)
            in_prose = _JUPYTEXT_PROSE.match(row) is not None
            in_other = bool(marked and marked[1])
            if marked and marked[1]:
                block.rows.append(f"%%{marked[1]}")
                block.places.append((number, 0))
        elif in_other:
            comment = _COMMENT.match(row)
            block.add(number, row, comment.end() if comment else 0)
        elif not in_prose and (magic := _JUPYTEXT_MAGIC.match(row)):
            single = _Block()
            single.add(number, row, magic.end())
            yield single
    yield block


def _split(cell: int, text: str, blocks: Iterable[_Block]) -> Split:
    embedded: list[Embedded] = []
    facts: list[Fact] = []
    for block in blocks:
        if not block.rows:
            continue
        splitter = Splitter(cell, block.rows, block.places)
        splitter.read()
        embedded += splitter.embedded
        facts += splitter.facts
        python = "\n".join(splitter.python)
        if splitter.is_python and python.replace(FILLER, "").strip():
            unit = Unit(cell, python, LineMap(tuple(splitter.python_places)))
            embedded.append(Embedded(Kind.PYTHON, unit, origin="magic"))
    return Split(text, embedded=tuple(embedded), facts=tuple(facts))
