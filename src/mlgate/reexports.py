"""What the modules of a repository hand on under other names, told from their bytes. Imports next to nothing.

For `quick` and the screen: a file that calls `fetch_model` of a module beside it may hold no word of any library.
It says too much rather than too little: what a module really exports is for `facts.python.exports`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mlgate import code_view
from mlgate.needles import WORD
from mlgate.regex import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from typing import Any

    Data = Mapping[str, Any]
    Read = Callable[[str], bytes | None]
    Aliases = dict[bytes, "Through | None"]
    Words = tuple[bytes, ...]
    """Each once. A tuple takes a quarter of the memory of a set, and modules have thousands of them."""
    Kept = dict[bytes, bytes]
    """The words of a module that matter, by themselves: what says one holds this very object."""
    Assignment = tuple[Words, Words]
    """Names, and words of what they are set to."""

MAX_LOOK = 10_000
"""How far the brackets of an import are looked through, in bytes, once comments are taken out; see `_with_imports`."""
_FROM = regex(
    rb"(?:^|[;:])[ \t\f]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]{0,%d}\)|[^\n]{0,%d})" % (MAX_LOOK, MAX_LOOK),
    re.MULTILINE,
)
_IMPORT = regex(rb"(?:^|[;:])[ \t\f]*import[ \t]+([\w., \t]+)", re.MULTILINE)
_ASSIGNED = regex(
    rb"^([ \t]*)([A-Za-z_][\w, \t]*?)[ \t]*(?::[^\n=]*)?=(?!=)([^\n]*(?:\n\1(?:[ \t]+|[)\]}])[^\n]*)*)", re.MULTILINE
)
"""An assignment, with the lines that go on with it: they stand deeper, or begin with a closing bracket."""
_TARGETS = regex(rb"[\w., \t=]*")
"""The further names of `a = b = value`."""
_DEFINED = regex(
    rb"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)"
    rb"([^\n]*(?:\n(?:\1[ \t]+[^\n]*|[ \t]*(?=\n)|(?:\1)?[)\]}][^\n]*))*)",
    re.MULTILINE,
)
"""A function or class, with its body: what stands deeper."""
_RETURNED = regex(rb"\b(?:return|yield|lambda|->)\b([^\n]*)")
_ATTRIBUTE = regex(rb"\.[\s\\]*([A-Za-z_]\w*)")
_IMPORT_LINE = regex(rb"(?:^|[;:])[ \t\f]*(?:from|import)\b[^\n(;]*(?:\([^)]*\))?", re.MULTILINE)
_STATEMENT = regex(rb"import[^(\n]*(?:\([^)#]*(?:#[^\n]*[^)#]*)*\)?)?[^\n]*")
"""What an import statement holds behind that word: comments in its brackets may hold brackets, too."""
_COMMENT = regex(rb"#[^\n]*")
_QUOTED = regex(rb"""["']([A-Za-z_][\w.]*)["']""")
_OWN = regex(rb"\b(?:self|cls)\.(\w+)[ \t]*(?::[^\n=]*)?=(?!=)([^\n]*)")
_LATE = frozenset([b"import_module", b"__import__"])
_CHOSEN = frozenset([b"getattr", b"globals", b"vars", *_LATE])
"""With these a name of a library need not be a word of the text."""
MAX_HOPS = 3
"""Longest chain of modules through which a renamed import is followed, as in `project`."""


class Through:
    """What a name that a module hands on may be good for, where it is not itself a function of a library."""

    __slots__ = ("methods", "words")

    def __init__(self, words: frozenset[bytes], methods: frozenset[bytes] = frozenset()) -> None:
        self.words = words
        """Segments of the dotted names of libraries that it stands for: whoever holds it need not say them."""
        self.methods = methods
        """Its own methods that call what rules ask for."""


@lru_cache(maxsize=4096)
def _through(words: frozenset[bytes], methods: frozenset[bytes] = frozenset()) -> Through:
    """One for all names that are good for the same: a repository has tens of thousands."""
    return Through(words, methods)


class Reexports:
    """The modules of a repository, for what they hand on; each is read once.

    An alias is None where the name may be a function that rules ask for, or call one. `*` is among the aliases where
    a module hands on all names of a library.
    """

    def __init__(self, read: Read, screen: Data, known: Container[str] | None = None) -> None:
        self.read = read
        """Bytes of a file of the repository, None where it has no such file."""
        self._known = known
        """The paths of the repository, where somebody has listed them."""
        self.screen = screen
        opened = frozenset[bytes]().union(*(others for _, others in screen["open"]))
        self._wanted = frozenset([*screen["firsts"], *screen["roots"], *opened, *_CHOSEN])
        self._there: dict[str, bool] = {}
        self._modules: dict[str, _Module] = {}
        """Those that somebody may still ask: from each of the hops they are asked once."""
        self._aliases: dict[tuple[str, int], Aliases] = {}

    def of(self, module: bytes, path: str, hops: int = MAX_HOPS) -> Aliases:
        """What the module that `path` imports hands on; nothing where the repository has no such module."""
        for place in places(module, path):
            if self._has(place):
                return self._at(place, hops)
        return {}

    def called(self, place: str) -> tuple[frozenset[str], frozenset[str]]:
        """Of the module at `place`: names that may be what rules ask for, methods too; and libraries in its reach."""
        aliases = self._at(place, MAX_HOPS)
        known = [through for through in aliases.values() if through is not None]
        names = frozenset(name for name, through in aliases.items() if through is None)
        names = names.union(*(through.methods for through in known))
        words = frozenset[bytes]().union(*(through.words for through in known)) & self.screen["roots"]
        return frozenset(map(bytes.decode, names)), frozenset(map(bytes.decode, words))

    def _has(self, place: str) -> bool:
        if self._known is not None:
            return place in self._known
        if place not in self._there:
            self._module(place)
        return self._there[place]

    def _module(self, place: str) -> _Module | None:
        if self._there.get(place, True) and place not in self._modules:
            held = self.read(place)
            self._there[place] = held is not None
            if held is not None:
                self._modules[place] = _Module(held, self._wanted)
        return self._modules.get(place)

    def _at(self, place: str, hops: int) -> Aliases:
        if (place, hops) not in self._aliases:
            # Set before it is known: modules that import each other end here.
            self._aliases[place, hops] = {}
            module = self._module(place)
            if module is not None:
                found = self._handed_on(module, place, hops - 1)
                told = [self._aliases.get((place, other)) for other in range(1, MAX_HOPS + 1)]
                # Most modules hand on the same, however far they are followed.
                self._aliases[place, hops] = next((one for one in told if one == found), found)
                if None not in told:
                    self._modules.pop(place, None)
        return self._aliases[place, hops]

    def _handed_on(self, module: _Module, path: str, hops: int) -> Aliases:
        screen = self.screen
        aliases: Aliases = {}
        for source, names, has_star in module.froms:
            segments = source.split(b".")
            if segments[0] in screen["roots"]:
                for name, alias in names:
                    words = self._wanted.intersection([*segments, name])
                    is_asked_for = name in screen["keys"] or any(map(name.__contains__, screen["parts"]))
                    aliases[alias] = None if is_asked_for else _through(words)
                if has_star:
                    aliases[b"*"] = _through(self._wanted.intersection(segments))
            elif hops > 0:
                below = self.of(source, path, hops)
                if has_star:
                    aliases.update(below)
                aliases.update((alias, below[name]) for name, alias in names if name in below)
                if b"*" in below:
                    aliases.update((alias, below[b"*"]) for name, alias in names if name not in below)
        for dotted, renamed in module.imports:
            segments = dotted.split(b".")
            if segments[0] in screen["roots"]:
                said = self._wanted.intersection(segments if renamed else segments[:1])
                aliases[renamed or segments[0]] = _through(said)
        given = module.taken.union(*(through.words for through in aliases.values() if through is not None))
        asked = asked_in(given, screen)
        if not aliases and not asked:
            return {}
        # A name may be set to what a function makes that stands below, and a function return a name set below.
        for _ in range(2):
            _set(module.assigned, asked, screen["roots"], aliases)
            _defined(module, asked, aliases)
        return aliases


class _Module:
    """One module, taken apart once; of its words, those that may matter to the screen or name something here."""

    __slots__ = ("assigned", "blocks", "froms", "imports", "taken")

    def __init__(self, data: bytes, wanted: frozenset[bytes]) -> None:
        text = code_view.names(plain(data))
        words = frozenset(text.translate(WORD).split())
        lines = _with_imports(text)
        self.taken = taken(text, words) & wanted
        self.froms = [
            (match.group(1), _renamed(match.group(2)), b"*" in match.group(2)) for match in _FROM.finditer(lines)
        ]
        self.imports = [
            (found[0], found[2] if len(found) == 3 else None)
            for match in _IMPORT.finditer(lines)
            for part in match.group(1).split(b",")
            if (found := part.split())
        ]
        blocks = [(match[2], match[3], match[4]) for match in _DEFINED.finditer(text)]
        # Outside functions and classes; with `global` in the text, anywhere.
        assigned = _assignments(text if b"global" in words else _DEFINED.sub(b"", text))
        named = {alias for _, names, _ in self.froms for _, alias in names}
        named.update(renamed or dotted.partition(b".")[0] for dotted, renamed in self.imports)
        named.update(name for names, _ in assigned for name in names)
        named.update(name for _, name, _ in blocks)
        if not any(has_star for _, _, has_star in self.froms):
            words &= wanted | named
        kept = {word: word for word in words | named}
        self.assigned = _kept(assigned, kept)
        found_blocks = (_Block(*block, kept) for block in blocks)
        self.blocks = tuple(block for block in found_blocks if block.words)


class _Block:
    """A function or class of a module, whatever stands around it."""

    __slots__ = ("attributes", "head", "is_class", "methods", "name", "reach", "words")

    def __init__(self, what: bytes, name: bytes, body: bytes, kept: Kept, is_method: bool = False) -> None:
        self.is_class = what == b"class"
        self.name = kept.get(name, name)
        self.words = _words(body, kept)
        self.head: Words = ()
        self.reach: Words = ()
        """Of a function: the words of what it gives back, also by way of names that are set in it."""
        self.attributes: tuple[Assignment, ...] = ()
        """What a class sets in its body and on its objects."""
        self.methods: tuple[_Block, ...] = ()
        if not self.words:
            return
        self.head = _words(body.partition(b"\n")[0], kept)
        if self.is_class:
            start = body.find(b"\n") + 1
            inside = [(match[2], match[3], match[4]) for match in _DEFINED.finditer(body, start)]
            own = [([target], value.translate(WORD).split()) for target, value in _OWN.findall(body)]
            self.attributes = _kept(own + _assignments(_DEFINED.sub(b"", body[start:])), kept)
            blocks = (_Block(*block, kept, is_method=True) for block in inside)
            self.methods = tuple(block for block in blocks if block.words)
        else:
            shown = set(b" ".join(_RETURNED.findall(body)).translate(WORD).split())
            self.reach = _those(kept, _closed(shown if is_method else shown.union(self.head), body))


def _closed(words: set[bytes], body: bytes) -> set[bytes]:
    """The words, with those of everything that one of them is set to in the body of a function."""
    assigned = _assignments(body) if words else []
    before: set[bytes] = set()
    while words != before:
        before = words
        words = words.union(*(said for names, said in assigned if not words.isdisjoint(names)))
    return words


def _words(text: bytes, kept: Kept) -> Words:
    return _those(kept, set(text.translate(WORD).split()))


def _those(kept: Kept, words: set[bytes]) -> Words:
    return tuple([kept[word] for word in words if word in kept])


def _kept(assigned: list[tuple[list[bytes], list[bytes]]], kept: Kept) -> tuple[Assignment, ...]:
    """The assignments that say a word that matters."""
    found = ((names, _those(kept, set(said))) for names, said in assigned)
    return tuple((tuple(kept.get(name, name) for name in names), said) for names, said in found if said)


def _assignments(text: bytes) -> list[tuple[list[bytes], list[bytes]]]:
    """Names, and the words of what they are set to."""
    found = []
    for match in _ASSIGNED.finditer(text):
        targets, value = match.group(2, 3)
        further = value.rpartition(b"=")[0]
        if _TARGETS.fullmatch(further):
            targets += b" " + further
        found.append((targets.translate(WORD).split(), value.translate(WORD).split()))
    return found


def plain(data: bytes) -> bytes:
    """A file with `\\n` for line ends and continued lines on one, without a mark of its encoding."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    while data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    return data.replace(b"\\\n", b"  ")


def taken(code: bytes, words: frozenset[bytes]) -> frozenset[bytes]:
    """The words of code that may be part of a dotted name: attributes, and what import statements say.

    A name of a library comes into a file by no other way, unless it is chosen by a text.
    """
    lines = import_lines(code)
    if b"*" in lines:
        return words
    return attributes(code, words).union(lines.translate(WORD).split())


def import_lines(code: bytes) -> bytes:
    """The import statements of code in which each logical line without brackets is one line, see `plain`."""
    return b"\n".join(_IMPORT_LINE.findall(_with_imports(code)))


def _with_imports(code: bytes) -> bytes:
    """The lines in which `import` stands, each as far as its brackets go: next to nothing of most files.

    Those with comments, and long ones, also without comments and spare blanks: `from a import (  # (see b)` does not
    end in its comment, and nobody may push a name out of sight.
    """
    found = []
    at = code.find(b"import")
    while at >= 0:
        start = code.rfind(b"\n", 0, at) + 1
        statement = _STATEMENT.match(code, at)
        end = statement.end() if statement else at
        found.append(code[start:end])
        if b"#" in found[-1] or len(found[-1]) > MAX_LOOK:
            found.append(b" ".join(_COMMENT.sub(b"", found[-1]).split()))
        at = code.find(b"import", max(end, at + 1))
    return b"\n".join(found)


def attributes(code: bytes, words: frozenset[bytes]) -> frozenset[bytes]:
    """The words of code that follow a dot, or name an attribute in a text."""
    found = set(_ATTRIBUTE.findall(code))
    if not words.isdisjoint(_CHOSEN):
        found.update(piece for text in _QUOTED.findall(code) for piece in text.split(b"."))
    return frozenset(found)


def imports(data: bytes) -> list[tuple[bytes, frozenset[bytes] | None]]:
    """Modules that a file may import, and the names that it takes; None: any."""
    found: list[tuple[bytes, frozenset[bytes] | None]] = []
    data = _with_imports(data)
    for match in _FROM.finditer(data):
        module, imported = match.groups()
        names = frozenset(imported.translate(WORD).split())
        found.append((module, None if b"*" in imported else names))
        dot = b"" if module.endswith(b".") else b"."
        found.extend((module + dot + name, None) for name in names)
    for match in _IMPORT.finditer(data):
        found.extend((words[0], None) for part in match.group(1).split(b",") if (words := part.split()))
    return found


def places(module: bytes, path: str) -> list[str]:
    """Files of the repository that `module` may be, as seen from `path`."""
    text = module.decode("ascii", "replace")
    dots = len(text) - len(text.lstrip("."))
    tail = text.lstrip(".").replace(".", "/")
    folder = path.rpartition("/")[0]
    starts = []
    if dots:
        for _ in range(dots - 1):
            folder = folder.rpartition("/")[0]
        starts = [folder]
    else:
        while folder:
            starts += [folder, folder + "/src"]
            folder = folder.rpartition("/")[0]
        starts += ["", "src"]
    found = []
    for start in dict.fromkeys(starts):
        stem = "/".join(piece for piece in (start, tail) if piece)
        # As Python does: a package hides the module beside it.
        found.append(stem + "/__init__.py" if stem else "__init__.py")
        if tail:
            found.append(stem + ".py")
    return found


def asked_in(words: frozenset[bytes], screen: Data) -> frozenset[bytes]:
    """Those of `words` that may end the name of something that rules ask for, where they all stand together."""
    wanted = screen["calls"]
    return frozenset(key for key in words & screen["keys"] if any(words.issuperset(others) for others in wanted[key]))


def is_asked(data: bytes, words: frozenset[bytes], screen: Data, lasts: frozenset[bytes] | None = None) -> bool:
    """Whether a name that rules ask for may be put together of `words`, those of `data` among them.

    `lasts`: words that it may end in; None: all.
    """
    wanted = screen["calls"]
    for key in (words if lasts is None else lasts) & screen["keys"]:
        if any(words.issuperset(others) for others in wanted[key]):
            return True
    if any(words.issuperset(others) for others in wanted.get(b"*", ())):
        return True
    return any(words.issuperset(others) and all(map(data.__contains__, parts)) for parts, others in screen["open"])


def _renamed(imported: bytes) -> list[tuple[bytes, bytes]]:
    """`a, b as c` as pairs of a name and what it is called here."""
    found = []
    for part in imported.strip(b"()").split(b","):
        words = part.translate(WORD).split()
        if words:
            found.append((words[0], words[2] if len(words) > 2 and words[1] == b"as" else words[0]))
    return found


def _set(assigned: Iterable[Assignment], asked: frozenset[bytes], roots: frozenset[bytes], aliases: Aliases) -> None:
    """Adds the names that are set to something that is made of what is asked for, or of what is an alias already."""
    for targets, said in assigned:
        held = _standing(said, aliases)
        if not _LATE.isdisjoint(said):
            held.append(_through(roots.intersection(said)))
        if not asked.isdisjoint(said) or (held and b"getattr" in said):
            aliases.update(dict.fromkeys(targets))
        elif held:
            through = _joined(held)
            for name in targets:
                aliases[name] = _joined([through, *([aliases[name]] if name in aliases else [])])


def _joined(several: list[Through | None]) -> Through | None:
    """What stands for any of them."""
    known = [one for one in several if one is not None]
    if len(known) < len(several):
        return None
    words = frozenset[bytes]().union(*(one.words for one in known))
    return _through(words, frozenset[bytes]().union(*(one.methods for one in known)))


def _defined(module: _Module, asked: frozenset[bytes], aliases: Aliases) -> None:
    """Adds functions and classes through which who calls them reaches a library without naming it."""
    blocks = module.blocks
    # A function may call another of the module, and that one the library.
    wanted = asked.union(block.name for block in blocks if not block.is_class and not asked.isdisjoint(block.words))
    for block in blocks:
        if wanted.isdisjoint(block.words) and aliases.keys().isdisjoint(block.words):
            continue
        if block.is_class:
            through = _of_class(block, wanted, aliases)
            if through is None or through.words or through.methods:
                aliases[block.name] = through
        elif not wanted.isdisjoint(block.words):
            aliases[block.name] = None
        elif held := _standing(block.reach, aliases):
            aliases[block.name] = _joined(held)


def _standing(words: Words, aliases: Aliases) -> list[Through | None]:
    """What those of the words that are aliases stand for."""
    return [aliases[name] for name in words if name in aliases]


def _of_class(block: _Block, wanted: frozenset[bytes], aliases: Aliases) -> Through | None:
    """What an object of the class is good for: what it is made of, what it holds and gives back, and its methods."""
    if not wanted.isdisjoint(block.head):
        return None
    words: set[bytes] = set()
    methods: set[bytes] = set()
    bases = _standing(block.head, aliases)
    if None in bases:
        return None
    for names, said in block.attributes:
        held = _standing(said, aliases)
        if None in held or not wanted.isdisjoint(said):
            methods.update(names)
        bases += held
    for method in block.methods:
        if wanted.isdisjoint(method.words) and aliases.keys().isdisjoint(method.words):
            continue
        held = _standing(method.reach, aliases)
        if (None in held or not wanted.isdisjoint(method.words)) and not method.name.startswith(b"__"):
            methods.add(method.name)
        bases += held
    for base in bases:
        if base is not None:
            words |= base.words
            methods |= base.methods
    return _through(frozenset(words), frozenset(methods))
