"""Which callables of the usual libraries decide what is loaded or run, and are known to no rule.

    python benchmarks/catalogue_walk.py --wheels DIR [--fetch [REQUIREMENT…]] [--exceptions FILE]

DIR holds wheels, or folders into which wheels were unpacked; `--fetch` downloads them into it first. Their modules are
parsed, never imported. Every public function, method and class that takes `revision`, `trust_remote_code`,
`weights_only` or `allow_pickle` is looked up in the shipped rules under each name by which users reach it. Prints a
line for each that no rule knows and no exception names, and for each exception that is not needed; exit code 1 where
there is one.

A rule knows a callable's `revision` where it is of the family `unpinned` and reads what is loaded; another argument
where the clause reads it, or finds the call whatever it is given. In both cases the arguments that the clause asks for
must have the names that the callable gives them, and the name of the call must be of its library.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue_names import Found, Library
from catalogue_signatures import WATCHED, Function, read
from catalogue_sources import fetch, sources
from msgspec.structs import replace

from mlgate.clauses import Index
from mlgate.match import Circumstances
from mlgate.model import Clause, Fact, Param, Predicate, Rule, Span
from mlgate.policy import load_bundle
from mlgate.yaml_strict import read_foreign

PACKAGES = (
    "transformers",
    "datasets",
    "huggingface_hub",
    "sentence-transformers",
    "peft",
    "timm",
    "diffusers",
    "torch",
)
"""What is fetched where nothing else is said; torch is large."""

EXCEPTIONS = Path(__file__).with_name("catalogue_walk.yaml")

_NOWHERE = Span(0, 1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A callable by one of its names, and the watched arguments that are asked about."""

    found: Found
    arguments: tuple[str, ...]

    @property
    def package(self) -> str:
        """Of the name, not of the definition: what peft inherits from transformers is reached through peft."""
        return self.found.name.partition(".")[0]

    @property
    def place(self) -> str:
        return f"{self.found.module.source.path}:{self.found.function.line}"


@dataclass(frozen=True, slots=True)
class Exemption:
    reason: str
    arguments: tuple[str, ...]
    pattern: str
    """Of a name: `.*.` stands for whatever is between, or nothing, and `*` elsewhere as in rules."""

    def covers(self, name: str, argument: str) -> bool:
        pattern = re.escape(self.pattern).replace(r"\.\*\.", r"\.(?:.+\.)?").replace(r"\*", ".+")
        return argument in self.arguments and re.fullmatch(pattern, name) is not None


# -- the rules


class Catalogue:
    """The shipped rules, asked by name."""

    def __init__(self) -> None:
        rules = [_of_libraries(rule) for rule in load_bundle().rules.values()]
        self._index = Index(rules)
        defaults = {rule.id: {name: one.default for name, one in rule.params.items()} for rule in rules}
        self._circumstances = Circumstances(lambda rule: defaults[rule.id], lambda package: None)

    def knows(self, found: Found, argument: str) -> bool:
        fact = Fact("call", found.name, _NOWHERE)
        return any(
            _asks_for(rule, clause, argument) and all(_can_be_given(one, found.function) for one in clause.args)
            for rule, clause in self._index.clauses(fact, self._circumstances.params)
        )


def _of_libraries(rule: Rule) -> Rule:
    """The rule without patterns such as `*.from_pretrained`, which guess at libraries that nobody has read."""
    return replace(rule, any=tuple(_of_library(clause) for clause in rule.any))


def _of_library(clause: Clause) -> Clause:
    if clause.kind != "call" or isinstance(clause.patterns, Param):
        return clause
    return replace(clause, patterns=tuple(one for one in clause.patterns if not one.startswith(("*", "?"))))


def _asks_for(rule: Rule, clause: Clause, argument: str) -> bool:
    if argument == "revision":
        # A clause that reads the revision alone is for ids that nobody can tell.
        return rule.id.startswith("unpinned/") and [one.name for one in clause.args] != ["revision"]
    exempting = [one for exemption in (*clause.unless, *rule.unless) for one in exemption.args]
    return not clause.args or any(one.name == argument for one in (*clause.args, *exempting))


def _can_be_given(predicate: Predicate, function: Function) -> bool:
    """By name: a clause that asks for another name at the right position still misses every call that writes it out."""
    if any(test.op == "present" and test.operand is False for test in predicate.tests):
        return True
    return predicate.name in function.named | function.takes


# -- what is unknown


@dataclass(frozen=True, slots=True)
class Walk:
    versions: Mapping[str, str]
    """Distribution and version by the name that code imports."""
    entries: tuple[Entry, ...]
    """Every public callable that takes a watched argument, once per name."""
    unread: tuple[str, ...]
    """Modules that do not parse in this Python."""


