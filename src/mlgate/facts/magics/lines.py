"""Where Python's logical lines begin, in a text that is not all Python."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mlgate.regex import regex

_TOKEN = regex(
    r"""(?P<comment>\#.*)|(?P<triple>\"{3}|'{3})|(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<open>["'](?=.*\\$))|(?P<bracket>[()\[\]{}])|(?P<help>\?\??;?\s*$)|(?P<continued>\\$)"""
)
_ENDS = {quote: regex(rf"\\.|(?P<end>{quote})") for quote in ('"', "'", '"""', "'''")}
_OPTION = regex(r"\s*(?:--(?P<long>[a-z][\w-]*)(?:=\S+)?(?=\s|$)|--(?=\s)|-(?P<letter>[A-Za-z])(?P<rest>\S*))")
_WORD = regex(r"\s+\S+")


class Lexer(Struct):
    """Knows, line by line, whether a text is inside brackets or a string. Iterative, linear, tolerant, and the same
    on every Python, unlike `tokenize`."""

    depth: int = 0
    quote: str = ""
    """What ends the string that is open; empty outside."""
    continued: bool = False
    asks_for_help: bool = False
    """The line ends in a `?` that is code."""

    @property
    def at_start(self) -> bool:
        """Whether the next line begins a logical line."""
        return not (self.depth or self.quote or self.continued)

    def feed(self, line: str) -> None:
        self.continued = self.asks_for_help = False
        at = 0
        while True:
            if self.quote:
                at = self._close(line, at)
                if at < 0:
                    return
            token = _TOKEN.search(line, at)
            if token is None:
                return
            at = token.end()
            match token.lastgroup:
                case "triple" | "open":
                    self.quote = token[0]
                case "bracket":
                    self.depth = max(0, self.depth + (1 if token[0] in "([{" else -1))
                case "help":
                    self.asks_for_help = self.depth == 0
                case "continued":
                    self.continued = True
                case _:
                    pass

    def _close(self, line: str, at: int) -> int:
        """Where the open string ends on this line; -1: not on it."""
        for mark in _ENDS[self.quote].finditer(line, at):
            if mark["end"]:
                self.quote = ""
                return mark.end()
        # A string in single quotes goes on only behind a backslash; without one it is an error that ends with the line.
        if len(self.quote) == 1 and (len(line) - len(line.rstrip("\\"))) % 2 == 0:
            self.quote = ""
        return -1


def continuation(lines: Sequence[str], start: int) -> int:
    """The line after the one that begins at `start` and goes on behind each backslash; as IPython reads magics."""
    end = start
    while end + 1 < len(lines) and lines[end].endswith("\\"):
        end += 1
    return end + 1


def after_options(text: str, letters: str) -> int:
    """Offset in `text` at which a magic's options are over; `letters` as for getopt, one with `:` takes a value."""
    at = 0
    while option := _OPTION.match(text, at):
        letter, rest = option["letter"], option["rest"]
        if letter is None:
            at = option.end()
            if option["long"] is None:
                break
        elif f"{letter}:" in letters:
            value = None if rest else _WORD.match(text, option.end())
            at = value.end() if value else option.end()
        elif letter in letters and not rest.strip(letters):
            at = option.end()
        else:
            break
    return at
