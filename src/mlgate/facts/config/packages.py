"""Packages of pyproject.toml, Pipfile, setup.cfg and conda's environment.yml, and the indexes of pip.conf and uv."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlgate.commands.installs import PIP_OPTIONS, conda_package
from mlgate.commands.requirements import Requirement, normalise, requirement, without_password
from mlgate.commands.script import Word
from mlgate.facts.config.leaves import Leaf
from mlgate.model import Fact, Unit, Value

_PIP_SETTINGS = frozenset(PIP_OPTIONS.values())


def packages(leaves: Sequence[Leaf], unit: Unit, path: str) -> Iterator[Fact]:
    """Facts `package` (origin `pyproject` or `conda`) and `setting` (`pip:…`)."""
    name = path.rsplit("/", 1)[-1].lower()
    for leaf in leaves:
        if name in ("pyproject.toml", "uv.toml", "pipfile", "setup.cfg"):
            yield from _project(leaf, unit, name)
        elif name in ("pip.conf", "pip.ini", ".pip.conf"):
            yield from _configuration(leaf, unit)
        elif re.fullmatch(r"(?:conda|environment)[\w.-]*\.ya?ml", name):
            yield from _environment(leaf, unit)


def _project(leaf: Leaf, unit: Unit, name: str) -> Iterator[Fact]:
    keys, path = leaf.keys, leaf.path
    if not isinstance(leaf.value, str):
        return
    listed = (
        keys in (("project", "dependencies"), ("build-system", "requires"), ("options", "install_requires"))
        or keys[:2] == ("project", "optional-dependencies")
        or keys[:1] in (("dependency-groups",), ("options.extras_require",))
    )
    if listed and isinstance(path[-1], int):
        found = requirement(leaf.value)
        if found is not None:
            yield _package(found, leaf, unit, "pyproject")
    elif keys[:2] == ("tool", "poetry") and len(keys) in (4, 5, 6) and "dependencies" in keys[2:-1]:
        yield from _named(leaf, unit, keys[keys.index("dependencies") + 1 :], "poetry")
    elif name == "pipfile" and keys[:1] in (("packages",), ("dev-packages",)) and len(keys) in (2, 3):
        yield from _named(leaf, unit, keys[1:], "pip")
    elif keys[-1:] == ("url",) and (
        keys[:-1] in (("tool", "uv", "index"), ("index",), ("tool", "poetry", "source"), ("tool", "pdm", "source"))
        or (name == "pipfile" and keys == ("source", "url"))
    ):
        yield _setting("pip:extra-index-url", leaf, unit)
    elif keys[:2] == ("tool", "uv") or name == "uv.toml":
        setting = f"pip:{leaf.key}"
        if setting in _PIP_SETTINGS:
            yield _setting(setting, leaf, unit)


def _named(leaf: Leaf, unit: Unit, keys: tuple[str, ...], manager: str) -> Iterator[Fact]:
    """`numpy = "^1.2"`, `numpy = {version = "…"}`, `numpy = {git = "…", rev = "…"}`."""
    name, detail = keys[0], keys[1] if len(keys) > 1 else "version"
    if name == "python" or not isinstance(leaf.value, str):
        return
    if detail == "version":
        value = leaf.value.strip()
        exact = re.fullmatch(r"\d+(?:\.\d+)*[\w.+]*", value) if manager == "poetry" else None
        specifier = "" if value == "*" else f"=={value}" if exact is not None else value.replace(" ", "")
        yield _package(Requirement(normalise(name), specifier), leaf, unit, "pyproject", manager)
    elif detail == "git":
        yield _package(Requirement(normalise(name), "", "git", leaf.value), leaf, unit, "pyproject", manager)


def _configuration(leaf: Leaf, unit: Unit) -> Iterator[Fact]:
    setting = f"pip:{leaf.key.lower().replace('_', '-')}"
    if setting in _PIP_SETTINGS and isinstance(leaf.value, str):
        for value in leaf.value.split():
            yield _setting(setting, leaf, unit, value)


def _environment(leaf: Leaf, unit: Unit) -> Iterator[Fact]:
    """The items below `dependencies:`, and pip's below `- pip:`."""
    if not isinstance(leaf.value, str) or leaf.keys[:1] != ("dependencies",):
        return
    if leaf.keys == ("dependencies",):
        package = conda_package(Word(leaf.value, 0, len(leaf.value)))
        if package is not None:
            yield _package(package.requirement, leaf, unit, "conda", "conda")
    elif leaf.keys == ("dependencies", "pip"):
        option = re.match(r"(--?[a-z-]+)[ =]+(\S+)", leaf.value)
        found = requirement(leaf.value)
        if option is not None and option.group(1) in PIP_OPTIONS:
            yield _setting(PIP_OPTIONS[option.group(1)], leaf, unit, option.group(2))
        elif found is not None:
            yield _package(found, leaf, unit, "conda")


def _setting(name: str, leaf: Leaf, unit: Unit, text: str | None = None) -> Fact:
    value = str(leaf.value) if text is None else text
    known = Value((), "it holds a variable") if re.search(r"\$\{?\w", value) else Value((without_password(value),))
    return Fact("setting", name, leaf.span(unit.cell), attributes={"value": known})


def _package(found: Requirement, leaf: Leaf, unit: Unit, origin: str, manager: str = "pip") -> Fact:
    attributes = {
        "specifier": Value((found.specifier,)),
        "source": Value((found.source,)),
        "origin": Value((origin,)),
        "upgrade": Value((False,)),
        "manager": Value((manager,)),
        "hash": Value((found.hashed,)),
    }
    if found.url:
        attributes["url"] = Value((without_password(found.url),))
    if found.revision:
        attributes["revision"] = Value((found.revision,))
    return Fact("package", found.name or str(leaf.value)[:200], leaf.span(unit.cell), attributes=attributes)
