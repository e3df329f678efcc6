"""`mlgate explain`: why a rule exists, and what to do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mlgate.cli import console

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    explain = verbs.add_parser(
        "explain", parents=[common], help="why a rule exists, and what to do", allow_abbrev=False
    )
    explain.add_argument("what", metavar="RULE", help="id of a rule, e.g. unsafe-load/torch-load")
    explain.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code."""
    from mlgate.policy import load_bundle
    from mlgate.verbs import explain

    bundle = load_bundle(options.policy, console.root(options), console.pins())
    console.write(explain.explain(options.what, bundle, console.looks(options)))
    return console.NOTHING_BLOCKS
