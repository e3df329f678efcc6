"""One file from its bytes to its findings; what every worker runs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlgate import __version__, codec, documents, ignoring, screen
from mlgate.cache import Cache
from mlgate.cascade import ANYWHERE, Here, params_for
from mlgate.extract import cells_of, extract, problem_fact
from mlgate.facts.secret import find, mask_text
from mlgate.findings import findings
from mlgate.governance import Change
from mlgate.law import Law
from mlgate.match import Circumstances, Index, Match, match, references
from mlgate.model import Asset, Cell, Document, Fact, Finding, Kind, Problem, Project, Rule, Source, Value, Version
from mlgate.project import Recorder, answers_hold
from mlgate.reexports import Reexports

_TEXT_KINDS = frozenset([Kind.TEXT, Kind.MARKDOWN, Kind.SQL])


@dataclass(frozen=True, slots=True)
class Result:
    """What one file holds. Plain data: it travels between processes."""

    path: str
    findings: tuple[Finding, ...] = ()
    assets: tuple[Asset, ...] = ()
    cells: int = 0
    unread: bool = False
    """Whether the whole file could not be read as what it is."""


@dataclass(slots=True)
class Examiner:
    """Judges files of one tree by one law."""

    law: Law
    project: Project
    reexports: Reexports
    """Of the same tree; with them the screen."""
    cache: Cache
    today: int
    """Number of the day, for the age of cache entries."""
    here: Here = ANYWHERE
    """Repository and branch: parameters may differ by them."""
    _index: Index = field(init=False)

    def __post_init__(self) -> None:
        self._index = Index(self.law.rules.values())

    def examine(self, source: Source) -> Result:
        """Every way in which the file cannot be read is a finding."""
        if not self._is_admitted(source):
            return Result(source.path, cells=0)
        key = self._key(source)
        stored = self._stored(key)
        document: Document | None = None
        if stored is not None:
            facts, cells, unread = stored
        else:
            document = _load(source)
            recorder = Recorder(self.project)
            facts = extract(document, self.law.vocabulary, recorder, self.law.detectors)
            cells, unread = cells_of(document), any(problem.cell is None for problem in document.problems)
            if self._may_be_kept(recorder):
                self.cache.put(key, [list(recorder.questions), codec.encode(facts), cells, unread], self.today)
        circumstances = Circumstances(self._params(source.path), self._versions(facts, source.path))
        matches = match(facts, self._index, circumstances)
        assets = tuple(
            Asset(one.type, one.source, mask_text(one.id, self.law.detectors), one.pinned)
            for _, one in references(facts, self._index, circumstances)
        )
        if not matches:
            return Result(source.path, (), assets, cells, unread)
        document = document or _load(source)
        return Result(source.path, self._found(document, facts, matches, circumstances), assets, cells, unread)

    def _found(
        self, document: Document, facts: Sequence[Fact], matches: Sequence[Match], circumstances: Circumstances
    ) -> tuple[Finding, ...]:
        """Findings with the comments that say no to them, and those on comments that say no to nothing."""
        renamed = self.law.bundle.renamed
        idle = tuple(ignoring.unused(document, matches, facts, renamed, self.law.bundle.rules, self.law.rules))
        more = match(idle, self._index, circumstances)
        every = (*matches, *more)
        found = findings(document, every, self.law.detectors)
        return ignoring.attached(document, found, every, facts, renamed)

    def problem(self, path: str, name: str, detail: str, data: bytes = b"") -> Result:
        """The result of a file that could not be read; `data` is what is known of its bytes, for its identity."""
        document = Document(Source(path, Kind.TEXT, data), (_EMPTY,), problems=(Problem(name, detail),))
        circumstances = Circumstances(self._params(path), lambda package: None)
        matches = match(tuple(map(problem_fact, document.problems)), self._index, circumstances)
        return Result(path, findings(document, matches, self.law.detectors), unread=True)

    def seen(self, source: Source) -> tuple[tuple[Fact, ...], Circumstances]:
        """The facts of a file, screen and cache aside, and what rules know besides them."""
        document = _load(source)
        facts = extract(document, self.law.vocabulary, Recorder(self.project), self.law.detectors)
        idle = ignoring.unused(document, (), facts, self.law.bundle.renamed, self.law.bundle.rules, self.law.rules)
        return (*facts, *idle), Circumstances(self._params(source.path), self._versions(facts, source.path))

    def stated(self, path: str, data: bytes, changes: Sequence[Change]) -> tuple[Finding, ...]:
        """What the rules say of changes to the checks; `data` is the file that they are told in."""
        text = data.decode("utf-8", "replace")
        document = Document(Source(path, Kind.TEXT, data), (replace(_EMPTY, text=text),))
        lines = text.count("\n") + 1
        facts = [change.fact(lines) for change in changes]
        circumstances = Circumstances(self._params(path), lambda package: None)
        return findings(document, match(facts, self._index, circumstances), self.law.detectors)

    def _is_admitted(self, source: Source) -> bool:
        wanted = self.reexports.screen
        if source.kind is Kind.PYTHON:
            if screen.admits_code(source.data, wanted, source.path, self.reexports):
                return True
            # A detector needs nothing but the text: where none meets it, nobody needs to parse it.
            return screen.may_hold_secret(source.data, wanted) and self._holds_secret(source.data)
        if source.kind in _TEXT_KINDS:
            return screen.admits_text(source.data, wanted)
        return True

    def _holds_secret(self, data: bytes) -> bool:
        try:
            return bool(find(data.decode("utf-8-sig"), self.law.detectors))
        except UnicodeDecodeError:
            return True

    def _may_be_kept(self, recorder: Recorder) -> bool:
        """Whether what was asked of the project, which is kept word for word, holds no secret."""
        asked = "\n".join(part for question, _ in recorder.questions for part in question)
        return mask_text(asked, self.law.detectors) == asked

    def _key(self, source: Source) -> str:
        # Another Python parses other code.
        python = ".".join(map(str, sys.version_info[:2]))
        text = "\0".join((__version__, python, str(codec.FORM), self.law.digest, source.kind.value, source.path))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass") + b"\0" + source.data).hexdigest()

    def _stored(self, key: str) -> tuple[tuple[Fact, ...], int, bool] | None:
        entry = self.cache.get(key)
        try:
            if entry is None or not answers_hold(self.project, entry[0]):
                return None
            return codec.decode(entry[1]), int(entry[2]), bool(entry[3])
        except (ValueError, TypeError, KeyError, IndexError):
            return None

    def _params(self, path: str) -> Callable[[Rule], Mapping[str, object]]:
        known: dict[str, Mapping[str, object]] = {}

        def params(rule: Rule) -> Mapping[str, object]:
            if rule.id not in known:
                known[rule.id] = params_for(rule, self.law.bundle, replace(self.here, path=path))
            return known[rule.id]

        return params

    def _versions(self, facts: Sequence[Fact], path: str) -> Callable[[str], Version | None]:
        """What the project's files say; only where they are silent, what the notebook's own install lines pin.

        An install line proves little: it may stand behind an `if`, or fail. It must not silence what a file states.
        """
        own: dict[str, Version] = {}
        for fact in facts:
            if fact.kind != "package" or fact.attributes.get("origin") not in _INSTALL_LINES:
                continue
            specifier = fact.attributes.get("specifier")
            for option in specifier.options if specifier else ():
                if isinstance(option, str) and option.startswith("==") and "*" not in option and "," not in option:
                    own[fact.name] = Version(option.lstrip("=").strip(), True, "this file")
        return lambda package: self.project.version(package, path) or own.get(package)


_INSTALL_LINES = (Value(("magic",)), Value(("shell",)))
_EMPTY = Cell(0, None, "file", "", "text")


def _load(source: Source) -> Document:
    loaded = documents.load(source)
    if isinstance(loaded, Problem):
        # What it is not, it cannot be placed as: from here on it is a text.
        return Document(replace(source, kind=Kind.TEXT), (_text_cell(source),), problems=(loaded,))
    return loaded


def _text_cell(source: Source) -> Cell:
    """The text of a file that cannot be read as what it is: rules on texts still run on it."""
    return Cell(0, None, "broken", source.data[:2_000_000].decode("utf-8", "replace"), "text")
