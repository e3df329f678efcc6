"""What a file is, told by its name and, where that says nothing, by its content."""

from __future__ import annotations

from mlgate.model import Kind
from mlgate.regex import regex

_EXTENSIONS = {
    **dict.fromkeys(("py", "pyi", "pyw", "ipy"), Kind.PYTHON),
    "ipynb": Kind.NOTEBOOK,
    **dict.fromkeys(("md", "markdown", "rmd", "qmd"), Kind.MARKDOWN),
    **dict.fromkeys(("sh", "bash", "zsh", "ksh", "command"), Kind.SHELL),
    "dockerfile": Kind.DOCKERFILE,
    **dict.fromkeys(("yaml", "yml", "json", "toml", "ini", "cfg"), Kind.CONFIG),
    **dict.fromkeys(("sql", "hql"), Kind.SQL),
}
_NAMES = {
    "dockerfile": Kind.DOCKERFILE,
    "containerfile": Kind.DOCKERFILE,
    "pip.conf": Kind.CONFIG,
    "pipfile": Kind.CONFIG,
    ".condarc": Kind.CONFIG,
    ".pypirc": Kind.CONFIG,
    **dict.fromkeys(
        (".envrc", ".bashrc", ".bash_profile", ".bash_aliases", ".profile", ".zshrc", ".zprofile", ".zshenv"),
        Kind.SHELL,
    ),
}
_REQUIREMENT_FOLDERS = frozenset({"requirements", "reqs", "constraints"})
_REQUIREMENT_STEMS = frozenset(
    {"base", "build", "ci", "dev", "docs", "lint", "main", "prod", "production", "test", "tests"}
)
_PYTHON_PROGRAM = regex(r"i?python[0-9.]*w?|pypy[0-9.]*")
_SHELL_PROGRAMS = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash", "mksh"})
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PRINTED = bytes([*b"\t\n\r\f\x1b", *range(32, 127)])
MAX_SAMPLE = 65_536
"""How much of a file tells whether it is text, in bytes: eight times what git looks at."""


def kind_of_name(path: str) -> Kind | None:
    """What the name says; None where only the content can tell."""
    folder, _, name = path.lower().rpartition("/")
    if name in _NAMES:
        return _NAMES[name]
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension in _EXTENSIONS:
        return _EXTENSIONS[extension]
    if name.startswith(("dockerfile.", "dockerfile-", "containerfile.")):
        return Kind.DOCKERFILE
    if name == ".env" or name.startswith(".env.") or (extension == "env" and stem):
        return Kind.DOTENV
    if extension in ("txt", "in") and stem:
        told = "requirement" in stem or "constraint" in stem or folder.rpartition("/")[2] in _REQUIREMENT_FOLDERS
        # MANIFEST.in, Makefile.in and config.h.in are other things.
        if told or (extension == "in" and stem in _REQUIREMENT_STEMS):
            return Kind.REQUIREMENTS
    return None


def kind_of_content(data: bytes) -> Kind:
    """What the bytes say where the name says nothing."""
    if data.startswith(b"#!"):
        program = _interpreter(data[2:512].split(b"\n", 1)[0])
        if _PYTHON_PROGRAM.fullmatch(program):
            return Kind.PYTHON
        if program in _SHELL_PROGRAMS:
            return Kind.SHELL
    return Kind.BINARY if _is_binary(data) else Kind.TEXT


def _is_binary(data: bytes) -> bool:
    """Whether it is no text at all. One NUL in a text does not hide what stands around it."""
    if b"\0" not in data or data.startswith(_TEXT_MARKS):
        return False
    sample = data[:MAX_SAMPLE]
    if _is_mostly(sample, _PRINTED, 200):  # pickles of text are 90 % text
        return False
    # UTF-16 without a mark: every other byte of western text is NUL.
    even, odd = sample[::2], sample[1::2]
    halves = ((even, odd), (odd, even))
    return not any(_is_mostly(one, b"\0", 10) and _is_mostly(other, _PRINTED, 10) for one, other in halves)


def _is_mostly(data: bytes, members: bytes, but: int) -> bool:
    """Whether all but one byte in `but` are among `members`; nothing is mostly anything."""
    return len(data) > 0 and len(data.translate(None, members)) * but <= len(data)


def _interpreter(line: bytes) -> str:
    """The program that a shebang starts: `/usr/bin/env -S PYTHONPATH=. python3 -u` starts python3."""
    words = iter(line.decode("ascii", "replace").split())
    program = next(words, "").rpartition("/")[2]
    if program == "env":
        program = next((word for word in words if not word.startswith("-") and "=" not in word), "").rpartition("/")[2]
    if program == "uv" and "--script" in words:
        return "python"
    return program
