"""`mlgate rules`: the catalogue, a line each."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mlgate.cli import console

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    rules = verbs.add_parser("rules", parents=[common], help="the catalogue, a line each", allow_abbrev=False)
    rules.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code."""
    from mlgate.cascade import Here
    from mlgate.policy import load_bundle
    from mlgate.verbs import explain

    bundle = load_bundle(options.policy, console.root(options), console.pins())
    console.write(explain.rules(bundle, console.looks(options), Here(date=console.date(None))))
    return console.NOTHING_BLOCKS
