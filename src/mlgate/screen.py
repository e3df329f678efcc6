"""Whether a file can hold a finding at all, told from its bytes. Imports next to nothing, for `quick`.

Notebooks are always read: only a parser can tell a broken cell from a good one.

A screen is plain data (see `triggers.compile_screen`):
    calls     {word: [[other words], …]}: names that stand in code together before one of them is called; "*": none
    open      [[[parts], [words]], …]: the same where the last segment is open; the file holds each part of it
    roots     first segments of those names: the libraries
    bare      names of builtins, which no module stands before
    settings  {word: [[other words], …]}: the same for settings, whose names may stand in texts
    text      {"exact": […], "folded": […], "always": bool}: per regular expression on texts, and branch of it, sets
              of substrings of which a file holds one each; "in-code": the same for those that no comment and no
              docstring can meet; "beginning": [[[texts], sets], …], where a text must begin with one of the texts
    secrets   the gate of the detectors of secrets, see `gate`
    only-texts  whether no rule asks for more than them
"""

from __future__ import annotations

import re
import unicodedata

from mlgate import gate
from mlgate.code_view import Views, views
from mlgate.needles import WORD, Needles, Parts
from mlgate.reexports import Reexports, attributes, import_lines, imports, is_asked, plain, taken
from mlgate.regex import regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    Data = Mapping[str, Any]

_SHELL_WORDS = frozenset(
    b"system popen subprocess Popen check_call check_output getoutput getstatusoutput get_ipython execvp _internal "
    b"create_subprocess_shell create_subprocess_exec run_line_magic run_cell_magic".split()
)
_COMMENTED = regex(rb"#[^\n]*://[^\n]*@")
"""A comment that may hold the address of a database."""
_RUNS_TEXTS = regex(rb"(?<![.\w])(?:exec|eval)\b")
_BEFORE_OPTION = regex(rb"""(?<=,)\s*[rRbBuUfFtT]{0,2}["']-""")
"""Where, behind another element, a text begins like an option."""
_ELEMENTS = regex(rb"""(?:\s*(?:"[^"\\\n]*"|'[^'\\\n]*'|[\w.]+)\s*,)*""")
"""Arguments of a call as far as they are plain."""
_LATE = frozenset([b"__import__", b"import_module"])
_SETTINGS = frozenset([b"get_config", b"NotebookApp", b"ServerApp", b"LabApp", b"IdentityProvider", b"JupyterHub"])
_CODING = regex(rb"^[^\n]*\n?[ \t\f]*#.*?coding[:=][ \t]*(?!utf-?8|ascii|latin)[-\w.]", re.IGNORECASE)
_ESCAPE = regex(rb"\\[xuUN0-7]")
_GETATTR = regex(rb"\bgetattr\s*\(\s*([A-Za-z_]\w*|)")
_DATABRICKS = b"# MAGIC"
_MAGIC = regex(
    rb"^[ \t]*(?:(?:>>>|In ?\[\d*\]:)[ \t]*)?(?:!|%%?[A-Za-z]|(?:pip3?|conda|mamba|micromamba|uv)[ \t])"
    rb"|=[ \t]*(?:!|%%?[A-Za-z]{2})",
    re.MULTILINE,
)
"""IPython's lines, which scripts hold, too. Two letters: `"id=%s"` is a template."""
_INSTALLERS = frozenset([b"pip", b"pip3", b"conda", b"mamba", b"micromamba", b"uv"])
_SIGNS = (b"\n!", b"\n%", b"=!", b"=%", b">>>!", b">>>%", b"]:!", b"]:%")
"""What stands where a line of IPython's begins, once blanks are taken out."""
_POINTER = b"version https://git-lfs"
"""How a file of Git LFS begins whose content was not fetched. Source: git-lfs, docs/spec.md."""


def admits_python(data: bytes, screen: Data, path: str = "", modules: Reexports | None = None) -> bool:
    """Whether a Python file can have a finding."""
    return admits_code(data, screen, path, modules) or may_hold_secret(data, screen)


def may_hold_secret(data: bytes, screen: Data) -> bool:
    """Whether a detector may meet something; each of them needs the text alone."""
    return screen["secrets"] is not None and gate.admits(data, *screen["secrets"], parts=_parts(data, screen))


def _parts(data: bytes, screen: Data) -> set[bytes]:
    found: set[bytes] = screen["index"].within(frozenset(data.translate(WORD).split()))
    return found


