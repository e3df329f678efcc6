"""A file's bytes become a document, and a span of it a place in the file."""

from __future__ import annotations

from functools import lru_cache

from mlgate.documents import markdown, notebook
from mlgate.documents.decoding import decode
from mlgate.documents.positions import JsonText
from mlgate.limits import MAX_BYTES
from mlgate.model import Cell, CellLocation, Document, Kind, Location, Problem, Source, Span

__all__ = ["Document", "Location", "Problem", "load", "locate", "plain"]

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER = 1024
"""In bytes. Source: git-lfs, docs/spec.md."""

_LANGUAGES = {Kind.SHELL: "bash"}
_WITH_COOKIES = frozenset({Kind.PYTHON, Kind.REQUIREMENTS})
"""PEP 263; pip reads requirement files the same way."""
_UTF8_ONLY = frozenset({Kind.PYTHON, Kind.NOTEBOOK})


def load(source: Source) -> Document | Problem:
    """The cells of a file, or why there are none. Never raises, whatever the bytes.

    A plain file is one cell of kind `file`, a Markdown file that is run has its code blocks beside it.
    The text of a file that is a Problem can still be searched: see `plain`.
    """
    data = source.data
    if data.startswith(_LFS_POINTER) and len(data) < _LARGEST_POINTER:
        return Problem("not-fetched", "is a Git LFS pointer; the file itself is not here")
    if source.kind is Kind.BINARY:
        return Document(source, ())
    if len(data) > MAX_BYTES:
        return Problem("too-large", f"has {len(data):,} bytes, more than {MAX_BYTES:,}")
    if source.kind is not Kind.NOTEBOOK:
        return plain(source)
    decoded = decode(data, cookies=False, utf8_only=True)
    read = notebook.read(decoded.text)
    if isinstance(read, Problem):
        return decoded.problem or read
    problems = (decoded.problem, *read.problems) if decoded.problem else read.problems
    return Document(source, read.cells, decoded.encoding, problems)


def plain(source: Source) -> Document:
    """The file as text, whatever its kind; for rules that need no more of a notebook which could not be read."""
    decoded = decode(source.data, cookies=source.kind in _WITH_COOKIES, utf8_only=source.kind in _UTF8_ONLY)
    language = _LANGUAGES.get(source.kind, source.kind.value)
    cells = [Cell(0, None, "file", decoded.text, language)]
    if source.kind is Kind.MARKDOWN:
        cells += markdown.code_cells(source.path, decoded.text)
    return Document(source, tuple(cells), decoded.encoding, (decoded.problem,) if decoded.problem else ())


def locate(document: Document, span: Span) -> Location:
    """Where `span` stands on disk and, for notebooks, in its cell.

    1-based, columns in code points, ends exclusive; for a notebook the ends of the span's first and last character in
    the JSON. `cell` is None for plain files and for metadata. A span beyond the text is cut to it.
    Source: SARIF 2.1.0, region object.
    """
    cell = document.cells[span.cell]
    if not cell.pointer:
        return Location(document.source.path, span.line, span.column, span.end_line, span.end_column)
    if cell.pointer[0] == "line":
        return _in_block(document, cell, span)
    line, column, end_line, end_column = _in_json(document, cell, span)
    return Location(document.source.path, line, column, end_line, end_column, _in_cell(cell, span))


def _in_cell(cell: Cell, span: Span) -> CellLocation | None:
    if cell.kind == "metadata":
        return None
    return CellLocation(
        index=cell.index,
        id=cell.id,
        kind=cell.kind,
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
        heading=cell.heading,
        execution_count=cell.execution_count,
        output=None if cell.output is None else cell.output + 1,
        mime=cell.mime,
    )


def _in_block(document: Document, cell: Cell, span: Span) -> Location:
    """A block's lines are the file's without what the fence is indented by."""
    first = int(cell.pointer[1])
    on_disk, in_block = _rows(document.cells[0].text), _rows(cell.text)

    def place(line: int, column: int) -> tuple[int, int]:
        row = first + line - 1
        if line > len(in_block) or row > len(on_disk):
            return row, column
        return row, column + len(on_disk[row - 1]) - len(in_block[line - 1])

    line, column = place(span.line, span.column)
    end_line, end_column = place(span.end_line, span.end_column)
    return Location(document.source.path, line, column, end_line, end_column)


def _in_json(document: Document, cell: Cell, span: Span) -> tuple[int, int, int, int]:
    places = _json(document.source.data)
    separator = "\n" if cell.pointer[-1] == "traceback" else ""
    string = places.string(cell.pointer, separator)
    if string is None:
        line, column = places.place(places.find(cell.pointer))
        return line, column, line, column + 1
    start = string.start(span.line, span.column)
    end = max(start, string.end(span.end_line, span.end_column))
    return *places.place(start), *places.place(end)


@lru_cache(maxsize=4)
def _rows(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n"))


@lru_cache(maxsize=2)
def _json(data: bytes) -> JsonText:
    """Kept for the two files asked for last: findings come file by file."""
    return JsonText(decode(data, cookies=False, utf8_only=True).text)
