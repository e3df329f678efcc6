"""Python: calls, references, imports, classes, strings and settings, resolved to the names of their libraries."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator, Sequence

from msgspec.structs import replace

from mlgate.facts.python import bigquery, comments
from mlgate.facts.python.calls import arguments, restricts, targets, with_partial
from mlgate.facts.python.commands import SHELLS, embedded
from mlgate.facts.python.expressions import pieces
from mlgate.facts.python.known import merge, told
from mlgate.facts.python.names import names_of
from mlgate.facts.python.options import command_line_options
from mlgate.facts.python.origins import OWN, Origins, in_repository
from mlgate.facts.python.outlines import outline
from mlgate.facts.python.relevance import Relevance
from mlgate.facts.python.scopes import Here, Outline, Site, is_there
from mlgate.facts.python.searches import Searches
from mlgate.facts.python.settings import settings
from mlgate.facts.python.texts import plain
from mlgate.facts.python.trees import parsed, recovered
from mlgate.facts.python.values import Evaluator
from mlgate.facts.python.wrappers import handed_on
from mlgate.model import (
    Confidence,
    Embedded,
    Extraction,
    Fact,
    Items,
    Local,
    Project,
    Ref,
    Span,
    Unit,
    Value,
    Vocabulary,
)
from mlgate.patterns import search
from mlgate.regex import regex

_PATH_LIKE = regex(r"(path|model|repo|name|dir|checkpoint|file|uri|adapter|pretrained|dataset|source|id$)")
_TO_FILL_IN = regex(r"<[^>]*>|<<|>>")
"""`<YOUR BUCKET>`: not what will stand there, and it breaks the shell line that it is put into."""


def extract(
    units: Sequence[Unit],
    vocabulary: Vocabulary,
    project: Project,
    path: str,
    wanted: Collection[str] = (),
    runs: Sequence[str] = (),
) -> Extraction:
    """Facts of Python units that share one module scope; spans in the coordinates of each unit's text.

    A unit that does not parse becomes an `input` fact and takes nothing from the others. `wanted` are the module's
    names whose constant texts are asked for; `runs` the files whose names `%run` brings into it.
    """
    facts: list[Fact] = []
    trees: list[tuple[int, ast.Module]] = []
    columns: list[_Columns] = []
    for place, unit in enumerate(units):
        columns.append(_Columns(unit))
        tree = parsed(unit.text)
        if isinstance(tree, ast.Module):
            trees.append((place, tree))
        else:
            facts.append(_input_fact(unit, *tree))
            rest = recovered(unit.text)
            if rest is not None:
                trees.append((place, rest))
        facts.extend(_comments(unit))
    found = outline(trees)
    found.module.stars += runs
    reader = _Reader(found, columns, vocabulary, project, path)
    facts.extend(reader.facts())
    extraction = Extraction(tuple(facts), tuple(reader.embedded()), reader.constants(wanted))
    found.close()
    return extraction


def unread(units: Sequence[Unit]) -> Iterator[Fact]:
    """`input` facts of the units that do not parse, for whoever needs no more."""
    for unit in units:
        tree = parsed(unit.text)
        if not isinstance(tree, ast.Module):
            yield _input_fact(unit, *tree)


def _input_fact(unit: Unit, name: str, line: int, detail: str) -> Fact:
    return Fact("input", name, Span(unit.cell, line, 1, line, 1), attributes={"detail": Value((detail,))})


def _comments(unit: Unit) -> Iterator[Fact]:
    for line, column, address in comments.addresses(unit.text):
        span = Span(unit.cell, line, column, line, column + len(address))
        yield Fact("string", address, span, attributes={"use": Value(("comment",))})


class _Columns:
    """ast counts UTF-8 bytes from 0; we count code points from 1."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.ascii = unit.text.isascii()
        self._lines: list[bytes] | None = None

    def span(self, node: ast.AST) -> Span:
        line = getattr(node, "lineno", 1)
        end_line = getattr(node, "end_lineno", None) or line
        column = self._column(line, getattr(node, "col_offset", 0))
        end = self._column(end_line, getattr(node, "end_col_offset", None) or 0)
        return Span(self.unit.cell, line, column, end_line, end)

    def _column(self, line: int, offset: int) -> int:
        if self.ascii:
            return offset + 1
        if self._lines is None:
            # NOTE: only what ast itself takes for a line end; str.splitlines() knows seven more.
            self._lines = re.split(rb"\r\n|\r|\n", self.unit.text.encode("utf-8", "surrogatepass"))
        if line > len(self._lines):
            return offset + 1
        return len(self._lines[line - 1][:offset].decode("utf-8", "replace")) + 1


