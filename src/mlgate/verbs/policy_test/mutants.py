"""Small changes to a policy that its own tests should notice: one level, date, bound or predicate at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from msgspec import Struct

from mlgate.cascade import ANYWHERE
from mlgate.errors import PolicyError
from mlgate.policy import Loaded, load
from mlgate.policy.documents import mapping
from mlgate.policy.sources import InMemory
from mlgate.verbs.policy_test import lint
from mlgate.verbs.policy_test.cases import Examine, cases, failure
from mlgate.verbs.policy_test.examples import GAP, claims, verdict
from mlgate.yaml_strict import Data, Document, KeyPath

LEVELS = ("off", "record", "warn", "block")
PLACES = ("never", "file", "inline")
NEVER = "(?!)"
"""A pattern that nothing matches."""

GONE = object()
"""Instead of a value: taken out."""


class Mutant(Struct, frozen=True):
    """One change to one document."""

    document: int
    """0-based among the documents."""
    path: KeyPath
    what: str
    """`block → warn`."""
    data: Data
    """The whole document, changed."""


def mutants(documents: Sequence[Document]) -> Iterator[Mutant]:
    """Every change, in the order of the documents."""
    for index, document in enumerate(documents):
        for path, what, value in _changes(document.data):
            yield Mutant(index, path, what, _with(document.data, path, value))


def survivors(
    loaded: Loaded, examine: Examine, told: Callable[[int, int], None] | None = None
) -> tuple[tuple[str, ...], int]:
    """A sentence for each change that no test, example or check notices, and how many changes were tried."""
    found: list[str] = []
    every = list(mutants(loaded.documents))
    for number, mutant in enumerate(every, 1):
        if not _is_noticed(loaded.documents, mutant, examine):
            document = loaded.documents[mutant.document]
            found.append(document.problem(mutant.path, f"{mutant.what}: nothing notices"))
        if told is not None:
            told(number, len(every))
    return tuple(found), len(every)


def _is_noticed(documents: Sequence[Document], mutant: Mutant, examine: Examine) -> bool:
    texts: dict[str, list[str]] = {}
    for index, document in enumerate(documents):
        data = mutant.data if index == mutant.document else document.data
        texts.setdefault(document.path, []).append(json.dumps(data))
    files = {f"policies/{number}.yaml": "\n---\n".join(one).encode() for number, one in enumerate(texts.values())}
    try:
        changed = load("mutant", Path(), files=InMemory({}, ""), source_files=(InMemory(files, ""), ""))
    except PolicyError:
        return True
    bundle = changed.bundle
    if changed.slips or any(lint.policy_failures(changed.documents, bundle)) or any(lint.waiver_failures(bundle)):
        return True
    said = mapping(mutant.data)
    if said["kind"] == "Rule":
        rule = bundle.rules[str(said["id"])]
        for _, kind, _, example in claims(rule):
            if kind != GAP and any(verdict(rule.id, kind, examine(example, bundle, ANYWHERE))):
                return True
    return any(failure(test, document, bundle, examine) for document, _, test in cases(changed.documents))


# --- changes --------------------------------------------------------------------------------------------------------

Change = tuple[KeyPath, str, object]


def _changes(data: Data) -> Iterator[Change]:
    said = mapping(data)
    match said.get("kind"):
        case "Policy":
            yield from _policy(said)
        case "Waivers":
            waivers = said.get("waivers")
            for index, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
                yield from _waiver(mapping(waiver), ("waivers", index))
        case "Rule":
            yield from _match(mapping(said["match"]), ("match",))
        case _:
            return


def _policy(said: Mapping[str, Data]) -> Iterator[Change]:
    for key, setting in mapping(said["rules"]).items():
        at: KeyPath = ("rules", key)
        yield from _levels(mapping(setting), at)
        for name, value in mapping(mapping(setting).get("params", {})).items():
            yield from _param(value, (*at, "params", name))
        loosest = mapping(mapping(setting).get("loosest", {}))
        yield from _levels(loosest, (*at, "loosest"))
        for name, value in mapping(loosest.get("params", {})).items():
            yield from _param(value, (*at, "loosest", "params", name))
    for name, value in mapping(said.get("waivers", {})).items():
        yield from _param(value, ("waivers", name))
        for inner, number in mapping(value).items():
            yield from _param(number, ("waivers", name, inner))
    for name, value in mapping(said.get("scope", {})).items():
        yield from _param(value, ("scope", name))


def _levels(setting: Mapping[str, Data], at: KeyPath) -> Iterator[Change]:
    for name in ("level", "existing"):
        value = setting.get(name)
        if isinstance(value, str):
            yield from _neighbours(value, LEVELS, (*at, name))
        for word, day in mapping(value).items():
            yield from _days(str(day), (*at, name, word))
    waivable = setting.get("waivable")
    if isinstance(waivable, str):
        yield from _neighbours(waivable, PLACES, (*at, "waivable"))


def _waiver(waiver: Mapping[str, Data], at: KeyPath) -> Iterator[Change]:
    for name in ("from", "expires"):
        yield from _days(str(waiver[name]), (*at, name))
    for name in ("limit", "paths", "repos", "fingerprints"):
        if name in waiver:
            yield from _param(waiver[name], (*at, name))


def _neighbours(value: str, order: Sequence[str], at: KeyPath) -> Iterator[Change]:
    place = order.index(value)
    for other in order[max(place - 1, 0) : place + 2]:
        if other != value:
            yield at, f"{value} → {other}", other


def _days(day: str, at: KeyPath) -> Iterator[Change]:
    for step in (-1, 1):
        other = (date.fromisoformat(day) + timedelta(days=step)).isoformat()
        yield at, f"{day} → {other}", other


def _param(value: Data, at: KeyPath) -> Iterator[Change]:
    """A list without one entry, a number one more and one less, the other truth value."""
    if isinstance(value, list):
        for index, entry in enumerate(value):
            yield at, f"without {entry}", [one for number, one in enumerate(value) if number != index] or GONE
    elif isinstance(value, bool):
        yield at, f"{str(value).lower()} → {str(not value).lower()}", not value
    elif isinstance(value, int):
        for other in (value - 1, value + 1):
            if other >= 0:
                yield at, f"{value} → {other}", other


def _match(match: Mapping[str, Data], at: KeyPath) -> Iterator[Change]:
    for group in ("any", "unless"):
        clauses = match.get(group)
        for index, clause in enumerate(clauses if isinstance(clauses, list) else ()):
            here: KeyPath = (*at, group, index)
            if len(clauses if isinstance(clauses, list) else ()) > 1 or group == "unless":
                yield (*at, group), f"without {index + 1}", _without(clauses, index)
            yield from _clause(mapping(clause), here)


def _clause(clause: Mapping[str, Data], at: KeyPath) -> Iterator[Change]:
    for kind in ("string", "shell"):
        if isinstance(clause.get(kind), str):
            yield (*at, kind), "matches nothing", NEVER
            yield (*at, kind), "matches everything", ""
    for kind in ("args", "where"):
        predicates = clause.get(kind)
        for index, predicate in enumerate(predicates if isinstance(predicates, list) else ()):
            yield (*at, kind), f"without {index + 1}", _without(predicates, index)
            yield from _predicate(mapping(predicate), (*at, kind, index))
    for name, value in clause.items():
        if name in ("call", "import", "class") and isinstance(value, list) and len(value) > 1:
            yield from _param(value, (*at, name))
    exemptions = clause.get("unless")
    for index, exemption in enumerate(exemptions if isinstance(exemptions, list) else ()):
        yield (*at, "unless"), f"without {index + 1}", _without(exemptions, index)
        yield from _clause(mapping(exemption), (*at, "unless", index))


def _predicate(predicate: Mapping[str, Data], at: KeyPath) -> Iterator[Change]:
    values = predicate.get("in")
    if isinstance(values, list) and len(values) > 1:
        yield from _param(values, (*at, "in"))
    if isinstance(predicate.get("regex"), str):
        yield (*at, "regex"), "matches nothing", NEVER
        yield (*at, "regex"), "matches everything", ""
    present = predicate.get("present")
    if isinstance(present, bool):
        yield (*at, "present"), f"{str(present).lower()} → {str(not present).lower()}", not present


def _without(items: Data, index: int) -> object:
    rest = [one for number, one in enumerate(items if isinstance(items, list) else ()) if number != index]
    return rest or GONE


def _with(data: Data, path: KeyPath, value: object) -> Data:
    """A copy of `data` with another value at `path`; GONE takes the key out, and what is empty then."""
    changed = copy.deepcopy(data)
    place: object = changed
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    if value is GONE:
        del place[path[-1]]  # type: ignore[attr-defined]
        if not place and len(path) > 1:
            return _with(changed, path[:-1], GONE)
    else:
        place[path[-1]] = value  # type: ignore[index]
    return changed
