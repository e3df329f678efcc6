"""A document's facts: each cell to the extractor of its language, embedded documents followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from mlgate.detectors import Detector
from mlgate.facts import foreign, ignores, magics, python, secret, shell
from mlgate.limits import MAX_EMBEDDING
from mlgate.model import (
    Cell,
    Document,
    Embedded,
    Extraction,
    Fact,
    Kind,
    LineMap,
    Problem,
    Project,
    Span,
    Unit,
    Value,
    Vocabulary,
)
from mlgate.modules import Modules, Written
from mlgate.redact import redacted
from mlgate.regex import regex

_WORD = regex(r"\w+")
_NAME_IN_SHELL = regex(r"[{$]\{?([A-Za-z_]\w*)")


def extract(
    document: Document, vocabulary: Vocabulary, project: Project, detectors: Sequence[Detector]
) -> tuple[Fact, ...]:
    """Everything that is there, in document order; spans in the coordinates of the document's cells."""
    facts = sorted(_Extractor(document, vocabulary, project, detectors).facts(), key=_order)
    # Secrets are found even where no rule asks for them: to keep them out of the other facts.
    return tuple(
        fact for fact in redacted(facts, document.cells, detectors) if fact.kind != "secret" or vocabulary.secrets
    )


def problem_fact(problem: Problem) -> Fact:
    """The fact that something could not be read."""
    span = Span(problem.cell or 0, 1, 1, 1, 1)
    return Fact("input", problem.name, span, attributes={"detail": Value((problem.detail,))})


def _order(fact: Fact) -> tuple[Span, str, str]:
    return (fact.span, fact.kind, fact.name)


