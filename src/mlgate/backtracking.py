"""Whether a regular expression can take exponential time: two ways through one loop for one text.

Source: Weideman, van der Merwe, Berglund, Watson, "Analyzing Matching Time Behavior of Backtracking Regular Expression
Matchers by Using Ambiguity of NFA" (CIAA 2016): exponential iff some state comes back to itself by two paths that read
the same text (EDA). Lookarounds and back references are taken for nothing, which can only add ways.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

if sys.version_info >= (3, 11):
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as sre_parse  # type: ignore[attr-defined]
else:  # until Python 3.10 is dropped
    import sre_constants as sre
    import sre_parse

MAX_STATES = 400
"""States of the automaton beyond which nothing is told: the product has that many squared."""
MAX_COPIES = 3
"""How often a counted repeat is unrolled; `{2,60}` is as ambiguous as `{2,}`."""

_SAMPLE = tuple(dict.fromkeys([*map(chr, range(128)), "ä", "€", "日", "\u2028"]))
"""Characters by which sets are told apart: ASCII one by one, and some of what is beyond it."""
_EVERY = frozenset(_SAMPLE)
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}

Chars = frozenset[str]


def explodes(pattern: str) -> bool | None:
    """Whether some text makes `re` try exponentially many ways; None where it is too large to tell.

    Raises re.error for what is no regular expression.
    """
    parsed = sre_parse.parse(pattern)
    automaton = _Automaton(bool(parsed.state.flags & re.IGNORECASE), bool(parsed.state.flags & re.DOTALL))
    try:
        automaton.sequence(parsed.data, automaton.state())
    except _TooLargeError:
        return None
    return _is_ambiguous(automaton.letters())


class _TooLargeError(Exception):
    """More states than can be compared."""


class _Automaton(Struct):
    """Thompson's construction; states are numbers. Paths that read nothing are kept apart: they are ways too."""

    folds: bool
    dot_all: bool
    empty: list[list[int]] = field(default_factory=list)
    steps: list[list[tuple[Chars, int]]] = field(default_factory=list)

    def state(self) -> int:
        if len(self.empty) >= MAX_STATES * 4:
            raise _TooLargeError
        self.empty.append([])
        self.steps.append([])
        return len(self.empty) - 1

    def sequence(self, items: Any, start: int) -> int:
        for op, argument in items:
            start = self.item(op, argument, start)
        return start

    def item(self, op: Any, argument: Any, start: int) -> int:
        if op in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN, sre.CATEGORY):
            return self.read(self.chars(op, argument), start)
        if op is sre.BRANCH:
            end = self.state()
            for branch in argument[1]:
                self.empty[self.sequence(branch, self.after(start))].append(end)
            return end
        if op is sre.SUBPATTERN:
            _, more, less, body = argument
            folds, dot_all = self.folds, self.dot_all
            self.folds = (folds or bool(more & re.IGNORECASE)) and not less & re.IGNORECASE
            self.dot_all = (dot_all or bool(more & re.DOTALL)) and not less & re.DOTALL
            end = self.sequence(body, start)
            self.folds, self.dot_all = folds, dot_all
            return end
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, body = argument
            return self.repeat(least, most, body, start)
        if op in _ATOMIC:
            # What is possessive or atomic is not tried again.
            return self.read(_EVERY, start)
        return start

    def after(self, start: int) -> int:
        new = self.state()
        self.empty[start].append(new)
        return new

    def read(self, chars: Chars, start: int) -> int:
        end = self.state()
        self.steps[start].append((chars, end))
        return end

    def repeat(self, least: int, most: Any, body: Any, start: int) -> int:
        for _ in range(min(least, MAX_COPIES)):
            start = self.sequence(body, start)
        if most is not sre.MAXREPEAT and most - least <= 1:
            end = self.state()
            self.empty[start].append(end)
            if most > least:
                self.empty[self.sequence(body, self.after(start))].append(end)
            return end
        loop = self.after(start)
        self.empty[self.sequence(body, self.after(loop))].append(loop)
        return self.after(loop)

    def chars(self, op: Any, argument: Any) -> Chars:
        if op is sre.ANY:
            return _EVERY if self.dot_all else _EVERY - {"\n"}
        if op is sre.LITERAL:
            return self.folded(frozenset((chr(argument),)))
        if op is sre.NOT_LITERAL:
            return _EVERY - self.folded(frozenset((chr(argument),)))
        if op is sre.CATEGORY:
            return frozenset(char for char in _SAMPLE if re.match(_CATEGORIES[argument], char))
        found: set[str] = set()
        negated = False
        for kind, value in argument:
            if kind is sre.NEGATE:
                negated = True
            elif kind is sre.RANGE:
                found.update(char for char in _SAMPLE if value[0] <= ord(char) <= value[1])
                found.add(chr(value[0]))
            else:
                found.update(self.chars(kind, value))
        chars = self.folded(frozenset(found))
        return _EVERY - chars if negated else chars

    def folded(self, chars: Chars) -> Chars:
        return chars | {other for char in chars for other in (char.lower(), char.upper())} if self.folds else chars

    def letters(self) -> list[list[tuple[Chars, int]]]:
        """Steps from state to state, each with the empty paths before it; one entry for each way there is."""
        found = [
            [step for state in self._reached(start) for step in self.steps[state]] for start in range(len(self.empty))
        ]
        used = {0} | {end for steps in found for _, end in steps}
        if len(used) > MAX_STATES:
            raise _TooLargeError
        return [steps if state in used else [] for state, steps in enumerate(found)]

    def _reached(self, start: int) -> Iterator[int]:
        """Where empty paths lead, once for each such path; one may pass a state twice: out of a loop and in again."""
        waiting: list[tuple[int, tuple[int, ...]]] = [(start, (start,))]
        count = 0
        while waiting:
            state, path = waiting.pop()
            yield state
            count += 1
            if count > MAX_STATES * 8:
                raise _TooLargeError
            waiting += [(one, (*path, one)) for one in self.empty[state] if path.count(one) < 2]


