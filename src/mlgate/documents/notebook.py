"""A notebook's JSON becomes cells, whatever its version and however damaged it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from mlgate.documents.decoding import newlines, without_surrogates
from mlgate.documents.json_text import DECODER
from mlgate.documents.markdown import headings
from mlgate.limits import MAX_CELLS, MAX_JSON_NESTING
from mlgate.model import Cell, Problem
from mlgate.regex import regex

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Pointer: TypeAlias = "tuple[str | int, ...]"

_ESCAPED_KEY = regex(r'"[^"\n]{0,40}\\u00[^"\n]{0,80}"[ \t\r\n]{0,20}:')
_TELLING = frozenset(["cells", "worksheets", "source", "input", "cell_type", "outputs", "metadata", "kernelspec"])
"""Keys that decide what is code."""
_SOURCES = ("source", "input", "code", "text")
"""Where a cell's text stands: nbformat 4; code cells of 3 and 2; both kinds of 1."""

_MARKDOWN_CELLS = frozenset({"markdown", "heading", "html", "text"})

_OLD_MIMES = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "pdf": "application/pdf",
}
"""Keys of an output in nbformat 2 and 3, which nbformat's own upgrade renames so."""

_ENCODED_MIMES = (
    "image/",
    "audio/",
    "video/",
    "font/",
    "application/pdf",
    "application/octet-stream",
    "application/zip",
)
"""What a notebook holds in base64, SVG excepted."""

_OUTPUT_KEYS = frozenset({"output_type", "name", "stream", "execution_count", "prompt_number"})
"""What of an output is no text of its author or program."""

_OTHER_LANGUAGES = {"markdown": "markdown", "raw": "text"}

_SHORTEST_LEAF = 13
"""In characters. No secret that can be told without its name is shorter, and Colab gives each cell an id of twelve."""

_PYTHON = regex(r"py|glue|sage|_p\d")
"""In the name of a kernel or language that is Python: `ipykernel`, `conda_tensorflow_p36`, `Python_Glue_Session`."""

_LANGUAGES = {"ir": "r", "ijulia": "julia", "irkernel": "r", "shell": "bash", "zsh": "bash", "sh": "bash"}


class Notebook(Struct, frozen=True):
    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...]


def read(text: str) -> Notebook | Problem:
    """The cells of a notebook: of nbformat 4 `cells`, of 3 and 2 `worksheets`, of 1 `cells`; of all that are there.

    Never raises. What has the wrong type becomes a cell without text and a problem about it, its strings become
    metadata, and the other cells are read.
    """
    if not text.strip():
        return Notebook((), ())
    try:
        whole: Json = DECODER.decode(text)
    except RecursionError:
        return Problem("too-deep", f"JSON nests deeper than {MAX_JSON_NESTING}")
    except ValueError as error:
        return Problem("unparsed", f"is not JSON: {error}")
    if not isinstance(whole, dict):
        return Problem("unparsed", "is JSON, but no notebook: the outermost value is no object")
    if _too_deep(whole):
        return Problem("too-deep", f"JSON nests deeper than {MAX_JSON_NESTING}")
    twice = _repeated(text, whole)
    if twice is not None:
        return Problem("unparsed", f"an object has the key `{twice}` twice, and readers differ on which one counts")
    reader = _Reader(whole, escaped_surrogates="\\ud" in text or "\\uD" in text)
    if not reader.sheets:
        return Problem("unparsed", "is JSON, but no notebook: it has neither `cells` nor `worksheets`")
    count = sum(len(cells) for _, cells in reader.sheets)
    if count > MAX_CELLS:
        return Problem("too-large", f"{count:,} cells; a notebook may have {MAX_CELLS:,}")
    reader.read()
    return Notebook(tuple(reader.cells), tuple(reader.problems))


def _repeated(text: str, whole: dict[str, Json]) -> str | None:
    """A key that stands twice in one object; the objects are only looked at where one may.

    JSON leaves open what that means (RFC 8259, section 4): what one reader shows, another may run.
    """
    cells = whole.get("cells")
    count = len(cells) if isinstance(cells, list) else 0
    may_be = text.count('"cells"') > 1 or any(text.count(f'"{key}"') > count for key in ("source", "cell_type"))
    if not may_be and _ESCAPED_KEY.search(text) is None:
        return None
    found: list[str] = []

    def see(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        table = dict(pairs)
        if len(table) < len(pairs):
            seen: set[str] = set()
            found.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return table

    json.loads(text, object_pairs_hook=see, parse_int=str)
    return next((key for key in found if key in _TELLING), None)


def _too_deep(whole: Json) -> bool:
    level = [whole]
    for _ in range(MAX_JSON_NESTING):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)  # type: ignore[union-attr]
            if type(child) is list or type(child) is dict
        ]
        if not level:
            return False
    return True


