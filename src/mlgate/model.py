"""The records that the layers hand to each other: frozen, slotted, free of behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import Protocol

from msgspec import Struct, field

# --- what is read ---------------------------------------------------------------------------------------------------


class Kind(str, Enum):
    """How a file is read. What is none of the others and has no NUL byte is TEXT."""

    PYTHON = "python"
    NOTEBOOK = "notebook"
    MARKDOWN = "markdown"
    SHELL = "shell"
    DOCKERFILE = "dockerfile"
    DOTENV = "dotenv"
    REQUIREMENTS = "requirements"
    CONFIG = "config"
    SQL = "sql"
    TEXT = "text"
    BINARY = "binary"


class Source(Struct, frozen=True):
    """The bytes of one file at one moment; JSON-able but for `data`, so it can be judged on another machine."""

    path: str
    """POSIX, relative to the repository's root."""
    kind: Kind
    data: bytes
    origin: str = "worktree"
    """Where the bytes come from: `worktree`, `index`, `stdin` or a commit."""


class Cell(Struct, frozen=True):
    """One piece of text with a language; a plain file is a document of one cell."""

    index: int
    """1-based over the notebook's cells; an output carries its cell's; 0 for a plain file and for metadata."""
    id: str | None
    kind: str
    """`code`, `markdown`, `raw`, `output`, `metadata`, or `file` for a plain file."""
    text: str
    language: str
    """Lower case: `python`, `r`, `bash`, `sql`, `markdown` …; `text` where there is none."""
    heading: str | None = None
    """Nearest Markdown heading above, without its hashes."""
    execution_count: int | None = None
    output: int | None = None
    """0-based place among the cell's outputs."""
    mime: str | None = None
    pointer: tuple[str | int, ...] = ()
    """Path to the text in the notebook's JSON, e.g. ("cells", 3, "source"); a list there is joined.

    ("line", 12) for a fenced block of a Markdown file: its text starts on that line, 1-based.
    """


class Problem(Struct, frozen=True):
    """Why a file, or one cell of it, could not be read as what it is; it becomes an `input/*` fact."""

    name: str
    """`unreadable`, `unparsed`, `too-large`, `too-deep` or `not-fetched`; `unparsed-cell` where `cell` is given."""
    detail: str
    """Half a sentence."""
    cell: int | None = None
    """0-based place in `Document.cells`; None where the whole file is meant."""


class Document(Struct, frozen=True):
    source: Source
    cells: tuple[Cell, ...]
    encoding: str = "utf-8"
    """The codec that decoded the bytes; `latin-1` where nothing said which."""
    problems: tuple[Problem, ...] = ()
    """What could not be read although the rest could."""


class Span(Struct, frozen=True, order=True):
    """A stretch of one cell's text: lines and columns from 1, columns in code points, `end_column` one past the end."""

    cell: int
    """0-based place in `Document.cells`."""
    line: int
    column: int
    end_line: int
    end_column: int


class CellLocation(Struct, frozen=True):
    index: int
    id: str | None
    kind: str
    line: int
    column: int
    end_line: int
    end_column: int
    heading: str | None
    execution_count: int | None
    output: int | None
    """1-based place among the cell's outputs."""
    mime: str | None