_ATOMIC = tuple(getattr(sre, name) for name in ("ATOMIC_GROUP", "POSSESSIVE_REPEAT") if hasattr(sre, name))


def _is_ambiguous(steps: list[list[tuple[Chars, int]]]) -> bool:
    """Whether in the product with itself a pair of equal states leads through an unequal pair back to itself.

    Two ways between the same states that read the same character count as unequal too: each turn doubles them.
    """
    forth = _product(steps)
    back: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for pair, ends in forth.items():
        for end, _ in ends:
            back.setdefault(end, set()).add(pair)
    for state in range(len(steps)):
        if (state, state) not in forth:
            continue
        leads = _closure({end for end, _ in forth[state, state]}, lambda one: {end for end, _ in forth.get(one, ())})
        comes = _closure(back.get((state, state), set()), lambda one: back.get(one, set()))
        both = leads & comes
        if any(one != other for one, other in both):
            return True
        ring = (both | {(state, state)}) if (state, state) in leads else set()
        if any(
            is_double and end in comes | {(state, state)} for pair in ring for end, is_double in forth.get(pair, ())
        ):
            return True
    return False


def _product(steps: list[list[tuple[Chars, int]]]) -> dict[tuple[int, int], set[tuple[tuple[int, int], bool]]]:
    """Pairs of states and where one character takes both; whether two different steps between them did."""
    found: dict[tuple[int, int], set[tuple[tuple[int, int], bool]]] = {}
    waiting = [(state, state) for state in range(len(steps)) if steps[state]]
    while waiting:
        pair = waiting.pop()
        if pair in found:
            continue
        ends: set[tuple[tuple[int, int], bool]] = set()
        for index, (chars, end) in enumerate(steps[pair[0]]):
            for other, (others, other_end) in enumerate(steps[pair[1]]):
                if chars & others:
                    is_double = pair[0] == pair[1] and index != other and end == other_end
                    ends.add(((end, other_end), is_double))
        found[pair] = ends
        if len(found) > MAX_STATES * MAX_STATES:
            break
        waiting += [end for end, _ in ends if end not in found]
    return found


def _closure(start: set[tuple[int, int]], following: Any) -> set[tuple[int, int]]:
    found = set(start)
    waiting = list(start)
    while waiting:
        for one in following(waiting.pop()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found