class _Reader:
    """Gathers the cells of one notebook in the order in which they stand in it."""

    def __init__(self, whole: dict[str, Json], escaped_surrogates: bool) -> None:
        self.whole = whole
        self.escaped_surrogates = escaped_surrogates
        self.cells: list[Cell] = []
        self.problems: list[Problem] = []
        self.sheets = _sheets(whole)
        self.language = _language(whole)
        self._seen: set[str] = set()
        self._number = 0
        self._heading: str | None = None

    def read(self) -> None:
        listed = {pointer for pointer, _ in self.sheets}
        for key, value in self.whole.items():
            if (key,) in listed:
                continue
            if key == "worksheets" and isinstance(value, list):
                self._worksheets(value)
            else:
                self._leaves(value, (key,), 0)
        for pointer, cells in self.sheets:
            for index, cell in enumerate(cells):
                self._number += 1
                if isinstance(cell, dict):
                    self._cell(cell, (*pointer, index))
                else:
                    self._unparsed(f"is {_type(cell)}, not an object", (*pointer, index), None)
                    self._leaves(cell, (*pointer, index), self._number)

    def _worksheets(self, sheets: list[Json]) -> None:
        for index, sheet in enumerate(sheets):
            for key, value in _object(sheet).items():
                if key != "cells" or not isinstance(value, list):
                    self._leaves(value, ("worksheets", index, key), 0)

    def _cell(self, cell: dict[str, Json], pointer: Pointer) -> None:
        said_id, count = cell.get("id"), _count(cell)
        cell_id = said_id if isinstance(said_id, str) else None
        key = _source_key(cell, old="worksheets" in pointer)
        done = {"id", "cell_type", key}
        text = _joined(cell.get(key))
        if text is None:
            self._unparsed(f"`{key}` is {_type(cell[key])}, not text", pointer, cell_id)
            done.remove(key)
        else:
            kind = _kind(cell)
            language = _code_language(cell, self.language) if kind == "code" else _OTHER_LANGUAGES[kind]
            heading = self._under(cell, kind, text)
            where = (*pointer, key) if key in cell else pointer
            self._add(Cell(self._number, cell_id, kind, text, language, heading, count, pointer=where))
        for rest, value in cell.items():
            where = (*pointer, rest)
            if rest == "outputs" and isinstance(value, list):
                for place, output in enumerate(value):
                    for text, at, mime in _output_texts(output, (*where, place)):
                        language = _mime_language(mime)
                        heading = self._heading
                        self._add(
                            Cell(self._number, cell_id, "output", text, language, heading, count, place, mime, at)
                        )
            elif rest == "attachments" and isinstance(value, dict):
                for text, at, mime in _attached_texts(value, where):
                    language = _mime_language(mime)
                    self._add(Cell(self._number, cell_id, "metadata", text, language, mime=mime, pointer=at))
            elif rest not in done:
                self._leaves(value, where, self._number)

    def _under(self, cell: dict[str, Json], kind: str, text: str) -> str | None:
        """The heading that the cell stands under; that of a Markdown cell with headings is its own first one."""
        if kind != "markdown":
            return self._heading
        first, last = headings(text) if cell.get("cell_type") != "heading" else (text.strip() or None,) * 2
        under = first or self._heading
        self._heading = last or self._heading
        return under

    def _leaves(self, value: Json, pointer: Pointer, index: int) -> None:
        """Every string below `value` that is long enough, each distinct one once: widgets repeat theirs a lot."""
        for leaf, where in _strings(value, pointer):
            if len(leaf) >= _SHORTEST_LEAF and leaf not in self._seen:
                self._seen.add(leaf)
                heading = self._heading if index else None
                self._add(Cell(index, None, "metadata", leaf, "text", heading, pointer=where))

    def _unparsed(self, why: str, pointer: Pointer, cell_id: str | None) -> None:
        self.problems.append(Problem("unparsed", why, len(self.cells)))
        self.cells.append(Cell(self._number, cell_id, "raw", "", "text", self._heading, pointer=pointer))

    def _add(self, cell: Cell) -> None:
        text = newlines(without_surrogates(cell.text) if self.escaped_surrogates else cell.text)
        self.cells.append(cell if text == cell.text else replace(cell, text=text))


def _joined(value: Json, separator: str = "") -> str | None:
    """The text of a string or of a list of strings, of nothing the empty text; None: it is something else."""
    if isinstance(value, list):
        return separator.join(value) if all(isinstance(line, str) for line in value) else None  # type: ignore[arg-type]
    return value if isinstance(value, str) else "" if value is None else None


def _kind(cell: dict[str, Json]) -> str:
    # An unknown type is read as code: what is none of ours must not hide any.
    name = cell.get("cell_type")
    return "raw" if name == "raw" else "markdown" if isinstance(name, str) and name in _MARKDOWN_CELLS else "code"


