"""The Python modules of wheels, as text: nothing is installed and nothing imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Source:
    """One module."""

    package: str
    """The distribution's name, as its wheel spells it: `huggingface_hub`."""
    version: str
    module: str
    """Dotted."""
    is_package: bool
    """Whether it is an `__init__.py`."""
    path: str
    """Inside the wheel, with `/`."""
    text: bytes


def sources(folder: Path) -> Iterator[Source]:
    """Every module of the wheels in `folder`, and of the wheels that were unpacked into folders there.

    An unpacked wheel is a folder that holds a `.dist-info`. Raises FileNotFoundError where there is neither.
    """
    found = False
    for place in sorted(folder.iterdir()):
        if place.suffix == ".whl":
            found = True
            yield from _of_wheel(place)
        elif place.is_dir() and (infos := sorted(place.glob("*.dist-info"))):
            found = True
            yield from _of_folder(place, infos[0].stem)
    if not found:
        raise FileNotFoundError(f"{folder}: no wheel here; --fetch downloads them")


def fetch(folder: Path, requirements: Sequence[str]) -> None:
    """Downloads a wheel of each requirement, without what it depends on. Raises CalledProcessError where pip fails."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*command, *requirements], check=True)


def _of_wheel(wheel: Path) -> Iterator[Source]:
    package, version, *_ = wheel.stem.split("-")
    with zipfile.ZipFile(wheel) as archive:
        for member in sorted(archive.namelist()):
            if _is_module(member):
                yield _source(package, version, member, archive.read(member))


def _of_folder(folder: Path, info: str) -> Iterator[Source]:
    package, _, version = info.partition("-")
    for path in sorted(folder.rglob("*.py")):
        member = path.relative_to(folder).as_posix()
        if _is_module(member):
            yield _source(package, version, member, path.read_bytes())


def _is_module(member: str) -> bool:
    root = member.partition("/")[0]
    return member.endswith(".py") and not root.endswith((".data", ".dist-info"))


def _source(package: str, version: str, member: str, text: bytes) -> Source:
    path = PurePosixPath(member)
    is_package = path.name == "__init__.py"
    parts = path.parent.parts if is_package else path.with_suffix("").parts
    return Source(package, version, ".".join(parts), is_package, member, text)
