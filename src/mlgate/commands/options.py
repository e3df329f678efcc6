"""Options and operands of a program's words, in every spelling: `--ip=x`, `--ip x`, `-O x`, `-Ox`, `-qU`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from mlgate.commands.programs import tail
from mlgate.commands.script import Word


class Option(Struct, frozen=True):
    """One option or operand; `name` is empty for an operand, `value` None for an option without one."""

    name: str
    value: Word | None
    word: Word
    """The word that carries the option's name, or the operand."""


def parse(words: Sequence[Word], valued: frozenset[str], *, attach: bool = True) -> Iterator[Option]:
    """Options and operands in order; `valued` names those that take a value from the next word.

    A long option takes a value behind `=` in any case. A cluster of short ones (`-qU`) is taken apart;
    with `attach` the first of them that takes a value takes the rest of its word (`-fhttps://…`).
    """
    index = 0
    only_operands = False
    while index < len(words):
        word = words[index]
        text = word.text
        index += 1
        following = words[index] if index < len(words) else None
        if only_operands or not text.startswith("-") or text == "-" or (word.holes and word.holes[0][0] == 0):
            yield Option("", word, word)
        elif text == "--":
            only_operands = True
        elif text.startswith("--") or not attach:
            name, equals, _ = text.partition("=")
            if equals:
                yield Option(name, tail(word, len(name) + 1), word)
            elif text in valued:
                index += 1
                yield Option(text, following, word)
            else:
                yield Option(text, None, word)
        elif text in valued:
            index += 1
            yield Option(text, following, word)
        else:
            consumed = False
            for place, letter in enumerate(text[1:], start=1):
                name = f"-{letter}"
                if name in valued:
                    if place + 1 < len(text):
                        rest = tail(word, place + 1)
                        yield Option(name, tail(rest, 1) if rest.text.startswith("=") else rest, word)
                    else:
                        consumed = True
                        yield Option(name, following, word)
                    break
                yield Option(name, None, word)
            index += consumed