def _source_key(cell: dict[str, Json], *, old: bool) -> str:
    if old and "input" in cell:
        return "input"
    return next((key for key in _SOURCES if cell.get(key) is not None), "source")


def _output_texts(output: Json, pointer: Pointer) -> Iterator[tuple[str, Pointer, str | None]]:
    """Every text of an output that is no encoded picture, where it stands, and its type; tracebacks joined."""
    for key, value in _object(output).items():
        where = (*pointer, key)
        if key in _OUTPUT_KEYS:
            continue
        if key == "data" and isinstance(value, dict):
            for mime, content in value.items():
                yield from _mime_texts(content, (*where, mime), mime)
        elif key == "traceback" and (trace := _joined(value, "\n")):
            yield trace, where, None
        elif key in _OLD_MIMES:
            is_stream = key == "text" and _object(output).get("output_type") == "stream"
            yield from _mime_texts(value, where, None if is_stream else _OLD_MIMES[key])
        else:
            yield from _mime_texts(value, where, None)
    if not isinstance(output, dict):
        yield from _mime_texts(output, pointer, None)


def _attached_texts(attachments: dict[str, Json], pointer: Pointer) -> Iterator[tuple[str, Pointer, str | None]]:
    for name, bundle in attachments.items():
        for mime, content in _object(bundle).items():
            yield from _mime_texts(content, (*pointer, name, mime), mime)
        if not isinstance(bundle, dict):
            yield from _mime_texts(bundle, (*pointer, name), None)


def _mime_texts(content: Json, pointer: Pointer, mime: str | None) -> Iterator[tuple[str, Pointer, str | None]]:
    if mime and mime.startswith(_ENCODED_MIMES) and "svg" not in mime:
        return
    text = _joined(content)
    if text is None:
        for leaf, where in _strings(content, pointer):
            yield leaf, where, mime
    elif text:
        yield text, pointer, mime


def _sheets(whole: dict[str, Json]) -> list[tuple[Pointer, list[Json]]]:
    """Every list of cells and where it stands."""
    found: list[tuple[Pointer, list[Json]]] = []
    if isinstance(cells := whole.get("cells"), list):
        found.append((("cells",), cells))
    if isinstance(sheets := whole.get("worksheets"), list):
        for index, sheet in enumerate(sheets):
            if isinstance(sheet, dict) and isinstance(cells := sheet.get("cells"), list):
                found.append((("worksheets", index, "cells"), cells))
    return found


def _strings(value: Json, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    """Every string at or below `value`, in the order of the file. Base64 buffers of widgets are left out."""
    stack = [(value, pointer)]
    while stack:
        value, pointer = stack.pop()
        if isinstance(value, str):
            yield value, pointer
        elif isinstance(value, dict):
            encoded = value.get("encoding") == "base64"
            stack += [
                (child, (*pointer, key))
                for key, child in reversed(value.items())
                if not (encoded and key == "data") and isinstance(child, (str, list, dict))
            ]
        elif isinstance(value, list):
            stack += [(value[place], (*pointer, place)) for place in range(len(value) - 1, -1, -1)]


def _language(whole: dict[str, Json]) -> str:
    """Of the notebook's code cells. Python if anything says so: a wrong word beside the kernel's must not hide code."""
    metadata = _object(whole.get("metadata"))
    kernel, info = _object(metadata.get("kernelspec")), _object(metadata.get("language_info"))
    said = [kernel.get("language"), kernel.get("name"), info.get("name"), info.get("pygments_lexer")]
    names = [name.lower() for name in said if isinstance(name, str) and name]
    if not names or any(map(_PYTHON.search, names)):
        return "python"
    name = next((name for name in (kernel.get("language"), info.get("name")) if isinstance(name, str) and name), "")
    name = name.lower() or names[0].rstrip("0123456789.-")
    return _LANGUAGES.get(name, name)


def _code_language(cell: dict[str, Json], language: str) -> str:
    """The notebook's, unless that is another than Python: then what a cell among several languages says of itself."""
    if language == "python":
        return language
    metadata = _object(cell.get("metadata"))
    said = (
        _object(metadata.get("vscode")).get("languageId"),
        _object(metadata.get("polyglot_notebook")).get("kernelName"),
        _object(metadata.get("dotnet_interactive")).get("language"),
        metadata.get("kernel"),
        metadata.get("language"),
        cell.get("language"),
    )
    name = next((name.lower() for name in said if isinstance(name, str) and name), language)
    return "python" if _PYTHON.search(name) else _LANGUAGES.get(name, name)


def _mime_language(mime: str | None) -> str:
    if mime is None or mime == "text/plain":
        return "text"
    name = mime.rpartition("/")[2].rpartition("+")[2]
    return name if name in ("html", "json", "markdown", "javascript", "latex", "xml", "csv") else "text"


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _count(cell: dict[str, Json]) -> int | None:
    count = cell.get("execution_count", cell.get("prompt_number"))
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _type(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"
