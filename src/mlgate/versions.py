"""What the dependency files of a repository say of a package's version."""

from __future__ import annotations

import ast
import json
import posixpath
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum

from msgspec import Struct

from mlgate.limits import beyond_bounds
from mlgate.model import Version
from mlgate.regex import regex

MAX_STRUCTURED_BYTES = 1_000_000
"""Largest TOML, JSON, INI or setup.py read, in bytes: the standard library's TOML reader takes 0.4 s for it."""


class Strength(IntEnum):
    RANGE = 1
    PIN = 2
    LOCK = 3


class Statement(Struct, frozen=True):
    """One file's word on one package."""

    package: str
    """PEP 503 normalised."""
    version: str
    """The version itself, or the lowest one of a range."""
    strength: Strength
    source: str
    """The file, relative to the root."""


def normalise(package: str) -> str:
    """Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", package).lower()


# --- which files ----------------------------------------------------------------------------------------------------

_LOCKS = regex(r"uv\.lock|poetry\.lock|pdm\.lock|pylock(\.[^.]+)?\.toml")
_CONDA = regex(r"(environment|conda)[^/]*\.ya?ml|env\.ya?ml")
_REQUIREMENT_FOLDERS = ("requirements", "reqs", "constraints")
_PLAIN = ("pyproject.toml", "pipfile", "pipfile.lock", "setup.cfg", "setup.py", "pixi.toml")


def is_dependency_file(path: str) -> bool:
    name = posixpath.basename(path).lower()
    return (
        name in _PLAIN
        or _is_requirements(path)
        or _LOCKS.fullmatch(name) is not None
        or _CONDA.fullmatch(name) is not None
    )


def speaks_for(path: str) -> str:
    """The folder that a dependency file is about: its own, but `requirements/base.txt` is about the one above."""
    folder = posixpath.dirname(path)
    return posixpath.dirname(folder) if posixpath.basename(folder).lower() in _REQUIREMENT_FOLDERS else folder


def _is_requirements(path: str) -> bool:
    folder, name = posixpath.split(path.lower())
    if not name.endswith((".txt", ".in")):
        return False
    return "requirement" in name or "constraint" in name or posixpath.basename(folder) in _REQUIREMENT_FOLDERS


# --- what they say --------------------------------------------------------------------------------------------------


def statements(path: str, data: bytes) -> tuple[Statement, ...]:
    """What the file says. A file that cannot be read as what its name tells says nothing."""
    text = data.decode("utf-8-sig", "replace")
    name = posixpath.basename(path).lower()
    if _LOCKS.fullmatch(name):
        return _distinct(path, ((package, version, Strength.LOCK) for package, version in _lock(text)))
    if _CONDA.fullmatch(name):
        return _distinct(path, _from_conda(text))
    if _is_requirements(path):
        return _distinct(path, _from_requirements(text))
    if len(data) > MAX_STRUCTURED_BYTES:
        return ()
    match name:
        case "pipfile.lock":
            said = _from_pipfile_lock(text)
        case "setup.cfg":
            said = _from_setup_cfg(text)
        case "setup.py":
            said = _from_setup_py(text)
        case _:
            said = _from_toml(text)
    return _distinct(path, said)


def included(path: str, data: bytes) -> tuple[str, ...]:
    """The requirement and constraint files that a requirement file names, relative to the root."""
    if not _is_requirements(path):
        return ()
    found = re.findall(
        r"(?m)^[ \t]*(?:-r|-c|--requirement|--constraint)[ =\t]*([^\s#]+)", data.decode("utf-8", "replace")
    )
    paths = (posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in found if ":" not in name)
    return tuple(path for path in paths if not path.startswith(("../", "/")))


def decide(said: Iterable[Statement]) -> Version | None:
    """One package's version out of what several files say: locks beat pins beat ranges, then the lowest.

    Exact where every lock or pin that counts says the same.
    """
    from packaging.version import Version as Parsed

    counted = sorted(said, key=lambda one: (-one.strength, Parsed(one.version), one.source))
    if not counted:
        return None
    best = counted[0]
    rivals = [one for one in counted if one.strength == best.strength]
    same = all(Parsed(one.version) == Parsed(best.version) for one in rivals)
    return Version(best.version, exact=same and best.strength > Strength.RANGE, source=best.source)


Said = tuple[str, str, Strength]
"""Package as written, version, strength."""


def _distinct(path: str, said: Iterable[Said]) -> tuple[Statement, ...]:
    from packaging.version import InvalidVersion
    from packaging.version import Version as Parsed

    found: dict[Statement, None] = {}
    for package, version, strength in said:
        try:
            Parsed(version)
        except InvalidVersion:
            continue
        found[Statement(normalise(package), version, strength, path)] = None
    return tuple(found)


# --- specifiers -----------------------------------------------------------------------------------------------------


def lowest(specifier: str) -> tuple[str, Strength] | None:
    """The version that a PEP 440 specifier pins, or the lowest that it admits; None where it says neither.

    With an upper end alone it is taken for what an installer chooses: just below, `<2.6` as 2.5.9999. The lowest
    version ever published would make `numpy<2` a finding of every defect that numpy ever had.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version as Parsed

    try:
        parts = list(SpecifierSet(specifier))
    except InvalidSpecifier:
        return None
    pins = [part.version for part in parts if part.operator in ("==", "===") and not part.version.endswith(".*")]
    if pins:
        return pins[0], Strength.PIN
    lower = [part.version.removesuffix(".*") for part in parts if part.operator in (">=", ">", "~=", "==")]
    if lower:
        return max(lower, key=Parsed), Strength.RANGE
    upper = [part for part in parts if part.operator in ("<", "<=")]
    if upper:
        least = min(upper, key=lambda part: (Parsed(part.version), part.operator))
        return least.version if least.operator == "<=" else _below(least.version), Strength.RANGE
    return None


