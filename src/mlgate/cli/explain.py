"""`mlgate explain`: why a rule exists and what to do, or why a finding ends as it does."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from mlgate.cli import console

if TYPE_CHECKING:
    from mlgate.cli.console import Verbs
    from mlgate.verbs.explain_finding import Target


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """The arguments of the verb."""
    explain = verbs.add_parser(
        "explain",
        parents=[common],
        help="why a rule exists and what to do, or why a finding ends as it does",
        allow_abbrev=False,
    )
    explain.add_argument(
        "what",
        metavar="RULE|FINGERPRINT|PATH:LINE",
        help="a rule, e.g. unsafe-load/torch-load; a finding; or what is found in a line",
    )
    explain.add_argument("--base", metavar="REF", help="as `check --base REF` judges it")
    explain.add_argument("--as-of", metavar="DATE", help="as on this day, YYYY-MM-DD (default: today, UTC)")
    explain.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit code."""
    from mlgate.cascade import Here
    from mlgate.policy import load_bundle
    from mlgate.verbs import explain, explain_finding

    asked = explain_finding.target(options.what)
    if asked is not None:
        return _finding(options, asked)
    bundle = load_bundle(options.policy, console.root(options), console.pins())
    here = Here(date=console.date(options.as_of))
    console.write(explain.explain(options.what, bundle, console.looks(options), here))
    return console.NOTHING_BLOCKS


def _finding(options: argparse.Namespace, asked: Target) -> int:
    from mlgate import scan
    from mlgate.question import Question
    from mlgate.verbs import explain_finding

    question = Question(
        folder=str(console.here()),
        paths=(asked.path,) if asked.path else (),
        environment=dict(os.environ),
        date=console.date(options.as_of),
        base=options.base,
        policy=options.policy,
        jobs=console.cpus(),
        cache=console.cache(),
        repository=options.repo,
    )
    report, bundle, _ = scan.check_with_law(question)
    console.write(explain_finding.explain(asked, report, bundle.help, console.looks(options)))
    return console.NOTHING_BLOCKS