class Location(Struct, frozen=True):
    """A place in the physical file, and in the cell for notebooks. Source: SARIF 2.1.0, region object."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    cell: CellLocation | None = None


# --- what is seen ---------------------------------------------------------------------------------------------------


class Confidence(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Ref(Struct, frozen=True):
    """A dotted name of a library: module, class or function (`yaml.FullLoader`)."""

    name: str


class Made(Struct, frozen=True):
    """What a call of `name` returned (`torch.device`, `transformers.AutoModel`); not a string."""

    name: str


class Local(Struct, frozen=True):
    """A text known to be a path on this machine (`Path(…)`, a temporary folder, saved before, in the repository)."""

    text: str


class Template(Struct, frozen=True):
    """A string of which only parts are known; None stands for an unknown part: ("s3://", None, "/x")."""

    parts: tuple[str | None, ...]


class Items(Struct, frozen=True):
    """A list, tuple or set display."""

    items: tuple[Value, ...]


class Entries(Struct, frozen=True):
    """A dict display or `dict(…)` with constant keys. `open`: further keys are possible."""

    entries: tuple[tuple[str, Value], ...]
    open: bool = False


class Given(Struct, frozen=True):
    """Inside a `Wrapper`: what the caller gives as parameter `name`."""

    name: str


class Sink(Struct, frozen=True):
    """A call of a library that a function makes; some of its arguments are what the function is given."""

    name: str
    args: tuple[tuple[str, Value], ...]
    open: bool
    confidence: Confidence
    why: str
    forwards: bool = False
    """Further arguments of the caller are handed on as they are."""


class Wrapper(Struct, frozen=True):
    """A function of another module of the repository: what it hands on to libraries, and what it returns."""

    name: str
    """Dotted, as a person would call it: `pkg.io.load`."""
    parameters: tuple[tuple[str, Value | None], ...] = ()
    """In order, `self` left out; with the default, None where there is none."""
    sinks: tuple[Sink, ...] = ()
    returns: Value | None = None


class Place(Struct, frozen=True):
    """Where a class stands in a module of the repository, for whoever asks for its attributes."""

    path: str
    hops: int
    """How many further modules the imports of its module are followed through."""
    nesting: int
    """How many classes may stand in each other inside it."""
    unit: int
    line: int
    column: int


class Shape(Struct, frozen=True):
    """A class of another module of the repository, or an object of it: its attributes and library bases."""

    name: str
    members: tuple[tuple[str, Value], ...] | None
    """None: each is asked for by itself, see `Project.member`. Most classes have many, of which one matters."""
    bases: tuple[str, ...] = ()
    is_enum: bool = False
    place: Place | None = None
    """Set where `members` are to be asked for."""


Literal = None | bool | int | float | str
Atom = Literal | Ref | Made | Local | Template | Items | Entries | Given | Wrapper | Shape
"""The last three are what modules say to each other; facts hold none of them."""


class Value(Struct, frozen=True):
    """What an expression may be: every value it is known to take, and whether it may be something else too.

    `Value((False,))` is False; `Value(("main", SHA))` is one of both; `Value((), "parameter `p`")` is unknown.
    Absence of an argument is absence of its key, not a Value.
    """

    options: tuple[Atom, ...]
    unknown: str = ""
    """Why it may be something else, as half a sentence; empty where `options` is complete."""
    defaults: tuple[Atom, ...] = ()
    """Evidence, not knowledge: what it is unless a caller, a user or the environment says otherwise."""
    passed: tuple[Atom, ...] = ()
    """More than evidence: what calls of the same file pass for the parameter that it is."""


class Fact(Struct, frozen=True):
    """Something that is there, and where; what is not sure about it lowers `confidence` and is said in `why`."""

    kind: str
    """`call`, `import`, `class`, `string`, `shell`, `package`, `setting`, `server`, `secret`, `input` or `change`."""
    name: str
    """What patterns of rules meet: see docs/facts.md."""
    span: Span
    args: Mapping[str, Value] = field(default_factory=dict)
    """Arguments of a call: "0", "1" … by position (self not counted), the others by keyword."""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    open: bool = False
    """Further arguments may exist (`**kwargs` of unknown content, a reference instead of a call)."""
    confidence: Confidence = Confidence.HIGH
    why: str = ""
    handed: frozenset[str] = frozenset()
    """Of a call through a `Wrapper`: the arguments that this caller decides; the others are said where it stands."""


class LineMap(Struct, frozen=True):
    """Where the lines of an embedded text stand in the cell that holds it."""

    lines: tuple[tuple[int, int], ...]
    """For each line of the text: 1-based line of the cell, and what to add to a column."""


class Unit(Struct, frozen=True):
    """A text that one extractor reads, and the cell it stands in; units given together share one scope."""

    cell: int
    """0-based place in `Document.cells`."""
    text: str
    lines: LineMap | None = None
    """None: line n of the text is line n of the cell."""


class Embedded(Struct, frozen=True):
    """Code in another language inside a document: `%%bash`, `%%writefile x.py`, `os.system("…")`, Dockerfile RUN."""

    kind: Kind
    unit: Unit
    path: str = ""
    """The file that it becomes (`%%writefile`), empty where it becomes none."""
    origin: str = ""
    """What carries it: `magic`, `shell`, `subprocess`, `writefile`, `exec`, `run` …"""


class Extraction(Struct, frozen=True):
    facts: tuple[Fact, ...]
    embedded: tuple[Embedded, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    """Texts of names, for the shell lines that `{name}` and `$name` stand in."""


OBJECTS = frozenset(["dict", "str"])
"""What begins the name of a method of a display or literal (`dict.setdefault`): no library, and no word of code."""


class Search(Struct, frozen=True):
    """A regular expression that is looked for in texts, and what tells most of them that it is not there."""

    pattern: str
    is_folded: bool
    """Whether it lets go of case."""
    words: tuple[str, ...]
    """One of them stands in each text that it is found in, in lower case where case is let go; empty: no promise."""


class Vocabulary(Struct, frozen=True):
    """What the active rules ask for; extractors state nothing that no rule can use."""

    calls: frozenset[str] = frozenset()
    """Dotted patterns; `*` stands for one or more segments, `?` for an unknown receiver."""
    imports: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    strings: tuple[str, ...] = ()
    """Regular expressions, searched in string literals."""
    strings_in_code: frozenset[str] = frozenset()
    """Those of `strings` that rules ask for in code alone, not in comments and docstrings."""
    searches: tuple[Search, ...] = ()
    """`strings` with their words; empty where nobody derived them yet."""
    settings: frozenset[str] = frozenset()
    """Patterns such as `env:HF_*` or `ServerApp.token`."""
    in_files: frozenset[str] = frozenset()
    """Those of `settings` that only configuration, `.env` and Dockerfiles can make, never code: always read."""
    beside: frozenset[str] = frozenset()
    """Keys that matter beside a setting: `revision`, or the name of another variable."""
    grave: frozenset[tuple[str, ...]] = frozenset()
    """Words that stand together wherever a rule of high severity is met: in what does not parse, they are said."""
    secrets: bool = True
    only_texts: bool = False
    """Whether rules ask for secrets and no more than what keeps them from being found: Python need not be followed."""


class Version(Struct, frozen=True):
    """What the project's own files say of a package. `exact`: a pin or lock; else the lowest version they admit."""

    version: str
    exact: bool
    source: str
    """The file that says so, relative to the repository's root."""


