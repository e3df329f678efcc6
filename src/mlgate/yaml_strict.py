"""The only reader of YAML: YAML 1.2 scalars, positions for everything, and bounds on whatever can grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from mlgate.errors import PolicyError
from mlgate.limits import MAX_POLICY_BYTES
from mlgate.regex import regex

if TYPE_CHECKING:
    from yaml.events import Event

MAX_NODES = 100_000
"""Most keys, items and values of one file, aliases counted as often as they are used: reading as many takes 0.8 s."""

MAX_NESTING = 40
"""Deepest nesting of lists and mappings; the deepest thing a policy document says is nine deep."""

MAX_ALIASES = 200
"""Most uses of an anchor in one file; of 15,900 public files none has more than twelve."""

MAX_DIGITS = 18
"""Longest whole number; Python refuses to read 5,000 digits with a ValueError."""

Scalar = None | bool | int | float | str
Data = Scalar | list["Data"] | dict[str, "Data"]
KeyPath = tuple[str | int, ...]
"""Keys and 0-based items from the document's root."""

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Source: YAML 1.2.2, 10.3.2, core schema; without .inf, .nan and the leading zeros that YAML 1.1 takes for octal.
_INT = regex(r"[-+]?(0|[1-9][0-9]*)")
_HEX = regex(r"0x[0-9a-fA-F]+")
_OCT = regex(r"0o[0-7]+")
# Core has 1e5 too, which is what a short commit hash may look like: here a float has its dot.
_FLOAT = regex(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?")

_HIDING = regex("\r(?!\n)|[\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What makes an editor or a review show another text than the one that holds: line ends that YAML 1.1, which our parser
reads, sees behind a `#` and people do not, and marks that turn the direction of writing.

Source: YAML 1.2.2, 5.4; CVE-2021-42574 (Trojan Source).
"""


class Place(Struct, frozen=True):
    """Where a value stands, and the line of its key; lines and columns 1-based, `end_column` one past the end."""

    key_line: int
    """Line of the key, or of the value where it has none (list items, the document)."""
    line: int
    column: int
    end_line: int
    end_column: int


class Document(Struct, frozen=True):
    path: str
    """The file as messages name it."""
    data: Data
    places: Mapping[KeyPath, Place]

    def line(self, path: KeyPath = ()) -> int:
        """1-based line of the key at `path`, or of the nearest one above it that exists."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path].key_line

    def last_line(self, path: KeyPath) -> int:
        """1-based line on which the last scalar at or below `path` ends; comments and blank lines behind it are not."""
        inside = [one for one in self.places if one[: len(path)] == path]
        holders = {one[:-1] for one in inside}
        ends = [self.places[one] for one in inside if one not in holders]
        return max(place.end_line if place.end_column > 1 else place.end_line - 1 for place in ends)

    def at(self, path: KeyPath = ()) -> str:
        """`file:line` of the key at `path`."""
        return f"{self.path}:{self.line(path)}"

    def problem(self, path: KeyPath, message: str) -> str:
        """`file:line: key/path: message`; items of lists are counted from 1 there."""
        return f"{self.at(path)}: {key_path(path)}{message}"


class YamlProblem(ValueError):
    """What is wrong with a text, without the file's name; `line` is 1-based."""

    def __init__(self, line: int, path: KeyPath, message: str) -> None:
        super().__init__(f"line {line}: {key_path(path)}{message}")
        self.line = line
        self.path = path
        self.message = message


class _Node(Struct):
    """One YAML node; `content` is a scalar, the items, or the (key, value) pairs."""

    content: Scalar | list[_Node] | list[tuple[_Node, _Node]]
    shape: str
    """`scalar`, `list` or `mapping`."""
    start: tuple[int, int]
    end: tuple[int, int]
    text: str = ""
    """A scalar as it was written."""
    plain: bool = False


class _Frame(Struct):
    node: _Node
    items: list[_Node] = field(default_factory=list)
    anchor: str | None = None


def key_path(path: KeyPath) -> str:
    """`rules/unsafe-load/*/level: `, or nothing for the document itself."""
    return "/".join(str(step + 1) if isinstance(step, int) else step for step in path) + ": " if path else ""


def read(data: bytes, path: str) -> tuple[Document, ...]:
    """The documents of a policy file; `path` is what messages call it.

    Raises PolicyError: not UTF-8, not YAML, a key twice, a tag, a merge key, an anchor twice, a character that hides
    what is written, or past a bound.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise PolicyError(f"{path}: {len(data):,} bytes; a policy file has at most {MAX_POLICY_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from error
    try:
        return _documents(text, path, strict=True)
    except YamlProblem as problem:
        raise PolicyError(f"{path}:{problem.line}: {key_path(problem.path)}{problem.message}") from problem


def read_foreign(text: str, path: str = "") -> tuple[Document, ...]:
    """The documents of a scanned file, read tolerantly: the last of equal keys wins, tags are ignored, `<<` is merged.

    Keys that are no text become the text that was written. Raises YamlProblem for what is not YAML or past a bound.
    """
    return _documents(text, path, strict=False)


def _documents(text: str, path: str, *, strict: bool) -> tuple[Document, ...]:
    if strict and (hiding := _HIDING.search(text)):
        line = text.count("\n", 0, hiding.start()) + 1
        what = f"a character that hides what is written, U+{ord(hiding[0]):04X}"
        raise YamlProblem(line, (), f"{what}; remove it, or write it as an escape in double quotes")
    budget = _Budget()
    found = []
    for root in _nodes(text, strict=strict):
        places: dict[KeyPath, Place] = {}
        data = _data(root, (), root.start[0], places, budget, strict=strict)
        found.append(Document(path, data, places))
    return tuple(found)


def _nodes(text: str, *, strict: bool) -> Iterator[_Node]:
    """The root node of each document; iterative, so that nesting meets our bound and not the interpreter's."""
    import yaml

    builder = _Builder(strict)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.ScalarEvent):
                plain = bool(event.implicit[0]) and event.tag is None
                node = _scalar(event.value, event.tag, _start(event), _end(event), plain=plain, strict=strict)
                builder.add(node, event.anchor)
            elif isinstance(event, yaml.CollectionStartEvent):
                shape = "list" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
                builder.open(_Node(None, shape, _start(event), _end(event)), event.anchor, event.tag)
            elif isinstance(event, yaml.CollectionEndEvent):
                builder.close(_end(event))
            elif isinstance(event, yaml.AliasEvent):
                builder.add(builder.alias(event.anchor or "", _start(event), _end(event)))
            elif isinstance(event, yaml.DocumentStartEvent):
                builder.anchors = {}
            if builder.root is not None:
                yield builder.root
                builder.root = None
    except yaml.YAMLError as error:
        raise _syntax_problem(error, text) from error


def _start(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _end(event: Event) -> tuple[int, int]:
    mark = event.end_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Builder:
    """Puts the nodes of one file together, and counts."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.anchors: dict[str, _Node | None] = {}
        """None: the anchor's own node is still open."""
        self.stack: list[_Frame] = []
        self.root: _Node | None = None
        """A document that is complete."""
        self.aliases = 0
        self.count = 0

    def add(self, node: _Node, anchor: str | None = None) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            raise YamlProblem(node.start[0], (), f"more than {MAX_NODES:,} keys and values")
        if anchor is not None:
            self.name(anchor, node)
        if self.stack:
            self.stack[-1].items.append(node)
        else:
            self.root = node

    def open(self, node: _Node, anchor: str | None, tag: str | None) -> None:
        if self.strict and tag not in (None, "!"):
            raise YamlProblem(node.start[0], (), f"tag {_short(tag)}: tags are not used in policies")
        if len(self.stack) >= MAX_NESTING:
            raise YamlProblem(node.start[0], (), f"nested more than {MAX_NESTING} deep")
        if anchor is not None:
            self.name(anchor, node, is_open=True)
        self.stack.append(_Frame(node, anchor=anchor))

    def close(self, end: tuple[int, int]) -> None:
        frame = self.stack.pop()
        node, items = frame.node, frame.items
        node.end = end
        node.content = items if node.shape == "list" else list(zip(items[::2], items[1::2], strict=True))
        if frame.anchor is not None:
            self.anchors[frame.anchor] = node
        self.add(node)

    def name(self, anchor: str, node: _Node, *, is_open: bool = False) -> None:
        # YAML 1.2 lets a name be given anew, many readers refuse it: one meaning only.
        if self.strict and anchor in self.anchors:
            raise YamlProblem(node.start[0], (), f"anchor &{anchor} is given twice; call the second one otherwise")
        self.anchors[anchor] = None if is_open else node

    def alias(self, name: str, start: tuple[int, int], end: tuple[int, int]) -> _Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            raise YamlProblem(start[0], (), f"more than {MAX_ALIASES} aliases (*name)")
        if name not in self.anchors:
            raise YamlProblem(start[0], (), f"alias *{name}: no anchor &{name} above")
        target = self.anchors[name]
        if target is None:
            raise YamlProblem(start[0], (), f"alias *{name} stands inside its own anchor")
        return _Node(target.content, target.shape, start, end, target.text, target.plain)


def _syntax_problem(error: Exception, text: str) -> YamlProblem:
    """The parser's own complaint, in fewer words; libyaml and PyYAML say the same in slightly different ones."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # a character that YAML forbids; the reader knows its offset only
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
        return YamlProblem(line, (), "a control character that YAML forbids; write it as an escape in double quotes")
    problem = str(getattr(error, "problem", None) or error).replace("\n", " ")
    line = mark.line + 1
    lines = text.splitlines()
    shown = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in shown[: mark.column + 1]:
        return YamlProblem(line, (), "a tab where YAML wants blanks; indent with blanks")
    if problem.startswith("found character") and problem.endswith("cannot start any token"):
        return YamlProblem(line, (), f"a value cannot begin with {shown[mark.column : mark.column + 1]}; quote it")
    if "alias" in str(getattr(error, "context", None)):
        return YamlProblem(line, (), 'a lone * is an alias in YAML; quote it: "*"')
    if problem.startswith("mapping values are not allowed"):
        return YamlProblem(line, (), "a second ': ' in one value, or a wrong indentation; quote the value")
    context = getattr(error, "context", None)
    return YamlProblem(line, (), f"not YAML: {f'{context}, ' if context else ''}{problem}")


def _scalar(
    text: str, tag: str | None, start: tuple[int, int], end: tuple[int, int], *, plain: bool, strict: bool
) -> _Node:
    if strict and tag not in (None, "!", "tag:yaml.org,2002:str"):
        raise YamlProblem(start[0], (), f"tag {_short(tag)}: tags are not used in policies")
    value: Scalar = text
    if plain and _INT.fullmatch(text) and len(text.lstrip("+-")) > MAX_DIGITS:
        if strict:
            raise YamlProblem(start[0], (), f"a number of more than {MAX_DIGITS} digits; quote it if it is a text")
    elif plain:
        value = _resolve(text)
    return _Node(value, "scalar", start, end, text, plain)


def _resolve(text: str) -> Scalar:
    """A plain scalar by the YAML 1.2 core schema: `off`, `yes`, `2026-09-01`, `12:30` and `007` are texts."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _HEX.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text, 16)
    if _OCT.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text[2:], 8)
    if len(text) <= 40 and _FLOAT.fullmatch(text):
        number = float(text)
        return text if number in (float("inf"), float("-inf")) else number
    return text


def _short(tag: str | None) -> str:
    """A tag as it is written."""
    return (tag or "").replace("tag:yaml.org,2002:", "!!")


class _Budget(Struct):
    left: int = MAX_NODES


def _data(
    node: _Node, path: KeyPath, key_line: int, places: dict[KeyPath, Place], budget: _Budget, *, strict: bool
) -> Data:
    """Plain data of `node`, aliases copied; fills `places`."""
    budget.left -= 1
    if budget.left < 0:
        raise YamlProblem(
            node.start[0], path[:1], f"more than {MAX_NODES:,} keys and values once aliases are filled in"
        )
    if len(path) > MAX_NESTING:
        raise YamlProblem(node.start[0], path[:3], f"nested more than {MAX_NESTING} deep")
    places[path] = Place(key_line, *node.start, *node.end)
    if node.shape == "list":
        return [
            _data(item, (*path, index), item.start[0], places, budget, strict=strict)
            for index, item in enumerate(_items(node))
        ]
    if node.shape == "mapping":
        result: dict[str, Data] = {}
        for key, value in _pairs(node):
            name = _key(key, path, strict=strict)
            here = (*path, name)
            if strict and name in result:
                raise YamlProblem(key.start[0], here, f"given twice, first on line {places[here].key_line}")
            if name == "<<" and key.plain:
                if strict:
                    raise YamlProblem(key.start[0], path, "merge keys (<<) are not read; write the keys out")
                if _merge(value, result, path, places, budget):
                    continue
            result[name] = _data(value, here, key.start[0], places, budget, strict=strict)
        return result
    return _leaf(node)


def _items(node: _Node) -> list[_Node]:
    return [item for item in node.content if isinstance(item, _Node)] if isinstance(node.content, list) else []


def _pairs(node: _Node) -> list[tuple[_Node, _Node]]:
    return [pair for pair in node.content if isinstance(pair, tuple)] if isinstance(node.content, list) else []


def _leaf(node: _Node) -> Scalar:
    return None if isinstance(node.content, list) else node.content


def _key(key: _Node, path: KeyPath, *, strict: bool) -> str:
    if key.shape != "scalar":
        if strict:
            raise YamlProblem(key.start[0], path, f"a {key.shape} as a key; keys are texts")
        return "?"
    if not isinstance(key.content, str):
        if strict:
            raise YamlProblem(key.start[0], path, f"key {key.text or 'null'} is no text; quote it")
        return key.text
    return key.content


def _merge(value: _Node, result: dict[str, Data], path: KeyPath, places: dict[KeyPath, Place], budget: _Budget) -> bool:
    """Fill in the keys of a merged mapping (or of a list of them) that are not there yet; False: it is none."""
    sources = _items(value) if value.shape == "list" else [value]
    if any(source.shape != "mapping" for source in sources):
        return False
    for source in sources:
        for key, item in _pairs(source):
            name = _key(key, path, strict=False)
            if name not in result:
                result[name] = _data(item, (*path, name), key.start[0], places, budget, strict=False)
    return True