def _below(version: str) -> str:
    from packaging.version import Version as Parsed

    release = list(Parsed(version).release)
    while release and release[-1] == 0:
        release.pop()
    if not release:
        return "0"
    release[-1] -= 1
    return ".".join(str(number) for number in [*release, 9999])


def _from_specifier(package: str, specifier: str) -> Iterator[Said]:
    found = lowest(specifier)
    if found is not None:
        yield package, *found


_LOOSE = regex(r"([\^~]?)=?\s*v?([0-9][^\s,]*)")


def _from_loose(package: str, text: str) -> Iterator[Said]:
    """Poetry's, Pipenv's and pixi's way: `^2.1`, `~2.1`, `2.1.*`, a bare version as a pin, alternatives by `||`."""
    for alternative in text.split("||"):
        parts = []
        for part in filter(None, (part.strip() for part in alternative.split(","))):
            loose = _LOOSE.fullmatch(part)
            if loose is None or part.startswith("~="):
                parts.append(part)
            else:
                parts.append(f"{'>=' if loose[1] else '=='}{loose[2]}")
        if parts and parts != ["*"]:
            yield from _from_specifier(package, ",".join(parts))


# --- formats --------------------------------------------------------------------------------------------------------

_REQUIREMENT = regex(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*\(?\s*([<>=!~][^;#)]*)?")
_WHEEL = regex(r"/([A-Za-z0-9_.]+)-([0-9][^-/]*)-[^/]*\.whl")


def _from_requirement(line: str) -> Iterator[Said]:
    line = re.split(r"\s--|(?:^|\s)#", line.strip(), maxsplit=1)[0].strip()
    wheel = _WHEEL.search(line.replace("%2B", "+").replace("%2b", "+"))
    if wheel is not None:
        yield wheel[1], wheel[2], Strength.PIN
        return
    requirement = _REQUIREMENT.match(line)
    if requirement is not None and requirement[2]:
        yield from _from_specifier(requirement[1], requirement[2].strip())


def _from_requirements(text: str) -> Iterator[Said]:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if not line.lstrip().startswith("-"):
            yield from _from_requirement(line)


def _lock(text: str) -> Iterator[tuple[str, str]]:
    # Machine-written and up to megabytes long: the header of each package is enough.
    pattern = (
        r'(?m)^\[\[packages?\]\]\r?\n(?:[a-z-]+ = (?!"[^"]*"\r?\n).*\r?\n)*name = "([^"]+)"\r?\nversion = "([^"]+)"'
    )
    for found in re.finditer(pattern, text):
        yield found[1], found[2]


_CONDA_ITEM = regex(
    r"\s*-\s*[\"']?(?:[\w.-]+::)?([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?:\s*([<>=!~][^\"'#;]*)|\s+([0-9][^\"'#;\s]*))?[\"']?"
)
_CONDA_NAMES = {"pytorch": "torch", "pytorch-gpu": "torch", "pytorch-cpu": "torch", "py-xgboost": "xgboost"}
"""Where conda's name is not PyPI's."""


def _from_conda(text: str) -> Iterator[Said]:
    _, _, items = text.partition("dependencies:")
    for line in items.splitlines():
        found = _CONDA_ITEM.match(line)
        if found is None:
            continue
        package = _CONDA_NAMES.get(found[1].lower(), found[1])
        specifier = (found[2] or (f"={found[3]}" if found[3] else "")).strip()
        fuzzy = re.fullmatch(r"=\s*([0-9][^=,\s]*)(=\S+)?", specifier)
        if fuzzy is not None:
            version = fuzzy[1].removesuffix("*").removesuffix(".")
            # `=2.1` is any 2.1; `=2.1.0` is one version but in name.
            pinned = fuzzy[2] is not None or version.count(".") >= 2
            yield package, version, Strength.PIN if pinned and "*" not in fuzzy[1] else Strength.RANGE
        elif specifier:
            # `==2.1.0=py310_0` names a build too.
            yield from _from_specifier(package, re.sub(r"(?<=[0-9])=[^,=]*", "", specifier))


def _from_toml(text: str) -> Iterator[Said]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]
    try:
        data: object = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    project = _table(data, "project")
    groups = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    groups += _table(data, "dependency-groups").values()
    uv = _table(data, "tool", "uv")
    groups += [uv.get("dev-dependencies"), uv.get("constraint-dependencies"), uv.get("override-dependencies")]
    groups += _table(data, "tool", "pdm", "dev-dependencies").values()
    for group in groups:
        for line in _texts(group):
            yield from _from_requirement(line)
    poetry = _table(data, "tool", "poetry")
    tables = [_table(poetry, "dependencies"), _table(poetry, "dev-dependencies")]
    tables += [_table(group, "dependencies") for group in _table(poetry, "group").values()]
    for pixi in (data, _table(data, "tool", "pixi")):
        tables += [_table(pixi, "dependencies"), _table(pixi, "pypi-dependencies")]
        for feature in _table(pixi, "feature").values():
            tables += [_table(feature, "dependencies"), _table(feature, "pypi-dependencies")]
    tables += [_table(data, "packages"), _table(data, "dev-packages")]
    for table in tables:
        for package, value in table.items():
            for constraint in value if isinstance(value, list) else [value]:
                version = constraint.get("version") if isinstance(constraint, dict) else constraint
                if isinstance(version, str):
                    yield from _from_loose(_CONDA_NAMES.get(package.lower(), package), version)


def _from_pipfile_lock(text: str) -> Iterator[Said]:
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return
    for section in ("default", "develop"):
        for package, facts in _table(data, section).items():
            version = facts.get("version") if isinstance(facts, dict) else None
            if isinstance(version, str) and version.startswith("=="):
                yield package, version.removeprefix("=="), Strength.LOCK


def _from_setup_cfg(text: str) -> Iterator[Said]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    values = [
        parser.get("options", "install_requires", fallback=""),
        parser.get("options", "tests_require", fallback=""),
    ]
    if parser.has_section("options.extras_require"):
        values += parser["options.extras_require"].values()
    for value in values:
        yield from _from_requirements(value)


def _from_setup_py(text: str) -> Iterator[Said]:
    """The literal parts of `install_requires` and its kin; the file is read, never run."""
    if beyond_bounds(text):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    assigned = {
        target.id: statement.value
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and node.arg in ("install_requires", "extras_require", "tests_require"):
            for line in _literals(node.value, assigned):
                yield from _from_requirement(line)


def _literals(node: ast.expr, assigned: Mapping[str, ast.expr]) -> Iterator[str]:
    pending = [node]
    seen: set[str] = set()
    while pending:
        match pending.pop():
            case ast.Constant(value=str(text)):
                yield text
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                pending += items
            case ast.Dict(values=items):
                pending += items
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                pending += [left, right]
            case ast.Name(id=name) if name in assigned and name not in seen:
                seen.add(name)
                pending.append(assigned[name])
            case _:
                pass


def _table(data: object, *keys: str) -> dict[str, object]:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _texts(data: object) -> list[str]:
    return [text for text in data if isinstance(text, str)] if isinstance(data, list) else []
