"""Whatever the bytes, loading says what is there or why not, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import nbformat as untyped_nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgate.documents import load, locate, plain
from mlgate.limits import MAX_BYTES, MAX_JSON_NESTING
from mlgate.model import Document, Kind, Problem, Source, Span

nbformat: Any = untyped_nbformat

Cells = list[tuple[int, str, str, str]]


def source(data: bytes, kind: Kind = Kind.NOTEBOOK, path: str = "nb.ipynb") -> Source:
    return Source(path, kind, data)


def document(whole: object) -> Document:
    loaded = load(source(json.dumps(whole).encode()))
    assert isinstance(loaded, Document)
    return loaded


def notebook(*cells: object, **more: object) -> dict[str, object]:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def code(text: object, *outputs: object, **more: object) -> dict[str, object]:
    return {
        "cell_type": "code",
        "metadata": {},
        "execution_count": None,
        "outputs": list(outputs),
        "source": text,
        **more,
    }


def markdown(text: str, **more: object) -> dict[str, object]:
    return {"cell_type": "markdown", "metadata": {}, "source": text, **more}


def shape(loaded: Document) -> Cells:
    return [(cell.index, cell.kind, cell.language, cell.text) for cell in loaded.cells]


KEYS = """
cells worksheets cell_type source input outputs data text traceback metadata attachments text/plain id level encoding
kernelspec language_info name x
""".split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


# --- nothing raises -------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.sampled_from(Kind))
def test_no_bytes_make_loading_raise(data: bytes, kind: Kind) -> None:
    loaded = load(source(data, kind, "a.md"))
    assert isinstance(loaded, (Document, Problem))


@given(JSON)
def test_no_json_makes_loading_raise_and_every_cell_can_be_placed(whole: object) -> None:
    loaded = load(source(json.dumps({"cells": [whole], "x": whole}).encode()))
    if isinstance(loaded, Document):
        for place in range(len(loaded.cells)):
            assert locate(loaded, Span(place, 1, 1, 1, 2)).line >= 1


@given(JSON)
def test_no_string_of_a_notebook_is_lost(whole: object) -> None:
    """But for what is too short to be a secret, and for what notebooks hold in base64."""
    loaded = load(source(json.dumps(notebook(code("x", whole, extra=whole), whole), ensure_ascii=True).encode()))
    assert isinstance(loaded, Document)
    seen = "\n".join(cell.text for cell in loaded.cells)
    for text in long_strings(whole):
        assert text.replace("\r\n", "\n").replace("\r", "\n") in seen


def long_strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= 13:
            yield value
    elif isinstance(value, list):
        for child in value:
            yield from long_strings(child)
    elif isinstance(value, dict) and value.get("encoding") != "base64":
        for key, child in value.items():
            if key not in ("name", "id", "cell_type"):
                yield from long_strings(child)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"{", "unparsed"),
        (b"[]", "unparsed"),
        (b"0", "unparsed"),
        (b'"cells"', "unparsed"),
        (b"{}", "unparsed"),
        (b'{"cells": {}}', "unparsed"),
        (b'{"cells": [}', "unparsed"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b'{"cells": ' + b"[" * MAX_JSON_NESTING + b"]" * MAX_JSON_NESTING + b"}", "too-deep"),
        (b'{"cells": []}'.ljust(MAX_BYTES + 1), "too-large"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "not-fetched"),
        (b'{"cells": []}\0', "unreadable"),
    ],
)
def test_why_a_notebook_cannot_be_read(data: bytes, name: str) -> None:
    loaded = load(source(data))
    assert isinstance(loaded, Problem)
    assert (loaded.name, loaded.cell) == (name, None)


def test_the_text_of_an_unreadable_notebook_can_be_searched() -> None:
    loaded = plain(source(b'{"cells": [\n<<<<<<< HEAD'))
    assert shape(loaded) == [(0, "file", "notebook", '{"cells": [\n<<<<<<< HEAD')]
    assert locate(loaded, Span(0, 2, 1, 2, 8)).line == 2


def test_an_empty_file_is_a_notebook_without_cells() -> None:
    assert load(source(b"")) == Document(source(b""), ())


def test_a_number_of_five_thousand_digits_loses_nothing() -> None:
    loaded = load(source(b'{"cells": [{"cell_type": "code", "source": "x", "execution_count": ' + b"9" * 5000 + b"}]}"))
    assert isinstance(loaded, Document)
    assert [cell.text for cell in loaded.cells] == ["x"]


# --- notebooks ------------------------------------------------------------------------------------------------------


def test_one_broken_cell_does_not_lose_the_others() -> None:
    loaded = document(notebook(code("a"), 5, code({"x": "hidden in here, or so"}), code(["b", 1]), None, code("c")))
    assert shape(loaded) == [
        (1, "code", "python", "a"),
        (2, "raw", "text", ""),
        (3, "raw", "text", ""),
        (3, "metadata", "text", "hidden in here, or so"),
        (4, "raw", "text", ""),
        (5, "raw", "text", ""),
        (6, "code", "python", "c"),
    ]
    assert loaded.problems == (
        Problem("unparsed", "is a number, not an object", 1),
        Problem("unparsed", "`source` is an object, not text", 2),
        Problem("unparsed", "`source` is a list, not text", 4),
        Problem("unparsed", "is null, not an object", 5),
    )


def test_what_an_output_says() -> None:
    loaded = document(
        notebook(
            code(
                "f()",
                {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]},
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {
                        "text/html": "<b>",
                        "image/png": "iVBORw0KGgo=",
                        "image/svg+xml": ["<svg>", "</svg>"],
                        "application/json": {"k": ["v", 1, {"deep": "w"}]},
                        "application/vnd.x+json": "str",
                        "application/pdf": "JVBERi0=",
                    },
                },
                {"output_type": "error", "ename": "E", "evalue": "bad", "traceback": ["l1", "l2"]},
            )
        )
    )
    assert [(cell.output, cell.mime, cell.language, cell.text) for cell in loaded.cells[1:]] == [
        (0, None, "text", "a\nb"),
        (1, "text/html", "html", "<b>"),
        (1, "image/svg+xml", "xml", "<svg></svg>"),
        (1, "application/json", "json", "v"),
        (1, "application/json", "json", "w"),
        (1, "application/vnd.x+json", "json", "str"),
        (2, None, "text", "E"),
        (2, None, "text", "bad"),
        (2, None, "text", "l1\nl2"),
    ]
    assert {(cell.index, cell.kind) for cell in loaded.cells[1:]} == {(1, "output")}


def test_metadata_and_attachments_are_searched() -> None:
    widgets = {"state": {"w": {"state": {"value": "typed into a widget", "n": 5}}}}
    image = {"image.png": {"image/png": "iVBORw0KGgo=", "text/plain": "an attached text"}}
    loaded = document(
        notebook(
            markdown("# T", attachments=image, metadata={"tag": "a cell's metadata"}), metadata={"widgets": widgets}
        )
    )
    assert [(cell.index, cell.kind, cell.mime, cell.text) for cell in loaded.cells] == [
        (0, "metadata", None, "typed into a widget"),
        (1, "markdown", None, "# T"),
        (1, "metadata", None, "a cell's metadata"),
        (1, "metadata", "text/plain", "an attached text"),
    ]


def test_each_cell_knows_the_heading_above_it() -> None:
    loaded = document(
        notebook(
            code("0"),
            markdown("intro\n\n## **Set-up** [docs](http://x) `a`\n```\n# comment\n```\n"),
            code("1"),
            markdown("text only"),
            code("2"),
            markdown("Title\n=====\nmore\n### Sub ###"),
            code("3"),
            markdown('<a name="x"></a>\n<h2 id="y">In <em>HTML</em></h2>'),
            code("4"),
        )
    )
    assert [cell.heading for cell in loaded.cells] == [
        *(None, "Set-up docs a", "Set-up docs a", "Set-up docs a", "Set-up docs a"),
        *("Title", "Sub", "In HTML", "In HTML"),
    ]


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, "python"),
        ({"kernelspec": {"name": "python3"}, "language_info": {"name": "R"}}, "python"),
        ({"kernelspec": {"name": "ir"}}, "r"),
        ({"kernelspec": {"name": "conda-env-r-r", "language": "R"}}, "r"),
        ({"kernelspec": {"name": "julia-1.9", "language": "julia"}}, "julia"),
        ({"kernelspec": {"name": "conda_tensorflow_p36", "language": "R"}}, "python"),
        ({"language_info": {"name": "pyspark"}}, "python"),
        ({"kernelspec": {"name": "bash", "language": "bash"}}, "bash"),
        ({"kernelspec": 7, "language_info": [1]}, "python"),
    ],
)
def test_the_language_is_the_kernels(metadata: object, language: str) -> None:
    loaded = document(notebook(code("x"), metadata=metadata))
    assert [cell.language for cell in loaded.cells if cell.kind == "code"] == [language]


def test_lone_surrogates_can_be_encoded() -> None:
    loaded = load(source(b'{"cells": [{"cell_type": "code", "source": "a\\ud83d b\\ud83d\\ude00"}]}'))
    assert isinstance(loaded, Document)
    assert loaded.cells[0].text == "a\N{REPLACEMENT CHARACTER} b\N{GRINNING FACE}"


LINES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=10), max_size=3)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("code"), LINES), st.tuples(st.just("markdown"), LINES), st.tuples(st.just("raw"), LINES)
        ),
        max_size=4,
    )
)
def test_an_old_notebook_reads_as_its_upgrade_by_nbformat(cells: list[tuple[str, list[str]]]) -> None:
    outputs = [
        {"output_type": "stream", "stream": "stdout", "text": ["out\n", "more"]},
        {"output_type": "pyout", "prompt_number": 1, "metadata": {}, "text": ["1"], "html": ["<i>"], "png": "iVBORw0K"},
        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["a", "b"]},
    ]
    sheet: list[object] = []
    for kind, lines in cells:
        text = "\n".join(lines).splitlines(keepends=True)
        if kind == "code":
            sheet.append({"cell_type": "code", "language": "python", "metadata": {}, "input": text, "outputs": outputs})
        else:
            sheet.append({"cell_type": kind, "metadata": {}, "source": text})
    written = json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": sheet}]})
    upgraded = nbformat.writes(nbformat.reads(written, as_version=4))
    ours, theirs = load(source(written.encode())), load(source(upgraded.encode()))
    assert isinstance(ours, Document)
    assert isinstance(theirs, Document)

    def seen(loaded: Document) -> list[tuple[object, ...]]:
        cells = [cell for cell in loaded.cells if cell.kind != "metadata"]
        return sorted((cell.index, cell.kind, cell.text, cell.output, cell.mime or "") for cell in cells)

    assert seen(ours) == seen(theirs)


def test_a_heading_cell_is_a_heading() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Part one"]},
        {
            "cell_type": "code",
            "input": "x",
            "prompt_number": 3,
            "outputs": [{"output_type": "pyerr", "traceback": ["t"]}],
        },
    ]
    loaded = document({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells[:1]}, {"cells": cells[1:]}]})
    assert shape(loaded) == [
        (1, "markdown", "markdown", "Part one"),
        (2, "code", "python", "x"),
        (2, "output", "text", "t"),
    ]
    assert [cell.heading for cell in loaded.cells] == ["Part one"] * 3
    assert [cell.execution_count for cell in loaded.cells] == [None, 3, 3]


def test_version_one_and_both_lists_of_cells_are_read() -> None:
    first = {"cells": [{"cell_type": "code", "code": "a"}, {"cell_type": "text", "text": "b"}]}
    assert shape(document(first)) == [(1, "code", "python", "a"), (2, "markdown", "markdown", "b")]
    both = {"nbformat": 4, "cells": [code("a")], "worksheets": [{"cells": [code("b")]}]}
    assert shape(document(both)) == [(1, "code", "python", "a"), (2, "code", "python", "b")]


# --- plain files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind", "encoding", "text", "problem"),
    [
        (b"x = 1\r\ny\rz", Kind.PYTHON, "utf-8", "x = 1\ny\nz", None),
        (b"\xef\xbb\xbfx", Kind.PYTHON, "utf-8", "x", None),
        (
            "# -*- coding: cp1252 -*-\n'€'".encode("cp1252"),
            Kind.PYTHON,
            "cp1252",
            "# -*- coding: cp1252 -*-\n'€'",
            None,
        ),
        (b"#!/bin/x\n# vim: set fileencoding=latin-1 :\n'\xe9'", Kind.PYTHON, "latin-1", None, None),
        (b"x\n# coding: cp1252\n\xe9", Kind.PYTHON, "latin-1", "x\n# coding: cp1252\né", "unparsed"),
        (b"# coding: nonsense\nx", Kind.PYTHON, "utf-8", "# coding: nonsense\nx", "unparsed"),
        (b"# coding: utf-8\n\xff", Kind.PYTHON, "latin-1", "# coding: utf-8\nÿ", "unparsed"),
        (b"\xe9", Kind.PYTHON, "latin-1", "é", "unparsed"),
        (b"\xe9", Kind.TEXT, "latin-1", "é", None),
        (b"# coding: cp1252\n\xe9", Kind.SHELL, "latin-1", "# coding: cp1252\né", None),
        ("torch\n".encode("utf-16"), Kind.REQUIREMENTS, "utf-16-le", "torch\n", None),
        ("torch==1\n".encode("utf-16-be"), Kind.REQUIREMENTS, "utf-16-be", "torch==1\n", None),
        (b"A=1\0\n", Kind.DOTENV, "utf-8", "A=1\N{REPLACEMENT CHARACTER}\n", "unreadable"),
    ],
)
def test_how_bytes_become_text(data: bytes, kind: Kind, encoding: str, text: str | None, problem: str | None) -> None:
    loaded = load(source(data, kind, "a"))
    assert isinstance(loaded, Document)
    assert loaded.encoding == encoding
    assert text is None or [cell.text for cell in loaded.cells] == [text]
    assert [one.name for one in loaded.problems] == ([problem] if problem else [])


def test_a_coding_that_python_obeys_is_obeyed() -> None:
    """A well-known way to hide a line."""
    loaded = load(source(b"# coding: unicode_escape\n#\\x0aimport pickle\n", Kind.PYTHON, "a.py"))
    assert isinstance(loaded, Document)
    assert loaded.cells[0].text.split("\n")[2] == "import pickle"


def test_a_binary_file_has_no_text() -> None:
    assert load(source(b"\x80\x04\0", Kind.BINARY, "a.pkl")) == Document(
        source(b"\x80\x04\0", Kind.BINARY, "a.pkl"), ()
    )


MARKDOWN = (
    "# One\n```python\na\n```\n## Two\n```{python, echo=FALSE}\nb\n```\n~~~{r}\nc\n~~~\n```{code-cell} ipython3\nd\n```"
)


@pytest.mark.parametrize(
    ("path", "text", "blocks"),
    [
        ("a.md", "```python\na\n```\n", []),
        ("a.md", MARKDOWN, [("python", "b", "Two"), ("r", "c", "Two"), ("python", "d", "Two")]),
        ("a.Rmd", "```python\na\n```\n```{bash}\nb\n```", [("bash", "b", None)]),
        ("a.qmd", "```{python}\na\nb", [("python", "a\nb", None)]),
        ("a.md", "---\njupyter:\n  x: y\n---\n```python\na\n```\n```python .noeval\nb\n```", [("python", "a", None)]),
        ("a.md", "````\n```{python}\na\n```\n````\n", []),
    ],
)
def test_which_blocks_of_markdown_are_run(path: str, text: str, blocks: list[tuple[str, str, str | None]]) -> None:
    loaded = load(source(text.encode(), Kind.MARKDOWN, path))
    assert isinstance(loaded, Document)
    assert (loaded.cells[0].kind, loaded.cells[0].language, loaded.cells[0].text) == ("file", "markdown", text)
    assert [(cell.language, cell.text, cell.heading) for cell in loaded.cells[1:]] == blocks
    assert [(cell.index, cell.kind) for cell in loaded.cells[1:]] == [(n + 1, "code") for n in range(len(blocks))]