def walk(folder: Path) -> Walk:
    versions, modules, unread = {}, [], []
    for source in sources(folder):
        versions[source.module.partition(".")[0]] = f"{source.package} {source.version}"
        if module := read(source):
            modules.append(module)
        else:
            unread.append(source.path)
    found = Library(modules).callables()
    entries = tuple(Entry(one, tuple(arg for arg in WATCHED if arg in one.function.takes)) for one in found)
    return Walk(versions, entries, tuple(unread))


def unknown(entries: Iterable[Entry], catalogue: Catalogue) -> Iterator[Entry]:
    for entry in entries:
        left = tuple(argument for argument in entry.arguments if not catalogue.knows(entry.found, argument))
        if left:
            yield Entry(entry.found, left)


def exemptions(path: Path) -> tuple[Exemption, ...]:
    data: Any = read_foreign(path.read_text(encoding="utf-8"), path.name)[0].data
    return tuple(
        Exemption(one["reason"], tuple(one["arguments"]), pattern)
        for one in data["exceptions"]
        for pattern in one["names"]
    )


def without(entries: Iterable[Entry], exempt: Sequence[Exemption]) -> tuple[list[Entry], set[Exemption]]:
    """The entries that no exemption covers, with the arguments that are left; and the exemptions that were needed."""
    kept, needed = [], set()
    for entry in entries:
        left = []
        for argument in entry.arguments:
            covering = [one for one in exempt if one.covers(entry.found.name, argument)]
            needed.update(covering)
            if not covering:
                left.append(argument)
        if left:
            kept.append(Entry(entry.found, tuple(left)))
    return kept, needed


# -- what is printed


def lines(entries: Iterable[Entry], versions: Mapping[str, str]) -> Iterator[str]:
    """One per definition and package, by its shortest name; how many more names it has stands behind."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        method = entry.found.name.rpartition(".")[2]
        groups.setdefault((entry.package, entry.place, method), []).append(entry)
    for (package, place, _), group in sorted(groups.items(), key=lambda item: (item[0][0], _by_length(item[1])[0])):
        first, *others = _by_length(group)
        arguments = ", ".join(arg for arg in WATCHED if any(arg in entry.arguments for entry in group))
        more = f"  (and {len(others)} more, such as {others[-1]})" if others else ""
        yield f"{versions[package]}  {first}  {arguments}  {place}{more}"


def _by_length(group: Iterable[Entry]) -> list[str]:
    return sorted({entry.found.name for entry in group}, key=lambda name: (name.count("."), name))


def stale(exempt: Iterable[Exemption], needed: set[Exemption], versions: Mapping[str, str]) -> Iterator[str]:
    """An exception that covers nothing, where the package that it speaks of was read."""
    for one in exempt:
        if one not in needed and one.pattern.partition(".")[0] in versions:
            yield f"exception for {one.pattern} ({', '.join(one.arguments)}) is not needed; take it out"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True, metavar="DIR")
    parser.add_argument("--fetch", nargs="*", metavar="REQUIREMENT", help=f"default: {' '.join(PACKAGES)}")
    parser.add_argument("--exceptions", type=Path, default=EXCEPTIONS, metavar="FILE")
    given = parser.parse_args(arguments)
    if given.fetch is not None:
        given.wheels.mkdir(parents=True, exist_ok=True)
        fetch(given.wheels, given.fetch or PACKAGES)
    walked = walk(given.wheels)
    exempt = exemptions(given.exceptions)
    missing = list(unknown(walked.entries, Catalogue()))
    kept, needed = without(missing, exempt)
    problems = [*lines(kept, walked.versions), *stale(exempt, needed, walked.versions)]
    print("\n".join(problems) or "every callable is known or excepted")
    print()
    print("\n".join(summary(walked, missing, kept)))
    return 1 if problems else 0


def summary(walked: Walk, missing: Iterable[Entry], kept: Iterable[Entry]) -> Iterator[str]:
    """Per package: definitions with watched arguments, and how many of them are excepted, and left."""
    taking, without_rule, left = (_definitions(each) for each in (walked.entries, missing, kept))
    yield f"{'package':36} {'callables':>9} {'excepted':>9} {'unknown':>9}"
    for package, version in sorted(walked.versions.items()):
        if taking[package]:
            excepted = without_rule[package] - left[package]
            yield f"{version:36} {taking[package]:9} {excepted:9} {left[package]:9}"
    for path in walked.unread:
        yield f"does not parse in Python {sys.version_info.major}.{sys.version_info.minor}, not read: {path}"


def _definitions(entries: Iterable[Entry]) -> Counter[str]:
    """By package; a definition that is reached by several names counts once."""
    return Counter(package for package, _ in {(entry.package, entry.place) for entry in entries})


if __name__ == "__main__":
    sys.exit(main())
