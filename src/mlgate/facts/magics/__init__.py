"""A cell as IPython reads it: Python with the magics masked, and what the magics carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlgate.facts.magics import scripts
from mlgate.facts.magics.cell import Split, Splitter, bare_magic
from mlgate.limits import without_texts
from mlgate.model import Embedded, Fact, Kind, Unit, Value
from mlgate.regex import regex

__all__ = ["Split", "run_files", "split"]

# What may make a cell other than plain Python; where nothing of it is there, the cell is returned as it is.
_CANDIDATE = regex(
    r"^[ \t]*(?:[%!?,;/]|In ?\[|>>>|(?:pip3?|conda|mamba|micromamba|uv)[ \t])|=[ \t]*[%!]|\?[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
_SIGNS = (b"\n%", b"\n!", b"\n?", b"\n,", b"\n;", b"\n/", b"\nIn[", b"\n>>>", b"=%", b"=!", b"?\n", b"?;\n")
"""What stands in a candidate once blanks are taken out."""
_INSTALLERS = tuple(name + blank for name in (b"pip", b"pip3", b"conda", b"mamba", b"uv") for blank in (b" ", b"\t"))
_CELL_IN_PYTHON_OR_SHELL = regex(
    r"\s*(?:%%(?:python[23]?|pyspark|local|bash|sh|script|sql|writefile|file)|%(?:python|pyspark|sh|sql))(?:\s|$)"
)
_SEVERAL_LINES = regex(r"\s*\S.*\n\s*\S")
_RUN = regex(r"""(?:-[a-zA-Z]+\s+)*(?:["'](?P<quoted>[^"']+)["']|(?P<bare>[^\s"'-]\S*))""")
_SHELL_LANGUAGES = frozenset({"bash", "sh", "shell", "zsh", "shellscript"})


def split(cell: int, text: str, language: str) -> Split:
    """Takes a code cell apart. Lines and columns are those of the cell, through each part's LineMap.

    `cell` is the 0-based place in `Document.cells`. A text without magics comes back as it is. A Databricks source
    file comes back as it is too, with what its `# MAGIC` lines hold as embedded documents. Never raises.
    Source: IPython 9, core/inputtransformer2.py.
    """
    if language in _SHELL_LANGUAGES:
        return Split(None, embedded=(Embedded(Kind.SHELL, Unit(cell, text), origin="script"),))
    if language == "sql":
        return Split(None, embedded=(Embedded(Kind.SQL, Unit(cell, text), origin="magic"),))
    if language not in ("python", "ipython") and not _CELL_IN_PYTHON_OR_SHELL.match(text):
        return Split(None)
    if text.startswith(scripts.DATABRICKS):
        return scripts.databricks(cell, text)
    if text.startswith(scripts.JUPYTEXT):
        return scripts.jupytext(cell, text)
    if _is_plain(text):
        return Split(text)
    rows = text.split("\n")
    splitter = Splitter(cell, rows, [(number, 0) for number in range(1, len(rows) + 1)])
    splitter.read()
    return splitter.result()


def _is_plain(text: str) -> bool:
    if text.lstrip("\n")[:1].isspace() or _is_automagic(text):
        return False
    if not _has_signs(text):
        return True
    # What stands in a text is none: most docstrings with examples have lines that begin with `>>>`.
    return _CANDIDATE.search(text) is None or _CANDIDATE.search(without_texts(text)) is None


def _has_signs(text: str) -> bool:
    """Whether anything of a candidate is there, told without the expression, which takes ten times as long."""
    data = text.encode("utf-8", "surrogatepass")
    close = b"\n%s\n" % data.translate(None, b" \t")
    return any(sign in close for sign in _SIGNS) or any(name in data for name in _INSTALLERS)


def _is_automagic(text: str) -> bool:
    if _SEVERAL_LINES.match(text):
        return False
    stripped = text.strip()
    return "\n" not in stripped and bare_magic(stripped, alone=True) is not None


def run_files(facts: Iterable[Fact]) -> tuple[str, ...]:
    """What `%run` runs in the notebook's own names: paths relative to the notebook, always with a slash."""
    found = []
    for fact in facts:
        if fact.name == "IPython.run_line_magic" and fact.args["0"] == Value(("run",)):
            line = next((option for option in fact.args["1"].options if isinstance(option, str)), "")
            run = _RUN.match(line)
            if run is not None:
                path = run["quoted"] or run["bare"]
                found.append(path if "/" in path else f"./{path}")
    return tuple(found)
