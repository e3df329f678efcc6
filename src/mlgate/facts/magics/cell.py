"""One cell, read line by line as IPython reads it."""

from __future__ import annotations

import ast
import posixpath
import re
import warnings

from msgspec import Struct, field

from mlgate.facts.magics import tables
from mlgate.facts.magics.lines import Lexer, after_options, continuation
from mlgate.limits import beyond_bounds
from mlgate.model import Embedded, Fact, Kind, LineMap, Span, Template, Unit, Value
from mlgate.regex import regex

_CELL_MAGIC = regex(r"%%[ \t]*([^\s%]+)")
_LINE_MAGIC = regex(r"[ \t]*(%{1,2})[ \t]*([^\s]*)")
_SHELL = regex(r"[ \t]*!!?[ \t]*")
_ASSIGNED = regex(r"([^=#!%?]*[^=#!%?<>+\-*/&|^@:~\s]\s*=[ \t]*)(?:!|%[A-Za-z_])")
_CALLED = regex(r"[ \t]*([/,;])[ \t]*([A-Za-z_][\w.]*)[ \t]*(.*)")
_HELP = regex(r"[\w\]*.][ \t]*\?\??[ \t]*;?[ \t]*$")
_BARE = regex(r"[ \t]*([a-z_]\w*)[ \t]+([^\s=(\[.,:;+*/|&<>^%!][^\s=(\[,;]*)")
_CLASSIC_PROMPT = regex(r"^(?:>>>|\.\.\.)(?: |$)")
_PROMPT = regex(r"^[ \t]*(?:In ?\[\d+\]: ?|\.\.\.+: ?)")
_HOLE = regex(r"\{[^{}]*\}|\$\{?[A-Za-z_]\w*\}?")
_APPEND = regex(r"\s(?:-a|--append)(?:\s|$)")
_PROCESS_OPTIONS = regex(r"--(?:out|err|proc)(?:\s+|=)\S+|--[a-z-]+")
_FILE_KINDS = {
    **dict.fromkeys((".py", ".pyi", ".pyw", ".ipy"), Kind.PYTHON),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh"), Kind.SHELL),
    **dict.fromkeys((".yaml", ".yml", ".json", ".toml", ".ini", ".cfg", ".conf"), Kind.CONFIG),
    **dict.fromkeys((".sql", ".hql"), Kind.SQL),
    **dict.fromkeys((".md", ".rmd", ".qmd"), Kind.MARKDOWN),
    ".env": Kind.DOTENV,
    ".dockerfile": Kind.DOCKERFILE,
}
FILLER = "pass"
_ANYTHING = "get_ipython()"
"""Stands for the result of a magic: an expression of which nothing is known."""
_IMPORTS = regex(r"^(?:import|from)[ \t]+\w", re.MULTILINE)


class Split(Struct, frozen=True):
    """A code cell, taken apart."""

    python: str | None
    """The Python of the cell, with as many lines; None where the cell is in another language.

    A cell magic that nobody knows counts as Python: if that does not parse, the cell could not be read.
    """
    lines: LineMap | None = None
    """Where the lines of `python` stand in the cell; None: all where they were, at the same columns."""
    embedded: tuple[Embedded, ...] = ()
    facts: tuple[Fact, ...] = ()
    """In coordinates of the cell."""


