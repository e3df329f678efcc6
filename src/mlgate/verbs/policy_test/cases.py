"""A policy's own tests: a made-up finding each, and the level that it must get."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlgate import waiving
from mlgate.cascade import Bundle, Here, days, keys_for
from mlgate.decide import EXISTING, NEW, Context, decide
from mlgate.model import (
    Confidence,
    Example,
    Finding,
    Ignore,
    Level,
    Location,
    Policy,
    Ratchet,
    Severity,
    Waiver,
)
from mlgate.policy.documents import mapping
from mlgate.policy.reader import Reader, Rules
from mlgate.verbs.policy_test.examples import notebook
from mlgate.yaml_strict import Data, Document, KeyPath

Examine = Callable[[Example, Bundle, Here], Sequence[Finding]]
"""Everything that any rule finds in an example, with the parameters that hold there."""

FIRST_DAY = "0001-01-01"
ASKING = "asked-in-this-test"
"""Id of the overlay and of the waiver that a test makes up."""


class Outcome(Struct, frozen=True):
    """What came out of a made-up finding."""

    level: Level
    trace: tuple[str, ...] = ()


def cases(documents: Sequence[Document]) -> Iterator[tuple[Document, KeyPath, Mapping[str, Data]]]:
    """Each test with its document and place."""
    for document in documents:
        tests = mapping(document.data).get("tests")
        for index, test in enumerate(tests if isinstance(tests, list) else ()):
            if isinstance(test, dict):
                yield document, ("tests", index), test


def failure(test: Mapping[str, Data], document: Document, bundle: Bundle, examine: Examine) -> str:
    """What came out instead of what is expected; empty where the test holds.

    A test without a date must hold on every day: one that turns red by itself is of no use.
    """
    name = f"{test['name']}: " if "name" in test else ""
    case = _Case(mapping(test["given"]), document, bundle, examine)
    wrong = case.wrong()
    if wrong:
        return name + wrong
    expected = Level[str(test["expect"]).upper()]
    outcomes = case.outcomes()
    if len({outcome.level for _, outcome in outcomes}) > 1:
        listed = ", ".join(f"{one.level.name.lower()} from {day}" for day, one in outcomes)
        first, _, rest = listed.partition(f" from {FIRST_DAY}, ")
        return f"{name}it depends on the day: {first}, then {rest}; give it a date"
    outcome = outcomes[0][1]
    if outcome.level is expected:
        return ""
    trace = f": {'; '.join(outcome.trace)}" if outcome.trace else ""
    return f"{name}expected {expected.name.lower()}, not {outcome.level.name.lower()}{trace}"


class _Case(Struct):
    given: Mapping[str, Data]
    document: Document
    bundle: Bundle
    examine: Examine

    def __post_init__(self) -> None:
        overlay = self.given.get("overlay")
        if isinstance(overlay, dict):
            self.bundle = replace(self.bundle, overlays=(*self.bundle.overlays, self._overlay(overlay)))
        waiver = self.given.get("waiver")
        if waiver is not None:
            self.bundle = replace(self.bundle, waivers=tuple(self._waivers(waiver)))

    @property
    def rule(self) -> str:
        return self.bundle.renamed.get(str(self.given["rule"]), str(self.given["rule"]))

    @property
    def waiver(self) -> Waiver | None:
        """The waiver that the test names or makes up."""
        return self.bundle.waivers[0] if "waiver" in self.given and self.bundle.waivers else None

    def wrong(self) -> str:
        """Why the test says nothing; empty where it does."""
        asked = self.given.get("waiver")
        if isinstance(asked, str) and self.waiver is None:
            return f"no waiver '{asked}' is there"
        if self.waiver is not None and self.waiver.rule != self.rule:
            return f"waiver {self.waiver.id} is about {self.waiver.rule}"
        if "inline" in self.given and self._ignores() == ():
            return "inline: expected a type and a reason, such as 'false-positive: sample'"
        if "overlay" in self.given and self.bundle.overlays[-1].settings[self.rule] == replace(
            self.bundle.overlays[-1].settings[self.rule], level=None, existing=None, waivable=None, params={}
        ):
            return "overlay: it asks for nothing"
        return ""

    def outcomes(self) -> list[tuple[str, Outcome]]:
        """The level on the given day, else on the first day and from each day on which it changes."""
        finding = self._finding()
        if finding is None:
            return [(FIRST_DAY, Outcome(Level.OFF, ("the rule finds nothing in the code",)))]
        date = self.given.get("date")
        if isinstance(date, str):
            return [(date, self._outcome(finding, date))]
        found: list[tuple[str, Outcome]] = []
        for day in [FIRST_DAY, *sorted(self._days(finding))]:
            outcome = self._outcome(finding, day)
            if not found or found[-1][1].level is not outcome.level:
                found.append((day, outcome))
        return found

    def _outcome(self, finding: Finding, date: str) -> Outcome:
        status = EXISTING if self.given.get("existing") is True else NEW
        decisions = decide([finding], [status], self.bundle, self._context(finding, date))
        return Outcome(decisions[0].level, decisions[0].trace) if decisions else Outcome(Level.OFF)

    def _context(self, finding: Finding, date: str) -> Context:
        count = self.given.get("findings")
        more = count - 1 if isinstance(count, int) else 0
        owners = self.given.get("owners")
        return Context(
            repository=self._repository(),
            branch=_text(self.given, "branch"),
            date=date,
            owners={finding.location.path: tuple(map(str, owners if isinstance(owners, list) else ()))},
            elsewhere={waiver.id: more for waiver in self.bundle.waivers if self._named(waiver, finding)},
        )

    def _named(self, waiver: Waiver, finding: Finding) -> bool:
        return waiving.names(waiver, finding, self.bundle, self._repository())

    def _days(self, finding: Finding) -> set[str]:
        """Every day on which the outcome may change."""
        found: set[str] = set()
        for policy in (*self.bundle.policies, *self.bundle.overlays):
            for key in keys_for(finding.rule):
                setting = policy.settings.get(key)
                for levels in (setting.level, setting.existing) if setting else ():
                    found.update(days(levels).values() if isinstance(levels, Ratchet) else ())
        here = Here(None, finding.location.path, self._repository(), _text(self.given, "branch"))
        for standing in waiving.standings(self.bundle, [], here, {}):
            if self._named(standing.waiver, finding):
                ends = (waiving.later(standing.until, 1), waiving.later(standing.last_grace, 1))
                found.update((standing.waiver.start, *ends))
        return found

    # -- what is made up

    def _finding(self) -> Finding | None:
        """None: the rule does not find the test's code."""
        path = self._path()
        confidence = _text(self.given, "confidence")
        code = self.given.get("code")
        if code is None:
            found = _made_up(self.rule, path, self._fingerprint())
        else:
            files = _files(path, code)
            here = Here(path=path, repository=self._repository(), branch=_text(self.given, "branch"))
            findings = self.examine(Example(files), self.bundle, here)
            mine = [one for one in findings if one.rule == self.rule]
            if not mine:
                return None
            found = max(mine, key=lambda one: one.confidence)
        if confidence is not None:
            found = replace(found, confidence=Confidence[confidence.upper()])
        return replace(found, ignores=self._ignores())

    def _path(self) -> str:
        given = _text(self.given, "path")
        if given is not None:
            return given
        if self.waiver is not None and self.waiver.paths:
            return _fitting(self.waiver.paths[0])
        return "example.py" if "code" in self.given else ""

    def _repository(self) -> str | None:
        given = _text(self.given, "repo")
        return _fitting(self.waiver.repos[0]) if given is None and self.waiver and self.waiver.repos else given

    def _fingerprint(self) -> str:
        named = self.waiver.fingerprints if self.waiver else ()
        return _text(self.given, "fingerprint") or (named[0] if named else "")

    def _ignores(self) -> tuple[Ignore, ...]:
        """Of `false-positive: written two lines above`."""
        text = _text(self.given, "inline")
        type_, colon, reason = (text or "").partition(":")
        if text is None or not colon or not type_.strip() or not reason.strip():
            return ()
        return (Ignore((self.rule,), type_.strip(), reason.strip(), 1),)

    def _overlay(self, asked: Mapping[str, Data]) -> Policy:
        reader = Reader(Rules(self.bundle.rules, self.bundle.renamed), check_ids=False)
        rule = str(self.given["rule"])
        setting = reader.setting(self.document, ASKING, rule, rule, asked, is_root=False)
        return Policy(ASKING, "", {self.bundle.renamed.get(rule, rule): setting})

    def _waivers(self, asked: Data) -> Iterator[Waiver]:
        if isinstance(asked, str):
            yield from (waiver for waiver in self.bundle.waivers if waiver.id == asked)
            return
        said = mapping(asked)
        limit = said.get("limit")
        yield Waiver(
            id=ASKING,
            rule=self.rule,
            type=str(said.get("type", "accepted-risk")),
            reason="made up for a test",
            owner="",
            start=str(said["from"]),
            expires=str(said["expires"]),
            paths=("**",),
            limit=limit if isinstance(limit, int) else 1,
            ticket=str(said.get("ticket", "")),
        )


def _made_up(rule: str, path: str, fingerprint: str) -> Finding:
    """A finding that exists in a test only."""
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        reason="",
        location=Location(path, 1, 1, 1, 1),
        subject="",
        canonical="",
        fingerprint=fingerprint,
        subject_digest="",
        asset=None,
        origin=None,
        message="",
        fix="",
        line_text="",
    )


def _files(path: str, code: Data) -> dict[str, str]:
    """A cell becomes a notebook where the path is that of one."""
    if isinstance(code, str):
        return {path: notebook(code) if path.endswith(".ipynb") else code}
    return {str(name): str(text) for name, text in mapping(code).items()}


def _fitting(pattern: str) -> str:
    """A text that the pattern stands for."""
    return re.sub(r"\*+", "x", pattern.removeprefix("/")).replace("?", "x")


def _text(given: Mapping[str, Data], name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) else None
