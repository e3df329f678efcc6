"""Configuration files: the commands, settings, addresses, images and packages that YAML, JSON, TOML and INI hold."""

from __future__ import annotations

from collections.abc import Sequence

from mlgate.facts.config.commands import commands
from mlgate.facts.config.leaves import Leaf, read
from mlgate.facts.config.packages import packages
from mlgate.facts.config.settings import settings
from mlgate.facts.config.stores import stores
from mlgate.model import Embedded, Extraction, Fact, Unit, Vocabulary

MAX_TEXT = 400_000
"""Longest file that is read as a tree, in characters: what is longer is data. Secrets are sought in it all the same."""


def extract(units: Sequence[Unit], vocabulary: Vocabulary, path: str = "") -> Extraction:
    """Facts `package`, `setting`, `server`, `string` (addresses) and `shell` (images); shell of `run:` and `command:`.

    `path` tells workflows, compose files, pyproject.toml and the like by their names.
    A file that is no YAML after all (a template, JSON with comments) gives nothing.
    """
    facts: list[Fact] = []
    embedded: list[Embedded] = []
    for unit in units:
        if len(unit.text) > MAX_TEXT:
            continue
        leaves: tuple[Leaf, ...] = read(unit.text, path)
        facts += settings(leaves, unit, vocabulary, path)
        facts += stores(leaves, unit, vocabulary)
        facts += packages(leaves, unit, path)
        found, carried = commands(leaves, unit, path)
        facts += found
        embedded += carried
    return Extraction(tuple(facts), tuple(embedded))
