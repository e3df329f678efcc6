"""Which clauses a fact may meet, told by its kind and its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from mlgate.model import Clause, Fact, Items, Param, Rule
from mlgate.regex import compiled, regex

MAX_NAMES = 10_000
"""Most names whose clauses are remembered: aws/amazon-sagemaker-examples, the most varied of sixteen, has 1,118."""


class Index:
    """Rules by what they ask for, so that a fact meets only clauses that may fit."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._named: dict[tuple[str, str], list[tuple[Rule, Clause]]] = {}
        """Clauses by fact kind and last segment of a name; "*" where that is open."""
        self._searched: dict[str, list[tuple[Rule, Clause]]] = {}
        self._fitting: dict[tuple[str, str], list[tuple[Rule, Clause]]] = {}
        for rule in rules:
            for clause in rule.any:
                if _is_searched(clause) or isinstance(clause.patterns, Param):
                    self._searched.setdefault(clause.kind, []).append((rule, clause))
                    continue
                lasts = {pattern.rpartition(".")[2] for pattern in clause.patterns}
                for last in {"*" if "*" in last else last for last in lasts}:
                    self._named.setdefault((clause.kind, last), []).append((rule, clause))

    def clauses(self, fact: Fact, params: Callable[[Rule], Mapping[str, object]]) -> Iterator[tuple[Rule, Clause]]:
        """Those whose kind and patterns fit; `params` gives the parameters of a rule here."""
        yield from self._of_name(fact)
        for rule, clause in self._searched.get(fact.kind, ()):
            if any(compiled(pattern).search(fact.name) for pattern in _patterns(clause, params(rule))):
                yield rule, clause

    def _of_name(self, fact: Fact) -> Sequence[tuple[Rule, Clause]]:
        last = fact.name.rpartition(".")[2]
        several = [self._named[key] for key in ((fact.kind, last), (fact.kind, "*")) if key in self._named]
        if not several:
            return ()
        # A name is met again and again; with an unknown receiver what fits depends on more than the name.
        key = fact.kind, fact.name
        found = self._fitting.get(key)
        if found is None:
            found = [one for clauses in several for one in clauses if _name_fits(_names(one[1]), fact)]
            if not fact.name.startswith("?.") and len(self._fitting) < MAX_NAMES:
                self._fitting[key] = found
        return found


def kind_fits(clause: Clause, fact: Fact, params: Mapping[str, object]) -> bool:
    """Whether what the clause asks for may be this fact, whatever else it says of it."""
    if not _is_searched(clause):
        return _name_fits(_names(clause), fact)
    return any(compiled(pattern).search(fact.name) for pattern in _patterns(clause, params))


def _is_searched(clause: Clause) -> bool:
    """Whether the patterns of a clause are regular expressions on a text, not names."""
    return clause.kind in ("string", "shell") or isinstance(clause.patterns, Param)


class _Names(Struct, frozen=True):
    """The name patterns of a clause: most are names, and need no regular expression."""

    exact: frozenset[str]
    open: tuple[tuple[str, str, re.Pattern[str]], ...]
    """Those with a `*`: what stands before the first and behind the last one, and the whole."""
    receivers: frozenset[tuple[str, str]]
    """Library and method of those with an unknown receiver (`gradio.?.launch`); "" stands for any library."""


def _names(clause: Clause) -> _Names:
    assert not isinstance(clause.patterns, Param)
    return _told_apart(clause.patterns)


@lru_cache(maxsize=4096)
def _told_apart(patterns: tuple[str, ...]) -> _Names:
    exact: set[str] = set()
    receivers: set[tuple[str, str]] = set()
    opened = []
    for pattern in patterns:
        pattern = pattern.removeprefix("builtins.")
        head, found, method = pattern.rpartition("?.")
        if found and "." not in method:
            receivers.add((head.rstrip("."), method))
        elif "*" in pattern:
            first, last = pattern.partition("*")[0], pattern.rpartition("*")[2]
            opened.append((first, last, regex(re.escape(pattern).replace(r"\*", ".+"))))
        else:
            exact.add(pattern)
    return _Names(frozenset(exact), tuple(opened), frozenset(receivers))


def _name_fits(names: _Names, fact: Fact) -> bool:
    def fits(name: str) -> bool:
        return name in names.exact or any(
            name.startswith(first) and name.endswith(last) and whole.fullmatch(name)
            for first, last, whole in names.open
        )

    if not fact.name.startswith("?."):
        return fits(fact.name)
    libraries = fact.attributes.get("libraries")
    roots = [""]
    for option in libraries.options if libraries else ():
        if isinstance(option, Items):
            roots += [str(item.options[0]) for item in option.items if item.options]
    method = fact.name.removeprefix("?.")
    return any(
        (root, method) in names.receivers or fits(f"{root}|{fact.name}" if root else fact.name) for root in roots
    )


def _patterns(clause: Clause, params: Mapping[str, object]) -> tuple[str, ...]:
    if isinstance(clause.patterns, Param):
        value = params.get(clause.patterns.name, ())
        return (
            (value,)
            if isinstance(value, str)
            else tuple(str(one) for one in value)
            if isinstance(value, Iterable)
            else ()
        )
    return clause.patterns
