"""A span of a notebook's text, cut out of the file, is that text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.documents import load, locate
from mlgate.model import Document, Kind, Source, Span

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
TEXT = st.text(
    st.one_of(st.sampled_from('\n\n\r\t"\\ab/%é\u2028\x85\x0c😀\x00\x1b'), st.characters(exclude_categories=["Cs"])),
    max_size=40,
)
LAYOUT = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 1, 2, "\t"]),
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :  ")]),
        "sort_keys": st.booleans(),
    }
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])


def document(data: bytes) -> Document:
    loaded = load(Source("nb.ipynb", Kind.NOTEBOOK, data))
    assert isinstance(loaded, Document)
    return loaded


def cut(text: str, line: int, column: int, end_line: int, end_column: int) -> str:
    lines = text.split("\n")
    if line == end_line:
        return lines[line - 1][column - 1 : end_column - 1]
    return "\n".join(
        [lines[line - 1][column - 1 :], *lines[line : end_line - 1], lines[end_line - 1][: end_column - 1]]
    )


def read_back(piece: str) -> str:
    """JSON-decodes what was cut out of one string, or out of a list of strings from the middle of one to another."""
    strings = STRING.findall(f'"{piece}"') if re.search(r'(?<!\\)(?:\\\\)*"', piece) else [piece]
    return "".join(json.loads(f'"{string}"') for string in strings)


def newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def span_of(cell: int, text: str, start: int, end: int) -> Span:
    def place(at: int) -> tuple[int, int]:
        before = text[:at].split("\n")
        return len(before), len(before[-1]) + 1

    return Span(cell, *place(start), *place(end))


def notebook(cells: list[object], **more: object) -> dict[str, object]:
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def code(source: object, **more: object) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": "a1",
        "metadata": {},
        "execution_count": 7,
        "outputs": [],
        "source": source,
        **more,
    }


@given(
    texts=st.lists(TEXT, min_size=1, max_size=4),
    as_lists=st.sampled_from(["string", "lines", "pieces"]),
    layout=LAYOUT,
    encoding=ENCODINGS,
    crlf=st.booleans(),
    data=st.data(),
)
def test_what_stands_at_a_location_is_the_text_of_the_span(
    texts: list[str], as_lists: str, layout: dict[str, object], encoding: str, crlf: bool, data: st.DataObject
) -> None:
    def source(text: str) -> object:
        if as_lists == "string":
            return text
        if as_lists == "lines":
            return text.splitlines(keepends=True)
        return [text[at : at + 3] for at in range(0, len(text), 3)] + [""]

    written = json.dumps(notebook([code(source(text)) for text in texts]), **layout)  # type: ignore[arg-type]
    if crlf:
        written = written.replace("\n", "\r\n")
    loaded = document(written.encode(encoding))
    cells = [place for place, cell in enumerate(loaded.cells) if cell.kind == "code"]
    assert [loaded.cells[place].text for place in cells] == [newlines(text) for text in texts]

    place = data.draw(st.sampled_from(cells))
    text = loaded.cells[place].text
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = locate(loaded, span_of(place, text, start, end))

    physical = newlines(written)
    assert (found.line, found.column) <= (found.end_line, found.end_column)
    piece = cut(physical, found.line, found.column, found.end_line, found.end_column)
    assert newlines(read_back(piece)) == text[start:end]


def lines_of(text: str) -> list[str]:
    return text.split("\n")


def test_a_list_has_each_line_on_its_own_line_of_the_file() -> None:
    written = json.dumps(notebook([code(["import torch\n", 'torch.load("ü")'])]), indent=1)
    found = locate(document(written.encode()), Span(0, 2, 1, 2, 11))
    row = next(number for number, line in enumerate(lines_of(written), 1) if "torch.load" in line)
    assert (found.line, found.column, found.end_line, found.end_column) == (row, 6, row, 16)
    assert found.cell is not None
    assert (found.cell.index, found.cell.id, found.cell.kind, found.cell.line, found.cell.column) == (
        1,
        "a1",
        "code",
        2,
        1,
    )
    assert (found.cell.end_line, found.cell.end_column, found.cell.execution_count) == (2, 11, 7)


def test_several_lines_of_a_one_string_source_stand_on_one_line() -> None:
    written = json.dumps(notebook([code('a = "x"\nb = 1\n')]))
    found = locate(document(written.encode()), Span(0, 2, 1, 2, 6))
    # a = \"x\"\n takes eleven characters in JSON.
    start = written.index('a = \\"x') + 11 + 1
    assert (found.line, found.column, found.end_line, found.end_column) == (1, start, 1, start + 5)


def test_an_astral_character_is_one_column_of_the_cell_and_twelve_of_an_escaped_file() -> None:
    written = json.dumps(notebook([code("😀x")]))
    found = locate(document(written.encode()), Span(0, 1, 2, 1, 3))
    assert found.column == written.index("\\ude00x") + 6 + 1


def test_of_equal_keys_the_last_is_meant() -> None:
    """Where it decides what is code, a key that stands twice is refused: see tests/test_hostile.py."""
    output = '{"output_type": "stream", "text": ["x\\n", "y"], "text": "last"}'
    written = '{"cells": [{"cell_type": "code", "source": "", "outputs": [' + output + "]}]}"
    loaded = document(written.encode())
    place = next(place for place, cell in enumerate(loaded.cells) if cell.kind == "output")
    assert loaded.cells[place].text == "last"
    found = locate(loaded, Span(place, 1, 1, 1, 5))
    assert written[found.column - 1 : found.end_column - 1] == "last"


def test_a_traceback_is_joined_by_newlines() -> None:
    output = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["first\r", "", "last"]}
    written = json.dumps(notebook([code("1", outputs=[output])]), indent=1)
    loaded = document(written.encode())
    place = next(place for place, cell in enumerate(loaded.cells) if cell.pointer[-1] == "traceback")
    assert loaded.cells[place].text == "first\n\nlast"
    found = locate(loaded, Span(place, 3, 2, 3, 5))
    assert cut(written, found.line, found.column, found.end_line, found.end_column) == "ast"
    assert found.cell is not None
    assert (found.cell.kind, found.cell.output, found.cell.index) == ("output", 1, 1)


def test_worksheets_are_placed_in_the_original() -> None:
    cell = {"cell_type": "code", "language": "python", "input": ["a\n", "bc"], "outputs": [], "metadata": {}}
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [cell]}]}
    written = json.dumps(old, indent=1)
    found = locate(document(written.encode()), Span(0, 2, 2, 2, 3))
    assert cut(written, found.line, found.column, found.end_line, found.end_column) == "c"


def test_a_cell_without_text_is_placed_where_it_begins() -> None:
    written = json.dumps(notebook([code("x"), 17]), indent=1)
    loaded = document(written.encode())
    problem = loaded.problems[0]
    assert (problem.name, problem.cell) == ("unparsed", 1)
    found = locate(loaded, Span(1, 1, 1, 1, 1))
    assert lines_of(written)[found.line - 1].strip() == "17"


@pytest.mark.parametrize("span", [Span(0, 9, 1, 9, 2), Span(0, 1, 99, 1, 120), Span(0, 1, 3, 7, 7)])
def test_a_span_beyond_the_text_is_cut_to_it(span: Span) -> None:
    written = json.dumps(notebook([code("ab\ncd")]))
    found = locate(document(written.encode()), span)
    end = written.index("cd") + 3
    assert found.line == found.end_line == 1
    assert found.column <= found.end_column <= end


def test_metadata_has_no_cell() -> None:
    loaded = document(json.dumps(notebook([], metadata={"note": "a text that is long enough"})).encode())
    assert [cell.kind for cell in loaded.cells] == ["metadata"]
    found = locate(loaded, Span(0, 1, 1, 1, 7))
    assert found.cell is None


def test_a_plain_file_is_where_it_is() -> None:
    loaded = load(Source("a.py", Kind.PYTHON, b"\xef\xbb\xbfx = 1\r\ny = 2\r\n"))
    assert isinstance(loaded, Document)
    found = locate(loaded, Span(0, 2, 1, 2, 6))
    assert (found.line, found.column, found.end_line, found.end_column, found.cell) == (2, 1, 2, 6, None)


def test_a_block_is_placed_in_its_file() -> None:
    text = "# Title\n\n> ```{python}\n> import torch\n>\n> torch.load(f)\n> ```\n\n   ```{bash}\n   ls\n x\n   ```\n"
    loaded = load(Source("a.md", Kind.MARKDOWN, text.encode()))
    assert isinstance(loaded, Document)
    blocks = [(cell.language, cell.text, cell.heading) for cell in loaded.cells[1:]]
    assert blocks == [("python", "import torch\n\ntorch.load(f)", "Title"), ("bash", "ls\nx", "Title")]
    python, shell = locate(loaded, Span(1, 3, 1, 3, 6)), locate(loaded, Span(2, 2, 1, 2, 2))
    assert cut(text, python.line, python.column, python.end_line, python.end_column) == "torch"
    assert (shell.line, shell.column, shell.end_column, shell.cell) == (11, 2, 3, None)


def test_places_in_one_long_line_do_not_depend_on_the_order_of_asking() -> None:
    text = ['"é\t' * 5_000, "", "x\\y" * 5_000]
    written = json.dumps(notebook([code(text)]))
    joined = "".join(text)
    columns = [*range(1, len(joined), 997), 20_000, 3, 12_289, 4_097, 29_990]
    loaded = document(written.encode())
    for column in columns:
        found = locate(loaded, Span(0, 1, column, 1, column + 5))
        piece = written[found.column - 1 : found.end_column - 1]
        assert read_back(piece) == joined[column - 1 : column + 4]