class Splitter(Struct):
    cell: int
    rows: list[str]
    """The text as IPython takes it: without prompts and common indentation."""
    places: list[tuple[int, int]]
    """For each row: line of the cell, and what to add to a column."""
    python: list[str] = field(default_factory=list)
    python_places: list[tuple[int, int]] = field(default_factory=list)
    embedded: list[Embedded] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    is_python: bool = True

    def read(self) -> None:
        start = 0
        for _ in range(tables.MAX_STACKED):
            inside = self._body(start)
            if inside is None:
                return
            start = inside
        self._lines(start)

    def result(self) -> Split:
        moved = any(place != (number, 0) for number, place in enumerate(self.python_places, 1))
        return Split(
            "\n".join(self.python) if self.is_python else None,
            LineMap(tuple(self.python_places)) if moved and self.is_python else None,
            tuple(self.embedded),
            tuple(self.facts),
        )

    # --- cells ------------------------------------------------------------------------------------------------------

    def _body(self, start: int) -> int | None:
        """Reads the rows from `start` as a cell of their own, to their end or to the cell that is inside it."""
        self._strip(start)
        first = start
        while first < len(self.rows) and (not self.rows[first].strip() or self.rows[first].lstrip().startswith("#")):
            first += 1
        if first < len(self.rows):
            if magic := _CELL_MAGIC.match(self.rows[first]):
                self._keep(start, first)
                return self._cell_magic(first, magic[1], magic.end())
            if (magic := _LINE_MAGIC.match(self.rows[first])) and self._is_databricks(magic[2], first):
                self._keep(start, first)
                return self._databricks_cell(first, magic[2], magic.end())
        self._lines(start)
        return None

    def _strip(self, start: int) -> None:
        """Takes away what IPython takes away: indentation of the first row, and prompts."""
        first = start
        while first < len(self.rows) and not self.rows[first].strip():
            first += 1
        if first == len(self.rows):
            return
        if indent := _indent(self.rows[first]):
            for at in range(first, len(self.rows)):
                if self.rows[at].startswith(indent):
                    self._cut(at, len(indent))
        opening = self.rows[first]
        if _CLASSIC_PROMPT.match(opening) or self._second_has_prompt(first):
            self._strip_prompts(first, _CLASSIC_PROMPT)
        elif opening.startswith("In") and _PROMPT.match(opening):
            self._strip_prompts(first, _PROMPT)

    def _second_has_prompt(self, first: int) -> bool:
        """Unless it stands inside the first one's string, as in a docstring with examples."""
        lexer = Lexer()
        lexer.feed(self.rows[first])
        return lexer.at_start and first + 1 < len(self.rows) and bool(_CLASSIC_PROMPT.match(self.rows[first + 1]))

    def _strip_prompts(self, first: int, prompt: re.Pattern[str]) -> None:
        for at in range(first, len(self.rows)):
            if found := prompt.match(self.rows[at]):
                self._cut(at, found.end())

    def _cut(self, at: int, count: int) -> None:
        line, shift = self.places[at]
        self.rows[at] = self.rows[at][count:]
        self.places[at] = (line, shift + count)

    def _cell_magic(self, at: int, name: str, column: int) -> int | None:
        if name in tables.STATEMENTS:
            # `%%timeit` runs its line as a set-up, `%%time` instead of an empty body.
            self._statement(at, at + 1, column, tables.STATEMENTS[name], otherwise="")
            return at + 1
        if name in tables.WRITERS:
            self._written(at, column)
        elif name == "script":
            self._script(at, self.rows[at][column:])
        elif name in tables.SHELL_CELLS:
            self._other(Kind.SHELL, at + 1, "shell")
        elif name in tables.PYTHON_PROCESSES:
            self._other(Kind.PYTHON, at + 1, "magic")
        elif name in tables.SQL:
            # The line may name the database: `%%sql postgresql://…`.
            self._other(Kind.SQL, at, "magic", column)
        elif name in tables.TEXTS or (name == "cython" and not parses("\n".join(self.rows[at + 1 :]))):
            self._other(Kind.TEXT, at + 1, "magic")
        else:
            self._call(at, name, column)
            self._blank(at, at + 1)
            return at + 1
        return None

    def _is_databricks(self, name: str, at: int) -> bool:
        """`%sh` and its like, which Databricks puts before a whole cell; IPython has no such line magics but `%sql`."""
        if name == "sql":
            below = "\n".join(self.rows[at + 1 :])
            return bool(below.strip()) and not parses(below)
        return name in tables.DATABRICKS

    def _databricks_cell(self, at: int, name: str, column: int) -> int | None:
        if name in ("python", "pyspark"):
            self._statement(at, at + 1, column, "", otherwise="")
            return at + 1
        kind = {"sh": Kind.SHELL, "sql": Kind.SQL}.get(name, Kind.TEXT)
        self._other(kind, at, "shell" if name == "sh" else "magic", _after_blanks(self.rows[at], column))
        return None

    def _script(self, at: int, rest: str) -> None:
        words = _PROCESS_OPTIONS.sub("", rest).split()
        program = next((name for name in map(posixpath.basename, words) if name != "env"), "")
        if program.rstrip("0123456789.") in ("python", "pypy", "ipython"):
            self._other(Kind.PYTHON, at + 1, "magic")
        else:
            is_shell = program in tables.SHELL_CELLS
            self._other(Kind.SHELL if is_shell else Kind.TEXT, at + 1, "shell" if is_shell else "magic")

    def _written(self, at: int, column: int) -> None:
        path = _APPEND.sub(" ", self.rows[at][column:]).strip().strip("'\"")
        kind = _kind_of(path, self.rows[at + 1] if at + 1 < len(self.rows) else "")
        if kind is Kind.TEXT and re.search(r"[${]", posixpath.basename(path)):
            # `%%writefile $SCRIPT`: only the text tells what it is.
            body = "\n".join(self.rows[at + 1 :])
            kind = Kind.PYTHON if _IMPORTS.search(body) and parses(body) else kind
        self._other(kind, at + 1, "writefile", path=path)

    def _other(self, kind: Kind, start: int, origin: str, column: int = 0, path: str = "") -> None:
        """The rows from `start`, `column` are in another language than the cells around."""
        # A comment above the cell magic is all the Python there can be.
        self.is_python = any(row.strip() for row in self.python if not row.lstrip().startswith("#"))
        self._blank(len(self.python), len(self.rows))
        self._embed(kind, start, len(self.rows), column, origin, path)

    # --- lines ------------------------------------------------------------------------------------------------------

    def _lines(self, at: int) -> None:
        alone = sum(1 for row in self.rows[at:] if row.strip()) == 1
        lexer = Lexer()
        opened = at
        while at < len(self.rows):
            if lexer.at_start:
                opened = at
                end = self._magic(at, alone)
                if end > at:
                    at = end
                    continue
            lexer.feed(self.rows[at])
            self._keep(at, at + 1)
            if lexer.asks_for_help and _HELP.search(self.rows[at]):
                self._replace(opened, at + 1)
            at += 1

    def _magic(self, at: int, alone: bool) -> int:
        """Reads the magic that stands at `at`; the row behind it, or `at` where there is none."""
        row = self.rows[at]
        start = row.lstrip(" \t")[:1]
        if start == "%" and (magic := _LINE_MAGIC.match(row)):
            return self._line_magic(at, magic[2], magic.start(2), magic.end())
        if start == "!" and (shell := _SHELL.match(row)):
            return self._shell(at, shell.end())
        if start == "?":
            self._mask(at, at + 1)
            return at + 1
        if start in ("/", ",", ";") and start and (called := _CALLED.match(row)):
            return self._called(at, called)
        if assigned := _ASSIGNED.match(row):
            return self._assigned(at, assigned.end(1))
        if bare := bare_magic(row, alone):
            return self._line_magic(at, bare[1], bare.start(1), bare.end(1))
        return at

    def _line_magic(self, at: int, name: str, name_column: int, column: int) -> int:
        end = continuation(self.rows, at)
        if name in tables.STATEMENTS:
            self._statement(at, end, column, tables.STATEMENTS[name], otherwise=FILLER)
            return end
        self._carried(at, end, name, name_column, column)
        self._mask(at, end)
        return end

    def _carried(self, at: int, end: int, name: str, name_column: int, column: int) -> None:
        """What a line magic that runs no Python holds."""
        if name in tables.PROGRAMS or name in tables.ALIASES:
            self._embed(Kind.SHELL, at, end, name_column, "magic")
        elif name in tables.SHELL:
            self._embed(Kind.SHELL, at, end, _after_blanks(self.rows[at], column), "shell")
        elif name in ("env", "set_env"):
            self._environment(at, column)
        elif name in tables.SQL:
            self._embed(Kind.SQL, at, end, _after_blanks(self.rows[at], column), "magic")
        else:
            self._call(at, name, column)

    def _shell(self, at: int, column: int) -> int:
        end = continuation(self.rows, at)
        self._embed(Kind.SHELL, at, end, column, "shell")
        self._mask(at, end)
        return end

    def _assigned(self, at: int, column: int) -> int:
        """`x = !command` and `x = %magic …`; `column` is that of the sign."""
        row = self.rows[at]
        target = row[:column]
        if not parses(target.strip() + " 0"):
            return at
        end = continuation(self.rows, at)
        result = target + _ANYTHING
        if row[column] == "!":
            self._embed(
                Kind.SHELL,
                at,
                end,
                _after_blanks(row, column + len(row[column:]) - len(row[column:].lstrip("!"))),
                "shell",
            )
        elif magic := _LINE_MAGIC.match(row, column):
            name = magic[2]
            if name in tables.STATEMENTS:
                code = magic.end() + after_options(row[magic.end() :], tables.STATEMENTS[name])
                padded = target + " " * (code - column) + row[code:]
                if parses("\n".join([padded.strip(), *self.rows[at + 1 : end]])):
                    self._put(at, padded)
                    self._keep(at + 1, end)
                    return end
            self._carried(at, end, name, magic.start(2), magic.end())
        self._put(at, result)
        self._blank(at + 1, end)
        return end

    def _statement(self, at: int, end: int, column: int, letters: str, otherwise: str) -> None:
        """The Python behind a magic moves to the magic's own column, if it is Python."""
        row = self.rows[at]
        code = _after_blanks(row, column + after_options(row[column:], letters))
        if not row[code:].strip() or not parses("\n".join([row[code:], *self.rows[at + 1 : end]])):
            self._put(at, _indent(row) + otherwise if otherwise else "")
            self._blank(at + 1, end)
            return
        indent = _indent(row)
        self._put(at, indent + row[code:], code - len(indent))
        self._keep(at + 1, end)

    def _called(self, at: int, called: re.Match[str]) -> int:
        """`/f a b`, `,f a b` and `;f a b`: calls without brackets."""
        sign, function, rest = called[1], called[2], called[3].strip()
        arguments = [rest] if sign == ";" else rest.split()
        if sign != "/":
            arguments = [repr(argument) for argument in arguments]
        code = f"{function}({', '.join(arguments)})"
        if not parses(code):
            return at
        indent = _indent(self.rows[at])
        self._put(at, indent + code, called.start(2) - len(indent))
        return at + 1

    def _environment(self, at: int, column: int) -> None:
        row = self.rows[at]
        rest = row[column:].strip()
        name, sign, value = rest.partition("=" if "=" in rest else " ")
        name, value = name.strip(), value.strip()
        if sign and name:
            start = row.index(rest, column)
            span = self._span(at, start, start + len(rest))
            self.facts.append(Fact("setting", f"env:{name}", span, attributes={"value": _value(value)}))

    def _call(self, at: int, name: str, column: int) -> None:
        row = self.rows[at]
        rest = row[column:].strip()
        span = self._span(at, len(_indent(row)), max(column, len(row.rstrip())))
        args = {"0": Value((name,)), "1": _value(rest)}
        self.facts.append(Fact("call", "IPython.run_line_magic", span, args=args))

    # --- output -----------------------------------------------------------------------------------------------------

    def _span(self, at: int, start: int, end: int) -> Span:
        """From column `start` to `end`, 0-based, of the row."""
        line, shift = self.places[at]
        return Span(self.cell, line, start + shift + 1, line, end + shift + 1)

    def _embed(self, kind: Kind, start: int, end: int, column: int, origin: str, path: str = "") -> None:
        rows = [self.rows[at][column if at == start else 0 :] for at in range(start, end)]
        shifts = [column if at == start else 0 for at in range(start, end)]
        if not rows or not any(row.strip() for row in rows):
            return
        places = tuple((line, shift + more) for (line, shift), more in zip(self.places[start:end], shifts, strict=True))
        unit = Unit(self.cell, "\n".join(rows), LineMap(places))
        self.embedded.append(Embedded(kind, unit, path, origin))

    def _put(self, at: int, code: str, shift: int = 0) -> None:
        line, own = self.places[at]
        self.python.append(code)
        self.python_places.append((line, own + shift))

    def _keep(self, start: int, end: int) -> None:
        self.python += self.rows[start:end]
        self.python_places += self.places[start:end]

    def _blank(self, start: int, end: int) -> None:
        for at in range(start, end):
            self.python.append("")
            self.python_places.append((self.places[at][0], 0))

    def _mask(self, start: int, end: int) -> None:
        """A statement that does nothing, where the magic stood: it may be all there is in a block."""
        self._put(start, _indent(self.rows[start]) + FILLER)
        self._blank(start + 1, end)

    def _replace(self, start: int, end: int) -> None:
        del self.python[start:], self.python_places[start:]
        self._mask(start, end)