class Handed(Struct, frozen=True):
    """What a module of the repository may hand on of what rules ask for."""

    names: frozenset[str] = frozenset()
    """Of functions, and of methods of what it hands on."""
    roots: frozenset[str] = frozenset()
    """Libraries of which it hands on objects."""


class Project(Protocol):
    """What a file may ask about the rest of its repository. Each answer is part of the cache key of its facts."""

    def version(self, package: str, importer: str = "") -> Version | None:
        """What dependency files say of the package, those of the folders above file `importer` first."""
        ...

    def exists(self, path: str) -> bool:
        """Whether the POSIX path, relative to the root, is a file or folder of the repository."""
        ...

    def find_module(self, name: str, importer: str) -> str | None:
        """Path, behind a slash, of what dotted `name` is to file `importer`: a module or a folder of modules."""
        ...

    def is_library(self, name: str) -> bool:
        """Whether the repository is the source of library `name` itself, by its own metadata."""
        ...

    def handed_on(self, module: str, importer: str) -> Handed | None:
        """What a module of this repository may hand on; None: anything."""
        ...

    def export(self, module: str, name: str, importer: str) -> Value | None:
        """What `name` of a module of this repository is, as seen from file `importer`; None where it is nothing.

        `module` may begin with dots, may be a path that `find_module` gave, or one of a file that `%run` takes.
        """
        ...

    def member(self, place: Place, name: str) -> Value | None:
        """What attribute `name` is of the class at `place`, which `export` has told of; None where it sets none."""
        ...

    @property
    def hops(self) -> int:
        """How many further modules of this repository the imports of a module are followed through."""
        ...


# --- what is worth reporting ----------------------------------------------------------------------------------------