def admits_code(data: bytes, screen: Data, path: str = "", modules: Reexports | None = None) -> bool:
    """Whether a Python file must be parsed: whether it can have a finding other than a secret."""
    # NOTE: a NUL is binary or UTF-16, where no word stands in one piece.
    if (
        data.startswith(_POINTER)
        or b"\0" in data
        or data[:2] in (b"\xff\xfe", b"\xfe\xff")
        or _CODING.match(data)
        or _DATABRICKS in data
        or b"mlgate:" in data
    ):
        return True
    if screen["only-texts"]:
        return _normal(data) is None
    data = plain(data)
    normal = _normal(data)
    if normal is None:
        return True
    words = frozenset(normal.translate(WORD).split())
    if _has_magic(normal, words) or words & _LATE or words & _SETTINGS or _settings_admit(words, screen):
        return True
    is_run = b"exec" in words or b"eval" in words
    if is_run and _ESCAPE.search(data):
        return True
    # The whole file first: what stands nowhere in it stands in no text either, which takes a lexer to tell.
    parts: set[bytes] = screen["index"].within(words) if data is normal else _parts(data, screen)
    may_say = _said_admits(data, None, screen["text"], parts) or b'"-' in data or b"'-" in data
    seen = views(data)
    if seen is None or (may_say and (_said_admits(data, seen, screen["text"], parts) or _has_command(seen.said))):
        return True
    code = normal
    if not (is_run and _runs_texts(seen.code)):
        code = _normal(seen.code) or normal
        words = frozenset(code.translate(WORD).split())
    return _code_admits(code, words, screen, path, modules)


def _code_admits(code: bytes, words: frozenset[bytes], screen: Data, path: str, modules: Reexports | None) -> bool:
    """Whether code may call what a rule asks for, or a module that does so for it; `words` are all its words."""
    if _is_bare(code, words & screen["bare"]) or (b"getattr" in words and _chooses(code, words & screen["firsts"])):
        return True
    # The set of all words is at hand; the names among them cost more.
    if words & _SHELL_WORDS or is_asked(code, words, screen):
        names = taken(code, words)
        if names & _SHELL_WORDS or is_asked(code, names, screen):
            return True
    return modules is not None and _imports_admit(code, words, screen, path, modules)


def _has_magic(data: bytes, words: frozenset[bytes]) -> bool:
    """Whether a line may be one of IPython's."""
    # Most files hold none of the signs where they would have to stand.
    close = data.translate(None, b" \t")
    if words & _INSTALLERS or close.startswith((b"!", b"%")) or any(sign in close for sign in _SIGNS):
        return _MAGIC.search(data) is not None
    return False


def _normal(data: bytes) -> bytes | None:
    """As Python reads identifiers (PEP 3131); None where it is no UTF-8."""
    if data.isascii():
        return data
    try:
        return unicodedata.normalize("NFKC", data.decode("utf-8")).encode("utf-8")
    except UnicodeDecodeError:
        return None


def _said_admits(data: bytes, seen: Views | None, text: Data, parts: set[bytes]) -> bool:
    """Whether a text of the file may be what a rule on texts asks for; without `seen`, of anything in it."""
    # Of comments, only the addresses of databases are facts.
    said = data if seen is None else seen.said
    if _text_admits(said, text, parts) or (
        seen is not None and _COMMENTED.search(data) is not None and _text_admits(data, text, parts)
    ):
        return True
    texts = data if seen is None else seen.texts
    if _text_admits(texts, text["in-code"], parts):
        return True
    return any(
        all(one.are_in(texts, parts) for one in sets) and starts.search(data if seen is None else seen.starts)
        for starts, sets in text["beginning"]
    )


def _has_command(code: bytes) -> bool:
    """Whether a list or tuple holds an option: it may be a command. `add_argument("-o", "--out")` holds none."""
    for place in _BEFORE_OPTION.finditer(code):
        bracket = max(code.rfind(b"[", 0, place.start()), code.rfind(b"(", 0, place.start()))
        between = code[bracket + 1 : place.start()]
        is_call = code[bracket : bracket + 1] == b"(" and code[bracket - 1 : bracket].isalnum()
        if not is_call or not _ELEMENTS.fullmatch(between):
            return True
    return False


def _runs_texts(code: bytes) -> bool:
    """Whether what stands in long texts may be run: then their words count, too."""
    return _RUNS_TEXTS.search(code) is not None


def admits_text(data: bytes, screen: Data) -> bool:
    """Whether a file of any other kind holds what a rule on texts or a detector of secrets may meet."""
    if may_hold_secret(data, screen) or b"mlgate:" in data or data.startswith(_POINTER) or _is_odd(data):
        return True
    text = screen["text"]
    parts = _parts(data, screen)
    begins = any(all(one.are_in(data, parts) for one in sets) for _, sets in text["beginning"])
    return begins or _text_admits(data, text, parts) or _text_admits(data, text["in-code"], parts)


def _is_odd(data: bytes) -> bool:
    """Not UTF-8: its words cannot be trusted."""
    if data.isascii():
        return b"\0" in data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return not unicodedata.is_normalized("NFKC", text) and "mlgate" in unicodedata.normalize("NFKC", text)


def _text_admits(data: bytes, text: Data, parts: set[bytes]) -> bool:
    if text["always"] or _holds(data, text["exact"], parts):
        return True
    single, several = text["folded"]
    if not single and not several:
        return False
    # Two letters fold to ASCII ones: ſ and the Kelvin sign.
    if b"\xc5\xbf" in data or b"\xe2\x84\xaa" in data:
        return True
    return _may_hold(text["folded"], parts) and _holds(data.lower(), text["folded"], parts)


