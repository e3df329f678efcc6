"""Regular expressions as data: what a text must hold before one can match, and repeats with an upper bound."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mlgate.gate import KEY_CHARACTERS
from mlgate.model import Search

if sys.version_info >= (3, 11):
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as sre_parse  # type: ignore[attr-defined]
else:  # until Python 3.10 is dropped
    import sre_constants as sre
    import sre_parse

MIN_NEEDED = 3
"""Shortest substring that is worth looking for: shorter ones stand in every file."""
MAX_LITERALS = 64
"""Most alternatives that `literals` spells out; `token[=:"']` is four."""
MAX_CLASS = 16
"""Most characters of a class that are spelt out: `[0-9a-f]`, not `[A-Z0-9]`."""


class Word(NamedTuple):
    """A substring, and how many characters of a key stand right behind it at least."""

    text: str
    tail: int = 0


Words = tuple[Word, ...]


def bounded(pattern: str, limit: int) -> str:
    """`pattern` with `*`, `+` and `{n,}` given `limit` as upper bound: on hostile input no repeat runs to its end.

    Possessive repeats and verbose patterns are not understood: raises ValueError.
    """
    if re.match(r"\(\?[a-z]*x", pattern) or re.search(r"(?<!\\)[*+?}]\+", pattern):
        raise ValueError(f"cannot bound {pattern!r}")

    def bound(piece: re.Match[str]) -> str:
        low = {"*": "0", "+": "1"}.get(piece[0]) or piece["low"]
        return piece[0] if low is None else f"{{{low},{max(limit, int(low))}}}"

    return re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[*+]|\{(?P<low>\d+),\}", bound, pattern, flags=re.DOTALL)


def literals(pattern: str, flags: int = 0) -> Words:
    """Words of which any text that `pattern` matches holds at least one; empty when there is no such promise.

    Lower case when `flags` holds IGNORECASE: look for them in the lowered text. Sound only together with re.ASCII,
    because the long s and the Kelvin sign fold to letters otherwise.
    """
    return cover(_walk(sre_parse.parse(pattern, flags).data, bool(flags & re.IGNORECASE)))


def cover(words: Iterable[Word]) -> Words:
    """Without the words that hold another one: the shorter is there whenever they are."""
    least: dict[str, int] = {}
    for text, tail in words:
        least[text] = min(tail, least.get(text, tail))
    bare = [text for text, tail in least.items() if tail == 0]
    return tuple(
        Word(text, tail) for text, tail in sorted(least.items()) if not any(one in text for one in bare if one != text)
    )


def search(pattern: str) -> Search:
    """The expression with the fewest words that tell it. Raises re.error for what is none."""
    flags = re.compile(pattern).flags
    is_folded = bool(flags & re.IGNORECASE)
    words: list[str] = []
    for sets in needed(pattern, flags):
        if not sets:
            return Search(pattern, is_folded, ())
        fewest: tuple[str, ...] = min(sets, key=len)
        words += fewest
    return Search(pattern, is_folded, tuple(words))


def needed(pattern: str, flags: int = 0) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Per branch of `a|b`, sets of substrings: any text that matches it holds at least one of each. Empty: no promise.

    More than `literals` says: `https://hub/…/resolve/` needs its beginning and its end. Folding as there.
    """
    pieces: list[tuple[Any, Any]] = list(sre_parse.parse(pattern, flags).data)
    folded = bool(flags & re.IGNORECASE)
    # The parser takes what all branches begin with out of them.
    place = next((place for place, (op, _) in enumerate(pieces) if op is sre.BRANCH), None)
    branches = [pieces]
    if place is not None:
        branches = [[*pieces[:place], *branch, *pieces[place + 1 :]] for branch in pieces[place][1][1]]
    return tuple(_needed(branch, folded) for branch in branches)


def _needed(pieces: Sequence[tuple[Any, Any]], folded: bool) -> tuple[tuple[str, ...], ...]:
    sets = [tuple(word.text for word in cover(_walk(pieces, folded)))]
    run: tuple[str, ...] = ("",)
    for op, argument in pieces:
        choices = _exact(op, argument, folded)
        if choices is not None and len(choices) * len(run) <= MAX_LITERALS:
            run = tuple(head + tail for head in run for tail in choices)
            continue
        sets.append(run)
        run = ("",) if choices is None else choices
    sets.append(run)
    return tuple(dict.fromkeys(one for one in sets if one and min(map(len, one)) >= MIN_NEEDED))


def beginnings(pattern: str) -> tuple[str, ...]:
    """Texts of which every match begins with one, where it can only stand at the start of a text; else empty.

    For patterns without flags.
    """
    compiled = re.compile(pattern)
    pieces: list[tuple[Any, Any]] = list(sre_parse.parse(pattern).data)
    if compiled.flags != re.UNICODE.value or not pieces or pieces[0] != (sre.AT, sre.AT_BEGINNING):
        return ()
    runs: tuple[str, ...] = ("",)
    for op, argument in pieces[1:]:
        choices = _exact(op, argument, False)
        if choices is None or len(choices) * len(runs) > MAX_LITERALS:
            break
        runs = tuple(run + choice for run in runs for choice in choices)
    return runs if min(map(len, runs)) >= MIN_NEEDED else ()


