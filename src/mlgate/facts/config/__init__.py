"""Configuration files: the commands, settings, addresses, images and packages that YAML, JSON, TOML and INI hold."""

from __future__ import annotations

from collections.abc import Sequence

from mlgate.facts.config.commands import commands, is_run
from mlgate.facts.config.leaves import Leaf, Unparsed, read
from mlgate.facts.config.packages import packages
from mlgate.facts.config.settings import settings
from mlgate.facts.config.stores import stores
from mlgate.model import Embedded, Extraction, Fact, Span, Unit, Value, Vocabulary

MAX_TEXT = 400_000
"""Longest file that is read as a tree, in characters: what is longer is data. Secrets are sought in it all the same."""


def extract(units: Sequence[Unit], vocabulary: Vocabulary, path: str = "") -> Extraction:
    """Facts `package`, `setting`, `server`, `string` (addresses) and `shell` (images); shell of `run:` and `command:`.

    `path` tells workflows, compose files, pyproject.toml and the like by their names.
    Of a file that is no YAML after all (a template, JSON with comments), or too long, an `input` fact says so.
    """
    facts: list[Fact] = []
    embedded: list[Embedded] = []
    for unit in units:
        try:
            leaves = _leaves(unit.text, path)
        except Unparsed as problem:
            facts.append(_unread(unit, problem, path))
            continue
        facts += settings(leaves, unit, vocabulary, path)
        facts += stores(leaves, unit, vocabulary)
        facts += packages(leaves, unit, path)
        found, carried = commands(leaves, unit, path)
        facts += found
        embedded += carried
    return Extraction(tuple(facts), tuple(embedded))


def _leaves(text: str, path: str) -> tuple[Leaf, ...]:
    if len(text) > MAX_TEXT:
        raise Unparsed(1, f"{len(text):,} characters, of which it may have {MAX_TEXT:,}")
    return read(text, path)


def _unread(unit: Unit, problem: Unparsed, path: str) -> Fact:
    """What a service runs is not passed over; any other file may be a template, or data."""
    name = "unparsed" if is_run(path) else "unparsed-config"
    span = Span(unit.cell, problem.line, 1, problem.line, 1)
    return Fact("input", name, span, attributes={"detail": Value((f"line {problem.line}: {problem.detail}",))})