class _Extractor:
    def __init__(
        self, document: Document, vocabulary: Vocabulary, project: Project, detectors: Sequence[Detector]
    ) -> None:
        self.document = document
        self.path = document.source.path
        self.vocabulary = vocabulary
        self.project = project
        self.detectors = detectors
        self.wanted: frozenset[str] = frozenset()
        """Names of the module that shell lines mention."""
        self.constants: Mapping[str, str] = {}
        self.runs: tuple[str, ...] = ()
        """Files that `%run` ran into the module."""

    def facts(self) -> Iterator[Fact]:
        document = self.document
        yield from map(problem_fact, document.problems)
        yield from secret.extract(tuple(enumerate(document.cells)), self.detectors, self.path).facts
        units: list[Unit] = []
        embedded: list[Embedded] = []
        for place, cell in enumerate(document.cells):
            if cell.kind == "code" or (cell.kind == "file" and document.source.kind is Kind.PYTHON):
                split = magics.split(place, cell.text, cell.language)
                yield from split.facts
                self.runs += magics.run_files(split.facts)
                embedded.extend(split.embedded)
                if split.python is None and not split.embedded:
                    yield from foreign.extract([Unit(place, cell.text)], self.vocabulary).facts
                if split.python is not None:
                    units.append(Unit(place, split.python, split.lines))
            elif cell.kind == "file":
                yield from self._read(document.source.kind, [Unit(place, cell.text)], self.path, "", 0)
        written = {one.path: one.unit.text for one in embedded if one.kind is Kind.PYTHON and one.path}
        if written:
            self.project = Written(self.project, Modules(self.vocabulary), written)
        if units:
            shell = " ".join(one.unit.text for one in embedded if one.kind is Kind.SHELL)
            self.wanted = frozenset(_NAME_IN_SHELL.findall(shell))
            maps = {unit.cell: unit.lines for unit in units}
            texts = {unit.cell: unit.text for unit in units}
            for fact in self._read(Kind.PYTHON, units, self.path, "", 0):
                yield _translated(fact, maps[fact.span.cell])
                if fact.kind == "input" and fact.name.startswith(("unparsed", "hidden")):
                    # It may be another language, and rules that need only text still run.
                    for one in foreign.extract([Unit(fact.span.cell, texts[fact.span.cell])], self.vocabulary).facts:
                        yield _translated(one, maps[fact.span.cell])
        yield from self._followed(embedded, 1)

    def _read(self, kind: Kind, units: Sequence[Unit], path: str, origin: str, depth: int) -> Iterator[Fact]:
        """Facts of units of one kind, in cell coordinates; what they embed is read in turn."""
        extraction = self._extract(kind, units, path, origin)
        if depth == 0:
            self.constants = extraction.constants
        # Several units may stand in one cell: what they say is told apart by the lines of each.
        for fact in (*extraction.facts, *ignores.extract(kind, units)):
            if not (fact.kind == "input" and fact.name == "unparsed" and depth > 1):
                yield self._named(fact, units)
        yield from self._followed(extraction.embedded, depth + 1)

    def _followed(self, embedded: Iterable[Embedded], depth: int) -> Iterator[Fact]:
        """The shell lines of a document are one script: a clone in one cell is checked out in the next."""
        script: dict[str, list[Embedded]] = {}
        for one in embedded:
            if depth > MAX_EMBEDDING:
                detail = f"code inside code inside code, more than {MAX_EMBEDDING} deep"
                yield _translated(
                    Fact("input", "too-deep", Span(one.unit.cell, 1, 1, 1, 1), attributes={"detail": Value((detail,))}),
                    one.unit.lines,
                )
            elif one.kind is Kind.SHELL and not one.path:
                script.setdefault(one.origin, []).append(one)
            else:
                yield from self._inside([one], depth)
        for group in script.values():
            yield from self._inside(group, depth)

    def _inside(self, group: Sequence[Embedded], depth: int) -> Iterator[Fact]:
        """Facts of embedded documents that belong together, back in the coordinates of their cells.

        Each is read under a number of its own, since several may stand in one cell.
        """
        first = group[0]
        units = [Unit(number, one.unit.text) for number, one in enumerate(group)]
        for fact in self._read(first.kind, units, first.path or self.path, first.origin, depth):
            holder = group[fact.span.cell].unit
            yield replace(
                translated := _translated(fact, holder.lines),
                span=replace(translated.span, cell=holder.cell),
            )

    def _extract(self, kind: Kind, units: Sequence[Unit], path: str, origin: str) -> Extraction:
        # What a commit of Python has no use for is imported where it is met.
        match kind:
            case Kind.PYTHON if self.vocabulary.only_texts:
                return Extraction(tuple(python.unread(units)))
            case Kind.PYTHON:
                runs = self.runs if path == self.path else ()
                return python.extract(units, self.vocabulary, self.project, path, self.wanted, runs)
            case Kind.SHELL:
                constants = self.constants if origin in ("magic", "shell") else {}
                return shell.extract(units, self.vocabulary, origin or "script", constants)
            case Kind.DOCKERFILE:
                from mlgate.facts import dockerfile

                return dockerfile.extract(units, self.vocabulary)
            case Kind.DOTENV:
                from mlgate.facts import dotenv

                return dotenv.extract(units, self.vocabulary)
            case Kind.REQUIREMENTS:
                from mlgate.facts import requirements

                return requirements.extract(units, self.vocabulary)
            case Kind.CONFIG:
                from mlgate.facts import config

                return config.extract(units, self.vocabulary, path)
            case Kind.SQL:
                return Extraction(tuple(_sql(unit) for unit in units if unit.text.strip()))
            case Kind.TEXT if origin == "magic":
                return foreign.extract(units, self.vocabulary)
            case Kind.MARKDOWN | Kind.TEXT | Kind.NOTEBOOK | Kind.BINARY:
                return Extraction(())

    def _named(self, fact: Fact, units: Sequence[Unit]) -> Fact:
        """In a notebook it is a cell that does not parse; one that holds what a grave rule looks for is hidden code."""
        if fact.kind != "input" or fact.name != "unparsed" or self.document.source.kind is not Kind.NOTEBOOK:
            return fact
        text = next(unit.text for unit in units if unit.cell == fact.span.cell)
        return replace(fact, name="hidden-code" if self._is_grave(text) else "unparsed-cell")

    def _is_grave(self, text: str) -> bool:
        words = frozenset(_WORD.findall(text))
        return any(words.issuperset(trigger) for trigger in self.vocabulary.grave)


def _sql(unit: Unit) -> Fact:
    lines = unit.text.split("\n")
    span = Span(unit.cell, 1, 1, len(lines), len(lines[-1]) + 1)
    return Fact("string", unit.text, span, attributes={"use": Value(("sql",))})


def _translated(fact: Fact, lines: LineMap | None) -> Fact:
    if lines is None:
        return fact
    span = fact.span
    line, column = _place(lines, span.line, span.column)
    end_line, end_column = _place(lines, span.end_line, span.end_column)
    if (end_line, end_column) < (line, column):
        end_line, end_column = line, column
    return replace(fact, span=Span(span.cell, line, column, end_line, end_column))


def _place(lines: LineMap, line: int, column: int) -> tuple[int, int]:
    at, shift = lines.lines[min(line, len(lines.lines)) - 1]
    return at, max(1, column + shift)


def cells_of(document: Document) -> int:
    """How many cells a person would count; a plain file has none."""
    return len({cell.index for cell in document.cells if cell.index and cell.kind in ("code", "markdown", "raw")})


__all__ = ["Cell", "cells_of", "extract", "problem_fact"]
