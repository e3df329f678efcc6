"""The law of a run: bundle, vocabulary, screen and detectors, derived once and kept by content."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from mlgate import __version__, detectors, kept
from mlgate.cascade import Bundle
from mlgate.errors import MlgateError
from mlgate.model import Rule, Search, Vocabulary
from mlgate.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from mlgate.reexports import Reexports


class Law(Struct, frozen=True):
    """What decides what is worth reporting."""

    bundle: Bundle
    rules: Mapping[str, Rule]
    """The rules that are looked for: all of the bundle's, or those that `--only` names."""
    vocabulary: Vocabulary
    screen: Mapping[str, Any]
    detectors: tuple[detectors.Detector, ...]
    digest: str
    """Of everything that extraction depends on."""


def derive(bundle: Bundle, only: Sequence[str], place: Path | None) -> Law:
    """The law of a bundle; what is costly to derive is kept in the folder `place`.

    Raises MlgateError where `only` selects nothing: a check that looks for nothing is no check.
    """
    rules = dict(bundle.rules)
    if only:
        globs = [bundle.renamed.get(glob, glob) for glob in only]
        chosen = {name for name in rules if any(fnmatch.fnmatchcase(name, glob) for glob in globs)}
        # A file that could not be read was not searched: no choice of rules makes that a pass.
        rules = {name: rule for name, rule in rules.items() if name in chosen or name.startswith("input/")}
        if not chosen:
            raise MlgateError(f"--only {' '.join(only)}: no rule has such an id; `mlgate rules` lists them")
    vocabulary = vocabulary_of(replace(bundle, rules=rules))
    compiled = _compiled_detectors(place)
    digest = _digest(vocabulary, compiled)
    derived = _derived(vocabulary, compiled["gate"], place and place / f"law-{digest}.json")
    vocabulary = replace(vocabulary, searches=derived.searches)
    return Law(bundle, rules, vocabulary, derived.screen, detectors.restore(compiled), digest)


def reexports(law: Law, read: Callable[[str], bytes | None], known: Container[str] | None = None) -> Reexports:
    """What the modules of a tree hand on of what the law asks for; `read` gives its files, `known` are their paths."""
    from mlgate.reexports import Reexports
    from mlgate.screen import ready

    return Reexports(read, ready(law.screen), known)


class _Derived(Struct, frozen=True):
    """What takes apart every regular expression of the rules."""

    screen: dict[str, Any]
    searches: tuple[Search, ...]


def _derived(vocabulary: Vocabulary, gate: Mapping[str, Any], file: Path | None) -> _Derived:
    stored = kept.load(file, _Derived)
    if stored is None:
        from mlgate.patterns import search
        from mlgate.triggers import compile_screen

        screen = compile_screen(vocabulary, gate if vocabulary.secrets else None)
        stored = _Derived(screen, tuple(map(search, vocabulary.strings)))
        kept.keep(file, stored)
    return stored


def _compiled_detectors(place: Path | None) -> dict[str, Any]:
    """The detectors as data: importing their library takes longer than the rest of a run."""
    file = place and place / f"detectors-{_library_digest()}.json"
    stored = kept.load(file, dict)
    if stored is None:
        from mlgate.facts.secret import compile_detectors

        stored = compile_detectors()
        kept.keep(file, stored)
    return stored


def _library_digest() -> str:
    """Of the version of detect-secrets, and of what compiles its detectors here.

    Its version is read where Python would import it from: `importlib.metadata` takes 10 ms to import.
    """
    for folder in sys.path:
        file = Path(folder, "detect_secrets", "__version__.py")
        if file.is_file():
            said = file.read_bytes()
            break
    else:
        from importlib.metadata import version

        said = version("detect-secrets").encode()
    return hashlib.sha256(b"\0".join((__version__.encode(), said, _own_digest()))).hexdigest()[:32]


def _own_digest() -> bytes:
    """Of the modules that compile detectors: an editable install changes them under one version."""
    here = Path(__file__).parent
    secret = here / "facts" / "secret"
    modules = (here / "detectors.py", here / "patterns.py", secret / "catalogue.py", secret / "forms.py")
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).digest()


def _digest(vocabulary: Vocabulary, compiled: Mapping[str, Any]) -> str:
    parts = [
        sorted(vocabulary.calls),
        sorted(vocabulary.imports),
        sorted(vocabulary.classes),
        list(vocabulary.strings),
        sorted(vocabulary.settings),
        sorted(vocabulary.beside),
        sorted(vocabulary.grave),
        vocabulary.secrets,
        vocabulary.only_texts,
        compiled["detectors"],
        kept.program(),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
