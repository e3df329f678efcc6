"""Whether a file can hold a finding at all, told from its bytes. Imports next to nothing, for `quick`.

Notebooks are always read: only a parser can tell a broken cell from a good one.

A screen is plain data (see `triggers.compile_screen`):
    words     {word: [[other words], …]}: names that stand in a file together before one of them is called; "*": none
    bare      names of builtins, which no module stands before
    text      {"exact": […], "folded": […], "always": bool}: per regular expression on texts, sets of substrings of
              which a file holds one each
    secrets   the gate of the detectors of secrets, see `gate`
"""

from __future__ import annotations

import re
import unicodedata

from mlgate import gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Data = Mapping[str, Any]
    Read = Callable[[str], bytes | None]
    Aliases = dict[bytes, "Through | None"]

_WORD = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte == 95 else 32 for byte in range(256))
_SHELL_WORDS = frozenset(
    b"system popen subprocess Popen check_call check_output getoutput getstatusoutput get_ipython execvp _internal "
    b"create_subprocess_shell create_subprocess_exec run_line_magic run_cell_magic".split()
)
_LATE = frozenset([b"__import__", b"import_module"])
_SETTINGS = frozenset([b"get_config", b"NotebookApp", b"ServerApp", b"LabApp", b"IdentityProvider", b"JupyterHub"])
_CODING = re.compile(rb"^[^\n]*\n?[ \t\f]*#.*?coding[:=][ \t]*(?!utf-?8|ascii|latin)[-\w.]", re.IGNORECASE)
_ESCAPE = re.compile(rb"\\[xuUN0-7]")
_GETATTR = re.compile(rb"\bgetattr\s*\(\s*([A-Za-z_]\w*|)")
_IMPORT_LINE = re.compile(rb"^[ \t]*(?:from|import)[ \t][^\n]{0,10000}(?:\([^)]{0,10000}\))?", re.MULTILINE)
_FROM = re.compile(
    rb"(?:^|[;:])[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]{0,10000}\)|[^\n]{0,10000})", re.MULTILINE
)
_IMPORT = re.compile(rb"(?:^|[;:])[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
_ASSIGNED = re.compile(
    rb"^([ \t]*)([A-Za-z_][\w, \t]*?)[ \t]*(?::[^\n=]*)?=(?!=)([^\n]*(?:\n\1(?:[ \t]+|[)\]}])[^\n]*)*)", re.MULTILINE
)
"""An assignment, with the lines that go on with it: they stand deeper, or begin with a closing bracket."""
_DEFINED = re.compile(
    rb"^([ \t]*)(?:async[ \t]+)?(def|class)[ \t]+(\w+)([^\n]*(?:\n(?:\1[ \t]+[^\n]*|[ \t]*(?=\n)|[)\]}][^\n]*))*)",
    re.MULTILINE,
)
"""A function or class, with its body: what stands deeper."""
_RETURNED = re.compile(rb"\breturn\b([^\n]*)|\bself\.\w+[ \t]*=([^\n]*)")
_DATABRICKS = b"# MAGIC"
_MAGIC = re.compile(
    rb"^[ \t]*(?:(?:>>>|In ?\[\d*\]:)[ \t]*)?(?:!|%%?[A-Za-z]|(?:pip3?|conda|mamba|micromamba|uv)[ \t])"
    rb"|=[ \t]*(?:!|%%?[A-Za-z]{2})",
    re.MULTILINE,
)
"""IPython's lines, which scripts hold, too. Two letters: `"id=%s"` is a template."""
_POINTER = b"version https://git-lfs"
"""How a file of Git LFS begins whose content was not fetched. Source: git-lfs, docs/spec.md."""
MAX_HOPS = 3
"""Longest chain of modules through which a renamed import is followed."""


class Through:
    """What a name that a module hands on may be good for, where it is not itself a function of a library."""

    __slots__ = ("libraries", "methods")

    def __init__(self, libraries: frozenset[bytes], methods: frozenset[bytes]) -> None:
        self.libraries = libraries
        """Roots of the libraries whose methods an object of it has."""
        self.methods = methods
        """Its own methods that call what rules ask for."""


class Modules:
    """The modules of a repository, for what they hand on under other names; each is read once."""

    def __init__(self, read: Read) -> None:
        self.read = read
        """Bytes of a file of the repository, None where it has no such file."""
        self.aliases: dict[tuple[str, int], Aliases | None] = {}


def admits_python(data: bytes, screen: Data, path: str = "", modules: Modules | None = None) -> bool:
    """Whether a Python file must be parsed."""
    if _text_admits(data, screen) or data.startswith(_POINTER):
        return True
    # NOTE: a NUL is binary or UTF-16, where no word stands in one piece.
    if (
        b"\0" in data
        or data[:2] in (b"\xff\xfe", b"\xfe\xff")
        or _CODING.match(data)
        or _DATABRICKS in data
        or b"mlgate:" in data
    ):
        return True
    normal = data
    if not data.isascii():
        try:
            normal = unicodedata.normalize("NFKC", data.decode("utf-8")).encode("utf-8")
        except UnicodeDecodeError:
            return True
    if b"\r" in normal:
        normal = normal.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _MAGIC.search(normal):
        return True
    words = frozenset(normal.translate(_WORD).split())
    if _words_admit(normal, words, screen) or words & _LATE or words & _SHELL_WORDS or words & _SETTINGS:
        return True
    if (b"exec" in words or b"eval" in words) and _ESCAPE.search(data):
        return True
    return modules is not None and _imports_admit(normal, words, screen, path, modules)


def admits_text(data: bytes, screen: Data) -> bool:
    """Whether a file of any other kind holds what a rule on texts or a detector of secrets may meet."""
    return _text_admits(data, screen) or b"mlgate:" in data or data.startswith(_POINTER) or _is_odd(data)


def _is_odd(data: bytes) -> bool:
    """Not UTF-8: its words cannot be trusted."""
    if data.isascii():
        return b"\0" in data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return not unicodedata.is_normalized("NFKC", text) and "mlgate" in unicodedata.normalize("NFKC", text)


def _text_admits(data: bytes, screen: Data) -> bool:
    secrets = screen["secrets"]
    if secrets is not None and gate.admits(data, *secrets):
        return True
    text = screen["text"]
    if text["always"] or _holds(data, text["exact"]):
        return True
    if not text["folded"]:
        return False
    # Two letters fold to ASCII ones: ſ and the Kelvin sign.
    return b"\xc5\xbf" in data or b"\xe2\x84\xaa" in data or _holds(data.lower(), text["folded"])


def _holds(data: bytes, patterns: Sequence[Sequence[Sequence[bytes]]]) -> bool:
    return any(all(any(word in data for word in one) for one in sets) for sets in patterns)


def _words_admit(data: bytes, words: frozenset[bytes], screen: Data) -> bool:
    wanted = screen["words"]
    for word in words & screen["keys"]:
        if any(words.issuperset(others) for others in wanted[word]):
            return True
    if any(words.issuperset(others) for others in wanted.get(b"*", ())):
        return True
    bare: frozenset[bytes] = words & screen["bare"]
    if any(re.search(rb"(?<![.\w])" + name + rb"\b", data) for name in bare):
        return True
    return b"getattr" in words and _chooses(data, words & screen["firsts"])


def _chooses(data: bytes, libraries: frozenset[bytes]) -> bool:
    """`getattr(torch, name)`: what is chosen from a library at run time need not be a word of the file."""
    if not libraries:
        return False
    asked = frozenset(_GETATTR.findall(data))
    imported = frozenset(word for line in _IMPORT_LINE.findall(data) for word in line.translate(_WORD).split())
    return not asked.isdisjoint(imported) or b"" in asked


def _imports_admit(data: bytes, words: frozenset[bytes], screen: Data, path: str, modules: Modules) -> bool:
    """Whether a module of this repository hands on a library's name under another one that this file uses."""
    for module, names in _imports(data):
        aliases = _handed_on(module, screen, path, modules, MAX_HOPS)
        if not aliases:
            continue
        for name in aliases.keys() & (words if names is None else names):
            through = aliases[name]
            if through is None or not through.methods.isdisjoint(words):
                return True
            if through.libraries and _reaches(words | through.libraries, words & screen["keys"], screen):
                return True
    return False


def _reaches(words: frozenset[bytes], keys: frozenset[bytes], screen: Data) -> bool:
    return any(words.issuperset(others) for key in keys for others in screen["words"][key])


def _handed_on(module: bytes, screen: Data, path: str, modules: Modules, hops: int) -> Aliases:
    """What the module that `path` imports hands on; nothing where the repository has no such module."""
    for place in _places(module, path):
        if (place, hops) not in modules.aliases:
            # Set before it is known: modules that import each other end here.
            modules.aliases[place, hops] = {}
            held = modules.read(place)
            modules.aliases[place, hops] = None if held is None else _aliases(held, screen, place, modules, hops - 1)
        aliases = modules.aliases[place, hops]
        if aliases is not None:
            return aliases
    return {}


def _imports(data: bytes) -> list[tuple[bytes, frozenset[bytes] | None]]:
    found: list[tuple[bytes, frozenset[bytes] | None]] = []
    for match in _FROM.finditer(data):
        module, imported = match.groups()
        names = frozenset(imported.translate(_WORD).split())
        found.append((module, None if b"*" in imported else names))
        dot = b"" if module.endswith(b".") else b"."
        found.extend((module + dot + name, None) for name in names)
    for match in _IMPORT.finditer(data):
        found.extend((words[0], None) for part in match.group(1).split(b",") if (words := part.split()))
    return found


def _places(module: bytes, path: str) -> list[str]:
    """Files of the repository that `module` may be, as seen from `path`."""
    text = module.decode("ascii", "replace")
    dots = len(text) - len(text.lstrip("."))
    tail = text.lstrip(".").replace(".", "/")
    folder = path.rpartition("/")[0]
    starts = [folder, "", "src"]
    if dots:
        for _ in range(dots - 1):
            folder = folder.rpartition("/")[0]
        starts = [folder]
    places = []
    for start in dict.fromkeys(starts):
        stem = "/".join(piece for piece in (start, tail) if piece)
        if tail:
            places.append(stem + ".py")
        places.append(stem + "/__init__.py" if stem else "__init__.py")
    return places


def _aliases(data: bytes, screen: Data, path: str, modules: Modules, hops: int) -> Aliases:
    """Names under which a module hands on what it took from a library that rules ask for."""
    aliases: Aliases = {}
    roots: dict[bytes, bytes] = {}
    firsts = screen["firsts"]
    for match in _FROM.finditer(data):
        module, imported = match.groups()
        names = imported.translate(_WORD).split()
        root = module.partition(b".")[0]
        if root in firsts:
            aliases.update(dict.fromkeys(names))
            roots.update(dict.fromkeys(names, root))
        elif hops > 0:
            below = _handed_on(module, screen, path, modules, hops)
            aliases.update(below if b"*" in imported else {name: below[name] for name in names if name in below})
    for match in _IMPORT.finditer(data):
        for part in match.group(1).split(b","):
            words = part.split()
            root = words[0].partition(b".")[0] if words else b""
            if root in firsts:
                roots[root] = root
                if len(words) == 3:
                    aliases[words[2]] = None
                    roots[words[2]] = root
    _assigned(data, firsts, aliases)
    defined = _defined(data, screen, aliases, roots)
    if defined:
        aliases.update(defined)
        _assigned(data, frozenset(defined), aliases)
    return aliases


def _assigned(data: bytes, firsts: frozenset[bytes], aliases: Aliases) -> None:
    """Adds the names that are set to something that is made of `firsts` or of what is an alias already."""
    for match in _ASSIGNED.finditer(data):
        targets, value = match.group(2, 3)
        said = frozenset(value.translate(_WORD).split())
        if not said.isdisjoint(firsts) or not said.isdisjoint(aliases):
            aliases.update(dict.fromkeys((targets + b" " + value.rpartition(b"=")[0]).translate(_WORD).split()))


def _defined(data: bytes, screen: Data, aliases: Aliases, roots: Mapping[bytes, bytes]) -> Aliases:
    """Functions and classes through which who calls them reaches a library without naming it."""
    everywhere = frozenset(data.translate(_WORD).split())
    asked = {key for key in everywhere & screen["keys"] if any(map(everywhere.issuperset, screen["words"][key]))}
    if not asked and everywhere.isdisjoint(aliases):
        return {}
    found: Aliases = {}
    blocks: list[tuple[bytes, bytes, bytes, bytes, frozenset[bytes]]] = []
    for match in _DEFINED.finditer(data):
        margin, what, name, body = match.groups()
        blocks.append((margin, what, name, body, frozenset(body.translate(_WORD).split())))
    # A function may call another of the module, and that one the library.
    asked |= {
        name
        for margin, what, name, _, words in blocks
        if not margin and what == b"def" and not asked.isdisjoint(words) and data.count(name + b"(") > 1
    }
    for _, what, name, body, words in blocks:
        calls = not asked.isdisjoint(words)
        if calls and what == b"def":
            found[name] = None
            continue
        # What it is made of and what it gives back: whoever holds it may call the library's methods on it.
        shown = body.partition(b"\n")[0] + b" ".join(one[0] or one[1] for one in _RETURNED.findall(body))
        held = frozenset(shown.translate(_WORD).split())
        libraries = {roots[one] for one in held if one in roots}
        for one in held:
            through = aliases.get(one) or found.get(one)
            if through is not None:
                libraries |= through.libraries
        methods = {
            inner.group(3)
            for inner in (_DEFINED.finditer(body, body.find(b"\n") + 1) if calls else ())
            if not asked.isdisjoint(inner.group(4).translate(_WORD).split())
        }
        if libraries or methods:
            # To make an object runs `__init__`.
            found[name] = None if b"__init__" in methods else Through(frozenset(libraries), frozenset(methods))
    return found


def ready(stored: Data) -> dict[str, Any]:
    """A screen as the functions here take it, from its JSON form: bytes instead of texts."""
    words = {
        word.encode(): [frozenset(other.encode() for other in others) for others in several]
        for word, several in stored["words"].items()
    }
    text, secrets = stored["text"], stored["secrets"]
    patterns = {
        case: [[[word.encode() for word in words] for words in sets] for sets in text[case]]
        for case in ("exact", "folded")
    }
    everything = frozenset(words).union(*(others for several in words.values() for others in several))
    return {
        "words": words,
        "keys": frozenset(words),
        "firsts": everything,
        "bare": frozenset(word.encode() for word in stored["bare"]),
        "text": {**patterns, "always": text["always"]},
        "secrets": secrets and gate.opened(secrets),
    }
