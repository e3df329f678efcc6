"""Shell text, read into pipelines of words that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mlgate.commands.script import Command, Heredoc, Piece, Pipeline, Redirect, Substitution, Word
from mlgate.model import HOLE
from mlgate.regex import regex

MAX_DEPTH = 40
"""Deepest nesting of substitutions and subshells that is followed; what lies deeper stays text, see `read_on`."""

MAX_VARIABLES = 1_000
"""Most variables of one script whose values are remembered; the others are unknown."""

MAX_BRACE = 200
"""Longest `{expression}` of a notebook line, in characters."""

_NAME = regex(r"[A-Za-z_]\w*", re.ASCII)
_ASSIGNMENT = regex(r"([A-Za-z_]\w*)\+?=", re.ASCII)
_SUBSCRIPTED = regex(r"([A-Za-z_]\w*)\[[^\]\s]*\]\+?=", re.ASCII)
_KEYWORDS = frozenset({"if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!", "time"})
_OPENING = frozenset({"if", "while", "until", "for", "case", "select"})
_CLOSING = frozenset({"fi", "done", "esac"})
_BLANK = " \t\r"
_WORD_END = frozenset(" \t\r\n;&|<>()")


def read(text: str, variables: Mapping[str, str] | None = None) -> tuple[Pipeline, ...]:
    """The pipelines of `text` in order. Never raises: what is no shell is read as words.

    `variables`: what is known from elsewhere (the constants of a notebook), as text.
    """
    return read_on(text, variables or {})[0]


def read_on(
    text: str, variables: Mapping[str, str], cut: list[int] | None = None
) -> tuple[tuple[Pipeline, ...], Mapping[str, str]]:
    """The pipelines of `text`, and what is known of variables behind it.

    `cut` is given the source offset of each substitution and subshell that lies too deep to be followed.
    """
    reader = _Reader(text, None, dict(variables), 0, cut)
    return reader.script(), reader.variables


def read_word(word: Word, variables: Mapping[str, str], cut: list[int] | None = None) -> tuple[Pipeline, ...]:
    """The pipelines of a script that is one word (`sh -c "…"`); all offsets are those of the outer source."""
    offsets = [word.offset(index) for index in range(len(word.text))] + [word.end]
    return _Reader(word.text, offsets, dict(variables), 1, cut).script()


class _Builder:
    """Collects one word."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.text: list[str] = []
        self.length = 0
        self.pieces: list[Piece] = []
        self.holes: list[tuple[int, int]] = []
        self.inner: list[Substitution] = []
        self.quoted = False

    def add(self, text: str, offset: int, *, fixed: bool = False, hole: bool = False) -> None:
        if not text:
            return
        last = self.pieces[-1] if self.pieces else None
        if last is None or fixed or last.fixed or last.offset + self.length - last.index != offset:
            self.pieces.append(Piece(self.length, offset, fixed))
        if hole:
            self.holes.append((self.length, self.length + len(text)))
        self.text.append(text)
        self.length += len(text)

    def word(self, end: int) -> Word:
        return Word(
            "".join(self.text), self.start, end, tuple(self.pieces), tuple(self.holes), tuple(self.inner), self.quoted
        )