def _may_hold(words: tuple[Needles | None, Sequence[Sequence[Needles]]], parts: set[bytes]) -> bool:
    single, several = words
    if single is not None and not parts.isdisjoint(single.parts):
        return True
    return any(not any(parts.isdisjoint(one.parts) for one in sets) for sets in several)


def _holds(data: bytes, words: tuple[Needles | None, Sequence[Sequence[Needles]]], parts: set[bytes]) -> bool:
    single, several = words
    if single is not None and single.are_in(data, parts):
        return True
    return any(all(one.are_in(data, parts) for one in sets) for sets in several)


def _settings_admit(words: frozenset[bytes], screen: Data) -> bool:
    wanted = screen["settings"]
    if any(words.issuperset(others) for word in words & wanted.keys() for others in wanted[word]):
        return True
    return any(words.issuperset(others) for others in wanted.get(b"*", ()))


def _is_bare(data: bytes, names: frozenset[bytes]) -> bool:
    return any(re.search(rb"(?<![.\w])" + name + rb"\b", data) for name in names)


def _chooses(data: bytes, libraries: frozenset[bytes]) -> bool:
    """`getattr(torch, name)`: what is chosen from a library at run time need not be a word of the file."""
    if not libraries:
        return False
    asked = frozenset(_GETATTR.findall(data))
    imported = frozenset(import_lines(data).translate(WORD).split())
    return not asked.isdisjoint(imported) or b"" in asked


def _imports_admit(code: bytes, words: frozenset[bytes], screen: Data, path: str, modules: Reexports) -> bool:
    """Whether a module of this repository hands on a library's name under another one that this file uses."""
    names: frozenset[bytes] = frozenset()
    lasts: frozenset[bytes] = frozenset()
    for module, imported in imports(code):
        aliases = modules.of(module, path)
        for name in aliases if b"*" in aliases else aliases.keys() & (words if imported is None else imported):
            through = aliases[name]
            if through is None:
                return True
            if not names:
                names, lasts = taken(code, words), attributes(code, words)
            # What the module hands on has the library's attributes; where it hands on everything, its names too.
            ends = names if name == b"*" else lasts
            if not through.methods.isdisjoint(names) or is_asked(code, names | through.words, screen, ends):
                return True
    return False


def ready(stored: Data) -> dict[str, Any]:
    """A screen as the functions here take it, from its JSON form: bytes instead of texts."""
    calls, settings = (
        {word.encode(): [frozenset(map(str.encode, others)) for others in several] for word, several in table.items()}
        for table in (stored["calls"], stored["settings"])
    )
    opened = [(tuple(map(str.encode, parts)), frozenset(map(str.encode, others))) for parts, others in stored["open"]]
    secrets = stored["secrets"]
    texts = {
        **_texts(stored["text"]),
        "in-code": _texts(stored["text"]["in-code"]),
        "beginning": [
            (
                re.compile(rb"""["'](?:""" + b"|".join(re.escape(start.encode()) for start in starts) + rb")"),
                [Needles(map(str.encode, words)) for words in sets],
            )
            for starts, sets in stored["text"]["beginning"]
        ],
    }
    opened_gate = gate.opened(secrets) if secrets else None
    return {
        "calls": calls,
        "keys": frozenset(calls),
        "open": opened,
        "parts": frozenset(part for parts, _ in opened for part in parts),
        "roots": frozenset(map(str.encode, stored["roots"])),
        "firsts": frozenset(calls).union(*(others for several in calls.values() for others in several)),
        "bare": frozenset(map(str.encode, stored["bare"])),
        "settings": settings,
        "text": texts,
        "secrets": opened_gate,
        "only-texts": stored["only-texts"],
        "index": Parts({*_parts_of(texts), *(gate.parts_of(opened_gate) if opened_gate else ())}),
    }


def _parts_of(texts: Data) -> Iterator[bytes]:
    """The parts of all needles."""
    for table in (texts, texts["in-code"]):
        for single, several in (table["exact"], table["folded"]):
            for one in [*(one for sets in several for one in sets), *([] if single is None else [single])]:
                yield from one.parts
    for _, sets in texts["beginning"]:
        for one in sets:
            yield from one.parts


def _texts(stored: Data) -> dict[str, Any]:
    return {"exact": _needles(stored["exact"]), "folded": _needles(stored["folded"]), "always": stored["always"]}


def _needles(patterns: Sequence[Sequence[Sequence[Sequence[str]]]]) -> tuple[Needles | None, list[list[Needles]]]:
    """Words of which one is enough, and sets of which each must have one there; the shorter sets come first."""
    single: list[bytes] = []
    several: dict[frozenset[tuple[str, ...]], list[Needles]] = {}
    for sets in (sets for branches in patterns for sets in branches):
        distinct = frozenset(tuple(sorted(words)) for words in sets)
        if len(distinct) == 1:
            single += (word.encode() for words in distinct for word in words)
        elif distinct not in several:
            several[distinct] = [Needles(map(str.encode, words)) for words in sorted(distinct, key=len)]
    return Needles(single) if single else None, list(several.values())
