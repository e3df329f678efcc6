"""One file from its bytes to its findings; what every worker runs."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from mlgate import __version__, closure, codec, documents, ignoring, screen
from mlgate.cache import Cache
from mlgate.cascade import ANYWHERE, Here, params_for
from mlgate.clauses import Index
from mlgate.extract import cells_of, extract, problem_fact
from mlgate.facts.secret import find, mask_text
from mlgate.findings import findings
from mlgate.governance import Change
from mlgate.law import Law
from mlgate.match import Circumstances, Match, match, references
from mlgate.model import (
    Asset,
    Cell,
    Document,
    Fact,
    Finding,
    Kind,
    Problem,
    Project,
    Result,
    Rule,
    Source,
    Value,
    Version,
)
from mlgate.project import Recorder, answers_hold
from mlgate.reexports import Reexports

_TEXT_KINDS = frozenset([Kind.TEXT, Kind.MARKDOWN, Kind.SQL])


class Examiner:
    """Judges files of one tree by one law.

    `reexports` are of the same tree, and hold the screen; `today` is the number of the day, for the age of cache
    entries; by `here`, repository and branch, parameters may differ.
    """

    def __init__(
        self, law: Law, project: Project, reexports: Reexports, cache: Cache, today: int, here: Here = ANYWHERE
    ) -> None:
        self.law = law
        self.project = project
        self.reexports = reexports
        self.cache = cache
        self.today = today
        self.here = here
        self.closures = closure.Closures(project.find_module, reexports.read, cache, today)
        self._index = Index(law.rules.values())
        # What besides the facts of a file decides what is found in it, as the beginning of a key.
        parts = (law.bundle.digest, *sorted(law.rules), repr(here))
        self._of_policy = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16] + "-"

    def examine(self, source: Source) -> Result:
        """Every way in which the file cannot be read is a finding."""
        key = self._key(source)
        kept = self._kept(key, source.path)
        if kept is not None:
            return kept
        recorder = Recorder(self.project)
        result = self._examined(source, key, recorder) if self._is_admitted(source) else Result(source.path)
        if not self.cache.is_open:
            return result
        modules = recorder.modules.union(closure.named(source.data) if source.kind is Kind.PYTHON else ())
        depends = self.closures.digest(modules, source.path)
        if depends is not None and self._may_be_kept(recorder, source.path):
            found, assets = codec.encode_findings(result.findings), codec.encode_assets(result.assets)
            entry = [list(recorder.plain), sorted(modules), depends, found, assets, result.cells, result.unread]
            self.cache.put(self._of_policy + key, entry, self.today)
        return result

    def _examined(self, source: Source, key: str, recorder: Recorder) -> Result:
        stored = self._stored(key, source.path, recorder)
        document: Document | None = None
        if stored is not None:
            facts, cells, unread = stored
        else:
            document = _load(source)
            facts = extract(document, self.law.vocabulary, recorder, self.law.detectors)
            cells, unread = cells_of(document), any(problem.cell is None for problem in document.problems)
            depends = self.closures.digest(recorder.modules, source.path) if self.cache.is_open else None
            if depends is not None and self._may_be_kept(recorder, source.path):
                entry = [list(recorder.plain), sorted(recorder.modules), depends, codec.encode(facts), cells, unread]
                self.cache.put(key, entry, self.today)
        circumstances = Circumstances(self._params(source.path), self._versions(facts, source.path, recorder))
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
        return (*facts, *idle), Circumstances(
            self._params(source.path), self._versions(facts, source.path, self.project)
        )

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

    def _may_be_kept(self, recorder: Recorder, path: str) -> bool:
        """Whether the path and what was asked of the project, which are kept word for word, hold no secret."""
        asked = "\n".join((path, *(part for question, _ in recorder.questions for part in question)))
        return mask_text(asked, self.law.detectors) == asked

    def _key(self, source: Source) -> str:
        # Another Python parses other code.
        python = ".".join(map(str, sys.version_info[:2]))
        text = "\0".join((__version__, python, str(codec.FORM), self.law.digest, source.kind.value, source.path))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass") + b"\0" + source.data).hexdigest()

    def _stored(self, key: str, path: str, recorder: Recorder) -> tuple[tuple[Fact, ...], int, bool] | None:
        """What was extracted before; what it asked is asked again, for `recorder`."""
        entry = self.cache.get(key, self.today)
        try:
            if entry is None or not self._holds(entry, path):
                return None
            facts = codec.decode(entry[3]), int(entry[4]), bool(entry[5])
            recorder.again(entry[0], entry[1])
        except (ValueError, TypeError, KeyError, IndexError):
            return None
        return facts

    def _kept(self, key: str, path: str) -> Result | None:
        """What was found before under this very policy."""
        entry = self.cache.get(self._of_policy + key, self.today)
        try:
            if entry is None or not self._holds(entry, path):
                return None
            findings, assets = codec.decode_findings(entry[3]), codec.decode_assets(entry[4])
            return Result(path, findings, assets, int(entry[5]), bool(entry[6]))
        except (ValueError, TypeError, KeyError, IndexError):
            return None

    def _holds(self, entry: list[Any], path: str) -> bool:
        """Whether everything that the entry depends on is as it was."""
        return answers_hold(self.project, entry[0]) and self.closures.digest(entry[1], path) == entry[2]

    def _params(self, path: str) -> Callable[[Rule], Mapping[str, object]]:
        known: dict[str, Mapping[str, object]] = {}

        def params(rule: Rule) -> Mapping[str, object]:
            if rule.id not in known:
                known[rule.id] = params_for(rule, self.law.bundle, replace(self.here, path=path))
            return known[rule.id]

        return params

    def _versions(self, facts: Sequence[Fact], path: str, project: Project) -> Callable[[str], Version | None]:
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
        return lambda package: project.version(package, path) or own.get(package)


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
