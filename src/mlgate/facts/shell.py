"""Shell text: pipelines, what they fetch, install, set and start, and the code that they carry."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, field
from msgspec.structs import replace

from mlgate.commands.content import basename, content_of
from mlgate.commands.installs import Install, install_of
from mlgate.commands.programs import SHELLS, Invocation, invocation, python_of, reads_stdin, script_of
from mlgate.commands.reader import MAX_DEPTH, read_on, read_word
from mlgate.commands.repositories import Image, checkout_of, images_of, repository_of
from mlgate.commands.requirements import COMMIT, without_password
from mlgate.commands.script import Command, Heredoc, Pipeline, Redirect, Word, flatten, words_of
from mlgate.commands.servers import server_of
from mlgate.commands.tables import names
from mlgate.commands.transfers import Transfer, transfer_of
from mlgate.model import (
    HOLE,
    Confidence,
    Embedded,
    Extraction,
    Fact,
    Items,
    Kind,
    LineMap,
    Span,
    Template,
    Unit,
    Value,
    Vocabulary,
)
from mlgate.regex import regex

MAX_SCRIPTS = 8
"""Deepest chain of `sh -c "sh -c …"` that is followed: quotes in quotes make it three times as long each time."""

MAX_WORD = 500
"""Characters of one word that a fact repeats: it goes into messages and the cache."""

_ORIGINS = {"magic": "magic", "subprocess": "subprocess", "dockerfile": "dockerfile"}
_UNPACKERS = names("tar bsdtar unzip funzip gunzip gzip zcat bunzip2 bzcat xz unxz xzcat zstd unzstd 7z cpio")
_HANDED = {"dpkg": "-i", "rpm": "-", "installer": "-pkg", "msiexec": "/i", "java": "-jar"}
"""Programs that run what a package file holds, and the option that comes before it."""
_HANDED_VERBS = {"apt": "install", "apt-get": "install", "yum": "install", "dnf": "install", "pip": "install"}
_CHECKERS = regex(r"(?:sha(?:1|224|256|384|512)?|shasum|md5|b2|xxh\d*)(?:sum)?|openssl|gpgv?|cosign|minisign|rhash")
_CHECKS = regex(
    r"(?<![\w-])(?:-c|--check|--verify|-verify|-V|verify-blob|-a\s*\d+\s+-c)(?![\w-])|\b[0-9a-fA-F]{32,128}\b"
)
_SCRIPT_KINDS = {
    ".py": Kind.PYTHON,
    ".sh": Kind.SHELL,
    ".bash": Kind.SHELL,
    ".ipynb": Kind.NOTEBOOK,
    ".md": Kind.MARKDOWN,
    ".env": Kind.DOTENV,
    ".sql": Kind.SQL,
    ".yaml": Kind.CONFIG,
    ".yml": Kind.CONFIG,
    ".json": Kind.CONFIG,
    ".toml": Kind.CONFIG,
    ".ini": Kind.CONFIG,
    ".cfg": Kind.CONFIG,
    ".conf": Kind.CONFIG,
}


def extract(
    units: Sequence[Unit], vocabulary: Vocabulary, origin: str = "script", variables: Mapping[str, str] | None = None
) -> Extraction:
    """Facts `shell`, `package`, `setting` and `server`, and embedded documents.

    The units are one script in several pieces: a variable of one holds in those behind it, a clone or checksum in all.
    `origin`: what carries them (`magic`, `script`, `dockerfile`, `subprocess`, `workflow` …).
    `variables`: constants of the notebook that `{name}` and `$name` may stand for.
    """
    script = _Script(vocabulary, origin, dict(variables or {}))
    for unit in units:
        script.unit(unit)
    script.finish()
    if origin == "arguments":
        for draft in script.drafts:
            draft.doubt(Confidence.MEDIUM, "the command is put together here and started elsewhere")
    return Extraction(tuple(draft.fact() for draft in script.drafts), tuple(script.embedded))


class _Draft(Struct):
    """A fact whose attributes later lines may still change."""

    kind: str
    name: str
    span: Span
    attributes: dict[str, Value] = field(default_factory=dict)
    confidence: Confidence = Confidence.HIGH
    why: str = ""

    def fact(self) -> Fact:
        return Fact(self.kind, self.name, self.span, {}, self.attributes, False, self.confidence, self.why)

    def doubt(self, confidence: Confidence, why: str) -> None:
        if confidence < self.confidence:
            self.confidence, self.why = confidence, why


class _Fetched(Struct, frozen=True):
    """A file that the script has fetched: the fact that says so, and the names it may have."""

    draft: _Draft
    names: frozenset[str]
    unit: int


class _Used(Struct, frozen=True):
    """An image that a command takes."""

    draft: _Draft
    verb: str
    image: Image

    def state(self) -> None:
        image, attributes = self.image, self.draft.attributes
        attributes["image"] = Value((image.name,)) if image.word.known else _value(image.word)
        if image.tag:
            known = "$" not in image.tag and "{" not in image.tag
            attributes["tag"] = Value((image.tag,)) if known else Value((), f"`{image.tag}` holds the tag")
        if image.digest:
            attributes["digest"] = Value((image.digest,))
        if self.verb != "pull" and "/" not in image.name:
            self.draft.doubt(Confidence.MEDIUM, "it may be an image of this machine")


class _Clone(Struct, frozen=True):
    draft: _Draft
    folder: str
    unit: int


class _Script:
    """What one script has said so far."""

    def __init__(self, vocabulary: Vocabulary, origin: str, variables: dict[str, str]) -> None:
        self.vocabulary = vocabulary
        self.origin = origin
        self.variables: Mapping[str, str] = variables
        self.constants: Mapping[str, str] = variables
        """Those of the notebook, before the script sets its own."""
        self.drafts: list[_Draft] = []
        self.embedded: list[Embedded] = []
        self.number = 0
        """Of the unit that is read, from 1."""
        self.fetched: list[_Fetched] = []
        self.ran: list[Invocation] = []
        self.checks: list[tuple[str, list[_Fetched]]] = []
        """Text of what compares digests, and what the same unit fetched above it."""
        self.clones: list[_Clone] = []
        self.checkouts: list[tuple[str, Word, list[_Clone]]] = []
        """Folder, revision, and the clone above in the same unit."""
        self.images: list[_Used] = []
        self.own_images: set[str] = set()
        """Built here, or another name for such a one."""
        self.tagged: set[str] = set()
        self.folder = ""
        self.current = Unit(0, "")
        self.starts: list[int] = [0]

    def unit(self, unit: Unit) -> None:
        self.current = unit
        self.number += 1
        self.starts = [0, *(match.end() for match in re.finditer("\n", unit.text))]
        cut: list[int] = []
        pipelines, after = read_on(unit.text, self.variables, cut)
        self.nested(cut)
        for pipeline in pipelines:
            self.pipeline(pipeline, "", 0)
        self.variables = after

    def nested(self, cut: Sequence[int]) -> None:
        """States that a script nests deeper than it was read, once."""
        if cut:
            self.unread(cut[0], f"substitutions nested more than {MAX_DEPTH} deep")

    def unread(self, start: int, detail: str) -> None:
        """States that what stands there was not read."""
        self.drafts.append(_Draft("input", "too-deep", self.span(start, start), {"detail": Value((detail,))}))

    # --- places

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        line, column = self.place(start)
        end_line, end_column = self.place(max(start, end))
        return Span(self.current.cell, line, column, end_line, end_column)

    # --- a pipeline

    def pipeline(self, pipeline: Pipeline, context: str, depth: int) -> Transfer | None:
        """States what a pipeline does; returns what it fetches and leaves on its standard output.

        `context`: what becomes of its standard output: empty, `captured`, or the interpreter that runs it.
        """
        draft = _Draft("shell", _name(pipeline), self.span(pipeline.start, pipeline.end))
        draft.attributes["origin"] = Value((self.origin,))
        self.drafts.append(draft)
        calls = [invocation(command) for command in pipeline.commands]
        flow: Transfer | None = None
        left: Transfer | None = None
        runs = ""
        for command, found in zip(pipeline.commands, calls, strict=True):
            if flow is not None and found is not None:
                if reads_stdin(found):
                    left, runs, flow = flow, found.program, None
                else:
                    flow, left = self.passed(flow, found, command, left)
            inner = self.inside(command, found, depth)
            if inner is not None:
                transfer, interpreter = inner
                if interpreter:
                    left, runs = transfer, interpreter
                else:
                    flow = transfer
            if found is not None:
                transferred = self.command(found, command, draft, depth)
                if transferred is not None:
                    if transferred.stdout and transferred.kind != "upload":
                        flow = transferred
                    elif left is None or not runs:
                        left = transferred
        first = next((found for found in calls if found is not None), None)
        base = self.base(draft.name, pipeline)
        if base:
            draft.attributes["base"] = Value(base)
        if first is not None:
            draft.attributes["program"] = Value((first.program,))
            draft.attributes["words"] = _words(pipeline)
        if runs and left is not None:
            self.transfer(draft, left, runs)
        elif left is not None:
            self.transfer(draft, left, "")
        elif flow is not None and not context:
            self.transfer(draft, Transfer("api", flow.url), "")
        self.checksum(pipeline)
        return flow if context else None

    def base(self, name: str, pipeline: Pipeline) -> tuple[str, ...]:
        """Constants of the notebook that bring in every address of the line: they are facts where they are set."""
        written = self.current.text[pipeline.start : pipeline.end]
        brought = [
            value
            for variable, value in self.constants.items()
            if value in name and re.search(rf"[{{$]\{{?{re.escape(variable)}\b", written) and self.is_sought(value)
        ]
        rest = name
        for value in brought:
            rest = rest.replace(value, "")
        return tuple(brought) if brought and not self.is_sought(rest) else ()

    def is_sought(self, text: str) -> bool:
        return any(re.search(pattern, text) for pattern in self.vocabulary.strings)

    def passed(
        self, flow: Transfer, found: Invocation, command: Command, left: Transfer | None
    ) -> tuple[Transfer | None, Transfer | None]:
        """What becomes of fetched bytes that are piped through a program: (still piped, kept)."""
        for redirect in command.redirects:
            if redirect.operator in (">", ">>", ">|") and redirect.target is not None:
                if redirect.target.text == "/dev/null":
                    return None, left
                return None, replace(flow, target=redirect.target, stdout=False)
        if found.program == "tee":
            target = next((word for word in found.arguments if not word.text.startswith("-")), None)
            return flow, replace(flow, target=target, stdout=False) if target is not None else left
        if found.program in _UNPACKERS and not any(word.text in ("-c", "-dc", "-cd") for word in found.arguments):
            unpacks = found.program in ("gunzip", "gzip", "bunzip2", "xz", "unxz", "zstd", "unzstd", "zcat", "bzcat")
            if unpacks:
                return flow, left
            target = _folder(found)
            return None, replace(flow, target=target, stdout=False, content=flow.content or "archive")
        return flow, left

    def inside(self, command: Command, found: Invocation | None, depth: int) -> tuple[Transfer, str] | None:
        """States what subshells and substitutions do; returns what they fetch, and the interpreter that runs it."""
        kept: tuple[Transfer, str] | None = None
        for inner in command.group:
            transfer = self.pipeline(inner, "piped", depth)
            kept = kept or ((transfer, "") if transfer is not None else None)
        script = script_of(found) if found is not None else None
        code = python_of(found) if found is not None else None
        for word in words_of(command):
            interpreter = ""
            if found is not None:
                if word is script or word is code or found.program == "eval":
                    interpreter = "sh" if found.program == "eval" else found.program
                elif any(r.target is word and r.operator == "<<<" for r in command.redirects):
                    interpreter = found.program if reads_stdin(found) else ""
            for substitution in word.inner:
                runner = interpreter
                if substitution.kind == "file" and found is not None and _runs_file(found, word, command):
                    runner = found.program if found.program not in ("source", ".") else "sh"
                for inner in substitution.script:
                    transfer = self.pipeline(inner, runner or "captured", depth)
                    if transfer is not None and runner:
                        kept = (transfer, runner)
        return kept

    def command(self, found: Invocation, command: Command, draft: _Draft, depth: int) -> Transfer | None:
        """States what one program does beside its pipeline; returns what it fetches or sends."""
        self.settings(found, command)
        self.carried(found, command, depth)
        self.ran.append(found)
        install = install_of(found, command)
        if install is not None:
            self.install(install)
        server = server_of(found, {**command.variables, **self.exported})
        if server is not None:
            fact = _Draft("server", server.name, self.span(command.start, command.end))
            fact.attributes = {name: _value(value) for name, value in server.attributes.items()}
            fact.attributes["origin"] = Value((self.origin,))
            if server.implied:
                fact.doubt(Confidence.MEDIUM, f"{server.name} listens everywhere unless it is told otherwise")
            self.drafts.append(fact)
        self.repository(found, draft)
        if found.program in ("cd", "pushd") and found.arguments:
            self.folder = basename(found.arguments[0].text.rstrip("/"))
        return transfer_of(found, command)

    @property
    def exported(self) -> Mapping[str, str]:
        return {name: text for name, text in self.variables.items() if name.isupper()}

    # --- settings

    def settings(self, found: Invocation, command: Command) -> None:
        pairs = [(name, word, word.start - len(name) - 1) for name, word in found.settings]
        if found.program in ("export", "declare", "setenv", "set", "setx") or found.program == "$env":
            for word in found.arguments:
                match = re.match(r"([A-Za-z_]\w*)=", word.text)
                if match is not None:
                    holes = tuple((max(a - match.end(), 0), b - match.end()) for a, b in word.holes if b > match.end())
                    text = word.text[match.end() :]
                    pairs.append((match.group(1), Word(text, word.offset(0), word.end, (), holes), word.start))
        for name, word, start in pairs:
            self.setting(f"env:{name}", word, start)

    def setting(self, name: str, word: Word, start: int, *, always: bool = False) -> None:
        if not always and not any(fnmatchcase(name, pattern) for pattern in self.vocabulary.settings):
            return
        fact = _Draft("setting", name, self.span(max(start, 0), word.end))
        fact.attributes["value"] = _value(word)
        self.drafts.append(fact)

    # --- packages

    def install(self, install: Install) -> None:
        for option in install.options:
            self.setting(option.name, option.value, option.word.start, always=True)
        for package in install.packages:
            wanted = package.requirement
            word = package.word
            name = wanted.name or ("{…}" if package.unknown and wanted.source != "path" else word.text[:MAX_WORD])
            fact = _Draft("package", name, self.span(word.start, word.end))
            specifier = Value((wanted.specifier,))
            if package.unknown and wanted.source != "path":
                specifier = Value(
                    (),
                    f"`{package.unknown}` holds the version"
                    if wanted.name
                    else f"`{package.unknown}` holds what is installed",
                )
            fact.attributes = {
                "specifier": specifier,
                "source": Value((wanted.source,)),
                "origin": Value((_ORIGINS.get(self.origin, "shell"),)),
                "upgrade": Value((package.upgrade,)),
                "manager": Value((package.manager,)),
                "hash": Value((wanted.hashed,)),
            }
            if wanted.url:
                fact.attributes["url"] = Value((wanted.url,))
            if wanted.revision or (wanted.source == "git" and package.unknown):
                held = "$" in wanted.revision or "{" in wanted.revision
                fact.attributes["revision"] = (
                    Value((), f"`{package.unknown}` holds the revision")
                    if held or not wanted.revision
                    else Value((wanted.revision,))
                )
            if package.constrained:
                fact.doubt(Confidence.MEDIUM, "a constraints file may pin it")
            self.drafts.append(fact)

    # --- transfers

    def transfer(self, draft: _Draft, found: Transfer, runs: str) -> None:
        kind = "download" if runs else found.kind
        draft.attributes["transfer"] = Value((kind,))
        address = found.url.text if found.url is not None else ""
        if found.url is not None:
            draft.attributes["url"] = _value(found.url)
        if kind != "download":
            return
        target = found.target.text if found.target is not None else ""
        if found.target is not None and not runs:
            draft.attributes["target"] = _value(found.target)
        if runs:
            draft.attributes["runs"] = Value((runs,))
            draft.attributes["piped"] = Value((True,))
        draft.attributes["content"] = Value(("code" if runs else found.content or content_of(address, target),))
        if found.verified:
            draft.attributes["verified"] = Value((True,))
        commit = COMMIT.search(address)
        if commit is not None:
            draft.attributes["revision"] = Value((commit.group(),))
        if runs:
            return
        if found.url is not None and found.url.opaque and not found.doubt:
            sure = Confidence.LOW if found.url.text == HOLE else Confidence.MEDIUM
            draft.doubt(sure, "the address is held by a variable")
        if found.doubt == "target":
            draft.doubt(Confidence.LOW, "the target is held by a variable: it may be another bucket")
        elif found.doubt:
            draft.doubt(Confidence.MEDIUM, f"the {found.doubt.removesuffix('-named')} is held by a variable")
        called = {basename(address), basename(target)} - {"", ".", "..", "-"}
        self.fetched.append(_Fetched(draft, frozenset(called), self.number))

    def started(self, fetched: Sequence[_Fetched], found: Invocation) -> None:
        """Marks what is fetched and run by this command."""
        program = found.words[0].text
        runs, name = "", ""
        if "/" in program and not found.module:
            runs, name = "itself", basename(program)
        if not any(name in one.names for one in fetched):
            runs, name = _script_argument(found)
        for one in fetched if runs and name else ():
            if name in one.names:
                one.draft.attributes["runs"] = Value((runs,))
                one.draft.attributes["content"] = Value(("code",))

    def checksum(self, pipeline: Pipeline) -> None:
        """Keeps what compares files with a digest."""
        if not any(_is_checker(inner) for inner in flatten([pipeline])):
            return
        text = self.current.text[pipeline.start : pipeline.end]
        bodies = [r.body.text for c in pipeline.commands for r in c.redirects if r.body is not None]
        text = "\n".join([text, *bodies])
        if _CHECKS.search(text):
            here = [one for one in self.fetched if one.unit == self.number]
            self.checks.append((text, here))

    def checked(self, text: str, here: Sequence[_Fetched]) -> None:
        """Marks what is compared with a digest: what is named; else what was fetched above, in the same cell or all."""
        named = [one for one in self.fetched if any(name in text for name in one.names)]
        for one in named or here or self.fetched:
            one.draft.attributes["verified"] = Value((True,))
            one.draft.attributes.pop("runs", None)

    # --- code, models, images

    def repository(self, found: Invocation, draft: _Draft) -> None:
        repository = repository_of(found)
        if repository is not None and "repository" not in draft.attributes:
            draft.attributes["repository"] = _value(repository.word)
            if repository.revision is not None:
                draft.attributes["revision"] = _value(repository.revision)
            if repository.hub:
                draft.attributes["hub-type"] = Value((repository.hub,))
            if found.program == "git":
                self.clones.append(_Clone(draft, basename(repository.folder), self.number))
        checkout = checkout_of(found)
        if checkout is not None:
            above = [one for one in self.clones if one.unit == self.number][-1:]
            self.checkouts.append((basename(checkout.folder.rstrip("/")) or self.folder, checkout.revision, above))
        verb, images = images_of(found)
        if verb == "build":
            self.own_images.update(image.name for image in images)
        elif verb == "tag":
            self.tagged.update(image.name for image in images[:1])
            self.own_images.update(image.name for image in images[1:])
        else:
            self.images += [_Used(draft, verb, image) for image in images]

    def finish(self) -> None:
        """States what commands make of what others bring, wherever they stand: cells run in any order."""
        for found in self.ran if self.fetched else ():
            self.started(self.fetched, found)
        for text, here in self.checks:
            self.checked(text, here)
        self.check_out()
        self.name_images()

    def check_out(self) -> None:
        """Tells clones what is checked out: by folder; else the clone above in the same cell, else the only one."""
        for folder, revision, above in self.checkouts:
            named = [one for one in self.clones if one.folder == folder]
            for clone in named[-1:] or above or (self.clones if len(self.clones) == 1 else ()):
                clone.draft.attributes["revision"] = _value(revision)

    def name_images(self) -> None:
        """States each image that is not made here, once."""
        pulled = {used.image.name for used in self.images if used.verb == "pull"}
        own = self.own_images | (self.tagged - pulled)
        told: set[str] = set()
        for used in sorted(self.images, key=lambda used: (used.verb != "pull", used.draft.name)):
            if used.image.name not in own | told and "image" not in used.draft.attributes:
                told.add(used.image.name)
                used.state()

    # --- code that a command carries

    def carried(self, found: Invocation, command: Command, depth: int) -> None:
        script = script_of(found)
        if script is not None and depth >= MAX_SCRIPTS:
            self.unread(command.start, f"scripts that run scripts, more than {MAX_SCRIPTS} deep")
        elif script is not None and not (script.opaque and script.inner):
            cut: list[int] = []
            pipelines = read_word(script, command.variables, cut)
            self.nested(cut)
            for pipeline in pipelines:
                self.pipeline(pipeline, "", depth + 1)
        code = python_of(found)
        if code is not None and not code.opaque and code.text:
            self.embedded.append(Embedded(Kind.PYTHON, self.embed_word(code), origin="shell"))
        for redirect in command.redirects:
            if redirect.body is not None and redirect.body.text:
                self.heredoc(found, command, redirect.body)
        if found.program == "echo":
            self.echoed(found, command)

    def heredoc(self, found: Invocation, command: Command, body: Heredoc) -> None:
        unit = Unit(self.current.cell, body.text, LineMap(tuple((self.place(o)[0], t) for o, t in body.lines)))
        if found.program in SHELLS and reads_stdin(found):
            self.embedded.append(Embedded(Kind.SHELL, unit, origin="shell"))
        elif found.program == "python" and reads_stdin(found):
            self.embedded.append(Embedded(Kind.PYTHON, unit, origin="shell"))
        elif found.program in ("cat", "tee"):
            target = _written(found, command.redirects)
            kind = _kind_of(target)
            if kind is not None:
                self.embedded.append(Embedded(kind, unit, path=target, origin="writefile"))

    def echoed(self, found: Invocation, command: Command) -> None:
        """`echo "…" > x.py`."""
        target = _written(found, command.redirects)
        kind = _kind_of(target) if target else None
        words = [word for word in found.arguments if word.text not in ("-e", "-n", "-E")]
        if kind is not None and len(words) == 1 and not words[0].opaque:
            self.embedded.append(Embedded(kind, self.embed_word(words[0]), path=target, origin="writefile"))

    def embed_word(self, word: Word) -> Unit:
        lines: list[tuple[int, int]] = []
        index = 0
        for line in word.text.split("\n"):
            at, column = self.place(word.offset(index) if index < len(word.text) else word.end)
            lines.append((at, column - 1))
            index += len(line) + 1
        return Unit(self.current.cell, word.text, LineMap(tuple(lines)))


# --- words and values


def _value(said: str | bool | Word) -> Value:
    if not isinstance(said, Word):
        return Value((said,))
    text = without_password(said.text)[:MAX_WORD]
    if said.known:
        return Value((text,))
    if said.opaque or text != said.text:
        start, end = said.holes[0]
        return Value((), f"`{said.text[start:end][:60]}` holds it")
    parts: list[str | None] = []
    at = 0
    for start, end in said.holes:
        if start > at:
            parts.append(said.text[at:start])
        parts.append(None)
        at = end
    if at < len(said.text):
        parts.append(said.text[at:])
    return Value((Template(tuple(parts)),))


def _tokens(pipeline: Pipeline) -> Iterator[tuple[str, bool]]:
    """Words, and whether they are words of a program rather than of the grammar."""
    for index, command in enumerate(pipeline.commands):
        if index:
            yield "|", False
        if command.group:
            yield "(…)", False
        for name, word in command.assignments:
            yield f"{name}={word.text}", True
        for word in command.words:
            yield word.text, True
        for redirect in command.redirects:
            yield redirect.operator, False
            if redirect.target is not None:
                yield redirect.target.text, False


def _name(pipeline: Pipeline) -> str:
    return " ".join(without_password(text[:MAX_WORD]) for text, _ in _tokens(pipeline))


def _words(pipeline: Pipeline) -> Value:
    words = (Value((without_password(text[:MAX_WORD]),)) for text, is_word in _tokens(pipeline) if is_word)
    return Value((Items(tuple(words)),))


def _runs_file(found: Invocation, word: Word, command: Command) -> bool:
    """Whether `bash <(…)`, `source <(…)` or `bash < <(…)` runs what the substitution prints."""
    if any(redirect.target is word and redirect.operator == "<" for redirect in command.redirects):
        return reads_stdin(found)
    first = next((w for w in found.arguments if not w.text.startswith("-")), None)
    interpreters = {*SHELLS, "source", ".", "python", "perl", "ruby", "node", "Rscript"}
    return found.program in interpreters and first is word


def _folder(found: Invocation) -> Word | None:
    arguments = found.arguments
    for index, word in enumerate(arguments[:-1]):
        if word.text in ("-C", "-d", "--directory"):
            return arguments[index + 1]
    return None


def _script_argument(found: Invocation) -> tuple[str, str]:
    """The interpreter and the base name of the file that it is told to run; ("", "") where there is none."""
    operands = [word.text for word in found.arguments if not word.text.startswith(("-", "+"))]
    program = found.program
    if found.module and program == "python":
        return "", ""
    if program in (*SHELLS, "source", ".", "python", "perl", "ruby", "node", "php", "Rscript", "ipython", "exec"):
        if script_of(found) is not None or python_of(found) is not None:
            return "", ""
        return ("sh" if program in ("source", ".") else program), basename(operands[0]) if operands else ""
    if program in _HANDED and any(word.text.startswith(_HANDED[program]) for word in found.arguments):
        return program, basename(operands[-1] if program != "java" else operands[0]) if operands else ""
    if program in _HANDED_VERBS and operands[:1] == [_HANDED_VERBS[program]] and len(operands) > 1:
        return program, basename(operands[1])
    return "", ""


def _is_checker(pipeline: Pipeline) -> bool:
    found = [invocation(command) for command in pipeline.commands]
    return any(one is not None and _CHECKERS.fullmatch(one.program) is not None for one in found)


def _written(found: Invocation, redirects: Sequence[Redirect]) -> str:
    """The file that `cat > FILE` or `tee FILE` writes; empty where none is told."""
    if found.program == "tee":
        return next((word.text for word in found.arguments if not word.text.startswith("-")), "")
    for redirect in redirects:
        if redirect.operator in (">", ">>", ">|") and redirect.target is not None:
            return redirect.target.text
    return ""


def _kind_of(path: str) -> Kind | None:
    name = basename(path).lower()
    if name.startswith(("dockerfile", "containerfile")) or name.endswith(".dockerfile"):
        return Kind.DOCKERFILE
    if re.fullmatch(r"(?:[\w.-]*requirements|constraints)[\w.-]*\.(?:txt|in)", name):
        return Kind.REQUIREMENTS
    if name == ".env" or name.startswith(".env."):
        return Kind.DOTENV
    return next((kind for suffix, kind in _SCRIPT_KINDS.items() if name.endswith(suffix)), None)