def _walk(parsed: Iterable[tuple[Any, Any]], folded: bool, start: tuple[str, ...] = ("",), fork: bool = True) -> Words:
    """The most telling words along one sequence; `start` is what stands before it, when that is known."""
    pieces = list(parsed)
    best: Words = ()
    runs = start
    for place, (op, argument) in enumerate(pieces):
        choices = _exact(op, argument, folded)
        if choices is not None and len(choices) * len(runs) <= MAX_LITERALS:
            runs = tuple(run + choice for run in runs for choice in choices)
            continue
        if fork and op is sre.SUBPATTERN:
            op, argument = _inner(argument)
        if fork and op is sre.BRANCH:
            # The parser takes a common first letter out of `AKIA|ASIA`: each branch is read with what is around it.
            forks = [_walk([*branch, *pieces[place + 1 :]], folded, runs, fork=False) for branch in argument[1]]
            return _better(best, tuple(word for words in forks for word in words) if all(forks) else ())
        tail = _tail(pieces[place:])
        best = _better(best, tuple(Word(run, tail) for run in runs))
        runs = ("",) if choices is None else choices
        if choices is None:
            best = _better(best, _within(op, argument, folded))
    return _better(best, tuple(map(Word, runs)))


def _inner(argument: Any) -> tuple[Any, Any]:
    """The one piece of a group, or the group itself where it holds more."""
    body = argument[-1]
    return body[0] if len(body) == 1 else (sre.SUBPATTERN, argument)


def telling(words: Words) -> tuple[int, int]:
    """Sorts sets of words by how rarely a text that has nothing to hide holds one of them; empty words say nothing.

    Twelve characters of key behind a word are worth one in it, but make no word of a dash.
    """
    rarest = min((len(text) + (tail // 12 if len(text) > 2 else 0) for text, tail in words if text), default=0)
    return (rarest, -len(words)) if all(text for text, _ in words) else (0, 0)


def _better(one: Words, other: Words) -> Words:
    chosen = max(one, other, key=telling)
    return chosen if telling(chosen)[0] else ()


def _tail(pieces: Iterable[tuple[Any, Any]]) -> int:
    """Key characters that a sequence begins with at least."""
    least = 0
    for op, argument in pieces:
        if op in (sre.LITERAL, sre.IN) and _of_keys(op, argument):
            least += 1
        elif op is sre.MAX_REPEAT and len(argument[2]) == 1 and _of_keys(*argument[2][0]):
            least += argument[0]
        elif op not in (sre.ASSERT, sre.ASSERT_NOT, sre.AT):
            break
    return least


def _of_keys(op: Any, argument: Any) -> bool:
    """Whether a piece is one character, and always a key's."""
    if op not in (sre.LITERAL, sre.IN):
        return False
    members = _members([(op, argument)] if op is sre.LITERAL else argument, False, len(KEY_CHARACTERS))
    return members is not None and set(members) <= set(KEY_CHARACTERS.decode())


def _exact(op: Any, argument: Any, folded: bool) -> tuple[str, ...] | None:
    """Every text that this piece can match, when those are few; None otherwise. Assertions match the empty text."""
    if op is sre.LITERAL:
        char = chr(argument)
        return (char.lower() if folded else char,)
    if op in (sre.AT, sre.ASSERT_NOT, sre.ASSERT):
        return ("",)
    if op is sre.IN:
        return _members(argument, folded, MAX_CLASS)
    if op is sre.SUBPATTERN:
        return _sequence(argument[-1], folded)
    if op is sre.BRANCH:
        branches = [_sequence(branch, folded) for branch in argument[1]]
        if any(branch is None for branch in branches):
            return None
        return tuple(dict.fromkeys(text for branch in branches for text in branch or ()))
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[1] <= 2:
        return _repeated(argument, folded)
    return None


def _repeated(argument: Any, folded: bool) -> tuple[str, ...] | None:
    least, most, body = argument
    once = _sequence(body, folded)
    if once is None or len(once) ** int(most) > MAX_LITERALS:
        return None
    texts: list[str] = [] if least else [""]
    repeated: tuple[str, ...] = ("",)
    for count in range(1, int(most) + 1):
        repeated = tuple(head + tail for head in repeated for tail in once)
        if count >= least:
            texts.extend(repeated)
    return tuple(dict.fromkeys(texts))


def _sequence(parsed: Iterable[tuple[Any, Any]], folded: bool) -> tuple[str, ...] | None:
    texts: tuple[str, ...] = ("",)
    for op, argument in parsed:
        choices = _exact(op, argument, folded)
        if choices is None or len(texts) * len(choices) > MAX_LITERALS:
            return None
        texts = tuple(text + choice for text in texts for choice in choices)
    return texts


def _members(members: Iterable[tuple[Any, Any]], folded: bool, limit: int) -> tuple[str, ...] | None:
    """The characters of a class; None for a negated one, one with a category such as `\\w`, or one with too many."""
    chars: set[str] = set()
    for op, argument in members:
        if op is sre.LITERAL:
            chars.add(chr(argument))
        elif op is sre.RANGE and argument[1] - argument[0] < limit:
            chars.update(map(chr, range(argument[0], argument[1] + 1)))
        else:
            return None
    return tuple(sorted({char.lower() for char in chars} if folded else chars)) if len(chars) <= limit else None


def _within(op: Any, argument: Any, folded: bool) -> Words:
    """What a piece with too many exact texts still promises."""
    if op is sre.SUBPATTERN:
        return _walk(argument[-1], folded)
    if op is sre.BRANCH:
        branches = [_walk(branch, folded) for branch in argument[1]]
        return tuple(word for branch in branches for word in branch) if all(branches) else ()
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[0] >= 1:
        return _walk(argument[2], folded)
    return ()