class Severity(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Level(IntEnum):
    OFF = 0
    RECORD = 1
    WARN = 2
    BLOCK = 3


class Waivable(IntEnum):
    NEVER = 0
    FILE = 1
    INLINE = 2


class Param(Struct, frozen=True):
    """A reference to a rule's parameter inside its match: `{param: trusted-orgs}`."""

    name: str


class Test(Struct, frozen=True):
    """One test of a predicate: `in`, `regex`, `present`, `is` or `refers-to`, and what it compares with."""

    op: str
    operand: Param | bool | str | tuple[Literal, ...]


class Predicate(Struct, frozen=True):
    """All `tests` of one argument or attribute. `pos` is 0-based; `part` selects a part of the value."""

    name: str
    tests: tuple[Test, ...]
    pos: int | None = None
    part: str | None = None


class Clause(Struct, frozen=True):
    kind: str
    """The fact kind; empty in an `unless` that only tests the fact at hand."""
    patterns: Param | tuple[str, ...] = ()
    args: tuple[Predicate, ...] = ()
    where: tuple[Predicate, ...] = ()
    installed: tuple[tuple[str, str], ...] = ()
    """Package and version specifier (PEP 440)."""
    unless: tuple[Clause, ...] = ()
    confidence: Confidence = Confidence.HIGH
    """The most that this clause proves."""
    why: str = ""
    """Why `confidence` is not high."""


ParamValue = bool | int | str | tuple[str, ...]
"""What a parameter of a rule may be set to."""


class Parameter(Struct, frozen=True):
    type: str
    default: ParamValue
    description: str
    stricter: str = "none"


class Example(Struct, frozen=True):
    """A notebook cell (`files` is {"": text}) or a small repository; `base` is what stood there before."""

    files: Mapping[str, str]
    base: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""
    """Instead of files: one that cannot be written out, by the `input` fact that it becomes."""


class Rule(Struct, frozen=True):
    id: str
    title: str
    severity: Severity
    message: str
    why: str
    fix: str
    any: tuple[Clause, ...]
    unless: tuple[Clause, ...] = ()
    references: tuple[str, ...] = ()
    params: Mapping[str, Parameter] = field(default_factory=dict)
    bad: tuple[Example, ...] = ()
    good: tuple[Example, ...] = ()
    gap: tuple[Example, ...] = ()
    formerly: tuple[str, ...] = ()
    repair: Mapping[str, object] | None = None
    asset: tuple[str, str] | None = None
    """Type and source of what a matching fact names (`model`, `huggingface`), for the inventory."""
    source: str = ""
    """File and line of the document, for messages."""


HOLE = "{…}"
"""Stands in a text for what is not known of it (U+2026 in braces)."""

OR = " or "
"""Joins the assets of a finding that may be any of several."""


class Asset(Struct, frozen=True):
    """One model, dataset, package or data store, as one fact names it."""

    type: str
    source: str
    id: str
    pinned: bool


class Ignore(Struct, frozen=True):
    """`# mlgate: ignore[RULES] TYPE: REASON`, a developer's no in the code."""

    rules: tuple[str, ...]
    """Rule ids as they are written, former ones too."""
    type: str
    """`false-positive`, `mitigated` or `accepted-risk`; what else is written there makes it no ignore."""
    reason: str
    line: int
    """1-based, of the comment in the physical file."""


class Finding(Struct, frozen=True):
    """A rule met a fact. Knows nothing of policy. Built by `match` alone, complete."""

    rule: str
    severity: Severity
    confidence: Confidence
    reason: str
    """Why confidence is not high, and which file gave a version; empty where nothing is to be said."""
    location: Location
    subject: str
    """What is shown as the thing found, e.g. `torch.load`; never a secret's value."""
    canonical: str
    """What the fingerprint is made of: canonical form of the thing and of the resolved values that were read."""
    fingerprint: str
    subject_digest: str
    asset: str | None
    """What is loaded; several possibilities joined by OR."""
    origin: str | None
    """`remote`, `repository`, `own-output`, `unknown`; None where nothing is loaded."""
    message: str
    fix: str
    line_text: str
    """The source line, for the text report; secrets masked."""
    ignores: tuple[Ignore, ...] = ()
    """The inline ignores that stand beside it and name its rule; whether they count is for policy to say."""
    commit: str | None = None
    """The commit that holds it, where the file as it is judged does not any more: a secret that was taken out again."""


class Result(Struct, frozen=True):
    """What one file holds. Plain data: it travels between processes."""

    path: str
    findings: tuple[Finding, ...] = ()
    assets: tuple[Asset, ...] = ()
    cells: int = 0
    unread: bool = False
    """Whether the whole file could not be read as what it is."""


# --- what follows ---------------------------------------------------------------------------------------------------


class Ratchet(Struct, frozen=True):
    """A level by date: recorded before `warn`, warns from `warn` on, blocks from `block` on, never downwards."""

    warn: str | None = None
    """First day, `YYYY-MM-DD`, UTC; None: it never only warns."""
    block: str | None = None


Levels = Level | Ratchet


class Bound(Struct, frozen=True):
    """How far overlays may loosen a setting; None, or a parameter that is not named: not at all."""

    level: Level | None = None
    existing: Level | None = None
    waivable: Waivable | None = None
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Globs that each added (or left out) entry of a list, or the value itself, must match."""


class Setting(Struct, frozen=True):
    """What a policy says of one rule key; None where it says nothing."""

    level: Levels | None = None
    existing: Levels | None = None
    waivable: Waivable | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    loosest: Bound = Bound()
    source: str = ""
    """File and line, for traces."""


class Scope(Struct, frozen=True):
    """Globs; all given lists must match. Empty: everywhere."""

    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class WaiverTerms(Struct, frozen=True):
    """What a waiver must carry to be valid; None: this policy does not say."""

    require: tuple[str, ...] | None = None
    """Fields beyond those that every waiver has: `ticket`."""
    max_days: int | None = None
    """Most days from `from` to `expires`."""
    grace_days: int | None = None
    """Days after expiry on which the finding only warns."""
    emergency_days: int | None = None
    """As `max_days`, of waivers of type emergency, which need no ticket."""


class Waiver(Struct, frozen=True):
    """A finding that is accepted: by whom, why, until when."""

    id: str
    rule: str
    type: str
    """`false-positive`, `mitigated`, `accepted-risk` or `emergency`."""
    reason: str
    owner: str
    start: str
    """`from` in the file: the day it was asked for, `YYYY-MM-DD`."""
    expires: str
    """Last day on which it holds, UTC."""
    fingerprints: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    """Patterns of `owner/name`; empty: every repository that the policy reaches."""
    limit: int = 0
    """Most findings that `paths` may cover; beyond it covers none. 0 where fingerprints name them."""
    ticket: str = ""
    source: str = ""
    """File and line."""
    proposed: bool = False
    """Only the head has it: a person must still say yes."""


class Policy(Struct, frozen=True):
    id: str
    owner: str
    settings: Mapping[str, Setting]
    """By rule key: `*`, `family/*` or `family/name`."""
    scope: Scope = Scope()
    terms: WaiverTerms = WaiverTerms()
    help: str = ""
    extends: str = ""
    source: str = ""
    digest: str = ""
    revision: str = ""
    """The commit that it was pinned to; empty where it was read from files."""


class Suppression(Struct, frozen=True):
    """A no that meets a finding, whether it is honoured or not. Source: SARIF 2.1.0, suppression object."""

    kind: str
    """`inline` or `waiver`."""
    state: str
    """`accepted`, `proposed` (not merged yet), `expiring` (within 14 days) or `lapsed` (expired)."""
    type: str
    reason: str
    id: str | None = None
    """The waiver's."""
    until: str | None = None
    """Last day, `YYYY-MM-DD`; None for an inline ignore."""


class Decision(Struct, frozen=True):
    finding: Finding
    level: Level
    status: str
    """`new` or `existing`."""
    policies: tuple[str, ...]
    trace: tuple[str, ...]
    suppression: Suppression | None = None
    dates: tuple[tuple[str, str], ...] = ()
    """Level name and the day from which it holds, where a ratchet will raise this decision: ("block", "2027-01-12")."""


class Run(Struct, frozen=True):
    """What a report says of the run that made it; None is unknown, never guessed."""

    repository: str | None
    commit: str | None
    ref: str | None
    base: str | None
    base_note: str
    """First line of the text report: which base, or why none."""
    date: str
    only: tuple[str, ...] = ()
    branch: str | None = None
    """The branch that the change goes into, by which scopes of policies are told."""
    notes: tuple[str, ...] = ()
    """Sentences on how was judged: whose policy, and what could not be concluded."""


class AssetCount(Struct, frozen=True):
    type: str
    source: str
    id: str
    references: int
    pinned: int


class Summary(Struct, frozen=True):
    files: int
    cells: int
    skipped: int


class WaiverCount(Struct, frozen=True):
    """A waiver on the day of the run."""

    waiver: Waiver
    state: str
    """See `waiving.State`."""
    until: str
    """Last day on which it holds."""
    covers: int
    """Findings that it names, whether it holds or not."""


class Report(Struct, frozen=True):
    run: Run
    policies: tuple[Policy, ...]
    rules: Mapping[str, Rule]
    decisions: tuple[Decision, ...]
    """Every finding of every level but `off`, ordered by path and place."""
    assets: tuple[AssetCount, ...]
    summary: Summary
    waivers: tuple[WaiverCount, ...] = ()
