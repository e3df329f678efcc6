"""What a command installs, and the options that say where packages come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from mlgate.commands.options import parse
from mlgate.commands.programs import Invocation
from mlgate.commands.requirements import Requirement, requirement
from mlgate.commands.script import Command, Word
from mlgate.commands.tables import names
from mlgate.regex import regex


class Package(Struct, frozen=True):
    word: Word
    requirement: Requirement
    """Its `source` is `pypi`, `git`, `url`, `path`, `conda`, `apt` or `npm`."""
    manager: str
    upgrade: bool = False
    constrained: bool = False
    """A constraints file or required hashes may pin it."""
    unknown: str = ""
    """The variable that holds its version, or the whole requirement where the name is empty."""


class Option(Struct, frozen=True):
    """`pip:extra-index-url` and its kin; `value` is its word."""

    name: str
    word: Word
    value: Word


class Install(Struct, frozen=True):
    packages: tuple[Package, ...] = ()
    options: tuple[Option, ...] = ()


def install_of(found: Invocation, command: Command) -> Install | None:
    """What `found` installs; None where it installs nothing."""
    reader = _READERS.get(found.program)
    return reader(_joined(found.arguments, command)) if reader is not None else None


def _joined(words: Sequence[Word], command: Command) -> tuple[Word, ...]:
    """The words, with `torch>=2` put together again, which the shell takes for a redirection."""
    parts = {r.target.start: r for r in command.redirects if r.attached and r.target is not None}
    joined: list[Word] = []
    for word in words:
        text = word.text
        end = word.end
        for start, redirect in sorted(parts.items()):
            target = redirect.target
            if target is not None and start == end + len(redirect.operator) and not target.holes:
                text, end = text + redirect.operator + target.text, target.end
        joined.append(word if end == word.end else replace(word, text=text, end=end))
    return tuple(joined)


# --- pip, uv

_PIP = names(
    """-r -c -e -t -i -f -C --requirement --constraint --editable --target --platform --python-version
    --implementation --abi --root --prefix --src --upgrade-strategy --config-settings --global-option
    --no-binary --only-binary --progress-bar --report --index-url --pypi-url --extra-index-url --find-links
    --trusted-host --proxy --retries --timeout --exists-action --cert --client-cert --cache-dir --log --python
    --use-feature --use-deprecated --keyring-provider --build-option --root-user-action --group
    --uploaded-prior-to --resume-retries --index --default-index --index-strategy -p --resolution --prerelease
    --exclude-newer --link-mode --reinstall-package --override --overrides --refresh-package --no-build-package
    --no-build-isolation-package --torch-backend --allow-insecure-host --with --with-requirements --extra
    --directory --project --bounds --branch --tag --rev --optional --upgrade-package -P --marker --script
    --package --suffix --pip-args --fetch-missing-python --build-constraints --python-platform --config-file
    --color"""
)
_SOURCES = {
    "-i": "pip:index-url",
    "--index-url": "pip:index-url",
    "--pypi-url": "pip:index-url",
    "--default-index": "pip:index-url",
    "--extra-index-url": "pip:extra-index-url",
    "--index": "pip:extra-index-url",
    "-f": "pip:find-links",
    "--find-links": "pip:find-links",
    "--trusted-host": "pip:trusted-host",
    "--allow-insecure-host": "pip:trusted-host",
    "-r": "pip:requirement",
    "--requirement": "pip:requirement",
    "--requirements": "pip:requirement",
    "--with-requirements": "pip:requirement",
    "-c": "pip:constraint",
    "--constraint": "pip:constraint",
}
PIP_OPTIONS: Mapping[str, str] = _SOURCES
"""Options of pip that say where packages come from, and the name of the setting they make."""

_FLAG_NAME = regex(r"flag|opt|arg|quiet|user|upgrade|verbos|extra_index|_url$", re.IGNORECASE)


def _pip(arguments: Sequence[Word]) -> Install | None:
    found = list(parse(arguments, _PIP))
    verb = next((option.word.text for option in found if not option.name), "")
    if verb == "config":
        return _pip_config([option.word for option in found if not option.name])
    if verb != "install":
        return None
    return _pip_install(arguments, "install", "pip")


def _pip_install(arguments: Sequence[Word], verb: str, manager: str) -> Install:
    """Of the words before and behind `verb`, which may stand between options."""
    packages: list[Package] = []
    options: list[Option] = []
    upgrade = constrained = seen = False
    operands: list[tuple[Word, bool]] = []
    for option in parse(arguments, _PIP):
        if option.name in _SOURCES and option.value is not None:
            constrained = constrained or option.name in ("-c", "--constraint")
            options.append(Option(_SOURCES[option.name], option.word, option.value))
        elif option.name in ("-e", "--editable", "--with") and option.value is not None:
            operands.append((option.value, True))
        elif option.name in ("-U", "--upgrade"):
            upgrade = True
        elif option.name == "--require-hashes":
            constrained = True
        elif not option.name and not seen:
            seen = option.word.text == verb
        elif not option.name:
            operands.append((option.word, False))
    for word, _ in _direct(operands):
        package = _package(word, manager)
        if package is not None:
            packages.append(replace(package, upgrade=upgrade, constrained=constrained))
    return Install(tuple(packages), tuple(options))


def _direct(operands: Sequence[tuple[Word, bool]]) -> list[tuple[Word, bool]]:
    """`name @ url`, written without quotes, as one word."""
    joined: list[tuple[Word, bool]] = []
    index = 0
    while index < len(operands):
        word, editable = operands[index]
        if index + 2 < len(operands) and operands[index + 1][0].text == "@":
            address = operands[index + 2][0]
            joined.append((replace(word, text=f"{word.text} @ {address.text}", end=address.end, holes=()), editable))
            index += 3
        else:
            joined.append((word, editable))
            index += 1
    return joined


def _package(word: Word, manager: str) -> Package | None:
    if word.opaque or (word.holes and word.holes[0][0] == 0):
        name = word.text[: word.holes[0][1]]
        if _FLAG_NAME.search(name):
            return None
        if not word.opaque and "/" in word.text:  # below a folder that a variable holds
            return Package(word, Requirement("", source="path"), manager)
        return Package(word, Requirement(""), manager, unknown=name)
    found = requirement(word.text)
    if found is None:
        if not word.holes:
            return None
        start = word.holes[0][0]
        found = requirement(word.text[:start].rstrip("=<>~!@["))
        if found is None:
            return None
        return Package(word, found, manager, unknown=word.text[start : word.holes[0][1]])
    if word.holes:
        start, end = word.holes[0]
        return Package(word, found, manager, unknown=word.text[start:end])
    return Package(word, found, manager)


def _pip_config(operands: Sequence[Word]) -> Install | None:
    """`pip config set global.extra-index-url URL`."""
    if len(operands) < 4 or operands[1].text != "set":
        return None
    key = operands[2].text.split(".")[-1].lower().replace("_", "-")
    name = f"pip:{key}"
    if name not in _SOURCES.values():
        return None
    return Install((), (Option(name, operands[2], operands[3]),))


def _uv(arguments: Sequence[Word]) -> Install | None:
    verbs = [option.word for option in parse(arguments, _PIP) if not option.name]
    texts = [word.text for word in verbs[:2]]
    if texts[:1] == ["pip"]:
        if texts[1:] == ["install"]:
            return _pip_install(arguments, "install", "uv")
        return Install((), _pip_install(arguments, "sync", "uv").options) if texts[1:] == ["sync"] else None
    if texts[:1] == ["add"]:
        return _pip_install(arguments, "add", "uv")
    if texts == ["tool", "install"] or texts == ["tool", "run"]:
        install = _pip_install(arguments, texts[1], "uv")
        return replace(install, packages=install.packages[:1])
    return None


def _first(verb: str, manager: str) -> Callable[[Sequence[Word]], Install | None]:
    """A program whose `verb` installs what follows, like pip."""

    def read(arguments: Sequence[Word]) -> Install | None:
        first = next((option.word.text for option in parse(arguments, _PIP) if not option.name), "")
        return _pip_install(arguments, verb, manager) if first == verb else None

    return read


def _uvx(arguments: Sequence[Word]) -> Install | None:
    operands = [option.word for option in parse(arguments, _PIP) if not option.name]
    package = _versioned(operands[0], "uv") if operands else None
    return Install((package,)) if package is not None else None


def _pipx(arguments: Sequence[Word]) -> Install | None:
    verb = next((option.word.text for option in parse(arguments, _PIP) if not option.name), "")
    if verb not in ("install", "run"):
        return None
    install = _pip_install(arguments, verb, "pip")
    return replace(install, packages=install.packages[: 1 if verb == "run" else None])


_POETRY = names("-G -E --group --extras --source --python --platform -C --directory -P --project --markers")


def _poetry(arguments: Sequence[Word]) -> Install | None:
    operands = [option.word for option in parse(arguments, _POETRY) if not option.name]
    if not operands or operands[0].text != "add":
        return None
    return Install(tuple(filter(None, (_versioned(word, "poetry") for word in operands[1:]))))


def _versioned(word: Word, manager: str, source: str = "pypi") -> Package | None:
    """`name@1.2`, `name@^1`, `@scope/name@1.2` of npm, poetry and uvx; else a requirement."""
    if source == "pypi" and ("://" in word.text or "+" in word.text.split("@")[0]):
        return _package(word, manager)
    match = re.match(r"(@?[\w./-]+)(?:\[[^\]]*\])?(?:@(.*))?$", word.text)
    if match is None or word.opaque:
        return _package(word, manager)
    name, version = match.group(1), match.group(2) or ""
    if source == "npm" and (name.startswith((".", "/")) or (name.count("/") and not name.startswith("@"))):
        kind = "path" if name.startswith((".", "/")) else "git"
        return Package(word, Requirement(name, source=kind), manager)
    exact = re.fullmatch(r"v?=?(\d+\.\d+\.\d+[\w.+-]*)", version)
    specifier = f"=={exact.group(1)}" if exact else version
    unknown = word.text[slice(*word.holes[0])] if word.holes else ""
    return Package(word, Requirement(name.lower(), specifier, source), manager, unknown=unknown)


# --- conda, apt, npm

_CONDA = names(
    """-n -p -c -f --name --prefix --channel --file --solver --revision --clone --experimental --subdir --platform
    --rc-file --root-prefix"""
)


def _conda(manager: str) -> Callable[[Sequence[Word]], Install | None]:
    def read(arguments: Sequence[Word]) -> Install | None:
        options = list(parse(arguments, _CONDA))
        operands = [option.word for option in options if not option.name]
        verbs = [word.text for word in operands[:2]]
        skip = 1 if verbs[:1] in (["install"], ["create"], ["update"], ["upgrade"]) else 0
        if verbs == ["env", "create"]:
            skip = 0
        if not skip:
            return None
        upgrade = verbs[0] in ("update", "upgrade")
        return Install(
            tuple(
                replace(package, upgrade=upgrade)
                for package in (conda_package(word, manager) for word in operands[skip:])
                if package is not None
            )
        )

    return read


def conda_package(word: Word, manager: str = "conda") -> Package | None:
    """`numpy=1.26.4`, `conda-forge::numpy>=1.2`, `numpy=1.26.4=py311_0`.

    conda's single `=` admits further components: with three of them it is taken for exact, with fewer for a range.
    """
    if word.opaque:
        return Package(word, Requirement("", source="conda"), manager, unknown=word.text)
    text = word.text.split("::")[-1]
    match = re.match(r"([A-Za-z0-9_][\w.-]*)\s*(?:\[.*\])?\s*(.*)$", text, re.DOTALL)
    if match is None or text.startswith((".", "/")) or "/" in match.group(1):
        return None
    name, specifier = match.group(1).lower(), re.sub(r"\s+", "", match.group(2))
    exact = re.fullmatch(r"=(\d+(?:\.\d+){2,}[\w.]*)(?:=\S*)?|=(\d[\w.]*)=\S+|==(\d[\w.]*)(?:=\S*)?", specifier)
    if exact:
        specifier = "==" + next(filter(None, exact.groups()))
    unknown = word.text[slice(*word.holes[0])] if word.holes else ""
    return Package(word, Requirement(name, specifier, "conda"), manager, unknown=unknown)


_APT = frozenset({"-t", "-o", "-c", "--target-release", "--option", "--config-file", "-a"})


def _apt(arguments: Sequence[Word]) -> Install | None:
    operands = [option.word for option in parse(arguments, _APT) if not option.name]
    if not operands or operands[0].text != "install":
        return None
    packages: list[Package] = []
    for word in operands[1:]:
        name, equals, version = word.text.partition("=")
        if word.opaque or word.text.startswith(("/", "./", "../")):
            continue
        source = Requirement(name.lower(), f"=={version}" if equals else "", "apt")
        packages.append(Package(word, source, "apt"))
    return Install(tuple(packages))


def _npm(arguments: Sequence[Word]) -> Install | None:
    options = list(
        parse(arguments, frozenset({"--prefix", "--registry", "-C", "--dir", "--filter", "-w", "--workspace"}))
    )
    operands = [option.word for option in options if not option.name]
    if not operands or operands[0].text not in ("install", "i", "add"):
        return None
    return Install(tuple(filter(None, (_versioned(word, "npm", "npm") for word in operands[1:]))))


_READERS: Mapping[str, Callable[[Sequence[Word]], Install | None]] = {
    "pip": _pip,
    "uv": _uv,
    "uvx": _uvx,
    "pipx": _pipx,
    "pipenv": _first("install", "pip"),
    "pdm": _first("add", "pip"),
    "rye": _first("add", "pip"),
    "poetry": _poetry,
    "conda": _conda("conda"),
    "mamba": _conda("mamba"),
    "micromamba": _conda("mamba"),
    "apt": _apt,
    "apt-get": _apt,
    "npm": _npm,
    "pnpm": _npm,
    "yarn": _npm,
}