# --- questions to a text --------------------------------------------------------------------------------------------


def parses(code: str) -> bool:
    if beyond_bounds(code):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def bare_magic(row: str, alone: bool) -> re.Match[str] | None:
    """`pip install x` without a sign; alone in its cell also `time f()` and `run x.py`. None: it is Python."""
    bare = _BARE.match(row)
    if bare is None:
        return None
    name = bare[1]
    if bare[2] in tables.INSTALLS.get(name, "").split():
        return bare
    # `time in x` and its like are Python.
    if alone and name in tables.AUTOMAGIC and not parses(row.strip()):
        return bare
    return None


def _kind_of(path: str, first_row: str) -> Kind:
    """What `%%writefile` writes, by the file's name, else by its first line."""
    name = posixpath.basename(path).lower()
    suffix = posixpath.splitext(name)[1]
    if name.startswith(("dockerfile", "containerfile")):
        return Kind.DOCKERFILE
    if name == ".env" or name.startswith(".env."):
        return Kind.DOTENV
    if suffix in (".txt", ".in") and ("requirement" in name or "constraint" in name):
        return Kind.REQUIREMENTS
    if suffix in _FILE_KINDS:
        return _FILE_KINDS[suffix]
    if first_row.startswith("#!"):
        return Kind.PYTHON if "python" in first_row else Kind.SHELL if re.search(r"\b\w*sh\b", first_row) else Kind.TEXT
    return Kind.TEXT


def _value(text: str) -> Value:
    """A magic's argument, in which IPython replaces `{name}` and `$name`."""
    parts: list[str | None] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts += [text[at : hole.start()], None]
        at = hole.end()
    if not parts:
        return Value((text,))
    return Value((Template(tuple(part for part in (*parts, text[at:]) if part != "")),))


def _indent(row: str) -> str:
    return row[: len(row) - len(row.lstrip(" \t"))]


def _after_blanks(row: str, column: int) -> int:
    return len(row) - len(row[column:].lstrip(" \t"))