class _Reader:
    """One document, read for one vocabulary."""

    def __init__(
        self, found: Outline, columns: list[_Columns], vocabulary: Vocabulary, project: Project, path: str
    ) -> None:
        self.outline = found
        self.columns = columns
        self.vocabulary = vocabulary
        self.project = project
        self.names = names_of(vocabulary.calls)
        self.libraries = frozenset(found.libraries)
        wanted = frozenset(self.names.lasts)
        libraries = frozenset(self.names.roots)
        relevance = Relevance(found, project, path, self.names)
        evaluator = Evaluator(found, project, path, relevance, wanted, libraries)
        options = command_line_options(found, evaluator)
        # The defaults of options are read without options; everything else is read with them.
        self.evaluator = (
            Evaluator(found, project, path, relevance, wanted, libraries, options) if options else evaluator
        )
        self.shells = Relevance(found, project, path, SHELLS)
        self.origins = Origins(found, self.evaluator, project, posixpath.dirname(path))
        self.partials = {
            id(site.node.args[0]): site
            for site in found.calls_of("partial")
            if isinstance(site.node, ast.Call) and site.node.args
        }
        """`functools.partial` calls by what they wrap."""

    def facts(self) -> Iterator[Fact]:
        seen: set[tuple[str, Span]] = set()
        relevant = filter(self.evaluator.relevance.may_end_in, self.outline.called)
        for site in self.outline.calls_of(*relevant):
            for fact in self._call(site):
                if (fact.name, fact.span) not in seen:
                    seen.add((fact.name, fact.span))
                    yield fact
        for site in self.outline.references:
            yield from self._reference(site)
        yield from self._imports()
        yield from self._classes()
        yield from self._strings()
        yield from self._tables()
        yield from settings(self.outline, self.evaluator, self._span)

    def embedded(self) -> Iterator[Embedded]:
        return embedded(self.outline, self.evaluator, self.shells, [column.unit for column in self.columns])

    def constants(self, wanted: Collection[str]) -> dict[str, str]:
        """Texts that names of the module always stand for."""
        module = self.outline.module
        found: dict[str, str] = {}
        for name in wanted:
            known = merge(self.evaluator.bound(binding, 0) for binding in module.bindings.get(name, ()))
            match known.options:
                case (str(text),) if not known.unknown and not _TO_FILL_IN.search(text):
                    found[name] = text
        return found

    def _span(self, unit: int, node: ast.AST) -> Span:
        return self.columns[unit].span(node)

    # -- calls

    def _call(self, site: Site) -> Iterator[Fact]:
        node = site.node
        assert isinstance(node, ast.Call)
        reached = list(targets(node.func, site.here, self.evaluator, self.names, self.libraries))
        if not reached:
            return
        given, is_open = arguments(node, site.here, self.evaluator)
        origin, loaded = self.origins.of(node, site.here)
        span = self._span(site.here.unit, node)
        for target in reached:
            handed: frozenset[str] = frozenset()
            may_have_more = is_open
            if target.sink is None:
                args = with_partial(target, given, self.evaluator)
            else:
                args, may_have_more, handed = handed_on(target, given, is_open)
            args = self._with_local({name: told(value) for name, value in args.items()}, node, site.here)
            confidence, why = target.confidence, target.why
            if origin == OWN:
                confidence, why = min(confidence, Confidence.MEDIUM), why or "this file wrote what it loads"
            attributes = {"origin": Value((origin,))}
            if loaded:
                attributes["asset"] = Value(loaded)
            if restricts(target.owner):
                attributes["receiver-restricts"] = Value((True,))
            if target.name.startswith("?."):
                attributes["libraries"] = Value((Items(tuple(Value((one,)) for one in sorted(self.libraries))),))
            yield Fact("call", target.name, span, args, attributes, may_have_more, confidence, why, handed)

    def _with_local(self, args: dict[str, Value], node: ast.Call, here: Here) -> dict[str, Value]:
        """The same arguments, with texts that are known to be paths on this machine marked as such."""
        given: dict[str, ast.expr] = {str(place): one for place, one in enumerate(node.args)}
        given.update({keyword.arg: keyword.value for keyword in node.keywords if keyword.arg})
        changed = dict(args)
        for name, value in args.items():
            if not name.isdigit() and not _PATH_LIKE.search(name):
                continue
            expression = given.get(name)
            if expression is not None and is_there(self.outline, expression, here):
                changed[name] = Value((Local("{…}"),))
                continue
            if expression is not None and not value.options and self.origins.is_local(expression, here):
                changed[name] = replace(value, options=(Local("{…}"),), unknown="")
                continue
            options = tuple(
                Local(text)
                if isinstance(text, str)
                and (
                    in_repository(text, self.origins.folder, self.project)
                    or self.origins.is_own(ast.Constant(text), here, text)
                )
                else text
                for text in value.options
            )
            if options != value.options:
                changed[name] = replace(value, options=options)
        return changed

    def _reference(self, site: Site) -> Iterator[Fact]:
        node = site.node
        assert isinstance(node, ast.expr)
        last = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if last[:1].isupper() or not self.evaluator.relevance.may_end_in(last):
            return  # A class that is passed on is most often a type, not a load.
        for target in targets(node, site.here, self.evaluator, self.names, self.libraries):
            if target.name.startswith("?.") or target.name.rpartition(".")[2][:1].isupper():
                continue
            yield Fact(
                "call",
                target.name,
                self._span(site.here.unit, node),
                self._bound(node),
                attributes={"reference": Value((True,)), "origin": Value(("unknown",))},
                open=True,
                confidence=Confidence.MEDIUM,
                why="it is handed on here and called elsewhere",
            )

    def _bound(self, node: ast.expr) -> dict[str, Value]:
        """What `functools.partial(node, …)` binds already; nothing where `node` is handed on otherwise."""
        site = self.partials.get(id(node))
        if site is None:
            return {}
        assert isinstance(site.node, ast.Call)
        given, _ = arguments(site.node, site.here, self.evaluator)
        return {str(int(name) - 1) if name.isdigit() else name: value for name, value in given.items() if name != "0"}

    # -- imports, classes, strings

    def _imports(self) -> Iterator[Fact]:
        names = names_of(self.vocabulary.imports)
        if not self.vocabulary.imports:
            return
        for site in self.outline.imports:
            node = site.node
            if isinstance(node, ast.Import):
                dotted = [alias.name for alias in node.names]
            else:
                assert isinstance(node, ast.ImportFrom)
                dotted = (
                    [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
                    if not node.level
                    else []
                )
            for name in dict.fromkeys(dotted):
                if names.asks_for(name):
                    yield Fact("import", name, self._span(site.here.unit, node))

    def _classes(self) -> Iterator[Fact]:
        if not self.vocabulary.classes:
            return
        names = names_of(self.vocabulary.classes)
        for site in self.outline.classes:
            node = site.node
            assert isinstance(node, ast.ClassDef)
            for base in node.bases:
                for option in self.evaluator.known(base, site.here).options:
                    if isinstance(option, Ref) and names.asks_for(option.name):
                        yield Fact("class", option.name, self._span(site.here.unit, base))

    def _strings(self) -> Iterator[Fact]:
        searches = Searches.of(self.vocabulary.searches or tuple(map(search, self.vocabulary.strings)))
        if not searches:
            return
        written = [_written(site.node) for site in self.outline.strings]
        # Two texts in three say what they are: what none of them together can hold is not sought in each.
        in_written = searches.within(text for text in written if text is not None)
        for site, text in zip(self.outline.strings, written, strict=True):
            node = site.node
            assert isinstance(node, ast.expr)
            if text is not None:
                if text and in_written and in_written.meet(text):
                    yield self._string(site, text, ())
                continue
            found = [
                text
                for option in self.evaluator.known(node, site.here).options
                if (isinstance(option, (str, Local)) or hasattr(option, "parts"))
                and (text := plain(option))
                and searches.meet(text)
            ]
            if found:
                base = self._base(node, site.here, searches)
                yield from (self._string(site, text, base) for text in found)

    def _string(self, site: Site, text: str, base: tuple[str, ...]) -> Fact:
        attributes = {"use": Value((site.use,))}
        if site.keyword:
            attributes["keyword"] = Value((site.keyword,))
        if site.callee is not None:
            attributes["callee"] = Value((_dotted(site.callee),))
        if base:
            attributes["base"] = Value(base)
        return Fact("string", text, self._span(site.here.unit, site.node), attributes=attributes)

    def _tables(self) -> Iterator[Fact]:
        for site, address in bigquery.tables(self.outline, self.evaluator):
            yield Fact("string", address, self._span(site.here.unit, site.node), attributes={"use": Value((site.use,))})

    def _base(self, node: ast.expr, here: Here, searches: Searches) -> tuple[str, ...]:
        """Texts that names bring into this one and that are facts themselves where those names are set."""
        found = []
        for part in _brought_in(node):
            if not isinstance(part, ast.Constant):
                texts = (plain(one) for one in self.evaluator.value(part, here).options)
                found += [text for text in texts if text and searches.meet(text)]
        return tuple(dict.fromkeys(found))


def _written(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(str() as text):
            return text
        case ast.Constant(bytes() as raw):
            return raw.decode("latin-1")
    return None


def _brought_in(node: ast.expr) -> list[ast.expr]:
    """The parts of a text that names and calls bring in."""
    match node:
        case ast.JoinedStr(parts):
            return [part.value for part in parts if isinstance(part, ast.FormattedValue)]
        case ast.BinOp(_, ast.Add() | ast.Mod() | ast.Div()):
            return [one for piece in pieces(node) for one in (_brought_in(piece) or [piece])]
        case ast.Call(ast.Attribute(_, "format"), arguments, keywords):
            return [*arguments, *(keyword.value for keyword in keywords)]
    return []


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "…"