class _Reader:
    """One pass over one text; `offsets` maps its places to the source where the text is itself a word."""

    def __init__(
        self,
        text: str,
        offsets: Sequence[int] | None,
        variables: Mapping[str, str],
        depth: int,
        cut: list[int] | None = None,
    ) -> None:
        self.text = text
        self.size = len(text)
        self.offsets = offsets
        self.variables = variables
        self.depth = depth
        self.cut: list[int] = [] if cut is None else cut
        self.at = 0
        self.heredocs: list[tuple[int, str, bool]] = []
        self.bodies: dict[int, Heredoc] = {}
        self.serial = 0
        self.blocks = 0
        self.cases = 0

    def source(self, index: int) -> int:
        return index if self.offsets is None else self.offsets[min(index, len(self.offsets) - 1)]

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    # --- lists and pipelines

    def script(self) -> tuple[Pipeline, ...]:
        return self._with_bodies(self.list_until(""))

    def list_until(self, closing: str) -> tuple[Pipeline, ...]:
        """Pipelines up to `closing` (")" or the end of the text), which is consumed."""
        found: list[Pipeline] = []
        while self.at < self.size:
            self.skip_blanks()
            char = self.peek()
            if char == "":
                break
            if char == ")":
                self.at += 1
                if closing == ")":
                    break
                continue
            if char in "\n;&|":
                self.separator()
                continue
            before = self.at
            pipeline = self.pipeline()
            if pipeline is not None:
                found.append(pipeline)
            elif self.at == before:
                self.at += 1
        return tuple(found)

    def separator(self) -> None:
        if self.peek() == "\n":
            self.newline()
        elif self.peek(2) == ";;":
            self.at += 3 if self.peek(3) == ";;&" else 2
            if self.cases:
                self.skip_pattern()
        else:
            self.at += 1

    def pipeline(self) -> Pipeline | None:
        commands: list[Command] = []
        while True:
            command = self.command()
            if command is not None:
                commands.append(command)
            self.skip_blanks()
            if self.peek() == "|" and self.peek(2) != "||":
                self.at += 2 if self.peek(2) == "|&" else 1
                self.skip_blanks(newlines=True)
                continue
            break
        if not commands:
            return None
        return Pipeline(tuple(commands), commands[0].start, commands[-1].end)

    def command(self) -> Command | None:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        self.skip_blanks()
        start = end = self.at
        while self.at < self.size:
            self.skip_blanks()
            if not (words or assignments or redirects):
                start = self.at
            char = self.peek()
            if char == "" or char in "\n;|)":
                break
            if char == "&" and self.peek(2) not in ("&>",):
                break
            if char == "(":
                if words:
                    self.at += 1
                    if self.text[self.at : self.at + 1] == ")":  # name() { … }
                        self.at += 1
                        words.clear()
                        continue
                    break
                return self.subshell(start)
            redirect = self.redirect()
            if redirect is not None:
                redirects.append(redirect)
                end = self.at
                continue
            if not words:
                match = _ASSIGNMENT.match(self.text, self.at) or _SUBSCRIPTED.match(self.text, self.at)
                if match is not None:
                    self.at = match.end()
                    assignments.append((match.group(1), self.value()))
                    end = self.at
                    continue
            word = self.word()
            if not words and not word.quoted and not word.holes and self.keyword(word.text):
                assignments.clear()
                continue
            words.append(word)
            if len(words) == 1 and word.text == "[[" and not word.quoted:
                self.test(words)
            end = self.at
        if not (words or assignments or redirects):
            return None
        known = self.variables
        self.assign(assignments, words)
        return Command(
            tuple(assignments), tuple(words), tuple(redirects), self.source(start), self.last(start, end), (), known
        )

    def last(self, start: int, end: int) -> int:
        return self.source(end - 1) + 1 if end > start else self.source(end)

    def subshell(self, start: int) -> Command | None:
        self.at += 1
        if self.depth >= MAX_DEPTH:
            self.cut.append(self.source(self.at - 1))
            return None
        self.depth += 1
        outer = self.variables
        group = self.list_until(")")
        self.variables = outer
        self.depth -= 1
        end = self.at
        redirects: list[Redirect] = []
        while True:
            self.skip_blanks()
            redirect = self.redirect()
            if redirect is None:
                break
            redirects.append(redirect)
            end = self.at
        return Command((), (), tuple(redirects), self.source(start), self.last(start, end), group, self.variables)

    def keyword(self, text: str) -> bool:
        """Whether `text` is a word of the grammar, not of a command; follows `for` and `case` to their lists."""
        if text in _OPENING:
            self.blocks += 1
        elif text in _CLOSING:
            self.blocks = max(0, self.blocks - 1)
        if text in ("for", "select"):
            self.skip_blanks()
            name = _NAME.match(self.text, self.at)
            if name is not None:
                self.forget(name.group())
                self.at = name.end()
            self.skip_words()
            return True
        if text == "case":
            self.cases += 1
            self.skip_words(until="in")
            self.skip_pattern()
            return True
        if text == "esac":
            self.cases = max(0, self.cases - 1)
            return True
        if text == "function":
            self.skip_blanks()
            name = _NAME.match(self.text, self.at)
            if name is not None:
                self.at = name.end()
                if self.peek(2) == "()":
                    self.at += 2
            return True
        return text in _KEYWORDS

    def skip_words(self, until: str = "") -> None:
        """Past the words of this line, or past the word `until`."""
        while True:
            self.skip_blanks()
            if self.at >= self.size or self.peek() in "\n;&|<>()":
                return
            if self.word().text == until:
                return

    def skip_pattern(self) -> None:
        """Past `pattern)` of a case, unless `esac` comes first."""
        while self.at < self.size:
            self.skip_blanks(newlines=True)
            if self.text.startswith("esac", self.at):
                return
            char = self.peek()
            if char == ")":
                self.at += 1
                return
            if char in ";&<>":
                return
            if char in "(|":
                self.at += 1
            elif char:
                self.word()

    def test(self, words: list[Word]) -> None:
        """The rest of `[[ … ]]`, in which `<`, `(` and `&&` are no operators of the shell."""
        while self.at < self.size:
            self.skip_blanks()
            char = self.peek()
            if char in ("", "\n", ";"):
                return
            if char in "&|<>()":
                self.at += 1
                continue
            word = self.word()
            words.append(word)
            if word.text == "]]":
                return

    def assign(self, assignments: Sequence[tuple[str, Word]], words: Sequence[Word]) -> None:
        """What the command makes known of variables."""
        new = list(assignments) if not words else []
        if words and words[0].text in ("export", "declare", "local", "readonly", "typeset"):
            for word in words[1:]:
                match = _ASSIGNMENT.match(word.text)
                if match is not None:
                    tail = word.text[match.end() :]
                    holes = tuple(hole for hole in word.holes if hole[1] > match.end())
                    new.append((match.group(1), Word(tail, word.start, word.end, (), holes)))
        elif words and words[0].text in ("read", "unset", "mapfile", "getopts"):
            for word in words[1:]:
                self.forget(word.text)
        for name, value in new:
            other = self.variables.get(name)
            if value.known and not (self.blocks and other is not None and other != value.text):
                if len(self.variables) < MAX_VARIABLES or name in self.variables:
                    self.variables = {**self.variables, name: value.text}
            else:
                self.forget(name)

    def forget(self, name: str) -> None:
        if name in self.variables:
            self.variables = {key: value for key, value in self.variables.items() if key != name}

    def redirect(self) -> Redirect | None:
        start = self.at
        index = start
        while index < self.size and self.text[index].isdigit() and index - start < 3:
            index += 1
        rest = self.text[index : index + 3]
        operator = next(
            (
                o
                for o in ("<<<", "<<-", "&>>", "<<", ">>", "<>", ">|", "&>", "<&", ">&", "<", ">")
                if rest.startswith(o)
            ),
            "",
        )
        if not operator or rest[:2] in ("<(", ">("):
            return None
        if index > start and operator.startswith("&"):
            return None
        attached = index == start and start > 0 and self.text[start - 1] not in _WORD_END
        self.at = index + len(operator)
        attached = attached and self.peek() not in _BLANK and self.peek() != ""
        self.skip_blanks()
        if self.at >= self.size or (self.peek() in "\n;|)" and self.peek(2) not in ("<(", ">(")):
            return Redirect(operator, None, attached)
        if operator in ("<<", "<<-"):
            word = self.word()
            self.serial += 1
            self.heredocs.append((self.serial, word.text, operator == "<<-"))
            return Redirect(operator, word, attached, Heredoc(str(self.serial), ()))
        return Redirect(operator, self.word(), attached)

    # --- blanks, lines, heredocs

    def skip_blanks(self, newlines: bool = False) -> None:
        while self.at < self.size:
            char = self.text[self.at]
            if char in _BLANK:
                self.at += 1
            elif char == "\\" and self.text.startswith(("\\\n", "\\\r\n"), self.at):
                self.at += 3 if self.text[self.at + 1] == "\r" else 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = self.size if end < 0 else end
            elif char == "\n" and newlines:
                self.newline()
            else:
                return

    def newline(self) -> None:
        """Past a line's end, and past the heredocs that begin behind it."""
        self.at += 1
        pending, self.heredocs = self.heredocs, []
        for serial, delimiter, strip in pending:
            self.bodies[serial] = self.heredoc(delimiter, strip)

    def heredoc(self, delimiter: str, strip: bool) -> Heredoc:
        texts: list[str] = []
        lines: list[tuple[int, int]] = []
        while self.at < self.size:
            end = self.text.find("\n", self.at)
            end = self.size if end < 0 else end
            line = self.text[self.at : end]
            begin, self.at = self.at, min(end + 1, self.size)
            taken = len(line) - len(line.lstrip("\t")) if strip else 0
            if line[taken:].rstrip() == delimiter:
                break
            texts.append(line[taken:].removesuffix("\r"))
            lines.append((self.source(begin), taken))
        return Heredoc("\n".join(texts), tuple(lines))

    def _with_bodies(self, pipelines: tuple[Pipeline, ...]) -> tuple[Pipeline, ...]:
        """The pipelines with the heredocs' texts, which stand behind the line that asks for them."""
        if self.heredocs:
            for serial, _, _ in self.heredocs:
                self.bodies[serial] = Heredoc("", ())
        if not self.bodies:
            return pipelines
        return tuple(replace(p, commands=tuple(map(self._with_body, p.commands))) for p in pipelines)

    def _with_body(self, command: Command) -> Command:
        redirects = tuple(
            r
            if r.body is None or r.body.lines or not r.body.text.isdigit()
            else replace(r, body=self.bodies.get(int(r.body.text), Heredoc("", ())))
            for r in command.redirects
        )
        return replace(command, redirects=redirects, group=self._with_bodies(command.group))

    # --- words

    def value(self) -> Word:
        """The right side of an assignment: a word, nothing, or an array."""
        if self.peek() == "(":
            start = self.at
            self.at += 1
            while self.at < self.size and self.peek() != ")":
                self.skip_blanks(newlines=True)
                if self.peek() in (")", ""):
                    break
                before = self.at
                self.word()
                if self.at == before:
                    self.at += 1
            self.at = min(self.at + 1, self.size)
            text = self.text[start : self.at]
            return Word(text, self.source(start), self.last(start, self.at), (), ((0, len(text)),))
        return self.word()

    def word(self) -> Word:
        start = self.at
        built = _Builder(self.source(start))
        while self.at < self.size:
            char = self.text[self.at]
            if self.peek(2) in ("<(", ">(") and self.at == start:
                self.substitution(built, "file", 2)
            elif char in _WORD_END:
                break
            elif char == "\\":
                self.escape(built)
            elif char == "'":
                self.single(built)
            elif char == '"':
                self.double(built)
            elif char == "$":
                self.dollar(built, quoted=False)
            elif char == "`":
                self.backticks(built)
            elif char == "{":
                self.brace(built)
            else:
                self.plain(built)
        return built.word(self.last(start, self.at))

    def plain(self, built: _Builder) -> None:
        end = self.at + 1
        while end < self.size and self.text[end] not in "\\'\"$`{" and self.text[end] not in _WORD_END:
            end += 1
        built.add(self.text[self.at : end], self.source(self.at))
        self.at = end

    def escape(self, built: _Builder) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "\n" or self.text.startswith("\r\n", self.at + 1):
            self.at += 2 if following == "\n" else 3
            return
        if following:
            built.add(following, self.source(self.at + 1))
        else:
            built.add("\\", self.source(self.at))
        self.at += 2

    def single(self, built: _Builder) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:  # an apostrophe
            built.add("'", self.source(self.at))
            self.at += 1
            return
        built.quoted = True
        built.add(self.text[self.at + 1 : end], self.source(self.at + 1))
        self.at = end + 1

    def double(self, built: _Builder) -> None:
        if self.text.find('"', self.at + 1) < 0:
            built.add('"', self.source(self.at))
            self.at += 1
            return
        built.quoted = True
        self.at += 1
        while self.at < self.size:
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return
            if char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                if following == "\n":
                    self.at += 2
                elif following and following in '$`"\\':
                    built.add(following, self.source(self.at + 1))
                    self.at += 2
                else:
                    built.add("\\", self.source(self.at))
                    self.at += 1
            elif char == "$":
                self.dollar(built, quoted=True)
            elif char == "`":
                self.backticks(built)
            elif char == "{":
                self.brace(built)
            else:
                end = self.at + 1
                while end < self.size and self.text[end] not in '"\\$`{':
                    end += 1
                built.add(self.text[self.at : end], self.source(self.at))
                self.at = end

    def dollar(self, built: _Builder, *, quoted: bool) -> None:
        start = self.at
        following = self.text[start + 1 : start + 2]
        if following == "(":
            close = self.text.find("))", start, start + MAX_BRACE) if self.text.startswith("((", start + 1) else -1
            if close > 0 and "\n" not in self.text[start:close]:  # arithmetic
                self.at = close + 2
                built.add(self.text[start : self.at], self.source(start), hole=True)
                return
            self.substitution(built, "value", 2)
        elif following == "{":
            end = _closing_brace(self.text, start + 1)
            if end < 0:
                self.literal(built)
                return
            body = self.text[start + 2 : end]
            self.at = end + 1
            self.variable(built, start, body.strip())
        elif following == "'" and not quoted:
            self.at += 1
            self.single(built)
        elif following == '"' and not quoted:
            self.at += 1
            self.double(built)
        else:
            name = _NAME.match(self.text, start + 1)
            if name is not None:
                self.at = name.end()
                self.variable(built, start, name.group())
            elif following and following in "@*#?$!0123456789-":
                self.at += 2
                built.add(self.text[start : self.at], self.source(start), hole=True)
            else:
                self.literal(built)

    def literal(self, built: _Builder) -> None:
        built.add(self.text[self.at], self.source(self.at))
        self.at += 1

    def variable(self, built: _Builder, start: int, name: str) -> None:
        known = self.variables.get(name)
        if known is None:
            built.add(self.text[start : self.at], self.source(start), hole=True)
        else:
            built.add(known, self.source(start), fixed=True)

    def brace(self, built: _Builder) -> None:
        """`{name}`, `{expression}` of IPython; `{a,b}` of the shell and a lone brace stay text."""
        start = self.at
        following = self.text[start + 1 : start + 2]
        if self.text.startswith(HOLE, start):
            self.at += len(HOLE)
            built.add(HOLE, self.source(start), hole=True)
            return
        end = _closing_brace(self.text, start) if following.isidentifier() else -1
        body = self.text[start + 1 : end] if end > 0 else ""
        if (
            end < 0
            or "\n" in body
            or (_NAME.match(body) is None)
            or re.fullmatch(r"[\w.-]*(,[\w.-]*)+|\w+\.\.\w+", body)
        ):
            self.literal(built)
            return
        self.at = end + 1
        self.variable(built, start, body.strip())

    def substitution(self, built: _Builder, kind: str, opening: int) -> None:
        start = self.at
        self.at += opening
        if self.depth >= MAX_DEPTH:
            self.cut.append(self.source(start))
            built.add(self.text[start : self.at], self.source(start), hole=True)
            return
        self.depth += 1
        outer = self.variables
        script = self._with_bodies(self.list_until(")"))
        self.variables = outer
        self.depth -= 1
        built.inner.append(Substitution(kind, script))
        built.add(self.text[start : self.at], self.source(start), hole=True)

    def backticks(self, built: _Builder) -> None:
        start = self.at
        end = self.text.find("`", start + 1)
        if end >= 0 and self.depth >= MAX_DEPTH:
            self.cut.append(self.source(start))
        if end < 0 or self.depth >= MAX_DEPTH:
            self.literal(built)
            return
        inside = self.text[start + 1 : end]
        offsets = [self.source(index) for index in range(start + 1, end + 1)]
        script = _Reader(inside, offsets, self.variables, self.depth + 1, self.cut).script()
        self.at = end + 1
        built.inner.append(Substitution("value", script))
        built.add(self.text[start : self.at], self.source(start), hole=True)


_BRACE_MARKS = regex(r"[{}'\"\n]")


def _closing_brace(text: str, start: int) -> int:
    """Index of the `}` that closes the `{` at `start` on the same line, quotes respected; -1 where there is none."""
    depth = 0
    quote = ""
    for mark in _BRACE_MARKS.finditer(text, start, start + MAX_BRACE):
        char = mark.group()
        if char == "\n":
            return -1
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "{":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return mark.start()
    return -1
