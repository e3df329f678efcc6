"""The law of a run: bundle, vocabulary, screen and detectors, derived once and kept by content."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlgate import __version__, detectors, kept
from mlgate.cascade import Bundle
from mlgate.errors import MlgateError
from mlgate.model import Rule, Vocabulary
from mlgate.reexports import Reexports
from mlgate.screen import ready
from mlgate.triggers import compile_screen
from mlgate.vocabulary import vocabulary_of


@dataclass(frozen=True, slots=True)
class Law:
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
    screen = compile_screen(vocabulary, compiled["gate"] if vocabulary.secrets else None)
    return Law(bundle, rules, vocabulary, screen, detectors.restore(compiled), _digest(vocabulary, compiled))


def reexports(law: Law, read: Callable[[str], bytes | None], known: Container[str] | None = None) -> Reexports:
    """What the modules of a tree hand on of what the law asks for; `read` gives its files, `known` are their paths."""
    return Reexports(read, ready(law.screen), known)


def _compiled_detectors(place: Path | None) -> dict[str, Any]:
    """The detectors as data: importing their library takes longer than the rest of a run."""
    from importlib.metadata import version

    file = place and place / f"detectors-{__version__}-{version('detect-secrets')}-{_own_digest()}.json"
    stored = kept.load(file)
    if isinstance(stored, dict):
        return stored
    from mlgate.facts.secret import compile_detectors

    compiled = compile_detectors()
    kept.keep(file, compiled)
    return compiled


def _own_digest() -> str:
    """Of the modules that compile detectors: an editable install changes them under one version."""
    here = Path(__file__).parent
    modules = (here / "detectors.py", here / "patterns.py", here / "facts" / "secret" / "catalogue.py")
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()[:12]


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
