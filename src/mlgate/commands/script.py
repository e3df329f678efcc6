"""Shell text as a tree: pipelines of commands, of words that know where they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct, field


class Piece(Struct, frozen=True):
    """A run of a word's text: where it begins in the text and in the source; `fixed` for text that stands nowhere."""

    index: int
    offset: int
    fixed: bool = False


_index = attrgetter("index")


class Word(Struct, frozen=True):
    text: str
    """Quotes and escapes removed, known variables replaced, unknown ones left as written."""
    start: int
    end: int
    """0-based offsets into the source, `end` one past the end."""
    pieces: tuple[Piece, ...] = ()
    holes: tuple[tuple[int, int], ...] = ()
    """Ranges of `text` whose value is not known."""
    inner: tuple[Substitution, ...] = ()
    quoted: bool = False

    def offset(self, index: int) -> int:
        """The source offset of `text[index]`."""
        # A script in quotes in quotes has a piece for each quote, and is asked about each of its characters.
        behind = bisect_right(self.pieces, index, key=_index)
        found = self.pieces[behind - 1] if behind else Piece(0, self.start)
        return found.offset if found.fixed else found.offset + index - found.index

    @property
    def known(self) -> bool:
        return not self.holes

    @property
    def opaque(self) -> bool:
        """Nothing but a variable."""
        return len(self.holes) == 1 and self.holes[0] == (0, len(self.text))


class Substitution(Struct, frozen=True):
    """`$(…)`, a backtick pair (`value`), or `<(…)`, `>(…)` (`file`)."""

    kind: str
    script: tuple[Pipeline, ...]


class Heredoc(Struct, frozen=True):
    text: str
    lines: tuple[tuple[int, int], ...]
    """For each line of `text`: source offset of its first character, and how many tabs `<<-` took away."""


class Redirect(Struct, frozen=True):
    operator: str
    """`<`, `>`, `>>`, `<<`, `<<<`, `&>` …"""
    target: Word | None
    attached: bool
    """No blank before it and none behind: `torch>=2` is one of these."""
    body: Heredoc | None = None


class Command(Struct, frozen=True):
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    start: int
    end: int
    group: tuple[Pipeline, ...] = ()
    """What stands in a subshell `( … )`; then `words` is empty."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What was known of the script's variables when the command ran."""


class Pipeline(Struct, frozen=True):
    commands: tuple[Command, ...]
    start: int
    end: int


def flatten(pipelines: Sequence[Pipeline]) -> Iterator[Pipeline]:
    """All pipelines, those of subshells and substitutions before the one that holds them."""
    for pipeline in pipelines:
        for command in pipeline.commands:
            yield from flatten(command.group)
            for word in words_of(command):
                for inner in word.inner:
                    yield from flatten(inner.script)
        yield pipeline


def words_of(command: Command) -> Iterator[Word]:
    """Words, assigned values and targets of redirections."""
    yield from command.words
    for _, value in command.assignments:
        yield value
    for redirect in command.redirects:
        if redirect.target is not None:
            yield redirect.target
